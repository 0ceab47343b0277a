"""The rows of one kind in one segment, on their way into the store's blocks."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert

from beltbox.store.row_blocks import block_values, packed
from beltbox.store.schema import METRIC, RAW, BlockRow

# A minute at the usual rates.
_ROWS_IN_A_BLOCK = {RAW: 4800, METRIC: 600}
# What a row takes in memory until its block is packed, about.
_ROW_BYTES = 400


@dataclass(frozen=True, slots=True)
class _Block:
    first_row: int
    row_count: int
    data: bytes


class RowStream:
    """The rows of one kind in one segment.

    A commit appends a small block; once these make up a minute, one large block takes their
    place, which is a third of the size.
    """

    def __init__(self, kind: str) -> None:
        self.uncommitted = 0
        self._kind = kind
        self._packed: list[_Block] = []  # full ones that aren't in the store
        self._first_row = 0  # of what follows
        self._small: list[tuple[int | None, ...]] = []  # in the store, in small blocks
        self._pending: list[tuple[int | None, ...]] = []

    @property
    def count(self) -> int:
        """How many rows there are, in the store or not."""
        return self._first_row + len(self._small) + len(self._pending)

    @property
    def size(self) -> int:
        """Bytes that what isn't in the store takes, about."""
        packed_bytes = sum(len(block.data) for block in self._packed)
        return packed_bytes + _ROW_BYTES * len(self._pending)

    def add(self, row: tuple[int | None, ...]) -> None:
        """The next row."""
        self._pending.append(row)
        self.uncommitted += 1
        if len(self._small) + len(self._pending) >= _ROWS_IN_A_BLOCK[self._kind]:
            self.pack()

    def pack(self) -> None:
        """Make one block of what isn't in a large one."""
        rows = [*self._small, *self._pending]
        if rows and (self._pending or len(rows) > 1):
            self._packed.append(_Block(self._first_row, len(rows), packed(rows)))
        self._first_row += len(rows)
        self._small, self._pending = [], []

    def write(self, connection: Connection, segment_id: int) -> None:
        """Write what is pending."""
        blocks = list(self._packed)
        if blocks:
            # Small ones that are part of the first.
            connection.execute(
                delete(BlockRow).where(
                    BlockRow.segment_id == segment_id,
                    BlockRow.kind == self._kind,
                    BlockRow.first_row >= blocks[0].first_row,
                )
            )
        if self._pending:
            first_row = self._first_row + len(self._small)
            blocks.append(_Block(first_row, len(self._pending), packed(self._pending)))
        if blocks:
            connection.execute(
                insert(BlockRow),
                [
                    block_values(
                        segment_id, self._kind, block.first_row, block.row_count, block.data
                    )
                    for block in blocks
                ],
            )

    def committed(self) -> None:
        """What was pending is in the store."""
        self._packed.clear()
        self._small += self._pending
        self._pending = []
        self.uncommitted = 0
