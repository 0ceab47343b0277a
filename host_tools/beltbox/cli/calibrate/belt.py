"""`beltbox calibrate belt`."""

from __future__ import annotations

from typing import Annotated

import typer

from beltbox.calibrate import belt_card
from beltbox.calibrate.arithmetic import belt_laps
from beltbox.calibrate.belt import calibrate_belt
from beltbox.calibrate.belt_card import BeltPlan
from beltbox.calibrate.box import CalibrateBox
from beltbox.calibrate.conversation import Talk
from beltbox.cli.calibrate.dialogue import keep, run_dialogue
from beltbox.cli.calibrate.options import (
    AnswersOption,
    TemperatureOption,
    WaitOption,
    YesOption,
    a_lap,
    above_0,
)
from beltbox.cli.common.options import JsonOption, PortOption, StoreOption
from beltbox.store.store import Store


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
        keep(box, talk, opened, card)

    run_dialogue(work, port=port, store=store, answers=answers, yes=yes, as_json=as_json)
