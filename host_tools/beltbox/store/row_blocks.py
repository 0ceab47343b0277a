"""Rows as the store keeps them: in blocks of columns, each of one kind and one segment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from sqlalchemy import Connection, func, insert, select, update

from beltbox.errors import StoreError
from beltbox.store.checked_rows import CheckedRow, State, read
from beltbox.store.checksums import checksum, seal
from beltbox.store.format import columns
from beltbox.store.schema import BOX, METRIC, RAW, BlockRow, SegmentRow
from beltbox.walk.rows import COLUMNS, MetricRow

Values = tuple[int | None, ...]

COUNT_OF = {RAW: "raw_count", METRIC: "metric_count", BOX: "box_count"}
"""For each kind of block: the segment's column that says how many rows there are."""

_KIND_WORDS = {RAW: "raw", METRIC: "live", BOX: "filled-in"}
# Ten minutes of a row a second.
_ROWS_IN_A_BLOCK = 600


def block_values(
    segment_id: int, kind: str, first_row: int, row_count: int, data: bytes
) -> dict[str, Any]:
    """A block as its table has it."""
    values: dict[str, Any] = {
        "segment_id": segment_id,
        "kind": kind,
        "first_row": first_row,
        "row_count": row_count,
        "data": data,
    }
    return values | {"crc": checksum(BlockRow, values)}


def packed(rows: Sequence[Sequence[int | None]]) -> bytes:
    """Rows as a block's data."""
    return columns.encode(list(zip(*rows, strict=True)))


def sound_rows(
    connection: Connection,
    segment_id: int,
    kind: str,
    *,
    count: int | None,
    name: str,
    damage: list[str],
) -> list[Values]:
    """The rows of one kind that are sound, in their order.

    count: how many there must be; None where nobody counted them. name: the segment's, in words.
    What is damaged or missing is left out, and added to `damage` in words.
    """
    where = {"segment_id": segment_id, "kind": kind}
    rows, holes = _rows_and_holes(read(connection, BlockRow, where), kind, count)
    if holes and connection.dialect.name == "sqlite":
        # It may be the index that is damaged, and not the blocks.
        by_table = read(connection, BlockRow, where, by_table=True)
        again, fewer_holes = _rows_and_holes(by_table, kind, count)
        if len(again) > len(rows):
            rows, holes = again, fewer_holes
    damage += [f"{name}: {hole}" for hole in holes]
    return rows


def stored_rows(
    connection: Connection, segment_id: int, kind: str, *, name: str
) -> Iterator[Values]:
    """The rows of one kind, in their order. Raises StoreError when a block is damaged.

    name: the segment's in words.
    """
    damage: list[str] = []
    rows = sound_rows(connection, segment_id, kind, count=None, name=name, damage=damage)
    if damage:
        raise StoreError(f"{damage[0]}. Restore the store from a backup.")
    yield from rows


def stored_metrics(
    connection: Connection, segment_id: int, kind: str, *, name: str
) -> list[MetricRow]:
    """The metric rows of one kind. Raises StoreError when a block is damaged."""
    return as_metrics(list(stored_rows(connection, segment_id, kind, name=name)))


def as_metrics(rows: Sequence[Values]) -> list[MetricRow]:
    """Rows of blocks as metric rows.

    Blocks hold the columns of `MetricRow` by their place. What an older BeltBox had no column for
    is unknown; what a newer one has more is left out.
    """
    return [MetricRow(*cast(tuple[int], values[: len(COLUMNS)])) for values in rows]


def append_rows(connection: Connection, segment_id: int, kind: str, rows: Sequence[Values]) -> None:
    """Put rows after those of their kind, and count them."""
    row_count = connection.scalar(
        select(func.sum(BlockRow.row_count)).filter_by(segment_id=segment_id, kind=kind)
    )
    for start in range(0, len(rows), _ROWS_IN_A_BLOCK):
        part = rows[start : start + _ROWS_IN_A_BLOCK]
        values = block_values(segment_id, kind, (row_count or 0) + start, len(part), packed(part))
        connection.execute(insert(BlockRow).values(values))
    count_rows(connection, segment_id, {kind: (row_count or 0) + len(rows)})


def count_rows(connection: Connection, segment_id: int, counts: dict[str, int]) -> None:
    """Note how many rows of each kind a segment has, and give it its checksum."""
    values: dict[str, Any] = {COUNT_OF[kind]: count for kind, count in counts.items()}
    is_this = SegmentRow.id == segment_id
    if values:
        connection.execute(update(SegmentRow).where(is_this).values(values))
    seal(connection, SegmentRow, is_this)


def _rows_and_holes(
    blocks: Sequence[CheckedRow], kind: str, count: int | None
) -> tuple[list[Values], list[str]]:
    rows: list[Values] = []
    holes: list[str] = []
    next_row = 0
    for block in sorted(_unpacked(blocks, holes, kind), key=lambda unpacked: unpacked[0]):
        first_row, block_rows = block
        if first_row > next_row:
            holes.append(_missing(kind, next_row, first_row))
        # A block that is there twice, by an index that is damaged, counts once.
        rows += block_rows[max(0, next_row - first_row) :]
        next_row = max(next_row, first_row + len(block_rows))
    if count is not None and next_row < count:
        holes.append(_missing(kind, next_row, count))
    return rows, holes


def _unpacked(
    blocks: Sequence[CheckedRow], holes: list[str], kind: str
) -> Iterator[tuple[int, list[Values]]]:
    """The first row's number and the rows of each sound block."""
    for block in blocks:
        values = block.values
        if not block.is_damaged:
            try:
                unpacked = list(
                    zip(
                        *columns.decode(values["data"], name=f"the block {values['id']}"),
                        strict=True,
                    )
                )
            except StoreError as error:
                if block.state is State.SOUND:  # of a newer version, as it was written
                    holes.append(str(error).rstrip("."))
                    continue
                unpacked = None
            if unpacked is not None and len(unpacked) == values["row_count"]:
                yield values["first_row"], unpacked
                continue
        holes.append(f"the block {values['id']} of {_KIND_WORDS[kind]} rows is damaged")


def _missing(kind: str, first: int, after: int) -> str:
    return f"{_KIND_WORDS[kind]} rows {first + 1} to {after} are missing"
