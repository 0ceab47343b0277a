"""The grid of walks that the bench measures: which they are, and how they were chosen.

48 walks, each seen by three encoders, make 144 scenarios. Ripple (4 levels), a limp (2), direction
(2) and hands (3) are crossed in full: 4 * 2 * 2 * 3 = 48. Cadence, speed, the noise of the cells
and body weight are a Latin hypercube over the same 48 (each factor takes 48 levels, evenly spaced
from end to end, each once, in an order of its own); the shape of the ripple and the spikes are
balanced (8 and 24 walks a level). The orders come from `random.Random(SEED)`; SEED is that of the
first thousand whose columns correlate least (tests/host_tools/beltbox/bench/grid/test_walks.py has
the limit).

Speed and cadence can't be crossed in full, because a step has a length: 0.2 .. 1.6 m/s, but steps
of 0.15 to 0.80 m only.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from beltbox.bench.grid.made_up_belt import SHAPES

SEED = 333
SIZES_MM = (0.1, 1.0, 12.0)
RIPPLES = (0.05, 0.10, 0.15, 0.25)
LIMPS = (0.0, 0.15)
HOLDS = (0.0, 0.04, 0.15)
WALKS = len(RIPPLES) * len(LIMPS) * 2 * len(HOLDS)
CADENCES_SPM = (40.0, 140.0)
SPEEDS_M_S = (0.2, 1.6)
STEPS_M = (0.15, 0.80)
NOISES_N = (0.05, 2.0)
MASSES_KG = (45.0, 120.0)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One walk of a minute, seen by one encoder and two cells."""

    number: int
    """Of the walk, 0 .. 47; also its seed."""
    mm_per_count: float
    speed_m_s: float
    cadence_spm: float
    peaks: float
    """The ripple of the speed from peak to peak, as a part of it."""
    shape: str
    asymmetry: float
    """How much longer the steps of one side take, as a part of their mean."""
    backward: bool
    hold: float
    """How much of the body weight the hands leave on the rails."""
    noise_n: float
    """RMS, of each cell's samples."""
    spiked: bool
    """Whether 1 % of the samples are off by 150 N."""
    mass_kg: float

    @property
    def coarse(self) -> bool:
        """Whether the encoder is one of those whose goals are wider."""
        return self.mm_per_count > 2

    def __str__(self) -> str:
        return (
            f"{self.cadence_spm:.0f}/min, {self.speed_m_s:.2f} m/s, {self.shape}, "
            f"{self.peaks:.0%}, limp {self.asymmetry:.0%}, "
            f"{'backward' if self.backward else 'forward'}, "
            f"hold {self.hold:.0%} of {self.mass_kg:.0f} kg, noise {self.noise_n:.2f} N"
            f"{', spikes' if self.spiked else ''}"
        )


def in_turn(scenario: Scenario) -> bool:
    """Whether of this walk it is this encoder's turn, where one encoder is enough."""
    return SIZES_MM[scenario.number % len(SIZES_MM)] == scenario.mm_per_count


def scenarios(sizes_mm: Sequence[float] = SIZES_MM, seed: int = SEED) -> list[Scenario]:
    """Every walk by every encoder: the same ones each time."""
    rng = random.Random(seed)

    def shuffled(levels: Sequence[_T]) -> list[_T]:
        column = list(levels) * (WALKS // len(levels))
        rng.shuffle(column)
        return column

    def spread() -> list[float]:
        return shuffled([level / (WALKS - 1) for level in range(WALKS)])

    cadences, speeds, noises, masses = spread(), spread(), spread(), spread()
    shapes = shuffled(SHAPES)
    spiked = shuffled((False, True))
    walks: list[Scenario] = []
    for size_mm in sizes_mm:
        for n in range(WALKS):
            cadence_spm = _between(CADENCES_SPM, cadences[n])
            slowest, fastest = (cadence_spm / 60 * length_m for length_m in STEPS_M)
            speed_m_s = _between(
                (max(SPEEDS_M_S[0], slowest), min(SPEEDS_M_S[1], fastest)), speeds[n]
            )
            walks.append(
                Scenario(
                    number=n,
                    mm_per_count=size_mm,
                    speed_m_s=speed_m_s,
                    cadence_spm=cadence_spm,
                    peaks=RIPPLES[n % 4],
                    shape=shapes[n],
                    asymmetry=LIMPS[n // 4 % 2],
                    backward=n // 8 % 2 == 1,
                    hold=HOLDS[n // 16],
                    # Evenly by its logarithm: noise counts in factors.
                    noise_n=NOISES_N[0] * (NOISES_N[1] / NOISES_N[0]) ** noises[n],
                    spiked=spiked[n],
                    mass_kg=_between(MASSES_KG, masses[n]),
                )
            )
    return walks


def _between(ends: tuple[float, float], part: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * part
