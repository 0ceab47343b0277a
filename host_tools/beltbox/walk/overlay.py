"""One measurement from two sources: the rows of one fill the gaps of the other."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise

from beltbox.walk.rows import GAP_MS, RUNNING_COLUMNS, MetricRow
from beltbox.walk.zones import ZONES
from beltcore.host.block_fields import RECORD_FIELDS

_ZONE_SUMS = tuple(zone.column for zone in ZONES)
# What runs on, without the time, the distance (the sum of the two directions) and the zones.
_SUMS = tuple(name for name in RUNNING_COLUMNS if name not in ("t_ms", "distance_mm", *_ZONE_SUMS))
# The metres by zone are sent once a second, so a row's may be this old.
_ZONES_LATE_MS = 1000
# What a box's records count from the measurement's zero; all else from the session's own beginning.
_FROM_ZERO = tuple(name for name in _SUMS if name in RECORD_FIELDS)


def in_order(*sources: Sequence[MetricRow]) -> list[MetricRow]:
    """The rows of all of them by their time."""
    return sorted(chain(*sources), key=_time)


def fill(live: Sequence[MetricRow], box: Sequence[MetricRow]) -> list[MetricRow]:
    """The rows of `box` from where `live` has none for more than a second.

    Both are of one measurement, in the order of their times; the zones' metres of `box` count from
    its own beginning. The rows given fit in between: no sum is less than in a row of `live` before
    it or more than in one after it, and the zones together have no more than the distance. After
    the last row of `live`, those of `box` are taken up to the last step: the minute of standing
    still that ends a session isn't part of the walk.
    """
    times = [row.t_ms for row in box]
    filled: list[MetricRow] = []
    start_ms = 0
    for gap, row in enumerate(live):
        if row.t_ms - start_ms > GAP_MS:
            first, last = bisect_right(times, start_ms), bisect_left(times, row.t_ms)
            filled += _fitted(live, gap, box, first, last)
        start_ms = row.t_ms
    first, last = bisect_right(times, start_ms), len(box)
    while last > first and not _walked(box, last - 1):
        last -= 1
    if last > first and times[last - 1] - start_ms > GAP_MS:
        filled += _fitted(live, len(live), box, first, last)
    return filled


def _walked(box: Sequence[MetricRow], index: int) -> bool:
    return index > 0 and box[index].distance_mm != box[index - 1].distance_mm


def _fitted(
    live: Sequence[MetricRow], gap: int, box: Sequence[MetricRow], first: int, last: int
) -> list[MetricRow]:
    """box[first:last], fit in before live[gap]."""
    if first >= last:
        return []
    least = {name: _known(live, range(gap - 1, -1, -1), name) for name in _SUMS}
    most = {name: _known(live, range(gap, len(live)), name) for name in _SUMS}
    zero = {name: getattr(box[first - 1], name) or 0 if first else 0 for name in _SUMS}
    zero |= {name: least[name] or 0 for name in _FROM_ZERO}
    zones = _Zones(live, gap, box, first)
    fitted: list[MetricRow] = []
    for row in box[first:last]:
        sums: dict[str, int | None] = {}
        for name in _SUMS:
            value: int | None = getattr(row, name)
            if value is not None:
                floor = least[name] or 0
                ceiling = most[name]
                # Sums of a box are rounded down, those of a sentence to the nearest.
                value = max(floor, floor + value - zero[name])
                value = value if ceiling is None else min(value, ceiling)
            sums[name] = value
        distance_mm = (sums["forward_mm"] or 0) + (sums["backward_mm"] or 0)
        sums |= zones.at(row, distance_mm)
        fitted.append(row._replace(distance_mm=distance_mm, **sums))
    return fitted


class _Zones:
    """The metres by zone in the rows of a box that fill one gap, row by row with `at`.

    They count on from the last ones that came live, which may be a second old: what was walked in
    that second is the box's to tell. No row gives them more than was walked until then, less what
    had no zone before the gap.
    """

    def __init__(
        self, live: Sequence[MetricRow], gap: int, box: Sequence[MetricRow], first: int
    ) -> None:
        before, after = range(gap - 1, -1, -1), range(gap, len(live))
        self._mm = {name: _known(live, before, name) or 0 for name in _ZONE_SUMS}
        self._most = {name: _known(live, after, name) for name in _ZONE_SUMS}
        fresh = _zones_sent(live, gap)
        start_ms = fresh.t_ms if fresh else 0
        while first and box[first - 1].t_ms > start_ms:
            first -= 1
        self._box_mm = {
            name: getattr(box[first - 1], name) or 0 if first else 0 for name in self._mm
        }
        self._unknown_mm = 0
        if fresh is not None and fresh.distance_mm is not None and fresh.hands_off_mm is not None:
            self._unknown_mm = max(0, fresh.distance_mm - sum(self._mm.values()))

    def at(self, row: MetricRow, distance_mm: int) -> dict[str, int | None]:
        """The zones' sums in the box's next row, in which the walk's distance is this."""
        room_mm = max(0, distance_mm - self._unknown_mm - sum(self._mm.values()))
        sums: dict[str, int | None] = {}
        for name in _ZONE_SUMS:
            value: int | None = getattr(row, name)
            if value is not None:
                grown_mm = min(max(0, value - self._box_mm[name]), room_mm)
                self._box_mm[name] = value
                ceiling = self._most[name]
                if ceiling is not None:
                    grown_mm = min(grown_mm, max(0, ceiling - self._mm[name]))
                self._mm[name] += grown_mm
                room_mm -= grown_mm
                value = self._mm[name]
            sums[name] = value
        return sums


def _zones_sent(live: Sequence[MetricRow], gap: int) -> MetricRow | None:
    """The row before live[gap] with which its metres by zone came; None at the beginning."""
    if not gap:
        return None
    place = gap - 1
    latest = live[place]
    while (
        place
        and latest.t_ms - live[place - 1].t_ms < _ZONES_LATE_MS
        and all(getattr(live[place - 1], name) == getattr(latest, name) for name in _ZONE_SUMS)
    ):
        place -= 1
    return live[place]


def _known(rows: Sequence[MetricRow], indexes: range, name: str) -> int | None:
    """The first value of a column that is known, going along `indexes`."""
    for index in indexes:
        value: int | None = getattr(rows[index], name)
        if value is not None:
            return value
    return None


def continued(
    computed: Sequence[MetricRow], live: Sequence[MetricRow], box: Sequence[MetricRow]
) -> list[MetricRow]:
    """Rows computed again from raw rows, with the totals of the walk that was kept.

    All are of one measurement: `computed` has a row for each raw row, `live` those that were
    streamed, `box` those that fill the gaps of `live`. Where raw rows are missing, what is computed
    lacks the steps, grabs and zones of then; the box counted on. So wherever a total was streamed,
    it is taken from there and counted on. The walk ends with its last row in `live` or `box`, so
    that its last totals are those of the session.
    """
    if not (live or box):
        return list(computed)
    end_ms = max(rows[-1].t_ms for rows in (live, box) if rows)
    rows = [row for row in computed if row.t_ms <= end_ms]
    offsets = {name: _offsets(rows, live, name) for name in _SUMS + _ZONE_SUMS}
    is_moved = any(offsets.values())
    if is_moved:
        rows = _shifted(rows, offsets)
    rows = _capped(rows, in_order(live, box), rising=not is_moved)
    times = [row.t_ms for row in rows]
    return in_order(rows, [row for row in box if _is_in_gap(times, row.t_ms)])


def _capped(rows: list[MetricRow], kept: Sequence[MetricRow], *, rising: bool) -> list[MetricRow]:
    """The rows with no total beyond one that follows, nor beyond the last one kept.

    A recorder that was killed keeps the metres by zone of its last second's beginning. Behind a
    gap the steps of five seconds are computed all at once, which the box counted one by one.
    rising: no total of `rows` falls.
    """
    everywhere = range(len(kept) - 1, -1, -1)
    most = {name: _known(kept, everywhere, name) for name in _SUMS + _ZONE_SUMS}
    for place in range(len(rows) - 1, -1, -1):
        beyond: dict[str, int] = {}
        for name, ceiling in most.items():
            value: int | None = getattr(rows[place], name)
            if value is None:
                continue
            if ceiling is not None and value > ceiling:
                beyond[name] = ceiling
            else:
                most[name] = value
        if beyond:
            rows[place] = rows[place]._replace(**beyond)
        elif rising:
            break
    return rows


def _is_in_gap(times: Sequence[int], t_ms: int) -> bool:
    """Whether more than a second is missing around this time."""
    place = bisect_left(times, t_ms)
    if place == len(times):
        return True
    before_ms = times[place - 1] if place else 0
    return times[place] != t_ms and times[place] - before_ms > GAP_MS


def _offsets(
    rows: Sequence[MetricRow], live: Sequence[MetricRow], name: str
) -> list[tuple[int, int]]:
    """By how much a total is more in `live` than in `rows`, from which of the rows on.

    What is found first after a gap holds from the gap's end on.
    """
    places = {row.t_ms: place for place, row in enumerate(rows)}
    starts = [0, *_gap_ends(rows)]
    offsets: list[tuple[int, int]] = []
    latest_start = offset = 0
    before = live[0] if live else None
    for row in live:
        # Metres by zone are of this moment only where they have just changed.
        is_late = name in _ZONE_SUMS and not _are_zones_new(before, row)
        before = row
        place = places.get(row.t_ms)
        if place is None or is_late:
            continue
        computed: int | None = getattr(rows[place], name)
        streamed: int | None = getattr(row, name)
        if computed is None or streamed is None:
            continue
        start = starts[bisect_right(starts, place) - 1]
        if streamed - computed != offset:
            offset = streamed - computed
            offsets.append((place if start == latest_start else start, offset))
        latest_start = start
    return offsets


def _are_zones_new(before: MetricRow | None, row: MetricRow) -> bool:
    return (
        before is not None
        and row.t_ms - before.t_ms <= GAP_MS
        and any(getattr(before, name) != getattr(row, name) for name in _ZONE_SUMS)
    )


def _gap_ends(rows: Sequence[MetricRow]) -> list[int]:
    return [
        place
        for place, (before, after) in enumerate(pairwise(rows), 1)
        if after.t_ms - before.t_ms > GAP_MS
    ]


def _shifted(
    rows: Sequence[MetricRow], offsets: Mapping[str, Sequence[tuple[int, int]]]
) -> list[MetricRow]:
    """The rows with these offsets added to their totals, each from its place on."""
    at: dict[int, dict[str, int]] = {}
    for name, changes in offsets.items():
        for place, offset in changes:
            at.setdefault(place, {})[name] = offset
    now: dict[str, int] = {}
    shifted: list[MetricRow] = []
    for place, row in enumerate(rows):
        now |= at.get(place, {})
        sums: dict[str, int | None] = {
            name: None if value is None else value + offset
            for name, offset in now.items()
            for value in [getattr(row, name)]
        }
        moved = row._replace(**sums) if sums else row
        if moved.forward_mm is not None and moved.backward_mm is not None:
            moved = moved._replace(distance_mm=moved.forward_mm + moved.backward_mm)
        shifted.append(moved)
    return shifted


def _time(row: MetricRow) -> int:
    return row.t_ms
