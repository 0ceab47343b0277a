"""How the commands print results and errors."""

from __future__ import annotations

import json
import sys
from typing import NoReturn

from beltbox.words import printable


def sound_text(text: str) -> str:
    """An argument without the halves of characters that a badly encoded one has."""
    return text.encode(errors="backslashreplace").decode()


def fail(message: str) -> NoReturn:
    """Print what is wrong and end with exit status 1."""
    print(f"beltbox: {printable(message)}", file=sys.stderr)
    sys.exit(1)


def print_json(value: object) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))
