"""Writing one session into the store, second by second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import Connection, delete, insert, select, update

from beltbox.store import columns
from beltbox.store.database import Database
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


class SessionWriter:
    """Writes one session. Rows and events are kept in memory until `commit`.

    When a method raises StoreError, what was committed before is kept and can be read, what is
    pending stays pending, and the call may be repeated.
    """

    def __init__(self, database: Database, session_id: int) -> None:
        self.session_id = session_id
        self.totals = Totals()
        """The sums of all rows added so far, committed or not."""
        self._database = database
        self._segment_id: int | None = None
        self._segment_count = 0
        self._streams = {kind: _Stream(kind) for kind in (RAW, METRIC)}
        self._events: list[dict[str, object]] = []
        self._box_sessions: list[dict[str, object]] = []
        self._counts = {"damaged": 0, "gap": 0}
        self._break_ms: int | None = None  # before the segment, until it is committed
        self._later = timedelta()  # by how much the moments of the session are to be set

    def start_segment(
        self,
        *,
        settings: dict[str, int | str],
        boot_count: int,
        reason: str,
        first_t_us: int | None,
    ) -> None:
        """Commit, and begin a segment: the rows to come count on from a new zero."""
        with self._database.writing() as connection:
            self._write(connection, merge=True)
            segment_id = connection.scalar(
                insert(SegmentRow)
                .values(
                    session_id=self.session_id,
                    number=self._segment_count + 1,
                    settings=settings,
                    boot_count=boot_count,
                    reason=reason,
                    first_t_us=first_t_us,
                )
                .returning(SegmentRow.id)
            )
        self._segment_id = segment_id
        self._segment_count += 1
        self._streams = {kind: _Stream(kind) for kind in (RAW, METRIC)}
        self._written()
        self.totals.start_segment()

    def add_raw(self, row: RawRow) -> None:
        """Take in the segment's next raw row."""
        self._streams[RAW].pending.append(row)

    def add_metric(self, row: MetricRow) -> None:
        """Take in the segment's next metric row."""
        self._streams[METRIC].pending.append(row)
        self.totals.add(row)

    def set_break(self, break_ms: int) -> None:
        """Note for how long nothing was measured before the segment's zero."""
        self._break_ms = break_ms

    def set_moments_later(self, later: timedelta) -> None:
        """Set the session's start and all events by so much, as the computer's clock was."""
        self._later += later
        for event in self._events:
            event["at"] = cast(datetime, event["at"]) + later

    def add_event(
        self, kind: str, text: str, *, count: int = 1, at: datetime | None = None
    ) -> None:
        """Take in an event, stamped with the last metric row's time and with its moment.

        at: the moment; None for now.
        The counts of the kinds "damaged" and "gap" are summed up in the session's summary.
        """
        self._events.append(
            {
                "session_id": self.session_id,
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
        self._box_sessions.append(
            {
                "serial": serial,
                "number": number,
                "boots": boots,
                "power": power,
                "random": random,
            }
        )

    def commit(self) -> None:
        """Put all that was added since the last commit into the store, for good."""
        with self._database.writing() as connection:
            self._write(connection, merge=False)
        self._written()
        for stream in self._streams.values():
            stream.committed(merge=False)

    def close(self, ended_at: datetime, reason: str) -> None:
        """Commit and mark the session as complete. Nothing can be added afterwards."""
        with self._database.writing() as connection:
            self._write(connection, merge=True)
            connection.execute(
                update(SessionRow)
                .where(SessionRow.id == self.session_id)
                .values(ended_at=ended_at, end_reason=reason, complete=True)
            )
        self._segment_id = None
        self._streams = {}

    def _written(self) -> None:
        """What was pending is in the store."""
        self._events.clear()
        self._box_sessions.clear()
        self._break_ms = None
        self._later = timedelta()

    def _write(self, connection: Connection, *, merge: bool) -> None:
        if self._later:
            _move_moments(connection, self.session_id, self._later)
        if self._break_ms is not None:
            connection.execute(
                update(SegmentRow)
                .where(SegmentRow.id == self._segment_id)
                .values(break_ms=self._break_ms)
            )
        for stream in self._streams.values():
            if self._segment_id is not None:
                stream.write(connection, self._segment_id, merge=merge)
            elif stream.pending:
                raise ValueError("rows were added before start_segment")
        if self._events:
            connection.execute(insert(EventRow), self._events)
        if self._box_sessions:
            segment = {"segment_id": self._segment_id}
            connection.execute(
                insert(BoxSessionRow), [values | segment for values in self._box_sessions]
            )
        connection.execute(
            update(SessionRow)
            .where(SessionRow.id == self.session_id)
            .values(
                self.totals.sums()
                | {
                    "damaged_count": self._counts["damaged"],
                    "missing_count": self._counts["gap"],
                }
            )
        )


def _move_moments(connection: Connection, session_id: int, later: timedelta) -> None:
    """Set the start and the stored events of a session by so much."""
    started_at = connection.scalars(
        select(SessionRow.started_at).where(SessionRow.id == session_id)
    ).one()
    connection.execute(
        update(SessionRow).where(SessionRow.id == session_id).values(started_at=started_at + later)
    )
    events = select(EventRow.id, EventRow.at).where(EventRow.session_id == session_id)
    for event_id, at in connection.execute(events).all():
        connection.execute(update(EventRow).where(EventRow.id == event_id).values(at=at + later))


class _Stream:
    """The rows of one kind in one segment.

    A commit appends a small block; once these make up a minute, one large block takes their
    place, which is a third of the size.
    """

    def __init__(self, kind: str) -> None:
        self.pending: list[tuple[int | None, ...]] = []
        self._kind = kind
        self._first_row = 0
        self._small: list[tuple[int | None, ...]] = []

    def write(self, connection: Connection, segment_id: int, *, merge: bool) -> None:
        rows = [*self._small, *self.pending]
        first_row = self._first_row
        if self._merges(merge):
            connection.execute(
                delete(BlockRow).where(
                    BlockRow.segment_id == segment_id,
                    BlockRow.kind == self._kind,
                    BlockRow.first_row >= first_row,
                )
            )
        else:
            rows = rows[len(self._small) :]
            first_row += len(self._small)
        if rows:
            connection.execute(
                insert(BlockRow).values(
                    segment_id=segment_id,
                    kind=self._kind,
                    first_row=first_row,
                    row_count=len(rows),
                    data=columns.encode(list(zip(*rows, strict=True))),
                )
            )

    def committed(self, *, merge: bool) -> None:
        if self._merges(merge):
            self._first_row += len(self._small) + len(self.pending)
            self._small = []
        else:
            self._small += self.pending
        self.pending = []

    def _merges(self, merge: bool) -> bool:
        return merge or len(self._small) + len(self.pending) >= _ROWS_IN_A_BLOCK[self._kind]
