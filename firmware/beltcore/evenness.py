"""How even steps are: the scatter of their times, and left against right."""

from .compat import array, const

_PLACES = const(255)
_PLACE_MASK = const(0x1FFFFFFF)
_PLACE_HALF = const(0x10000000)
_CURVE_UM = const(1_000_000)

_KEPT = const(63)  # the last 64 steps
_LEAST = const(60)
_MOST_OFF_MS = const(900)
_FINE_NM = const(1_000_000)


class Evenness:
    """Of the last 64 steps, from 60 on that came without a break; None before.

    `step_time_sd_ms`: the standard deviation of the step times, each side about its own mean.
    `asymmetry_permille`: how much longer the steps of the one side take than those of the other,
    of their mean; which side isn't known, so it is never negative. `asymmetry_u_permille`: its
    standard uncertainty, from that scatter, and a tenth of the value, because how a dip is shaped
    changes what a limp does to it.
    """

    def __init__(self, nm_per_count):
        """An encoder of more than 1 mm a count can't tell of single steps: all stays None."""
        self._fine = nm_per_count <= _FINE_NM
        self._offs = array("h", [0] * (_KEPT + 1))
        self.start()

    def start(self):
        """Begin anew: a step was missed, or there is no rhythm."""
        self.step_time_sd_ms = None
        self.asymmetry_permille = None
        self.asymmetry_u_permille = None
        self._n = -1  # the first dip is the beginning of a step
        self._dip = 0
        self._first_ms = 0  # the times are kept as what they differ from the first
        self._sum_0 = 0
        self._sum_1 = 0
        self._squares = 0

    def step(self, places, dip, lag, sign):
        """A dip at that time, in 1/256 of a sample of `places`; lag: a step's time in samples."""
        if not self._fine:
            return
        wide = (lag + 3) // 6
        dip = _sharply(places, dip, wide, sign)
        ms = (dip - self._dip) * 5 >> 5
        self._dip = dip
        n = self._n
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
        if n >= _LEAST:
            self._tell(n if n < 64 else 64, lag, wide)

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
