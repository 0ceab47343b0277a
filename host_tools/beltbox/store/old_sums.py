"""Sums that an older BeltBox kept, made anew from the rows by today's rules."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from beltbox.errors import StoreError
from beltbox.store.database import Database
from beltbox.store.row_blocks import stored_metrics
from beltbox.store.schema import BOX, METRIC, SegmentRow, SessionRow
from beltbox.walk.overlay import in_order
from beltbox.walk.rows import MetricRow
from beltbox.walk.totals import SUMS_VERSION, Totals, totals_of

_OLDER = SessionRow.sums_version < SUMS_VERSION


def count_old_sums(database: Database) -> int:
    """Of how many sessions they are of an older version."""
    with database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(SessionRow).where(_OLDER)) or 0


def bring_sums_up_to_date(database: Database) -> dict[int, Totals]:
    """The totals of each session whose sums are of an older version, by its id.

    Each is kept at once, so that it takes its time only once, whenever it is stopped; where the
    store can't be written, such as one on a read-only disk, they are only returned. A session with
    a damaged block keeps the sums that it has.
    """
    totals: dict[int, Totals] = {}
    with database.reading() as connection:
        session_ids = connection.scalars(select(SessionRow.id).where(_OLDER)).all()
    can_write = True
    for session_id in session_ids:
        try:
            with database.reading() as connection:
                summed = _summed(connection, session_id, database.where)
        except StoreError:
            continue
        totals[session_id] = summed
        if can_write:
            can_write = _keep(database, session_id, summed)
    return totals


def _keep(database: Database, session_id: int, summed: Totals) -> bool:
    """Whether it could be written."""
    try:
        with database.writing() as connection:
            connection.execute(
                update(SessionRow)
                .where(SessionRow.id == session_id, _OLDER)
                .values(**summed.sums(), sums_version=SUMS_VERSION)
            )
    except StoreError:
        return False
    return True


def _summed(connection: Connection, session_id: int, where: str) -> Totals:
    segments = connection.execute(
        select(SegmentRow.id, SegmentRow.number)
        .filter_by(session_id=session_id)
        .order_by(SegmentRow.number)
    ).all()
    walk: list[list[MetricRow]] = []
    for segment_id, number in segments:
        name = f"Session {session_id}, segment {number} in {where}"
        walk.append(
            in_order(
                stored_metrics(connection, segment_id, METRIC, name=name),
                stored_metrics(connection, segment_id, BOX, name=name),
            )
        )
    return totals_of(walk)
