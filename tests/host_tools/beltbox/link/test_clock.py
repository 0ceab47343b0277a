"""The time that a host gives the box."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from beltbox.errors import LinkError
from beltbox.link import clock as box_time
from beltbox.link.clock import give_time
from beltbox.link.link import BoxLink, CommandRefusedError


class Link:
    """A link whose box answers `clock` with an error, if one is given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.commands: list[tuple[object, ...]] = []
        self._error = error

    def command(self, *words: object, tries: int) -> str:
        self.commands.append(words)
        if self._error is not None:
            raise self._error
        return ""


def test_the_time_is_that_of_this_computer():
    link = Link()
    before = int(time.time())
    assert give_time(link) is None
    ((verb, epoch_s),) = link.commands
    assert verb == "clock"
    assert before <= epoch_s <= time.time()


def test_a_computer_whose_clock_cant_be_right_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(box_time, "time", SimpleNamespace(time=lambda: 1_577_836_799))
    link = Link()
    wrong = give_time(link)
    assert wrong is not None
    assert "2019-12-31" in wrong
    assert link.commands == []
    monkeypatch.setattr(box_time, "time", SimpleNamespace(time=lambda: 1_577_836_800))
    assert give_time(link) is None
    assert link.commands == [("clock", 1_577_836_800)]


def test_a_box_that_knows_no_clock_is_left_alone_and_silence_is_not():
    assert give_time(Link(CommandRefusedError("no verb clock"))) is None
    with pytest.raises(LinkError, match="gone"):
        give_time(Link(LinkError("gone")))


def test_record_and_live_give_it_too(box, run, tmp_path: Path):
    box("steady-1mph")
    port, store = str(tmp_path / "box"), tmp_path / "s.sqlite"
    for command in (["live"], ["record", "--store", store]):
        # Sessions of a power-up in which nobody gave the time have no start.
        assert run(*command, "--port", port, "--seconds", 14).status == 0
        with BoxLink(port) as link:
            _, came = link.ask("sessions", types=("SES",))
            assert came
            assert all(one.values[5] is not None for one in came)
