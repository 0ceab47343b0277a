"""Opening the database behind the store, and its errors in plain words."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from beltbox.errors import StoreError
from beltbox.files import database_beside, default_store_file
from beltbox.store import schema
from beltbox.store.format.wal import has_log, log_is_damaged, wal_of

HOW_TO_MEND = (
    "`beltbox store check --store {0}` says what is damaged, `beltbox store repair NEWFILE --store "
    "{0}` saves what is sound into a new store. Or restore it from a backup."
)
"""What to do about a damaged store. To be formatted with where it is."""

_BEGIN = "beltbox_begin"
_PATIENCE = "beltbox_patience_s"
_CONNECT_S = 5
_LOCK_TIMEOUT = "55P03"  # PostgreSQL's lock_not_available
# What reading raises where a value isn't of its column's kind.
_NOT_AS_WRITTEN = (
    *(SQLAlchemyError, UnicodeError, ValueError, TypeError, LookupError, AttributeError),
    *(ArithmeticError, RecursionError),
)
_ALMOST_FULL_BYTES = 1 << 20
_NO_FILE = "--store {} names no file. Write a path, or sqlite:///folder/file.sqlite."


def default_store_url() -> str:
    """The default store's URL."""
    return URL.create("sqlite", database=str(default_store_file())).render_as_string()


class Database:
    """An open database whose tables are up to date.

    `where` is what people read: the file's path, or the URL without its password. `damage`: what is
    wrong with the files as such, in words.
    """

    def __init__(
        self,
        where: str | Path | None,
        *,
        create: bool,
        busy_timeout_s: float,
        read_only: bool = False,
    ) -> None:
        """read_only: nothing of a file is changed, but that an older store is brought up to date.

        A file or a disk that can't be written is then read all the same.
        """
        url = _url_of(where)
        self.is_file = url.get_backend_name() == "sqlite"
        self.where = str(url.database) if self.is_file else url.render_as_string()
        if self.is_file:
            _prepare_file(Path(self.where), create=create)
        self.damage: list[str] = []
        self.read_only = read_only and self.is_file
        self._folder = Path(self.where).parent if self.is_file else None
        self._copy: TemporaryDirectory[str] | None = None
        self._engine = self._opened(url, busy_timeout_s)
        try:
            self._bring_up_to_date(url, busy_timeout_s)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()
        if self._copy is not None:
            self._copy.cleanup()

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """One consistent view. Raises StoreError."""
        with self.plain_words("read"):
            try:
                with self._engine.begin() as connection:
                    yield connection
            except _NOT_AS_WRITTEN as error:
                # Among them the driver's, when it can't even read what is wrong.
                if isinstance(error, DBAPIError):
                    raise
                raise StoreError(
                    f"{self.where} is damaged: a value in it isn't one that was written there "
                    f"({type(error).__name__}). {HOW_TO_MEND.format(self.where)}",
                    brief="the store is damaged",
                ) from error

    @contextmanager
    def writing(self, patience_s: float | None = None) -> Generator[Connection]:
        """One transaction: all of it is kept, or nothing. Raises StoreError.

        patience_s: how long another program's lock is waited for, in place of the usual time.
        """
        if self.read_only:
            raise StoreError(f"{self.where} was opened to be read only.")
        # SQLite must take the write lock at once: to read first and then write fails, without any
        # waiting, when another recorder wrote in between.
        options: dict[str, Any] = {_BEGIN: "BEGIN IMMEDIATE", _PATIENCE: patience_s}
        engine = self._engine.execution_options(**options)
        with self.plain_words("write"), engine.begin() as connection:
            if patience_s is not None and connection.dialect.name == "postgresql":
                milliseconds = max(1, round(1000 * patience_s))
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")
            yield connection

    @contextmanager
    def plain_words(self, doing: str) -> Generator[None]:
        """Turn the database's errors into StoreErrors."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            raise self._explained(error, doing) from error

    def _opened(self, url: URL, busy_timeout_s: float) -> Engine:
        """An engine; of a file that is only to be read, in the way that suits its state."""
        if not self.read_only:
            return _engine_of(url, busy_timeout_s)
        path = Path(self.where)
        may_write = _may_write(path)
        if not has_log(path):
            # Without a log SQLite leaves nothing behind; where it can't make one, it needs none.
            return _engine_of(url, busy_timeout_s, how="mode=rw" if may_write else "immutable=1")
        # The last who closes a file moves the log into it, unless it was opened to be read.
        if may_write or path.with_name(path.name + "-shm").exists():
            return _engine_of(url, busy_timeout_s, how="mode=ro")
        return self._of_a_copy(busy_timeout_s)

    def _of_a_copy(self, busy_timeout_s: float) -> Engine:
        """The engine of a copy, for a file that can be read only where it may be written."""
        self._copy = TemporaryDirectory(prefix="beltbox-")
        path = Path(self.where)
        copy = Path(self._copy.name, path.name)
        try:
            for file in (path, wal_of(path)):
                if file.exists():
                    shutil.copyfile(file, copy.with_name(file.name))
        except OSError as error:
            self._copy.cleanup()
            raise StoreError(
                f"Can't read {self.where}: it can be read only from a copy, and there is no room "
                f"for one in {self._copy.name}: {error.strerror}. Copy it to another disk."
            ) from error
        return _engine_of(URL.create("sqlite", database=str(copy)), busy_timeout_s)

    def _bring_up_to_date(self, url: URL, busy_timeout_s: float) -> None:
        with self.reading() as connection:
            version = schema.stored_version(connection, self.where)
        if self.is_file and self._copy is None and log_is_damaged(Path(self.where)):
            self.damage.append(
                f"{wal_of(Path(self.where))}, where SQLite keeps what was written last, is "
                "damaged: some of that is missing"
            )
        if version == schema.VERSION:
            return
        if self.read_only:
            if version is None:
                raise StoreError(
                    f"{self.where} is empty: there is no store in it. Restore it from a backup, or "
                    "name another store with --store."
                )
            if version < schema.VERSION:
                self._bring_file_up_to_date(url, busy_timeout_s)
                return
        if self.is_file and version is None:
            # Kept in the file. Readers and recorders then don't wait for each other.
            with self.plain_words("write"), self._engine.connect() as connection:
                raw = connection.connection.driver_connection
                assert isinstance(raw, sqlite3.Connection)
                raw.execute("PRAGMA journal_mode = WAL")
        engine = self._engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        with self.plain_words("write"), engine.begin() as connection:
            schema.bring_up_to_date(
                connection, self.where, version=schema.VERSION, steps=schema.STEPS
            )

    def _bring_file_up_to_date(self, url: URL, busy_timeout_s: float) -> None:
        """For a reader of an older store: the file itself, or where it can't be, a copy."""
        self._engine.dispose()
        self.read_only = False
        path = Path(self.where)
        if _may_write(path):
            self._engine = _engine_of(url, busy_timeout_s)
        else:
            self._engine = self._of_a_copy(busy_timeout_s)
        self._bring_up_to_date(url, busy_timeout_s)
        self.read_only = True

    def _explained(self, error: DBAPIError | sqlite3.Error, doing: str) -> StoreError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = cause.sqlite_errorname if isinstance(cause, sqlite3.Error) else ""
        reason = str(cause).strip().split("\n")[0]
        name = Path(self.where).name if self.is_file else self.where
        if code == "SQLITE_FULL" or (code.startswith("SQLITE_IOERR") and self._disk_is_full()):
            return StoreError(
                f"The disk is full: {self.where} can't grow. What was recorded until now is kept. "
                "Free some space, or name a store on another disk with --store.",
                brief=f"the disk of the store {name} is full",
            )
        is_timeout = getattr(cause, "sqlstate", None) == _LOCK_TIMEOUT
        if is_timeout or code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreError(
                f"{self.where} is locked: another program has been writing to it for long. "
                "Close that program (a database browser, a backup?) and try again.",
                brief=f"the store {name} is locked by another program (a database browser, a "
                "backup?)",
            )
        if code.startswith("SQLITE_NOTADB"):
            return StoreError(
                f"{self.where} is not a BeltBox store: it isn't a SQLite file, or its beginning "
                "is damaged. Name another file with --store, or restore it from a backup."
            )
        if code.startswith("SQLITE_CORRUPT"):
            return StoreError(
                f"{self.where} is damaged: {reason}. {HOW_TO_MEND.format(self.where)}",
                brief=f"the store {name} is damaged",
            )
        if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
            return StoreError(
                f"Can't {doing} {self.where}: {reason}. SQLite must be able to write the file and "
                "its folder. Change their permissions, or name another store with --store.",
                brief=f"the store {name} can't be written",
            )
        if code == "SQLITE_ERROR" and self.is_file:
            return StoreError(
                f"Can't {doing} {self.where}: {reason}. Its tables aren't those of a BeltBox "
                f"store: it is damaged. {HOW_TO_MEND.format(self.where)}",
                brief=f"the store {name} is damaged",
            )
        return StoreError(
            f"Can't {doing} the store {self.where}: {reason}. Check that it can be reached.",
            brief=f"the store {name} can't be reached",
        )

    def _disk_is_full(self) -> bool:
        if self._folder is None:
            return False
        try:
            return shutil.disk_usage(self._folder).free < _ALMOST_FULL_BYTES
        except OSError:
            return False


def _may_write(path: Path) -> bool:
    """Whether SQLite may write this file, and others beside it."""
    by_effective_user = os.access in os.supports_effective_ids
    return all(
        os.access(place, os.W_OK, effective_ids=by_effective_user) for place in (path, path.parent)
    )


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


def _engine_of(url: URL, busy_timeout_s: float, *, how: str = "") -> Engine:
    """The engine; how: SQLite's own words for how a file is to be opened (sqlite.org/uri.html)."""
    is_sqlite = url.get_backend_name() == "sqlite"
    path = Path(str(url.database))
    address = f"{path.absolute().as_uri()}?{how}" if how else str(path)
    arguments: dict[str, Any] = {}
    if is_sqlite:
        arguments = {"timeout": busy_timeout_s, "uri": bool(how)}
    elif url.drivername.startswith("postgresql+psycopg"):
        # A server that is away is given up soon: a recorder has its port to read.
        arguments = {"connect_timeout": _CONNECT_S}
    try:
        if is_sqlite:
            engine = create_engine(
                url, creator=partial(sqlite3.connect, address, check_same_thread=False, **arguments)
            )
        else:
            engine = create_engine(url, connect_args=arguments, pool_pre_ping=True)
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
        event.listen(engine, "connect", partial(_set_up_sqlite, only_read=bool(how)))
        event.listen(engine, "begin", partial(_begin_sqlite, busy_timeout_s))
    return engine


def _set_up_sqlite(connection: Any, _record: object, *, only_read: bool) -> None:
    # What isn't text is damage, and for the checksums to find; the driver would raise.
    connection.text_factory = _decoded
    connection.execute("PRAGMA foreign_keys = ON")
    # A commit is on the disk when it returns, also when the power fails right after.
    connection.execute("PRAGMA synchronous = FULL")
    if only_read:
        connection.execute("PRAGMA query_only = ON")


def _decoded(text: bytes) -> str:
    return text.decode(errors="backslashreplace")


def _begin_sqlite(busy_timeout_s: float, connection: Connection) -> None:
    options = connection.get_execution_options()
    patience_s = options.get(_PATIENCE)
    wait_s = busy_timeout_s if patience_s is None else patience_s
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(1000 * wait_s)}")
    # Python's sqlite3 would begin only at the first INSERT, UPDATE or DELETE.
    begin: str = options.get(_BEGIN, "BEGIN")
    connection.exec_driver_sql(begin)
