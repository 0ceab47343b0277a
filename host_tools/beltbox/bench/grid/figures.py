"""The grid measured: how far each estimator is from the truth in each scenario."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from beltbox.bench.grid.made_up_walk import (
    HELD_S,
    RAMP_S,
    STOP_S,
    WALK_FROM_S,
    WALK_S,
    Walked,
    walked,
)
from beltbox.bench.grid.rivals import (
    STEPS_OF_SIDES,
    Readings,
    asymmetry_permille,
    ours,
    plain,
    theil_sen,
)
from beltbox.bench.grid.same_bytes import Compared, compare
from beltbox.bench.grid.walks import Scenario, in_turn
from beltbox.sim.truth import rms

OURS, PLAIN, THEIL_SEN = "ours", "plain differences", "Theil-Sen"
ESTIMATORS = {OURS: ours, PLAIN: plain, THEIL_SEN: theil_sen}

_SETTLES_S = 2.0  # hands that came, until the force is called steady
_AFTER_S = 1.5  # the stop belongs to the walk


@dataclass(frozen=True, slots=True)
class Figures:
    """What an estimator did in a scenario; None where it told nothing."""

    speed_percent: float
    """RMS error of `speed_mm_s` from before the first step to after the last, of the mean speed."""
    belt_percent: float
    """The same of `belt_mm_s`, at its lag."""
    standing_n: float
    """RMS error of the force of the worse cell while standing, hands at rest."""
    walking_n: float
    """The same, at its lag, while the hands sway with the stride."""
    reliance_percent: float
    """RMS error while walking, at the forces' lag, of body weight."""
    cadence_spm: float | None
    """RMS error about the true mean in the steady walk."""
    cadence_known: float
    """The part of the steady walk in which it was told."""
    step_length_mm: float | None
    """RMS error about the true mean in the steady walk."""
    steps_off: int | None
    """How many steps of the walk too many."""
    asymmetry_permille: float | None
    """Error at the end of the steady walk."""
    asymmetry_within: bool | None
    """Whether that is at most twice its stated standard uncertainty."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A scenario, with the figures of each of `ESTIMATORS`."""

    scenario: Scenario
    mean_mm_s: float
    """The mean speed of the walk, without sign."""
    steps: int
    """How many there truly were."""
    figures: dict[str, Figures]
    compared: Compared | None
    """What the three engines made of its raw rows, where they were compared."""


def measure_all(
    scenarios: Sequence[Scenario],
    report: Callable[[str], None],
    *,
    estimators: Sequence[str] = tuple(ESTIMATORS),
    engines: bool = True,
) -> list[Measured]:
    """Measure every scenario, on all cores. Raises EngineError.

    engines: whether the three engines are compared, too: every walk's rows, whole, but of the
    encoders in turn, because 32-bit MicroPython takes twice as long as all the rest.
    """
    measured: list[Measured] = []
    each = functools.partial(measure, estimators=estimators, engines=engines)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for walk in pool.map(each, scenarios):
            if len(measured) % 24 == 0:
                report(f"grid, {len(measured)} of {len(scenarios)} scenarios …")
            measured.append(walk)
    return measured


def measure(
    scenario: Scenario, *, estimators: Sequence[str] = tuple(ESTIMATORS), engines: bool = False
) -> Measured:
    """Walk, estimate, and hold against the truth. Raises EngineError."""
    walk = walked(scenario)
    return Measured(
        scenario,
        abs(walk.mean_mm_s(WALK_FROM_S, WALK_FROM_S + WALK_S)),
        len(walk.belt.steps_s),
        {name: figures(walk, ESTIMATORS[name](walk.raw, walk.settings)) for name in estimators},
        compare(walk.raw, walk.settings) if engines and in_turn(scenario) else None,
    )


def figures(walk: Walked, read: Readings) -> Figures:
    """What is wrong with `read`."""
    ends_s = WALK_FROM_S + WALK_S
    mean_mm_s = abs(walk.mean_mm_s(WALK_FROM_S, ends_s))
    speed_off: list[float] = []
    belt_off: list[float] = []
    for at, t_s in _between(read.t_s, WALK_FROM_S, ends_s + _AFTER_S):
        speed_off.append(read.speed_mm_s[at] - walk.mean_mm_s(t_s - 1.0, t_s))
        belt_off.append(read.belt_mm_s[at] - walk.speed_mm_s(t_s - read.belt_lag_s))
    walking_s = WALK_FROM_S + RAMP_S, ends_s - STOP_S
    standing_n = _force_off_n(walk, read, HELD_S + _SETTLES_S, WALK_FROM_S)
    walking_n = _force_off_n(walk, read, *walking_s)
    reliance_off = [
        reliance - 100 * sum(walk.forces_n(t_s - read.force_lag_s)) / walk.weight_n
        for at, t_s in _between(read.t_s, *walking_s)
        if (reliance := read.reliance_percent[at]) is not None
    ]
    cadence_off, length_off, rows = _gait_off(walk, read)
    asymmetry_off, within = _asymmetry(walk, read)
    return Figures(
        speed_percent=100 * rms(speed_off) / mean_mm_s,
        belt_percent=100 * rms(belt_off) / mean_mm_s,
        standing_n=standing_n,
        walking_n=walking_n,
        reliance_percent=rms(reliance_off),
        cadence_spm=rms(cadence_off) if cadence_off else None,
        cadence_known=len(cadence_off) / rows,
        step_length_mm=rms(length_off) if length_off else None,
        steps_off=None if read.steps is None else read.steps - len(walk.belt.steps_s),
        asymmetry_permille=asymmetry_off,
        asymmetry_within=within,
    )


def _force_off_n(walk: Walked, read: Readings, from_s: float, to_s: float) -> float:
    off_n: tuple[list[float], list[float]] = ([], [])
    for at, t_s in _between(read.t_s, from_s, to_s):
        for side, truly_n in enumerate(walk.forces_n(t_s - read.force_lag_s)):
            told_n = read.forces_n[at][side]
            if told_n is not None:
                off_n[side].append(told_n - truly_n)
    return max(map(rms, off_n))


def _gait_off(walk: Walked, read: Readings) -> tuple[list[float], list[float], int]:
    """Errors of cadence and step length in the steady walk, and how many rows that has."""
    steps_s = walk.steps_s(*walk.steady_s)
    steps = len(steps_s) - 1
    truly_spm = 60 * steps / (steps_s[-1] - steps_s[0])
    truly_mm = abs(walk.mean_mm_s(steps_s[0], steps_s[-1])) * 60 / truly_spm
    rows = list(_between(read.t_s, *walk.steady_s))
    return (
        [spm - truly_spm for at, _ in rows if (spm := _at(read.cadence_spm, at)) is not None],
        [mm - truly_mm for at, _ in rows if (mm := _at(read.step_length_mm, at)) is not None],
        len(rows),
    )


def _asymmetry(walk: Walked, read: Readings) -> tuple[float | None, bool | None]:
    """The error of the last one told in the steady walk, and whether it is within its 95 %."""
    for at, t_s in reversed(list(_between(read.t_s, *walk.steady_s))):
        permille = _at(read.asymmetry_permille, at)
        if permille is None:
            continue
        truly = asymmetry_permille(walk.steps_s(0, t_s)[-STEPS_OF_SIDES - 1 :])
        off = abs(permille - truly)
        u = _at(read.asymmetry_u_permille, at)
        return off, None if u is None else off <= 2 * u
    return None, None


def _between(t_s: Sequence[float], from_s: float, to_s: float) -> Iterator[tuple[int, float]]:
    return ((at, moment_s) for at, moment_s in enumerate(t_s) if from_s <= moment_s <= to_s)


def _at(values: Sequence[float | None], at: int) -> float | None:
    return values[at] if values else None
