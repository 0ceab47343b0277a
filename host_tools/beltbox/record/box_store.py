"""The store's side of a pull: sessions of boxes, each here once, seen live or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, insert, select, update

from beltbox.link.box_sessions import Block, BoxSession, metric_rows
from beltbox.store.database import Database
from beltbox.store.row_blocks import append_rows, stored_metrics
from beltbox.store.schema import BOX, METRIC, BoxSessionRow, EventRow, SegmentRow, SessionRow
from beltbox.walk.overlay import fill, in_order
from beltbox.walk.rows import MetricRow
from beltbox.walk.session import PULLED
from beltbox.walk.totals import SUMS_VERSION, Totals, totals_of

# So much a box's dates and this computer's may differ: whole seconds, and the drift of some days.
_APART = timedelta(minutes=2)
# So long may a recording take in all beside what was measured: while the box was away. More is a
# computer's clock that jumped.
_AWAY = timedelta(minutes=10)


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
    random: int | None = None
    ended_at: datetime | None = None
    duration_ms: int = 0
    """Of the session in the store, as `started_at` and `ended_at`."""


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
                row.random,
                SessionRow.ended_at,
                SessionRow.duration_ms,
            )
            .join(SegmentRow, SegmentRow.id == row.segment_id)
            .join(SessionRow, SessionRow.id == SegmentRow.session_id)
            .where(row.serial == serial)
            .order_by(row.id)
        )
        with self._database.reading() as connection:
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
        return session_id

    def lay_over(self, known: Known, arrival: Arrival) -> int:
        """Fill the gaps of the session that was recorded live: how many seconds."""
        where = self._database.where
        with self._database.writing() as connection:
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
        return len(filled)


def find(session: BoxSession, known: Sequence[Known]) -> Known | None:
    """The session as the store knows it: pulled rather than heard of."""
    candidates = [match for match in known if match.number == session.number]
    for match in candidates:
        if (
            match.pulled
            and not has_other_random(session, match)
            and (match.power, match.boots, match.blocks, match.settings_hash)
            == (session.power, session.boots, session.blocks, session.settings_hash)
        ):
            return match
    for match in candidates:
        if not match.pulled and was_recorded_as(session, match):
            return match
    return None


def was_recorded_as(session: BoxSession, match: Known) -> bool:
    """Whether the box's session is the one that was noted while `match` was recorded live.

    Numbers and boots begin anew when a flash is erased, so what both ends know of the session's
    random number decides. Without one (older firmware, an older program, a damaged head) all else
    must agree, and the session must have begun while `match` was recorded: a recording gives the
    box the time, so one without a date is another one. In doubt a session is kept by itself: two
    sessions of one walk can be told apart later, one of two walks can't.
    """
    if session.boots not in (None, match.boots):
        return False
    if session.power is not None and match.power not in (None, session.power):
        return False
    if match.random is not None and session.random is not None:
        return match.random == session.random
    is_head_sound = session.boots is not None
    if match.random is not None and is_head_sound:
        return False  # older firmware wrote it: not the one that had a number
    return session.started_s is not None and is_of_its_time(session, match)


def has_other_random(session: BoxSession, match: Known) -> bool:
    """Whether both have a random number, and not the same."""
    return None not in (session.random, match.random) and session.random != match.random


def is_of_its_time(session: BoxSession, match: Known) -> bool:
    """Whether the session began while `match` was under way, as far as both have a date.

    One whose random number is the same did, whatever the clocks say.
    """
    if session.started_s is None or not match.dated:
        return True
    if session.random is not None and session.random == match.random:
        return True
    started_at = datetime.fromtimestamp(session.started_s, UTC)
    measured_to = match.started_at + timedelta(milliseconds=match.duration_ms)
    ended_at = measured_to if match.ended_at is None else max(measured_to, match.ended_at)
    ended_at = min(ended_at, measured_to + _AWAY)
    return match.started_at - _APART <= started_at <= ended_at + _APART


def of_this_flash(
    sessions: Sequence[BoxSession], known: Sequence[Known], boots: int
) -> list[Known]:
    """What is known of the box since its flash was last erased, as far as that shows.

    Until then it had other sessions of the same numbers, or more starts than it has now (`boots`).
    """
    by_number = {session.number: session for session in sessions}
    last_id = 0
    for match in known:
        session = by_number.get(match.number)
        if (session is not None and has_other_random(session, match)) or (
            match.boots is not None and match.boots > boots > 0
        ):
            last_id = max(last_id, match.id)
    return [match for match in known if match.id > last_id]


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
    values: dict[str, object] = {**totals.sums(), "sums_version": SUMS_VERSION}
    if not row.complete:
        reason = "the recorder was killed, the box went on"
        breaks_ms = connection.scalar(
            select(func.sum(SegmentRow.break_ms)).filter_by(session_id=session_id)
        )
        ended_at += timedelta(milliseconds=int(breaks_ms or 0))
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
        "random": session.random,
        "pulled": True,
    }
