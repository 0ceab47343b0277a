"""`beltbox report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beltbox.calibrate.cards.card_store import CardStore
from beltbox.cli.common.options import OverwriteOption, StoreOption
from beltbox.cli.sessions.stored import (
    SessionArgument,
    opened_store,
    which_session,
)
from beltbox.errors import ReportError
from beltbox.files import refuse_target
from beltbox.report.cards import cards_behind
from beltbox.report.page import write_report
from beltbox.store.store import Store
from beltbox.walk.session import SessionSummary


def report_command(
    session: SessionArgument = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file; else session-N.html here.")
    ] = None,
    overwrite: OverwriteOption = False,
    store: StoreOption = None,
) -> None:
    """Write a session as one HTML page: figures, charts, what happened, how it was measured.

    Example: beltbox report 3 --out monday.html
    """
    with opened_store(store) as opened:
        loaded = opened.load(which_session(opened, session), with_raw=False)
        cards = cards_behind(CardStore(opened.database), loaded)
        before = _walk_before(opened, loaded.summary)
        where = opened.where
    path = out or Path(f"session-{loaded.summary.id}.html")
    # The name that this command gives by itself is its own to replace.
    refuse_target(
        path,
        error=ReportError,
        not_onto=[(where, "the store")],
        overwrite=overwrite or out is None,
    )
    write_report(loaded, path, cards=cards, before=before)
    print(f"Report of session {loaded.summary.id}: {path}")


def _walk_before(store: Store, summary: SessionSummary) -> SessionSummary | None:
    """The same person's latest walk before this one; nobody's isn't anybody's."""
    earlier = [
        one
        for one in store.sessions()
        if summary.person
        and one.person == summary.person
        and (one.started_at, one.id) < (summary.started_at, summary.id)
    ]
    return max(earlier, key=lambda one: (one.started_at, one.id), default=None)
