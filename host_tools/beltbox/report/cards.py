"""A report's block on calibration: whether the numbers' scales were measured, when and how well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from beltbox import units
from beltbox.calibrate.arithmetic.rail_line import STANDARD_GRAVITY
from beltbox.calibrate.cards.card import LIGHT_SHARE, Card, lap_word, scale_key
from beltbox.calibrate.cards.card_store import CardStore
from beltbox.walk.session import Session
from beltbox.walk.uncertainty import COVERAGE, U_PPM_OF

_NAMES = {"belt": "Belt", "left": "Left rail", "right": "Right rail"}


@dataclass(frozen=True, slots=True)
class CardRow:
    """A line of the block; texts, a dash where nothing is known."""

    name: str
    made: str
    """The day; empty where the settings have no card."""
    uncertainty: str
    residuals: str
    verdict: str
    """Such as "holds" or why it is old."""
    bad: bool
    """Old, or no card."""


def cards_behind(cards: CardStore, session: Session) -> list[Card]:
    """The cards behind the settings that a session ended with, as they were when it began."""
    if not session.segments:
        return []
    summary = session.summary
    return cards.in_force(session.segments[-1].settings, summary.started_at, summary.serial)


def card_rows(
    cards: Sequence[Card], settings: Mapping[str, int | str], at: datetime
) -> list[CardRow]:
    """A row for the belt and for each cell that the settings name; none if they aren't known."""
    if not settings:
        return []
    by_part = {card.part: card for card in cards}
    rows: list[CardRow] = []
    for part, name in _NAMES.items():
        card = by_part.get(part)
        if card is not None:
            rows.append(_row(name, card, settings, at))
        elif part == "belt" or settings.get(f"rail_{part}_nn_per_count"):
            rows.append(_without_card(name, int(settings.get(U_PPM_OF[scale_key(part)], 0))))
    return rows


def _without_card(name: str, u_ppm: int) -> CardRow:
    """A scale that was set by hand, or calibrated with another computer."""
    if not u_ppm:
        return CardRow(
            name, "", units.UNKNOWN, units.UNKNOWN, "set by hand: not calibrated", bad=True
        )
    stated = f"± {COVERAGE * u_ppm / 10_000:.2f} %"
    return CardRow(
        name,
        "",
        stated,
        units.UNKNOWN,
        "no card here: calibrated elsewhere, or stated by hand",
        True,
    )


def _row(name: str, card: Card, settings: Mapping[str, int | str], at: datetime) -> CardRow:
    why = card.old(at, settings)
    residuals = units.UNKNOWN
    if card.part == "belt":
        uncertainty = f"± {100 * card.u_share:.2f} % of the distance"
        if len(card.laps) > 1:
            mean = sum(card.laps) / len(card.laps)
            worst = max(abs(lap / mean - 1) for lap in card.laps)
            residuals = f"{len(card.laps)} {lap_word(card.method)}s within {100 * worst:.2f} %"
    else:
        body_kg = int(settings["body_mass_g"]) / 1000
        u_n = card.u_light_n(body_kg)
        share = u_n / (body_kg * STANDARD_GRAVITY)
        uncertainty = (
            f"± {u_n:.2f} N ({100 * share:.2f} % of body weight) at {100 * LIGHT_SHARE:.0f} %"
        )
        if len({point.kg for point in card.points}) > 2:
            worst_n = max(abs(point.residual_n) for point in card.points)
            residuals = f"{len(card.points)} points within {worst_n:.2f} N"
    return CardRow(
        name=name,
        made=f"{card.made_at.astimezone():%Y-%m-%d}",
        uncertainty=uncertainty,
        residuals=residuals,
        verdict=f"old: {'; '.join(why)}" if why else "holds",
        bad=bool(why),
    )
