"""`beltbox report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beltbox.calibrate.cards.card_store import CardStore
from beltbox.cli.common.options import OverwriteOption, StoreOption
from beltbox.cli.common.output import end_with_damage, say
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
        Path | None,
        typer.Option(
            "--out", "-o", help="The file to write. Default: session-N.html in this folder."
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    store: StoreOption = None,
) -> None:
    """Write a session as a web page with figures and charts.

    The page is one HTML file, which opens without the internet. It also lists what happened during
    the walk and how it was measured.

    Example: beltbox report 3 --out monday.html
    """
    with opened_store(store) as opened:
        loaded = opened.load(which_session(opened, session), with_raw=False)
        card_store = CardStore(opened.database)
        cards = cards_behind(card_store, loaded)
        before = _walk_before(opened, loaded.summary)
        where, damage = opened.where, [*opened.damage, *card_store.damage]
    path = out or Path(f"session-{loaded.summary.id}.html")
    refuse_target(path, error=ReportError, not_onto=[(where, "the store")], overwrite=overwrite)
    write_report(loaded, path, cards=cards, before=before)
    say(f"Report of session {loaded.summary.id}: {path}")
    end_with_damage(damage, where)


def _walk_before(store: Store, summary: SessionSummary) -> SessionSummary | None:
    """The same person's latest walk before this one. None for a session without a name."""
    earlier = [
        session
        for session in store.sessions()
        if summary.person
        and session.person == summary.person
        and (session.started_at, session.id) < (summary.started_at, summary.id)
    ]
    return max(earlier, key=lambda session: (session.started_at, session.id), default=None)
