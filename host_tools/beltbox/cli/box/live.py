"""`beltbox live`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console

from beltbox.cli.common.options import MAX_S, PortOption, a_number
from beltbox.cli.common.remarks import remarks_on
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
        typer.Option(min=0.1, max=MAX_S, help="Stop after this many seconds.", callback=a_number),
    ] = None,
) -> None:
    """Show speed, time, distance and rail live, in huge digits.

    Nothing is stored: use `beltbox record` to keep the walk. Ctrl-C ends it.

    Example: beltbox live
    """
    console = Console()
    remark = remarks_on(console)
    with find_box(port, tell=remark) as link, view_for(console) as view:
        set_clock(link, remark)
        stopper = Stopper()
        stopper.listen()
        Recorder(link, None, seconds=seconds, views=[view], stop=stopper).run()


def set_clock(link: BoxLink, remark: Callable[[str], None]) -> None:
    """Give the box the time of day, if it takes it; a clock that is wrong is remarked."""
    with suppress(LinkError):  # a walk can be measured without
        problem = give_time(link)
        if problem is not None:
            remark(problem)
