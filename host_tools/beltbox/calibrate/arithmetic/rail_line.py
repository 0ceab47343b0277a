"""From a cell's readings under known weights to its sensitivity, and how good that is.

Pure arithmetic; `calibrate/rail.py` has the dialogue.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from beltbox.calibrate.arithmetic.line_fit import Line, Part, expanded, fit_line, rectangular
from beltcore import settings as declared

STANDARD_GRAVITY = 9.80665
"""m/s². What a weight pulls differs by up to 0.3 % from place to place, and so does what a person
weighs: in percent of body weight it cancels, as the box's own body weight has the same number."""
# HX711 data sheet (AVIA), page 4: at gain 128 the 2**23 counts either way are 0.5 AVDD / 128. Its
# boards feed the cell from AVDD too, so that in mV a volt the supply cancels: 3.906 mV/V.
_FULL_SCALE_COUNTS = 1 << 23
_FULL_SCALE_MV_V = 1000 * 0.5 / 128
USUAL_MV_V = (1.0, 2.0)
"""What cells are rated at: half bridges of bathroom scales 1 mV/V, beams and buttons 2."""
_LABEL_TOLERANCE = 0.3
_OUTLIER_SHARE = 0.03
_ODD_SHARE = 0.01
_OUTLIER_SIGMAS = 4.0
_EXPLAINED_SIGMAS = 2.0
# What beltcore.rails leaves of a sample's noise (its docstring).
_FILTERED = 0.4


@dataclass(frozen=True, slots=True)
class LoadPoint:
    """A cell's reading under a known weight."""

    kg: float
    counts: float
    u_counts: float
    way: str
    """"up" while weights were hung, "down" while they came off again."""

    @property
    def newtons(self) -> float:
        """What the weight pulls, by standard gravity."""
        return self.kg * STANDARD_GRAVITY


@dataclass(frozen=True, slots=True)
class RailLine:
    """A calibrated cell. Forces in newtons, parts of the heaviest weight's force as shares."""

    zero: float
    """Raw counts with nothing on it: the mean of before and after."""
    nn_per_count: float
    """Signed: negative for a cell that is mounted the other way round."""
    line: Line
    residuals_n: tuple[float, ...]
    """Readings less the line, in the order of the points."""
    nonlinearity_share: float | None
    """The largest residual on the way up; None with fewer than two weights."""
    hysteresis_share: float | None
    """The largest difference between down and up; None unless a weight was read both ways."""
    parts_fixed: tuple[Part, ...]
    """In newtons, whatever the force."""
    parts_relative: tuple[Part, ...]
    """Of the force."""

    def u_expanded_n(self, force_n: float) -> tuple[float, float]:
        """(U, k) of a force: 95.45 % of measured ones are that near."""
        return expanded_at(self.parts_fixed, self.parts_relative, force_n)


def expanded_at(
    fixed: Sequence[Part], relative: Sequence[Part], force_n: float
) -> tuple[float, float]:
    """(U in newtons, k) at a force, of parts in newtons and parts of the force."""
    scaled = [Part(part.name, part.u * abs(force_n), part.freedom) for part in relative]
    return expanded([*fixed, *scaled])


def rail_line(
    points: Sequence[LoadPoint],
    *,
    tolerance: float,
    noise_counts: float,
    position_share: float | None = None,
) -> RailLine:
    """The line through readings, of which the first is the empty rail on the way up.

    tolerance: of the weights, a share, 0.01 for 1 %; they are taken to be off all alike, which is
    the worst case. position_share: half of what the place on the rail changes, if measured.
    Raises ValueError for readings that show no weight at all.
    """
    line = fit_line(
        [point.newtons for point in points],
        [point.counts for point in points],
        [point.u_counts for point in points],
    )
    if line.slope == 0:
        raise ValueError("the readings show no weight")
    size = abs(line.slope)
    residuals = tuple(residual / line.slope for residual in line.residuals)
    heaviest_n = max(point.newtons for point in points)
    up = [
        abs(residual)
        for residual, point in zip(residuals, points, strict=True)
        if point.way == "up"
    ]
    empty = [point for point in points if point.kg == 0]
    zero = statistics.fmean(point.counts for point in empty)
    wander_n = (max(p.counts for p in empty) - min(p.counts for p in empty)) / size
    zero_n = max(point.u_counts for point in empty) / size
    # With one weight the line goes through it: nothing shows how straight the cell is.
    many = len({point.kg for point in points}) > 2
    play_n = max([wander_n, *(play / size for play in _plays(points))])
    fixed = [
        Part("zero", math.hypot(zero_n, rectangular(play_n / 2))),
        Part("noise", noise_counts * _FILTERED / size),
    ]
    relative = [
        Part("weights", rectangular(tolerance)),
        Part("readings", line.u_known / size),
        # With one weight all the scatter there is lies between the two zeros.
        Part("scatter", line.u_excess / size, line.freedom)
        if many
        else Part("scatter", rectangular(wander_n / 2) / heaviest_n),
        Part("straightness", rectangular(_bow_share(points, zero, line.slope))),
    ]
    if position_share is not None:
        relative.append(Part("place on the rail", rectangular(position_share)))
    return RailLine(
        zero=zero,
        nn_per_count=1e9 / line.slope,
        line=line,
        residuals_n=residuals,
        nonlinearity_share=max(up) / heaviest_n if many else None,
        hysteresis_share=_hysteresis(points, line.slope, heaviest_n),
        parts_fixed=tuple(fixed),
        parts_relative=tuple(part for part in relative if part.u),
    )


def _hysteresis(points: Sequence[LoadPoint], slope: float, heaviest_n: float) -> float | None:
    loaded_both_ways = _plays([point for point in points if point.kg])
    return max(_plays(points)) / abs(slope) / heaviest_n if loaded_both_ways else None


def _plays(points: Sequence[LoadPoint]) -> list[float]:
    """By how many counts weights read otherwise when they come off again than when they went on."""
    up = {point.kg: point.counts for point in points if point.way == "up"}
    return [
        abs(point.counts - up[point.kg])
        for point in points
        if point.way == "down" and point.kg in up
    ]


def _bow_share(points: Sequence[LoadPoint], zero: float, slope: float) -> float:
    """By what part of itself the box will read a weight wrongly, at worst.

    The box's line goes through the zero, which the fitted one needn't. On the way up and down
    together, as play is a part of its own; and beyond what the readings' uncertainties explain.
    """
    worst = 0.0
    for kg in {point.kg for point in points if point.kg}:
        there = [point for point in points if point.kg == kg]
        newtons = there[0].newtons
        read_n = (statistics.fmean(point.counts for point in there) - zero) / slope
        noise_n = _EXPLAINED_SIGMAS * max(point.u_counts for point in there) / abs(slope)
        worst = max(worst, (abs(read_n - newtons) - noise_n) / newtons)
    return worst


def disagreeing(points: Sequence[LoadPoint], *, tolerance: float) -> list[LoadPoint]:
    """The points whose counts a newton are far from the others': a weight hung or typed wrong.

    The middle of all of them (the median) is taken as right, so of two weights that disagree both
    are named. Far: over 3 % and over three times the weights' tolerance, and not noise.
    """
    empty = [point for point in points if point.kg == 0]
    zero = statistics.fmean(point.counts for point in empty)
    loaded = [point for point in points if point.kg]
    by_weight: dict[float, list[float]] = {}
    for point in loaded:
        by_weight.setdefault(point.kg, []).append((point.counts - zero) / point.newtons)
    if len(by_weight) < 2:
        return []
    ratio = statistics.median(statistics.fmean(ratios) for ratios in by_weight.values())
    wander = max(point.counts for point in empty) - min(point.counts for point in empty)
    outliers: list[LoadPoint] = []
    for point in loaded:
        expected = ratio * point.newtons
        allowed = abs(expected) * max(_OUTLIER_SHARE, 3 * tolerance)
        allowed += _OUTLIER_SIGMAS * point.u_counts + wander
        if abs(point.counts - zero - expected) > allowed:
            outliers.append(point)
    return outliers


def implied_capacity_kg(nn_per_count: float, mv_v: float) -> float:
    """What a cell rated `mv_v` mV/V at its capacity must carry there, to be this sensitive."""
    full_scale_kg = _FULL_SCALE_COUNTS * abs(nn_per_count) * 1e-9 / STANDARD_GRAVITY
    return full_scale_kg * mv_v / _FULL_SCALE_MV_V


def range_kg(nn_per_count: float) -> float:
    """Where the amplifier's 24 bits end."""
    return implied_capacity_kg(nn_per_count, _FULL_SCALE_MV_V)


def label_fits(nn_per_count: float, label_kg: float, mv_v: float | None) -> bool:
    """Whether the label's capacity is within 30 % of what the sensitivity implies.

    mv_v: the label's; else any of the usual ones may be it.
    """
    implied = [
        implied_capacity_kg(nn_per_count, usual_mv_v)
        for usual_mv_v in ((mv_v,) if mv_v else USUAL_MV_V)
    ]
    return any(abs(capacity_kg / label_kg - 1) <= _LABEL_TOLERANCE for capacity_kg in implied)


def weights_problem(weights: Sequence[float]) -> str:
    """Why these kg, in all each time, can't be calibrated with, in words; empty when they can."""
    if not 1 <= len(weights) <= 8:
        return f"{len(weights)} weights; one to eight are allowed"
    for kg in weights:
        if not math.isfinite(kg) or not 0 < kg <= 500:
            return f"{kg:g} kg isn't a weight from above 0 to 500 kg"
    for before, after in pairwise(weights):
        if after <= before:
            return (
                f"{after:g} kg comes after {before:g} kg; name what hangs in all each time, the "
                "lightest first"
            )
    return ""


def setting_problem(nn_per_count: float) -> str:
    """Why the box can't have this sensitivity, in words; empty when it can."""
    try:
        declared.check("rail_left_nn_per_count", round(nn_per_count))
    except declared.SettingsError as error:
        return str(error)
    return "" if round(nn_per_count) else "it rounds to 0, which means no cell"


def rail_warnings(
    points: Sequence[LoadPoint],
    line: RailLine,
    *,
    light_kg: float,
    label_kg: float | None = None,
    label_mv_v: float | None = None,
) -> list[str]:
    """What is odd about a calibration, in words.

    light_kg: where "light" ends. label_kg, label_mv_v: the cell's label, to compare.
    """
    warnings: list[str] = []
    heaviest_kg = max(point.kg for point in points)
    if heaviest_kg < light_kg:
        warnings.append(
            f"the heaviest weight, {heaviest_kg:g} kg, is less than the {light_kg:.1f} kg that are "
            "5 % of body weight: beyond it the line is guessed. Hang more"
        )
    if line.nn_per_count < 0:
        warnings.append(
            "the counts fall when weight is hung: the cell is mounted the other way round, or "
            "A+ and A- are swapped. The sensitivity is negative, so forces come out right"
        )
    if line.nonlinearity_share is None:
        warnings.append("one weight can't show whether the cell is straight: two would")
    for share, what in (
        (line.nonlinearity_share, "not straight"),
        (line.hysteresis_share, "not back where it was when weights come off"),
    ):
        if share is not None and share > _ODD_SHARE:
            warnings.append(f"the cell is {what}, by {100 * share:.1f} %: is its mount bent?")
    if label_kg is not None and not label_fits(line.nn_per_count, label_kg, label_mv_v):
        rated = [label_mv_v] if label_mv_v else USUAL_MV_V
        implied = " or ".join(
            f"{implied_capacity_kg(line.nn_per_count, mv_v):.0f} kg at {mv_v:g} mV/V"
            for mv_v in rated
        )
        warnings.append(
            f"the label says {label_kg:g} kg, and the sensitivity implies {implied}: does "
            "something else carry part of the weight, or were weights typed wrong?"
        )
    return warnings
