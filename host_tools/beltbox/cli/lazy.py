"""Commands that are imported only when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_command

from beltbox.cli.common import ctrl_c


class LazyCommand(TyperCommand):
    """A command's name and its line in the list, and where its function is.

    module has a function NAME_command, whose docstring begins with that line and is the help.
    """

    def __init__(self, name: str, module: str, line: str) -> None:
        super().__init__(name, short_help=line, rich_markup_mode=None)
        self.module = module
        self.line = line

    def load(self) -> TyperCommand:
        """Import the module; the command itself."""
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        function = getattr(import_module(self.module), f"{self.name}_command")
        alone.command(self.name, cls=_Command)(function)
        command = get_command(alone)
        assert isinstance(command, TyperCommand)
        return command

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        """Load the command, which takes over: it is to be run, or its help to be printed."""
        return self.load().make_context(*arguments, **named)


class _Command(TyperCommand):
    def invoke(self, ctx: Any) -> Any:
        with ctrl_c.interruptible():
            return super().invoke(ctx)
