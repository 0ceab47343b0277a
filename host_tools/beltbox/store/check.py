"""What of a store is damaged, and a new store of what is sound."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from beltbox.errors import StoreError
from beltbox.store.checked_rows import CheckedRow, State, read, read_id
from beltbox.store.checksums import insert_sealed, seal_session, table_of
from beltbox.store.database import Database
from beltbox.store.row_blocks import COUNT_OF, append_rows, as_metrics, sound_rows
from beltbox.store.schema import (
    METRIC,
    Base,
    BlockRow,
    BoxSessionRow,
    CalibrationRow,
    EventRow,
    SegmentRow,
    SessionRow,
)
from beltbox.store.store import Store
from beltbox.walk.totals import SUMS_VERSION, totals_of

_TABLES: Sequence[tuple[type[Base], str]] = (
    (SessionRow, "sessions"),
    (SegmentRow, "segments"),
    (BlockRow, "blocks of rows"),
    (EventRow, "events"),
    (BoxSessionRow, "sessions of boxes"),
    (CalibrationRow, "calibrations"),
)
# In place of a segment's row that is lost or damaged.
_SEGMENT: dict[str, Any] = {
    "number": 1,
    "settings": {},
    "boot_count": 0,
    "reason": "start",
    "first_t_us": None,
}
_UNCOUNTED = dict.fromkeys(COUNT_OF.values())
# SQLite's own check says more of the same where much is damaged.
_MOST_LINES = 10


@dataclass(slots=True)
class Condition:
    """What a check found."""

    counts: dict[str, int] = field(default_factory=dict[str, int])
    """How many rows there are of each kind, in words."""
    unchecked: int = 0
    """How many of them have no checksum, because an older BeltBox wrote them."""
    damage: list[str] = field(default_factory=list[str])
    """What is damaged, a sentence each."""


def check(store: Store) -> Condition:
    """Read all of a store, and say what of it is damaged. Raises StoreError where nothing can be.

    Takes about a second for an hour of rows.
    """
    condition = Condition()
    with store.database.reading() as connection:
        condition.damage += _by_sqlite(connection)
        for table, words in _TABLES:
            rows = read(connection, table)
            condition.counts[words] = len(rows)
            condition.unchecked += sum(row.state is State.UNCHECKED for row in rows)
            damaged = sum(row.is_damaged for row in rows)
            if damaged:
                condition.damage.append(f"Of {len(rows)} {words} {damaged} are damaged")
        blocks = sum(_orphans(connection).values())
        if blocks:
            condition.damage.append(f"{blocks} blocks of rows belong to segments that are lost")
        session_ids = _session_ids(connection)
    for session_id in sorted(session_ids | store.lost_ids()):
        store.load(session_id, lost_too=True)
    condition.damage = list(dict.fromkeys([*condition.damage, *store.damage]))
    return condition


def repair(store: Store, path: Path) -> tuple[int, list[str]]:
    """Save what is sound into a new store at `path`: how many sessions, and what is left out.

    Sessions keep their numbers. What is missing of one is noted in it as an event of the kind
    "hole". Rows whose session is lost become a session of their own. The damaged store isn't
    changed. Raises StoreError; then nothing is at `path`.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with (
            closing(Database(part, create=True, busy_timeout_s=0)) as database,
            store.database.reading() as source,
            database.writing() as target,
        ):
            session_ids = sorted(_session_ids(source) | store.lost_ids())
            boxes = read(source, BoxSessionRow)
            for session_id in session_ids:
                places = _copy_session(store, source, target, session_id)
                _copy_sound(target, BoxSessionRow, boxes, "segment_id", places)
                seal_session(target, session_id)
            lost = sum(
                _copy_lost(store, source, target, segment_id) for segment_id in _orphans(source)
            )
            for card in read(source, CalibrationRow):
                if not card.is_damaged:
                    insert_sealed(target, CalibrationRow, card.values)
        part.replace(path)
    except OSError as error:
        raise StoreError(f"Can't write {path}: {error.strerror}. Name another file.") from error
    finally:
        for left in path.parent.glob(f"{part.name}*"):
            with suppress(OSError):
                left.unlink()
    return len(session_ids) + lost, store.damage


def _session_ids(connection: Connection) -> set[int]:
    return {row.values["id"] for row in read(connection, SessionRow)}


def _by_sqlite(connection: Connection) -> list[str]:
    """What SQLite itself says of its file."""
    if connection.dialect.name != "sqlite":
        return []
    try:
        rows = connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST_LINES})").scalars().all()
    except (DBAPIError, UnicodeDecodeError) as error:
        return [f"SQLite can't check the file: {str(error).splitlines()[0]}"]
    lines = [line for row in rows for line in str(row).splitlines()]
    return [f"SQLite says: {line}" for line in lines[:_MOST_LINES] if line != "ok"]


def _orphans(connection: Connection) -> dict[int, int]:
    """How many blocks are there of each segment that isn't there, by the segment's id."""
    known = {row.values["id"] for row in read(connection, SegmentRow)}
    orphans: dict[int, int] = defaultdict(int)
    for row in read(connection, BlockRow):
        if not row.is_damaged and row.values["segment_id"] not in known:
            orphans[row.values["segment_id"]] += 1
    return orphans


def _copy_session(
    store: Store, source: Connection, target: Connection, session_id: int
) -> dict[int, int]:
    """Copy what is sound of a session: the ids of its segments there, by those here."""
    session = store.load(session_id, lost_too=True)
    row = read_id(source, SessionRow, session_id)
    columns = table_of(SessionRow).columns.keys()
    values = {name: getattr(session.summary, name, None) for name in columns}
    values |= session.summary.totals.sums() | {"sums_version": SUMS_VERSION}
    if row is not None and not row.is_damaged:
        values["key"] = row.values["key"]
    insert_sealed(target, SessionRow, values, keeps_id=True)
    places: dict[int, int] = {}
    for segment in store.segment_rows(session_id):
        sound = segment.values
        if segment.is_damaged:
            sound = {**_SEGMENT, "number": sound["number"], "boot_count": sound["boot_count"] or 0}
        new_id = insert_sealed(
            target, SegmentRow, {**sound, "session_id": session_id, **_UNCOUNTED}
        )
        places[segment.values["id"]] = new_id
        _copy_rows(source, target, segment.values["id"], new_id)
    for event in session.events:
        values = {
            "session_id": session_id,
            "segment_number": event.segment,
            "t_ms": event.t_ms,
            "at": event.at,
            "kind": event.kind,
            "text": event.text,
            "count": event.count,
        }
        insert_sealed(target, EventRow, values)
    return places


def _copy_lost(store: Store, source: Connection, target: Connection, segment_id: int) -> int:
    """Make a session of rows whose segment is lost: 1 if there are any."""
    rows = sound_rows(source, segment_id, METRIC, count=None, name="", damage=[])
    totals = totals_of([as_metrics(rows)])
    session_id = insert_sealed(target, SessionRow, {**store.unknown_session(), **totals.sums()})
    new_id = insert_sealed(target, SegmentRow, {**_SEGMENT, "session_id": session_id})
    _copy_rows(source, target, segment_id, new_id)
    seal_session(target, session_id)
    return 1


def _copy_rows(source: Connection, target: Connection, segment_id: int, new_id: int) -> None:
    for kind in COUNT_OF:
        rows = sound_rows(source, segment_id, kind, count=None, name="", damage=[])
        append_rows(target, new_id, kind, rows)


def _copy_sound(
    target: Connection,
    table: type[Base],
    rows: Sequence[CheckedRow],
    owner: str,
    places: Mapping[int, int],
) -> None:
    """Copy the sound ones of those rows whose owner was copied."""
    for row in rows:
        place = places.get(row.values[owner])
        if place is not None and not row.is_damaged:
            insert_sealed(target, table, {**row.values, owner: place})
