"""The large figures at the head of a report."""

from __future__ import annotations

from dataclasses import dataclass

from beltbox import units
from beltbox.report.events import breaks_in_words
from beltbox.walk import since_last_walk as change
from beltbox.walk.figures import WalkNumbers
from beltbox.walk.totals import Totals
from beltbox.words import listed


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One of them; texts."""

    label: str
    value: str
    unit: str
    beside: str


def key_figures(walk: WalkNumbers, before: Totals | None) -> list[KeyFigure]:
    """Time, distance, speed, rails, hands off and, where they are known, steps.

    before: of the same person's session before this one, for the arrows.
    """
    totals, u = walk.summary.totals, walk.u
    distance = units.distance(totals.distance_mm, u["distance_mm_u"])
    speed = units.speed(totals.mean_speed_mm_s, u["mean_speed_mm_s_u"])
    rail = units.percent(totals.mean_reliance_permille, u["mean_reliance_permille_u"])
    force = units.force(totals.mean_rail_mn, u["mean_rail_mn_u"])
    hands_off = units.share(totals.hands_off_share, u["hands_off_share_u"])
    return [
        KeyFigure(
            "Time",
            units.format_duration(totals.duration_s),
            "",
            listed(
                f"{units.format_duration(totals.moving_s)} in motion",
                f"{units.format_duration(totals.motion_unknown_s)} unknown"
                if totals.motion_unknown_s
                else "",
                breaks_in_words(walk.breaks),
            ),
        ),
        KeyFigure(
            "Distance",
            distance.number,
            distance.unit,
            listed(distance.uncertainty, distance.beside),
        ),
        KeyFigure(
            "Mean speed",
            speed.number,
            speed.unit,
            listed(
                speed.uncertainty,
                change.speed_arrow(totals, before),
                speed.beside,
                _direction(totals),
                units.over(totals.mean_speed_over_mm, totals.distance_mm),
            )
            if speed.known
            else "never moved",
        ),
        KeyFigure(
            "On the rails",
            rail.number,
            rail.unit,
            listed(
                f"{_of('body weight', rail)} {_over(totals.reliance_mm, totals)}".strip(),
                f"{force.si} {_over(totals.rail_mm, totals)}".strip() if force.known else "",
            ),
        ),
        KeyFigure(
            "Hands off",
            hands_off.number,
            hands_off.unit,
            _of(_zoned_distance(totals), hands_off),
        ),
        *_steps(walk, before),
    ]


def _steps(walk: WalkNumbers, before: Totals | None) -> list[KeyFigure]:
    """Empty for a session of which no step is known."""
    totals = walk.summary.totals
    cadence, length_mm = walk.cadence_spm, walk.step_length_mm
    if cadence is None or length_mm is None:
        return []
    steps = units.steps(totals.steps, walk.u["steps_u"])
    cadence_words = units.format_cadence(cadence, walk.cadence_spm_u)
    length_words = units.format_step_length(length_mm, walk.step_length_mm_u)
    return [
        KeyFigure(
            "Steps",
            steps.number,
            "",
            listed(
                f"{steps.uncertainty} {_over(totals.steps_mm, totals)}".strip(),
                f"{cadence_words} {change.cadence_arrow(totals, before)}".strip(),
                f"{length_words} {change.step_length_arrow(totals, before)}".strip(),
                units.format_unevenness(
                    walk.asymmetry_permille, walk.asymmetry_u_permille, walk.longer_step_side
                ),
                "" if totals.grabs is None else units.format_grabs(totals.grabs),
            ),
        )
    ]


def _over(basis_mm: int, totals: Totals) -> str:
    """Of a figure that is known; "" where its basis is the whole distance, or it is unknown."""
    return units.over(basis_mm, totals.distance_mm) if basis_mm else ""


def _zoned_distance(totals: Totals) -> str:
    if totals.hands_off_share is not None and _over(totals.hands_off_share_over_mm, totals):
        return f"the {units.distance(totals.hands_off_share_over_mm).si} with a known zone"
    return "the distance"


def _of(whole: str, part: units.Quantity) -> str:
    """ "± 0.5 % of body weight", or "of body weight"."""
    return f"{part.uncertainty} of {whole}".strip()


def _direction(totals: Totals) -> str:
    if totals.forward_mm == 0:
        return "backward"
    if totals.backward_mm == 0:
        return "forward"
    backward, forward = units.distance(totals.backward_mm), units.distance(totals.forward_mm)
    return f"{backward.si} backward and {forward.si} forward"
