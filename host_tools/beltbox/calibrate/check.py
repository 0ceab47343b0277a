"""`beltbox calibrate check`: one known weight tells whether a rail still measures right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from beltbox.calibrate.arithmetic.rail_line import STANDARD_GRAVITY
from beltbox.calibrate.box import CalibrateBox
from beltbox.calibrate.cards.card import Card
from beltbox.calibrate.conversation import Talk
from beltbox.calibrate.settling import settle

ALLOWED_SHARE = 0.02
"""What a check allows beside the card's uncertainty: its weight's tolerance, and three seconds."""
_ZERO_S = 5.0
_SEEN_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Checked:
    """What a rail made of a known weight, in newtons."""

    side: str
    kg: float
    expected_n: float
    measured_n: float
    allowed_n: float
    """± so much passes."""
    zero_off_n: float
    """The empty rail's reading by the settings' zero."""
    card_made_at: str | None
    """The day of the card whose uncertainty is in `allowed_n`; None without one."""

    @property
    def passed(self) -> bool:
        """Whether the rail still measures right."""
        return abs(self.measured_n - self.expected_n) <= self.allowed_n


def check_rail(
    box: CalibrateBox, talk: Talk, side: str, kg: float, card: Card | None, *, wait_s: float
) -> Checked:
    """Zero, weight, verdict. Raises CalibrationError. card: the one in force, if there is one."""
    settings: Mapping[str, int | str] = box.settings
    n_per_count = int(settings[f"rail_{side}_nn_per_count"]) * 1e-9
    expected_n = kg * STANDARD_GRAVITY
    talk.say(f"Hands off the rails, nothing on them: {_ZERO_S:.0f} s for their zero.")
    empty = settle(
        *(box, talk, side),
        n_per_count=n_per_count,
        what=f"the empty {side} rail",
        limit_s=wait_s,
        seconds=_ZERO_S,
    )
    zero = empty[side].counts

    def missing(counts: float) -> str:
        seen_n = abs((counts - zero) * n_per_count)
        return "" if seen_n > _SEEN_SHARE * expected_n else "no change seen"

    talk.say(f"Now hang {kg:g} kg on the {side} rail.", "bold")
    loaded = settle(
        *(box, talk, side),
        n_per_count=n_per_count,
        what=f"hang {kg:g} kg on the {side} rail",
        limit_s=wait_s,
        awaited=missing,
        empty=empty,
    )[side]
    allowed_n = ALLOWED_SHARE * expected_n
    return Checked(
        side=side,
        kg=kg,
        expected_n=expected_n,
        measured_n=(loaded.counts - zero) * n_per_count,
        allowed_n=allowed_n if card is None else allowed_n + card.u_n(expected_n),
        zero_off_n=(zero - int(settings[f"rail_{side}_zero"])) * n_per_count,
        card_made_at=None if card is None else card.made_at.date().isoformat(),
    )


def check_lines(checked: Checked) -> list[str]:
    """The verdict in words."""
    off_n = checked.measured_n - checked.expected_n
    lines = [
        f"{checked.side} rail: {checked.kg:g} kg pull {checked.expected_n:.1f} N, measured "
        f"{checked.measured_n:.1f} N: {off_n:+.1f} N ({100 * off_n / checked.expected_n:+.1f} %), "
        f"± {checked.allowed_n:.1f} N are allowed"
    ]
    if checked.card_made_at is None:
        lines.append("No card of a calibration is here: only the 2 % are allowed.")
    if abs(checked.zero_off_n) > 5:
        lines.append(
            f"Its zero is {checked.zero_off_n:+.1f} N off. If nothing was on the rail: beltbox "
            "settings --tare"
        )
    if checked.passed:
        lines.append("PASS")
    else:
        lines.append("FAIL: calibrate again (beltbox calibrate rail), after looking at the mount.")
    return lines
