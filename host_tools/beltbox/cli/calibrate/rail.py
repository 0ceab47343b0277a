"""`beltbox calibrate rail`."""

from __future__ import annotations

from typing import Annotated

import typer

from beltbox.calibrate.arithmetic.rail_line import weights_problem
from beltbox.calibrate.box import CalibrateBox
from beltbox.calibrate.conversation import Talk, kilograms
from beltbox.calibrate.diagnosis import diagnose, drive
from beltbox.calibrate.rail import RailDialogue
from beltbox.calibrate.rail_card import RailPlan
from beltbox.cli.calibrate.dialogue import keep, run_dialogue, sides_meant
from beltbox.cli.calibrate.options import (
    AnswersOption,
    TemperatureOption,
    WaitOption,
    YesOption,
    a_side,
    a_weight,
    above_0,
    share_of_percent,
)
from beltbox.cli.common.options import JsonOption, PortOption, StoreOption
from beltbox.cli.common.progress import progress_bar
from beltbox.store.store import Store


def _weights(text: str | None) -> str | None:
    if text is not None:
        try:
            problem = weights_problem(kilograms(text))
        except ValueError as error:
            problem = str(error)
        if problem:
            raise typer.BadParameter(f"{problem}.")
    return text


def rail_command(
    weights: Annotated[
        str | None,
        typer.Option(
            help="The total weight at each step in kg, one to eight of them, the lightest first: "
            "5,10,20.",
            callback=_weights,
        ),
    ] = None,
    side: Annotated[
        str | None,
        typer.Option(help="left, right or both. Default: you are asked.", callback=a_side),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(help="The error of the weights in percent, ±.", callback=share_of_percent),
    ] = 1.0,
    unload: Annotated[
        bool,
        typer.Option(help="Also measure while the weights are taken off, to find the hysteresis."),
    ] = True,
    position: Annotated[
        float | None,
        typer.Option(
            help="Also hang this weight in kg at three places along the rail.", callback=a_weight
        ),
    ] = None,
    label_kg: Annotated[
        float | None,
        typer.Option(
            help="The capacity in kg on the cell's label, to compare with.", callback=above_0
        ),
    ] = None,
    label_mv_v: Annotated[
        float | None,
        typer.Option(
            "--label-mv-v",
            help="The sensitivity in mV/V on the cell's label. Default: 1 or 2, whichever fits.",
            callback=above_0,
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
    """Calibrate the load cells of the rails with known weights.

    First the cells are examined for ten seconds, and the zero is measured with nobody touching the
    rails. Then you hang the weights one after the other; each is noticed once it hangs still. At
    the end you see the result: accept, repeat or leave. Nothing is stored before you accept.

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
        with progress_bar(talk.console, "Hands off the rails") as show:
            diagnose(box, talk, sides, show)
        for each_side in sides:
            talk.say(f"The {each_side} rail.", "bold")
            keep(box, talk, opened, RailDialogue(box, talk, each_side, plan).run())

    run_dialogue(work, port=port, store=store, answers=answers, yes=yes, as_json=as_json)
