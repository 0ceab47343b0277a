"""A box under calibration: what isn't kept is put back, or it is said what isn't."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from beltbox.calibrate import box as box_module
from beltbox.calibrate.box import BoxGoneError, CalibrateBox, LinkLostError
from beltbox.errors import CalibrationError, LinkError
from beltbox.link import unfinished
from beltbox.link.link import CommandRefusedError
from beltbox.link.meeting import LinkEvent


@pytest.fixture(autouse=True)
def _own_folder(apart):
    """No note of the person who runs the tests is touched."""


def noted() -> dict[str, object]:
    return {key: one.before for key, one in unfinished.Note("", "fake").changes().items()}


@pytest.fixture(autouse=True)
def two_settings(monkeypatch):
    """Those of the link, which aren't declared."""
    monkeypatch.setattr(box_module, "read_settings", lambda link: link.settings())


class FakeLink:
    """A box that has two settings, and does what is told of it."""

    def __init__(self, clock, *events: LinkEvent | None, is_old: bool = False) -> None:
        self.clock = clock
        self.is_old = is_old
        self.writes = 0
        self._prepared: list[tuple[str, object]] = []
        self.path = "/dev/fake"
        self.connected = True
        self.unknown_settings: set[str] = set()
        self.identity = SimpleNamespace(box_name="fake", firmware="1")
        self.there: dict[str, object] = {"a": 1, "b": 2}
        self.fails_at = ""
        self._events = events

    def settings(self):
        return dict(self.there)

    def ask(self, verb, *, types):
        raise CommandRefusedError("no verb health")

    def command(self, verb, *arguments, tries=8):
        if not self.connected:
            raise LinkError("gone")
        if verb == "set":
            self._set([arguments])
        elif verb in ("prepare", "apply") and self.is_old:
            raise CommandRefusedError("no verb " + verb)
        elif verb == "prepare":
            self._prepared = [*self._prepared, arguments] if arguments else []
        elif verb == "apply":
            assert arguments == (len(self._prepared),)
            self._set(self._prepared)
        return ""

    def _set(self, changes):
        self.writes += 1
        fails = False
        for key, value in changes:
            self.there[key] = value  # also when only the answer is lost
            fails |= key == self.fails_at
        if fails:
            self.fails_at = ""
            raise LinkError("no answer")

    def drop_waiting(self, types):
        pass

    def listen(self):
        for event in self._events:
            self.connected = event is None or event.kind != "unplugged"
            yield event
        while True:
            self.clock.sleep(0.05)
            yield None


@pytest.mark.parametrize(("is_old", "writes"), [(False, 2), (True, 3)])
def test_what_isnt_kept_is_put_back(clock, is_old, writes):
    link = FakeLink(clock, is_old=is_old)
    with CalibrateBox(link) as box:
        box.change({"a": 5, "b": 6})
        assert link.there == {"a": 5, "b": 6}
        assert noted() == {"a": 1, "b": 2}
        box.keep(["a"])
        assert noted() == {"b": 2}
    assert link.there == {"a": 5, "b": 2}
    assert box.settings == {"a": 5, "b": 2}
    assert noted() == {}
    assert link.writes == writes  # a change of two settings, and the undoing of one


def test_what_is_set_is_noted_before(monkeypatch, clock):
    link = FakeLink(clock)
    had: list[dict[str, object]] = []
    command = link.command

    def looked_at(verb, *arguments, tries=8):
        had.append(noted())
        return command(verb, *arguments, tries=tries)

    monkeypatch.setattr(link, "command", looked_at)
    with CalibrateBox(link) as box:
        box.change({"a": 5})
    assert had == [{"a": 1}, {"a": 1}]  # the change, and its undoing


def test_what_cant_be_noted_isnt_set(monkeypatch, clock):
    def full(_note, _changes):
        raise unfinished.UnfinishedError("Can't write it: no space.")

    monkeypatch.setattr(unfinished.Note, "_write", full)
    link = FakeLink(clock)
    with pytest.raises(unfinished.UnfinishedError), CalibrateBox(link) as box:
        box.change({"a": 5})
    assert link.there == {"a": 1, "b": 2}


def test_what_an_older_box_doesnt_know_isnt_set(clock):
    link = FakeLink(clock)
    link.unknown_settings = {"b"}
    with CalibrateBox(link) as box:
        box.change({"a": 5, "b": 6})
        assert link.there == {"a": 5, "b": 2}


@pytest.mark.parametrize("is_old", [False, True])
def test_a_change_without_an_answer_is_put_back_too(clock, is_old):
    link = FakeLink(clock, is_old=is_old)
    link.fails_at = "b"
    with pytest.raises(LinkError, match="no answer"), CalibrateBox(link) as box:
        box.change({"a": 5, "b": 6})
    assert link.there == {"a": 1, "b": 2}
    assert noted() == {}


def test_an_unplugged_box_is_waited_for(clock):
    link = FakeLink(
        clock, LinkEvent("unplugged", "The box at x was unplugged."), LinkEvent("returned", "back")
    )
    told: list[str] = []

    def calibrate():
        with CalibrateBox(link, told.append) as box:
            box.change({"a": 5})
            list(box.rows())

    with pytest.raises(LinkLostError, match="unplugged"):
        calibrate()
    # It listens anew: the fake box is unplugged once more, then it is back.
    assert link.there == {"a": 1, "b": 2}
    assert "Plug it in again within 60 s" in told[0]


def test_one_that_doesnt_come_back_is_told_with_what_to_do(clock):
    began_s = clock.now_s()
    link = FakeLink(clock)

    def calibrate():
        with CalibrateBox(link) as box:
            box.change({"a": 5})
            link.connected = False

    with pytest.raises(
        CalibrationError, match="puts it back; on another one: beltbox settings a=1"
    ):
        calibrate()
    assert noted() == {"a": 1}
    assert clock.now_s() - began_s == pytest.approx(60, abs=0.1)


@pytest.mark.parametrize("kind", ["unplugged", "reset", "silent"])
def test_rows_end_with_the_reason(kind, clock):
    box = CalibrateBox(FakeLink(clock, LinkEvent(kind, "Something happened.")))
    with pytest.raises(LinkLostError, match=r"unplugged|happened"):
        list(box.rows())


@pytest.mark.parametrize("kind", ["unplugged", "reset", "silent"])
def test_what_happens_while_a_person_thinks_is_only_told(kind, clock):
    told: list[str] = []
    box = CalibrateBox(FakeLink(clock, LinkEvent(kind, "Something happened.")), told.append)
    box.idle()
    assert told == ["Something happened."]
    if kind == "unplugged":
        with pytest.raises(LinkLostError, match="unplugged"):
            next(box.rows())


@pytest.mark.parametrize("kind", ["unplugged", "reset", "silent"])
def test_a_box_that_was_lost_is_waited_for(kind, clock):
    told: list[str] = []
    link = FakeLink(clock, LinkEvent("returned", "back"))
    box = CalibrateBox(link, told.append)
    link.connected = kind != "unplugged"
    box.wait_until_back(LinkLostError("It went."))
    assert told == ["It went. Waiting for it for 60 s.", "The box is back."]


def test_a_box_that_comes_back_with_other_settings_is_refused(clock):
    link = FakeLink(clock)
    box = CalibrateBox(link)
    box.change({"a": 5})
    link.there = {"a": 1, "b": 2}  # what is set for this time alone may be back
    box.wait_until_back(LinkLostError("It went."))
    link.there = {"a": 5, "b": 3}
    with pytest.raises(BoxGoneError, match="came back with other settings \\(b\\)"):
        box.wait_until_back(LinkLostError("It went."))


def test_one_that_doesnt_come_back_ends_the_calibration(clock):
    link = FakeLink(clock)
    box = CalibrateBox(link)
    link.connected = False
    with pytest.raises(BoxGoneError, match="didn't come back within 60 s"):
        box.wait_until_back(LinkLostError("It went."))


def test_a_change_waits_for_the_box(clock):
    link = FakeLink(clock, LinkEvent("returned", "back"))
    box = CalibrateBox(link)
    link.connected = False
    box.change({"a": 5})
    assert link.there["a"] == 5
