"""How the commands print results and errors."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import NoReturn, TextIO

from beltbox.words import NAME_LONGEST, clean, printable

_MOST_LINES = 8


def sound_name(text: str) -> str:
    """A name that was typed, clean: the door for arguments (see beltbox/words.py)."""
    return clean(text, NAME_LONGEST)


def say(text: str) -> None:
    """Print a line; file names in it may hold anything."""
    print(wrapped(printable(text), sys.stdout))


def warn(message: str) -> None:
    """Print what a person should know beside the result, on the standard error."""
    print(wrapped(f"beltbox: {printable(message)}", sys.stderr), file=sys.stderr)


def wrapped(text: str, stream: TextIO) -> str:
    """The text with its lines broken between words, where `stream` is a terminal; else as it is.

    A word that is longer than the terminal is wide, such as a path, stays whole, to be copied.
    """
    if not stream.isatty():
        return text
    width = max(20, shutil.get_terminal_size().columns)
    return "\n".join(
        textwrap.fill(
            line,
            width,
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
            drop_whitespace=True,
        )
        for line in text.split("\n")
    )


def fail(message: str) -> NoReturn:
    """Print what is wrong and end with exit status 1."""
    warn(message)
    sys.exit(1)


def end_with_damage(damage: Sequence[str], where: str) -> None:
    """After the output: what of the store is damaged, on standard error, and exit status 1.

    What was printed or written is what is sound. Where nothing is damaged, nothing happens.
    """
    if not damage:
        return
    for text in damage[:_MOST_LINES]:
        warn(f"{text}.")
    if len(damage) > _MOST_LINES:
        warn(f"… and {len(damage) - _MOST_LINES} more.")
    fail(
        "The rest is sound. `beltbox store check` lists all that is damaged, `beltbox store repair "
        f"NEWFILE` saves what is sound into a new store. The store: {where}"
    )


def print_json(value: object) -> None:
    """Print a value as JSON; what a terminal obeys is escaped as JSON does it: nothing is lost."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    print("".join(char if char == "\n" or char.isprintable() else _in_json(char) for char in text))


def _in_json(char: str) -> str:
    """A character within a string of JSON, escaped."""
    return json.dumps(char)[1:-1]
