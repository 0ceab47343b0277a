"""`beltbox calibrate belt | rail | check | show`: from an unknown box to one with a card."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from beltbox import belt_laps, calibrate_belt
from beltbox.calibrate_belt import BeltPlan
from beltbox.calibrate_box import SIDES, CalibrateBox, CalibrationError
from beltbox.calibrate_check import check_lines, check_rail
from beltbox.calibrate_rail import RailDialogue, RailPlan, diagnose, drive
from beltbox.calibrate_talk import Answers, LeaveError, Talk, numbers, one_of, positive
from beltbox.card import Card, card_lines
from beltbox.database import default_store_file
from beltbox.find import find_box
from beltbox.options import JsonOption, PortOption, StoreOption, a_number, print_json
from beltbox.rail_line import weights_problem
from beltbox.signals import end_signals
from beltbox.store import Store, open_store

calibrate = typer.Typer(
    help=(
        "Calibrate a box: the belt, the rails; check and show the calibration.\n\n"
        "Example: beltbox calibrate rail --weights 5,10,20"
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
)

# What an answers file may name: the questions there are.
_QUESTIONS = {
    "side": "left, right or both",
    "weights": "5,10,20",
    "belt-mm": "the belt's length",
    "counts-per-rev": "of the encoder",
    "weight": "of a check, in kg",
    "anyway": "calibrate a cell that looks bad",
    "positions": "measure at three places",
    "mend": "what really hung there",
    "retry": "again or leave",
    "accept": "accept, repeat or leave",
}
_NOTHING = "Nothing was stored; the box is as it was."

AnswersOption = Annotated[
    Path | None,
    typer.Option(help="A file of answers, `key = value` a line, in place of a person."),
]
YesOption = Annotated[
    bool, typer.Option("--yes", "-y", help="Ask nothing: accept what is sound, fail otherwise.")
]
WaitOption = Annotated[
    float,
    typer.Option(min=1, max=3600, help="Wait so many seconds for each step.", callback=a_number),
]
TemperatureOption = Annotated[
    float | None, typer.Option("--temperature", help="°C, for the card.", callback=a_number)
]


def _above_0(value: float | None) -> float | None:
    a_number(value)
    if value is not None and not 0 < value < 1e9:
        raise typer.BadParameter(f"{value:g} isn't a number above 0.")
    return value


def _share_of_percent(value: float) -> float:
    a_number(value)
    if not 0 <= value <= 50:
        raise typer.BadParameter(f"{value:g} isn't a percentage from 0 to 50.")
    return value


def _weights(text: str | None) -> str | None:
    if text is not None:
        try:
            problem = weights_problem(numbers(text))
        except ValueError as error:
            problem = str(error)
        if problem:
            raise typer.BadParameter(f"{problem}.")
    return text


def _side(value: str | None) -> str | None:
    if value is not None and value not in (*SIDES, "both"):
        raise typer.BadParameter(f"{value!r} isn't a side; there are left, right and both.")
    return value


@calibrate.command("belt")
def belt_command(
    belt_mm: Annotated[
        float | None,
        typer.Option(
            help="The belt's length once round, or between two marks, by the tape.",
            callback=_above_0,
        ),
    ] = None,
    laps: Annotated[int, typer.Option(min=1, max=50, help="How many laps.")] = calibrate_belt.LAPS,
    tape_mm: Annotated[
        float,
        typer.Option(help="The tape may be off by ± so much.", callback=_above_0),
    ] = belt_laps.TAPE_MM,
    roller_mm: Annotated[
        float | None,
        typer.Option(
            help="The roller's diameter. Without --belt-mm no lap is needed; with it, for "
            "comparison.",
            callback=_above_0,
        ),
    ] = None,
    roller_error_mm: Annotated[
        float, typer.Option(help="The diameter may be off by ± so much.", callback=_above_0)
    ] = belt_laps.ROLLER_MM,
    belt_thickness_mm: Annotated[
        float, typer.Option(min=0, max=50, help="Where the belt is bent round the roller.")
    ] = 0.0,
    counts_per_rev: Annotated[
        float | None,
        typer.Option(
            help="Counts in a turn: four times the encoder's lines. For a comparison with laps "
            "the label's number will do.",
            callback=_above_0,
        ),
    ] = None,
    pushed: Annotated[
        str, typer.Option(help="The belt is pushed as when walking backward, or forward.")
    ] = calibrate_belt.BACKWARD,
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
    passing of the mark. Nothing is stored before you accept.

    Example: beltbox calibrate belt --belt-mm 3000 --laps 5
    """
    if pushed not in (calibrate_belt.BACKWARD, calibrate_belt.FORWARD):
        raise typer.BadParameter(f"{pushed!r} isn't a way to push; backward or forward.")
    plan = BeltPlan(
        lap_mm=belt_mm,
        laps=laps,
        tape_mm=tape_mm,
        roller_mm=roller_mm,
        roller_u_mm=roller_error_mm,
        belt_mm=belt_thickness_mm,
        counts_per_rev=counts_per_rev,
        pushed=pushed,
        stops=stops,
        temperature_c=temperature,
        wait_s=wait,
    )

    def work(box: CalibrateBox, talk: Talk, opened: Store) -> None:
        card = calibrate_belt.calibrate_belt(box, talk, plan)
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
        str | None, typer.Option(help="left, right or both; else it is asked.", callback=_side)
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            help="The weights may be off by ± so many percent.", callback=_share_of_percent
        ),
    ] = 1.0,
    unload: Annotated[
        bool, typer.Option(help="Read also while weights come off, for the hysteresis.")
    ] = True,
    position: Annotated[
        float | None,
        typer.Option(help="Hang so many kg at three places along the rail.", callback=_above_0),
    ] = None,
    label_kg: Annotated[
        float | None,
        typer.Option(help="The capacity on the cell's label, to compare.", callback=_above_0),
    ] = None,
    label_mv_v: Annotated[
        float | None,
        typer.Option(
            "--label-mv-v", help="The label's mV/V; else 1 or 2 may be it.", callback=_above_0
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
        weights=tuple(numbers(weights)) if weights else (),
        tolerance=tolerance / 100,
        unload=unload,
        position_kg=position,
        label_kg=label_kg,
        label_mv_v=label_mv_v,
        temperature_c=temperature,
        wait_s=wait,
    )

    def work(box: CalibrateBox, talk: Talk, opened: Store) -> None:
        sides = _sides(box, talk, side, both=True)
        drive(box, sides)
        talk.say("Ten seconds of diagnosis: hands off the rails, nothing on them.", "bold")
        with _bar(talk.console, "Hands off the rails") as show:
            diagnose(box, talk, sides, show)
        for one in sides:
            talk.say(f"The {one} rail.", "bold")
            _keep(box, talk, opened, RailDialogue(box, talk, one, plan).run())

    _calibrate(work, port=port, store=store, answers=answers, yes=yes, as_json=as_json)


@calibrate.command("check")
def check_command(
    weight: Annotated[
        float | None, typer.Option(help="kg that are to hang there.", callback=_above_0)
    ] = None,
    side: Annotated[
        str | None, typer.Option(help="left or right; else the only one, or asked.", callback=_side)
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
        _talk(console, answers, yes) as talk,
        find_box(port) as link,
        CalibrateBox(link, talk.say) as box,
    ):
        (one,) = _sides(box, talk, side, both=False)
        kg = weight or talk.ask("weight", "How many kg will hang there?", positive, idle=box.idle)
        if not box.settings[f"rail_{one}_nn_per_count"]:
            raise CalibrationError(
                f"The box knows no {one} cell. Calibrate it first: beltbox calibrate rail "
                f"--side {one}"
            )
        card = next((card for card in _in_force(store, box) if card.part == one), None)
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


@calibrate.command("show")
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
            cards = [card for card in opened.cards.newest() if not serial or card.serial == serial]
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
    if settings is None or settings[card.key] == card.settings[card.key]:
        return []
    return [f"NOT IN USE: the box has {card.key}={settings[card.key]}"]


def _now() -> datetime:
    return datetime.now(UTC)


def _in_force(store: str | None, box: CalibrateBox) -> list[Card]:
    if store is None and not default_store_file().exists():
        return []
    with open_store(store, create=False) as opened:
        return opened.cards.in_force(box.settings, _now(), box.serial)


def _keep(box: CalibrateBox, talk: Talk, opened: Store, card: Card) -> None:
    """Settings on the box and the card in the store: both, or neither."""
    box.change(card.settings)
    opened.cards.add(card)
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
        _talk(console, answers, yes) as talk,
        open_store(store) as opened,
        find_box(port) as link,
        CalibrateBox(link, talk.say) as box,
        suppress(LeaveError),
    ):
        work(box, talk, opened)
    if as_json:
        print_json([card.as_json() for card in talk.kept])
    if not talk.kept:
        talk.say(_NOTHING)
        sys.exit(1)


@contextmanager
def _talk(console: Console, answers: Path | None, yes: bool) -> Generator[Talk]:
    """The conversation; signals to end it leave everything as it was."""
    given = None if answers is None else Answers(answers, _QUESTIONS)
    talk = Talk(console, answers=given, yes=yes)
    before = {number: signal.getsignal(number) for number in end_signals()}
    try:
        for number in before:
            signal.signal(number, signal.default_int_handler)
        yield talk
    except KeyboardInterrupt:
        talk.quiet()
        talk.say("")
        talk.say(f"Stopped. {'The rest is as it was.' if talk.kept else _NOTHING}")
        sys.exit(130)
    finally:
        talk.quiet()
        for number, handler in before.items():
            signal.signal(number, handler)


def _sides(box: CalibrateBox, talk: Talk, side: str | None, *, both: bool) -> list[str]:
    """The sides that are meant: as said, or the only one that the settings name, or asked."""
    if side is None:
        there = [one for one in SIDES if box.settings[f"rail_{one}_nn_per_count"]]
        if len(there) == 1:
            return there
        choices = (*SIDES, "both") if both else SIDES
        side = talk.ask(
            "side", f"Which side: {' or '.join(choices)}?", one_of(*choices), idle=box.idle
        )
    return list(SIDES) if side == "both" else [side]


@contextmanager
def _bar(console: Console, words: str) -> Generator[Callable[[float], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(words, total=1.0)
        yield lambda share: progress.update(task, completed=share)
