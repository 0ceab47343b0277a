"""Writing one session, committed as often as its caller wishes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from beltbox.store.checksums import checksum, seal
from beltbox.store.database import Database
from beltbox.store.row_blocks import block_values, count_rows, packed
from beltbox.store.schema import (
    METRIC,
    RAW,
    BlockRow,
    BoxSessionRow,
    EventRow,
    SegmentRow,
    SessionRow,
)
from beltbox.walk.rows import MetricRow, RawRow
from beltbox.walk.totals import Totals

# A minute at the usual rates.
_ROWS_IN_A_BLOCK = {RAW: 4800, METRIC: 600}
# What a row takes in memory until its block is packed, about.
_ROW_BYTES = 400


class SessionWriter:
    """Writes one session. Everything is kept in memory until `commit` has put it into the store.

    When `commit` or `close` raises StoreError, what was committed before is kept and can be read,
    what is pending stays pending, and the call may be repeated. Pending rows are packed once a
    block is full, so that hours of them may wait.
    """

    def __init__(self, database: Database, **values: Any) -> None:
        """A session that isn't in the store yet. values: those of its row."""
        self.session_id: int | None = None
        """In the store; None until the first commit."""
        self.totals = Totals()
        """The sums of all rows added so far, committed or not."""
        self._database = database
        self._values = {"key": secrets.token_hex(8), **values}
        self._end: dict[str, Any] = {}
        self._segments: list[_Segment] = []  # the last one, and those with anything pending
        self._segment_count = 0
        self._orphans = 0
        self._events: list[dict[str, Any]] = []
        self._counts = {"damaged": 0, "gap": 0}
        self._is_changed = True

    @property
    def is_pending(self) -> bool:
        """Whether anything of it isn't in the store."""
        return self._is_changed

    @property
    def pending_rows(self) -> int:
        """How many rows aren't in the store."""
        return sum(
            stream.uncommitted for segment in self._segments for stream in segment.streams.values()
        )

    @property
    def pending_bytes(self) -> int:
        """How much memory those take, about."""
        return sum(stream.size for segment in self._segments for stream in segment.streams.values())

    def start_segment(
        self,
        *,
        settings: dict[str, int | str],
        boot_count: int,
        reason: str,
        first_t_us: int | None,
    ) -> None:
        """Begin a segment: the rows to come count on from a new zero."""
        if self._segments:
            self._segments[-1].end()
        self._segment_count += 1
        self._segments.append(
            _Segment(
                {
                    "number": self._segment_count,
                    "settings": settings,
                    "boot_count": boot_count,
                    "reason": reason,
                    "first_t_us": first_t_us,
                }
            )
        )
        self.totals.start_segment()
        self._is_changed = True

    def add_raw(self, row: RawRow) -> None:
        """Take in the segment's next raw row."""
        self._add(RAW, row)

    def add_metric(self, row: MetricRow) -> None:
        """Take in the segment's next metric row."""
        self._add(METRIC, row)
        self.totals.add(row)

    def add_event(self, kind: str, text: str, *, count: int = 1) -> None:
        """Take in an event, stamped with the last metric row's time and with the time now.

        The counts of the kinds "damaged" and "gap" are summed up in the session's summary.
        """
        self._events.append(
            {
                "segment_number": self._segment_count,
                "t_ms": self.totals.duration_ms,
                "at": datetime.now(UTC),
                "kind": kind,
                # What no database takes as text: halves of characters, and NUL in PostgreSQL.
                "text": text.encode(errors="backslashreplace").decode().replace("\0", "\\x00"),
                "count": count,
            }
        )
        if kind in self._counts:
            self._counts[kind] += count
        self._is_changed = True

    def add_box_session(self, serial: str, number: int, boots: int) -> None:
        """Note that the segment is what the box keeps as its own session `number`, too."""
        self._segments[-1].box_sessions.append({"serial": serial, "number": number, "boots": boots})
        self._is_changed = True

    def commit(self, patience_s: float | None = None) -> None:
        """Put all that was added since the last commit into the store, for good.

        patience_s: how long another program's lock is waited for, in place of the usual time.
        """
        if self._orphans:
            raise ValueError("rows were added before start_segment")
        if not self._is_changed:
            return
        with self._database.writing(patience_s) as connection:
            session_id, segment_ids = self._write(connection, self.session_id)
        # Only now it is certain.
        self.session_id = session_id
        for segment, segment_id in zip(self._segments, segment_ids, strict=True):
            segment.committed(segment_id)
        del self._segments[:-1]
        self._events.clear()
        self._is_changed = False

    def end(self, ended_at: datetime, reason: str) -> None:
        """Mark the session as complete. Nothing can be added afterwards."""
        if not self._end:
            self._end = {"ended_at": ended_at, "end_reason": reason, "complete": True}
            if self._segments:
                self._segments[-1].end()
            self._is_changed = True

    def close(self, ended_at: datetime, reason: str) -> None:
        """`end` and `commit`."""
        self.end(ended_at, reason)
        self.commit()

    def write_pending(self, database: Database) -> None:
        """Put what is pending into another store, to be added to this one later (`waiting_file`).

        The session, its segments and its blocks have the keys and the numbers that they have here.
        """
        with database.writing() as connection:
            self._write(connection, None)

    def _add(self, kind: str, row: RawRow | MetricRow) -> None:
        if self._segments:
            self._segments[-1].streams[kind].add(row)
        else:
            self._orphans += 1
        self._is_changed = True

    def _write(self, connection: Connection, session_id: int | None) -> tuple[int, list[int]]:
        """The ids of the session and of `_segments`. session_id: None where it isn't there yet."""
        is_new = session_id is None
        if session_id is None:
            session_id = connection.scalar(
                insert(SessionRow).values(self._values).returning(SessionRow.id)
            )
        assert session_id is not None
        segment_ids = [
            segment.write(connection, session_id, None if is_new else segment.id)
            for segment in self._segments
        ]
        if self._events:
            events = [{"session_id": session_id, **event} for event in self._events]
            connection.execute(
                insert(EventRow),
                [{**event, "crc": checksum(EventRow, event)} for event in events],
            )
        is_this = SessionRow.id == session_id
        count = select(func.count()).select_from(EventRow).filter_by(session_id=session_id)
        connection.execute(
            update(SessionRow)
            .where(is_this)
            .values(
                self.totals.sums()
                | self._end
                | {
                    "damaged_count": self._counts["damaged"],
                    "missing_count": self._counts["gap"],
                    "segment_count": self._segment_count,
                    "event_count": count.scalar_subquery(),
                }
            )
        )
        seal(connection, SessionRow, is_this)
        return session_id, segment_ids


@dataclass(slots=True)
class _Segment:
    """A segment, of which something isn't in the store yet; or the latest one."""

    values: dict[str, Any]
    id: int | None = None
    streams: dict[str, _Stream] = field(
        default_factory=lambda: {kind: _Stream(kind) for kind in (RAW, METRIC)}
    )
    box_sessions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def end(self) -> None:
        """No row follows."""
        for stream in self.streams.values():
            stream.pack()

    def write(self, connection: Connection, session_id: int, segment_id: int | None) -> int:
        """Write what is pending: the segment's id."""
        if segment_id is None:
            segment_id = connection.scalar(
                insert(SegmentRow)
                .values(session_id=session_id, **self.values)
                .returning(SegmentRow.id)
            )
        assert segment_id is not None
        for stream in self.streams.values():
            stream.write(connection, segment_id)
        count_rows(
            connection, segment_id, {kind: stream.count for kind, stream in self.streams.items()}
        )
        if self.box_sessions:
            of_it = {"segment_id": segment_id, "pulled": False}
            values = [{**session, **of_it} for session in self.box_sessions]
            connection.execute(
                insert(BoxSessionRow),
                [{**session, "crc": checksum(BoxSessionRow, session)} for session in values],
            )
        return segment_id

    def committed(self, segment_id: int) -> None:
        """All of it is in the store."""
        self.id = segment_id
        self.box_sessions.clear()
        for stream in self.streams.values():
            stream.committed()


@dataclass(frozen=True, slots=True)
class _Block:
    first_row: int
    row_count: int
    data: bytes


class _Stream:
    """The rows of one kind in one segment.

    A commit appends a small block; once these make up a minute, one large block takes their
    place, which is a third of the size.
    """

    def __init__(self, kind: str) -> None:
        self.uncommitted = 0
        self._kind = kind
        self._packed: list[_Block] = []  # full ones that aren't in the store
        self._first_row = 0  # of what follows
        self._small: list[tuple[int | None, ...]] = []  # in the store, in small blocks
        self._pending: list[tuple[int | None, ...]] = []

    @property
    def count(self) -> int:
        """How many rows there are, in the store or not."""
        return self._first_row + len(self._small) + len(self._pending)

    @property
    def size(self) -> int:
        """Bytes that what isn't in the store takes, about."""
        packed_bytes = sum(len(block.data) for block in self._packed)
        return packed_bytes + _ROW_BYTES * len(self._pending)

    def add(self, row: tuple[int | None, ...]) -> None:
        """The next row."""
        self._pending.append(row)
        self.uncommitted += 1
        if len(self._small) + len(self._pending) >= _ROWS_IN_A_BLOCK[self._kind]:
            self.pack()

    def pack(self) -> None:
        """Make one block of what isn't in a large one."""
        rows = [*self._small, *self._pending]
        if rows and (self._pending or len(rows) > 1):
            self._packed.append(_Block(self._first_row, len(rows), packed(rows)))
        self._first_row += len(rows)
        self._small, self._pending = [], []

    def write(self, connection: Connection, segment_id: int) -> None:
        """Write what is pending."""
        blocks = list(self._packed)
        if blocks:
            # Small ones that are part of the first.
            connection.execute(
                delete(BlockRow).where(
                    BlockRow.segment_id == segment_id,
                    BlockRow.kind == self._kind,
                    BlockRow.first_row >= blocks[0].first_row,
                )
            )
        if self._pending:
            first_row = self._first_row + len(self._small)
            blocks.append(_Block(first_row, len(self._pending), packed(self._pending)))
        if blocks:
            connection.execute(
                insert(BlockRow),
                [
                    block_values(
                        segment_id, self._kind, block.first_row, block.row_count, block.data
                    )
                    for block in blocks
                ],
            )

    def committed(self) -> None:
        """What was pending is in the store."""
        self._packed.clear()
        self._small += self._pending
        self._pending = []
        self.uncommitted = 0
