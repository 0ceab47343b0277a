"""Files that commands write: never half-written, and never in place of what must stay."""

from __future__ import annotations

import io
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from platformdirs import user_data_dir

from beltbox.errors import BeltBoxError


def default_store_file() -> Path:
    """The default store: `beltbox.sqlite` in the user's data folder."""
    return Path(user_data_dir("beltbox", appauthor=False), "beltbox.sqlite")


def refuse_target(
    path: Path,
    *,
    error: type[BeltBoxError],
    not_onto: Sequence[tuple[Path | str, str]] = (),
    overwrite: bool,
) -> None:
    """Raise `error` where writing to `path` would destroy something.

    The one rule of all commands that write a file: what is there is replaced only with
    `--overwrite`, and a file that belongs to a store never is (`refuse_store`).

    not_onto: files that it must not be whatever is allowed, each with what it is in words.
    overwrite: an ordinary file that is there may be replaced.
    """
    for other, what in not_onto:
        if _same(path, Path(other)):
            raise error(f"{path} is {what} itself. Name another file.")
    refuse_store(path, error=error, stores=[Path(other) for other, _ in not_onto])
    if path.exists():
        if not path.is_file():
            raise error(f"{path} isn't an ordinary file. Name another path.")
        if not overwrite:
            raise error(
                f"{path} exists already. Name another file, or allow overwriting it "
                "with --overwrite."
            )


def refuse_store(path: Path, *, error: type[BeltBoxError], stores: Sequence[Path] = ()) -> None:
    """Raise `error` where `path` is a file of a store, by name, by a link or by what is in it.

    SQLite keeps a database in up to four files: FILE itself and, beside it, FILE-wal, FILE-shm and
    FILE-journal. The one beside it holds what was written last: whoever replaces it destroys that,
    and with it the database. It matters even while it isn't there, as SQLite would read it.

    stores: those that the command works with, beside the default store. Any other database is
    known by its first bytes, whatever its name is.
    """
    for store in (default_store_file(), *stores):
        if _same(path, store):
            raise error(f"{path} is the store itself. Name another file.")
        for suffix in _BESIDE:
            if _same(path, _with_suffix(store.resolve(), suffix)):
                raise error(_PART_OF.format(path, store))
    kind = _database_file(path)
    if kind is not None:
        raise error(
            f"{path} is {kind}, as BeltBox's stores are, and is never overwritten. Name another "
            "file."
        )
    owner = database_beside(path)
    if owner is not None:
        raise error(_PART_OF.format(path, owner))


def database_beside(path: Path) -> Path | None:
    """The SQLite database that would take `path` for a part of itself, by its name."""
    real = path.resolve()
    for suffix in _BESIDE:
        if real.name.lower().endswith(suffix):
            owner = real.with_name(real.name[: -len(suffix)])
            if _database_file(owner) is not None:
                return owner
    return None


_BESIDE = ("-wal", "-shm", "-journal")
_PART_OF = (
    "{0} belongs to the store {1}: SQLite keeps there what was written last. Name another file."
)
# The first bytes of each kind of file (https://www.sqlite.org/fileformat2.html, walformat.html).
_FIRST_BYTES = (
    (b"SQLite format 3\0", "a SQLite database"),
    (bytes.fromhex("377f0682"), "a part of a SQLite database"),
    (bytes.fromhex("377f0683"), "a part of a SQLite database"),
    (bytes.fromhex("d9d505f920a163d7"), "a part of a SQLite database"),
    ((3_007_000).to_bytes(4, "little"), "a part of a SQLite database"),
    ((3_007_000).to_bytes(4, "big"), "a part of a SQLite database"),
)


def _database_file(path: Path) -> str | None:
    """What file of a SQLite database this is, by its first bytes; None for any other."""
    if not path.is_file():  # reading from a pipe would wait for it
        return None
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError:
        return None
    return next((kind for first, kind in _FIRST_BYTES if start.startswith(first)), None)


def _with_suffix(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them isn't there yet
        return path.resolve() == other.resolve()


@contextmanager
def written_whole(path: Path, *, error: type[BeltBoxError]) -> Generator[TextIO]:
    """A text file that appears at `path`, in place of what was there, when the block ends well.

    UTF-8, with newlines as they are written. It is written beside `path` first; when the block
    raises, or the disk is full, nothing changes at `path`. Raises `error` when the file can't be
    written.
    """
    with written_whole_bytes(path, error=error) as binary:
        file = io.TextIOWrapper(binary, encoding="utf-8", errors="backslashreplace", newline="")
        yield file
        file.flush()
        file.detach()


@contextmanager
def written_whole_bytes(path: Path, *, error: type[BeltBoxError]) -> Generator[BinaryIO]:
    """As `written_whole`, for bytes."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with part.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as cause:
        raise error(
            f"Can't write {path}: {cause.strerror}. Nothing was written there. Check that "
            "the folder exists, that you may write to it and that the disk has space."
        ) from cause
