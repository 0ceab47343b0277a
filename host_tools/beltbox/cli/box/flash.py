"""`beltbox flash`."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

from beltbox.cli.common.options import JsonOption, PortOption
from beltbox.cli.common.output import print_json, say
from beltbox.flash.firmware_files import find_folder, read_version
from beltbox.flash.installation import Installed, Request, Steps, find_board_port, install
from beltbox.words import printable


def flash_command(
    port: PortOption = None,
    image: Annotated[
        Path | None,
        typer.Option(help="A file of MicroPython, to be written before the firmware."),
    ] = None,
    erase: Annotated[
        bool,
        typer.Option(
            "--erase",
            help="First erase the whole board, settings and sessions too, and write MicroPython.",
        ),
    ] = False,
    firmware: Annotated[
        Path | None,
        typer.Option(help="A folder of firmware. Default: the firmware of this program."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only print what would be done. The board restarts."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Install the firmware on a box, and MicroPython if necessary.

    MicroPython is written where it is missing or too old. The box's settings and sessions stay.
    Only files that changed are sent. If this is interrupted at any point, the box starts the old
    firmware or the new one: run the same command again.

    Example: beltbox flash --port /dev/ttyUSB0
    """
    folder = find_folder(firmware)
    read_version(folder)  # a folder that isn't one is refused before anything is touched
    request = Request(port, folder, image, erase, dry_run)
    path = port or find_board_port()
    display = _Display(as_json)
    with display.progress:
        result = install(path, request, display)
    if isinstance(result, Steps):
        _print_steps(result, as_json)
    else:
        _print_installed(result, as_json)


class _Work:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def show(self, done: float, of: float | None = None) -> None:
        self._progress.update(self._task, completed=done, total=of)

    def advance(self, count: int) -> None:
        self._progress.advance(self._task, count)


class _Display:
    """Remarks as lines, works as progress bars."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
            transient=True,
            # What is printed goes above the bar, but into a file when that is where it goes.
            redirect_stdout=sys.stdout.isatty(),
        )

    def remark(self, text: str) -> None:
        print(printable(text), file=sys.stderr if self._as_json else sys.stdout, flush=True)

    @contextmanager
    def work(self, words: str, of: float | None = None) -> Generator[_Work]:
        task = self.progress.add_task(words, total=of)
        yield _Work(self.progress, task)
        self.progress.remove_task(task)


def _print_steps(result: Steps, as_json: bool) -> None:
    if as_json:
        print_json({**result.report, "steps": result.steps})
        return
    say(f"{result.head} The steps:")
    for number, step in enumerate(result.steps, 1):
        say(f"{number:4}. {step}")


def _print_installed(result: Installed, as_json: bool) -> None:
    if as_json:
        print_json(result.report)
        return
    identity, plan = result.identity, result.plan
    say(
        f"{identity.box_name} runs firmware {identity.firmware} on {identity.board}: "
        f"{len(plan.send)} files sent ({plan.send_bytes} bytes), "
        f"{plan.kept + len(plan.copy)} unchanged, {len(plan.stale)} outdated ones removed."
    )
    if plan.keep_main:
        print("The main.py that was there, not the box's, is kept as main.py.before.")
