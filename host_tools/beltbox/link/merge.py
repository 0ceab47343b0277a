"""Sentences into metric rows: the others come first, and NOW completes a row.

Every field of these sentences is a column of `MetricRow` under the same name; a test holds that.
"""

from __future__ import annotations

from beltbox.link.wire import Sentence, named
from beltbox.walk.rows import MetricRow
from beltcore.host.sentence import NUMBER_FIELDS

# What sums may grow by in a second, and at once beside that. No belt is faster than 50 m/s (the
# core takes more for a fault of the encoder); the first steps of a walk are counted all at once.
_MM = (50_000, 1_000)
_GROWTH = {
    "forward_mm": _MM,
    "backward_mm": _MM,
    "hands_off_mm": _MM,
    "light_mm": _MM,
    "supported_mm": _MM,
    "heavy_mm": _MM,
    "steps": (10, 60),
    "grabs": (2, 5),
}


class Merger:
    """Takes the live sentences of one measurement. What NOW lacks keeps its last value.

    Sums that leap are believed once the next ones go on from there: then the box did count so. But
    a measurement begins at zero: sums that are too high for their time are of another measurement,
    and `is_foreign` from then on, as nothing more can be known of this one.

    `refuted`: how many sentences weren't believed, until somebody sets it to 0.
    """

    def __init__(self, *, from_zero: bool = False) -> None:
        """from_zero: the measurement has just begun, and its sums are at zero."""
        self.is_foreign = False
        self.refuted = 0
        self._latest: dict[str, int | None] = {}
        self._sums: dict[str, dict[str, int]] = {}  # by type: those that were believed last
        self._doubtful: dict[str, dict[str, int]] = {}
        self._from_zero = from_zero

    def note_gap(self) -> None:
        """Sentences are missing here: what comes next follows nothing but, if known, the zero."""
        self._sums.clear()
        self._doubtful.clear()

    def take(self, sentence: Sentence) -> MetricRow | None:
        """The row that a NOW completes; None for the others, and for a NOW without a time."""
        fields = {
            name: value if isinstance(value, int) and _is_within(name, value) else None
            for name, value in named(sentence).items()
        }
        t_ms = fields.pop("t_ms", None)
        if t_ms is None:
            return None
        if sentence.type != "NOW":
            if self._believes(sentence.type, t_ms, fields):
                self._latest.update(fields)
            return None
        forward_mm = self._latest.get("forward_mm")
        backward_mm = self._latest.get("backward_mm")
        distance_mm = None
        if forward_mm is not None and backward_mm is not None:
            distance_mm = forward_mm + backward_mm
        return MetricRow(t_ms=t_ms, distance_mm=distance_mm, **self._latest, **fields)

    def _believes(self, kind: str, t_ms: int, fields: dict[str, int | None]) -> bool:
        sums = {name: fields[name] or 0 for name in _GROWTH if name in fields} | {"t_ms": t_ms}
        before = self._sums.get(kind)
        if before is None and self._from_zero:
            before = dict.fromkeys(sums, 0)
            if not _follows(before, sums):
                self.is_foreign = True
        doubtful = self._doubtful.pop(kind, None)
        if self.is_foreign:
            self.refuted += 1
            return False
        if before is None or _follows(before, sums):
            self.refuted += doubtful is not None
        elif doubtful is None or not _follows(doubtful, sums):
            self.refuted += doubtful is not None
            self._doubtful[kind] = sums
            return False
        self._sums[kind] = sums
        return True


def _follows(before: dict[str, int], after: dict[str, int]) -> bool:
    """Whether these sums can come after those."""
    elapsed_ms = after["t_ms"] - before["t_ms"]
    if elapsed_ms < 0:
        return False
    for name, (a_second, at_once) in _GROWTH.items():
        if name in after:
            grown = after[name] - before[name]
            # What counts over the end of its range, as steps do, begins again.
            if grown < 0 and before[name] > NUMBER_FIELDS[name][1] // 2:
                grown += NUMBER_FIELDS[name][1] + 1
            if not 0 <= grown <= at_once + a_second * elapsed_ms // 1000:
                return False
    return True


def _is_within(name: str, value: int) -> bool:
    lowest, highest, _unit = NUMBER_FIELDS[name]
    return lowest <= value <= highest
