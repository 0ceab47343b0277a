"""A recording's bytes as they were recorded, however a logger or an editor has saved them.

The one door for captures and raw rows: gzip, UTF-16 and UTF-8 with a byte order mark, line ends of
every kind, and the colours that a terminal program leaves in its log. What can't be read is refused
by its true name.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from beltbox.errors import BeltBoxError

_CHUNK_BYTES = 1 << 16
_LINE_MOST = 1 << 20
# An order to a terminal: colours, titles, movements (ECMA-48).
_ORDER = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[PX^_][^\x1b\n]*\x1b\\"
    rb"|[ -/]*[0-~])"
)
_GZIP = b"\x1f\x8b"
# What other files begin with, and what to do with them.
_OTHERS = (
    (b"PK\x03\x04", "a zip archive. Unpack it"),
    (b"\xfd7zXZ\x00", "compressed by xz. Unpack it"),
    (b"BZh", "compressed by bzip2. Unpack it"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd. Unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive. Unpack it"),
    (b"SQLite format 3\x00", "a store. Write its raw rows to a file: beltbox export --rows raw"),
    (b"PAR1", "a Parquet file. Save its rows as CSV"),
    (b"%PDF", "a PDF document. Give the recording itself"),
)
# Longer marks first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK = "\ufeff"
_MOSTLY = 0.9


def recording_chunks(path: Path, *, error: type[BeltBoxError]) -> Iterator[bytes]:
    """The recording in pieces: bytes of ASCII or UTF-8, with newlines at the ends of lines.

    Raises `error`: it can't be read, or is a kind of file that no recording is.
    """
    try:
        with path.open("rb") as plain, _unpacked(plain) as file:
            chunk = file.read(_CHUNK_BYTES)
            for mark, what in _OTHERS:
                if chunk.startswith(mark):
                    raise error(f"{path} is {what}, then try again.")
            decoder = _decoder(chunk)
            has_no_newline = b"\n" not in chunk and b"\r" in chunk
            rest = b""
            while chunk:
                if decoder is not None:
                    chunk = decoder.decode(chunk).replace(_MARK, "").encode(errors="replace")
                if has_no_newline:
                    chunk = chunk.replace(b"\r", b"\n")
                # An order may be cut in two by the end of a chunk, but not by the end of a line.
                lines, newline, rest = (rest + chunk).rpartition(b"\n")
                if len(rest) > _LINE_MOST:
                    lines, newline, rest = lines + newline + rest, b"", b""
                yield _without_orders(lines + newline)
                chunk = file.read(_CHUNK_BYTES)
            yield _without_orders(rest)
    except (EOFError, gzip.BadGzipFile, zlib.error) as cause:
        raise error(
            f"{path} is compressed by gzip, and damaged or cut off ({cause}). Copy it again, or "
            "unpack what can be unpacked: gzip -dc."
        ) from cause
    except OSError as cause:
        raise error(f"Can't read {path}: {cause.strerror}. Check the path.") from cause


def recording_lines(path: Path, *, error: type[BeltBoxError]) -> Iterator[str]:
    """The recording's lines as text, each with its newline. Raises `error`, as above."""
    rest = b""
    for chunk in recording_chunks(path, error=error):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield _text(line) + "\n"
        if len(rest) > _LINE_MOST:
            raise error(
                f"{path} has a line of more than {_LINE_MOST} bytes: it holds something else than "
                "a recording. Check the path."
            )
    if rest:
        yield _text(rest)


def _text(line: bytes) -> str:
    # What isn't UTF-8 shows up in its column, as something that isn't a number.
    return line.decode("utf-8", "backslashreplace").replace(_MARK, "").removesuffix("\r")


@contextmanager
def _unpacked(plain: BinaryIO) -> Generator[BinaryIO]:
    is_gzip = plain.read(len(_GZIP)) == _GZIP
    plain.seek(0)
    if not is_gzip:
        yield plain
        return
    with gzip.open(plain) as file:
        yield cast(BinaryIO, file)


def _decoder(head: bytes) -> codecs.IncrementalDecoder | None:
    """What makes text of a file in an encoding of two or four bytes; None for any other."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return codecs.getincrementaldecoder(encoding)(errors="replace")
    # Without a mark: in text of such an encoding nearly every other byte is zero.
    pairs = len(head) // 2
    for place, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = head[place : 2 * pairs : 2].count(0)
        if pairs and zeros > _MOSTLY * pairs and head[1 - place : 2 * pairs : 2].count(0) < zeros:
            return codecs.getincrementaldecoder(encoding)(errors="replace")
    return None


def _without_orders(data: bytes) -> bytes:
    return _ORDER.sub(b"", data) if b"\x1b" in data else data
