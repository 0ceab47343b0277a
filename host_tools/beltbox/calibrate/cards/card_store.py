"""Cards of calibrations in the store: kept, found by box and by the settings that they led to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from beltbox.calibrate.cards.card import PARTS, Card, from_json
from beltbox.store.checked_rows import read
from beltbox.store.checksums import insert_sealed
from beltbox.store.database import Database
from beltbox.store.schema import CalibrationRow


class CardStore:
    """The cards of an open database."""

    def __init__(self, database: Database) -> None:
        self.damage: list[str] = []
        """What is damaged of the cards that were read until now, in words."""
        self._database = database

    def add(self, card: Card) -> None:
        """Keep a card. Raises StoreError."""
        values: dict[str, object] = {
            "made_at": card.made_at,
            "serial": card.serial,
            "box_name": card.box_name,
            "part": card.part,
            "card": card.as_json(),
        }
        with self._database.writing() as connection:
            insert_sealed(connection, CalibrationRow, values)

    def all(self) -> list[Card]:
        """Every sound card, the newest first. Raises StoreError, CardError."""
        with self._database.reading() as connection:
            rows = read(connection, CalibrationRow)
        damaged = sum(row.is_damaged for row in rows)
        if damaged:
            text = f"{damaged} of the calibrations in {self._database.where} are damaged"
            self.damage = [f"{text} and left out"]
        sound = [row.values for row in rows if not row.is_damaged]
        sound.sort(key=lambda values: (values["made_at"], values["id"]), reverse=True)
        return [from_json(values["card"]) for values in sound]

    def newest(self) -> list[Card]:
        """The newest card of each part of each box, box by box."""
        cards: dict[tuple[str, str, str], Card] = {}
        for card in self.all():
            # A box that doesn't tell its number is known by its name.
            cards.setdefault((card.serial, "" if card.serial else card.box_name, card.part), card)
        return sorted(
            cards.values(), key=lambda card: (card.box_name, card.serial, PARTS.index(card.part))
        )

    def in_force(
        self, settings: Mapping[str, int | str], at: datetime, serial: str | None = None
    ) -> list[Card]:
        """The cards behind a box's settings at a time, at most one a part.

        A card counts as long as the settings have its scale to the digit: a box that was set
        otherwise since, by hand or from a file, has none. serial: the box's, if it is known.
        """
        cards: dict[str, Card] = {}
        for card in self.all():
            its_box = not serial or not card.serial or serial == card.serial
            in_use = settings.get(card.key) == card.settings[card.key]
            if its_box and in_use and card.made_at <= at:
                cards.setdefault(card.part, card)
        return [cards[part] for part in PARTS if part in cards]
