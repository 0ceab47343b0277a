"""`beltbox calibrate check`: whether a calibration still holds."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from beltbox.calibrate.box import SIDES, CalibrateBox
from beltbox.calibrate.cards.card import Card
from beltbox.calibrate.cards.card_store import CardStore
from beltbox.calibrate.check import check_lines, check_rail
from beltbox.calibrate.conversation import positive
from beltbox.cli.calibrate.dialogue import conversation, sides_meant
from beltbox.cli.calibrate.options import (
    AnswersOption,
    WaitOption,
    YesOption,
    a_side,
    a_weight,
)
from beltbox.cli.common.options import JsonOption, PortOption, StoreOption
from beltbox.cli.common.output import print_json
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
        lines[1:1] = [
            f"The card is old: {why}." for why in card.old(datetime.now(UTC), box.settings)
        ]
    for line in lines:
        style = {"PASS": "bold green", "FAIL": "bold red"}.get(line[:4], "")
        talk.say(line, style)
    if as_json:
        print_json({**asdict(checked), "passed": checked.passed})
    if not checked.passed:
        sys.exit(1)


def _in_force(store: str | None, box: CalibrateBox) -> list[Card]:
    if store is None and not default_store_file().exists():
        return []
    with open_store(store, create=False) as opened:
        return CardStore(opened.database).in_force(box.settings, datetime.now(UTC), box.serial)
