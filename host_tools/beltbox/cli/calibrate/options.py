"""The options that the commands of `beltbox calibrate` have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beltbox.calibrate.arithmetic.belt_laps import lap_problem
from beltbox.calibrate.arithmetic.rail_line import weights_problem
from beltbox.calibrate.box import SIDES
from beltbox.cli.common.options import a_number

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


def _celsius(value: float | None) -> float | None:
    a_number(value)
    if value is not None and not -40 <= value <= 85:
        raise typer.BadParameter(f"{value:g} °C isn't a temperature from -40 to 85 °C.")
    return value


AnswersOption = Annotated[
    Path | None,
    typer.Option(
        help="A file of answers to the questions, one `key = value` a line. The keys: "
        f"{', '.join(QUESTIONS)}."
    ),
]
YesOption = Annotated[
    bool, typer.Option("--yes", "-y", help="Ask nothing: accept a sound result, fail otherwise.")
]
WaitOption = Annotated[
    float,
    typer.Option(
        min=1, max=3600, help="How many seconds to wait for each step.", callback=a_number
    ),
]
TemperatureOption = Annotated[
    float | None,
    typer.Option(
        "--temperature", help="The temperature in °C, to be noted on the card.", callback=_celsius
    ),
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
        raise typer.BadParameter(f"{value!r} isn't a side. The choices are left, right and both.")
    return value
