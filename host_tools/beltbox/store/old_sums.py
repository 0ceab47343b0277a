"""Sums that an older BeltBox kept, made anew from the rows by today's rules."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Connection, select, update

from beltbox.errors import StoreError
from beltbox.store.database import Database
from beltbox.store.row_blocks import stored_metrics
from beltbox.store.schema import BOX, METRIC, SegmentRow, SessionRow
from beltbox.walk.overlay import in_order
from beltbox.walk.rows import MetricRow
from beltbox.walk.totals import SUMS_VERSION, Totals, totals_of


def bring_sums_up_to_date(database: Database) -> dict[int, Totals]:
    """The totals of each session whose sums are of an older version, by its id.

    They are kept, so that it takes its time only once; where the store can't be written, such as
    one on a read-only disk, they are only returned. A session with a damaged block keeps the sums
    that it has.
    """
    totals: dict[int, Totals] = {}
    older = select(SessionRow.id).where(SessionRow.sums_version < SUMS_VERSION)
    with database.reading() as connection:
        session_ids = connection.scalars(older).all()
        for session_id in session_ids:
            with suppress(StoreError):
                totals[session_id] = _summed(connection, session_id, database.where)
    if totals:
        with suppress(StoreError), database.writing() as connection:
            for session_id, summed in totals.items():
                connection.execute(
                    update(SessionRow)
                    .where(SessionRow.id == session_id, SessionRow.sums_version < SUMS_VERSION)
                    .values(**summed.sums(), sums_version=SUMS_VERSION)
                )
    return totals


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
