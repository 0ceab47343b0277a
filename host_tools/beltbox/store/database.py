"""Opening the database behind the store, and its errors in plain words."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from beltbox.errors import StoreError
from beltbox.files import database_beside, default_store_file
from beltbox.store import schema

_BEGIN = "beltbox_begin"
_ALMOST_FULL_BYTES = 1 << 20
_NO_FILE = "--store {} names no file. Write a path, or sqlite:///folder/file.sqlite."


def default_store_url() -> str:
    """The default store's URL."""
    return URL.create("sqlite", database=str(default_store_file())).render_as_string()


class Database:
    """An open database whose tables are up to date.

    `where` is what people read: the file's path, or the URL without its password.
    """

    def __init__(self, where: str | Path | None, *, create: bool, busy_timeout_s: float) -> None:
        url = _url_of(where)
        is_sqlite = url.get_backend_name() == "sqlite"
        self.where = str(url.database) if is_sqlite else url.render_as_string(hide_password=True)
        if is_sqlite:
            _prepare_file(Path(self.where), create=create)
        self._folder = Path(self.where).parent if is_sqlite else None
        self._engine = _engine_of(url, busy_timeout_s)
        # SQLite must take the write lock at once: to read first and then write fails, without any
        # waiting, when another recorder wrote in between.
        self._write_engine = self._engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        try:
            self._bring_up_to_date(is_sqlite)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """One consistent view. Raises StoreError."""
        with self.plain_words("read"), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """One transaction: all of it is kept, or nothing. Raises StoreError."""
        with self.plain_words("write"), self._write_engine.begin() as connection:
            yield connection

    @contextmanager
    def plain_words(self, doing: str) -> Generator[None]:
        """Turn the database's errors into StoreErrors."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            raise StoreError(self._explained(error, doing)) from error

    def _bring_up_to_date(self, is_sqlite: bool) -> None:
        with self.reading() as connection:
            version = schema.stored_version(connection, self.where)
        if version == schema.VERSION:
            return
        if is_sqlite and version is None:
            # Kept in the file. Readers and recorders then don't wait for each other.
            with self.plain_words("write"), self._engine.connect() as connection:
                raw = connection.connection.driver_connection
                assert isinstance(raw, sqlite3.Connection)
                raw.execute("PRAGMA journal_mode = WAL")
        with self.writing() as connection:
            schema.bring_up_to_date(
                connection, self.where, version=schema.VERSION, steps=schema.STEPS
            )

    def _explained(self, error: DBAPIError | sqlite3.Error, doing: str) -> str:
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = cause.sqlite_errorname if isinstance(cause, sqlite3.Error) else ""
        reason = str(cause).strip().split("\n")[0]
        if code == "SQLITE_FULL" or (code.startswith("SQLITE_IOERR") and self._disk_is_full()):
            return (
                f"The disk is full: {self.where} can't grow. What was recorded until now is kept. "
                "Free some space, or name a store on another disk with --store."
            )
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return (
                f"{self.where} is locked: another program has been writing to it for long. "
                "Close that program (a database browser, a backup?) and try again."
            )
        if code.startswith("SQLITE_NOTADB"):
            return (
                f"{self.where} is not a BeltBox store: it isn't a SQLite file. "
                "Name another file with --store."
            )
        if code.startswith("SQLITE_CORRUPT"):
            return (
                f"{self.where} is damaged: {reason}. Restore it from a backup, or name another "
                "store with --store."
            )
        if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
            return (
                f"Can't {doing} {self.where}: {reason}. SQLite must be able to write the file and "
                "its folder. Change their permissions, or name another store with --store."
            )
        return f"Can't {doing} the store {self.where}: {reason}. Check that it can be reached."

    def _disk_is_full(self) -> bool:
        if self._folder is None:
            return False
        try:
            return shutil.disk_usage(self._folder).free < _ALMOST_FULL_BYTES
        except OSError:
            return False


def _url_of(where: str | Path | None) -> URL:
    if where is None:
        return make_url(default_store_url())
    if str(where) == ":memory:":
        raise StoreError(_NO_FILE.format(where))
    if isinstance(where, Path) or "://" not in where:
        return URL.create("sqlite", database=str(where))
    try:
        url = make_url(where)
    except ArgumentError as error:
        raise StoreError(
            f"--store {where} is not a URL that can be read. Give a file, or a URL such as "
            "postgresql+psycopg://user@host/database."
        ) from error
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise StoreError(_NO_FILE.format(where))
    return url


def _prepare_file(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise StoreError(f"{path} is a folder. Name a file in it, such as {path / 'my.sqlite'}.")
    owner = database_beside(path)
    if owner is not None:
        raise StoreError(
            f"{path} belongs to the store {owner}: SQLite keeps there what was written last. Name "
            f"the store itself: --store {owner}"
        )
    if not create and not path.exists():
        raise StoreError(
            f"There is no store at {path}. Check the path after --store; `beltbox record` and "
            "`beltbox calibrate` make one."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"Can't make the folder {path.parent} for the store: {error.strerror}. "
            "Change its permissions, or name another store with --store."
        ) from error


def _engine_of(url: URL, busy_timeout_s: float) -> Engine:
    is_sqlite = url.get_backend_name() == "sqlite"
    try:
        engine = create_engine(url, connect_args={"timeout": busy_timeout_s} if is_sqlite else {})
    except NoSuchModuleError as error:
        raise StoreError(
            f"BeltBox doesn't know the kind of database {url.drivername!r}. Give a file, or a URL "
            "that begins with sqlite:/// or postgresql+psycopg://."
        ) from error
    except ModuleNotFoundError as error:
        raise StoreError(
            f"The store {url.render_as_string(hide_password=True)} needs the Python package "
            f"{error.name}. Install it with `pip install {error.name}`."
        ) from error
    if is_sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    # A commit is on the disk when it returns, also when the power fails right after.
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    # Python's sqlite3 would begin only at the first INSERT, UPDATE or DELETE.
    begin: str = connection.get_execution_options().get(_BEGIN, "BEGIN")
    connection.exec_driver_sql(begin)
