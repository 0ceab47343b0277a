"""How the commands print, and how they fail."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import NoReturn

from rich.console import Console

from beltbox.words import printable


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


def teller(console: Console) -> Callable[[str], None]:
    def tell(text: str) -> None:
        console.print(printable(text), style="dim", markup=False, highlight=False)

    return tell
