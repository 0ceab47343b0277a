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


@dataclass(frozen=True, slots=True)
class GridLine:
    """Figures over many walks: ours and the two rivals'. `met` is that of the 95th percentile."""

    what: str
    ours: str
    goal: str
    met: bool | None
    worst_too: bool
    """Whether the worst walk keeps to the goal as well."""
    plain: str
    theil_sen: str


def markdown(lines: Sequence[Line]) -> str:
    """A table as the README has it."""
    rows = ["| what | measured | goal | met | plain float / ours |", "|---|---|---|---|---|"]
    rows += [
        f"| {line.what} | {line.value} | {line.goal} | {_met(line.met)} | {line.rival} |"
        for line in lines
    ]
    return "\n".join(rows)


def grid_markdown(lines: Sequence[GridLine]) -> str:
    """The same of the grid."""
    rows = [
        "| what: median / 95 % below / worst | ours | goal | met | plain differences | Theil-Sen |",
        "|---|---|---|---|---|---|",
    ]
    for line in lines:
        met = _met(line.met) + ("" if line.worst_too or not line.met else ", not the worst")
        rows.append(
            f"| {line.what} | {line.ours} | {line.goal} | {met} | {line.plain} | {line.theil_sen} |"
        )
    return "\n".join(rows)


def tally(lines: Sequence[Line | GridLine]) -> str:
    """How many goals are met, of those there are."""
    with_goal = [line.met for line in lines if line.met is not None]
    return f"{sum(with_goal)} of {len(with_goal)} goals met."


def _met(met: bool | None) -> str:
    return "–" if met is None else "yes" if met else "**no**"
