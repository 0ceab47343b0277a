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
            help="A built-in scenario or a file. Without it: the demo's walk, then standing."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another walk of the same kind.")] = None,
    speed: Annotated[
        float,
        typer.Option(
            min=0, max=1000, help="Times real time; 0 = as fast as it goes.", callback=a_number
        ),
    ] = 1.0,
    link: Annotated[
        Path | None,
        typer.Option(
            help="A symbolic link to its port, made when the port is ready. A file is refused."
        ),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="A CSV of what really happened, beside what the box saw.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stand still until a host asks for something.")
    ] = False,
    overwrite: OverwriteOption = False,
    names: Annotated[bool, typer.Option("--list", help="List the built-in scenarios.")] = False,
) -> None:
    """Run a box without hardware: the real firmware on a virtual treadmill, at a serial port.

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
        simulate(scenario, seed=seed, speed=speed, link=link, truth=truth, wait=wait)
