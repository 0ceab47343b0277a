"""Sentences into metric rows: the others come first, and NOW completes a row.

Every field of these sentences is a column of `MetricRow` under the same name; a test holds that.
"""

from __future__ import annotations

from beltbox.link.wire import Sentence, Value, named
from beltbox.walk.rows import MetricRow

# More than any box sends: a value beyond it is damage that a CRC of 16 bits let through.
_LIMIT = 1 << 44


class Merger:
    """Takes the live sentences of one measurement. What NOW lacks keeps its last value."""

    def __init__(self) -> None:
        self._latest: dict[str, int | None] = {}

    def take(self, sentence: Sentence) -> MetricRow | None:
        """The row that a NOW completes; None for the others, and for a NOW without a time."""
        fields = _numbers(named(sentence))
        t_ms = fields.pop("t_ms", None)
        if t_ms is None or t_ms < 0:
            return None
        if sentence.type != "NOW":
            self._latest.update(fields)
            return None
        forward_mm = self._latest.get("forward_mm")
        backward_mm = self._latest.get("backward_mm")
        distance_mm = None
        if forward_mm is not None and backward_mm is not None:
            distance_mm = forward_mm + backward_mm
        return MetricRow(t_ms=t_ms, distance_mm=distance_mm, **self._latest, **fields)


def _numbers(fields: dict[str, Value]) -> dict[str, int | None]:
    return {
        name: value if isinstance(value, int) and abs(value) < _LIMIT else None
        for name, value in fields.items()
    }
