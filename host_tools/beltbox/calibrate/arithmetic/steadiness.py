"""When is a cell's reading steady, and if it isn't: why, in words."""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass
from itertools import pairwise

# An eighth of a second holds ten samples of a cell at 80 a second: their median is free of spikes
# as long as fewer than half are.
_BINS_A_SECOND = 8
FULL_SCALE = (0x7FFFFF, -0x800000)
"""What an HX711 gives when its input is out of range."""

# What still counts as steady: a weight that hangs still from a rope creeps and swings less.
_SLOPE_N_S = 0.15
_SHAKING_N = 0.3
# … or what noise alone makes of it, so many standard deviations.
_SIGMAS = 3.0
# Standard deviation of a median of ten over that of one, normal distribution, and of the
# difference of neighbours over that of one.
_MEDIAN_OF_TEN = 0.37
_PEAK_TO_PEAK = 2 * math.sqrt(2)  # of a swing, over its standard deviation
_COUNT_U = 1 / math.sqrt(12)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a cell read for some seconds."""

    counts: float
    u_counts: float
    """Standard uncertainty: scatter, and half of what it still moved."""
    noise_counts: float
    """Standard deviation from sample to sample, spikes left out."""
    samples: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the reading is steady; if not, `words` say why. `reading` once there is one."""

    steady: bool
    words: str
    reading: Reading | None


class Steadiness:
    """Takes a cell's samples and judges the last few seconds of them."""

    def __init__(self, n_per_count: float, *, seconds: float = 3.0) -> None:
        """n_per_count: about, with its sign; only the limits and the words hang on it."""
        self.n_per_count = n_per_count
        self._seconds = seconds
        self._bins: deque[list[int]] = deque(maxlen=round(seconds * _BINS_A_SECOND))
        self._bin = -1

    def take(self, t_s: float, sample: int) -> None:
        """A raw sample at a time that never falls."""
        number = int(t_s * _BINS_A_SECOND)
        if number != self._bin:
            self._bin = number
            self._bins.append([])
        self._bins[-1].append(sample)

    def verdict(self) -> Verdict:
        """What the last seconds show."""
        wanted = self._bins.maxlen or 0
        full = [samples for samples in self._bins if samples]
        if any(sample in FULL_SCALE for samples in full for sample in samples):
            return Verdict(False, "at the end of its range: too heavy, or wired wrong", None)
        if len(full) < wanted:
            return Verdict(False, "reading", None)
        medians = [statistics.median(samples) for samples in full]
        count = len(medians)
        slope, start = statistics.linear_regression(range(count), medians)
        off = [value - start - slope * at for at, value in enumerate(medians)]
        scatter = math.sqrt(sum(residual * residual for residual in off) / (count - 2))
        noise = _noise(full)
        size = abs(self.n_per_count)
        slope_n_s = slope * _BINS_A_SECOND * self.n_per_count
        shaking_n = scatter * _PEAK_TO_PEAK * size
        from_noise = _SIGMAS * noise * _MEDIAN_OF_TEN
        slope_of_noise = from_noise * math.sqrt(12 / count**3) * _BINS_A_SECOND
        reading = Reading(
            counts=statistics.fmean(medians),
            u_counts=math.sqrt(
                scatter * scatter / count + (slope * count) ** 2 / 12 + _COUNT_U**2 / count
            ),
            noise_counts=noise,
            samples=sum(map(len, full)),
        )
        if shaking_n > max(_SHAKING_N, from_noise * _PEAK_TO_PEAK * size):
            # A step inside the window shakes and slopes alike: the slope is the better word.
            if abs(slope) * count > _PEAK_TO_PEAK * scatter:
                return Verdict(False, _moving(slope_n_s), reading)
            return Verdict(False, f"shaking by {_about(shaking_n)} N", reading)
        if abs(slope_n_s) > max(_SLOPE_N_S, slope_of_noise * size):
            return Verdict(False, _moving(slope_n_s), reading)
        return Verdict(True, "steady", reading)


def _moving(slope_n_s: float) -> str:
    direction = "rising" if slope_n_s > 0 else "falling"
    return f"still {direction} by {_about(abs(slope_n_s))} N a second"


def _about(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def _noise(bins: list[list[int]]) -> float:
    """From the differences of neighbours, of which the median ignores spikes."""
    steps = [abs(after - before) for samples in bins for before, after in pairwise(samples)]
    # The median of |difference| is 0.6745 sqrt(2) standard deviations.
    return statistics.median(steps) / (0.6745 * math.sqrt(2)) if steps else 0.0
