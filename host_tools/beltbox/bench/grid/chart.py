"""The chart of firmware/README.md: `python -m beltbox.bench.grid.chart firmware/error.svg`.

How far `speed_mm_s` is from the true mean of the same second, for belts of five resolutions at
seven speeds, by beltcore and by the two rivals; the median of six walks each, one for each shape of
the ripple. Only the steady part of each walk counts: starts and stops are the grid's.
"""

from __future__ import annotations

import math
import os
import statistics
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from beltbox.bench.grid.figures import ESTIMATORS, OURS, PLAIN, THEIL_SEN
from beltbox.bench.grid.lines import SPEED_FLOOR_MM_S
from beltbox.bench.grid.made_up_belt import SHAPES, MadeUpBelt
from beltbox.bench.grid.made_up_walk import INERTIA_S
from beltbox.sim.truth import rms
from beltcore.settings import complete

SIZES_MM = (0.1, 1.0, 2.0, 5.0, 12.0)
SPEEDS_M_S = tuple(0.2 * 2 ** (octaves / 2) for octaves in range(7))
_BEFORE_S = 2.0
_WALK_S = 24.0
_STEADY_S = (5.0, 22.0)  # of the walk
_RIPPLE = 0.15
_CADENCES_SPM = (60.0, 130.0)

Curves = dict[str, dict[float, list[float]]]
"""By estimator and by size: a percentage for each of SPEEDS_M_S."""

# Resolutions are in order, so are their colours: from blue to red, each dark enough on white.
_COLOURS = dict(zip(SIZES_MM, ("#2166ac", "#1b8a5a", "#7a7a00", "#c25a00", "#b2182b"), strict=True))
_WIDTH, _HEIGHT = 330.0, 330.0
_X_ENDS, _Y_ENDS = (0.2, 1.6), (0.002, 5.0)
_X_TICKS = (0.2, 0.4, 0.8, 1.6)
_Y_TICKS = (0.01, 0.1, 1.0)
_LABEL = 12.0  # the height of one
_GOAL_M_S = 0.55  # where the fine goal's label finds room
_FINE_GOAL, _COARSE_GOAL = 0.1, 1.0  # percent, at the finest and at the coarsest


@dataclass(frozen=True, slots=True)
class _Curve:
    """A line of the chart, with a label where there is room: at its right end or its left."""

    points: str
    colour: str
    dashes: str
    label: str
    label_x: float
    label_y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class _Panel:
    left: float
    title: str
    curves: list[_Curve]


def svg(curves_of: Curves) -> str:
    """The chart: two panels, each with ours (solid) and one rival."""
    goals = [
        _line([max(_FINE_GOAL, SPEED_FLOOR_MM_S / speed / 10) for speed in SPEEDS_M_S]),
        _line([_COARSE_GOAL for _ in SPEEDS_M_S]),
    ]
    panels = [
        _Panel(left, f"BeltBox (solid) and {rival} ({stroke})", _panel(curves_of, rival, dashes))
        for left, rival, stroke, dashes in (
            (130.0, PLAIN, "dashed", "6 4"),
            (612.0, THEIL_SEN, "dotted", "1.5 4"),
        )
    ]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("chart.svg.j2").render(
        width=_WIDTH,
        height=_HEIGHT,
        panels=panels,
        goals=list(zip(goals, (_COLOURS[SIZES_MM[0]], _COLOURS[SIZES_MM[-1]]), strict=True)),
        goal_x=x_of(_GOAL_M_S),
        goals_y=(y_of(_FINE_GOAL), y_of(_COARSE_GOAL)),
        x_ticks=[(x_of(value), f"{value:g}") for value in _X_TICKS],
        y_ticks=[(y_of(value), f"{value:g} %") for value in _Y_TICKS],
    )


def x_of(speed_m_s: float) -> float:
    """Where a speed stands, 0 .. width, on a logarithmic axis."""
    return round(_WIDTH * _part(speed_m_s, _X_ENDS), 1)


def y_of(percent: float) -> float:
    """Where an error stands, height .. 0, on a logarithmic axis."""
    return round(_HEIGHT * (1 - _part(percent, _Y_ENDS)), 1)


def _part(value: float, ends: tuple[float, float]) -> float:
    return math.log(value / ends[0]) / math.log(ends[1] / ends[0])


def _line(percents: Sequence[float]) -> str:
    return " ".join(
        f"{x_of(speed)},{y_of(percent)}"
        for speed, percent in zip(SPEEDS_M_S, percents, strict=True)
    )


def _panel(curves_of: Curves, rival: str, dashes: str) -> list[_Curve]:
    """A rival's curves below, labelled at the left, and ours upon them, labelled at the right."""
    drawn: list[_Curve] = []
    for name, its_dashes, end in ((rival, dashes, 0), (OURS, "", -1)):
        places = labels_y([curves_of[name][size][end] for size in SIZES_MM])
        for size, label_y in zip(SIZES_MM, places, strict=True):
            drawn.append(
                _Curve(
                    points=_line(curves_of[name][size]),
                    colour=_COLOURS[size],
                    dashes=its_dashes,
                    label=f"{size:g} mm",
                    label_x=_WIDTH + 6 if end else -6,
                    label_y=label_y,
                    anchor="start" if end else "end",
                )
            )
    return drawn


def labels_y(percents: Sequence[float]) -> list[float]:
    """Where the labels of curves that end at these errors go: beside them, but not over another."""
    places = {at: y_of(percent) for at, percent in enumerate(percents)}
    above = math.inf
    for at in sorted(places, key=lambda place: -places[place]):  # from the bottom up
        places[at] = round(min(places[at], above - _LABEL), 1)
        above = places[at]
    return [places[at] for at in range(len(percents))]


def curves() -> Curves:
    """Measure all, on all cores."""
    asked = [(size, speed) for size in SIZES_MM for speed in SPEEDS_M_S]
    curves_of: Curves = {name: {size: [] for size in SIZES_MM} for name in ESTIMATORS}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for (size, _), errors in zip(asked, pool.map(_errors, asked), strict=True):
            for name, percent in errors.items():
                curves_of[name][size].append(percent)
    return curves_of


def _errors(asked: tuple[float, float]) -> dict[str, float]:
    """The median of the walks of that size and speed, by estimator."""
    size_mm, speed_m_s = asked
    of_walks: dict[str, list[float]] = {name: [] for name in ESTIMATORS}
    lowest, highest = SPEEDS_M_S[0], SPEEDS_M_S[-1]
    part = math.log(speed_m_s / lowest) / math.log(highest / lowest)
    cadence_spm = _CADENCES_SPM[0] + part * (_CADENCES_SPM[1] - _CADENCES_SPM[0])
    settings = complete({"belt_nm_per_count": round(size_mm * 1e6)})
    for seed, shape in enumerate(SHAPES):
        belt = MadeUpBelt(seed)
        belt.stand(_BEFORE_S)
        belt.walk(speed_m_s, cadence_spm, _WALK_S, shape=shape, peaks=_RIPPLE, inertia_s=INERTIA_S)
        raw = belt.rows(size_mm)
        from_s, to_s = (_BEFORE_S + at_s for at_s in _STEADY_S)
        for name, estimate in ESTIMATORS.items():
            read = estimate(raw, settings)
            off_mm_s = [
                read_mm_s - (belt.place_mm(t_s) - belt.place_mm(t_s - 1.0))
                for read_mm_s, t_s in zip(read.speed_mm_s, read.t_s, strict=True)
                if from_s <= t_s <= to_s
            ]
            of_walks[name].append(rms(off_mm_s) / speed_m_s / 10)
    return {name: statistics.median(percents) for name, percents in of_walks.items()}


def main() -> None:
    """Measure, and write the file that the command names."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print("Usage: python -m beltbox.bench.grid.chart FILE.svg", file=sys.stderr)
        sys.exit(2)
    curves_of = curves()
    try:
        Path(sys.argv[1]).write_text(svg(curves_of), encoding="utf-8")
    except OSError as error:
        sys.exit(f"beltbox: Can't write {sys.argv[1]}: {error.strerror}. Name another file.")
    print("| | " + " | ".join(f"{speed:.2f} m/s" for speed in SPEEDS_M_S) + " |")
    print("|---|" + "---|" * len(SPEEDS_M_S))
    for name, by_size in curves_of.items():
        for size, percents in by_size.items():
            cells = " | ".join(f"{percent:.3f} %" for percent in percents)
            print(f"| {name}, {size:g} mm | {cells} |")


if __name__ == "__main__":
    main()
