"""From what was asked for and the laps that were counted to the card of a belt's calibration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from beltbox.calibrate.arithmetic.belt_laps import ROLLER_MM, TAPE_MM, BeltScale
from beltbox.calibrate.arithmetic.line_fit import standard_ppm
from beltbox.calibrate.box import CalibrateBox
from beltbox.calibrate.cards.card import Card, lap_word
from beltbox.errors import CalibrationError
from beltcore import settings as declared

LAPS = 3
BACKWARD, FORWARD = "backward", "forward"


@dataclass(frozen=True, slots=True)
class BeltPlan:
    """What was asked for."""

    lap_mm: float | None = None
    apart_mm: float | None = None
    """Between two marks, in place of a whole lap."""
    laps: int = LAPS
    """… or ways from the first mark to the second."""
    tape_mm: float = TAPE_MM
    roller_mm: float | None = None
    roller_u_mm: float = ROLLER_MM
    thickness_mm: float = 0.0
    """The belt's thickness."""
    counts_per_rev: float | None = None
    pushed: str = BACKWARD
    stops: bool = False
    """A passing is where the belt rests for two seconds; nobody presses a key."""
    temperature_c: float | None = None
    wait_s: float = 120.0

    @property
    def by_roller(self) -> bool:
        """No laps: the roller's size says it all."""
        return self.lap_mm is None and self.apart_mm is None and self.roller_mm is not None

    @property
    def method(self) -> str:
        """As the card has it."""
        if self.by_roller:
            return "roller"
        return "laps" if self.apart_mm is None else "marks"

    @property
    def what(self) -> str:
        """What is pushed and counted."""
        return lap_word(self.method)

    def ended(self, passings: int) -> int:
        """How many laps have ended with so many passings."""
        return max(0, passings - 1) if self.apart_mm is None else passings // 2

    def ends_one(self, passings: int) -> bool:
        """Whether the last of so many passings, >= 1, ended a lap, and didn't only begin one."""
        return self.ended(passings) > self.ended(passings - 1)


def belt_card(box: CalibrateBox, plan: BeltPlan, scale: BeltScale) -> Card:
    """The card. Raises CalibrationError where the box can't have such a scale."""
    values = {
        "belt_nm_per_count": round(scale.nm_per_count),
        "belt_u_ppm": standard_ppm(scale.parts),
    }
    if scale.sign:
        # Walking backward is negative.
        rising = scale.sign if plan.pushed == FORWARD else -scale.sign
        values["belt_direction"] = rising
    try:
        declared.check("belt_nm_per_count", values["belt_nm_per_count"])
    except declared.SettingsError as error:
        raise CalibrationError(f"{error}. Was the length given in mm?") from error
    return Card(
        part="belt",
        made_at=datetime.now(UTC).replace(microsecond=0),
        serial=box.serial,
        box_name=box.identity.box_name,
        firmware=box.identity.firmware,
        method=plan.method,
        settings=values,
        fixed=(),
        relative=scale.parts,
        laps=scale.lap_counts,
        temperature_c=plan.temperature_c,
        body_mass_kg=int(box.settings["body_mass_g"]) / 1000,
        warnings=scale.warnings,
    )
