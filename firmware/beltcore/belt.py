"""The belt's speed from a clock and a counter.

A counter knows the belt's place only at the moment an edge passes; between two looks that moment
is uncertain by half the interval, and between two edges the place is uncertain by a whole count.
So the track keeps edges: the place of the edge, and the middle of the time in which it may have
passed. Between edges the belt is taken to move evenly; after the last one, at the present speed,
but never past the next edge, which would have been seen. Both speeds are differences of two
places on that track. Which other estimators were tried, and by how much they lost, stands
in firmware/README.md.
"""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

from .compat import array, const, moved_since
from .length import CountLength

_CLOCK_MASK = const(0x3FFFFFFF)  # ticks_us wraps at 2**30
_CLOCK_HALF = const(0x20000000)
_PLACE_MASK = const(0x1FFFFFFF)  # the track's micrometres wrap at 2**29 (537 m)
_PLACE_HALF = const(0x10000000)

_RING_MASK = const(127)  # 128 entries, 8 ms apart or more: always longer than a second
_ENTRY_US = const(8_000)
_IDLE_ENTRY_US = const(100_000)  # without edges an entry all the same, so that no gap ages
_STILL_US = const(400_000)  # no walk passes 12 mm in so long: 30 mm/s
_FEW_COUNTS = const(1_000)  # times a millimetre's nanometres, still within 31 bits
_WINDOW_US = const(1_000_000)
_WINDOW_LEAST_MS = const(250)  # at the start one edge more or less isn't yet a speed
_GAP_US = const(1_000_000)
_MAX_UM_PER_US = const(50)  # 50 m/s; no belt is so fast, so the counter jumped
_MAX_AHEAD_MM_S = const(20_000)
# With one of its two wires off an encoder counts to and fro across one edge, whatever the belt
# does. Feet that tremble on a belt at rest do that for a moment, and seldom ten times a second.
_TURN_LONGEST_US = const(200_000)
_ONE_SIDED_US = const(3_000_000)
_ONE_SIDED_TURNS = const(30)
_MAX_LEAST_US = const(20_000)  # one edge of a very coarse wheel may fall into a short interval

# `belt_mm_s` is the speed half a window ago: 60 ms is short enough to follow a stance and long
# enough for 0.1 mm a count; a coarse encoder has too few edges in it, and gets 400 ms.
_FINE_NM = const(2_000_000)
_FINE_WINDOW_US = const(60_000)
_COARSE_WINDOW_US = const(400_000)

# In `_track`: the clocks, from _PLACES on their places; then the entries before a second ago,
# before a window ago, and before what the gait asked for; and the one that is always now.
_PLACES = const(128)
_SECOND = const(256)
_WINDOW = const(257)
_GAIT = const(258)
_HEAD = const(259)


def lag_us(nm_per_count: int) -> int:
    """How long ago `belt_mm_s` is true for an encoder of that size, in us."""
    return (_FINE_WINDOW_US if nm_per_count <= _FINE_NM else _COARSE_WINDOW_US) // 2


class BeltSpeed:
    """`speed_mm_s`, the mean of the last second, and `belt_mm_s`, the speed now (minus the lag).

    Both are signed as the counts are, whole mm/s, 0 until a second row has come. `jumped` tells
    that the last row's counts were faster than any belt: the track began anew. `one_sided` tells
    that the count goes to and fro as from an encoder with a wire off, until it makes way again.
    """

    def __init__(self, nm_per_count):
        """nm_per_count: 1 .. 1 000 000 000."""
        self.speed_mm_s = 0
        self.belt_mm_s = 0
        self.jumped = False
        self.one_sided = False
        self._turns = 0  # how often in a row the count went to and fro, and since when
        self._turns_us = 0
        self._turned_us = 0
        self._length = CountLength(nm_per_count)
        self._count_um = nm_per_count // 1000
        self._whole_um = nm_per_count // 1_000_000 * 1000  # a count's whole mm, in um, and the rest
        self._rest_nm = nm_per_count % 1_000_000
        self._window_us = 2 * lag_us(nm_per_count)
        self._window_ms = self._window_us // 1000
        self._place_um = 0  # where the present count begins, modulo 2**29
        self._place_nm = 0  # what is left of it below a micrometre
        self._ahead_um = 0  # where in the present count the belt was last seen, and when
        self._seen_us = 0
        self._span_us = 0  # how much of the last second the track knows
        self._band = 0  # 0 or 1: at which of two neighbouring counts a trembling belt is
        self._still_us = 0
        self._track = array("i", [0] * (_HEAD + 1))

    def start(self, t_us):
        """Begin the track at t_us (0 .. 2**30-1) with the belt's place as it is."""
        self.speed_mm_s = 0
        self.belt_mm_s = 0
        self._span_us = 0
        self._still_us = 0
        self._band = 0
        self._turns = 0
        # In the middle of the count: nothing is known but that the belt is between its edges.
        self._ahead_um = self._count_um >> 1
        self._seen_us = t_us
        place_um = (self._place_um + self._ahead_um) & _PLACE_MASK
        track = self._track
        track[0] = t_us
        track[_PLACES] = place_um
        track[1] = t_us
        track[_PLACES + 1] = place_um
        track[_SECOND] = 0
        track[_WINDOW] = 0
        track[_GAIT] = 0
        track[_HEAD] = 1

    def step(self, t_us, dt_us, counts):
        """Take a row: its clock, the time since the row before, the counts since then.

        t_us 0 .. 2**30-1; dt_us 0 .. 2**29; counts signed, within 2**29.
        """
        self.jumped = False
        edge_us = -1
        if self._still_us < _STILL_US:
            self._still_us += dt_us
        if counts:
            n = counts if counts > 0 else -counts
            if not self._move(dt_us, counts, n):
                self.jumped = True
                self.start(t_us)
                return
            # A count that goes to and fro across one edge is a trembling belt, not a moving one.
            band = self._band + counts
            if band > 1 or band < 0:
                self._band = 1 if band > 1 else 0
                self._still_us = 0
                self._turns = 0
                self.one_sided = False
            else:
                self._band = band
                self._turn(t_us)
            # The last of n edges passed within the last n-th of the interval: take its middle.
            edge_us = (t_us - dt_us // n // 2) & _CLOCK_MASK
            self._seen_us = edge_us
            self._ahead_um = 0 if counts > 0 else self._count_um
        if dt_us > _GAP_US:
            self.start(t_us)
            return

        # Where the belt is now: on from the last edge, but within the present count.
        ahead_um = self._ahead_um
        still = self._still_us >= _STILL_US
        if not still:
            speed = self.belt_mm_s
            if speed > _MAX_AHEAD_MM_S:
                speed = _MAX_AHEAD_MM_S
            elif speed < -_MAX_AHEAD_MM_S:
                speed = -_MAX_AHEAD_MM_S
            since_us = (t_us - self._seen_us) & _CLOCK_MASK
            if since_us > _STILL_US:
                since_us = _STILL_US
            # mm/s times 10 us is 10 nm: at most 20 000 * 40 000.
            ahead_um += speed * (since_us // 10) // 100
            if ahead_um < 0:
                ahead_um = 0
            elif ahead_um > self._count_um:
                ahead_um = self._count_um
            if self._still_us + dt_us >= _STILL_US:
                # It is about to be called still: there it will stay.
                self._ahead_um = ahead_um
                self._seen_us = t_us
        now_um = (self._place_um + ahead_um) & _PLACE_MASK

        # The track: an edge that isn't too close to the entry before, or, without edges, now.
        track = self._track
        head = track[_HEAD]
        before_us = track[(head - 1) & _RING_MASK]
        if edge_us >= 0:
            if (edge_us - before_us) & _CLOCK_MASK >= _ENTRY_US:
                track[head] = edge_us
                track[head + _PLACES] = (self._place_um + self._ahead_um) & _PLACE_MASK
                head = (head + 1) & _RING_MASK
                track[_HEAD] = head
        elif (t_us - before_us) & _CLOCK_MASK >= _IDLE_ENTRY_US:
            track[head] = t_us
            track[head + _PLACES] = now_um
            head = (head + 1) & _RING_MASK
            track[_HEAD] = head
        track[head] = t_us
        track[head + _PLACES] = now_um

        span_us = self._span_us
        if span_us < _WINDOW_US:
            span_us += dt_us
            self._span_us = span_us
            self._differ_early(now_um, span_us)
        if span_us >= _WINDOW_US:
            moved_um = moved_since(track, _SECOND, (t_us - _WINDOW_US) & _CLOCK_MASK, now_um)
            self.speed_mm_s = (moved_um + 500) // 1000
        window_us = self._window_us
        if span_us >= window_us:
            moved_um = moved_since(track, _WINDOW, (t_us - window_us) & _CLOCK_MASK, now_um)
            window_ms = self._window_ms
            self.belt_mm_s = (moved_um + (window_ms >> 1)) // window_ms
        if still:
            self.belt_mm_s = 0

    def place_um(self, t_us):
        """Where the belt was at t_us, 0 .. 2**29-1, wrapping: micrometres from no known place.

        Each call's t_us is later than the one's before, and none is before the track's start or
        more than a second ago.
        """
        return -moved_since(self._track, _GAIT, t_us, 0) & _PLACE_MASK

    def _move(self, dt_us, counts, n):
        """Move the place by counts (n without sign). False: faster than any belt."""
        if n <= _FEW_COUNTS:
            um = n * self._whole_um
            nm = n * self._rest_nm
        else:
            length = self._length
            length.set(n)
            if length.m > _MAX_UM_PER_US:
                # The track begins anew: where doesn't matter, as long as it stays in range.
                return False
            um = length.m * 1_000_000 + length.mm * 1000
            nm = length.nm
        if counts < 0:
            um = -um
            nm = -nm
        nm += self._place_nm
        carry_um = nm // 1000
        self._place_nm = nm - carry_um * 1000
        um += carry_um
        if dt_us > _GAP_US:
            dt_us = _GAP_US
        elif dt_us < _MAX_LEAST_US:
            dt_us = _MAX_LEAST_US
        limit_um = dt_us * _MAX_UM_PER_US
        if um > limit_um or um < -limit_um:
            return False
        self._place_um = (self._place_um + um) & _PLACE_MASK
        return True

    def _turn(self, t_us):
        """The count went to and fro across one edge once more."""
        if not self._turns or (t_us - self._turned_us) & _CLOCK_MASK > _TURN_LONGEST_US:
            self._turns = 0
            self._turns_us = t_us
        self._turned_us = t_us
        self._turns += 1
        if (t_us - self._turns_us) & _CLOCK_MASK >= _ONE_SIDED_US:
            self.one_sided = self._turns > _ONE_SIDED_TURNS
            self._turns = 0

    def _differ_early(self, now_um, span_us):
        """The first second: the mean of what there is, but over no less than a quarter."""
        span_ms = span_us // 1000
        if span_ms < _WINDOW_LEAST_MS:
            span_ms = _WINDOW_LEAST_MS
        moved_um = (now_um - self._track[_PLACES]) & _PLACE_MASK
        if moved_um >= _PLACE_HALF:
            moved_um -= _PLACE_MASK + 1
        self.speed_mm_s = (moved_um + (span_ms >> 1)) // span_ms
        self.belt_mm_s = self.speed_mm_s
