"""Sums that an older BeltBox kept, made anew from the rows by today's rules, and kept."""

from __future__ import annotations

from sqlalchemy import update

from beltbox.errors import StoreError
from beltbox.store.checksums import seal
from beltbox.store.schema import SessionRow
from beltbox.store.store import Store, open_store
from beltbox.walk.totals import SUMS_VERSION

_BUSY_S = 2.0


def keep_new_sums(where: str | None) -> None:
    """Bring the sums of the store up to date, as its tables are.

    Each session's are kept at once, so that it takes its time only once, whenever it is stopped. A
    session with any damage keeps the sums that it has; so does a store that can't be written, such
    as one on a read-only disk: there they are computed with each reading (`Store.sessions`).
    """
    try:
        with open_store(where, create=False, busy_timeout_s=_BUSY_S) as store:
            for session_id in store.ids_with_old_sums():
                _keep(store, session_id)
    except StoreError:
        return  # who reads the store says what is wrong with it


def _keep(store: Store, session_id: int) -> None:
    summary = store.load(session_id, with_raw=False).summary
    if summary.damage:
        return
    is_this = SessionRow.id == session_id
    with store.database.writing() as connection:
        connection.execute(
            update(SessionRow)
            .where(is_this, SessionRow.sums_version < SUMS_VERSION)
            .values(**summary.totals.sums(), sums_version=SUMS_VERSION)
        )
        seal(connection, SessionRow, is_this)
