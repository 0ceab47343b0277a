"""One measurement from two sources: the rows of one fill the gaps of the other."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain

from beltbox.walk.rows import RUNNING_COLUMNS, MetricRow
from beltcore.host.block_fields import RECORD_FIELDS

GAP_MS = 1000
"""Up to so long between two rows, nothing is missing."""

# What runs on, without the time and without the distance, which is the sum of the two directions.
_SUMS = tuple(name for name in RUNNING_COLUMNS if name not in ("t_ms", "distance_mm"))
# What a box's records count from the measurement's zero; all else from the session's own beginning.
_FROM_ZERO = tuple(name for name in _SUMS if name in RECORD_FIELDS)


def in_order(*sources: Sequence[MetricRow]) -> list[MetricRow]:
    """The rows of all of them by their time."""
    return sorted(chain(*sources), key=_time)


def fill(live: Sequence[MetricRow], box: Sequence[MetricRow]) -> list[MetricRow]:
    """The rows of `box` from where `live` has none for more than a second.

    Both are of one measurement, in the order of their times; the zones' metres of `box` count from
    its own beginning. The rows given fit in between: no sum is less than in a row of `live` before
    it or more than in one after it. After the last row of `live`, those of `box` are taken up to
    the last step: the minute of standing still that ends a session isn't part of the walk.
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
        fitted.append(row._replace(distance_mm=distance_mm, **sums))
    return fitted


def _known(rows: Sequence[MetricRow], indexes: range, name: str) -> int | None:
    """The first value of a column that is known, going along `indexes`."""
    for index in indexes:
        value: int | None = getattr(rows[index], name)
        if value is not None:
            return value
    return None


def _time(row: MetricRow) -> int:
    return row.t_ms
