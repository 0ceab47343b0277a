"""How sure each number is: standard uncertainties by the GUM (JCGM 100:2008), in quadrature.

What goes in: the calibration's (`belt_u_ppm`, `rail_left_u_ppm`, `rail_right_u_ppm` of the
settings; 0 = never calibrated, and what depends on it has no uncertainty then), the encoder's
resolution, the rows' spacing, rounding to the last digit, the noise that `tare` found, what the
zero may wander unnoticed, the scatter of the steps. What a person did differently from minute to
minute isn't in it.

A column `x_u` is the standard uncertainty of column `x`, in its unit, a whole number rounded up,
so that it never says less than it is; in words ± is twice that, which covers 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from beltbox.rows import MetricRow

COVERAGE = 2.0
"""± in words is so many standard uncertainties."""

_ROW_S = 0.0125
_MEAN_S = 1.0  # of speed_mm_s
_NOW_S = 0.06  # of belt_mm_s with a fine encoder, and
_NOW_COARSE_S = 0.4  # with one of more than 2 mm a count
_COARSE_MM = 2.0
_EVEN = math.sqrt(12)  # half the width of an even distribution over its standard deviation, twice
_BODY_MASS_U = 0.005  # of it: clothes, the hour of the day, a bathroom scale
ZERO_U_MN = 1550.0
"""Of a cell that drifts by 2 N/min, hands off 15 s in every 90: firmware/README.md, "Drift"."""
_STEPS_MOST = 12  # of a cadence, within
_STEPS_S = 6.0

COLUMNS = (
    "belt_mm_s_u",
    "speed_mm_s_u",
    "distance_mm_u",
    "forward_mm_u",
    "backward_mm_u",
    "rail_left_mn_u",
    "rail_right_mn_u",
    "reliance_permille_u",
    "cadence_spm_x10_u",
    "step_length_mm_u",
)


class Uncertainty:
    """The uncertainties of the rows of one measurement, whose settings these are.

    Each method gives a standard uncertainty in the unit of what it is of; None where that is
    unknown, or how sure it is.
    """

    def __init__(self, settings: Mapping[str, int | str]) -> None:
        def number(key: str) -> int:
            return int(settings.get(key, 0))

        self._count_mm = number("belt_nm_per_count") / 1e6
        self._belt = number("belt_u_ppm") / 1e6 or None
        self._gain = {side: number(f"rail_{side}_u_ppm") / 1e6 or None for side in _SIDES}
        self._present = {side: number(f"rail_{side}_nn_per_count") != 0 for side in _SIDES}
        self._noise_mn = number("rail_noise_mn") / _EVEN
        self._weight_mn = number("body_mass_g") * 9.80665

    def row(self, row: MetricRow) -> tuple[int | None, ...]:
        """The values of `COLUMNS` for a row: whole numbers, rounded up."""
        return tuple(
            None if one is None else math.ceil(one)
            for one in (
                self.belt(row.belt_mm_s),
                self.speed(row.speed_mm_s),
                self.way(row.distance_mm),
                self.way(row.forward_mm),
                self.way(row.backward_mm),
                self.force("left", row.rail_left_mn),
                self.force("right", row.rail_right_mn),
                self.reliance(row.reliance_permille),
                self.cadence(row.cadence_spm_x10, row.step_time_sd_ms),
                self.step_length(row.step_length_mm, row.cadence_spm_x10, row.step_time_sd_ms),
            )
        )

    def speed(self, mm_s: float | None) -> float | None:
        """Of the mean of a second."""
        return self._mean_speed(mm_s, _MEAN_S)

    def belt(self, mm_s: float | None) -> float | None:
        """Of the belt now."""
        return self._mean_speed(mm_s, _NOW_S if self._count_mm <= _COARSE_MM else _NOW_COARSE_S)

    def mean_speed(self, mm_s: float | None) -> float | None:
        """Of a mean over minutes, in which only the calibration is left."""
        return None if mm_s is None or self._belt is None else abs(mm_s) * self._belt

    def way(self, mm: float | None) -> float | None:
        """Of a distance: the calibration's, and a count at either end."""
        if mm is None or self._belt is None:
            return None
        return math.hypot(mm * self._belt, math.sqrt(2) * self._count_mm / _EVEN, 1 / _EVEN)

    def force(self, side: str, mn: float | None) -> float | None:
        """Of the force on a side, "left" or "right"."""
        gain = self._gain[side]
        if mn is None or gain is None:
            return None
        return math.hypot(mn * gain, self._noise_mn / math.sqrt(self._cells), ZERO_U_MN)

    def reliance(self, permille: float | None) -> float | None:
        """Of the part of the body weight; the worse cell's calibration stands for both."""
        gains = [self._gain[side] for side in _SIDES if self._present[side]]
        if permille is None or not gains or not self._weight_mn:
            return None
        known = [gain for gain in gains if gain is not None]
        if len(known) < len(gains):
            return None
        # Both drift by the same warmth.
        zero = math.hypot(self._noise_mn, ZERO_U_MN * len(gains))
        relative = math.hypot(max(known), _BODY_MASS_U)
        return math.hypot(permille * relative, zero / self._weight_mn * 1000, 1 / _EVEN)

    def cadence(self, spm_x10: float | None, step_time_sd_ms: float | None) -> float | None:
        """Of the mean of the last steps, from how much their times scatter."""
        scatter = _scatter(spm_x10, step_time_sd_ms)
        if spm_x10 is None or scatter is None:
            return None
        return math.hypot(spm_x10 * scatter, 1 / _EVEN)

    def step_length(
        self, mm: float | None, spm_x10: float | None, step_time_sd_ms: float | None
    ) -> float | None:
        """Of the mean of the last steps; lengths scatter about as times do."""
        scatter = _scatter(spm_x10, step_time_sd_ms)
        if mm is None or scatter is None or self._belt is None:
            return None
        return math.hypot(mm * scatter, mm * self._belt, 1 / _EVEN)

    @property
    def _cells(self) -> int:
        return sum(self._present.values()) or 1

    def _mean_speed(self, mm_s: float | None, over_s: float) -> float | None:
        """The calibration's; where either end lies, within a count or a row; the last digit."""
        if mm_s is None or self._belt is None:
            return None
        place_mm = min(self._count_mm, abs(mm_s) * _ROW_S)
        ends = math.sqrt(2) * place_mm / _EVEN / over_s
        return math.hypot(mm_s * self._belt, ends, 1 / _EVEN)


_SIDES = ("left", "right")


def _scatter(spm_x10: float | None, step_time_sd_ms: float | None) -> float | None:
    """The standard error of the mean of the last steps' time, as a part of it."""
    if not spm_x10 or step_time_sd_ms is None:
        return None
    step_ms = 600_000 / spm_x10
    steps = max(1.0, min(float(_STEPS_MOST), _STEPS_S * 1000 / step_ms))
    return step_time_sd_ms / step_ms / math.sqrt(steps)
