"""Writing one session, committed as often as its caller wishes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from beltbox.store.checksums import checksum, seal
from beltbox.store.database import Database
from beltbox.store.row_blocks import count_rows
from beltbox.store.row_stream import RowStream
from beltbox.store.schema import (
    METRIC,
    RAW,
    BoxSessionRow,
    EventRow,
    SegmentRow,
    SessionRow,
)
from beltbox.walk.rows import MetricRow, RawRow
from beltbox.walk.totals import Totals


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
        self._values: dict[str, Any] = {"key": secrets.token_hex(8), **values}
        self._end: dict[str, Any] = {}
        self._segments: list[_Segment] = []  # the last one, and those with anything pending
        self._segment_count = 0
        self._orphans = 0
        self._events: list[dict[str, Any]] = []
        self._counts = {"damaged": 0, "gap": 0}
        self._is_changed = True
        self._later = timedelta()  # by how much the moments in the store are to be set

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

    def set_break(self, break_ms: int) -> None:
        """Note for how long nothing was measured before the segment's zero."""
        self._segments[-1].set_break(break_ms)
        self._is_changed = True

    def set_moments_later(self, later: timedelta) -> None:
        """Set the session's start and all events by so much, as the computer's clock was."""
        self._values["started_at"] += later
        for event in self._events:
            event["at"] += later
        self._later += later
        self._is_changed = True

    def add_event(
        self, kind: str, text: str, *, count: int = 1, at: datetime | None = None
    ) -> None:
        """Take in an event, stamped with the last metric row's time and with its moment.

        at: the moment; None for now.
        The counts of the kinds "damaged" and "gap" are summed up in the session's summary.
        """
        self._events.append(
            {
                "segment_number": self._segment_count,
                "t_ms": self.totals.duration_ms,
                "at": at or datetime.now(UTC),
                "kind": kind,
                # What no database takes as text: halves of characters, and NUL in PostgreSQL.
                "text": text.encode(errors="backslashreplace").decode().replace("\0", "\\x00"),
                "count": count,
            }
        )
        if kind in self._counts:
            self._counts[kind] += count
        self._is_changed = True

    def add_box_session(
        self,
        serial: str,
        number: int,
        boots: int,
        *,
        power: int | None = None,
        random: int | None = None,
    ) -> None:
        """Note that the segment is what the box keeps as its own session `number`, too.

        power, random: as the box's SES has them; by `random` a pull knows it again.
        """
        self._segments[-1].box_sessions.append(
            {
                "serial": serial,
                "number": number,
                "boots": boots,
                "power": power,
                "random": random,
            }
        )
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
        self._later = timedelta()
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
        elif self._later:
            _move_moments(connection, session_id, self._values["started_at"], self._later)
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


def _move_moments(
    connection: Connection, session_id: int, started_at: datetime, later: timedelta
) -> None:
    """Set a session in the store to this start, and its events there by so much."""
    connection.execute(
        update(SessionRow).where(SessionRow.id == session_id).values(started_at=started_at)
    )
    are_its = EventRow.session_id == session_id
    for event_id, at in connection.execute(select(EventRow.id, EventRow.at).where(are_its)).all():
        connection.execute(update(EventRow).where(EventRow.id == event_id).values(at=at + later))
    seal(connection, EventRow, are_its)


@dataclass(slots=True)
class _Segment:
    """A segment, of which something isn't in the store yet; or the latest one."""

    values: dict[str, Any]
    id: int | None = None
    streams: dict[str, RowStream] = field(
        default_factory=lambda: {kind: RowStream(kind) for kind in (RAW, METRIC)}
    )
    box_sessions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    break_is_new: bool = False

    def end(self) -> None:
        """No row follows."""
        for stream in self.streams.values():
            stream.pack()

    def set_break(self, break_ms: int) -> None:
        """For how long nothing was measured before its zero."""
        self.values["break_ms"] = break_ms
        self.break_is_new = True

    def write(self, connection: Connection, session_id: int, segment_id: int | None) -> int:
        """Write what is pending: the segment's id."""
        if segment_id is not None and self.break_is_new:
            connection.execute(
                update(SegmentRow)
                .where(SegmentRow.id == segment_id)
                .values(break_ms=self.values["break_ms"])
            )
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
        self.break_is_new = False
        for stream in self.streams.values():
            stream.committed()
