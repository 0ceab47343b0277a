"""`beltbox doctor`: what is wrong with a box."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from beltbox.cli.common.options import (
    JsonOption,
    PortOption,
    a_number,
)
from beltbox.cli.common.output import print_json
from beltbox.cli.common.progress import progress_bar
from beltbox.cli.common.remarks import remarks_on
from beltbox.doctor.at_prompt import at_the_prompt, started_again
from beltbox.doctor.examination import SECONDS, Examination, examine
from beltbox.doctor.findings import Finding, judge
from beltbox.link.finding import find_box, patiently
from beltbox.link.link import BoxLink, SafeModeError
from beltbox.link.meeting import NoProgramError
from beltbox.words import printable

_MOST_S = 600.0
_SIGNS = {"good": "  ok   ", "note": " note  ", "bad": "  BAD  "}
_STYLES = {"good": "green", "note": "yellow", "bad": "bold red"}

SecondsOption = Annotated[
    float,
    typer.Option(
        min=1, max=_MOST_S, help="How many seconds the examination takes.", callback=a_number
    ),
]


def doctor_command(
    port: PortOption = None, seconds: SecondsOption = SECONDS, as_json: JsonOption = False
) -> None:
    """Examine the box, and explain what is wrong and what to do.

    It takes ten seconds. Meanwhile keep your hands off the rails, and turn the belt a little by
    hand, in both directions. The exit status is 1 if something is bad.

    Example: beltbox doctor
    """
    console = Console(stderr=as_json)
    examination = examine_box(port, seconds)
    findings = judge(examination)
    if as_json:
        print_json({**examination.as_json(), "findings": [asdict(finding) for finding in findings]})
    else:
        for line, style in _lines(examination, findings):
            # Into a file or a pipe it is one line; a terminal's are broken between words.
            soft = not console.is_terminal
            console.print(line, style=style, markup=False, highlight=False, soft_wrap=soft)
    if any(finding.level == "bad" for finding in findings):
        sys.exit(1)


def examine_box(port: str | None, seconds: float) -> Examination:
    """What the box reports and measures in this many seconds, with a progress bar meanwhile."""
    words = "Hands off the rails; turn the belt a little in both directions"
    console = Console(stderr=True)
    with _link(port) as link, progress_bar(console, words) as show:
        try:
            return patiently(
                link, lambda: examine(link, seconds=seconds, show=show), remarks_on(console)
            )
        except SafeModeError as error:
            link.close()
            raise at_the_prompt(link.path, str(error)) from error


def _link(port: str | None) -> BoxLink:
    """The link to the box. One that was stopped at its prompt is started again before."""
    try:
        return find_box(port)
    except NoProgramError as error:
        return started_again(error.path)


def _lines(examination: Examination, findings: list[Finding]) -> list[tuple[str, str]]:
    """The report, line by line, each with its style."""
    width = max(len(finding.subject) for finding in findings)
    lines: list[tuple[str, str]] = []
    for finding in findings:
        head = f"{_SIGNS[finding.level]}{finding.subject:<{width}}  "
        lines.append((printable(head + finding.text), _STYLES[finding.level]))
        if finding.advice:
            lines.append((" " * len(head) + finding.advice, ""))
    if examination.crash_lines:
        lines.append(("The last crash:", ""))
        frames = [line for line in examination.crash_lines if not line.startswith("Traceback ")]
        lines += [("    " + printable(line), "dim") for line in frames]
    bad = sum(finding.level == "bad" for finding in findings)
    many = "1 thing is bad." if bad == 1 else f"{bad} things are bad."
    lines.append((many if bad else "Nothing is bad.", "bold"))
    return lines
