"""The rhythm of the belt: the time of a step, and whether to believe in it.

The ripple, a short mean of the speed over a mean of a second, is held against itself: the lag at
which it repeats is the time of a step, if it repeats well. How well it must, with figures, stands
in firmware/README.md ("Gait"); gait.py has the quantities and their units.
"""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

from .compat import array, best_lag, const, correlate
from .evenness import root

_SAMPLE_US = const(40_000)  # as in dips.py, like the two below
_PLACE_RING = const(255)
_PLACE_MASK = const(0x1FFFFFFF)
_RIPPLE_RING = const(63)  # 64 ripples are 2.56 s
_RIPPLES = const(64)
_LAGS = const(43)  # of 0 .. 42; best_lag gives 9 .. 41, 0.36 to 1.64 s: 167 to 37 steps a minute

# The ripple is the distance of 3 samples over that of the 25 around them, times 25/3.
_LONG = const(25)  # a second
_SHORT_FROM = const(14)  # samples ago
_SHORT_TO = const(11)
_SLOWEST_UM = const(30_000)  # in the 25 samples: less is no speed to compare with
_FASTEST_UM = const(8_000_000)  # more is the belt going backward, modulo 2**29
_FASTEST_SHORT_UM = const(2_000_000)
_UNIT = const(1280)  # a ripple of 1 (100 %); 25/3 * 1280 is 250 * 128 / 3
_RIPPLE_MOST = const(800)  # 63 %: 64 squares of it, and their differences, stay within 31 bits

_SETTLED = const(60)  # samples from the start to the first answer
_SETTLED_LAGS = const(3)  # where that is longer: three steps and 0.8 s
_SETTLED_MORE = const(20)
_AGREES_SHIFT = const(2)  # a ripple must agree with itself, a step later, to 1/4 (25 %)
# How well it must repeat, in percent of all that ripples.
_REPEATS_PERCENT = const(45)
_REPEATS_WELL_PERCENT = const(62)  # of a coarse encoder's, and
_REPEATS_BEST_PERCENT = const(76)  # where its edges alone might have made it
_REPEATS_KEPT_PERCENT = const(70)  # of a coarse encoder's, to follow a change of its time
_FADED_PERCENT = const(25)
_SQUARE_LEAST = const(36)  # of a ripple of 0.5 % RMS: an even belt isn't more even
_PEAKS_MOST = const(700)  # 55 % from peak to peak: more is pushing
# A ripple of less than 1/sqrt(5) of what edges can make isn't believed, of 1/sqrt(8) not kept.
_SEEN_SQUARES = const(5)
_FAINT_SQUARES = const(8)
_EDGES_RMS = const(1810)  # sqrt(2) * 1280
_EDGES_APART_MOST_US = const(400_000)

# What `search` gives.
NOTHING = const(0)
FOUND = const(1)
FADED = const(2)


class Rhythm:
    """After FOUND: `lag`, a step's time in samples; `depth` of a usual dip, half the ripple's RMS.

    `floor`: what an even belt's edges can make of it, RMS. Both in parts of 1280 of the speed.
    """

    def __init__(self, nm_per_count, fine, places, sway):
        """fine: the encoder's edges hardly show; places: the ring of Dips; sway: Sway or None."""
        self.lag = 0
        self.floor = 0
        self.depth = 0
        self.row_us = 12_500  # the time between two rows
        self._count_um = nm_per_count // 1000
        self._fine = fine
        self._places = places
        self._sway = sway
        self._since = 0  # the first sample in the sums
        self._ripples = array("i", [0] * _RIPPLES)
        self._sums = array("i", [0] * _LAGS)

    def start(self, since):
        """Begin anew with the sample `since`."""
        self._since = since
        sums = self._sums
        for index in range(_LAGS):
            sums[index] = 0
        ripples = self._ripples
        for index in range(_RIPPLES):
            ripples[index] = 0

    def take(self, sample, sign, walked):
        """Take a sample of the places; sign: the belt's direction; walked: samples since it moves.

        The ripple is 0 until it knows the belt of a second, and where the belt is too slow.
        """
        ripple = 0
        if walked > _LONG + 1:
            places = self._places
            long_um = places[sample & _PLACE_RING] - places[sample - _LONG & _PLACE_RING]
            long_um = long_um * sign & _PLACE_MASK
            if _SLOWEST_UM < long_um < _FASTEST_UM:
                # Of the same middle as the long one: a speed that changes evenly leaves no ripple.
                short_um = (
                    places[sample - _SHORT_TO & _PLACE_RING]
                    - places[sample - _SHORT_FROM & _PLACE_RING]
                )
                short_um = short_um * sign & _PLACE_MASK
                if short_um < _FASTEST_SHORT_UM:
                    ripple = short_um * 250 // (long_um * 3 >> 7) - _UNIT
                    if ripple > _RIPPLE_MOST:
                        ripple = _RIPPLE_MOST
                    elif ripple < -_RIPPLE_MOST:
                        ripple = -_RIPPLE_MOST
        self._ripples[sample & _RIPPLE_RING] = ripple
        correlate(self._ripples, sample & _RIPPLE_RING, self._sums)

    def search(self, sample, sign, walking):
        """FOUND or NOTHING; while walking, FOUND again or FADED or NOTHING new."""
        known = sample - self._since
        if known < _SETTLED:
            return NOTHING
        sums = self._sums
        lag = best_lag(sums)
        whole = sums[0]
        if not lag or not sums[lag] <= whole <= sums[lag] << _AGREES_SHIFT:
            return NOTHING
        # What repeats after a step's time and is reversed after half of it, of all that ripples.
        trough = sums[lag >> 1] + sums[lag + 1 >> 1] >> 1
        ripple = sums[lag] - trough
        repeats = (ripple >> 6) * 100 // ((whole - trough >> 6) + 1)
        square = (ripple >> 1) // (_RIPPLES if known >= _RIPPLES + _LONG else known - _LONG)
        floor = self._made_by_edges(sample, lag, sign)
        edges = floor * floor
        seen = _SEEN_SQUARES * square > edges
        faint = _FAINT_SQUARES * square < edges
        needed = _REPEATS_PERCENT if square > edges else _REPEATS_WELL_PERCENT
        kept = _REPEATS_PERCENT
        faded = _FADED_PERCENT
        if not self._fine:
            if self._sway is not None and self._sway.alternates(lag):
                seen = True  # edges make no sway
                faint = False
                needed = _REPEATS_PERCENT
            else:
                # There are edges enough for some to beat like steps.
                needed = _REPEATS_WELL_PERCENT if square > edges else _REPEATS_BEST_PERCENT
                kept = _REPEATS_KEPT_PERCENT
                faded = _REPEATS_PERCENT
        if walking:
            if repeats < kept or not seen:
                return FADED if repeats < faded or faint else NOTHING
        elif (
            known < _SETTLED_LAGS * lag + _SETTLED_MORE
            or square <= _SQUARE_LEAST
            or not seen
            or repeats < needed
            or max(self._ripples) - min(self._ripples) > _PEAKS_MOST
        ):
            return NOTHING
        self.lag = lag
        self.floor = floor
        self.depth = root(square) >> 1
        return FOUND

    def _made_by_edges(self, sample, lag, sign):
        """The most, RMS, that an even belt's edges can make of a rhythm of that lag.

        An edge is known to a row's time or to the time between edges, whichever is less. Beating
        with the rows they make a saw of that height d: a ripple of RMS sqrt(2) * d over the lag.
        """
        places = self._places
        moved_um = places[sample & _PLACE_RING] - places[sample - _LONG & _PLACE_RING]
        moved_um = moved_um * sign & _PLACE_MASK
        apart_us = self.row_us
        edges_us = self._count_um * 1000 // (moved_um // 1000 + 1)  # of a second's distance
        if edges_us < apart_us:
            apart_us = edges_us
        if apart_us > _EDGES_APART_MOST_US:
            apart_us = _EDGES_APART_MOST_US
        return apart_us * _EDGES_RMS // (lag * _SAMPLE_US)
