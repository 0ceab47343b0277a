"""`beltbox export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beltbox.cli.common.options import OverwriteOption, StoreOption
from beltbox.cli.sessions.stored import (
    SessionArgument,
    load_session,
)
from beltbox.report.csv_rows import ROWS, export_csv


def export_command(
    session: SessionArgument = None,
    file_format: Annotated[str, typer.Option("--format", help="csv.")] = "csv",
    rows: Annotated[
        str,
        typer.Option(
            help="metrics (computed again, one for each raw row), live (as streamed) or raw. Where "
            "only the box kept something, metrics and live have a row a second."
        ),
    ] = "metrics",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file; else session-N-ROWS.csv here.")
    ] = None,
    overwrite: OverwriteOption = False,
    store: StoreOption = None,
) -> None:
    """Write a session's rows as a file for spreadsheets and scripts.

    Example: beltbox export 3 --format csv --rows raw --out monday.csv
    """
    if file_format != "csv":
        raise typer.BadParameter(f"{file_format!r} isn't a format; there is csv.")
    if rows not in ROWS:
        raise typer.BadParameter(f"{rows!r} aren't rows; there are {', '.join(ROWS)}.")
    loaded, where = load_session(store, session, with_raw=True)
    path = out or Path(f"session-{loaded.summary.id}-{rows}.csv")
    not_onto = [(where, "the store")]
    for written in export_csv(loaded, path, rows=rows, overwrite=overwrite, not_onto=not_onto):
        print(f"Session {loaded.summary.id}, {rows} rows: {written}")
