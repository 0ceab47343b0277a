"""The card of a calibration: what was measured, when, how well, and whether it still holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from beltbox import units
from beltbox.calibrate.arithmetic.line_fit import Part, expanded
from beltbox.calibrate.arithmetic.rail_line import (
    STANDARD_GRAVITY,
    USUAL_MV_V,
    LoadPoint,
    RailLine,
    expanded_at,
    implied_capacity_kg,
)
from beltbox.errors import BeltBoxError
from beltbox.words import cleaned, counted

VERSION = 1
"""Of the JSON that `Card.as_json` gives. Readers refuse a newer one."""

OLD_DAYS = 90
# How far a zero may wander from the card's before the card is called old: well below "light"
# (5 % of 70 kg is 34 N), well above what a day's temperature does to a sound cell.
_WANDER_N = 10.0
_WANDER_SHARE = 0.02
LIGHT_SHARE = 0.05
_SHOWN_SHARE = 0.00005

PARTS = ("belt", "left", "right")
_WAYS = {"up": "on", "down": "off"}


class CardError(BeltBoxError):
    """A card that can't be read."""


def lap_word(method: str) -> str:
    """What is pushed and counted by a belt's method."""
    return "way" if method == "marks" else "lap"


def scale_key(part: str) -> str:
    """The setting that calibrates "belt", "left" or "right"."""
    return "belt_nm_per_count" if part == "belt" else f"rail_{part}_nn_per_count"


@dataclass(frozen=True, slots=True)
class CardPoint:
    """A reading under a weight; the first and the last are of the empty rail."""

    kg: float
    way: str
    counts: float
    u_counts: float
    residual_n: float


@dataclass(frozen=True, slots=True)
class Card:
    """One calibration of one part of one box."""

    part: str
    """"belt", "left" or "right": the rails by their side."""
    made_at: datetime
    """With its time zone, in UTC."""
    serial: str
    """The box's chip; empty if its firmware doesn't tell."""
    box_name: str
    firmware: str
    method: str
    """"laps", "marks", "roller" or "weights"."""
    settings: dict[str, int]
    """What was set on the box, by key."""
    fixed: tuple[Part, ...]
    """Causes of uncertainty: of a rail in newtons, whatever the force; of a belt none."""
    relative: tuple[Part, ...]
    """… and in parts of the value."""
    points: tuple[CardPoint, ...] = ()
    laps: tuple[int, ...] = ()
    """Counts of each lap."""
    nonlinearity_share: float | None = None
    """Of the heaviest weight, as is `hysteresis_share`; None = not known."""
    hysteresis_share: float | None = None
    position_share: float | None = None
    """Half of what the place on the rail changes, of the force; None = not measured."""
    noise_n: float | None = None
    """Standard deviation from sample to sample."""
    temperature_c: float | None = None
    body_mass_kg: float = 70.0
    """The walker's, in the box's settings then."""
    warnings: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What is calibrated, in words."""
        return "belt" if self.part == "belt" else f"{self.part} rail"

    @property
    def key(self) -> str:
        """The setting that holds the scale."""
        return scale_key(self.part)

    @property
    def heaviest_kg(self) -> float:
        """The heaviest weight that hung; 0 for a belt."""
        return max((point.kg for point in self.points), default=0.0)

    @property
    def u_share(self) -> float:
        """The scale's expanded uncertainty (95 %), a part of it."""
        return expanded(self.relative)[0]

    def u_n(self, force_n: float) -> float:
        """A rail's expanded uncertainty (95 %) at a force."""
        return expanded_at(self.fixed, self.relative, force_n)[0]

    def u_light_n(self, body_mass_kg: float | None = None) -> float:
        """The same at 5 % of body weight, where "light" ends."""
        return self.u_n(LIGHT_SHARE * (body_mass_kg or self.body_mass_kg) * STANDARD_GRAVITY)

    def wander_n(self, settings: Mapping[str, int | str]) -> float | None:
        """How far the zero of these settings is from the card's; None for a belt."""
        if self.part == "belt":
            return None
        key = f"rail_{self.part}_zero"
        counts = int(settings[key]) - self.settings[key]
        return counts * self.settings[self.key] * 1e-9

    def old(self, at: datetime, settings: Mapping[str, int | str] | None = None) -> list[str]:
        """Why the card no longer holds at a time, under a box's settings; empty while it does."""
        reasons: list[str] = []
        age = at - self.made_at
        if age > timedelta(days=OLD_DAYS):
            reasons.append(f"{age.days} days old; {OLD_DAYS} are allowed")
        wander_n = None if settings is None else self.wander_n(settings)
        allowed_n = max(_WANDER_N, _WANDER_SHARE * self.heaviest_kg * STANDARD_GRAVITY)
        if wander_n is not None and abs(wander_n) > allowed_n:
            reasons.append(
                f"the zero has wandered by {wander_n:+.0f} N; {allowed_n:.0f} are allowed"
            )
        return reasons

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON, with its version."""
        values = asdict(self)
        for name in ("fixed", "relative"):
            for part in values[name]:
                # JSON knows no infinity.
                part["freedom"] = None if part["freedom"] == float("inf") else part["freedom"]
        return {"card": VERSION, **values, "made_at": self.made_at.isoformat()}


def from_json(values: Mapping[str, Any]) -> Card:
    """The card that `as_json` gave. Raises CardError for a newer or a broken one."""
    version = values.get("card")
    if version != VERSION:
        raise CardError(
            f"A calibration's card has version {version!r}, and this BeltBox knows version "
            f"{VERSION}: a newer BeltBox has written it. Update: pip install --upgrade beltbox"
        )
    given = {name: cleaned(value) for name, value in values.items() if name != "card"}
    try:
        given["made_at"] = datetime.fromisoformat(given["made_at"])
        given["points"] = tuple(CardPoint(**point) for point in given["points"])
        for name in ("fixed", "relative"):
            given[name] = tuple(
                Part(part["name"], part["u"], part["freedom"] or float("inf"))
                for part in given[name]
            )
        for name in ("laps", "warnings"):
            given[name] = tuple(given[name])
        return Card(**given)
    except (KeyError, TypeError, ValueError) as error:
        raise CardError(f"A calibration's card can't be read: {error!r}.") from error


def rail_points(points: tuple[LoadPoint, ...], line: RailLine) -> tuple[CardPoint, ...]:
    """Readings with what the line leaves of them."""
    return tuple(
        CardPoint(p.kg, p.way, round(p.counts, 2), round(p.u_counts, 3), round(residual_n, 4))
        for p, residual_n in zip(points, line.residuals_n, strict=True)
    )


def card_lines(
    card: Card, at: datetime, settings: Mapping[str, int | str] | None = None
) -> list[str]:
    """The card in words, a line each, as it holds at a time under a box's settings."""
    made = card.made_at.astimezone()
    head = f"{card.title} of {card.box_name}"
    head += f" ({card.serial})" if card.serial else ""
    lines = [f"{head}, calibrated {made:%Y-%m-%d %H:%M} by {card.method}"]
    lines += _belt(card) if card.part == "belt" else _rail(card)
    if card.temperature_c is not None:
        lines.append(f"at {card.temperature_c:g} °C")
    lines += [f"warning: {text}" for text in card.warnings]
    why = card.old(at, settings)
    lines.append(f"OLD: {'; '.join(why)}. Calibrate again." if why else f"holds ({_age(card, at)})")
    return lines


def _age(card: Card, at: datetime) -> str:
    days = max(0, (at - card.made_at).days)
    return "made today" if days == 0 else f"{counted(days, 'days')} old"


def _belt(card: Card) -> list[str]:
    nm = card.settings[card.key]
    lines = [f"{nm} nm a count, ± {100 * card.u_share:.2f} %{_causes(card.relative)}"]
    if card.laps:
        counts = ", ".join(str(abs(lap)) for lap in card.laps)
        lines.append(f"counts a {lap_word(card.method)}: {counts}")
    if direction := card.settings.get("belt_direction"):
        lines.append(f"counts {'fall' if direction == 1 else 'rise'} when walking backward")
    else:
        lines.append("which way is backward wasn't measured")
    return lines


def _rail(card: Card) -> list[str]:
    nn = card.settings[card.key]
    light_n = LIGHT_SHARE * card.body_mass_kg * STANDARD_GRAVITY
    u_n = card.u_light_n()
    lines = [
        f"{nn} nN a count, zero at {card.settings[f'rail_{card.part}_zero']}",
        f"± {u_n:.2f} N at 5 % of body weight ({light_n:.0f} N of {card.body_mass_kg:g} kg), "
        f"that is ± {100 * u_n / (light_n / LIGHT_SHARE):.2f} % of body weight"
        f"{_causes(_at(card, light_n))}",
        f"non-linearity {_share(card.nonlinearity_share)}, hysteresis "
        f"{_share(card.hysteresis_share)} of {card.heaviest_kg:g} kg; place on the rail "
        f"{'not measured' if card.position_share is None else f'± {_share(card.position_share)}'}",
        "implied capacity: "
        + ", ".join(
            f"{implied_capacity_kg(nn, mv_v):.0f} kg for a cell of {mv_v:g} mV/V"
            for mv_v in USUAL_MV_V
        )
        + ". Compare it with the label.",
    ]
    lines.append("    hung kg        counts   off the line by")
    lines += [
        f"{point.kg:8g} {_WAYS[point.way]:<4}{point.counts:11.0f}   "
        f"{round(point.residual_n, 3) + 0.0:+8.3f} N"  # without a minus before 0.000
        for point in card.points
    ]
    return lines


def _at(card: Card, force_n: float) -> tuple[Part, ...]:
    """What is uncertain at a force, in parts of it, the largest first."""
    fixed = [Part(part.name, part.u / force_n, part.freedom) for part in card.fixed]
    return tuple(sorted([*fixed, *card.relative], key=lambda part: part.u, reverse=True))


def _share(share: float | None) -> str:
    return units.UNKNOWN if share is None else f"{100 * share:.2f} %"


def _causes(parts: tuple[Part, ...]) -> str:
    """ " (tape 0.04 %, key presses 0.20 %)": the standard uncertainties that can be seen."""
    shown = [f"{part.name} {100 * part.u:.2f} %" for part in parts if part.u >= _SHOWN_SHARE]
    return f" ({', '.join(shown)})" if shown else ""
