"""Text from outside, made fit for a terminal or a page."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with its lines, and everything else that isn't printable as an escape.

    What a box that starts, a damaged sentence or a foreign file says may hold any byte, also those
    that a terminal obeys.
    """
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode()
        for char in text
    )
