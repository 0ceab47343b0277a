"""What a store didn't take until its recorder ended: a file beside it, and how it gets in later.

The file is a store by itself. Each session in it has the key that it has in the store, and each
block its place, so that what the store has already of a session is continued, and adding a file
twice changes nothing. For the same reason any other store can be added, such as that of another
computer.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, func, select, update

from beltbox.errors import StoreError
from beltbox.files import default_store_file
from beltbox.store.checked_rows import read
from beltbox.store.checksums import insert_sealed, seal_session, table_of
from beltbox.store.database import HOW_TO_MEND, Database
from beltbox.store.row_blocks import COUNT_OF
from beltbox.store.schema import (
    Base,
    BlockRow,
    BoxSessionRow,
    CalibrationRow,
    EventRow,
    SegmentRow,
    SessionRow,
)
from beltbox.store.session_writer import SessionWriter
from beltbox.walk.session import PULLED

_WAITING, _ADDED = "-waiting-", "-added-"
_BUSY_S = 10.0

Rows = Mapping[type[Base], list[dict[str, Any]]]

_TABLES: tuple[type[Base], ...] = (
    *(SessionRow, SegmentRow, BlockRow, EventRow, BoxSessionRow, CalibrationRow),
)


@dataclass(frozen=True, slots=True)
class Added:
    """A session of the file, and what became of it."""

    session_id: int
    """In the store."""
    is_new: bool
    rows: int
    """How many rows were added: 0 where the store had it all."""


def write_waiting(writers: Sequence[SessionWriter], where: str, at: datetime) -> Path:
    """Write what these sessions have pending into a new file: its path.

    Beside the store, or where that is impossible in the data folder, the home folder or that for
    temporary files. It is there whole or not at all. Raises StoreError where none can be written.
    """
    store = Path(where) if "://" not in where else default_store_file()
    folders = [store.parent, default_store_file().parent, Path.home(), Path(tempfile.gettempdir())]
    problems: list[str] = []
    for folder in dict.fromkeys(folders):
        name = f"{store.stem}{_WAITING}{at.astimezone():%Y%m%d-%H%M%S}"
        part = folder / f".{name}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = _free(folder, name)
            with closing(Database(part, create=True, busy_timeout_s=_BUSY_S)) as database:
                for writer in writers:
                    writer.write_pending(database)
            part.rename(path)
            return path
        except (StoreError, OSError) as error:
            problems.append(str(error))
        finally:
            with suppress(OSError):
                for left in folder.glob(f"{part.name}*"):
                    left.unlink()
    raise StoreError(f"It can't be written beside the store either: {' '.join(problems)}")


def waiting_files(where: str) -> list[Path]:
    """The files beside this store that wait to be added to it, the oldest first."""
    if "://" in where:
        return []
    store = Path(where)
    return sorted(store.parent.glob(f"{_escaped(store.stem)}{_WAITING}*.sqlite"))


def waiting_words(where: str) -> list[str]:
    """A line for a person about each of these files, and what to do about it."""
    return [
        f"{file} waits to be added to the store: beltbox store add {file} --store {where}"
        for file in waiting_files(where)
    ]


def add_file(database: Database, path: Path) -> list[Added]:
    """Add to the store what it hasn't yet of the sessions and calibrations in another store.

    All of it or, where something goes wrong, nothing. Raises StoreError. A file that
    `write_waiting` made is then renamed, so that it doesn't wait any longer.
    """
    if path.resolve() == Path(database.where).resolve():
        raise StoreError(f"{path} is the store itself: there is nothing to add.")
    with (
        closing(Database(path, create=False, busy_timeout_s=_BUSY_S, read_only=True)) as other,
        other.reading() as source,
        database.writing() as target,
    ):
        rows: Rows = {table: _sound(source, table, other) for table in _TABLES}
        added = [_add_session(target, session, rows) for session in rows[SessionRow]]
        for card in rows[CalibrationRow]:
            _add_card(target, card)
    if _WAITING in path.name:
        with suppress(OSError):
            path.rename(_free(path.parent, path.stem.replace(_WAITING, _ADDED)))
    return added


def _sound(source: Connection, table: type[Base], other: Database) -> list[dict[str, Any]]:
    rows = read(source, table)
    if other.damage or any(row.is_damaged for row in rows):
        raise StoreError(
            f"{other.where} is damaged, so nothing of it was added. "
            f"{HOW_TO_MEND.format(other.where)}"
        )
    return [row.values for row in rows]


def _add_session(target: Connection, session: dict[str, Any], rows: Rows) -> Added:
    session_id = _known_session(target, session)
    is_new = session_id is None
    if is_new:
        pulled_id = _pulled_before(target, session, rows)
        if pulled_id is not None:
            return Added(pulled_id, is_new=False, rows=0)
    if session_id is None:
        session_id = insert_sealed(target, SessionRow, session)
    added = 0
    for segment in _of(rows[SegmentRow], session_id=session["id"]):
        segment_id = target.scalar(
            select(SegmentRow.id).filter_by(session_id=session_id, number=segment["number"])
        )
        if segment_id is None:
            # Its rows are counted again: this may be a part of them only.
            counts = dict.fromkeys(COUNT_OF.values(), 0)
            segment_id = insert_sealed(
                target, SegmentRow, {**segment, "session_id": session_id, **counts}
            )
        for kind in COUNT_OF:
            blocks = _of(rows[BlockRow], segment_id=segment["id"], kind=kind)
            added += _add_blocks(target, segment_id, kind, blocks)
        for box_session in _of(rows[BoxSessionRow], segment_id=segment["id"]):
            same = {name: box_session[name] for name in ("serial", "number", "boots")}
            _insert_once(target, BoxSessionRow, box_session, {"segment_id": segment_id, **same})
    for event in _of(rows[EventRow], session_id=session["id"]):
        same = {name: event[name] for name in ("at", "kind", "text", "segment_number")}
        _insert_once(target, EventRow, event, {"session_id": session_id, **same})
    is_ahead = select(SessionRow.complete, SessionRow.duration_ms).filter_by(id=session_id)
    complete, duration_ms = target.execute(is_ahead).one()
    if added or session["duration_ms"] > duration_ms or (session["complete"] and not complete):
        kept = ("id", "key", "crc", "started_at", "segment_count", "event_count")
        values = {name: value for name, value in session.items() if name not in kept}
        target.execute(update(SessionRow).where(SessionRow.id == session_id).values(values))
    seal_session(target, session_id)
    return Added(session_id, is_new, added)


def _known_session(target: Connection, session: dict[str, Any]) -> int | None:
    """The session in the store: by its key or, of an older BeltBox, by its start and its box."""
    names = ("key",) if session["key"] else ("started_at", "serial", "box_name", "source")
    return _find(target, SessionRow, {name: session[name] for name in names})


def _pulled_before(target: Connection, session: dict[str, Any], rows: Rows) -> int | None:
    """The session in the store that holds what both stores have pulled from one box.

    Each pull makes a session of its own, with a start that it reckons itself. The box's file is
    the same in all that the box says of it.
    """
    names = ("serial", "number", "boots", "power", "blocks", "settings_hash", "first_crc", "random")
    if session["source"] != PULLED:
        return None
    for segment in _of(rows[SegmentRow], session_id=session["id"]):
        for box_session in _of(rows[BoxSessionRow], segment_id=segment["id"], pulled=True):
            same = {name: box_session[name] for name in names}
            found = _find(target, BoxSessionRow, same | {"pulled": True})
            if found is not None:
                is_found = BoxSessionRow.id == found
                segment_id = target.scalar(select(BoxSessionRow.segment_id).where(is_found))
                return target.scalar(select(SegmentRow.session_id).filter_by(id=segment_id))
    return None


def _add_blocks(
    target: Connection, segment_id: int, kind: str, blocks: list[dict[str, Any]]
) -> int:
    """How many rows were added."""
    is_it = and_(BlockRow.segment_id == segment_id, BlockRow.kind == kind)
    before: int = target.scalar(select(func.sum(BlockRow.row_count)).where(is_it)) or 0
    count = before
    for block in sorted(blocks, key=lambda values: values["first_row"]):
        first_row, end = block["first_row"], block["first_row"] + block["row_count"]
        if end <= count:
            continue
        if first_row > count:
            raise StoreError(
                f"The rows {count + 1} to {first_row} before those in the file aren't in the "
                "store: it isn't the store that the file was written for, or an older copy of it. "
                "Name that one with --store. Nothing was added."
            )
        # A large block takes the place of small ones that hold a part of its rows.
        target.execute(delete(BlockRow).where(is_it, BlockRow.first_row >= first_row))
        insert_sealed(target, BlockRow, {**block, "segment_id": segment_id})
        count = end
    if count > before:
        counted = {COUNT_OF[kind]: count}
        target.execute(update(SegmentRow).where(SegmentRow.id == segment_id).values(counted))
    return count - before


def _add_card(target: Connection, card: dict[str, Any]) -> None:
    same = {name: card[name] for name in ("made_at", "serial", "box_name", "part")}
    _insert_once(target, CalibrationRow, card, same)


def _insert_once(
    target: Connection, table: type[Base], values: dict[str, Any], same: dict[str, Any]
) -> None:
    """Insert a row, unless one that has the same in these columns is there."""
    if _find(target, table, same) is None:
        insert_sealed(target, table, {**values, **same})


def _find(target: Connection, table: type[Base], same: dict[str, Any]) -> int | None:
    columns: Table = table_of(table)
    conditions = [
        columns.c[name].is_(None) if value is None else columns.c[name] == value
        for name, value in same.items()
    ]
    return target.scalar(select(columns.c.id).where(*conditions).limit(1))


def _of(rows: list[dict[str, Any]], **same: object) -> list[dict[str, Any]]:
    return [row for row in rows if all(row[name] == value for name, value in same.items())]


def _free(folder: Path, stem: str) -> Path:
    """A name that no file in the folder has."""
    path, number = folder / f"{stem}.sqlite", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.sqlite"
    return path


def _escaped(name: str) -> str:
    """The name, of which `glob` takes nothing as a pattern."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)
