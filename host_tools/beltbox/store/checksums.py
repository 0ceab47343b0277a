"""A checksum over each row of a table, so that a changed digit of a sum or a setting is noticed.

SQLite has none: a byte that a failing disk or a bad copy changed is read as any other. Blocks of
rows carry a CRC-32 of their own (`columns`); this one is for the rows of tables, those of blocks
among them.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Table, func, insert, select, update

from beltbox.store.schema import (
    Base,
    BlockRow,
    BoxSessionRow,
    EventRow,
    SegmentRow,
    SessionRow,
)

# Other tables refer to these rows by their ids, so the id is part of what is checked.
_WITH_ID = (SessionRow, SegmentRow)


def checksum(table: type[Base], values: Mapping[str, object]) -> int:
    """The CRC-32 of a row of `table`, 0 .. 2**32-1, by its columns' names.

    What is unknown (None) isn't part of it: a row keeps its checksum when a newer schema adds a
    column. Bytes count by their own CRC-32.
    """
    checked = {
        name: _plain(value)
        for name, value in values.items()
        if value is not None and name != "crc" and (name != "id" or table in _WITH_ID)
    }
    text = json.dumps(checked, sort_keys=True, separators=(",", ":"), default=repr)
    return zlib.crc32(text.encode("ascii"))


def seal(connection: Connection, table: type[Base], where: ColumnElement[bool]) -> None:
    """Give the rows of `table` that were just written their checksums, as they are now stored."""
    columns = table_of(table)
    for row in connection.execute(select(columns).where(where)).mappings().all():
        connection.execute(
            update(columns).where(columns.c.id == row["id"]).values(crc=checksum(table, dict(row)))
        )


def insert_sealed(
    connection: Connection, table: type[Base], values: Mapping[str, Any], *, keeps_id: bool = False
) -> int:
    """Insert a row with its checksum, and give its id.

    keeps_id: it is the one in `values`, in place of a new one.
    """
    columns = table_of(table)
    left_out = ("crc",) if keeps_id else ("crc", "id")
    kept = {name: value for name, value in values.items() if name not in left_out}
    row_id = connection.scalar(insert(columns).values(kept).returning(columns.c.id))
    assert row_id is not None
    seal(connection, table, columns.c.id == row_id)
    return row_id


def seal_session(connection: Connection, session_id: int) -> None:
    """Give all of a session that was just written its checksums and counts.

    What an older BeltBox wrote of it without checksums gets them, too. Whoever changes rows of a
    session by other ways than a SessionWriter calls this in the same transaction.
    """
    segments = select(SegmentRow.id).where(SegmentRow.session_id == session_id)
    is_its_event = EventRow.session_id == session_id
    counts = {
        "segment_count": select(func.count()).select_from(segments.subquery()).scalar_subquery(),
        "event_count": select(func.count(EventRow.id)).where(is_its_event).scalar_subquery(),
    }
    is_this = SessionRow.id == session_id
    connection.execute(update(SessionRow).where(is_this).values(counts))
    seal(connection, SessionRow, is_this)
    seal(connection, SegmentRow, SegmentRow.session_id == session_id)
    seal(connection, BoxSessionRow, BoxSessionRow.segment_id.in_(segments))
    seal(connection, EventRow, is_its_event & EventRow.crc.is_(None))
    seal(connection, BlockRow, BlockRow.segment_id.in_(segments) & BlockRow.crc.is_(None))


def table_of(table: type[Base]) -> Table:
    """The table behind a class of rows."""
    return cast("Table", table.__table__)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes):
        return zlib.crc32(value)
    return value
