"""`beltbox bundle`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from beltbox.cli.box.doctor import SecondsOption, examine_box
from beltbox.cli.common.options import (
    OverwriteOption,
    PortOption,
    StoreOption,
)
from beltbox.cli.common.output import say
from beltbox.doctor.bundle import BundleError, write_bundle
from beltbox.doctor.examination import SECONDS
from beltbox.files import refuse_target
from beltbox.words import printable


def bundle_command(
    out: Annotated[
        Path | None,
        typer.Option(
            help="The zip file to write. Default: beltbox-bundle-DATE-TIME.zip in this folder."
        ),
    ] = None,
    port: PortOption = None,
    store: StoreOption = None,
    seconds: SecondsOption = SECONDS,
    overwrite: OverwriteOption = False,
) -> None:
    """Write a zip file about the box, to attach to a bug report.

    It holds everything that the doctor examines, and the last minutes that were recorded. The
    walkers' names are left out. Look at the files before you send them.

    Example: beltbox bundle --out bundle.zip
    """
    target = out or Path(f"beltbox-bundle-{datetime.now():%Y-%m-%d-%H%M%S}.zip")
    refuse_target(target, error=BundleError, overwrite=overwrite)
    members, problems = write_bundle(target, lambda: examine_box(port, seconds), store)
    for problem in problems:
        print(printable(problem), file=sys.stderr)
    say(f"{target}: {', '.join(members)}")
