"""The store's tables, and how an older store becomes one of today."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    insert,
    inspect,
    text,
    true,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import JSON, TypeDecorator

from beltbox.errors import StoreError
from beltbox.walk.totals import SUMS_VERSION

VERSION = 6
"""The schema's version. Whoever changes a table raises it and adds a step to `STEPS`."""

RAW, METRIC, BOX = "raw", "metric", "box"
"""The kinds of blocks. BOX: metric rows from a box's own session, where METRIC has none."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, kept in UTC: SQLite forgets time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The tables of BeltBox. Their names are prefixed, as a clinic's database holds others."""


class Checked:
    """A row with a checksum over its values (`checksums`).

    None: it was written by a BeltBox that had no checksums, and gets one when it is next written.
    """

    crc: Mapped[int | None] = mapped_column(BigInteger, sort_order=1)


class SchemaRow(Base):
    """One row: the version of all the other tables."""

    __tablename__ = "beltbox_schema"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class SessionRow(Checked, Base):
    """One walk, with its sums, so that a list of sessions needs no blocks."""

    __tablename__ = "beltbox_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str | None] = mapped_column(Text)
    complete: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(Text)
    person: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    box_name: Mapped[str] = mapped_column(Text)
    board: Mapped[str] = mapped_column(Text)
    firmware: Mapped[str] = mapped_column(Text)
    protocol: Mapped[int]
    serial: Mapped[str | None] = mapped_column(Text)
    # False: all that is known is that it was before `started_at`, which keeps the order.
    dated: Mapped[bool] = mapped_column(default=True, server_default=true())

    # What totals.Totals sums up, under the same names.
    duration_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    distance_mm: Mapped[int] = mapped_column(BigInteger, default=0)
    forward_mm: Mapped[int] = mapped_column(BigInteger, default=0)
    backward_mm: Mapped[int] = mapped_column(BigInteger, default=0)
    hands_off_mm: Mapped[int] = mapped_column(BigInteger, default=0)
    light_mm: Mapped[int] = mapped_column(BigInteger, default=0)
    supported_mm: Mapped[int] = mapped_column(BigInteger, default=0)
    heavy_mm: Mapped[int] = mapped_column(BigInteger, default=0)
    steps: Mapped[int | None] = mapped_column(BigInteger)
    grabs: Mapped[int | None] = mapped_column(BigInteger)
    moving_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    reliance_permille_mm: Mapped[int] = mapped_column(BigInteger, default=0)
    reliance_mm: Mapped[int] = mapped_column(BigInteger, default=0)
    rail_mn_mm: Mapped[int] = mapped_column(BigInteger, default=0)
    rail_mm: Mapped[int] = mapped_column(BigInteger, default=0)
    gap_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    gap_mm: Mapped[int] = mapped_column(BigInteger, default=0)
    steps_mm: Mapped[int] = mapped_column(BigInteger, default=0)
    paced_steps: Mapped[int] = mapped_column(BigInteger, default=0)
    paced_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    # totals.SUMS_VERSION by which they were summed up.
    sums_version: Mapped[int] = mapped_column(default=SUMS_VERSION)

    # Sums of the events' counts.
    damaged_count: Mapped[int] = mapped_column(BigInteger, default=0)
    missing_count: Mapped[int] = mapped_column(BigInteger, default=0)

    # Made when the session begins: what waited in a file beside the store finds its session by it.
    key: Mapped[str | None] = mapped_column(Text)
    # How many rows of other tables belong to it, so that one that got lost is noticed.
    segment_count: Mapped[int | None]
    event_count: Mapped[int | None]


class SegmentRow(Checked, Base):
    """A stretch in which the box counted on from one zero."""

    __tablename__ = "beltbox_segment"
    __table_args__ = (UniqueConstraint("session_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("beltbox_session.id"))
    number: Mapped[int]
    settings: Mapped[dict[str, int | str]] = mapped_column(JSON)
    boot_count: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    first_t_us: Mapped[int | None] = mapped_column(BigInteger)
    # The time before its zero in which nothing was measured; unknown in older stores.
    break_ms: Mapped[int | None] = mapped_column(BigInteger)
    # How many rows its blocks of each kind hold.
    raw_count: Mapped[int | None] = mapped_column(BigInteger)
    metric_count: Mapped[int | None] = mapped_column(BigInteger)
    box_count: Mapped[int | None] = mapped_column(BigInteger)


class BoxSessionRow(Checked, Base):
    """A session that a box kept by itself, and the segment in which it is here.

    Until it was pulled it was only heard of while the segment was recorded: then `boots`, `power`
    and `random` are all that is known of it. Numbers, `boots` and `power` begin anew when a box's
    flash is erased, so they aren't unique; `random` was made with the box's file.
    """

    __tablename__ = "beltbox_box_session"
    __table_args__ = (Index("beltbox_box_session_of", "serial", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    segment_id: Mapped[int] = mapped_column(ForeignKey("beltbox_segment.id"))
    serial: Mapped[str] = mapped_column(Text)
    number: Mapped[int] = mapped_column(BigInteger)
    boots: Mapped[int | None] = mapped_column(BigInteger)
    power: Mapped[int | None] = mapped_column(BigInteger)
    blocks: Mapped[int | None] = mapped_column(BigInteger)
    settings_hash: Mapped[str | None] = mapped_column(Text)
    first_crc: Mapped[int | None]
    pulled: Mapped[bool] = mapped_column(default=False)
    # None: of older firmware, or noted by an older program.
    random: Mapped[int | None]


class BlockRow(Checked, Base):
    """Rows that follow each other, packed by `columns.encode`."""

    __tablename__ = "beltbox_block"
    __table_args__ = (UniqueConstraint("segment_id", "kind", "first_row"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    segment_id: Mapped[int] = mapped_column(ForeignKey("beltbox_segment.id"))
    kind: Mapped[str] = mapped_column(String(8))
    first_row: Mapped[int] = mapped_column(BigInteger)
    row_count: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class EventRow(Checked, Base):
    """Something that happened in a session."""

    __tablename__ = "beltbox_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("beltbox_session.id"), index=True)
    segment_number: Mapped[int]
    t_ms: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    count: Mapped[int] = mapped_column(BigInteger)


class CalibrationRow(Checked, Base):
    """The card of a calibration (card.py), with the columns that a search for it needs."""

    __tablename__ = "beltbox_calibration"

    id: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    serial: Mapped[str] = mapped_column(Text)
    box_name: Mapped[str] = mapped_column(Text)
    part: Mapped[str] = mapped_column(Text)
    card: Mapped[dict[str, Any]] = mapped_column(JSON)


def stored_version(connection: Connection, where: str) -> int | None:
    """The version of the tables in this database; None when it has none yet.

    Raises StoreError when the database belongs to something else.
    """
    tables = inspect(connection).get_table_names()
    if SchemaRow.__tablename__ not in tables:
        # A server's database may be shared; a file is either ours or isn't.
        if tables and connection.dialect.name == "sqlite":
            raise StoreError(
                f"{where} is a SQLite database, but not a BeltBox store: it holds "
                f"{_listed(tables)}. Name another file with --store."
            )
        return None
    version: object = connection.scalar(text(f"SELECT version FROM {SchemaRow.__tablename__}"))
    if not isinstance(version, int) or version < 1:
        raise StoreError(
            f"{where} doesn't say its version: its table {SchemaRow.__tablename__} is empty or "
            "damaged. Restore the store from a backup, or name another with --store."
        )
    for since, (table, column) in _FIRST_IN.items():
        if version < since and table in tables:
            names = [known["name"] for known in inspect(connection).get_columns(table)]
            if column in names:
                raise StoreError(
                    f"{where} is damaged: it says that it has version {version}, but its table "
                    f"{table} is of version {since} or newer. Restore the store from a backup, or "
                    "name another with --store."
                )
    return version


def bring_up_to_date(
    connection: Connection,
    where: str,
    *,
    version: int,
    steps: Mapping[int, Callable[[Connection], None]],
) -> None:
    """Make the tables, or turn an older store into one of `version`, step by step.

    All in the connection's transaction: a step that fails leaves the store as it was.
    Raises StoreError when the store is newer.
    """
    stored = stored_version(connection, where)
    if stored is None:
        Base.metadata.create_all(connection)
        connection.execute(insert(SchemaRow).values(version=version))
        return
    if stored > version:
        raise StoreError(
            f"{where} has version {stored}, and this BeltBox knows up to version {version}: "
            "a newer BeltBox has written it. Update with `pip install --upgrade beltbox`, or name "
            "another store with --store."
        )
    for old in range(stored, version):
        steps[old](connection)
        connection.execute(update(SchemaRow).values(version=old + 1))


def _add_box_sessions(connection: Connection) -> None:
    """From version 1 to 2. In words of its own: the classes above are always today's."""
    key = "SERIAL" if connection.dialect.name == "postgresql" else "INTEGER NOT NULL"
    for statement in (
        "ALTER TABLE beltbox_session ADD COLUMN serial TEXT",
        "ALTER TABLE beltbox_session ADD COLUMN dated BOOLEAN NOT NULL DEFAULT TRUE",
        f"""CREATE TABLE beltbox_box_session (
            id {key} PRIMARY KEY,
            segment_id INTEGER NOT NULL REFERENCES beltbox_segment (id),
            serial TEXT NOT NULL,
            number BIGINT NOT NULL,
            boots BIGINT,
            power BIGINT,
            blocks BIGINT,
            settings_hash TEXT,
            first_crc INTEGER,
            pulled BOOLEAN NOT NULL
        )""",
        "CREATE INDEX beltbox_box_session_of ON beltbox_box_session (serial, number)",
    ):
        connection.execute(text(statement))


def _add_calibrations(connection: Connection) -> None:
    """From version 2 to 3."""
    postgresql = connection.dialect.name == "postgresql"
    connection.execute(
        text(
            f"""CREATE TABLE beltbox_calibration (
                id {"SERIAL" if postgresql else "INTEGER NOT NULL"} PRIMARY KEY,
                made_at {"TIMESTAMP WITH TIME ZONE" if postgresql else "DATETIME"} NOT NULL,
                serial TEXT NOT NULL,
                box_name TEXT NOT NULL,
                part TEXT NOT NULL,
                card JSON NOT NULL
            )"""
        )
    )


def _add_random(connection: Connection) -> None:
    """From version 3 to 4."""
    connection.execute(text("ALTER TABLE beltbox_box_session ADD COLUMN random INTEGER"))


def _add_bases_and_breaks(connection: Connection) -> None:
    """From version 4 to 5. The sums stay of version 1 until old_sums.py makes them anew.

    Sessions that ended before they started were recorded while the computer's clock was set back:
    their end is right, as the later time.
    """
    for statement in (
        "ALTER TABLE beltbox_segment ADD COLUMN break_ms BIGINT",
        *(
            f"ALTER TABLE beltbox_session ADD COLUMN {name} BIGINT NOT NULL DEFAULT 0"
            for name in ("gap_ms", "gap_mm", "steps_mm", "paced_steps", "paced_ms")
        ),
        "ALTER TABLE beltbox_session ADD COLUMN sums_version INTEGER NOT NULL DEFAULT 1",
        "UPDATE beltbox_session SET steps_mm = distance_mm, paced_ms = moving_ms, "
        "paced_steps = COALESCE(steps, 0)",
    ):
        connection.execute(text(statement))
    moments = text("SELECT id, started_at, ended_at, duration_ms FROM beltbox_session")
    for row in connection.execute(moments.columns(started_at=UtcDateTime, ended_at=UtcDateTime)):
        if row.ended_at is not None and row.ended_at < row.started_at:
            connection.execute(
                text("UPDATE beltbox_session SET started_at = :at WHERE id = :id").bindparams(
                    bindparam("at", type_=UtcDateTime)
                ),
                {"id": row.id, "at": row.ended_at - timedelta(milliseconds=row.duration_ms)},
            )


def _add_checksums(connection: Connection) -> None:
    """From version 5 to 6. The rows that are there are unchecked until they are written again."""
    columns = {
        "session": ("key TEXT", "segment_count INTEGER", "event_count INTEGER"),
        "segment": ("raw_count BIGINT", "metric_count BIGINT", "box_count BIGINT"),
        **dict.fromkeys(("event", "block", "box_session", "calibration"), ()),
    }
    for table, added in columns.items():
        for column in (*added, "crc BIGINT"):
            connection.execute(text(f"ALTER TABLE beltbox_{table} ADD COLUMN {column}"))


STEPS: Mapping[int, Callable[[Connection], None]] = {
    1: _add_box_sessions,
    2: _add_calibrations,
    3: _add_random,
    4: _add_bases_and_breaks,
    5: _add_checksums,
}
"""For each older version n, what turns a store of version n into one of version n + 1."""


_FIRST_IN = {
    2: ("beltbox_session", "serial"),
    3: ("beltbox_calibration", "card"),
    4: ("beltbox_box_session", "random"),
    5: ("beltbox_session", "sums_version"),
    6: ("beltbox_session", "crc"),
}
"""A column that each version was the first to have."""


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in sorted(names)[:3])
    return shown + (f" and {len(names) - 3} more tables" if len(names) > 3 else "")
