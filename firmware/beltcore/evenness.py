"""How even steps are: the scatter of their times, and left against right.

gait.py has the quantities and their units.
"""

from .compat import array, const

_PLACE_RING = const(255)  # as in dips.py, like the two below
_PLACE_MASK = const(0x1FFFFFFF)
_PLACE_HALF = const(0x10000000)

_RING = const(63)  # the last 64 steps
_STEPS = const(64)
_STEPS_LEAST = const(60)  # from so many on there are results
_OFF_MOST_MS = const(900)  # 32 of them, squared, stay within 31 bits

# A side's sway: what is left of noise must be less than a quarter of how steps differ.
_SWAY_LEAST_MN = const(500)
_SWAY_SHIFT = const(4)  # means of about 16 steps
_SWAY_SURE_SHIFT = const(2)

_WIDE_PART = const(6)  # where the belt was slowest is looked for a sixth of a step around a dip
_NEAR_SAMPLES = const(3)  # … at so many samples before and behind it
_NEAREST_X256 = const(640)  # 2.5 samples: further away is another dip
_CURVE_MOST_UM = const(1_000_000)  # more is a fault of the belt's place

_U_PER_SD = const(516)  # 2000 * sqrt(2 / 30), see _report
_U_SHAPE_PART = const(10)  # how a dip is shaped changes what a limp does to it: by a tenth

LEFT = 1  # the values of `longer_side`
RIGHT = 2


class Evenness:
    """Of the last 64 steps, from 60 on that came without a break; None before.

    `step_time_sd_ms`: the standard deviation of the step times, each side about its own mean.
    `asymmetry_permille`: how much longer the steps of the one side take than those of the other,
    of their mean, never negative. `asymmetry_u_permille`: its standard uncertainty, from that
    scatter, and a tenth of the value, because how a dip is shaped changes what a limp does to it.
    `longer_side`: LEFT or RIGHT, the side that takes longer, where the rails' sway tells sides
    apart and the asymmetry is more than twice its uncertainty: a step belongs to the side that
    the weight goes to when it ends.
    """

    def __init__(self, fine):
        """fine: whether single steps can be told; all stays None under a coarser encoder."""
        self._fine = fine
        self._offs_ms = array("h", [0] * _STEPS)
        self.start()

    def start(self):
        """Begin anew: a step was missed, or there is no rhythm."""
        self.step_time_sd_ms = None
        self.asymmetry_permille = None
        self.asymmetry_u_permille = None
        self.longer_side = None
        self._left_mn = None  # the sway to the left in the step before
        self._odd_left_mn = 0  # how much further left after odd steps than after even ones,
        self._differ_mn = 0  # and how much steps differ, whichever way: means of some 16
        self._steps = -1  # the first dip is the beginning of a step
        self._last_x256 = 0
        self._first_ms = 0  # the times are stored as what they differ from the first:
        self._odd_ms = 0  # the sum of the first step, the third …,
        self._even_ms = 0  # of the second, the fourth …,
        self._squares = 0  # and that of all squares

    def step(self, places, dip_x256, lag, sign, sway):
        """The belt dipped; lag: a step's time in samples of `places`; sway: Sway of them, or None.

        sign: the belt's direction.
        """
        if not self._fine:
            return
        wide = (lag + 3) // _WIDE_PART
        dip_x256 = _slowest(places, dip_x256, wide, sign)
        steps = self._steps
        if steps < 0:
            self._steps = 0
            self._last_x256 = dip_x256
            return
        ms = (dip_x256 - self._last_x256) * 5 >> 5  # 40 / 256
        self._last_x256 = dip_x256
        if steps == 0:
            self._first_ms = ms
        off_ms = ms - self._first_ms
        # A step is 40 ms * lag: from half of that to half as long again.
        if not -_OFF_MOST_MS < off_ms < _OFF_MOST_MS or not lag * 20 < ms < lag * 60:
            self.start()
            return
        offs_ms = self._offs_ms
        at = steps & _RING
        old_ms = offs_ms[at] if steps > _RING else 0
        offs_ms[at] = off_ms
        if steps & 1:
            self._even_ms += off_ms - old_ms
        else:
            self._odd_ms += off_ms - old_ms
        self._squares += off_ms * off_ms - old_ms * old_ms
        steps += 1
        self._steps = steps if steps < 2 * _STEPS else _STEPS
        if sway is not None:
            # When the foot is down the weight goes over it, soonest at once.
            at = dip_x256 + 128 >> 8
            self._compare(steps & 1, sway.mean_mn(at - (lag >> 2), at + lag - (lag >> 2)))
        if steps >= _STEPS_LEAST:
            self._report(steps if steps < _STEPS else _STEPS, lag, wide)

    def _compare(self, odd, left_mn):
        """Compare the sway of this step, 262 N at most or None, with that of the one before.

        odd: 1 for the first step, the third …
        """
        before_mn = self._left_mn
        self._left_mn = left_mn
        if left_mn is None or before_mn is None:
            return
        differ_mn = left_mn - before_mn if odd else before_mn - left_mn
        self._odd_left_mn += differ_mn - self._odd_left_mn >> _SWAY_SHIFT
        if differ_mn < 0:
            differ_mn = -differ_mn
        self._differ_mn += differ_mn - self._differ_mn >> _SWAY_SHIFT

    def _longer(self, differ):
        """The side that takes longer. differ: the odd steps' time less the even ones'."""
        sides_mn = self._odd_left_mn
        if sides_mn < 0:
            sides_mn = -sides_mn
        # Noise makes each step differ as well, but not always the same way.
        sure_mn = self._differ_mn - (self._differ_mn >> _SWAY_SURE_SHIFT)
        if sides_mn < _SWAY_LEAST_MN or sides_mn < sure_mn:
            return None
        return LEFT if (differ > 0) == (self._odd_left_mn > 0) else RIGHT

    def _report(self, steps, lag, wide):
        even = steps >> 1
        odd = steps - even
        odd_ms = self._odd_ms
        even_ms = self._even_ms
        # At most 32 * 900, squared: 8.3e8.
        squares = self._squares - odd_ms * odd_ms // odd - even_ms * even_ms // even
        sd_ms = root(squares // (steps - 2))
        both_ms = 2 * self._first_ms + odd_ms // odd + even_ms // even
        differ = odd_ms * even - even_ms * odd  # in 1 / (odd * even) ms
        longer_side = self._longer(differ)
        if differ < 0:
            differ = -differ
        # A dip is found from what is `wide` about it, which a limp makes lopsided: of a sine's limp
        # 1 - 4/3 wide / lag is left, of sharp dips' more.
        permille = differ * 200 // (odd * even * both_ms // 10) * lag // (lag - wide)
        self.step_time_sd_ms = sd_ms
        self.asymmetry_permille = permille
        # 2000 / both * sd * sqrt(1 / odd + 1 / even), and that of 60 steps is 0.258.
        u_permille = (sd_ms + 1) * _U_PER_SD // both_ms * lag // (lag - wide)
        u_permille += permille // _U_SHAPE_PART
        self.asymmetry_u_permille = u_permille
        self.longer_side = longer_side if permille > 2 * u_permille else None


def _slowest(places, dip_x256, wide, sign):
    """Where near a dip the belt was slowest: as long before as behind it went equally far."""
    at = (dip_x256 + 128 >> 8) - _NEAR_SAMPLES
    best_x256 = dip_x256
    nearest_x256 = _NEAREST_X256
    before_um = 1
    for _ in range(2 * _NEAR_SAMPLES + 1):
        here_um = places[at & _PLACE_RING]
        curve_um = places[at + wide & _PLACE_RING] - here_um
        curve_um = curve_um - (here_um - places[at - wide & _PLACE_RING])
        curve_um = curve_um * sign & _PLACE_MASK
        if curve_um >= _PLACE_HALF:
            curve_um = curve_um - _PLACE_MASK - 1
        if not -_CURVE_MOST_UM < curve_um < _CURVE_MOST_UM:
            return dip_x256
        if before_um < 0 <= curve_um:
            slowest_x256 = (at << 8) - (curve_um << 8) // (curve_um - before_um)
            off_x256 = slowest_x256 - dip_x256
            if off_x256 < 0:
                off_x256 = -off_x256
            if off_x256 < nearest_x256:
                nearest_x256 = off_x256
                best_x256 = slowest_x256
        before_um = curve_um
        at += 1
    return best_x256


def root(square):
    """The whole part of the square root of 0 .. 2**30-1."""
    if square < 2:
        return square
    guess = square >> 1 if square < 65_536 else 32_767
    while True:
        better = guess + square // guess >> 1
        if better >= guess:
            return guess
        guess = better
