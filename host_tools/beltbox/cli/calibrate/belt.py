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
            help="The belt's length once around in mm, measured with a tape.",
            callback=a_lap,
        ),
    ] = None,
    marks_mm: Annotated[
        float | None,
        typer.Option(
            help="For two marks instead of one: the distance from the first to the second in mm.",
            callback=a_lap,
        ),
    ] = None,
    laps: Annotated[
        int,
        typer.Option(min=1, max=50, help="How many laps, or passages from one mark to the other."),
    ] = belt_card.LAPS,
    tape_mm: Annotated[
        float,
        typer.Option(help="The error of the tape in mm, ±.", callback=above_0),
    ] = belt_laps.TAPE_MM,
    roller_mm: Annotated[
        float | None,
        typer.Option(
            help="The roller's diameter in mm. By itself it replaces the laps; with --belt-mm or "
            "--marks-mm it is compared with them.",
            callback=above_0,
        ),
    ] = None,
    roller_error_mm: Annotated[
        float, typer.Option(help="The error of the diameter in mm, ±.", callback=above_0)
    ] = belt_laps.ROLLER_MM,
    belt_thickness_mm: Annotated[
        float,
        typer.Option(
            min=0, max=50, help="The belt's thickness in mm where it bends around the roller."
        ),
    ] = 0.0,
    counts_per_rev: Annotated[
        float | None,
        typer.Option(
            help="Counts in one turn of the roller: four times the encoder's lines. To compare "
            "with laps, the number on the label is enough.",
            callback=above_0,
        ),
    ] = None,
    pushed: Annotated[
        str,
        typer.Option(
            help="The direction in which the belt is pushed: as when walking backward, or forward."
        ),
    ] = belt_card.BACKWARD,
    stops: Annotated[
        bool,
        typer.Option(
            "--stops",
            help="Press no key: let the belt rest for two seconds with the mark at the pointer.",
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
    """Find out how far the belt moves with each count of the encoder.

    Make a mark on the belt and measure the belt's length with a tape. Push the belt by hand for a
    few laps; each time the mark is at the pointer, let the belt rest and press Enter. If the tape
    can't go around the belt, make two marks and give their distance with --marks-mm. Instead of
    laps, the roller's diameter will do. Nothing is stored before you accept the result.

    Example: beltbox calibrate belt --belt-mm 3000 --laps 5
    """
    if pushed not in (belt_card.BACKWARD, belt_card.FORWARD):
        raise typer.BadParameter(
            f"{pushed!r} isn't a direction. The choices are backward and forward."
        )
    if belt_mm is not None and marks_mm is not None:
        raise typer.BadParameter(
            "--belt-mm is for one mark, --marks-mm for two: give only one of them."
        )
    for name, error_mm, whole_mm in (
        ("--tape-mm", tape_mm, belt_mm or marks_mm),
        ("--roller-error-mm", roller_error_mm, roller_mm),
    ):
        if whole_mm is not None and error_mm > whole_mm / 10:
            raise typer.BadParameter(
                f"{name} is {error_mm:g} mm. It may be at most a tenth of the {whole_mm:g} mm."
            )
    if belt_mm is None and marks_mm is None and roller_mm is not None and stops:
        raise typer.BadParameter(
            "--stops is for laps, and a roller's diameter needs none: give --belt-mm or "
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
