"""Which store and which session a command reads."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from beltbox.errors import BeltBoxError
from beltbox.files import default_store_file
from beltbox.store.store import Store, open_store
from beltbox.walk.session import Session

_MANY = 20  # sessions whose sums are made anew: a person would wonder
NO_SESSIONS = "No sessions in {} yet. Record one: beltbox record"

SessionArgument = Annotated[
    int | None,
    typer.Argument(
        help="The session's number, as `beltbox sessions` lists it. Default: the latest."
    ),
]


def opened_store(store: str | None) -> Store:
    """An existing store, to read. Raises BeltBoxError or StoreError where there is none."""
    if store is None and not default_store_file().exists():
        raise BeltBoxError(NO_SESSIONS.format(default_store_file()))
    opened = open_store(store, create=False)
    count = opened.old_sums()
    if count >= _MANY:
        print(f"Bringing the figures of {count} older sessions up to date, once …", file=sys.stderr)
    return opened


def load_session(store: str | None, session: int | None, *, with_raw: bool) -> tuple[Session, str]:
    """The session, and where its store is."""
    with opened_store(store) as opened:
        return opened.load(which_session(opened, session), with_raw=with_raw), opened.where


def which_session(opened: Store, session: int | None) -> int:
    """The session's number, the latest if none is given. Raises BeltBoxError if there is none."""
    latest = opened.latest_id() if session is None else session
    if latest is None:
        raise BeltBoxError(NO_SESSIONS.format(opened.where))
    return latest
