"""The options that commands have in common."""

from __future__ import annotations

import math
from typing import Annotated

import typer


def a_port(value: str | None) -> str | None:
    """The option's value. Raises BadParameter where it names nothing."""
    if value is not None and not value.strip():
        raise typer.BadParameter("the port's name is empty. Name a port, or omit --port.")
    return value


PortOption = Annotated[
    str | None,
    typer.Option(
        "--port", "-p", help="The box's port. Default: the only box that is found.", callback=a_port
    ),
]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store", help="The store: a file or a database URL. Default: the one in your data folder."
    ),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace the file if it exists.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for scripts.")]


MAX_S = 7 * 24 * 3600.0
"""The most that a number of seconds may be."""


def a_number(value: float | None) -> float | None:
    """The option's value; not-a-number slips through every range. Raises BadParameter."""
    if value is not None and math.isnan(value):
        raise typer.BadParameter("nan isn't a number.")
    return value
