"""What a command remarks while it works: dim lines beside its results."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console

from beltbox.words import printable


def remarks_on(console: Console) -> Callable[[str], None]:
    """What prints a remark on this console; nothing in its text is an order to the terminal."""

    def remark(text: str) -> None:
        console.print(printable(text), style="dim", markup=False, highlight=False)

    return remark
