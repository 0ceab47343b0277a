"""`beltbox sim`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beltbox.cli.common.options import OverwriteOption, a_number
from beltbox.files import refuse_target
from beltbox.sim.running_box import SimError, is_scenario, list_scenarios, simulate


def sim_command(
    scenario: Annotated[
        str | None,
        typer.Option(
            help="A built-in scenario, or a scenario file. Default: the demo's walk, and then "
            "standing still."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Vary the walk at random: each number gives another one of the same kind."
        ),
    ] = None,
    speed: Annotated[
        float,
        typer.Option(
            min=0,
            max=1000,
            help="How many times faster than real time; 0 = as fast as possible.",
            callback=a_number,
        ),
    ] = 1.0,
    link: Annotated[
        Path | None,
        typer.Option(help="Make this symbolic link to the box's port when the port is ready."),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            help="Write what really happened to this CSV file, for comparison with what the box "
            "measures."
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stand still until another command connects to the box.")
    ] = False,
    state: Annotated[
        Path | None,
        typer.Option(
            help="A folder that keeps the box's flash (settings, calibration, sessions) and its "
            "serial number for the next run. Default: a new box each time."
        ),
    ] = None,
    serial: Annotated[
        str | None,
        typer.Option(
            help="The box's serial number, 12 hexadecimal digits. Default: the one in --state, or "
            "one of its own."
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    names: Annotated[bool, typer.Option("--list", help="List the built-in scenarios.")] = False,
) -> None:
    """Run a virtual box: the real firmware on a virtual treadmill.

    The other commands find it like a real box at a serial port. Ctrl-C ends it.

    Example: beltbox sim --scenario steady-1mph --speed 4 --truth truth.csv
    """
    if names:
        list_scenarios()
    else:
        if scenario is not None and not is_scenario(scenario):
            raise typer.BadParameter(
                f"There is no scenario {scenario!r}. Give a .toml file, or one that --list shows."
            )
        if truth is not None:
            refuse_target(truth, error=SimError, overwrite=overwrite)
        simulate(
            scenario,
            seed=seed,
            speed=speed,
            link=link,
            truth=truth,
            wait=wait,
            state=state,
            serial=serial,
        )
