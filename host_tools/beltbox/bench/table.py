"""The lines of the bench, and how they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A figure beside its goal. `rival`: the plain float implementation's figure over ours."""

    what: str
    value: str
    goal: str
    met: bool | None
    rival: str


def markdown(lines: Sequence[Line]) -> str:
    """A table as the README has it."""
    rows = ["| what | measured | goal | met | plain float / ours |", "|---|---|---|---|---|"]
    rows += [
        f"| {line.what} | {line.value} | {line.goal} | "
        f"{'–' if line.met is None else 'yes' if line.met else '**no**'} | {line.rival} |"
        for line in lines
    ]
    return "\n".join(rows)
