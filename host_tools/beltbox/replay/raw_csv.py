"""Raw rows from a CSV file, checked at the door."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from beltbox.errors import BeltBoxError
from beltbox.walk.rows import CLOCK_PERIOD_US, RawRow, us_between
from beltcore.host.sentence import NUMBER_FIELDS

COLUMNS = RawRow._fields
# What the range of each column is, in words; its limits are those of RAW on the wire.
_RANGES = {
    "t_us": "the box's clock",
    "count": "31 bits",
    "rail_left": "24 bits",
    "rail_right": "24 bits",
}
_MAY_BE_EMPTY = ("rail_left", "rail_right")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,12}")


class RawFileError(BeltBoxError):
    """A file of raw rows that can't be read; the text names file, line and column."""


def read_raw_csv(path: Path) -> list[RawRow]:
    """The raw rows in the file at `path`, in order.

    The header names the columns `t_us,count,rail_left,rail_right` in any order; others are
    ignored. Raises RawFileError for a missing column, a value that isn't a whole number in its
    range, a clock that runs backward (a step of half its period or more), and a file without rows.
    """
    try:
        # What isn't UTF-8 shows up in its column, as something that isn't a number.
        with path.open(encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
            rows = list(_rows(path, file))
    except OSError as error:
        raise RawFileError(f"Can't read {path}: {error.strerror}. Check the path.") from error
    if not rows:
        raise RawFileError(
            f"{path} has a header but no rows. Record again, or export the session anew."
        )
    return rows


def _rows(path: Path, file: Iterator[str]) -> Iterator[RawRow]:
    reader = csv.reader(file)
    try:
        header = next(reader, None)
        if header is None:
            raise RawFileError(
                f"{path} is empty. A file of raw rows begins with the header {','.join(COLUMNS)}."
            )
        places = _places(path, [name.strip() for name in header])
        before_us: int | None = None
        for fields in reader:
            if not fields:
                continue
            row = _row(path, reader.line_num, fields, places, len(header))
            if before_us is not None and us_between(before_us, row.t_us) >= CLOCK_PERIOD_US // 2:
                raise RawFileError(
                    f"{path}, line {reader.line_num}, column t_us: the clock runs backward, from "
                    f"{before_us} to {row.t_us}. If the box was reset there, cut the file in two "
                    "before this line."
                )
            before_us = row.t_us
            yield row
    except csv.Error as error:
        raise RawFileError(f"{path}, line {reader.line_num}: {error}.") from error


def _places(path: Path, header: list[str]) -> list[int]:
    for name in COLUMNS:
        if header.count(name) != 1:
            problem = "is missing" if name not in header else "is there twice"
            raise RawFileError(
                f"{path}, line 1: column {name} {problem}. The header must name "
                f"{','.join(COLUMNS)}; it is {','.join(header)[:200]!r}."
            )
    return [header.index(name) for name in COLUMNS]


def _row(path: Path, line: int, fields: list[str], places: list[int], width: int) -> RawRow:
    if len(fields) != width:
        raise RawFileError(
            f"{path}, line {line}: {len(fields)} fields where the header has {width}. "
            "Was the file cut off, or a line edited?"
        )
    values: list[int | None] = []
    for name, place in zip(COLUMNS, places, strict=True):
        text = fields[place].strip()
        if text == "" and name in _MAY_BE_EMPTY:
            values.append(None)
            continue
        lowest, highest, _unit = NUMBER_FIELDS[name]
        if _WHOLE_NUMBER.fullmatch(text) is None:
            shown = "empty" if text == "" else f"{text[:40]!r}"
            raise RawFileError(
                f"{path}, line {line}, column {name}: {shown} isn't a whole number from {lowest} "
                f"to {highest}."
            )
        value = int(text)
        if not lowest <= value <= highest:
            raise RawFileError(
                f"{path}, line {line}, column {name}: {value} is outside {lowest} to {highest} "
                f"({_RANGES[name]})."
            )
        values.append(value)
    return RawRow(*values)  # pyright: ignore[reportArgumentType] - clock and count aren't empty


def raw_line(row: RawRow) -> str:
    """A raw row as a line of CSV, with its newline."""
    return ",".join("" if value is None else str(value) for value in row) + "\n"
