"""`beltbox calibrate belt | rail`: from an unknown box to one with a card."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from beltbox.calibrate import belt_card
from beltbox.calibrate.arithmetic import belt_laps
from beltbox.calibrate.arithmetic.rail_line import weights_problem
from beltbox.calibrate.belt import calibrate_belt
from beltbox.calibrate.belt_card import BeltPlan
from beltbox.calibrate.box import CalibrateBox
from beltbox.calibrate.cards.card import Card
from beltbox.calibrate.cards.card_store import CardStore
from beltbox.calibrate.conversation import LeaveError, Talk, kilograms
from beltbox.calibrate.diagnosis import diagnose, drive
from beltbox.calibrate.rail import RailDialogue
from beltbox.calibrate.rail_card import RailPlan
from beltbox.cli.calibrate.check import check_command, show_command
from beltbox.cli.calibrate.options import (
    NOTHING,
    AnswersOption,
    TemperatureOption,
    WaitOption,
    YesOption,
    a_lap,
    a_side,
    a_weight,
    above_0,
    conversation,
    share_of_percent,
    sides_meant,
)
from beltbox.cli.options import JsonOption, PortOption, StoreOption, print_json
from beltbox.errors import CalibrationError
from beltbox.link.finding import find_box
from beltbox.store.store import Store, open_store

calibrate = typer.Typer(
    help=(
        "Calibrate a box: the belt, the rails; check and show the calibration.\n\n"
        "Example: beltbox calibrate rail --weights 5,10,20"
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _weights(text: str | None) -> str | None:
    if text is not None:
        try:
            problem = weights_problem(kilograms(text))
        except ValueError as error:
            problem = str(error)
        if problem:
            raise typer.BadParameter(f"{problem}.")
    return text


@calibrate.command("belt")
def belt_command(
    belt_mm: Annotated[
        float | None,
        typer.Option(
            help="The belt's length once round, by the tape.",
            callback=a_lap,
        ),
    ] = None,
    marks_mm: Annotated[
        float | None,
        typer.Option(
            help="In place of a whole lap: how far the second of two marks is behind the first.",
            callback=a_lap,
        ),
    ] = None,
    laps: Annotated[
        int, typer.Option(min=1, max=50, help="How many laps, or ways between two marks.")
    ] = belt_card.LAPS,
    tape_mm: Annotated[
        float,
        typer.Option(help="The tape may be off by ± so much.", callback=above_0),
    ] = belt_laps.TAPE_MM,
    roller_mm: Annotated[
        float | None,
        typer.Option(
            help="The roller's diameter. Alone, no lap is needed; with --belt-mm or --marks-mm, "
            "for comparison.",
            callback=above_0,
        ),
    ] = None,
    roller_error_mm: Annotated[
        float, typer.Option(help="The diameter may be off by ± so much.", callback=above_0)
    ] = belt_laps.ROLLER_MM,
    belt_thickness_mm: Annotated[
        float, typer.Option(min=0, max=50, help="Where the belt is bent round the roller.")
    ] = 0.0,
    counts_per_rev: Annotated[
        float | None,
        typer.Option(
            help="Counts in a turn: four times the encoder's lines. For a comparison with laps "
            "the label's number will do.",
            callback=above_0,
        ),
    ] = None,
    pushed: Annotated[
        str, typer.Option(help="The belt is pushed as when walking backward, or forward.")
    ] = belt_card.BACKWARD,
    stops: Annotated[
        bool,
        typer.Option(
            "--stops", help="No key: let the belt rest two seconds with the mark at the pointer."
        ),
    ] = False,
    temperature: TemperatureOption = None,
    wait: WaitOption = 120.0,
    port: PortOption = None,
    store: StoreOption = None,
    answers: AnswersOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find how far the belt moves in a count: by laps of a mark, or by a roller's size.

    Mark the belt, measure it with a tape, push it some laps by hand and press Enter at each
    passing of the mark. Where the tape can't go round, make two marks and give --marks-mm.
    Nothing is stored before you accept.

    Example: beltbox calibrate belt --belt-mm 3000 --laps 5
    """
    if pushed not in (belt_card.BACKWARD, belt_card.FORWARD):
        raise typer.BadParameter(f"{pushed!r} isn't a way to push; backward or forward.")
    if belt_mm is not None and marks_mm is not None:
        raise typer.BadParameter("--belt-mm is for one mark, --marks-mm for two: give one of them.")
    for name, error_mm, whole_mm in (
        ("--tape-mm", tape_mm, belt_mm or marks_mm),
        ("--roller-error-mm", roller_error_mm, roller_mm),
    ):
        if whole_mm is not None and error_mm > whole_mm / 10:
            raise typer.BadParameter(
                f"{name} is {error_mm:g} mm, over a tenth of the {whole_mm:g} mm that it is of."
            )
    if belt_mm is None and marks_mm is None and roller_mm is not None and stops:
        raise typer.BadParameter(
            "--stops is for laps, and by a roller's size alone there are none: give --belt-mm or "
            "--marks-mm too."
        )
    plan = BeltPlan(
        lap_mm=belt_mm,
        apart_mm=marks_mm,
        laps=laps,
        tape_mm=tape_mm,
        roller_mm=roller_mm,
        roller_u_mm=roller_error_mm,
        thickness_mm=belt_thickness_mm,
        counts_per_rev=counts_per_rev,
        pushed=pushed,
        stops=stops,
        temperature_c=temperature,
        wait_s=wait,
    )

    def work(box: CalibrateBox, talk: Talk, opened: Store) -> None:
        card = calibrate_belt(box, talk, plan)
        _keep(box, talk, opened, card)

    _calibrate(work, port=port, store=store, answers=answers, yes=yes, as_json=as_json)


@calibrate.command("rail")
def rail_command(
    weights: Annotated[
        str | None,
        typer.Option(
            help="kg that hang in all each time, one to eight, the lightest first: 5,10,20.",
            callback=_weights,
        ),
    ] = None,
    side: Annotated[
        str | None, typer.Option(help="left, right or both; else it is asked.", callback=a_side)
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            help="The weights may be off by ± so many percent.", callback=share_of_percent
        ),
    ] = 1.0,
    unload: Annotated[
        bool, typer.Option(help="Read also while weights come off, for the hysteresis.")
    ] = True,
    position: Annotated[
        float | None,
        typer.Option(help="Hang so many kg at three places along the rail.", callback=a_weight),
    ] = None,
    label_kg: Annotated[
        float | None,
        typer.Option(help="The capacity on the cell's label, to compare.", callback=above_0),
    ] = None,
    label_mv_v: Annotated[
        float | None,
        typer.Option(
            "--label-mv-v", help="The label's mV/V; else 1 or 2 may be it.", callback=above_0
        ),
    ] = None,
    temperature: TemperatureOption = None,
    wait: WaitOption = 120.0,
    port: PortOption = None,
    store: StoreOption = None,
    answers: AnswersOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Calibrate the rails' load cells with known weights: on, and off again.

    Ten seconds of diagnosis, hands off for the zero, then each weight, which is seen by itself
    once it hangs still. Then the line through them: accept, repeat or leave. Nothing is stored
    before you accept.

    Example: beltbox calibrate rail --side left --weights 5,10,20 --tolerance 0.5
    """
    plan = RailPlan(
        weights=tuple(kilograms(weights)) if weights else (),
        tolerance=tolerance / 100,
        unload=unload,
        position_kg=position,
        label_kg=label_kg,
        label_mv_v=label_mv_v,
        temperature_c=temperature,
        wait_s=wait,
    )

    def work(box: CalibrateBox, talk: Talk, opened: Store) -> None:
        sides = sides_meant(box, talk, side, both=True)
        drive(box, sides)
        talk.say("Ten seconds of diagnosis: hands off the rails, nothing on them.", "bold")
        with _bar(talk.console, "Hands off the rails") as show:
            diagnose(box, talk, sides, show)
        for one in sides:
            talk.say(f"The {one} rail.", "bold")
            _keep(box, talk, opened, RailDialogue(box, talk, one, plan).run())

    _calibrate(work, port=port, store=store, answers=answers, yes=yes, as_json=as_json)


def _keep(box: CalibrateBox, talk: Talk, opened: Store, card: Card) -> None:
    """Settings on the box and the card in the store: both, or neither."""
    box.change(card.settings)
    CardStore(opened.database).add(card)
    box.keep(card.settings)
    talk.kept.append(card)
    talk.say(f"Stored: {' '.join(card.settings)} on the box, the card in {opened.where}.", "green")


def _calibrate(
    work: Callable[[CalibrateBox, Talk, Store], None],
    *,
    port: str | None,
    store: str | None,
    answers: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Run a dialogue, and say what came of it."""
    console = Console(stderr=as_json)
    # The store first: what can't be kept in the end isn't begun.
    with (
        conversation(console, answers, yes) as talk,
        open_store(store) as opened,
        find_box(port) as link,
        CalibrateBox(link, talk.say) as box,
    ):
        left = False
        try:
            talk.must_have("accept", "accept, repeat or leave?")
            work(box, talk, opened)
        except CalibrationError as error:
            raise CalibrationError(f"{error} {_stored(talk)}") from error
        except LeaveError:
            left = True
        finally:
            if as_json:
                print_json([card.as_json() for card in talk.kept])
    if talk.unused:
        talk.say(f"Not asked for, so not used: {', '.join(talk.unused)}.", "yellow")
    if left or not talk.kept:
        talk.say(_stored(talk) if talk.kept else NOTHING)
        sys.exit(1)


def _stored(talk: Talk) -> str:
    """What is stored where not all of it is."""
    if not talk.kept:
        return "Nothing of it was stored."
    kept = " and ".join(f"the {card.title}" for card in talk.kept)
    return f"Stored is {kept}, and nothing else."


@contextmanager
def _bar(console: Console, words: str) -> Generator[Callable[[float], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(words, total=1.0)
        yield lambda share: progress.update(task, completed=share)


calibrate.command("check")(check_command)
calibrate.command("show")(show_command)
