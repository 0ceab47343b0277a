"""Several views as one: a view that fails is dropped, and the others go on."""

from __future__ import annotations

import pytest

from beltbox.errors import BeltBoxError
from beltbox.record.live_state import LiveState
from beltbox.record.view import Views

LOST = "Nothing more is shown in the page, which failed: no space left"


class FailingView:
    name = "the page"

    def __init__(self, error: Exception, *, at: str = "show") -> None:
        self.calls: list[str] = []
        self._error = error
        self._at = at

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name == self._at:
            raise self._error

    def show(self, _state: LiveState) -> None:
        self._call("show")

    def notify(self, _text: str) -> None:
        self._call("notify")

    def __enter__(self) -> FailingView:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass


def test_each_view_gets_everything(noted_view):
    views = [noted_view(lambda state: state.path) for _ in range(3)]
    together = Views(views)
    together.show(LiveState(path="/dev/box"))
    together.notify("hello")
    assert [(view.looks, view.lines) for view in views] == [(["/dev/box"], ["hello"])] * 3


@pytest.mark.parametrize("error", [BeltBoxError("no space left"), OSError("no space left")])
@pytest.mark.parametrize("at", ["show", "notify"])
def test_a_view_that_fails_is_reported_once_and_dropped(noted_view, error: Exception, at: str):
    failing = FailingView(error, at=at)
    before, after = noted_view(), noted_view()
    reports: list[str] = []
    views = Views([before, failing, after], report=reports.append)
    for _ in range(3):
        views.show(LiveState())
        views.notify("hello")
    assert reports == [LOST]
    assert failing.calls.count(at) == 1
    assert before.lines == after.lines
    assert before.lines.count(LOST) == 1
    assert (before.lines.count("hello"), len(before.looks), len(after.looks)) == (3, 3, 3)


def test_the_last_view_may_fail_too():
    reports: list[str] = []
    first = FailingView(OSError("no space left"))
    second = FailingView(OSError("no space left"), at="notify")  # of the other's failure
    views = Views([first, second], report=reports.append)
    views.show(LiveState())
    views.notify("hello")
    assert reports == [LOST, LOST]
    assert second.calls == ["show", "notify"]


def test_where_one_is_needed_the_last_ones_error_is_raised(noted_view):
    failing = FailingView(OSError("no space left"))
    views = Views([failing, noted_view()], keep_one=True)
    views.show(LiveState())
    alone = Views([FailingView(OSError("no space left"))], keep_one=True)
    with pytest.raises(OSError, match="no space left"):
        alone.show(LiveState())


def test_a_fault_of_the_program_isnt_hidden(noted_view):
    views = Views([noted_view(), FailingView(KeyError("row"))])
    with pytest.raises(KeyError):
        views.show(LiveState())
