"""What shows a recording while it goes on."""

from __future__ import annotations

from typing import Protocol

from beltbox.record.live_state import Now


class View(Protocol):
    """Shows a recording as it goes on."""

    def show(self, now: Now) -> None:
        """Something new was measured."""
        ...

    def tell(self, text: str) -> None:
        """A line for a person."""
        ...

    def __enter__(self) -> View: ...

    def __exit__(self, *_exception: object) -> None: ...
