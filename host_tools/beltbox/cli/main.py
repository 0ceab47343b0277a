"""The command line: `beltbox COMMAND`."""

from __future__ import annotations

import io
import shutil
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

import beltbox
from beltbox.cli.commands import COMMANDS
from beltbox.cli.common import ctrl_c
from beltbox.cli.common.output import fail
from beltbox.errors import BeltBoxError

_EXIT_STATUS = f"""\b
Exit status:
    0  done
    1  failed; standard error says why
    2  used wrongly: unknown command,
       option or key, or a bad value
  {ctrl_c.STATUS}  stopped by Ctrl-C too early
live, record and sim run until Ctrl-C:
theirs is 0 after it."""


# Click never makes its help narrower than this, so that a narrower terminal breaks its words.
_CLICKS_LEAST_WIDTH = 50


def _help_width() -> int | None:
    """The width of help in a narrow terminal; None where Click's own choice fits."""
    columns = shutil.get_terminal_size().columns
    return max(20, columns - 1) if columns <= _CLICKS_LEAST_WIDTH else None


class _Group(TyperGroup):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for command in COMMANDS:
            self.add_command(command)

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        """As always; the commands' help is as wide as this one's."""
        return super().make_context(*arguments, **named, terminal_width=_help_width())


app = typer.Typer(
    cls=_Group,
    name="beltbox",
    epilog=_EXIT_STATUS,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"beltbox {beltbox.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """BeltBox: speed, distance and rail reliance of a self-powered treadmill.

    Example: beltbox live
    """


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
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        fail(f"The system refused{where}: {error.strerror or error}.")
    sys.exit(0)
