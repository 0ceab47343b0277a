"""Rows as the store keeps them: in blocks of columns, each of one kind and one segment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from sqlalchemy import Connection, func, insert, select

from beltbox.store import columns
from beltbox.store.schema import BlockRow
from beltbox.walk.rows import COLUMNS, MetricRow

Values = tuple[int | None, ...]

# Ten minutes of a row a second.
_ROWS_IN_A_BLOCK = 600


def stored_rows(
    connection: Connection, segment_id: int, kind: str, *, name: str
) -> Iterator[Values]:
    """The rows of one kind, in their order.

    name: the segment's in words. Raises StoreError when a block is damaged.
    """
    blocks = connection.execute(
        select(BlockRow.id, BlockRow.first_row, BlockRow.row_count, BlockRow.data)
        .filter_by(segment_id=segment_id, kind=kind)
        .order_by(BlockRow.first_row)
    )
    for block_id, first_row, row_count, data in blocks:
        block = (
            f"{name}: the {kind} block {block_id} (rows {first_row} to {first_row + row_count - 1})"
        )
        yield from zip(*columns.decode(data, name=block), strict=True)


def stored_metrics(
    connection: Connection, segment_id: int, kind: str, *, name: str
) -> list[MetricRow]:
    """The metric rows of one kind.

    Blocks hold the columns of `MetricRow` by their place. What an older BeltBox had no column for
    is unknown; what a newer one has more is left out.
    """
    rows = stored_rows(connection, segment_id, kind, name=name)
    return [MetricRow(*cast(tuple[int], values[: len(COLUMNS)])) for values in rows]


def append_rows(connection: Connection, segment_id: int, kind: str, rows: Sequence[Values]) -> None:
    """Put rows after those of their kind."""
    row_count = connection.scalar(
        select(func.sum(BlockRow.row_count)).filter_by(segment_id=segment_id, kind=kind)
    )
    for start in range(0, len(rows), _ROWS_IN_A_BLOCK):
        part = rows[start : start + _ROWS_IN_A_BLOCK]
        connection.execute(
            insert(BlockRow).values(
                segment_id=segment_id,
                kind=kind,
                first_row=(row_count or 0) + start,
                row_count=len(part),
                data=columns.encode(list(zip(*part, strict=True))),
            )
        )
