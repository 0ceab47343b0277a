"""Text from outside: cleaned once, where it comes in.

The rule, for every text that this program didn't make itself (what a box sends, a database keeps, a
file holds, a USB port calls itself, a person types): it is cleaned at its door, so that every view
(terminal, JSON, CSV, page, log, bundle) may show it as it is.

- Letters, marks, digits, signs and spaces of every script stay, and the two joiners that names in
  some scripts need. White space of every kind becomes a plain space.
- What a terminal or a page obeys becomes an escape that shows what was there (`\\x1b`, `\\u202e`):
  control characters (C0, C1, DEL), marks that turn the direction of writing, separators of lines
  and paragraphs, other invisible marks, halves of characters.
- A text has a longest length; what is cut off shows as `…`.

The doors: beltcore/host/reader.py for all that comes over the wire (printable ASCII, or the
sentence is damaged), store/store.py and calibrate/cards/card.py for what is kept, link/ports.py
for what ports call themselves, replay/recording_file.py for recordings, cli/common for what is
typed. Messages quote what a file holds by `repr`, which escapes the same. `printable` is the last
guard before a terminal: it changes nothing that came in by a door.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, cast

LONGEST = 1000
"""Letters of a text that may be long, such as a line of a console."""
NAME_LONGEST = 100
"""Of a name."""
# A table of JSON that came in: deeper ones aren't anybody's.
_DEEPEST = 20

_JOINERS = "\u200c\u200d"
# Control and format characters, separators of lines and paragraphs, halves of characters.
_OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")


def clean(text: str, longest: int = LONGEST) -> str:
    """A text from outside as one line of at most `longest` letters. See the rule above."""
    line = "".join(map(_shown, text.strip().replace("\r\n", "\n")))
    return line if len(line) <= longest else line[: longest - 1] + "…"


def cleaned(value: Any, deepest: int = _DEEPEST) -> Any:
    """JSON that came in, with every text in it clean, keys too."""
    if isinstance(value, str):
        return clean(value)
    if deepest and isinstance(value, Mapping):
        table = cast(Mapping[object, object], value)
        return {clean(str(key)): cleaned(item, deepest - 1) for key, item in table.items()}
    if deepest and isinstance(value, Sequence):
        return [cleaned(item, deepest - 1) for item in cast(Sequence[object], value)]
    return value


def printable(text: str) -> str:
    """A text with its lines, fit for a terminal: what a terminal obeys is an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char == "\n" else _shown(char) for char in text)


def _shown(char: str) -> str:
    if char.isprintable() or char in _JOINERS:
        return char
    if char in "\t\r\n" or unicodedata.category(char) == "Zs":
        return " "
    if unicodedata.category(char) in _OBEYED:
        return char.encode("unicode_escape").decode()
    return char  # of private use, or newer than this Python: letters all the same


def listed(*parts: str) -> str:
    """Those that aren't empty, with commas between."""
    return ", ".join(part for part in parts if part)


def counted(count: int, things: str) -> str:
    """A number with its noun, which ends in s where it isn't one: "1 session", "2 sessions"."""
    return f"{count} {things.removesuffix('s') if count == 1 else things}"
