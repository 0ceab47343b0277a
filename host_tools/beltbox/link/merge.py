"""Sentences into metric rows: the sums come first, and NOW completes a row."""

from __future__ import annotations

from beltbox.link.wire import Sentence, Value, named
from beltbox.walk.rows import MetricRow

# What a box can say at most: anything beyond is damage that a CRC of 16 bits let through.
_LIMIT = 1 << 44


class Merger:
    """Takes the live sentences of one measurement. Sums are those last heard of."""

    def __init__(self) -> None:
        self._sums: dict[str, int | None] = {}

    def take(self, sentence: Sentence) -> MetricRow | None:
        """The row that a NOW completes; None for the others, and for a NOW that can't be true."""
        fields = _numbers(named(sentence))
        t_ms = fields.pop("t_ms", None)
        if t_ms is None or t_ms < 0:
            return None
        if sentence.type != "NOW":
            self._sums.update(fields)
            return None
        forward_mm = self._sums.get("forward_mm")
        backward_mm = self._sums.get("backward_mm")
        walked_mm = None
        if forward_mm is not None and backward_mm is not None:
            walked_mm = forward_mm + backward_mm
        return MetricRow(t_ms=t_ms, distance_mm=walked_mm, **self._sums, **fields)


def _numbers(fields: dict[str, Value]) -> dict[str, int | None]:
    return {
        name: value if isinstance(value, int) and abs(value) < _LIMIT else None
        for name, value in fields.items()
    }
