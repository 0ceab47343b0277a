"""The rhythm of the belt: the time of a step, and whether to believe in it.

The ripple, a short mean of the speed over a mean of a second, is held against itself: the lag at
which it repeats is the time of a step, if it repeats well. How well it must, with figures, stands
in firmware/README.md ("Gait").
"""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

from .compat import array, best_lag, const, correlate
from .evenness import root

_PLACES = const(255)  # as Gait
_PLACE_MASK = const(0x1FFFFFFF)
_RIPPLES = const(63)  # 64 ripples
_LAGS = const(43)  # of 0 .. 42; best_lag gives 9 .. 41, 0.36 to 1.64 s: 167 to 37 steps a minute

_SLOWEST_UM = const(30_000)  # in 25 samples
_FASTEST_UM = const(8_000_000)  # in any window
_LONG = const(25)
_UNIT = const(1280)  # of a ripple: 1
_RIPPLE_MOST = const(800)

_SETTLED = const(60)  # samples from the start to the first answer
_REPEATS = const(45)  # of 100: how well a ripple must repeat
_REPEATS_WELL = const(62)  # of a coarse encoder's, and
_REPEATS_BEST = const(76)  # where its edges alone might have made it
_REPEATS_KEPT = const(70)  # of a coarse encoder's, to follow a change of its time
_FADED = const(25)
_LEAST_2 = const(36)  # a ripple's square, 0.5 % RMS
_MOST_PEAKS = const(700)  # 55 % from peak to peak: more is pushing

# What `search` gives.
NOTHING = const(0)
FOUND = const(1)
FADED = const(2)


class Rhythm:
    """After FOUND: `lag`, a step's time in samples; `depth` of a usual dip.

    `floor`: what an even belt's edges can make of it; both in parts of 1280 of the speed.
    """

    def __init__(self, nm_per_count, sharp, places, sway):
        """sharp: the encoder's edges are hardly seen; places: Gait's ring; sway: or None."""
        self.lag = 9
        self.floor = 0
        self.depth = 0
        self.row_us = 12_500  # the time between two rows
        self._count_um = nm_per_count // 1000
        self._sharp = sharp
        self._places = places
        self._sway = sway
        self._since = 0  # the first sample in the sums
        self._ripples = array("i", [0] * (_RIPPLES + 1))
        self._sums = array("i", [0] * _LAGS)

    def start(self, since):
        """Begin anew with the sample `since`."""
        self._since = since
        sums = self._sums
        for index in range(_LAGS):
            sums[index] = 0
        ripples = self._ripples
        for index in range(_RIPPLES + 1):
            ripples[index] = 0

    def take(self, k, sign, walked):
        """Take sample k of the places; sign: the belt's way; walked: samples since it set off."""
        ripple = 0
        if walked > _LONG + 1:
            places = self._places
            long_um = (places[k & _PLACES] - places[k - _LONG & _PLACES]) * sign & _PLACE_MASK
            if _SLOWEST_UM < long_um < _FASTEST_UM:
                # Of the same middle as the long one: a speed that changes evenly leaves no ripple.
                short_um = places[k - 11 & _PLACES] - places[k - 14 & _PLACES]
                short_um = short_um * sign & _PLACE_MASK
                if short_um < _FASTEST_UM >> 2:
                    ripple = short_um * 250 // (long_um * 3 >> 7) - _UNIT
                    if ripple > _RIPPLE_MOST:
                        ripple = _RIPPLE_MOST
                    elif ripple < -_RIPPLE_MOST:
                        ripple = -_RIPPLE_MOST
        self._ripples[k & _RIPPLES] = ripple
        correlate(self._ripples, k & _RIPPLES, self._sums)

    def search(self, k, sign, walking):
        """FOUND or NOTHING; while walking, FOUND again or FADED or NOTHING new."""
        since = k - self._since
        if since < _SETTLED:
            return NOTHING
        sums = self._sums
        lag = best_lag(sums)
        whole = sums[0]
        if not lag or not sums[lag] <= whole <= sums[lag] << 2:
            return NOTHING
        # What repeats after a step's time and is reversed after half of it, of all that ripples.
        trough = sums[lag >> 1] + sums[lag + 1 >> 1] >> 1
        ripple = sums[lag] - trough
        repeats = (ripple >> 6) * 100 // ((whole - trough >> 6) + 1)
        squares = (ripple >> 1) // (64 if since >= 64 + _LONG else since - _LONG)
        floor = self._made_by_edges(k, lag, sign)
        seen = 5 * squares > floor * floor
        faint = 8 * squares < floor * floor
        needed = _REPEATS if squares > floor * floor else _REPEATS_WELL
        kept = _REPEATS
        faded = _FADED
        if not self._sharp:
            if self._sway is not None and self._sway.alternates(lag):
                seen = True  # edges make no sway
                faint = False
                needed = _REPEATS
            else:
                # There are edges enough for some to beat like steps.
                needed = _REPEATS_WELL if squares > floor * floor else _REPEATS_BEST
                kept = _REPEATS_KEPT
                faded = _REPEATS
        if walking:
            if repeats < kept or not seen:
                return FADED if repeats < faded or faint else NOTHING
        elif (
            since < 3 * lag + 20
            or squares <= _LEAST_2
            or not seen
            or repeats < needed
            or max(self._ripples) - min(self._ripples) > _MOST_PEAKS
        ):
            return NOTHING
        self.lag = lag
        self.floor = floor
        self.depth = root(squares) >> 1
        return FOUND

    def _made_by_edges(self, k, lag, sign):
        """The most, RMS, that an even belt's edges can make of a rhythm of that lag.

        An edge is known to a row's time or to the time between edges, whichever is less. Beating
        with the rows they make a saw of that height d: a ripple of RMS sqrt(2) * d over the lag.
        """
        places = self._places
        moved_um = (places[k & _PLACES] - places[k - _LONG & _PLACES]) * sign & _PLACE_MASK
        apart_us = self.row_us
        edges_us = self._count_um * 1000 // (moved_um // 1000 + 1)
        if edges_us < apart_us:
            apart_us = edges_us
        if apart_us > 400_000:
            apart_us = 400_000
        return apart_us * 1810 // (lag * 40_000)
