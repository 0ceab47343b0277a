"""The command line: `beltbox COMMAND`. Exit status 0 = done, 1 = failed, 2 = used wrongly."""

from __future__ import annotations

import io
import sys
from typing import Annotated, NoReturn

import typer

import beltbox
from beltbox.cli.box.bundle import bundle_command
from beltbox.cli.box.doctor import doctor_command
from beltbox.cli.box.flash import flash_command
from beltbox.cli.box.live import live_command
from beltbox.cli.box.pull import pull_command
from beltbox.cli.box.record import record_command
from beltbox.cli.box.settings import settings_command
from beltbox.cli.box.sim import sim_command
from beltbox.cli.calibrate.belt import belt_command
from beltbox.cli.calibrate.check import check_command
from beltbox.cli.calibrate.rail import rail_command
from beltbox.cli.calibrate.show import show_command
from beltbox.cli.common.output import fail
from beltbox.cli.sessions.export import export_command
from beltbox.cli.sessions.replay import replay_command
from beltbox.cli.sessions.report import report_command
from beltbox.cli.sessions.sessions import sessions_command
from beltbox.errors import BeltBoxError

calibrate = typer.Typer(
    help=(
        "Calibrate a box: the belt, the rails; check and show the calibration.\n\n"
        "Example: beltbox calibrate rail --weights 5,10,20"
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
)
calibrate.command("belt")(belt_command)
calibrate.command("rail")(rail_command)
calibrate.command("check")(check_command)
calibrate.command("show")(show_command)

app = typer.Typer(
    name="beltbox",
    help="BeltBox: speed, distance and rail reliance of a self-powered treadmill.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("flash")(flash_command)
app.command("live")(live_command)
app.command("record")(record_command)
app.command("pull")(pull_command)
app.command("sessions")(sessions_command)
app.command("settings")(settings_command)
app.command("doctor")(doctor_command)
app.command("bundle")(bundle_command)
app.command("sim")(sim_command)
app.command("report")(report_command)
app.command("export")(export_command)
app.command("replay")(replay_command)
app.add_typer(calibrate, name="calibrate")


def _version(asked: bool) -> None:
    if asked:
        print(f"beltbox {beltbox.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and leave.")
    ] = False,
) -> None:
    """BeltBox: speed, distance and rail reliance of a self-powered treadmill."""


def main() -> NoReturn:
    """Run the command line; no traceback reaches a person."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What a terminal's encoding lacks, or a strange file name, is shown as it can be.
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except BeltBoxError as error:
        fail(str(error))
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        fail(f"The system refused{where}: {error.strerror or error}.")
    sys.exit(0)
