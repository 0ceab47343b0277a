"""`beltbox export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beltbox.cli.common.options import OverwriteOption, StoreOption
from beltbox.cli.common.output import say
from beltbox.cli.sessions.stored import (
    SessionArgument,
    load_session,
)
from beltbox.report.csv_rows import ROWS, export_csv


def export_command(
    session: SessionArgument = None,
    file_format: Annotated[str, typer.Option("--format", help="The kind of file: csv.")] = "csv",
    rows: Annotated[
        str,
        typer.Option(
            help="Which rows: metrics (computed again, one for each raw row), live (as the box "
            "sent them) or raw. Parts that only the box recorded have one row a second, and no "
            "raw rows."
        ),
    ] = "metrics",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="The file to write. Default: session-N-ROWS.csv in this folder."
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    store: StoreOption = None,
) -> None:
    """Write the rows of a session to a CSV file, for spreadsheets.

    Totals run on to the end of the session, where they are those of `beltbox sessions`. Breaks
    between segments aren't in t_ms: the column utc has the moment of a row, and segment tells
    apart two rows with the same t_ms.

    Beside it are the box's settings at that time, as walk.settings.json beside walk.csv: one file
    for each part of the session. `beltbox replay` reads them. Raw rows also have the hash of their
    settings.

    Example: beltbox export 3 --format csv --rows raw --out monday.csv
    """
    if file_format != "csv":
        raise typer.BadParameter(f"{file_format!r} isn't a format. The only format is csv.")
    if rows not in ROWS:
        raise typer.BadParameter(f"{rows!r} aren't rows. The choices are {', '.join(ROWS)}.")
    loaded, where = load_session(store, session, with_raw=True)
    path = out or Path(f"session-{loaded.summary.id}-{rows}.csv")
    not_onto = [(where, "the store")]
    for written in export_csv(loaded, path, rows=rows, overwrite=overwrite, not_onto=not_onto):
        say(f"Session {loaded.summary.id}, {rows} rows: {written}")
