"""What others make of the same rows: the two rivals of the bench, in floats.

Plain differences are what a box built at home does: differences of the count, smoothed by a moving
average; a step where that crosses a slower average; the last samples' mean minus tare. Theil-Sen
is the median of the slopes between all pairs of rows in the window, as OpenRowingMonitor takes it
for its flywheel; of a force it is the median of the samples. Both have the windows of beltcore.

Each reads every `EVERY`-th row, those in which the box tells its numbers; so does `ours`.
"""

from __future__ import annotations

import itertools
import statistics
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from beltbox.calibrate.arithmetic.rail_line import STANDARD_GRAVITY
from beltbox.replay.replay import computed_again
from beltbox.walk.rows import RawRow
from beltcore.belt import lag_us

EVERY = 8
_MEAN_US = 1_000_000
_FORCE_ROWS = 12
_FORCE_LAG_S = 0.06  # ours: two samples of the median, three of the mean
# The fast average of plain differences, and the hysteresis as a part of the slow one: those of
# twelve by four that find steps best on this very grid, with a fine encoder and with a coarse one.
_FINE_STEPS = (12, 0.01)
_COARSE_STEPS = (28, 0.02)
_COARSE_NM = 2_000_000
_SLOW_ROWS = 80
_LEAST_STEP_S = 0.25
_LEAST_MM_S = 50.0
_RECENT_S = 6.0
_RECENT_STEPS = 12
STEPS_OF_SIDES = 64
"""The last so many step times tell the asymmetry,"""
_SIDES_LEAST = 60  # from so many on

Forces = tuple[float | None, float | None]


@dataclass(slots=True)
class Readings:
    """What an estimator says at every `EVERY`-th row; None where it says nothing.

    Of the gait only what the estimator knows at all: empty lists otherwise.
    """

    t_s: list[float]
    belt_lag_s: float
    force_lag_s: float
    speed_mm_s: list[float] = field(default_factory=list[float])
    belt_mm_s: list[float] = field(default_factory=list[float])
    forces_n: list[Forces] = field(default_factory=list[Forces])
    reliance_percent: list[float | None] = field(default_factory=list[float | None])
    cadence_spm: list[float | None] = field(default_factory=list[float | None])
    step_length_mm: list[float | None] = field(default_factory=list[float | None])
    asymmetry_permille: list[float | None] = field(default_factory=list[float | None])
    asymmetry_u_permille: list[float | None] = field(default_factory=list[float | None])
    """The standard uncertainty of that, where the estimator has one."""
    steps: int | None = None


def ours(raw: Sequence[RawRow], settings: Mapping[str, int | str]) -> Readings:
    """beltcore."""
    rows = computed_again(raw, settings)
    sampled = rows[::EVERY]
    return Readings(
        t_s=[row.t_us / 1e6 for row in raw[::EVERY]],
        belt_lag_s=lag_us(int(settings["belt_nm_per_count"])) / 1e6,
        force_lag_s=_FORCE_LAG_S,
        speed_mm_s=[row.speed_mm_s or 0.0 for row in sampled],
        belt_mm_s=[row.belt_mm_s or 0.0 for row in sampled],
        forces_n=[
            (_over(row.rail_left_mn, 1000), _over(row.rail_right_mn, 1000)) for row in sampled
        ],
        reliance_percent=[_over(row.reliance_permille, 10) for row in sampled],
        cadence_spm=[_over(row.cadence_spm_x10, 10) for row in sampled],
        step_length_mm=[row.step_length_mm for row in sampled],
        asymmetry_permille=[row.step_asymmetry_permille for row in sampled],
        asymmetry_u_permille=[row.step_asymmetry_u_permille for row in sampled],
        steps=rows[-1].steps or 0,
    )


def plain(raw: Sequence[RawRow], settings: Mapping[str, int | str]) -> Readings:
    """Differences of rows and moving averages."""
    t_s, place_mm = _track(raw, settings)

    def moving_average_mm_s(at: int, rows: int) -> float:
        # The mean of the differences of `rows` rows is the difference of the two at the ends.
        first = max(0, at - rows)
        return (place_mm[at] - place_mm[first]) / (t_s[at] - t_s[first]) if at else 0.0

    readings = _by_windows(raw, settings, t_s, moving_average_mm_s, statistics.fmean)
    coarse = int(settings["belt_nm_per_count"]) > _COARSE_NM
    fast_rows, swing = _COARSE_STEPS if coarse else _FINE_STEPS
    steps = _Steps(swing)
    for at in range(len(raw)):
        steps.look(
            t_s[at],
            place_mm[at],
            abs(moving_average_mm_s(at, fast_rows)),
            abs(moving_average_mm_s(at, _SLOW_ROWS)),
        )
        if at % EVERY == 0:
            cadence_spm, length_mm = steps.recent(t_s[at])
            readings.cadence_spm.append(cadence_spm)
            readings.step_length_mm.append(length_mm)
            readings.asymmetry_permille.append(
                asymmetry_permille([step_s for step_s, _ in steps.at[-STEPS_OF_SIDES - 1 :]])
                if len(steps.at) > _SIDES_LEAST
                else None
            )
    readings.steps = len(steps.at)
    return readings


def theil_sen(raw: Sequence[RawRow], settings: Mapping[str, int | str]) -> Readings:
    """Medians of slopes."""
    t_s, place_mm = _track(raw, settings)

    def slope(at: int, rows: int) -> float:
        first = max(0, at - rows)
        return median_slope(t_s[first : at + 1], place_mm[first : at + 1]) if at else 0.0

    return _by_windows(raw, settings, t_s, slope, statistics.median)


def median_slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Theil-Sen: the median of the slopes between all pairs of two or more points, x rising."""
    if all(value == y[0] for value in y):
        return 0.0
    slopes = [
        (y[b] - y_a) / (x[b] - x_a)
        for a, (x_a, y_a) in enumerate(zip(x, y, strict=True))
        for b in range(a + 1, len(x))
    ]
    return statistics.median(slopes)


def asymmetry_permille(steps_s: Sequence[float]) -> float:
    """How much longer one side's steps took than the other's, of their mean; three or more steps.

    Which side isn't known, so it is never negative.
    """
    took_s = [after - before for before, after in itertools.pairwise(steps_s)]
    first, second = statistics.fmean(took_s[::2]), statistics.fmean(took_s[1::2])
    return 2000 * abs(first - second) / (first + second)


class _Steps:
    """Steps where a fast average of the speed falls below a slow one, and how they went lately."""

    def __init__(self, swing: float) -> None:
        self._swing = swing
        self.at: list[tuple[float, float]] = []
        """The time and the place of each."""
        self._above = True

    def look(self, t_s: float, place_mm: float, fast_mm_s: float, slow_mm_s: float) -> None:
        if slow_mm_s < _LEAST_MM_S or fast_mm_s > slow_mm_s * (1 + self._swing):
            self._above = True
        elif self._above and fast_mm_s < slow_mm_s * (1 - self._swing):
            self._above = False
            if not self.at or t_s - self.at[-1][0] >= _LEAST_STEP_S:
                self.at.append((t_s, place_mm))

    def recent(self, t_s: float) -> tuple[float | None, float | None]:
        """Cadence in steps/min and step length in mm of the last steps."""
        first = bisect_left(self.at, (t_s - _RECENT_S, -float("inf")))
        recent = self.at[max(first, len(self.at) - _RECENT_STEPS - 1) :]
        if len(recent) < 3:
            return None, None
        (from_s, from_mm), (to_s, to_mm) = recent[0], recent[-1]
        steps = len(recent) - 1
        return 60 * steps / (to_s - from_s), abs(to_mm - from_mm) / steps


def _track(
    raw: Sequence[RawRow], settings: Mapping[str, int | str]
) -> tuple[list[float], list[float]]:
    size_mm = int(settings["belt_nm_per_count"]) * int(settings["belt_direction"]) / 1e6
    return [row.t_us / 1e6 for row in raw], [row.count * size_mm for row in raw]


def _by_windows(
    raw: Sequence[RawRow],
    settings: Mapping[str, int | str],
    t_s: Sequence[float],
    speed_mm_s: Callable[[int, int], float],
    middle: Callable[[Sequence[float]], float],
) -> Readings:
    """Speeds and forces over the windows of beltcore.

    speed_mm_s: at a row, over so many rows before it; middle: of the last samples of a force.
    """
    sampled = range(0, len(raw), EVERY)
    row_s = (t_s[-1] - t_s[0]) / (len(t_s) - 1)
    mean_rows = round(_MEAN_US / 1e6 / row_s)
    now_rows = round(2 * lag_us(int(settings["belt_nm_per_count"])) / 1e6 / row_s)
    readings = Readings(
        t_s=[t_s[at] for at in sampled],
        belt_lag_s=now_rows * row_s / 2,
        force_lag_s=(_FORCE_ROWS - 1) / 2 * row_s,
        speed_mm_s=[speed_mm_s(at, mean_rows) for at in sampled],
        belt_mm_s=[speed_mm_s(at, now_rows) for at in sampled],
    )
    _feel(readings, raw, settings, middle)
    return readings


def _feel(
    readings: Readings,
    raw: Sequence[RawRow],
    settings: Mapping[str, int | str],
    middle: Callable[[Sequence[float]], float],
) -> None:
    """Forces and reliance from the middle of the last samples, minus the tare."""
    weight_n = int(settings["body_mass_g"]) / 1000 * STANDARD_GRAVITY
    for at in range(0, len(raw), EVERY):
        rows = raw[max(0, at - _FORCE_ROWS + 1) : at + 1]
        left_n, right_n = (
            (middle(samples) - int(settings[f"rail_{side}_zero"]))
            * int(settings[f"rail_{side}_nn_per_count"])
            / 1e9
            if samples
            else None
            for side, samples in (
                ("left", [row.rail_left for row in rows if row.rail_left is not None]),
                ("right", [row.rail_right for row in rows if row.rail_right is not None]),
            )
        )
        readings.forces_n.append((left_n, right_n))
        readings.reliance_percent.append(
            None
            if left_n is None or right_n is None
            else 100 * max(0.0, left_n + right_n) / weight_n
        )


def _over(value: int | None, by: int) -> float | None:
    return None if value is None else value / by
