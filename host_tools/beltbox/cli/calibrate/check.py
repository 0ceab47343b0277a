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
        float | None, typer.Option(help="The known weight in kg.", callback=a_weight)
    ] = None,
    side: Annotated[
        str | None,
        typer.Option(
            help="left or right. Default: the only calibrated side, or you are asked.",
            callback=a_side,
        ),
    ] = None,
    wait: WaitOption = 60.0,
    port: PortOption = None,
    store: StoreOption = None,
    answers: AnswersOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check a rail with one known weight, in twenty seconds.

    The exit status is 0 if the rail passes, 1 if it fails.

    Example: beltbox calibrate check --side left --weight 10
    """
    if side == "both":
        raise typer.BadParameter("a check is for one side: left or right.")
    console = Console(stderr=as_json)
    with (
        conversation(console, answers, yes) as talk,
        find_box(port) as link,
        CalibrateBox(link, talk.say) as box,
    ):
        cards = {card.part: card for card in _in_force(store, box)}
        calibrated = [known for known in SIDES if known in cards]
        if side is None and len(calibrated) == 1:
            (side,) = calibrated
            talk.say(f"The {side} rail: only this one is calibrated.")
        (rail,) = sides_meant(box, talk, side, both=False)
        kg = weight or talk.ask("weight", "How many kg will hang there?", positive, idle=box.idle)
        if not box.settings[f"rail_{rail}_nn_per_count"]:
            raise CalibrationError(
                f"The box has no calibrated {rail} cell. Calibrate it first: "
                f"beltbox calibrate rail --side {rail}"
            )
        card = cards.get(rail)
        checked = check_rail(box, talk, rail, kg, card, wait_s=wait)
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
    with open_store(store, read_only=True) as opened:
        return CardStore(opened.database).in_force(box.settings, datetime.now(UTC), box.serial)
