"""The box's own sessions, heard of while one is recorded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from beltbox.link.link import LinkError
from beltbox.link.wire import Sentence
from beltbox.record.own_sessions import OwnSessions


def ses(number: int, boots: int | None = 1, state: int = 0) -> Sentence:
    return Sentence("SES", 0, [number, 3, state, 1, boots, None, "ABCD", 2, 7 * number])


class Link:
    def __init__(self, *numbers: int) -> None:
        self.there = [ses(number) for number in numbers]
        self.answers = True

    def ask(self, verb: str, *, types: tuple[str, ...]):
        assert (verb, types) == ("sessions", ("SES",))
        if not self.answers:
            raise LinkError("no answer")
        return str(len(self.there)), self.there


@pytest.fixture
def heard() -> Callable[..., OwnSessions]:
    return lambda *numbers: OwnSessions(Link(*numbers), "30ae")


def test_those_that_were_there_before_arent_of_this_recording(heard):
    own = heard(4, 5)
    assert own.numbers == []
    assert own.take(ses(5, state=1), 1) is None
    assert own.take(ses(6), 1) == 6
    assert own.take(ses(6, state=1), 1) is None
    assert own.numbers == [6]
    assert own.about(6).random == 42
    assert own.about(7) is None


def test_a_new_measurement_has_sessions_of_its_own(heard):
    own = heard()
    own.take(ses(1), 1)
    own.begin()
    assert own.take(ses(1, state=1), 1) is None
    assert own.numbers == []
    own.take(ses(2), 1)
    assert own.numbers == [2]


def test_those_of_another_start_of_the_box_dont_count(heard):
    own = heard()
    assert own.take(ses(1, boots=2), 1) is None
    assert own.take(ses(1, boots=None), 1) == 1
    assert own.take(ses(2, boots=2), 2) == 2


def test_asked_again_it_tells_what_began_unheard():
    link = Link(1)
    own = OwnSessions(link, "30ae")
    link.there += [ses(2), ses(3)]
    assert own.ask(1) == [2, 3]
    assert own.ask(1) == []
    link.answers = False
    assert own.ask(1) == []
    assert own.numbers == [2, 3]
