"""`beltbox live`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console

from beltbox.cli.common.options import (
    MAX_S,
    PortOption,
    a_number,
)
from beltbox.cli.common.output import teller
from beltbox.link.clock import give_time
from beltbox.link.finding import find_box
from beltbox.link.link import BoxLink, LinkError
from beltbox.record.recorder import Recorder
from beltbox.show.terminal import view_for
from beltbox.signals import Stopper


def live_command(
    port: PortOption = None,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, max=MAX_S, help="Stop after so many seconds.", callback=a_number),
    ] = None,
) -> None:
    """Show speed, time, distance and rail live, in huge figures. Keeps nothing.

    Example: beltbox live
    """
    console = Console()
    tell = teller(console)
    with find_box(port, tell=tell) as link, view_for(console) as view:
        tell_time(link, tell)
        stopper = Stopper()
        stopper.listen()
        Recorder(link, None, seconds=seconds, views=[view], stop=stopper).run()


def tell_time(link: BoxLink, tell: Callable[[str], None]) -> None:
    with suppress(LinkError):  # a walk can be measured without
        wrong = give_time(link)
        if wrong is not None:
            tell(wrong)
