"""Sessions as CSV files, for spreadsheets and scripts."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from beltbox.errors import ExportError
from beltbox.files import refuse_target, written_whole
from beltbox.replay.replay import computed_again
from beltbox.walk.overlay import in_order
from beltbox.walk.rows import MetricRow, RawRow
from beltbox.walk.session import PULLED, Segment, Session
from beltbox.walk.totals import as_one_walk
from beltbox.walk.uncertainty import COLUMNS, Uncertainty
from beltbox.walk.zone_uncertainty import ZoneUncertainty

ROWS = ("metrics", "live", "raw")
"""What can be exported."""


def export_csv(
    session: Session,
    path: Path,
    *,
    rows: str,
    overwrite: bool = False,
    not_onto: Sequence[tuple[Path | str, str]] = (),
) -> list[Path]:
    """Write a session's rows as CSV with a header; returns the files written.

    `metrics`: computed again from the raw rows, one for each, by the box's own code; segments
    without raw rows give what was streamed. `live`: as they were streamed, ten a second. Where a
    pull filled in what the box kept by itself, both have a row a second. Both make
    one file with the columns of `MetricRow`; where the session has several segments, `t_ms` and
    all totals run on across them, so that the file reads as one walk.
    `raw` makes one file a segment with the columns of `RawRow`, because a reset restarts the
    box's clock and count: `walk.csv`, `walk-2.csv`, ... Segments without raw rows are left out.

    Columns that end in _u are standard uncertainties (`uncertainty`), empty where nobody has
    calibrated. All values are integers, and a field is empty where the value is unknown.

    Raises ExportError when there is nothing to write, a file exists (unless `overwrite`), is one of
    `not_onto`, or can't be written; the file it names is then as it was before.
    """
    files: list[tuple[Path, tuple[str, ...], Iterable[Sequence[int | None]]]] = []
    if rows == "raw":
        for number, segment in enumerate(session.segments, 1):
            if segment.raw:
                name = path if not files else path.with_stem(f"{path.stem}-{number}")
                files.append((name, RawRow._fields, segment.raw))
    else:
        found = [_metrics(segment, again=rows == "metrics") for segment in session.segments]
        if any(found):
            settings = [segment.settings for segment in session.segments]
            files.append((path, MetricRow._fields + COLUMNS, _with_uncertainties(found, settings)))
    if not files:
        why = (
            f"Session {session.summary.id} has no {rows} rows: there is nothing to write to {path}"
        )
        if session.summary.source == PULLED:
            why += ". The box kept it by itself, a row a second: --rows live writes those"
        raise ExportError(f"{why}.")
    for file, _, _ in files:
        refuse_target(file, error=ExportError, not_onto=not_onto, overwrite=overwrite)
    for file, header, lines in files:
        with written_whole(file, error=ExportError) as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(lines)
    return [file for file, _, _ in files]


def _with_uncertainties(
    segments: Sequence[Sequence[MetricRow]], settings: Sequence[dict[str, int | str]]
) -> Iterator[Sequence[int | None]]:
    """The rows of all segments as one walk, each with how sure its numbers are."""
    rows = as_one_walk(segments)
    zone_uncertainty = ZoneUncertainty()
    for segment, values in zip(segments, settings, strict=True):
        uncertainty = Uncertainty(values)
        for row in islice(rows, len(segment)):
            yield (*row, *uncertainty.row(row, zone_uncertainty))


def _metrics(segment: Segment, *, again: bool) -> list[MetricRow]:
    if again and segment.raw:
        return in_order(computed_again(segment.raw, segment.settings), segment.box)
    return segment.metrics
