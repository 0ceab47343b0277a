"""How even steps are: the scatter of their times, and left against right."""

from .compat import array, const

_PLACES = const(255)
_PLACE_MASK = const(0x1FFFFFFF)
_PLACE_HALF = const(0x10000000)
_CURVE_UM = const(1_000_000)

_KEPT = const(63)  # the last 64 steps
_LEAST = const(60)
_MOST_OFF_MS = const(900)
_SIDES_LEAST_MN = const(500)

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

    def __init__(self, sharp):
        """sharp: whether single steps can be told; all stays None under a coarser encoder."""
        self._sharp = sharp
        self._offs = array("h", [0] * (_KEPT + 1))
        self.start()

    def start(self):
        """Begin anew: a step was missed, or there is no rhythm."""
        self.step_time_sd_ms = None
        self.asymmetry_permille = None
        self.asymmetry_u_permille = None
        self.longer_side = None
        self._lean_mn = None  # of the step before, to the left
        self._sides_mn = 0  # how much further left after odd steps than after even ones,
        self._leans_mn = 0  # and how much steps differ, whichever way: means of some 16
        self._n = -1  # the first dip is the beginning of a step
        self._dip = 0
        self._first_ms = 0  # the times are kept as what they differ from the first
        self._sum_0 = 0
        self._sum_1 = 0
        self._squares = 0

    def step(self, places, dip, lag, sign, sway):
        """A dip at that time, in 1/256 of a sample of `places`; lag: a step's time in samples.

        sway: Sway of the same samples, or None.
        """
        if not self._sharp:
            return
        wide = (lag + 3) // 6
        dip = _sharply(places, dip, wide, sign)
        n = self._n
        if n < 0:
            self._dip = dip  # hours from the start on, a product of it would leave 31 bits
        ms = (dip - self._dip) * 5 >> 5
        self._dip = dip
        if n <= 0:
            self._first_ms = ms
        off = ms - self._first_ms
        if n < 0:
            self._n = 0
            return
        if not -_MOST_OFF_MS < off < _MOST_OFF_MS or not 3 * ms > lag * 60 > ms:
            self.start()
            return
        offs = self._offs
        at = n & _KEPT
        old = offs[at] if n > _KEPT else 0
        offs[at] = off
        if n & 1:
            self._sum_1 += off - old
        else:
            self._sum_0 += off - old
        self._squares += off * off - old * old
        n += 1
        self._n = n if n < 128 else 64
        if sway is not None:
            # When the foot is down the weight goes over it, soonest at once.
            at = dip + 128 >> 8
            self._lean(n & 1, sway.mean_mn(at - (lag >> 2), at + lag - (lag >> 2)))
        if n >= _LEAST:
            self._tell(n if n < 64 else 64, lag, wide)

    def _lean(self, odd, lean_mn):
        """odd: 1 after the first, third … step. lean_mn: 262 N at most, or None."""
        before_mn = self._lean_mn
        self._lean_mn = lean_mn
        if lean_mn is None or before_mn is None:
            return
        differ_mn = lean_mn - before_mn if odd else before_mn - lean_mn
        self._sides_mn += differ_mn - self._sides_mn >> 4
        if differ_mn < 0:
            differ_mn = -differ_mn
        self._leans_mn += differ_mn - self._leans_mn >> 4

    def _longer(self, differ):
        """The side that takes longer. differ: the odd steps' time less the even ones'."""
        sides_mn = self._sides_mn
        if sides_mn < 0:
            sides_mn = -sides_mn
        # Noise makes each step differ as well, but not always the same way.
        if sides_mn < _SIDES_LEAST_MN or sides_mn < self._leans_mn - (self._leans_mn >> 2):
            return None
        return LEFT if (differ > 0) == (self._sides_mn > 0) else RIGHT

    def _tell(self, n, lag, wide):
        n_1 = n >> 1
        n_0 = n - n_1
        sum_0 = self._sum_0
        sum_1 = self._sum_1
        # At most 32 * 900, squared: 8.3e8.
        squares = self._squares - sum_0 * sum_0 // n_0 - sum_1 * sum_1 // n_1
        sd_ms = root(squares // (n - 2))
        both_ms = 2 * self._first_ms + sum_0 // n_0 + sum_1 // n_1
        differ = sum_0 * n_1 - sum_1 * n_0  # n_0 * n_1 ms
        longer_side = self._longer(differ)
        if differ < 0:
            differ = -differ
        # A dip is found from what is `wide` about it, which a limp makes lopsided: of a sine's limp
        # 1 - 4/3 wide / lag is left, of sharp dips' more.
        permille = differ * 200 // (n_0 * n_1 * both_ms // 10) * lag // (lag - wide)
        self.step_time_sd_ms = sd_ms
        self.asymmetry_permille = permille
        # 2000 / both * sd * sqrt(1 / n_0 + 1 / n_1), and that of 60 steps is 0.258.
        self.asymmetry_u_permille = (sd_ms + 1) * 516 // both_ms * lag // (lag - wide) + (
            permille // 10
        )
        self.longer_side = longer_side if permille > 2 * self.asymmetry_u_permille else None


def _sharply(places, dip, wide, sign):
    """Where near a dip the belt was slowest: as long before as behind it went equally far."""
    at = (dip + 128 >> 8) - 3
    best = dip
    nearest = 640
    before = 1
    for _ in range(7):
        here = places[at & _PLACES]
        curve = places[at + wide & _PLACES] - here - (here - places[at - wide & _PLACES])
        curve = curve * sign & _PLACE_MASK
        if curve >= _PLACE_HALF:
            curve = curve - _PLACE_MASK - 1
        if not -_CURVE_UM < curve < _CURVE_UM:
            return dip
        if before < 0 <= curve:
            found = (at << 8) - (curve << 8) // (curve - before)
            off = found - dip
            if off < 0:
                off = -off
            if off < nearest:
                nearest = off
                best = found
        before = curve
        at += 1
    return best


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
