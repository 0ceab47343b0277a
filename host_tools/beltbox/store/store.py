"""The store: sessions, kept in SQLite or in any other database that SQLAlchemy reaches.

A session is what one person walked. It has segments; a segment is a stretch in which the box
counted on from one zero, so a reset of the box begins a new one. Its rows are kept in blocks
(`columns`), its sums in the session's own row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from sqlalchemy import insert, select
from sqlalchemy.orm import Session as DbSession

from beltbox.errors import StoreError
from beltbox.store.database import Database
from beltbox.store.old_sums import bring_sums_up_to_date, count_old_sums
from beltbox.store.row_blocks import stored_metrics, stored_rows
from beltbox.store.schema import BOX, METRIC, RAW, EventRow, SegmentRow, SessionRow
from beltbox.store.session_writer import SessionWriter
from beltbox.walk.overlay import in_order
from beltbox.walk.rows import RawRow
from beltbox.walk.session import Event, Segment, Session, SessionSummary
from beltbox.walk.totals import SUM_NAMES, Totals
from beltbox.words import NAME_LONGEST, clean, cleaned


def open_store(
    where: str | Path | None = None, *, create: bool = True, busy_timeout_s: float = 10.0
) -> Store:
    """Open the store in a file or at a database URL; None is the default store.

    A store that isn't there yet is made, unless `create` is false. An older one is brought up to
    date. Another program's lock is waited for up to `busy_timeout_s`. Raises StoreError.
    """
    return Store(Database(where, create=create, busy_timeout_s=busy_timeout_s))


class Store:
    """An open store. Use it in a `with`, or call `close`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        """For what keeps tables of its own in it: cards, and the sessions that boxes kept."""

    @property
    def where(self) -> str:
        """The file's path, or the URL without its password."""
        return self.database.where

    def close(self) -> None:
        """Let go of the database. Sessions being written must be closed before."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def start_session(
        self,
        *,
        started_at: datetime,
        box_name: str,
        board: str,
        firmware: str,
        protocol: int,
        person: str | None = None,
        title: str | None = None,
        source: str = "live",
        serial: str | None = None,
    ) -> SessionWriter:
        """Begin a session; it is in the store from now on. `started_at` needs a time zone."""
        with self.database.writing() as connection:
            session_id = connection.scalar(
                insert(SessionRow)
                .values(
                    started_at=started_at,
                    box_name=box_name,
                    board=board,
                    firmware=firmware,
                    protocol=protocol,
                    person=person,
                    title=title,
                    source=source,
                    serial=serial,
                )
                .returning(SessionRow.id)
            )
        assert session_id is not None
        return SessionWriter(self.database, session_id)

    def old_sums(self) -> int:
        """Of how many sessions the sums are an older BeltBox's: the next reading makes them anew.

        That takes a third of a second for each hour that was recorded.
        """
        return count_old_sums(self.database)

    def sessions(self) -> list[SessionSummary]:
        """All sessions, the newest first."""
        older = bring_sums_up_to_date(self.database)
        newest = select(SessionRow).order_by(SessionRow.started_at.desc(), SessionRow.id.desc())
        with self.database.reading() as connection, DbSession(connection) as db:
            return [_summary(row, older.get(row.id)) for row in db.scalars(newest)]

    def settings(self) -> dict[int, list[dict[str, int | str]]]:
        """The settings of each session's segments, in their order, by the session's id."""
        settings: dict[int, list[dict[str, int | str]]] = {}
        in_order = select(SegmentRow).order_by(SegmentRow.session_id, SegmentRow.number)
        with self.database.reading() as connection, DbSession(connection) as db:
            for row in db.scalars(in_order):
                settings.setdefault(row.session_id, []).append(_settings(row))
        return settings

    def latest_id(self) -> int | None:
        """The id of the session that started last; None in an empty store."""
        newest = select(SessionRow.id).order_by(SessionRow.started_at.desc(), SessionRow.id.desc())
        with self.database.reading() as connection:
            return connection.scalar(newest.limit(1))

    def load(self, session_id: int, *, with_raw: bool = True) -> Session:
        """A session with its rows; without `with_raw` the raw rows are left out, which is faster.

        Raises StoreError when there is no such session or a block of it is damaged.
        """
        older = bring_sums_up_to_date(self.database)
        with self.database.reading() as connection, DbSession(connection) as db:
            row = db.get(SessionRow, session_id)
            if row is None:
                raise StoreError(self._unknown(session_id, db.scalars(select(SessionRow.id)).all()))
            segments = db.scalars(
                select(SegmentRow).filter_by(session_id=session_id).order_by(SegmentRow.number)
            )
            events = db.scalars(
                select(EventRow).filter_by(session_id=session_id).order_by(EventRow.id)
            )
            return Session(
                summary=_summary(row, older.get(row.id)),
                segments=[self._segment(db, segment, with_raw) for segment in segments],
                events=[
                    Event(
                        clean(event.kind),
                        clean(event.text),
                        event.count,
                        event.t_ms,
                        event.at,
                        event.segment_number,
                    )
                    for event in events
                ],
            )

    def _unknown(self, session_id: int, ids: Sequence[int]) -> str:
        if not ids:
            return (
                f"There is no session {session_id}: {self.where} holds no sessions yet. "
                "Record one with `beltbox record`."
            )
        return (
            f"There is no session {session_id} in {self.where}. It holds {_ranges(ids)}; "
            "`beltbox sessions` lists them."
        )

    def _segment(self, db: DbSession, row: SegmentRow, with_raw: bool) -> Segment:
        connection = db.connection()
        name = f"Session {row.session_id}, segment {row.number} in {self.where}"
        raw = stored_rows(connection, row.id, RAW, name=name) if with_raw else ()
        live = stored_metrics(connection, row.id, METRIC, name=name)
        # In the order in which they were pulled, which may be another.
        box = in_order(stored_metrics(connection, row.id, BOX, name=name))
        return Segment(
            settings=_settings(row),
            boot_count=row.boot_count,
            reason=clean(row.reason),
            first_t_us=row.first_t_us,
            raw=[RawRow(*cast(tuple[int, int, int, int], values)) for values in raw],
            metrics=in_order(live, box),
            box=box,
            break_ms=row.break_ms,
        )


def _summary(row: SessionRow, totals: Totals | None = None) -> SessionSummary:
    """totals: those of today, where the row has older ones."""
    values: dict[str, Any] = {
        field.name: getattr(row, field.name)
        for field in fields(SessionSummary)
        if field.name != "totals"
    }
    # An older store, or another program, may have kept anything: see beltbox/words.py.
    values = {
        name: clean(value, NAME_LONGEST) if isinstance(value, str) else value
        for name, value in values.items()
    }
    totals = totals or Totals(**{name: getattr(row, name) for name in SUM_NAMES})
    return SessionSummary(totals=totals, **values)


def _settings(row: SegmentRow) -> dict[str, int | str]:
    return cleaned(row.settings)


def _ranges(ids: Sequence[int]) -> str:
    """1, 2, 3, 7 as "1 to 3, 7"."""
    spans: list[list[int]] = []
    for number in sorted(ids):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{a} to {b}" if a < b else str(a) for a, b in spans)
