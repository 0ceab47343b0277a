"""How the commands print results and errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import NoReturn

from beltbox.words import printable

_MOST_LINES = 8


def sound_text(text: str) -> str:
    """An argument without the halves of characters that a badly encoded one has."""
    return text.encode(errors="backslashreplace").decode()


def fail(message: str) -> NoReturn:
    """Print what is wrong and end with exit status 1."""
    print(f"beltbox: {printable(message)}", file=sys.stderr)
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
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))
