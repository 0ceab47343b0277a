"""A scenario of the grid walked: the raw rows that a box makes of it, and the truth in floats.

Who walks stands still for 15 s, hands on the rails from the fifth second on, walks for a minute
and stands again, hands off. Standing, the hands hold still; walking, they sway with the stride, the
left against the right, and tremble.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from dataclasses import dataclass

from beltbox.bench.grid.made_up_belt import MadeUpBelt
from beltbox.bench.grid.walks import Scenario
from beltbox.calibrate.arithmetic.rail_line import STANDARD_GRAVITY
from beltbox.walk.rows import RawRow
from beltcore.settings import complete

HELD_S = 5.0
WALK_FROM_S = 15.0
WALK_S = 60.0
RAMP_S = 1.5
STOP_S = 1.0
_STAND_S = 3.0
_TAKES_S = 1.0
INERTIA_S = 0.04
_NN_PER_COUNT = 230_000
_ZERO = 50_000
_SHARES = (0.6, 0.4)
_SWAY = 0.15
_TREMOR = 0.01
_TREMOR_HZ = 9.3
_SPIKE_N = 150.0
_SPIKED = 0.01
_CLOSE_S = 0.001


@dataclass(frozen=True, slots=True)
class Walked:
    """Raw rows (t_us from 0 on, not wrapping), the settings they belong to, and the truth."""

    scenario: Scenario
    raw: list[RawRow]
    settings: dict[str, int | str]
    belt: MadeUpBelt
    phase: float
    """Of the hands' sway against the steps, in strides."""

    @property
    def sign(self) -> int:
        """Of the speed."""
        return -1 if self.scenario.backward else 1

    @property
    def weight_n(self) -> float:
        return self.scenario.mass_kg * STANDARD_GRAVITY

    @property
    def steady_s(self) -> tuple[float, float]:
        """From six seconds after the walk's speed was reached to a second before it slows down."""
        return WALK_FROM_S + RAMP_S + 6.0, WALK_FROM_S + WALK_S - STOP_S - 1.0

    def mean_mm_s(self, from_s: float, to_s: float) -> float:
        """The mean speed between two times, signed."""
        way_mm = self.belt.place_mm(to_s) - self.belt.place_mm(from_s)
        return self.sign * way_mm / (to_s - from_s)

    def speed_mm_s(self, t_s: float) -> float:
        """The speed at a moment, signed."""
        return self.mean_mm_s(t_s - _CLOSE_S, t_s + _CLOSE_S)

    def steps_s(self, from_s: float, to_s: float) -> list[float]:
        """The steps between two times."""
        return [t_s for t_s in self.belt.steps_s if from_s <= t_s <= to_s]

    def forces_n(self, t_s: float) -> tuple[float, float]:
        """What the hands truly press, left and right."""
        return _forces_n(self.scenario, self.belt, self.phase, t_s)


def walked(scenario: Scenario, seconds: float = WALK_S) -> Walked:
    """Walk it: the same each time. What `Walked` says of its steady part is of a minute's walk."""
    belt = MadeUpBelt(seed=scenario.number)
    belt.stand(WALK_FROM_S)
    belt.walk(
        scenario.speed_m_s,
        scenario.cadence_spm,
        seconds,
        shape=scenario.shape,
        peaks=scenario.peaks,
        asymmetry=scenario.asymmetry,
        ramp_s=RAMP_S,
        stop_s=STOP_S,
        inertia_s=INERTIA_S,
    )
    belt.stand(_STAND_S)
    rng = random.Random(1000 + scenario.number)
    phase = rng.uniform(-0.1, 0.1)

    def sample(force_n: float) -> int:
        noise_n = rng.gauss(0, scenario.noise_n)
        if scenario.spiked and rng.random() < _SPIKED:
            noise_n += rng.choice((-_SPIKE_N, _SPIKE_N))
        return _ZERO + round((force_n + noise_n) * 1e9 / _NN_PER_COUNT)

    raw: list[RawRow] = []
    for row in belt.rows(scenario.mm_per_count, direction=-1 if scenario.backward else 1):
        left_n, right_n = _forces_n(scenario, belt, phase, row.t_us / 1e6)
        raw.append(RawRow(row.t_us, row.count, sample(left_n), sample(right_n)))
    settings = complete(
        {
            "belt_nm_per_count": round(scenario.mm_per_count * 1e6),
            "rail_left_zero": _ZERO,
            "rail_right_zero": _ZERO,
            "rail_left_nn_per_count": _NN_PER_COUNT,
            "rail_right_nn_per_count": _NN_PER_COUNT,
            "body_mass_g": round(scenario.mass_kg * 1000),
        }
    )
    return Walked(scenario, raw, settings, belt, phase)


def _forces_n(
    scenario: Scenario, belt: MadeUpBelt, phase: float, t_s: float
) -> tuple[float, float]:
    ends_s = WALK_FROM_S + WALK_S
    taken = min(1.0, (t_s - HELD_S) / _TAKES_S, (ends_s + _TAKES_S - t_s) / _TAKES_S)
    if not scenario.hold or taken <= 0:
        return 0.0, 0.0
    held_n = scenario.hold * scenario.mass_kg * STANDARD_GRAVITY * taken
    sway = tremor = 0.0
    if WALK_FROM_S <= t_s <= ends_s:
        sway = _SWAY * math.sin(2 * math.pi * (_stride(belt.steps_s, t_s) + phase))
        tremor = _TREMOR * math.sin(2 * math.pi * _TREMOR_HZ * t_s)
    left, right = _SHARES
    return held_n * left * (1 + sway + tremor), held_n * right * (1 - sway + tremor)


def _stride(steps_s: list[float], t_s: float) -> float:
    """How many strides were made by then."""
    after = min(max(bisect_right(steps_s, t_s), 1), len(steps_s) - 1)
    before_s, after_s = steps_s[after - 1], steps_s[after]
    return (after - 1 + min(1.0, (t_s - before_s) / (after_s - before_s))) / 2
