"""What the commands have in common: their options, how they print and how they fail."""

from __future__ import annotations

import json
import math
import sys
from typing import Annotated, NoReturn

import typer

from beltbox.words import printable


def a_port(value: str | None) -> str | None:
    """The option's value. Raises BadParameter where it names nothing."""
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty. Name a port, or leave --port out.")
    return value


PortOption = Annotated[
    str | None,
    typer.Option(
        "--port", "-p", help="The box's port; else the only box that is found.", callback=a_port
    ),
]
StoreOption = Annotated[
    str | None,
    typer.Option("--store", help="A file or a database URL; else the store in your data folder."),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace the file if it is there.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


MAX_S = 7 * 24 * 3600.0
"""The most that a number of seconds may be."""


def a_number(value: float | None) -> float | None:
    """The option's value; not-a-number slips through every range. Raises BadParameter."""
    if value is not None and math.isnan(value):
        raise typer.BadParameter("nan isn't a number.")
    return value


def sound_text(text: str) -> str:
    """An argument without the halves of characters that a badly encoded one has."""
    return text.encode(errors="backslashreplace").decode()


def fail(message: str) -> NoReturn:
    """Say what is wrong and end with exit status 1."""
    print(f"beltbox: {printable(message)}", file=sys.stderr)
    sys.exit(1)


def print_json(value: object) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))
