"""`beltbox doctor` and `beltbox bundle`: what is wrong with a box, and a report of it to send."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from beltbox.cli.options import (
    JsonOption,
    OverwriteOption,
    PortOption,
    StoreOption,
    a_number,
    print_json,
)
from beltbox.doctor.at_prompt import at_the_prompt, started_again
from beltbox.doctor.bundle import BundleError, write_bundle
from beltbox.doctor.examination import SECONDS, Examination, examine
from beltbox.doctor.findings import Finding, judge
from beltbox.files import refuse_target
from beltbox.link.finding import find_box
from beltbox.link.link import BoxLink, SafeModeError
from beltbox.link.meeting import NoProgramError
from beltbox.words import printable

_MOST_S = 600.0
_SIGNS = {"good": "  ok   ", "note": " note  ", "bad": "  BAD  "}
_STYLES = {"good": "green", "note": "yellow", "bad": "bold red"}

SecondsOption = Annotated[
    float,
    typer.Option(min=1, max=_MOST_S, help="Look so long.", callback=a_number),
]


def doctor_command(
    port: PortOption = None, seconds: SecondsOption = SECONDS, as_json: JsonOption = False
) -> None:
    """Examine the box for ten seconds and say in plain words what is wrong, and what to do.

    Meanwhile: hands off the rails, and turn the belt by hand a little both ways. Exit status 1
    when something is bad.

    Example: beltbox doctor
    """
    console = Console(stderr=as_json)
    seen = _examine(port, seconds)
    found = judge(seen)
    if as_json:
        print_json({**seen.as_json(), "findings": [asdict(finding) for finding in found]})
    else:
        for line, style in _lines(seen, found):
            console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
    if any(finding.level == "bad" for finding in found):
        sys.exit(1)


def bundle_command(
    out: Annotated[
        Path | None,
        typer.Option(help="The zip to write; else beltbox-bundle-DATE-TIME.zip, here."),
    ] = None,
    port: PortOption = None,
    store: StoreOption = None,
    seconds: SecondsOption = SECONDS,
    overwrite: OverwriteOption = False,
) -> None:
    """Write all that the doctor sees, and the last minutes recorded, into a zip for a bug report.

    Names of people aren't in it: look before you send it.

    Example: beltbox bundle --out bundle.zip
    """
    target = out or Path(f"beltbox-bundle-{datetime.now():%Y-%m-%d-%H%M%S}.zip")
    refuse_target(target, error=BundleError, overwrite=overwrite)
    members, problems = write_bundle(target, lambda: _examine(port, seconds), store)
    for problem in problems:
        print(printable(problem), file=sys.stderr)
    print(f"{target}: {', '.join(members)}")


def _examine(port: str | None, seconds: float) -> Examination:
    with _link(port) as link, _bar(seconds) as bar:
        try:
            return examine(link, seconds=seconds, show=bar)
        except SafeModeError as error:
            link.close()
            raise at_the_prompt(link.path, str(error)) from error


def _link(port: str | None) -> BoxLink:
    """The link to the box; to one that was stopped at its prompt after it was started again."""
    try:
        return find_box(port)
    except NoProgramError as error:
        return started_again(error.path)


@contextmanager
def _bar(seconds: float) -> Generator[_Bar]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        words = "Hands off the rails; turn the belt a little both ways"
        task = progress.add_task(words, total=seconds)
        yield _Bar(progress, task, seconds)


class _Bar:
    def __init__(self, progress: Progress, task: object, seconds: float) -> None:
        self._progress = progress
        self._task = task
        self._seconds = seconds

    def __call__(self, share: float) -> None:
        self._progress.update(self._task, completed=share * self._seconds)  # pyright: ignore[reportArgumentType]


def _lines(seen: Examination, found: list[Finding]) -> list[tuple[str, str]]:
    """The report, line by line, each with its style."""
    width = max(len(finding.subject) for finding in found)
    lines: list[tuple[str, str]] = []
    for finding in found:
        head = f"{_SIGNS[finding.level]}{finding.subject:<{width}}  "
        lines.append((printable(head + finding.text), _STYLES[finding.level]))
        if finding.advice:
            lines.append((" " * len(head) + finding.advice, ""))
    if seen.crash_lines:
        lines.append(("The last crash:", ""))
        frames = [line for line in seen.crash_lines if not line.startswith("Traceback ")]
        lines += [("    " + printable(line), "dim") for line in frames]
    bad = sum(finding.level == "bad" for finding in found)
    many = "1 thing is bad." if bad == 1 else f"{bad} things are bad."
    lines.append((many if bad else "Nothing is bad.", "bold"))
    return lines
