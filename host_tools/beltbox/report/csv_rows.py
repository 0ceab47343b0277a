"""Sessions as CSV files, for spreadsheets and scripts."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from beltbox.errors import ExportError
from beltbox.files import refuse_target, written_whole
from beltbox.replay.settings_file import save_settings, settings_beside
from beltbox.report.export_rows import ExportTable, metric_tables, raw_tables
from beltbox.walk.session import PULLED, Session

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

    rows:

    - `metrics`: computed again from the raw rows, one for each, by the box's own code; segments
      without raw rows give what was streamed.
    - `live`: as they were streamed, ten a second.
    - `raw`: the columns of `RawRow`. One file a segment, because a reset restarts the box's clock
      and count: `walk.csv`, `walk-2.csv`, ... Segments without raw rows are left out.

    Where a pull filled in what the box kept by itself, `metrics` and `live` have a row a second.
    Both make one file with the columns of `MetricRow`; where the session has several segments,
    `t_ms` and all totals run on across them, so that the file reads as one walk. The last totals
    are the session's: in `metrics`, too, they are counted on from what was streamed wherever raw
    rows are missing, and rows after the last streamed one are left out. `t_ms` has no breaks in it
    (`utc` has), so where a segment ends and the next begins a time may stand twice: `segment` tells
    them apart.

    Beside each file are the settings that its rows were recorded with (`settings_files`): as files
    that `beltbox replay --settings` reads, one a segment. Raw rows also have the settings' hash.

    Columns that end in _u are standard uncertainties (`uncertainty`), empty where nobody has
    calibrated. Every row has its `segment` (1, 2, ...) and its `utc`: the moment by the session's
    start plus its time, in later segments by what the store knows of their start (`moments`), empty
    where the session isn't dated. All other values are integers. A field is empty where the value
    is unknown. New columns come at the end: read them by their names.

    Raises ExportError when there is nothing to write, a file exists (unless `overwrite`), is one of
    `not_onto`, or can't be written; the file it names is then as it was before.
    """
    tables = (
        raw_tables(session) if rows == "raw" else metric_tables(session, again=rows == "metrics")
    )
    files = [
        (path if place == 0 else path.with_stem(f"{path.stem}-{table.segment}"), table)
        for place, table in enumerate(tables)
    ]
    if not files:
        why = (
            f"Session {session.summary.id} has no {rows} rows: there is nothing to write to {path}"
        )
        if session.summary.source == PULLED:
            why += ". The box kept it by itself, a row a second: --rows live writes those"
        raise ExportError(f"{why}.")
    settings = {
        path: values for file, table in files for path, values in settings_files(file, table)
    }
    for file in (*(file for file, _ in files), *settings):
        refuse_target(file, error=ExportError, not_onto=not_onto, overwrite=overwrite)
    for file, table in files:
        with written_whole(file, error=ExportError) as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(table.header)
            writer.writerows(table.rows)
    for file, values in settings.items():
        save_settings(file, values, error=ExportError)
    return [file for file, _ in files]


def settings_files(path: Path, table: ExportTable) -> list[tuple[Path, dict[str, int | str]]]:
    """The files of settings beside an exported one, by their paths.

    `walk.settings.json`; for rows of several segments then `walk-2.settings.json`, and so on. A
    segment whose settings are unknown has none.
    """
    beside = [
        settings_beside(path if place == 0 else path.with_stem(f"{path.stem}-{place + 1}"))
        for place in range(len(table.settings))
    ]
    return [pair for pair in zip(beside, table.settings, strict=True) if pair[1]]
