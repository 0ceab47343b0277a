"""What ten seconds of raw rows tell of the sensors behind them: each cell, and the belt."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from beltbox.walk.rows import RawRow, us_between

_SATURATED = (0x7FFFFF, -0x800000)
# So many standard deviations from its neighbours' median a sample is a spike, and no noise.
_SPIKE_SIGMAS = 6
_NEIGHBOURS = 2  # on either side
_MEANS_A_SECOND = 4
_NORMAL_MAD = 1.4826  # standard deviation over median absolute deviation, normal distribution


@dataclass(frozen=True, slots=True)
class Cell:
    """A load cell and its amplifier. What can't be known from so few samples is None."""

    samples: int
    samples_a_second: float
    unique_values: int
    saturated_share: float
    """The part, 0 .. 1, of the samples at an end of the 24-bit range."""
    spike_share: float
    """The part, 0 .. 1, of the samples far outside what their neighbours say."""
    lowest: int | None
    """Counts, as is `highest`."""
    highest: int | None
    mean_n: float | None
    """Newtons from the zero of the settings."""
    noise_n: float | None
    """Standard deviation from sample to sample, spikes left out."""
    wander_n: float | None
    """Peak to peak of the means of quarter seconds: a hand on the rail shows here."""
    drift_n_a_minute: float | None
    drift_u_n_a_minute: float | None
    """The drift's standard uncertainty."""


@dataclass(frozen=True, slots=True)
class Belt:
    """The encoder's counts, in millimetres of belt; forward as the settings have it."""

    forward_counts: int
    backward_counts: int
    span_counts: int
    """From the lowest count to the highest."""
    forward_mm: float
    backward_mm: float


def span_s(rows: Sequence[RawRow]) -> float:
    """The time from the first row to the last, over the clock's wraps."""
    return sum(_steps_us(rows)) / 1e6


def examine_cell(rows: Sequence[RawRow], side: str, settings: dict[str, int | str]) -> Cell:
    """The cell of a side, "left" or "right", as raw rows in order show it."""
    zero = int(settings[f"rail_{side}_zero"])
    n_per_count = int(settings[f"rail_{side}_nn_per_count"]) * 1e-9
    taken: list[tuple[float, int]] = []
    at_s = 0.0
    for row, step_us in zip(rows, [0, *_steps_us(rows)], strict=True):
        at_s += step_us / 1e6
        sample = row.rail_left if side == "left" else row.rail_right
        if sample is not None:
            taken.append((at_s, sample))
    values = [sample for _, sample in taken]
    sound = [(t, sample) for t, sample in taken if sample not in _SATURATED]
    kept, spikes = _without_spikes(sound)
    means = _means(kept)
    slope, slope_u = _line(means)
    noise = _noise([sample for _, sample in kept])
    per_count = abs(n_per_count)
    return Cell(
        samples=len(values),
        samples_a_second=len(values) / at_s if at_s else 0.0,
        unique_values=len(set(values)),
        saturated_share=1 - len(sound) / len(values) if values else 0.0,
        spike_share=spikes / len(values) if values else 0.0,
        lowest=min(values, default=None),
        highest=max(values, default=None),
        mean_n=(statistics.fmean(s for _, s in kept) - zero) * n_per_count if kept else None,
        noise_n=None if noise is None else noise * per_count,
        wander_n=_range([mean for _, mean in means], per_count),
        drift_n_a_minute=None if slope is None else slope * 60 * n_per_count,
        drift_u_n_a_minute=None if slope_u is None else slope_u * 60 * per_count,
    )


def examine_belt(rows: Sequence[RawRow], settings: dict[str, int | str]) -> Belt:
    """The belt, as raw rows in order show it."""
    direction = int(settings["belt_direction"])
    mm = int(settings["belt_nm_per_count"]) * 1e-6
    forward = backward = place = lowest = highest = 0
    for before, after in itertools.pairwise(rows):
        # The count wraps within 31 bits, and steps are far below half of that.
        step = (after.count - before.count + (1 << 29)) % (1 << 30) - (1 << 29)
        step *= direction
        forward += max(step, 0)
        backward += max(-step, 0)
        place += step
        lowest = min(lowest, place)
        highest = max(highest, place)
    return Belt(forward, backward, highest - lowest, forward * mm, backward * mm)


def _steps_us(rows: Sequence[RawRow]) -> list[int]:
    return [us_between(before.t_us, after.t_us) for before, after in itertools.pairwise(rows)]


def _without_spikes(taken: list[tuple[float, int]]) -> tuple[list[tuple[float, int]], int]:
    """The samples but for spikes, and how many those were."""
    values = [sample for _, sample in taken]
    if len(values) < 2 * _NEIGHBOURS + 1:
        return taken, 0
    off = [value - _neighbours(values, at) for at, value in enumerate(values)]
    sigma = _NORMAL_MAD * statistics.median(abs(residual) for residual in off)
    # A cell without noise: a count to and fro is no spike.
    limit = _SPIKE_SIGMAS * max(sigma, 1.0)
    kept = [point for point, residual in zip(taken, off, strict=True) if abs(residual) <= limit]
    return kept, len(taken) - len(kept)


def _neighbours(values: list[int], at: int) -> float:
    """The median of those beside a value: with itself among them it would hide a spike."""
    beside = values[max(0, at - _NEIGHBOURS) : at] + values[at + 1 : at + 1 + _NEIGHBOURS]
    return statistics.median(beside)


def _noise(values: list[int]) -> float | None:
    """From the differences of neighbours, in which neither a hand nor drift shows: / sqrt(2)."""
    if len(values) < 3:
        return None
    steps = [after - before for before, after in itertools.pairwise(values)]
    return math.sqrt(statistics.fmean(step * step for step in steps) / 2)


def _means(taken: list[tuple[float, int]]) -> list[tuple[float, float]]:
    """The means of quarter seconds: (time in s, counts)."""
    bins: dict[int, list[tuple[float, int]]] = {}
    for t, sample in taken:
        bins.setdefault(int(t * _MEANS_A_SECOND), []).append((t, sample))
    return [
        (statistics.fmean(t for t, _ in part), statistics.fmean(s for _, s in part))
        for part in bins.values()
    ]


def _line(points: list[tuple[float, float]]) -> tuple[float | None, float | None]:
    """The slope of the straight line by least squares, and its standard uncertainty."""
    if len(points) < 4:
        return None, None
    t = [x for x, _ in points]
    y = [value for _, value in points]
    slope, start = statistics.linear_regression(t, y)
    rest = sum((value - start - slope * x) ** 2 for x, value in points) / (len(points) - 2)
    middle = statistics.fmean(t)
    return slope, math.sqrt(rest / sum((x - middle) ** 2 for x in t))


def _range(values: list[float], scale: float) -> float | None:
    return (max(values) - min(values)) * scale if values else None
