"""The rows and columns of an export, whatever the format of its file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from beltbox.replay.replay import computed_again
from beltbox.walk import uncertainty
from beltbox.walk.overlay import in_order
from beltbox.walk.rows import COLUMNS, MetricRow, RawRow
from beltbox.walk.session import Segment, Session
from beltbox.walk.totals import as_one_walk
from beltbox.walk.uncertainty import Uncertainty
from beltbox.walk.zone_uncertainty import ZoneUncertainty

Value = int | None


class ExportTable(NamedTuple):
    """One file of an export."""

    segment: int | None
    """Of which segment, 1, 2, ...; None: of all."""
    header: tuple[str, ...]
    rows: Iterable[Sequence[Value]]


# Columns are in the order in which they came: a newer export only has more at the end. The
# uncertainties came with the second version.
_UNCERTAINTIES_SINCE = 2
_SINCE = {column.name: column.since for column in COLUMNS}
_SINCE |= {
    name: max(_UNCERTAINTIES_SINCE, _SINCE[name.removesuffix("_u")]) for name in uncertainty.COLUMNS
}
_METRICS_HEADER = tuple(sorted(_SINCE, key=lambda name: _SINCE[name]))
_ordered = itemgetter(*[[*_SINCE].index(name) for name in _METRICS_HEADER])


def metric_tables(session: Session, *, again: bool) -> list[ExportTable]:
    """One table of all segments' metric rows, read as one walk; none for a session without rows.

    again: computed from the raw rows where there are any, one for each.
    """
    segments = [_metrics(segment, again=again) for segment in session.segments]
    if not any(segments):
        return []
    settings = [segment.settings for segment in session.segments]
    return [ExportTable(None, _METRICS_HEADER, _metric_rows(segments, settings))]


def raw_tables(session: Session) -> list[ExportTable]:
    """A table for each segment that has raw rows."""
    return [
        ExportTable(number, RawRow._fields, segment.raw)
        for number, segment in enumerate(session.segments, 1)
        if segment.raw
    ]


def _metric_rows(
    segments: Sequence[Sequence[MetricRow]], settings: Sequence[dict[str, int | str]]
) -> Iterator[Sequence[Value]]:
    rows = as_one_walk(segments)
    zone_uncertainty = ZoneUncertainty()
    for segment, values in zip(segments, settings, strict=True):
        uncertainty = Uncertainty(values)
        for row in islice(rows, len(segment)):
            yield _ordered((*row, *uncertainty.row(row, zone_uncertainty)))


def _metrics(segment: Segment, *, again: bool) -> list[MetricRow]:
    if again and segment.raw:
        return in_order(computed_again(segment.raw, segment.settings), segment.box)
    return segment.metrics
