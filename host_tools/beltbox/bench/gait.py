"""Grabs and long walks against the truth; `python -m beltbox.bench.gait` prints every walk."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from beltbox.bench.grid.figures import OURS, measure_all
from beltbox.bench.grid.lines import percentile
from beltbox.bench.grid.made_up_walk import walked
from beltbox.bench.grid.walks import scenarios
from beltbox.bench.table import Line
from beltbox.calibrate.arithmetic.rail_line import STANDARD_GRAVITY
from beltbox.replay.replay import computed_again
from beltbox.walk.rows import RawRow
from beltcore.settings import complete

_NN_PER_COUNT = 230_000
_LONG_S = 300.0
_LONG_WALK_STEPS_PERCENT = 0.5


def grabs_missed_and_made_up() -> tuple[int, int, int]:
    """Catches: how many there were, how many weren't counted, and how many were made up."""
    there = missed = made_up = 0
    for number in range(40):
        rng = random.Random(number)
        mass_kg = rng.uniform(45, 120)
        held = (0.0, 0.04, 0.2)[number % 3]
        catches = [
            _Hold(3 + 4 * i, rng.uniform(0.095, 0.4), rng.uniform(0.05, 0.17)) for i in range(4)
        ]
        there += len(catches)
        missed += len(catches) - _count_grabs(held, catches, _caught, mass_kg, number)
        # As briskly as isn't yet a grab: 7 % in 200 ms.
        sizes = [rng.uniform(0.05, 0.3) for _ in range(4)]
        leans = [_Hold(3 + 4 * i, size, size / 0.35) for i, size in enumerate(sizes)]
        made_up += _count_grabs(held, leans, _leant, mass_kg, number)
    return there, missed, made_up


@dataclass(frozen=True, slots=True)
class _Hold:
    at_s: float
    size: float
    """Of body weight."""
    rise_s: float


def _caught(hold: _Hold, t_s: float) -> float:
    after_s = max(0.0, t_s - hold.at_s - hold.rise_s)
    return hold.size * _rise(t_s - hold.at_s, hold.rise_s) * math.exp(-after_s / 0.5)


def _leant(hold: _Hold, t_s: float) -> float:
    return hold.size * (_rise(t_s - hold.at_s, hold.rise_s) - _rise(t_s - hold.at_s - 2, 1.0))


def _rise(since_s: float, rise_s: float) -> float:
    return max(0.0, min(1.0, since_s / rise_s))


def _count_grabs(
    held: float,
    holds: list[_Hold],
    shape: Callable[[_Hold, float], float],
    mass_kg: float,
    seed: int,
) -> int:
    """held: of body weight. Two cells with 1.5 N of noise and 1 % of the samples spiked."""
    rng = random.Random(seed)
    settings = complete(
        {
            "rail_left_nn_per_count": _NN_PER_COUNT,
            "rail_right_nn_per_count": _NN_PER_COUNT,
            "body_mass_g": round(mass_kg * 1000),
        }
    )
    raw: list[RawRow] = []
    for tick in range(20 * 80):
        t_s = tick / 80
        force_n = (held + sum(shape(hold, t_s) for hold in holds)) * mass_kg * STANDARD_GRAVITY
        left, right = (
            round((force_n * share + _noise_n(rng)) * 1e9 / _NN_PER_COUNT) for share in (0.6, 0.4)
        )
        raw.append(RawRow(round(t_s * 1e6), 0, left, right))
    return computed_again(raw, settings)[-1].grabs or 0


def _noise_n(rng: random.Random) -> float:
    return rng.gauss(0, 1.5) + (rng.choice((-150, 150)) if rng.random() < 0.01 else 0)


def grabs(report: Callable[[str], None]) -> list[Line]:
    """Catches and brisk leans."""
    report("grabs …")
    there, missed, made_up = grabs_missed_and_made_up()
    return [
        Line(
            f"grabs: of {there} catches, and as many brisk leans",
            f"{missed} missed, {made_up} made up",
            "0, 0",
            missed == made_up == 0,
            "–",
        )
    ]


def long_walks(report: Callable[[str], None]) -> list[Line]:
    """Steps of every fourth walk of the grid, five minutes long as a first session is."""
    report("steps of five minutes …")
    errors: list[float] = []
    off = there = 0
    for scenario in scenarios():
        if scenario.mm_per_count != 0.1 or scenario.number % 4:
            continue
        walk = walked(scenario, _LONG_S)
        steps = len(walk.belt.steps_s)
        wrong = (computed_again(walk.raw, walk.settings)[-1].steps or 0) - steps
        errors.append(100 * abs(wrong) / steps)
        off += wrong
        there += steps
    spread = " / ".join(f"{percentile(errors, percent):.1f}" for percent in (50, 95, 100))
    return [
        Line(
            f"steps of five minutes' walk, error in %, 0.1 mm a count ({len(errors)} walks)",
            f"{spread}; together {100 * off / there:+.1f} %",
            "0.5 %",
            percentile(errors, 95) <= _LONG_WALK_STEPS_PERCENT,
            "–",
        )
    ]


def main() -> None:
    """Print every walk of the grid."""
    measured = measure_all(scenarios(), lambda _: None, estimators=[OURS], engines=False)
    for walk in measured:
        figures = walk.figures[OURS]
        print(
            f"{walk.scenario.mm_per_count:4g} mm  {walk.scenario!s:100}"
            f"  SD {_or_unknown(figures.cadence_spm, 2)}  known {figures.cadence_known:4.0%}"
            f"  steps {figures.steps_off or 0:+d} of {walk.steps}"
            f"  length {_or_unknown(figures.step_length_mm, 1)} mm"
            f"  asymmetry {_or_unknown(figures.asymmetry_permille, 0)}"
            f"{'' if figures.asymmetry_within in (True, None) else ' beyond its 95 %'}"
        )
    print("grabs, missed, made up:", *grabs_missed_and_made_up())


def _or_unknown(value: float | None, decimals: int) -> str:
    return f"{'unknown' if value is None else f'{value:.{decimals}f}':>7}"


if __name__ == "__main__":
    main()
