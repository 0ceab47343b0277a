"""What shows a recording while it goes on: one view, and several as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from beltbox.errors import BeltBoxError
from beltbox.record.live_state import LiveState


class View(Protocol):
    """Shows a recording as it goes on.

    The caller opens and closes it; in between, its methods are called from the recorder's thread
    and must not wait. A view that can't show any more raises BeltBoxError or OSError.
    """

    @property
    def name(self) -> str:
        """What a person calls it, such as "the terminal"."""
        ...

    def show(self, state: LiveState) -> None:
        """Show what is new. `state` changes after the call: copy what is needed later."""
        ...

    def notify(self, text: str) -> None:
        """Show a line for a person."""
        ...

    def __enter__(self) -> View: ...

    def __exit__(self, *_exception: object) -> None: ...


class Views:
    """Several views as one.

    A view that raises BeltBoxError or OSError is dropped, and the recording goes on: it can't be
    repeated, a view can. The failure is reported once, to `report` and to the other views. Any
    other exception is a fault of the program and isn't caught.
    """

    def __init__(
        self,
        views: Iterable[View],
        *,
        report: Callable[[str], None] = lambda _text: None,
        keep_one: bool = False,
    ) -> None:
        """keep_one: when the last view fails, raise its error, as nobody is left to show to."""
        self._views = list(views)
        self._report = report
        self._keep_one = keep_one

    def show(self, state: LiveState) -> None:
        """Show it in every view."""
        self._call_each(lambda view: view.show(state))

    def notify(self, text: str) -> None:
        """Show the line in every view."""
        self._call_each(lambda view: view.notify(text))

    def _call_each(self, call: Callable[[View], None]) -> None:
        failures: list[tuple[View, BeltBoxError | OSError]] = []
        for view in self._views:
            try:
                call(view)
            except (BeltBoxError, OSError) as error:
                failures.append((view, error))
        for failed, error in failures:
            self._views = [view for view in self._views if view is not failed]
            if self._keep_one and not self._views:
                raise error
        for failed, error in failures:
            text = f"Nothing more is shown in {failed.name}, which failed: {error}"
            self._report(text)
            self.notify(text)
