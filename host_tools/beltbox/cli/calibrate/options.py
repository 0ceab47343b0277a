"""What the commands of `beltbox calibrate` have in common: options, and the conversation."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from beltbox.calibrate.arithmetic.belt_laps import lap_problem
from beltbox.calibrate.arithmetic.rail_line import weights_problem
from beltbox.calibrate.box import SIDES, CalibrateBox
from beltbox.calibrate.conversation import Answers, LeaveError, Talk, one_of
from beltbox.cli.options import a_number
from beltbox.signals import end_signals

# What an answers file may name: the questions there are.
QUESTIONS = {
    "side": "left, right or both",
    "weights": "5,10,20",
    "belt-mm": "the belt's length",
    "marks-mm": "from a first mark on the belt to a second",
    "counts-per-rev": "of the encoder",
    "weight": "of a check, in kg",
    "positions": "measure at three places",
    "accept": "accept, repeat or leave",
}
NOTHING = "Nothing was stored; the box is as it was."
_HOW_TO_LEAVE = "Leave at any moment: q and Enter, or Ctrl-C."


def _celsius(value: float | None) -> float | None:
    a_number(value)
    if value is not None and not -40 <= value <= 85:
        raise typer.BadParameter(f"{value:g} °C isn't a temperature from -40 to 85 °C.")
    return value


AnswersOption = Annotated[
    Path | None,
    typer.Option(
        help="A file of answers in place of a person, `key = value` a line. The keys: "
        f"{', '.join(QUESTIONS)}."
    ),
]
YesOption = Annotated[
    bool, typer.Option("--yes", "-y", help="Ask nothing: accept what is sound, fail otherwise.")
]
WaitOption = Annotated[
    float,
    typer.Option(min=1, max=3600, help="Wait so many seconds for each step.", callback=a_number),
]
TemperatureOption = Annotated[
    float | None,
    typer.Option("--temperature", help="°C, for the card.", callback=_celsius),
]


def above_0(value: float | None) -> float | None:
    a_number(value)
    if value is not None and not 0 < value < 1e9:
        raise typer.BadParameter(f"{value:g} isn't a number above 0.")
    return value


def a_weight(value: float | None) -> float | None:
    a_number(value)
    if value is not None and (problem := weights_problem([value])):
        raise typer.BadParameter(f"{problem}.")
    return value


def a_lap(value: float | None) -> float | None:
    if value is not None and (problem := lap_problem(value)):
        raise typer.BadParameter(f"{problem}.")
    return value


def share_of_percent(value: float) -> float:
    a_number(value)
    if not 0 <= value <= 50:
        raise typer.BadParameter(f"{value:g} isn't a percentage from 0 to 50.")
    return value


def a_side(value: str | None) -> str | None:
    if value is not None and value not in (*SIDES, "both"):
        raise typer.BadParameter(f"{value!r} isn't a side; there are left, right and both.")
    return value


@contextmanager
def conversation(console: Console, answers: Path | None, yes: bool) -> Generator[Talk]:
    """The conversation; signals to end it leave everything as it was."""
    given = None if answers is None else Answers(answers, QUESTIONS)
    talk = Talk(console, answers=given, yes=yes)
    before = {number: signal.getsignal(number) for number in end_signals()}
    try:
        for number in before:
            signal.signal(number, signal.default_int_handler)
        if not talk.scripted:
            talk.say(_HOW_TO_LEAVE)
        yield talk
    except LeaveError:
        talk.say(NOTHING)
        sys.exit(1)
    except KeyboardInterrupt:
        talk.quiet()
        talk.say("")
        talk.say(f"Stopped. {'The rest is as it was.' if talk.kept else NOTHING}")
        sys.exit(130)
    finally:
        talk.quiet()
        for number, handler in before.items():
            signal.signal(number, handler)


def sides_meant(box: CalibrateBox, talk: Talk, side: str | None, *, both: bool) -> list[str]:
    """The sides that are meant: as said, or asked, where one that the settings name is offered.

    Without `both`, for what only a cell that is known can do, the only one isn't asked for.
    """
    if side is None:
        there = [one for one in SIDES if box.settings[f"rail_{one}_nn_per_count"]]
        if len(there) == 1 and not both:
            return there
        choices = (*SIDES, "both") if both else SIDES
        # The one that was calibrated before: the other may be there, too, and its turn now.
        side = talk.ask(
            "side",
            f"Which side: {' or '.join(choices)}?",
            one_of(*choices),
            by_yes=there[0] if len(there) == 1 else None,
            idle=box.idle,
        )
    return list(SIDES) if side == "both" else [side]
