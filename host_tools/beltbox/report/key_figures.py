"""The large figures at the head of a report."""

from __future__ import annotations

from dataclasses import dataclass

from beltbox import units
from beltbox.walk import since_last_walk as change
from beltbox.walk.figures import WalkNumbers
from beltbox.walk.totals import Totals


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
            f"{units.format_duration(totals.moving_s)} in motion",
        ),
        KeyFigure(
            "Distance",
            distance.number,
            distance.unit,
            _listed(distance.uncertainty, distance.beside),
        ),
        KeyFigure(
            "Mean speed",
            speed.number,
            speed.unit,
            _listed(
                speed.uncertainty,
                change.speed_arrow(totals, before),
                speed.beside,
                _direction(totals),
            )
            if speed.known
            else "never moved",
        ),
        KeyFigure(
            "On the rails",
            rail.number,
            rail.unit,
            _listed(_of("body weight", rail), force.si if force.known else ""),
        ),
        KeyFigure("Hands off", hands_off.number, hands_off.unit, _of("the distance", hands_off)),
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
            _listed(
                steps.uncertainty,
                f"{cadence_words} {change.cadence_arrow(totals, before)}".strip(),
                f"{length_words} {change.step_length_arrow(totals, before)}".strip(),
                units.format_unevenness(
                    walk.asymmetry_permille, walk.asymmetry_u_permille, walk.longer_step_side
                ),
                "" if totals.grabs is None else units.format_grabs(totals.grabs),
            ),
        )
    ]


def _listed(*words: str) -> str:
    return ", ".join(word for word in words if word)


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
