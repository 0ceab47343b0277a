"""The uncertainty of each number: standard uncertainties by the GUM (JCGM 100:2008), in quadrature.

What goes in:

- the calibration's (`belt_u_ppm`, `rail_left_u_ppm`, `rail_right_u_ppm` of the settings; 0 = never
  calibrated, and what depends on it has no uncertainty then),
- the encoder's resolution, the rows' spacing, rounding to the last digit,
- the noise that `tare` found, and how far the zero may wander unnoticed,
- the scatter of the steps and their number,
- metres walked near a zone's limit (zone_uncertainty.py).

What a person did differently from minute to minute isn't in it.

A column `x_u` is the standard uncertainty of column `x`, in its unit, a whole number rounded up,
so that it is never stated too small. In words, ± is twice that, which covers 95 %.

These have none: `t_ms` (a quartz, 0.005 %), `zone` and the flags (no numbers; a zone's uncertainty
is in its metres), `grabs` (the bench misses and invents none), `step_time_sd_ms` (finding the dips
adds an error that depends on their shape; it is itself the scatter behind other columns).
`step_asymmetry_permille` has its own from the box, `step_asymmetry_u_permille`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from beltbox.walk import rows
from beltbox.walk.rows import MetricRow
from beltbox.walk.totals import Totals
from beltbox.walk.zone_uncertainty import ZoneUncertainty
from beltbox.walk.zones import ZONES, zone_limits_permille

U_PPM_OF = {
    "belt_nm_per_count": "belt_u_ppm",
    "rail_left_nn_per_count": "rail_left_u_ppm",
    "rail_right_nn_per_count": "rail_right_u_ppm",
}
"""Of each scale among the settings: the one with its uncertainty; 0 = never calibrated."""

COVERAGE = 2.0
"""± in words is so many standard uncertainties."""

_ROW_S = 0.0125
_MEAN_S = 1.0  # of speed_mm_s
_NOW_S = 0.06  # of belt_mm_s with a fine encoder, and
_NOW_COARSE_S = 0.4  # with one of more than 2 mm a count
_COARSE_MM = 2.0
_EVEN = math.sqrt(12)  # half the width of an even distribution over its standard deviation, twice
_DIGIT = 1 / _EVEN  # of a number that is rounded to whole ones
_BODY_MASS_U = 0.005  # of it: clothes, the hour of the day, a bathroom scale
ZERO_U_MN = 1550.0
"""Of a cell that drifts by 2 N/min, hands off 15 s in every 90: firmware/README.md, "Drift"."""
_STEPS_MOST = 12  # of a cadence, an even number, within
_STEPS_S = 6.0
# A walker's pace wanders slowly, so lengths scatter beyond times; of the mean of twelve steps.
_PACE_U = 0.008
# Steps, against the made-up belts of bench/gait.py and their like: some under the ramps of each
# start and stop aren't seen, mostly to the one side, and a few at a change of pace or a stumble.
_STEPS_A_START = 0.9
_STEPS_U = 0.004

# The box sees a belt move 0.2 s longer than it does (12 mm a count: from 0.2 s less to 0.3 s more),
# on the same made-up belts; at each stop alike, so that it adds up.
_MOVING_S = 0.15


class Uncertainty:
    """The uncertainties of the rows of one measurement, whose settings these are.

    Each method takes a number and gives its standard uncertainty in the same unit; None where the
    number or its uncertainty is unknown.
    """

    def __init__(self, settings: Mapping[str, int | str]) -> None:
        def number(key: str) -> int:
            return int(settings.get(key, 0))

        self._count_mm = number("belt_nm_per_count") / 1e6
        self._belt = number("belt_u_ppm") / 1e6 or None
        self._gain = {side: number(f"rail_{side}_u_ppm") / 1e6 or None for side in _SIDES}
        self._noise_mn = number("rail_noise_mn") / _EVEN
        self._weight_mn = number("body_mass_g") * 9.80665
        present = [side for side in _SIDES if number(f"rail_{side}_nn_per_count")]
        self._cells = len(present) or 1
        gains = [self._gain[side] for side in present]
        known = [gain for gain in gains if gain is not None]
        # Of the cells that there are; None if one of them was never calibrated.
        self._worse_gain = max(known) if known and len(known) == len(gains) else None
        self.nothing_known = not self._belt and not known
        """The box was never calibrated: no number of a row has an uncertainty."""
        self._bare_cells = [side for side in present if self._gain[side] is None]
        self._rails_known = self._worse_gain is not None and self._weight_mn > 0
        self._zero_mn = ZERO_U_MN * self._cells  # of the sum: both drift by the same warmth
        count_mm = self._count_mm
        self._ends_mm = math.sqrt(2) * count_mm / _EVEN  # where a distance begins and ends
        self._now_s = _NOW_S if count_mm <= _COARSE_MM else _NOW_COARSE_S
        self.limits_permille = zone_limits_permille(settings)
        """Of body weight: where light, supported and heavy begin."""

    def gaps(self) -> list[str]:
        """Which numbers lack an uncertainty because of the calibration, and why, in words."""
        if self.nothing_known:
            return ["No \N{PLUS-MINUS SIGN}: the box isn't calibrated (beltbox calibrate)."]
        reasons: list[str] = []
        if self._belt is None:
            reasons.append(
                "No \N{PLUS-MINUS SIGN} of speed, distance and steps: the belt isn't calibrated "
                "(beltbox calibrate belt)."
            )
        elif self._count_mm > _COARSE_MM:
            reasons.append(
                "No \N{PLUS-MINUS SIGN} of steps, cadence and step length: with over 2 mm a count "
                "some steps may go unseen."
            )
        for side in self._bare_cells:
            reasons.append(
                f"No \N{PLUS-MINUS SIGN} of rails and zones: the {side} cell isn't calibrated "
                f"(beltbox calibrate rail --side {side})."
            )
        return reasons

    def row(self, row: MetricRow, zone_uncertainty: ZoneUncertainty) -> tuple[int | None, ...]:
        """The values of `COLUMNS` for the next row of a walk: whole numbers, rounded up.

        zone_uncertainty: of the walk's rows before; this one is added to it.
        """
        self.take(row, zone_uncertainty)
        return tuple(
            [
                None if (u := u_of(self, row, zone_uncertainty)) is None else math.ceil(u)
                for u_of in _OF_COLUMN.values()
            ]
        )

    def take(self, row: MetricRow, zone_uncertainty: ZoneUncertainty) -> None:
        """Only add the next row of a walk to `zone_uncertainty`."""
        zone_uncertainty.add(row, self.limits_permille, self.reliance(row.reliance_permille))

    def speed(self, mm_s: float | None) -> float | None:
        """Of the mean of a second."""
        return self._mean_speed(mm_s, _MEAN_S)

    def belt(self, mm_s: float | None) -> float | None:
        """Of the belt now."""
        return self._mean_speed(mm_s, self._now_s)

    def mean_speed(
        self, mm_s: float | None, moving_s: float, zone_uncertainty: ZoneUncertainty | None = None
    ) -> float | None:
        """Of the mean while the belt moved: the calibration's, and how long it did.

        zone_uncertainty: has how often the belt set off; without it, once.
        """
        if mm_s is None or self._belt is None:
            return None
        return abs(mm_s) * math.hypot(self._belt, self.moving_share(moving_s, zone_uncertainty))

    def moving_share(
        self, moving_s: float, zone_uncertainty: ZoneUncertainty | None = None
    ) -> float:
        """Of the time in which the belt moved, a part of it."""
        starts = max(1, zone_uncertainty.starts) if zone_uncertainty else 1
        return _MOVING_S * starts / moving_s if moving_s else 0.0

    def distance(self, mm: float | None) -> float | None:
        """Of a distance: the calibration's, and a count at either end."""
        if mm is None or self._belt is None:
            return None
        return math.hypot(mm * self._belt, self._ends_mm, _DIGIT)

    def zone(self, zone: int, mm: float | None, zone_uncertainty: ZoneUncertainty) -> float | None:
        """Of the distance in a zone, 0 .. 3: the belt's, and the metres that may be another's."""
        distance_mm_u = self.distance(mm)
        if distance_mm_u is None or not self._rails_known:
            return None
        return math.hypot(distance_mm_u, zone_uncertainty.zone_mm_u(zone))

    def hands_off_share(
        self, zones_mm: Sequence[int], zone_uncertainty: ZoneUncertainty
    ) -> float | None:
        """Of the part of the distance in the four zones that was hands off; the belt's cancels."""
        if not sum(zones_mm) or not self._rails_known:
            return None
        return zone_uncertainty.zone_mm_u(0) / sum(zones_mm)

    def force(self, side: str, mn: float | None) -> float | None:
        """Of the force on a side, "left" or "right"."""
        gain = self._gain[side]
        if mn is None or gain is None:
            return None
        return math.hypot(mn * gain, self._noise_mn / math.sqrt(self._cells), ZERO_U_MN)

    def reliance(self, permille: float | None) -> float | None:
        """Of the part of the body weight; the worse cell's calibration is taken for both."""
        return self._reliance(permille, self._noise_mn)

    def mean_reliance(self, permille: float | None) -> float | None:
        """Of a mean over minutes, in which noise doesn't matter."""
        return self._reliance(permille, 0.0)

    def mean_rail(self, mn: float | None) -> float | None:
        """Of the mean force of both rails together over minutes."""
        gain = self._worse_gain
        return None if mn is None or gain is None else math.hypot(mn * gain, self._zero_mn)

    def cadence(self, spm_x10: float | None, step_time_sd_ms: float | None) -> float | None:
        """Of the mean of the last steps, from how much their times scatter.

        As a measure of how the person walks: of those very steps it is known better.
        """
        scatter = _scatter(spm_x10, step_time_sd_ms)
        if spm_x10 is None or scatter is None or self._belt is None:
            return None
        return math.hypot(spm_x10 * scatter, _DIGIT)

    def step_length(
        self, mm: float | None, spm_x10: float | None, step_time_sd_ms: float | None
    ) -> float | None:
        """Of the mean of the last steps, likewise; lengths scatter as times and pace do."""
        scatter = _scatter(spm_x10, step_time_sd_ms)
        if mm is None or scatter is None or self._belt is None:
            return None
        return math.hypot(mm * scatter, mm * _PACE_U, mm * self._belt, _DIGIT)

    def steps(self, steps: int | None, zone_uncertainty: ZoneUncertainty) -> float | None:
        """Of their number. None for a coarse encoder, which can miss that there was a rhythm.

        None for a belt that isn't calibrated, too: what counts as a step depends on its length.
        """
        if steps is None or self._belt is None or self._count_mm > _COARSE_MM:
            return None
        return math.hypot(_STEPS_A_START * max(1, zone_uncertainty.starts), _STEPS_U * steps)

    def of_totals(
        self, totals: Totals, zone_uncertainty: ZoneUncertainty | None = None
    ) -> dict[str, float | None]:
        """Of a walk's numbers, by their names and `_u`.

        Those of zones, steps and the share hands off need the rows: only with `zone_uncertainty`.
        """
        uncertainties = {
            "distance_mm_u": self.distance(totals.distance_mm),
            "forward_mm_u": self.distance(totals.forward_mm),
            "backward_mm_u": self.distance(totals.backward_mm),
            "mean_speed_mm_s_u": self.mean_speed(
                totals.mean_speed_mm_s, totals.moving_s, zone_uncertainty
            ),
            "mean_reliance_permille_u": self.mean_reliance(totals.mean_reliance_permille),
            "mean_rail_mn_u": self.mean_rail(totals.mean_rail_mn),
        }
        if zone_uncertainty is None:
            return uncertainties
        zones_mm = totals.zones_mm
        walked = any(zones_mm)  # a box without cells has no zones
        for number, (zone, mm) in enumerate(zip(ZONES, zones_mm, strict=True)):
            uncertainties[f"{zone.column}_u"] = self.zone(
                number, mm if walked else None, zone_uncertainty
            )
        uncertainties["hands_off_share_u"] = self.hands_off_share(zones_mm, zone_uncertainty)
        uncertainties["steps_u"] = self.steps(totals.steps, zone_uncertainty)
        return uncertainties

    def _reliance(self, permille: float | None, noise_mn: float) -> float | None:
        gain = self._worse_gain
        if permille is None or gain is None or not self._weight_mn:
            return None
        zero = math.hypot(noise_mn, self._zero_mn)
        relative = math.hypot(gain, _BODY_MASS_U)
        return math.hypot(permille * relative, zero / self._weight_mn * 1000, _DIGIT)

    def _mean_speed(self, mm_s: float | None, over_s: float) -> float | None:
        """The calibration's; where either end lies, within a count or a row; the last digit."""
        if mm_s is None or self._belt is None:
            return None
        place_mm = min(self._count_mm, abs(mm_s) * _ROW_S)
        ends = math.sqrt(2) * place_mm / _EVEN / over_s
        return math.hypot(mm_s * self._belt, ends, _DIGIT)


def of_walk(settings: Sequence[Mapping[str, int | str]]) -> Uncertainty:
    """Of all segments of a walk: the settings of the last, and the worst calibration of any."""
    if not settings:
        return Uncertainty({})
    worst = {
        key: 0 if 0 in values else max(values)
        for key in U_PPM_OF.values()
        for values in [[int(segment.get(key, 0)) for segment in settings]]
    }
    return Uncertainty({**settings[-1], **worst})


_Of = Callable[[Uncertainty, MetricRow, ZoneUncertainty], float | None]


def _of_zone(number: int, column: str) -> _Of:
    return lambda uncertainty, row, zone_uncertainty: uncertainty.zone(
        number, getattr(row, column), zone_uncertainty
    )


# Of each column of metric rows that has one; in the order of the columns of CSV files.
_OF_COLUMN: dict[str, _Of] = {
    "belt_mm_s": lambda uncertainty, row, _: uncertainty.belt(row.belt_mm_s),
    "speed_mm_s": lambda uncertainty, row, _: uncertainty.speed(row.speed_mm_s),
    "distance_mm": lambda uncertainty, row, _: uncertainty.distance(row.distance_mm),
    "forward_mm": lambda uncertainty, row, _: uncertainty.distance(row.forward_mm),
    "backward_mm": lambda uncertainty, row, _: uncertainty.distance(row.backward_mm),
    "rail_left_mn": lambda uncertainty, row, _: uncertainty.force("left", row.rail_left_mn),
    "rail_right_mn": lambda uncertainty, row, _: uncertainty.force("right", row.rail_right_mn),
    "reliance_permille": lambda uncertainty, row, _: uncertainty.reliance(row.reliance_permille),
    "cadence_spm_x10": lambda uncertainty, row, _: uncertainty.cadence(
        row.cadence_spm_x10, row.step_time_sd_ms
    ),
    "step_length_mm": lambda uncertainty, row, _: uncertainty.step_length(
        row.step_length_mm, row.cadence_spm_x10, row.step_time_sd_ms
    ),
    **{zone.column: _of_zone(number, zone.column) for number, zone in enumerate(ZONES)},
    "steps": lambda uncertainty, row, zones: uncertainty.steps(row.steps, zones),
}

_FIRST_SINCE = 2
COLUMNS = {
    f"{column}_u": max(_FIRST_SINCE, since)
    for column in _OF_COLUMN
    for since in [declared.since for declared in rows.COLUMNS if declared.name == column]
}
"""The columns of uncertainties, in their order, and since which version rows have them."""

_SIDES = ("left", "right")


def _scatter(spm_x10: float | None, step_time_sd_ms: float | None) -> float | None:
    """The standard error of the mean of the last steps' time, as a part of it."""
    if not spm_x10 or step_time_sd_ms is None:
        return None
    step_ms = 600_000 / spm_x10
    pairs = min(_STEPS_MOST, int(_STEPS_S * 1000 / step_ms)) // 2
    # The box rounds the deviation down.
    return (step_time_sd_ms + 0.5) / step_ms / math.sqrt(max(1, 2 * pairs))
