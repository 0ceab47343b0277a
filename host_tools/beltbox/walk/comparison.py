"""A measured number beside the truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """One number that was measured, beside what it should have been.

    All numbers are in `unit`. `difference` is measured minus truth. A `goal` that is a number is
    the largest difference allowed, up or down; a goal that is text is only shown.
    """

    name: str
    unit: str
    truth: float | None
    measured: float | None
    difference: float | None
    goal: float | str | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a number to judge by."""
        if self.difference is None or self.goal is None or isinstance(self.goal, str):
            return None
        return abs(self.difference) <= self.goal

    def to_json(self) -> dict[str, str | float | None]:
        """Name, unit, truth, measured, difference and goal, ready for `json.dumps`."""
        return asdict(self)
