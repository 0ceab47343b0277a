"""Rows of tables, read whatever is wrong with them: each is sound, unchecked or damaged.

The database's driver and SQLAlchemy raise on the first value that they can't convert, and SQLite on
the first page that it can't follow, which would hide everything else. So rows are fetched as they
are stored, converted here value by value, and held against their checksums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple, cast

from sqlalchemy import Boolean, Connection, Dialect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import JSON, TypeEngine

from beltbox.errors import StoreError
from beltbox.store.checksums import checksum, table_of
from beltbox.store.schema import Base, SegmentRow, UtcDateTime
from beltcore import settings as declared

Where = Mapping[str, int | str]

# What the driver raises; the second when it can't even read SQLite's words for what is wrong.
_DRIVERS = (DBAPIError, UnicodeDecodeError)
# More than a lifetime of sessions, blocks and events; beyond, an id is damage.
_MOST_IDS = 5_000_000


class State(Enum):
    """What the checksum says of a row."""

    SOUND = "sound"
    UNCHECKED = "unchecked"
    """It has no checksum: an older BeltBox wrote it."""
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """One row. `values`: by the columns' names; None for a value that can't be read."""

    values: dict[str, Any]
    state: State

    @property
    def is_damaged(self) -> bool:
        """Whether a value of it may be wrong, or is missing."""
        return self.state is State.DAMAGED


class _Column(NamedTuple):
    name: str
    convert: Callable[[Any], Any] | None
    kind: type
    is_boolean: bool
    may_be_none: bool


def read(
    connection: Connection, table: type[Base], where: Where | None = None, *, by_table: bool = False
) -> list[CheckedRow]:
    """The rows of `table` whose columns have these values, in the order of their ids.

    by_table: look through the table, not through an index, which may be damaged itself. Raises
    DBAPIError where not even single rows can be read.
    """
    where = where or {}
    name = table_of(table).name
    columns = _columns(table, connection.dialect)
    wanted = ", ".join(f"t.{column.name}" for column in columns)
    # With its sign, a column isn't looked up in an index.
    sign = "+" if by_table else ""
    conditions = " AND ".join(f"{sign}t.{key} = :{key}" for key in where) or "1 = 1"
    query = f"SELECT {wanted} FROM {name} t WHERE {conditions} ORDER BY t.id"
    try:
        rows = connection.execute(text(query), dict(where)).all()
    except _DRIVERS:
        if connection.dialect.name != "sqlite":
            raise
        return list(_one_by_one(connection, table, wanted, where, conditions))
    return [_checked(table, columns, row) for row in rows]


def read_id(connection: Connection, table: type[Base], row_id: int) -> CheckedRow | None:
    """The row with this id; None if there is none."""
    rows = read(connection, table, {"id": row_id})
    return rows[0] if rows else None


def require_sound(connection: Connection, table: type[Base], where: Where, *, name: str) -> None:
    """Raise StoreError where a row that is about to be relied on, or changed, is damaged."""
    if any(row.is_damaged for row in read(connection, table, where)):
        raise StoreError(
            f"{name} is damaged. Nothing was changed. `beltbox store check` says what is damaged, "
            "`beltbox store repair NEWFILE` saves what is sound into a new store.",
            brief="the store is damaged",
        )


def _one_by_one(
    connection: Connection, table: type[Base], wanted: str, where: Where, conditions: str
) -> Iterator[CheckedRow]:
    """Each row by its id: a page of the file that can't be read hides only its own rows."""
    name = table_of(table).name
    columns = _columns(table, connection.dialect)
    for row_id in _ids(connection, name, where, conditions):
        query = f"SELECT {wanted} FROM {name} t WHERE t.id = :id"
        try:
            row = connection.execute(text(query), {"id": row_id}).one_or_none()
        except _DRIVERS:
            yield CheckedRow(
                {column.name: None for column in columns} | {"id": row_id}, State.DAMAGED
            )
            continue
        if row is not None:
            checked = _checked(table, columns, row)
            if all(checked.values[key] == value for key, value in where.items()):
                yield checked


def _ids(connection: Connection, name: str, where: Where, conditions: str) -> Sequence[int]:
    """The ids, by an index that holds them, or all that there may be. Raises DBAPIError."""
    query = f"SELECT t.id FROM {name} t WHERE {conditions} ORDER BY t.id"
    try:
        ids = connection.execute(text(query), dict(where)).scalars().all()
        return sorted({row_id for row_id in ids if isinstance(row_id, int)})
    except _DRIVERS:
        highest = connection.execute(text(f"SELECT max(t.id) FROM {name} t")).scalar()
        return range(1, min(highest if isinstance(highest, int) else 0, _MOST_IDS) + 1)


def _columns(table: type[Base], dialect: Dialect) -> list[_Column]:
    return [
        _Column(
            column.name,
            cast(
                "Callable[[Any], Any] | None",
                column.type.dialect_impl(dialect).result_processor(dialect, None),
            ),
            _kind(column.type),
            isinstance(column.type, Boolean),
            bool(column.nullable),
        )
        for column in table_of(table).columns
    ]


def _kind(of: TypeEngine[Any]) -> type:
    """Of a column's values: int, str, bool, bytes, datetime or dict."""
    if isinstance(of, UtcDateTime):
        return datetime
    return dict if isinstance(of, JSON) else of.python_type


def _checked(table: type[Base], columns: Sequence[_Column], row: Sequence[Any]) -> CheckedRow:
    values: dict[str, Any] = {}
    is_sound = True
    for column, stored in zip(columns, row, strict=True):
        try:
            values[column.name] = _converted(column, stored)
        except (
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ):
            values[column.name] = None
            is_sound = False
    crc = values["crc"]
    if crc is None and is_sound:
        sound = table is not SegmentRow or _may_be_settings(values["settings"])
        return CheckedRow(values, State.UNCHECKED if sound else State.DAMAGED)
    is_sound = is_sound and crc == checksum(table, values)
    return CheckedRow(values, State.SOUND if is_sound else State.DAMAGED)


def _converted(column: _Column, stored: Any) -> object:
    """The value as the column's type has it. Raises when it can't be one."""
    if stored is None:
        if not column.may_be_none:
            raise ValueError(f"{column.name} is empty")
        return None
    if column.is_boolean and stored not in (0, 1):
        raise ValueError(f"{column.name} is {stored!r}")
    value = stored if column.convert is None else column.convert(stored)
    if not isinstance(value, column.kind) or isinstance(value, bool) != column.is_boolean:
        raise TypeError(f"{column.name} is {stored!r}")
    return cast("object", value)


def _may_be_settings(settings: Mapping[str, object]) -> bool:
    """Whether settings without a checksum are values that a box can have."""
    try:
        for key in settings:
            if key in declared.KEYS:
                declared.check(key, settings[key])
    except declared.SettingsError:
        return False
    return all(isinstance(value, int | str) for value in settings.values())
