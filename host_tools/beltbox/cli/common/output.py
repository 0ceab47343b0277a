"""How the commands print results and errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import NoReturn

from beltbox.words import NAME_LONGEST, clean, printable

_MOST_LINES = 8


def sound_name(text: str) -> str:
    """A name that was typed, clean: the door for arguments (see beltbox/words.py)."""
    return clean(text, NAME_LONGEST)


def say(text: str) -> None:
    """Print a line; file names in it may hold anything."""
    print(printable(text))


def warn(message: str) -> None:
    """Print what a person should know beside the result, on the standard error."""
    print(f"beltbox: {printable(message)}", file=sys.stderr)


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
        print(f"beltbox: {printable(text)}.", file=sys.stderr)
    if len(damage) > _MOST_LINES:
        print(f"beltbox: … and {len(damage) - _MOST_LINES} more.", file=sys.stderr)
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
