"""The store: sessions, kept in SQLite or in any other database that SQLAlchemy reaches.

A session is what one person walked. It has segments; a segment is a stretch in which the box
counted on from one zero, so a reset of the box begins a new one. Its rows are kept in blocks
(`columns`), its sums in the session's own row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from sqlalchemy import Connection

from beltbox.errors import StoreError
from beltbox.store.checked_rows import CheckedRow, State, read, read_id
from beltbox.store.checksums import table_of
from beltbox.store.database import HOW_TO_MEND, Database
from beltbox.store.row_blocks import COUNT_OF, Values, as_metrics, sound_rows
from beltbox.store.schema import BOX, METRIC, RAW, EventRow, SegmentRow, SessionRow
from beltbox.store.session_writer import SessionWriter
from beltbox.walk.overlay import in_order
from beltbox.walk.rows import RawRow
from beltbox.walk.session import Event, Segment, Session, SessionSummary
from beltbox.walk.totals import SUM_NAMES, SUMS_VERSION, Totals, totals_of
from beltbox.words import NAME_LONGEST, clean, cleaned


def open_store(
    where: str | Path | None = None,
    *,
    create: bool = True,
    busy_timeout_s: float = 10.0,
    read_only: bool = False,
) -> Store:
    """Open the store in a file or at a database URL; None is the default store.

    A store that isn't there yet is made, unless `create` is false. An older one is brought up to
    date. Another program's lock is waited for up to `busy_timeout_s`. read_only: nothing of it is
    changed besides, and it may be where nothing can be written. Raises StoreError.
    """
    return Store(
        Database(
            where,
            create=create and not read_only,
            busy_timeout_s=busy_timeout_s,
            read_only=read_only,
        )
    )


class Store:
    """An open store. Use it in a `with`, or call `close`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        """For what keeps tables of its own in it: cards, and the sessions that boxes kept."""
        self._damage: list[str] = []

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

    def start_session(self, **values: Any) -> SessionWriter:
        """Begin a session (`new_session`) that is in the store from now on."""
        writer = self.new_session(**values)
        writer.commit()
        return writer

    def new_session(
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
        """Begin a session; its first commit puts it into the store. `started_at` needs a zone."""
        return SessionWriter(
            self.database,
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

    @property
    def damage(self) -> list[str]:
        """What of all that was read until now is damaged, in words, each once."""
        return list(dict.fromkeys([*self.database.damage, *self._damage]))

    def sessions(self) -> list[SessionSummary]:
        """All sessions, the newest first.

        Sums of an older BeltBox are computed anew from the rows: a third of a second for each hour
        that was recorded. `old_sums.py` keeps them, so that it takes its time only once.
        """
        with self.database.reading() as connection:
            segments = read(connection, SegmentRow)
            rows = read(connection, SessionRow)
            summaries = [
                self._loaded(connection, row, segments, with_raw=False).summary
                if row.is_damaged or _has_old_sums(row)
                else _summary(row.values, tuple(self.database.damage))
                for row in rows
            ]
            known = {row.values["id"] for row in rows}
            lost = {segment.values["session_id"] for segment in segments} - known - {None}
            self._damage += [_LOST.format(session_id, self.where) for session_id in sorted(lost)]
        return sorted(summaries, key=lambda summary: (summary.started_at, summary.id), reverse=True)

    def ids_with_old_sums(self) -> list[int]:
        """The sessions of which the sums are of an older BeltBox's rules."""
        with self.database.reading() as connection:
            rows = read(connection, SessionRow)
        return [row.values["id"] for row in rows if _has_old_sums(row)]

    def settings(self) -> dict[int, list[dict[str, int | str]]]:
        """The settings of each session's segments, in their order, by the session's id.

        Those that are damaged are empty, as if they weren't known.
        """
        settings: dict[int, list[dict[str, int | str]]] = {}
        with self.database.reading() as connection:
            rows = read(connection, SegmentRow)
            for row in sorted(rows, key=lambda row: row.values["number"] or 0):
                if row.is_damaged:
                    self._damage.append(_SEGMENT.format(self._named(row.values)))
                known = {} if row.is_damaged else _settings(row.values)
                settings.setdefault(row.values["session_id"], []).append(known)
        return settings

    def latest_id(self) -> int | None:
        """The id of the session that started last; None in an empty store."""
        with self.database.reading() as connection:
            rows = read(connection, SessionRow)
        latest = max(
            rows,
            key=lambda row: (row.values["started_at"] or _UNKNOWN_START, row.values["id"]),
            default=None,
        )
        return None if latest is None else latest.values["id"]

    def lost_ids(self) -> set[int]:
        """The sessions of which segments are there, but not their own row."""
        with self.database.reading() as connection:
            known = {row.values["id"] for row in read(connection, SessionRow)}
            segments = {row.values["session_id"] for row in read(connection, SegmentRow)}
            return segments - known - {None}

    def segment_rows(self, session_id: int) -> list[CheckedRow]:
        """The rows of a session's segments in their order, sound or not."""
        with self.database.reading() as connection:
            segments = read(connection, SegmentRow, {"session_id": session_id})
            row = read_id(connection, SessionRow, session_id) or _stub(session_id)
            return self._numbered(connection, row, segments, [])

    def unknown_session(self) -> dict[str, Any]:
        """The values of a session of which nothing but its rows is known."""
        values = _mended(_stub(0).values, [])
        return {name: value for name, value in values.items() if name != "id"}

    def load(self, session_id: int, *, with_raw: bool = True, lost_too: bool = False) -> Session:
        """A session with its rows; without `with_raw` the raw rows are left out, which is faster.

        What of it is damaged is left out: `summary.damage` and an event of the kind "hole" say so,
        as `damage` does. lost_too: give also a session whose own row is lost. Raises StoreError
        when there is no such session.
        """
        with self.database.reading() as connection:
            segments = read(connection, SegmentRow, {"session_id": session_id})
            row = read_id(connection, SessionRow, session_id)
            if row is None and segments and lost_too:
                row = _stub(session_id)
            if row is None:
                if segments:
                    raise StoreError(f"{_LOST.format(session_id, self.where)}. {self._advice}")
                ids = [other.values["id"] for other in read(connection, SessionRow)]
                raise StoreError(self._unknown(session_id, ids))
            return self._loaded(connection, row, segments, with_raw=with_raw)

    @property
    def _advice(self) -> str:
        return HOW_TO_MEND.format(self.where)

    def _loaded(
        self,
        connection: Connection,
        row: CheckedRow,
        segments: Sequence[CheckedRow],
        *,
        with_raw: bool,
    ) -> Session:
        """The session of this row; segments: those of it, among others."""
        damage: list[str] = []
        session_id = row.values["id"]
        own = [segment for segment in segments if segment.values["session_id"] == session_id]
        own = self._numbered(connection, row, own, damage)
        loaded = [self._segment(connection, segment, with_raw, damage) for segment in own]
        events = self._events(connection, row, damage)
        values = row.values
        if row.is_damaged:
            damage.insert(0, _SESSION.format(session_id, self.where))
            totals = totals_of([segment.metrics for segment in loaded])
            values = _mended(values, events) | totals.sums()
            for kind, name in (("damaged", "damaged_count"), ("gap", "missing_count")):
                values[name] = sum(event.count for event in events if event.kind == kind)
        elif _has_old_sums(row) and not damage:
            values = values | totals_of([segment.metrics for segment in loaded]).sums()
        self._damage += damage
        damage[:0] = self.database.damage
        summary = _summary(values, tuple(damage))
        events += [Event("hole", text, 1, 0, summary.started_at, 0) for text in damage]
        return Session(summary, loaded, events)

    def _numbered(
        self,
        connection: Connection,
        row: CheckedRow,
        segments: Sequence[CheckedRow],
        damage: list[str],
    ) -> list[CheckedRow]:
        """The session's segments in their order; what is lost or doesn't belong here is noted."""
        count: int | None = None if row.is_damaged else row.values["segment_count"]
        if count is not None and len(segments) < count and self.database.is_file:
            where = {"session_id": row.values["id"]}
            segments = read(connection, SegmentRow, where, by_table=True)
        numbered: dict[int, CheckedRow] = {}
        # Where two have one number, the damaged one isn't it.
        for segment in sorted(segments, key=lambda segment: not segment.is_damaged):
            number = segment.values["number"]
            if isinstance(number, int) and (
                count is None or not segment.is_damaged or number <= count
            ):
                numbered[number] = segment
        missing = [] if count is None else sorted({*range(1, count + 1)} - numbered.keys())
        damage += [
            f"Session {row.values['id']} in {self.where}: its segment {number} is missing"
            for number in missing
        ]
        return [numbered[number] for number in sorted(numbered)]

    def _events(self, connection: Connection, row: CheckedRow, damage: list[str]) -> list[Event]:
        where = {"session_id": row.values["id"]}
        count: int | None = None if row.is_damaged else row.values["event_count"]
        rows = read(connection, EventRow, where)
        sound = [event.values for event in rows if not event.is_damaged]
        if count is not None and len(sound) != count and self.database.is_file:
            rows = read(connection, EventRow, where, by_table=True)
            sound = [event.values for event in rows if not event.is_damaged]
        lost = len(rows) - len(sound) if count is None else count - len(sound)
        if lost:
            name = f"Session {row.values['id']} in {self.where}"
            damage.append(f"{name}: {abs(lost)} of the events noted in it are damaged or missing")
        return [
            Event(
                clean(event["kind"]),
                clean(event["text"]),
                event["count"],
                event["t_ms"],
                event["at"],
                event["segment_number"],
            )
            for event in sound
        ]

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

    def _named(self, segment: Mapping[str, Any]) -> str:
        return f"Session {segment['session_id']}, segment {segment['number']} in {self.where}"

    def _segment(
        self, connection: Connection, row: CheckedRow, with_raw: bool, damage: list[str]
    ) -> Segment:
        values = row.values
        name = self._named(values)
        if row.is_damaged:
            damage.append(_SEGMENT.format(name))

        def rows(kind: str) -> list[Values]:
            count = None if row.is_damaged else values[COUNT_OF[kind]]
            return sound_rows(connection, values["id"], kind, count=count, name=name, damage=damage)

        raw = rows(RAW) if with_raw else ()
        live = as_metrics(rows(METRIC))
        # In the order in which they were pulled, which may be another.
        box = in_order(as_metrics(rows(BOX)))
        return Segment(
            settings={} if row.is_damaged else _settings(values),
            boot_count=values["boot_count"] or 0,
            reason=clean(values["reason"] or "start"),
            first_t_us=values["first_t_us"],
            raw=[RawRow(*cast(tuple[int, int, int, int], columns)) for columns in raw],
            metrics=in_order(live, box),
            box=box,
            break_ms=None if row.is_damaged else values["break_ms"],
        )


_UNKNOWN_START = datetime(1970, 1, 1, tzinfo=UTC)
_LOST = "Session {} in {}: its own row is lost; its measured rows are still there"
_SESSION = (
    "Session {} in {}: its own row is damaged. Its time, its distance and its other sums are "
    "computed again from its measured rows; its date and its names may be wrong"
)
_SEGMENT = "{}: the settings of the box then are damaged, so they count as unknown"
_TEXTS = ("source", "box_name", "board", "firmware")


def _stub(session_id: int) -> CheckedRow:
    """In place of a session's row that is lost."""
    values = dict.fromkeys(table_of(SessionRow).columns.keys())
    return CheckedRow({**values, "id": session_id}, State.DAMAGED)


def _mended(values: Mapping[str, Any], events: Sequence[Event]) -> dict[str, Any]:
    """The values of a damaged row, with something in place of each that must not be missing."""
    mended = dict(values)
    if mended["started_at"] is None:
        first = min((event.at for event in events), default=_UNKNOWN_START)
        mended |= {"started_at": first, "dated": False}
    for name in _TEXTS:
        mended[name] = mended[name] or "?"
    for name in ("protocol", "damaged_count", "missing_count"):
        mended[name] = mended[name] or 0
    mended["complete"] = bool(mended["complete"])
    mended["dated"] = bool(mended["dated"])
    mended["sums_version"] = SUMS_VERSION  # as they are computed again
    return mended


def _summary(values: Mapping[str, Any], damage: tuple[str, ...]) -> SessionSummary:
    names = [field.name for field in fields(SessionSummary)]
    # An older store, or another program, may have kept anything: see beltbox/words.py.
    named: dict[str, Any] = {
        name: clean(values[name], NAME_LONGEST) if isinstance(values[name], str) else values[name]
        for name in names
        if name not in ("totals", "damage")
    }
    totals = Totals(**{name: values[name] for name in SUM_NAMES})
    return SessionSummary(totals=totals, damage=damage, **named)


def _has_old_sums(row: CheckedRow) -> bool:
    """Whether the sums are of an older BeltBox's rules."""
    return not row.is_damaged and row.values["sums_version"] < SUMS_VERSION


def _settings(segment: Mapping[str, Any]) -> dict[str, int | str]:
    return cleaned(segment["settings"])


def _ranges(ids: Sequence[int]) -> str:
    """1, 2, 3, 7 as "1 to 3, 7"."""
    spans: list[list[int]] = []
    for number in sorted(ids):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{a} to {b}" if a < b else str(a) for a, b in spans)
