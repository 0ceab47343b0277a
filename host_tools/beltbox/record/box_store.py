"""The store's side of a pull: sessions of boxes, each here once, seen live or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from beltbox.link.box_sessions import Block, BoxSession, metric_rows
from beltbox.store.checked_rows import require_sound
from beltbox.store.checksums import seal_session
from beltbox.store.database import Database
from beltbox.store.row_blocks import append_rows, stored_metrics
from beltbox.store.schema import BOX, METRIC, BoxSessionRow, EventRow, SegmentRow, SessionRow
from beltbox.walk.overlay import fill, in_order
from beltbox.walk.rows import MetricRow
from beltbox.walk.session import PULLED
from beltbox.walk.totals import Totals, totals_of


@dataclass(frozen=True, slots=True)
class Known:
    """A box's session that the store knows of: pulled, or noted while it was recorded live."""

    id: int
    number: int
    boots: int | None
    power: int | None
    blocks: int | None
    settings_hash: str | None
    first_crc: int | None
    pulled: bool
    session_id: int
    started_at: datetime
    dated: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """The box that a session comes from."""

    serial: str
    box_name: str
    board: str
    firmware: str
    protocol: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A box's session that was read."""

    session: BoxSession
    blocks: Sequence[Block]
    """Those that are sound, each following the one before."""
    lost: int
    """How many blocks are damaged on the box."""
    first_crc: int | None
    """The checksum that its first block carries; None without blocks."""


class BoxStore:
    """Its tables in a store. Each method is one transaction and raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, serial: str) -> list[Known]:
        """All that is known of a box's sessions."""
        row = BoxSessionRow
        query = (
            select(
                row.id,
                row.number,
                row.boots,
                row.power,
                row.blocks,
                row.settings_hash,
                row.first_crc,
                row.pulled,
                SegmentRow.session_id,
                SessionRow.started_at,
                SessionRow.dated,
            )
            .join(SegmentRow, SegmentRow.id == row.segment_id)
            .join(SessionRow, SessionRow.id == SegmentRow.session_id)
            .where(row.serial == serial)
            .order_by(row.id)
        )
        with self._database.reading() as connection:
            name = f"What {self._database.where} knows of the sessions on the box {serial}"
            require_sound(connection, row, {"serial": serial}, name=name)
            return [Known(*values) for values in connection.execute(query)]

    def add(
        self,
        origin: Origin,
        arrival: Arrival,
        *,
        started_at: datetime,
        dated: bool,
        settings: dict[str, int | str] | None,
    ) -> int:
        """Put in a session that nobody recorded live: its id.

        settings: None if those it was measured by aren't known.
        """
        rows = metric_rows(arrival.blocks, from_start=True)
        totals = totals_of([rows])
        ended_at = started_at + timedelta(milliseconds=totals.duration_ms) if dated else None
        with self._database.writing() as connection:
            session_id = connection.scalar(
                insert(SessionRow)
                .values(
                    started_at=started_at,
                    dated=dated,
                    ended_at=ended_at,
                    end_reason="ended on the box",
                    complete=True,
                    source=PULLED,
                    box_name=origin.box_name,
                    board=origin.board,
                    firmware=origin.firmware,
                    protocol=origin.protocol,
                    serial=origin.serial,
                    **totals.sums(),
                )
                .returning(SessionRow.id)
            )
            segment_id = connection.scalar(
                insert(SegmentRow)
                .values(
                    session_id=session_id,
                    number=1,
                    settings=settings or {},
                    boot_count=arrival.session.boots or 0,
                    reason="start",
                )
                .returning(SegmentRow.id)
            )
            assert session_id is not None
            assert segment_id is not None
            append_rows(connection, segment_id, METRIC, rows)
            events = _EventWriter(connection, session_id, 1)
            events.add_loss(arrival)
            if settings is None:
                events.add(
                    "note",
                    f"The box had other settings then (hash {arrival.session.settings_hash or '?'})"
                    " than when this session was pulled: they aren't known.",
                )
            connection.execute(
                insert(BoxSessionRow).values(
                    segment_id=segment_id,
                    serial=origin.serial,
                    number=arrival.session.number,
                    **_identity(arrival),
                )
            )
            seal_session(connection, session_id)
        return session_id

    def lay_over(self, known: Known, arrival: Arrival) -> int:
        """Fill the gaps of the session that was recorded live: how many seconds."""
        where = self._database.where
        with self._database.writing() as connection:
            name = f"Session {known.session_id} in {where}"
            require_sound(connection, SessionRow, {"id": known.session_id}, name=name)
            for table in (SegmentRow, EventRow):
                require_sound(connection, table, {"session_id": known.session_id}, name=name)
            is_this = BoxSessionRow.id == known.id
            segment_id = connection.scalar(select(BoxSessionRow.segment_id).where(is_this))
            segments = connection.execute(
                select(SegmentRow.id, SegmentRow.number)
                .filter_by(session_id=known.session_id)
                .order_by(SegmentRow.number)
            ).all()
            walks: list[list[MetricRow]] = []
            before_ms = 0
            events = _EventWriter(connection, known.session_id, 0)
            filled: list[MetricRow] = []
            for row_id, number in segments:
                name = f"Session {known.session_id}, segment {number} in {where}"
                rows = in_order(
                    stored_metrics(connection, row_id, METRIC, name=name),
                    stored_metrics(connection, row_id, BOX, name=name),
                )
                if row_id == segment_id:
                    filled = fill(rows, metric_rows(arrival.blocks))
                    rows = in_order(rows, filled)
                    append_rows(connection, row_id, BOX, filled)
                    at_ms = before_ms + (filled[0].t_ms if filled else 0)
                    events = _EventWriter(connection, known.session_id, number, at_ms)
                walks.append(rows)
                before_ms += rows[-1].t_ms if rows else 0
            if filled:
                events.add("filled", f"{len(filled)} s filled from the box.", len(filled))
            events.add_loss(arrival)
            _bring_up_to_date(
                connection, known.session_id, totals_of(walks), is_longer=bool(filled)
            )
            connection.execute(update(BoxSessionRow).where(is_this).values(**_identity(arrival)))
            seal_session(connection, known.session_id)
        return len(filled)


class _EventWriter:
    """Puts events into a session."""

    def __init__(
        self, connection: Connection, session_id: int, segment_number: int, t_ms: int = 0
    ) -> None:
        self._connection = connection
        self._place = {"session_id": session_id, "segment_number": segment_number, "t_ms": t_ms}

    def add(self, kind: str, text: str, count: int = 1) -> None:
        self._connection.execute(
            insert(EventRow).values(
                **self._place, at=datetime.now(UTC), kind=kind, text=text, count=count
            )
        )

    def add_loss(self, arrival: Arrival) -> None:
        if arrival.lost:
            self.add(
                "lost",
                f"{arrival.lost} of {arrival.session.blocks} blocks of ten seconds are damaged on "
                "the box's flash: they are missing here.",
                arrival.lost,
            )


def _bring_up_to_date(
    connection: Connection, session_id: int, totals: Totals, *, is_longer: bool
) -> None:
    """The session's sums, and its end: a recorder that was killed left it open."""
    row = connection.execute(
        select(SessionRow.started_at, SessionRow.ended_at, SessionRow.complete).where(
            SessionRow.id == session_id
        )
    ).one()
    ended_at = row.started_at + timedelta(milliseconds=totals.duration_ms)
    values: dict[str, object] = {**totals.sums()}
    if not row.complete:
        reason = "the recorder was killed, the box went on"
        values |= {"complete": True, "end_reason": reason, "ended_at": ended_at}
    elif is_longer:
        values["ended_at"] = max(ended_at, row.ended_at or ended_at)
    connection.execute(update(SessionRow).where(SessionRow.id == session_id).values(values))


def _identity(arrival: Arrival) -> dict[str, object]:
    session = arrival.session
    return {
        "boots": session.boots,
        "power": session.power,
        "blocks": session.blocks,
        "settings_hash": session.settings_hash,
        "first_crc": arrival.first_crc,
        "pulled": True,
    }
