"""`beltbox calibrate check | show`: whether a calibration still holds."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from beltbox.calibrate.box import SIDES, CalibrateBox
from beltbox.calibrate.cards.card import Card, card_lines
from beltbox.calibrate.cards.card_store import CardStore
from beltbox.calibrate.check import check_lines, check_rail
from beltbox.calibrate.conversation import Talk, positive
from beltbox.cli.calibrate.options import (
    AnswersOption,
    WaitOption,
    YesOption,
    a_side,
    a_weight,
    conversation,
    sides_meant,
)
from beltbox.cli.options import JsonOption, PortOption, StoreOption, print_json
from beltbox.errors import CalibrationError
from beltbox.files import default_store_file
from beltbox.link.finding import find_box
from beltbox.store.store import open_store


def check_command(
    weight: Annotated[
        float | None, typer.Option(help="kg that are to hang there.", callback=a_weight)
    ] = None,
    side: Annotated[
        str | None,
        typer.Option(help="left or right; else the only one, or asked.", callback=a_side),
    ] = None,
    wait: WaitOption = 60.0,
    port: PortOption = None,
    store: StoreOption = None,
    answers: AnswersOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check a rail with one known weight, in twenty seconds: pass (status 0) or fail (1).

    Example: beltbox calibrate check --side left --weight 10
    """
    if side == "both":
        raise typer.BadParameter("a check is of one side: left or right.")
    console = Console(stderr=as_json)
    with (
        conversation(console, answers, yes) as talk,
        find_box(port) as link,
        CalibrateBox(link, talk.say) as box,
    ):
        cards = {card.part: card for card in _in_force(store, box)}
        calibrated = [one for one in SIDES if one in cards]
        if side is None and len(calibrated) == 1:
            (side,) = calibrated
            talk.say(f"The {side} rail: only that has a card.")
        (one,) = sides_meant(box, talk, side, both=False)
        kg = weight or talk.ask("weight", "How many kg will hang there?", positive, idle=box.idle)
        if not box.settings[f"rail_{one}_nn_per_count"]:
            raise CalibrationError(
                f"The box knows no {one} cell. Calibrate it first: beltbox calibrate rail "
                f"--side {one}"
            )
        card = cards.get(one)
        checked = check_rail(box, talk, one, kg, card, wait_s=wait)
    lines = check_lines(checked)
    if card is not None:
        lines[1:1] = [f"The card is old: {why}." for why in card.old(_now(), box.settings)]
    for line in lines:
        style = {"PASS": "bold green", "FAIL": "bold red"}.get(line[:4], "")
        talk.say(line, style)
    if as_json:
        print_json({**asdict(checked), "passed": checked.passed})
    if not checked.passed:
        sys.exit(1)


def show_command(
    port: Annotated[
        str | None,
        typer.Option("--port", "-p", help="Compare with the settings of the box there."),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the newest card of each box's belt and rails, and whether it still holds.

    Example: beltbox calibrate show --json
    """
    settings: dict[str, int | str] | None = None
    serial = ""
    if port is not None:
        with find_box(port) as link, CalibrateBox(link) as box:
            settings, serial = box.settings, box.serial
    cards: list[Card] = []
    where = str(default_store_file()) if store is None else store
    if store is not None or default_store_file().exists():
        with open_store(store, create=False) as opened:
            cards = [
                card
                for card in CardStore(opened.database).newest()
                if not serial or card.serial == serial
            ]
            where = opened.where
    at = _now()
    if as_json:
        print_json([card.as_json() | {"old": _old(card, at, settings)} for card in cards])
        return
    if not cards:
        print(f"No calibrations in {where} yet. Make one: beltbox calibrate rail")
    talk = Talk(Console())
    for card in cards:
        head, *lines = card_lines(card, at, settings)
        talk.say(head, "bold")
        for line in [*lines, *_set_otherwise(card, settings)]:
            talk.say(f"    {line}", "yellow" if line.startswith(("OLD", "warning", "NOT")) else "")


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


def _now() -> datetime:
    return datetime.now(UTC)


def _in_force(store: str | None, box: CalibrateBox) -> list[Card]:
    if store is None and not default_store_file().exists():
        return []
    with open_store(store, create=False) as opened:
        return CardStore(opened.database).in_force(box.settings, _now(), box.serial)
