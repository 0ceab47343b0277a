"""Cadence, steps and grabs against the truth: `python -m beltbox.bench.gait` prints each walk."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from beltbox.bench.made_up_belt import SHAPES, MadeUpBelt
from beltbox.bench.table import Line
from beltbox.replay import computed_again
from beltbox.rows import RawRow
from beltcore.settings import complete

_SIZES_MM = (0.1, 1.0, 12.0)
_WALKS = 24
_WALK_S = 60.0
_BEFORE_S = 2.0
_RAMP_S = 1.5
_STEADY_S = 6.0
_GRAVITY_M_S2 = 9.80665
_NN_PER_COUNT = 230_000


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk, measured: SD of cadence in steps/min (None: never known), steps too many."""

    what: str
    peaks: float
    cadence_sd: float | None
    steps_off: int
    steps: int
    known: float
    """The part of the steady walk in which the cadence was known."""


def walks(mm_per_count: float) -> Iterator[Walk]:
    """A spread over speed, cadence, ripple, its shape and a limp; the same ones each time."""
    rng = random.Random(20)
    for number in range(_WALKS):
        cadence_spm = 42 + 98 * number / (_WALKS - 1)
        speed_m_s = min(1.6, max(0.2, cadence_spm / 60 * rng.uniform(0.25, 0.7)))
        peaks = (0.05, 0.10, 0.15, 0.25)[number % 4]
        shape = SHAPES[number % len(SHAPES)]
        asymmetry = (0.0, 0.0, 0.15)[number % 3]
        belt = MadeUpBelt(seed=number)
        belt.stand(_BEFORE_S)
        belt.walk(
            speed_m_s,
            cadence_spm,
            _WALK_S,
            shape=shape,
            peaks=peaks,
            asymmetry=asymmetry,
            ramp_s=_RAMP_S,
        )
        belt.stand(3)
        raw = belt.rows(mm_per_count, direction=-1 if number % 2 else 1)
        settings = complete({"belt_nm_per_count": round(mm_per_count * 1e6)})
        metrics = computed_again(raw, settings)
        squares: list[float] = []
        rows = 0
        for row in metrics:
            t_s = row.t_ms / 1000 - _BEFORE_S - _RAMP_S
            if _STEADY_S <= t_s <= _WALK_S - _RAMP_S - 1.5:
                rows += 1
                if row.cadence_spm_x10 is not None:
                    squares.append((row.cadence_spm_x10 / 10 - cadence_spm) ** 2)
        yield Walk(
            f"{cadence_spm:.0f}/min, {speed_m_s:.2f} m/s, {shape}, {peaks:.0%}, "
            f"limp {asymmetry:.0%}",
            peaks,
            math.sqrt(statistics.fmean(squares)) if squares else None,
            (metrics[-1].steps or 0) - len(belt.steps_s),
            len(belt.steps_s),
            len(squares) / rows,
        )


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
        force_n = (held + sum(shape(hold, t_s) for hold in holds)) * mass_kg * _GRAVITY_M_S2
        left, right = (
            round((force_n * share + _noise_n(rng)) * 1e9 / _NN_PER_COUNT) for share in (0.6, 0.4)
        )
        raw.append(RawRow(round(t_s * 1e6), 0, left, right))
    return computed_again(raw, settings)[-1].grabs or 0


def _noise_n(rng: random.Random) -> float:
    return rng.gauss(0, 1.5) + (rng.choice((-150, 150)) if rng.random() < 0.01 else 0)


def gait(tell: Callable[[str], None]) -> list[Line]:
    """Cadence and steps for each size of a count, and grabs."""
    lines: list[Line] = []
    for size_mm in _SIZES_MM:
        tell(f"steps, {size_mm:g} mm a count …")
        found = list(walks(size_mm))
        goal = 4.0 if size_mm > 2 else 1.5
        # A ripple of 5 % is less than what the edges of 12 mm make by themselves: left out there.
        fair = [walk for walk in found if size_mm < 2 or walk.peaks > 0.05]
        known = sorted(walk.cadence_sd for walk in fair if walk.cadence_sd is not None)
        of = f"{len(known)} of {len(fair)} walks"
        lines.append(
            Line(
                f"cadence after 6 s, SD, {size_mm:g} mm a count ({of})",
                f"{_spread(known)} steps/min",
                f"{goal:g}",
                bool(known) and _percentile_95(known) <= goal,
                "–",
            )
        )
        off = sorted(abs(walk.steps_off) / walk.steps * 100 for walk in fair)
        total = sum(walk.steps_off for walk in fair) / sum(walk.steps for walk in fair) * 100
        lines.append(
            Line(
                f"steps of a minute's walk, {size_mm:g} mm a count",
                f"{_spread(off)} %; all together {total:+.1f} %",
                "1 %",
                abs(total) <= 1,
                "–",
            )
        )
    tell("grabs …")
    there, missed, made_up = grabs_missed_and_made_up()
    lines.append(
        Line(
            f"grabs: of {there} catches, and as many brisk leans",
            f"{missed} missed, {made_up} made up",
            "0, 0",
            missed == made_up == 0,
            "–",
        )
    )
    return lines


def _percentile_95(values: list[float]) -> float:
    return values[min(len(values) - 1, math.ceil(0.95 * len(values)) - 1)]


def _spread(values: list[float]) -> str:
    if not values:
        return "never known"
    return (
        f"median {statistics.median(values):.1f}, 95 % below {_percentile_95(values):.1f}, "
        f"worst {values[-1]:.1f}"
    )


def main() -> None:
    """Print every walk."""
    for size_mm in _SIZES_MM:
        for walk in walks(size_mm):
            sd = "unknown" if walk.cadence_sd is None else f"{walk.cadence_sd:.2f}"
            print(
                f"{size_mm:4g} mm  {walk.what:52}  SD {sd:>7}  known {walk.known:4.0%}"
                f"  steps {walk.steps_off:+d} of {walk.steps}",
                flush=True,
            )
    print("grabs, missed, made up:", *grabs_missed_and_made_up())


if __name__ == "__main__":
    main()
