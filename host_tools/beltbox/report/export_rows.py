"""The rows and columns of an export, whatever the format of its file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from beltbox.replay.raw_csv import HASH_PREFIX, SETTINGS_HASH
from beltbox.replay.replay import computed_again
from beltbox.replay.settings_file import settings_hash
from beltbox.walk import uncertainty
from beltbox.walk.moments import segment_starts, utc_text
from beltbox.walk.overlay import continued
from beltbox.walk.rows import COLUMNS, MetricRow, RawRow, us_between
from beltbox.walk.session import Segment, Session
from beltbox.walk.totals import as_one_walk
from beltbox.walk.uncertainty import Uncertainty
from beltbox.walk.zone_uncertainty import ZoneUncertainty

Value = int | str | None


class PlaceColumn(NamedTuple):
    """A column that says where in a session a row belongs."""

    name: str
    since: int
    """The version of the rows' format that first had it, as `Column.since`."""
    value: Callable[[int, datetime | None], Value]
    """Of the segment's number and the row's moment; the moment is None if it is unknown."""


def _segment(segment: int, _moment: datetime | None) -> Value:
    return segment


def _utc(_segment: int, moment: datetime | None) -> Value:
    return None if moment is None else utc_text(moment)


PLACE_COLUMNS = (
    PlaceColumn("segment", since=3, value=_segment),
    PlaceColumn("utc", since=3, value=_utc),
)
"""Behind the columns of every row that is exported, metric or raw."""


class ExportTable(NamedTuple):
    """One file of an export."""

    segment: int | None
    """Of which segment, 1, 2, ...; None: of all."""
    header: tuple[str, ...]
    rows: Iterable[Sequence[Value]]
    settings: Sequence[dict[str, int | str]]
    """Of the segments whose rows these are, in their order."""


# A newer export only has more columns at the end: they are in the order of their versions.
_SINCE = {
    **{column.name: column.since for column in COLUMNS},
    **uncertainty.COLUMNS,
    **{column.name: column.since for column in PLACE_COLUMNS},
}
_METRICS_HEADER = tuple(sorted(_SINCE, key=lambda name: _SINCE[name]))
_RAW_HEADER = (*RawRow._fields, *(column.name for column in PLACE_COLUMNS), SETTINGS_HASH)
_ordered = itemgetter(*[[*_SINCE].index(name) for name in _METRICS_HEADER])


def metric_tables(session: Session, *, again: bool) -> list[ExportTable]:
    """One table of all segments' metric rows, read as one walk; none for a session without rows.

    again: computed from the raw rows where there are any, one for each.
    """
    segments = [_metrics(segment, again=again) for segment in session.segments]
    if not any(segments):
        return []
    settings = [segment.settings for segment in session.segments]
    rows = _metric_rows(segments, settings, segment_starts(session))
    return [ExportTable(None, _METRICS_HEADER, rows, settings)]


def raw_tables(session: Session) -> list[ExportTable]:
    """A table for each segment that has raw rows."""
    starts = segment_starts(session)
    return [
        ExportTable(
            number, _RAW_HEADER, _raw_rows(segment, number, start), settings=[segment.settings]
        )
        for number, (segment, start) in enumerate(zip(session.segments, starts, strict=True), 1)
        if segment.raw
    ]


def _metric_rows(
    segments: Sequence[Sequence[MetricRow]],
    settings: Sequence[dict[str, int | str]],
    starts: Sequence[datetime | None],
) -> Iterator[Sequence[Value]]:
    rows = as_one_walk(segments)
    zone_uncertainty = ZoneUncertainty()
    parts = zip(segments, settings, starts, strict=True)
    for number, (segment, values, start) in enumerate(parts, 1):
        uncertainty = Uncertainty(values)
        for own, row in zip(segment, islice(rows, len(segment)), strict=True):
            place = _place(number, start, timedelta(milliseconds=own.t_ms))
            yield _ordered((*row, *uncertainty.row(row, zone_uncertainty), *place))


def _raw_rows(segment: Segment, number: int, start: datetime | None) -> Iterator[Sequence[Value]]:
    rows = segment.raw
    known_hash = settings_hash(segment.settings)
    shown_hash = None if known_hash is None else HASH_PREFIX + known_hash
    elapsed_us = 0
    before_us = rows[0].t_us
    for row in rows:
        elapsed_us += us_between(before_us, row.t_us)
        before_us = row.t_us
        place = _place(number, start, timedelta(microseconds=elapsed_us))
        yield (*row, *place, shown_hash)


def _place(segment: int, start: datetime | None, elapsed: timedelta) -> list[Value]:
    moment = None if start is None else start + elapsed
    return [column.value(segment, moment) for column in PLACE_COLUMNS]


def _metrics(segment: Segment, *, again: bool) -> list[MetricRow]:
    if again and segment.raw:
        computed = computed_again(segment.raw, segment.settings)
        return continued(computed, segment.live, segment.box)
    return segment.metrics
