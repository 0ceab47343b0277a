"""The grid's figures as lines: median, 95th percentile and worst of the walks, beside the goal."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from beltbox.bench.grid.figures import ESTIMATORS, OURS, PLAIN, THEIL_SEN, Figures, Measured
from beltbox.bench.table import GridLine, Line

SPEED_FLOOR_MM_S = 0.3
_STEPS_PERCENT = 1.5
_LEAST_RIPPLE = 0.05
_CERTAIN = 0.95

Value = Callable[[Measured, Figures], float | None]
Fits = Callable[[Measured], bool]


@dataclass(frozen=True, slots=True)
class _Row:
    """A line to be: which figure of which scenarios, in how many decimals, and its goal.

    limit: of a single walk, where it isn't the same for all.
    """

    what: str
    fits: Fits
    value: Value
    decimals: int
    goal: str = "–"
    limit: float | Callable[[Measured], float] | None = None
    more: Callable[[Sequence[Measured], str], str] | None = None


def percentile(values: Sequence[float], percent: float) -> float:
    """The least of the values that at least so many percent don't exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def grid_lines(measured: Sequence[Measured]) -> list[GridLine]:
    """All lines, from scenarios of 0.1, 1 and 12 mm a count."""
    rows = [*_speeds(), *_forces(), *_gait(), *_asymmetry()]
    lines = [_line(row, [walk for walk in measured if row.fits(walk)]) for row in rows]
    return [*lines, _certain(measured)]


def same_bytes_line(measured: Sequence[Measured]) -> Line:
    """Whether the three engines give the same."""
    compared = [walk.compared for walk in measured if walk.compared is not None]
    rows, differ = sum(walk.rows for walk in compared), sum(walk.differ for walk in compared)
    return Line(
        f"{rows:,} raw rows of the grid by CPython, 64-bit and 32-bit MicroPython",
        f"{differ:,} of the metric rows differ",
        "0",
        differ == 0,
        "–",
    )


def _size(size_mm: float) -> Fits:
    return lambda walk: walk.scenario.mm_per_count == size_mm


def _by_ripple(size_mm: float, least: bool) -> Fits:
    return lambda walk: (
        walk.scenario.mm_per_count == size_mm and (walk.scenario.peaks <= _LEAST_RIPPLE) == least
    )


def _speeds() -> list[_Row]:
    def speed(_: Measured, figures: Figures) -> float:
        return figures.speed_percent

    def belt(_: Measured, figures: Figures) -> float:
        return figures.belt_percent

    what = "speed_mm_s, RMS error in % of the mean speed"
    now = "belt_mm_s at its lag of"
    return [
        _Row(
            f"{what}, 0.1 mm a count",
            _size(0.1),
            speed,
            3,
            "0.1 %, or 0.3 mm/s",
            lambda walk: max(0.1, 100 * SPEED_FLOOR_MM_S / walk.mean_mm_s),
        ),
        _Row(f"{what}, 1 mm", _size(1.0), speed, 3),
        _Row(f"{what}, 12 mm", _size(12.0), speed, 2, "1 %", 1.0),
        _Row(f"{now} 30 ms, RMS error in %, 0.1 mm a count", _size(0.1), belt, 2, "1 %", 1.0),
        _Row(f"{now} 30 ms, 1 mm", _size(1.0), belt, 2),
        _Row(f"{now} 200 ms, 12 mm", _size(12.0), belt, 2),
    ]


def _forces() -> list[_Row]:
    def standing(_: Measured, figures: Figures) -> float:
        return figures.standing_n

    # What a cell feels is the same whatever encoder turns beside it: each walk once.
    def spiked(yes: bool) -> Fits:
        return lambda walk: walk.scenario.mm_per_count == 0.1 and walk.scenario.spiked == yes

    return [
        _Row(
            "rail force, steady, worse cell, RMS error in N", spiked(False), standing, 2, "1 N", 1
        ),
        _Row("the same, 1 % of samples spiked by 150 N", spiked(True), standing, 2, "1 N", 1),
        _Row(
            "rail force, hands swaying with the stride, at its lag, in N",
            _size(0.1),
            lambda _, figures: figures.walking_n,
            2,
        ),
        _Row(
            "reliance while walking, RMS error in % of body weight",
            _size(0.1),
            lambda _, figures: figures.reliance_percent,
            2,
            "1 %",
            1,
        ),
    ]


def _gait() -> list[_Row]:
    # Of a ripple of 5 % little is left beside what the edges of 12 mm make by themselves.
    kinds = (
        ("0.1 mm a count", _size(0.1), 1.5),
        ("1 mm", _size(1.0), 1.5),
        ("12 mm, ripple from 10 %", _by_ripple(12.0, False), 4.0),
        ("12 mm, ripple 5 %", _by_ripple(12.0, True), 4.0),
    )
    rows: list[_Row] = []
    for kind, fits, goal in kinds:
        rows.append(
            _Row(
                f"cadence after 6 s, SD in steps/min, {kind}",
                fits,
                lambda _, figures: figures.cadence_spm,
                1,
                f"{goal:g}",
                goal,
                _shown,
            )
        )
    for kind, fits, _goal in kinds:
        rows.append(
            _Row(
                f"steps of a minute's walk, error in %, {kind}",
                fits,
                _steps,
                1,
                "one step, or 1.5 %",
                lambda walk: max(_STEPS_PERCENT, 100 / walk.steps),
                _all,
            )
        )
    for kind, fits, _goal in kinds:
        rows.append(
            _Row(
                f"step length, RMS error in mm, {kind}",
                fits,
                lambda _, figures: figures.step_length_mm,
                1,
            )
        )
    return rows


def _asymmetry() -> list[_Row]:
    return [
        _Row(
            f"asymmetry of the last 64 steps, error in permille, {kind}",
            _size(size_mm),
            lambda _, figures: figures.asymmetry_permille,
            0,
        )
        for kind, size_mm in (("0.1 mm a count", 0.1), ("1 mm", 1.0))
    ]


def _steps(walk: Measured, figures: Figures) -> float | None:
    return None if figures.steps_off is None else 100 * abs(figures.steps_off) / walk.steps


def _shown(walks: Sequence[Measured], name: str) -> str:
    known = statistics.fmean(walk.figures[name].cadence_known for walk in walks)
    return f"; shown {100 * known:.0f} % of the time"


def _all(walks: Sequence[Measured], name: str) -> str:
    off = sum(walk.figures[name].steps_off or 0 for walk in walks)
    return f"; together {100 * off / sum(walk.steps for walk in walks):+.1f} %"


def _line(row: _Row, walks: Sequence[Measured]) -> GridLine:
    met = None
    if row.limit is not None:
        parts = [
            value / (row.limit(walk) if callable(row.limit) else row.limit)
            for walk in walks
            if (value := row.value(walk, walk.figures[OURS])) is not None
        ]
        met = bool(parts) and percentile(parts, 95) <= 1
        worst_too = met and max(parts) <= 1
    else:
        worst_too = True
    cells = {name: _cell(row, walks, name) for name in ESTIMATORS}
    return GridLine(row.what, cells[OURS], row.goal, met, worst_too, cells[PLAIN], cells[THEIL_SEN])


def _cell(row: _Row, walks: Sequence[Measured], name: str) -> str:
    values = [value for walk in walks if (value := row.value(walk, walk.figures[name])) is not None]
    if not values:
        return "never shown" if name == OURS else "–"
    text = " / ".join(
        f"{value:.{row.decimals}f}"
        for value in (statistics.median(values), percentile(values, 95), max(values))
    )
    if len(values) < len(walks):
        text += f" ({len(values)} of {len(walks)} walks)"
    return text + (row.more(walks, name) if row.more else "")


def _certain(measured: Sequence[Measured]) -> GridLine:
    """How often the true asymmetry lies within what is stated."""
    within = [yes for walk in measured if (yes := walk.figures[OURS].asymmetry_within) is not None]
    met = bool(within) and sum(within) >= _CERTAIN * len(within)
    return GridLine(
        "true asymmetry within the stated ± (95 %), both encoders",
        f"{sum(within)} of {len(within)} walks",
        "95 %",
        met,
        met,
        "–",
        "–",
    )
