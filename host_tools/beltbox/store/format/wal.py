"""Whether the log that SQLite keeps beside a database (FILE-wal) is whole.

What was committed last is in that log until it is moved into the file. SQLite stops reading at the
first frame that is damaged, without a word: all that was committed after it would be missing.
https://www.sqlite.org/walformat.html
"""

from __future__ import annotations

import struct
from pathlib import Path

_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_MAGIC = 0x377F0682  # and, with big-endian checksums, one more
_MX_FRAME_AT = 16  # of the index: the last frame that SQLite found to be sound
_U32 = 0xFFFFFFFF


def wal_of(path: Path) -> Path:
    """The log's file."""
    return path.with_name(path.name + "-wal")


def has_log(path: Path) -> bool:
    """Whether something is in the log of this database."""
    try:
        return wal_of(path).stat().st_size > 0
    except OSError:
        return False


def log_is_damaged(path: Path) -> bool:
    """Whether the log holds commits that SQLite can't reach.

    Asked while the database is open, after something was read from it: then SQLite has noted in
    the index (FILE-shm) how far it got.
    """
    try:
        data = wal_of(path).read_bytes()
        index = path.with_name(path.name + "-shm").read_bytes()
    except OSError:
        return False  # without a log, or read without an index
    if len(data) < _HEADER_BYTES:
        return bool(data)
    (reached,) = struct.unpack_from("=I", index, _MX_FRAME_AT)
    magic, _version, page_bytes, _number, *salts = struct.unpack_from(">6I", data)
    if magic not in (_MAGIC, _MAGIC + 1) or not _header_is_sound(data, magic):
        return len(data) > _HEADER_BYTES
    page_bytes = 1 << 16 if page_bytes == 1 else page_bytes
    size = _FRAME_HEADER_BYTES + page_bytes
    for start in range(_HEADER_BYTES + reached * size, len(data) - size + 1, size):
        page, pages_after, *its_salts = struct.unpack_from(">4I", data, start)
        # A frame of an older round of the log has other salts, both; only a commit's last frame
        # has a size. Those of a commit that was broken off have none, and nothing of it is missing.
        is_of_this_round = any(map(int.__eq__, its_salts, salts))
        if not page or (is_of_this_round and pages_after):
            return True
    return False


def _header_is_sound(data: bytes, magic: int) -> bool:
    order = ">" if magic & 1 else "<"
    words = struct.unpack_from(f"{order}6I", data)
    first = second = 0
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _U32
        second = (second + odd + first) & _U32
    return (first, second) == struct.unpack_from(">2I", data, 24)
