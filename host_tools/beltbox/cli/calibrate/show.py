"""`beltbox calibrate show`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from beltbox.calibrate.box import CalibrateBox
from beltbox.calibrate.cards.card import Card, card_lines
from beltbox.calibrate.cards.card_store import CardStore
from beltbox.calibrate.conversation import Talk
from beltbox.cli.common.options import JsonOption, StoreOption
from beltbox.cli.common.output import end_with_damage, print_json, say
from beltbox.files import default_store_file
from beltbox.link.finding import find_box
from beltbox.store.store import open_store


def show_command(
    port: Annotated[
        str | None,
        typer.Option("--port", "-p", help="Compare with the settings of the box at this port."),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest calibrations, and whether they still hold.

    Each calibration of a belt or a rail left a card in the store. The newest of each box are shown.

    Example: beltbox calibrate show --json
    """
    settings: dict[str, int | str] | None = None
    serial = ""
    if port is not None:
        with find_box(port) as link, CalibrateBox(link) as box:
            settings, serial = box.settings, box.serial
    cards: list[Card] = []
    damage: list[str] = []
    where = str(default_store_file()) if store is None else store
    if store is not None or default_store_file().exists():
        with open_store(store, read_only=True) as opened:
            card_store = CardStore(opened.database)
            cards = [card for card in card_store.newest() if not serial or card.serial == serial]
            where, damage = opened.where, [*opened.damage, *card_store.damage]
    at = datetime.now(UTC)
    if as_json:
        print_json([card.as_json() | {"old": _old(card, at, settings)} for card in cards])
        end_with_damage(damage, where)
        return
    if not cards:
        say(f"No calibrations in {where} yet. Make one: beltbox calibrate rail")
    talk = Talk(Console())
    for card in cards:
        head, *lines = card_lines(card, at, settings)
        talk.say(head, "bold")
        for line in [*lines, *_set_otherwise(card, settings)]:
            talk.say(f"    {line}", "yellow" if line.startswith(("OLD", "warning", "NOT")) else "")
    end_with_damage(damage, where)


def _old(card: Card, at: datetime, settings: dict[str, int | str] | None) -> list[str]:
    return card.old(at, settings) + _set_otherwise(card, settings)


def _set_otherwise(card: Card, settings: dict[str, int | str] | None) -> list[str]:
    if settings is None:
        return []
    return [
        f"NOT IN USE: the box has {key}={settings[key]}"
        for key in (card.key, "belt_direction")
        if key in card.settings and settings[key] != card.settings[key]
    ]
