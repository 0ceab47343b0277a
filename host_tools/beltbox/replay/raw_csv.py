"""Raw rows from a CSV file, checked at the door."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from beltbox.errors import BeltBoxError
from beltbox.replay.recording_file import recording_lines
from beltbox.walk.rows import CLOCK_PERIOD_US, RawRow, us_between
from beltcore.host.sentence import NUMBER_FIELDS

COLUMNS = RawRow._fields
SETTINGS_HASH = "settings_hash"
"""The column of an export that says with which settings a row was recorded."""
HASH_PREFIX = "0x"
"""Before the four hex digits: a spreadsheet would take 12E4 for a number, and change it."""
PART_COLUMNS = ("segment", SETTINGS_HASH)
"""Columns of which another value begins another part."""

_SHOWN_LETTERS = 80
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


class RawPart(NamedTuple):
    """Rows of one measurement."""

    rows: list[RawRow]
    settings_hash: str | None
    """Of the settings they were recorded with, four hex digits; None where the file has none."""


def read_raw_csv(path: Path) -> list[RawPart]:
    """The raw rows in the file at `path`, in order: a part for each measurement.

    The header names the columns `t_us,count,rail_left,rail_right` in any order. Of the others
    `settings_hash` and `segment` are read, as an export writes them. Another part begins where
    they change, and at another header, as where files were put one behind the other: rows from
    either side never belong to one walk.

    Raises RawFileError for a missing column, a value that isn't a whole number in its range, a
    clock that runs backward (a step of half its period or more), and a file without rows.
    """
    parts: list[RawPart] = []
    lines = recording_lines(path, error=RawFileError)
    _read(path, lines, parts)
    parts = [part for part in parts if part.rows]
    if not parts:
        raise RawFileError(
            f"{path} has a header but no rows. Record again, or export the session anew."
        )
    return parts


def _read(path: Path, lines: Iterator[str], parts: list[RawPart]) -> None:
    reader = csv.reader(lines)
    header = _Header([], [], [])
    part_key: list[str] | None = None
    before_us: int | None = None
    try:
        for fields in reader:
            if not fields:
                continue
            if not header.names or _is_header(fields):
                header = _header(path, reader.line_num, fields)
                part_key = None
                continue
            row = _row(path, reader.line_num, fields, header.places, len(header.names))
            key = [fields[place].strip() for place in header.key_places]
            if key != part_key:
                parts.append(RawPart([], _settings_hash(header, fields)))
                part_key = key
                before_us = None
            if before_us is not None and us_between(before_us, row.t_us) >= CLOCK_PERIOD_US // 2:
                raise RawFileError(
                    f"{path}, line {reader.line_num}, column t_us: the clock runs backward, from "
                    f"{before_us} to {row.t_us}. If the box was reset there, cut the file in two "
                    "before this line."
                )
            before_us = row.t_us
            parts[-1].rows.append(row)
    except csv.Error as error:
        raise RawFileError(
            f"{path}, line {reader.line_num}: {error}. It holds something else than raw rows. "
            "Check the path."
        ) from error
    if not header.names:
        raise RawFileError(
            f"{path} is empty. A file of raw rows begins with the header {','.join(COLUMNS)}."
        )


class _Header(NamedTuple):
    names: list[str]
    places: list[int]
    """Of COLUMNS."""
    key_places: list[int]
    """Of PART_COLUMNS, as far as they are there."""


def _is_header(fields: list[str]) -> bool:
    """Whether this is another header, and no row: it names the columns."""
    return set(COLUMNS) <= {field.strip() for field in fields}


def _header(path: Path, line: int, fields: list[str]) -> _Header:
    names = [name.strip() for name in fields]
    if not set(COLUMNS) & set(names):
        raise RawFileError(
            f"{path} is neither raw rows nor a capture: its first line isn't the header "
            f"{','.join(COLUMNS)} but {','.join(names)[:_SHOWN_LETTERS]!r}, and no sentence "
            "of a box in it is sound. Was it edited, or saved by a program that changes text?"
        )
    places = _places(path, line, names)
    return _Header(names, places, [names.index(name) for name in PART_COLUMNS if name in names])


def _settings_hash(header: _Header, fields: list[str]) -> str | None:
    if SETTINGS_HASH not in header.names:
        return None
    text = fields[header.names.index(SETTINGS_HASH)].strip().removeprefix(HASH_PREFIX).upper()
    return text or None


def _places(path: Path, line: int, header: list[str]) -> list[int]:
    for name in COLUMNS:
        if header.count(name) != 1:
            problem = "is missing" if name not in header else "is there twice"
            raise RawFileError(
                f"{path}, line {line}: column {name} {problem}. The header must name "
                f"{','.join(COLUMNS)}; it is {','.join(header)[:_SHOWN_LETTERS]!r}."
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
