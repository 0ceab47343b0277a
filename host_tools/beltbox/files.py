"""Files that are never half-written."""

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

    not_onto: files that it must not be whatever is allowed, each with what it is in words.
    overwrite: an ordinary file that is there may be replaced.
    """
    for other, what in not_onto:
        if _same(path, Path(other)):
            raise error(f"{path} is {what} itself. Name another file.")
    if path.exists():
        if not path.is_file():
            raise error(f"{path} isn't an ordinary file. Name another path.")
        if not overwrite:
            raise error(
                f"{path} exists already. Name another file, or allow overwriting it "
                "with --overwrite."
            )


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them isn't there yet
        return path.absolute() == other.absolute()


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
