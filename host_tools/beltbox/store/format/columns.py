"""A compact, versioned form for columns of integers with gaps.

A block holds columns of one length. Each column is written the way that turns out smallest: the
values, their differences or their second differences, less the median of these, so that a clock
or a counter leaves only its jitter. The remainders are split into byte planes (all low bytes, then
all next bytes, ...), which deflate packs far better than mixed bytes.

    block    = version (1 byte), CRC-32 of version and body (4 bytes, big-endian), body
    body     = columns, rows, then each column           (numbers as varints)
    column   = order + 4 * has_gaps (1 byte), bytes a value (1 byte),
               heads (`order` signed varints), median (signed varint), size, deflate(gaps, planes)
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Sequence
from itertools import accumulate, pairwise

from beltbox.errors import StoreError

VERSION = 1
_MIN, _MAX = -(2**63), 2**63 - 1
_MAX_ORDER = 2
_HAS_GAPS = 4
_HEADER_SIZE = 5
_TYPECODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


def encode(columns: Sequence[Sequence[int | None]]) -> bytes:
    """Pack columns of one length, each value in -2**63 .. 2**63-1 or None, into a block.

    Raises ValueError when the lengths differ or a value is out of range.
    """
    rows = len(columns[0]) if columns else 0
    if any(len(column) != rows for column in columns):
        raise ValueError("the columns of a block must have one length")
    body = bytearray(_varint(len(columns)) + _varint(rows))
    for column in columns:
        body += _encode_column(column)
    return bytes([VERSION]) + _checksum(VERSION, body) + bytes(body)


def decode(data: bytes, *, name: str = "a block") -> list[list[int | None]]:
    """Unpack what `encode` made.

    Raises StoreError, saying `name`, when the block is damaged or of a newer version.
    """
    if data and data[0] > VERSION:
        raise StoreError(
            f"{name} is written in version {data[0]} of the column format, and this BeltBox reads "
            f"up to version {VERSION}. Install a newer BeltBox to read it."
        )
    body = data[_HEADER_SIZE:]
    if len(data) < _HEADER_SIZE or _checksum(data[0], body) != data[1:_HEADER_SIZE]:
        raise StoreError(
            f"{name} is damaged: its checksum doesn't match its {len(data)} bytes. "
            "The disk or a copy may have failed; restore the store from a backup."
        )
    column_count, at = _read_varint(body, 0)
    rows, at = _read_varint(body, at)
    columns: list[list[int | None]] = []
    for _ in range(column_count):
        column, at = _decode_column(body, at, rows)
        columns.append(column)
    return columns


def _checksum(version: int, body: bytes | bytearray) -> bytes:
    return zlib.crc32(body, zlib.crc32(bytes([version]))).to_bytes(4, "big")


def _encode_column(column: Sequence[int | None]) -> bytes:
    known = [value for value in column if value is not None]
    if known and not (min(known) >= _MIN and max(known) <= _MAX):
        raise ValueError(f"a value of a block must be in {_MIN} .. {_MAX}")
    gaps = b"" if len(known) == len(column) else _bitmap(column)
    best = b""
    heads: list[int] = []
    series = known
    for order in range(min(_MAX_ORDER, len(known)) + 1):
        if order:
            heads.append(series[0])
            series = [after - before for before, after in pairwise(series)]
        packed = _pack(series, order, heads, gaps)
        if packed is not None and (not best or len(packed) < len(best)):
            best = packed
    return best


def _pack(series: list[int], order: int, heads: list[int], gaps: bytes) -> bytes | None:
    """One way to write a column; None when it doesn't fit 64 bits."""
    median = sorted(series)[len(series) // 2] if series else 0
    remainders = [_zigzag(value - median) for value in series]
    largest = max(remainders, default=0)
    width = next((w for w in _TYPECODES if largest < 1 << 8 * w), None)
    if width is None:
        if order:
            return None
        # Only values that span more than 63 bits come here: without the median they fit.
        median, width = 0, 8
        remainders = [_zigzag(value) for value in series]
    payload = zlib.compress(gaps + _planes(remainders, width), level=9, wbits=-15)
    head = bytes([order + (_HAS_GAPS if gaps else 0), width])
    numbers = b"".join(_varint(_zigzag(number)) for number in (*heads, median))
    return head + numbers + _varint(len(payload)) + payload


def _decode_column(body: bytes, at: int, rows: int) -> tuple[list[int | None], int]:
    order, width = body[at] & (_HAS_GAPS - 1), body[at + 1]
    has_gaps = bool(body[at] & _HAS_GAPS)
    at += 2
    numbers: list[int] = []
    for _ in range(order + 1):
        number, at = _read_varint(body, at)
        numbers.append(_unzigzag(number))
    *heads, median = numbers
    size, at = _read_varint(body, at)
    payload = zlib.decompress(body[at : at + size], wbits=-15)
    present = [True] * rows
    if has_gaps:
        bits = int.from_bytes(payload[: (rows + 7) // 8], "little")
        present = [bit == "1" for bit in reversed(f"{bits:0{rows}b}")]
        payload = payload[(rows + 7) // 8 :]
    series = [(r >> 1 ^ -(r & 1)) + median for r in _from_planes(payload, width)]
    for head in reversed(heads):
        series = list(accumulate(series, initial=head))
    if not has_gaps:
        return list(series), at + size
    values = iter(series)
    return [next(values) if there else None for there in present], at + size


def _bitmap(column: Sequence[int | None]) -> bytes:
    """A bit for each row, the lowest first: 1 = known."""
    digits = "".join("0" if value is None else "1" for value in reversed(column))
    return int(digits, 2).to_bytes((len(column) + 7) // 8, "little")


def _planes(values: list[int], width: int) -> bytes:
    packed = array(_TYPECODES[width], values)
    if sys.byteorder == "big":
        packed.byteswap()
    data = packed.tobytes()
    return b"".join(data[plane::width] for plane in range(width))


def _from_planes(planes: bytes, width: int) -> array[int]:
    rows = len(planes) // width
    data = bytearray(len(planes))
    for plane in range(width):
        data[plane::width] = planes[plane * rows : (plane + 1) * rows]
    values: array[int] = array(_TYPECODES[width], bytes(data))
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _zigzag(value: int) -> int:
    """0, -1, 1, -2 ... as 0, 1, 2, 3 ..."""
    return value << 1 if value >= 0 else (-value << 1) - 1


def _unzigzag(value: int) -> int:
    return value >> 1 ^ -(value & 1)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while data[at] & 128:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
    return value | data[at] << shift, at + 1
