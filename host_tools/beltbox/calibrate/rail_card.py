"""What is asked of a rail's calibration, and the card that comes of its readings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from beltbox.calibrate.arithmetic.line_fit import standard_ppm
from beltbox.calibrate.arithmetic.rail_line import (
    LoadPoint,
    RailLine,
    rail_line,
    rail_warnings,
    setting_problem,
)
from beltbox.calibrate.arithmetic.steadiness import Reading
from beltbox.calibrate.box import CalibrateBox
from beltbox.calibrate.cards.card import LIGHT_SHARE, Card, rail_points
from beltbox.errors import CalibrationError

# The 80 forces of a second lie within some five of their standard deviations, which is 0.4 of a
# sample's (beltcore.rails): what the box's own `tare` finds.
_SPREAD = 5 * 0.4
_NOISE_MOST_MN = 50_000


@dataclass(frozen=True, slots=True)
class RailPlan:
    """What was asked for."""

    weights: tuple[float, ...] = ()
    """kg that hang in all each time, ascending; empty: ask."""
    tolerance: float = 0.01
    """Of the weights, a share."""
    unload: bool = True
    """Read also while weights come off, for the hysteresis."""
    position_kg: float | None = None
    """A weight for the pass along the rail; None: ask."""
    label_kg: float | None = None
    label_mv_v: float | None = None
    temperature_c: float | None = None
    wait_s: float = 120.0


def rail_card(
    box: CalibrateBox,
    side: str,
    plan: RailPlan,
    points: tuple[LoadPoint, ...],
    empty: Mapping[str, Reading],
    position_share: float | None,
) -> Card:
    """The card of a side's readings. Raises CalibrationError where they can't be a cell's.

    empty: both rails' readings with nothing on them, by side, as far as there are cells.
    """
    try:
        line = rail_line(
            points,
            tolerance=plan.tolerance,
            noise_counts=empty[side].noise_counts,
            position_share=position_share,
        )
    except ValueError as error:
        raise CalibrationError(f"{error}.") from error
    if problem := setting_problem(line.nn_per_count):
        raise CalibrationError(
            f"A cell of {line.nn_per_count:.0f} nN a count can't be: {problem}. Were the "
            "weights typed in kg?"
        )
    body_mass_kg = int(box.settings["body_mass_g"]) / 1000
    return Card(
        part=side,
        made_at=datetime.now(UTC).replace(microsecond=0),
        serial=box.serial,
        box_name=box.identity.box_name,
        firmware=box.identity.firmware,
        method="weights",
        settings={
            f"rail_{side}_zero": round(line.zero),
            f"rail_{side}_nn_per_count": round(line.nn_per_count),
            f"rail_{side}_u_ppm": standard_ppm(line.parts_relative),
            "rail_noise_mn": _noise_mn(box, side, line, empty),
        },
        fixed=line.parts_fixed,
        relative=line.parts_relative,
        points=rail_points(points, line),
        nonlinearity_share=line.nonlinearity_share,
        hysteresis_share=line.hysteresis_share,
        position_share=position_share,
        noise_n=empty[side].noise_counts * abs(line.nn_per_count) * 1e-9,
        temperature_c=plan.temperature_c,
        body_mass_kg=body_mass_kg,
        warnings=tuple(
            rail_warnings(
                points,
                line,
                light_kg=LIGHT_SHARE * body_mass_kg,
                label_kg=plan.label_kg,
                label_mv_v=plan.label_mv_v,
            )
        ),
    )


def _noise_mn(box: CalibrateBox, side: str, line: RailLine, empty: Mapping[str, Reading]) -> int:
    """Of both rails together, as `tare` notes it."""
    noise_n = 0.0
    for measured_side, reading in empty.items():
        nn = int(box.settings[f"rail_{measured_side}_nn_per_count"])
        if measured_side == side:
            nn = line.nn_per_count
        noise_n += reading.noise_counts * abs(nn) * 1e-9
    return min(_NOISE_MOST_MN, round(_SPREAD * noise_n * 1000))
