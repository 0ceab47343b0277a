"""What a report draws: a session's rows, thinned, split by zone and summed up in spans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from beltbox import units
from beltbox.walk.rows import GAP_MS, MetricRow
from beltbox.walk.totals import Totals, zones_of
from beltbox.walk.zones import ZONES

MAX_POINTS = 4000
"""About how many points a chart gets: more than any screen has columns."""

_MAX_STRETCHES = 1200
_MAX_SPANS = 40
_SPAN_LENGTHS_MS = (5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000)

Series = list[float | None]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the walk in the table of numbers and in the bars."""

    start_ms: int
    end_ms: int
    totals: Totals


def thinned(rows: Sequence[MetricRow], max_points: int = MAX_POINTS) -> dict[str, Series]:
    """The charts' lines: for each of them a list of values over `t_s`, None where it breaks.

    Speeds are in m/s and positive, apart for each direction; forces in N; reliance in percent.
    Of each bundle of neighbouring rows the least and the greatest value of each line are kept, so
    that no peak is lost. A line breaks where more than a second is missing.
    """
    bundle = max(1, -(-2 * len(rows) // max_points))
    lines: dict[str, Series] = {name: [] for name in ("t_s", *_LINES)}
    for run in _unbroken(rows):
        if lines["t_s"]:
            lines["t_s"].append(run[0].t_ms / 1000)
            for name in _LINES:
                lines[name].append(None)
        for start in range(0, len(run), bundle):
            part = run[start : start + bundle]
            edges = [part[0]] if len(part) == 1 else [part[0], part[-1]]
            lines["t_s"] += [row.t_ms / 1000 for row in edges]
            for name, value_of in _LINES.items():
                lines[name] += _extremes([value_of(row) for row in part], len(edges))
    return lines


def _unbroken(rows: Sequence[MetricRow]) -> Iterator[Sequence[MetricRow]]:
    start = 0
    for index, (before, after) in enumerate(pairwise(rows), 1):
        if after.t_ms - before.t_ms > GAP_MS:
            yield rows[start:index]
            start = index
    if rows:
        yield rows[start:]


def _extremes(values: Series, count: int) -> Series:
    """The least and the greatest value, in the order in which they come."""
    if count == 1:
        return values
    known = [value for value in values if value is not None]
    if not known:
        return [None, None]
    least, greatest = min(known), max(known)
    return [least, greatest] if known.index(least) <= known.index(greatest) else [greatest, least]


def _scaled(value: int | None, scale: units.Scale) -> float | None:
    return None if value is None else value / scale.divisor


def _backward(row: MetricRow) -> float | None:
    speed = row.speed_mm_s
    return None if speed is None or speed > 0 else -speed / units.SPEED.divisor


def _forward(row: MetricRow) -> float | None:
    speed = row.speed_mm_s
    return None if speed is None or speed < 0 else speed / units.SPEED.divisor


def _belt(row: MetricRow) -> float | None:
    return None if row.belt_mm_s is None else abs(row.belt_mm_s) / units.SPEED.divisor


_LINES: dict[str, Callable[[MetricRow], float | None]] = {
    "backward_m_s": _backward,
    "forward_m_s": _forward,
    "belt_m_s": _belt,
    "left_n": lambda row: _scaled(row.rail_left_mn, units.FORCE),
    "right_n": lambda row: _scaled(row.rail_right_mn, units.FORCE),
    "reliance_percent": lambda row: _scaled(row.reliance_permille, units.PERCENT),
}


def zone_stretches(rows: Sequence[MetricRow]) -> list[tuple[float, float, int]]:
    """From, to (both in s) and zone of each stretch in one zone; what is unknown is left out.

    Where there are too many to see, short slices of time are shown in the zone that fills most of
    each.
    """
    stretches: list[tuple[float, float, int]] = []
    for before, row in pairwise(rows):
        if row.zone is not None and row.t_ms - before.t_ms <= GAP_MS:
            _append(stretches, before.t_ms / 1000, row.t_ms / 1000, row.zone)
    return stretches if len(stretches) <= _MAX_STRETCHES else _coarser(stretches)


def _append(
    stretches: list[tuple[float, float, int]], start_s: float, end_s: float, zone: int
) -> None:
    if stretches and stretches[-1][1:] == (start_s, zone):
        start_s = stretches.pop()[0]
    stretches.append((start_s, end_s, zone))


def _coarser(stretches: list[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    slice_s = stretches[-1][1] / _MAX_STRETCHES
    seconds = [[0.0] * len(ZONES) for _ in range(_MAX_STRETCHES)]
    for start_s, end_s, zone in stretches:
        last = min(int(end_s / slice_s), _MAX_STRETCHES - 1)
        for place in range(int(start_s / slice_s), last + 1):
            overlap_s = min(end_s, (place + 1) * slice_s) - max(start_s, place * slice_s)
            seconds[place][zone] += overlap_s
    coarse: list[tuple[float, float, int]] = []
    for place, shares in enumerate(seconds):
        if any(shares):
            zone = shares.index(max(shares))
            _append(coarse, place * slice_s, (place + 1) * slice_s, zone)
    return coarse


def spans(rows: Sequence[MetricRow], at_ms: Sequence[int] | None = None) -> list[Span]:
    """The walk in spans of one round length, at most 40 of them, the last as short as it is.

    at_ms: when each row was, with the breaks of the session; without them, the rows' own times.
    A break that is longer than a span is a span of its own, as nobody knows when in it was walked
    what the box counted on.
    """
    if not rows:
        return []
    moments_ms = [row.t_ms for row in rows] if at_ms is None else at_ms
    duration_ms = moments_ms[-1]
    length_ms = next(
        (length for length in _SPAN_LENGTHS_MS if duration_ms <= length * _MAX_SPANS),
        -(-duration_ms // _MAX_SPANS),
    )
    listed: list[Span] = []
    totals = Totals()
    late = _LateZones()
    before = totals.copy()
    start_ms = 0
    latest_ms = 0

    def end_span(end_ms: int) -> None:
        nonlocal start_ms, before
        until = late.with_what_is_late(totals)
        listed.append(Span(start_ms, end_ms, until.since(before)))
        before, start_ms = until, end_ms

    for row, moment_ms in zip(rows, moments_ms, strict=True):
        is_break = moment_ms - latest_ms > max(length_ms, GAP_MS)
        if is_break and latest_ms > start_ms:
            end_span(latest_ms)
        while not is_break and moment_ms > start_ms - start_ms % length_ms + length_ms:
            end_span(start_ms - start_ms % length_ms + length_ms)
        totals.add(row)
        late.add(row)
        if is_break:
            end_span(moment_ms)
        latest_ms = moment_ms
    if start_ms == duration_ms and listed:
        return listed
    listed.append(Span(start_ms, duration_ms, totals.since(before)))
    return listed


class _LateZones:
    """The metres walked since the zones' metres were sent, which is done once a second."""

    def __init__(self) -> None:
        self._sent: Sequence[int | None] = ()
        self._sent_ms = self._sent_mm = 0
        self._latest = MetricRow(0)

    def add(self, row: MetricRow) -> None:
        """Take in the next row."""
        zones_mm = zones_of(row)
        if zones_mm != self._sent and row.distance_mm is not None:
            self._sent, self._sent_ms, self._sent_mm = zones_mm, row.t_ms, row.distance_mm
        self._latest = row

    def with_what_is_late(self, totals: Totals) -> Totals:
        """A copy of the sums, in which they count for the zone of the latest row."""
        copy = totals.copy()
        row = self._latest
        is_late = 0 < row.t_ms - self._sent_ms <= GAP_MS and None not in self._sent
        if is_late and row.zone is not None and row.distance_mm is not None:
            column = ZONES[row.zone].column
            setattr(copy, column, getattr(copy, column) + row.distance_mm - self._sent_mm)
        return copy
