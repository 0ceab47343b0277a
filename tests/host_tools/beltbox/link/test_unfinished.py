"""What a killed calibration left on a box is put back; what somebody set since isn't."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from beltbox.errors import LinkError
from beltbox.link import unfinished
from beltbox.link.health import Health
from beltbox.link.link import CommandRefusedError
from beltbox.link.unfinished import Change, Note, UnfinishedError, notes_folder, put_back
from beltcore import settings as declared

SERIAL = "30aea4b0c0de"
KEY = "rail_left_nn_per_count"


@pytest.fixture(autouse=True)
def _own_folder(apart):
    """No note of the person who runs the tests is touched."""


class FakeLink:
    """A box that has settings, does what is told of it, and remembers that."""

    def __init__(self, **there: int) -> None:
        self.path = "/dev/fake"
        self.unknown_settings: set[str] = set()
        self.identity = SimpleNamespace(box_name="fake", serial="")
        self.there = there
        self.sent: list[tuple[object, ...]] = []
        self.fails: Exception | None = None

    def command(self, verb, *arguments):
        self.sent.append((verb, *arguments))
        if self.fails is not None:
            raise self.fails
        if verb == "get":
            values = declared.defaults() | self.there
            return f"{arguments[0]}={values[arguments[0]]}"
        assert verb == "set"
        self.there[arguments[0]] = arguments[1]
        return ""

    def ask(self, verb, *, types):
        raise CommandRefusedError(f"The box refused {verb}: no verb {verb}.")


@pytest.fixture(autouse=True)
def serial(monkeypatch):
    """The box's chip says its number."""
    health = SimpleNamespace(serial=SERIAL)
    monkeypatch.setattr(unfinished, "ask_health", lambda _link: health)
    assert "serial" in Health.__dataclass_fields__


def back(link: FakeLink) -> list[str]:
    told: list[str] = []
    put_back(link, told.append)
    return told


def test_a_note_is_there_while_something_is_to_be_put_back():
    note = Note(SERIAL, "fake")
    note.add({KEY: 0, "rail_left_zero": 5}, {KEY: 230_000})
    # The value that is accepted in the end; the person isn't asked what was before that.
    note.add({KEY: 230_000, "rail_left_zero": 5}, {KEY: 187_000, "rail_left_zero": 7})
    assert Note(SERIAL, "other").changes() == {
        KEY: Change(0, (230_000, 187_000)),
        "rail_left_zero": Change(5, (7,)),
    }
    note.drop([KEY, "no such"])
    assert list(note.changes()) == ["rail_left_zero"]
    note.drop(["rail_left_zero"])
    assert list(notes_folder().iterdir()) == []


@pytest.mark.parametrize("there", [230_000, 187_000])
def test_what_it_set_is_put_back_and_told(there):
    Note(SERIAL, "fake").add({KEY: 0}, {KEY: 230_000})
    Note(SERIAL, "fake").add({KEY: 230_000}, {KEY: 187_000})
    link = FakeLink(**{KEY: there})
    (told,) = back(link)
    assert f"put back as before: {KEY}=0 (it was {there})" in told
    assert link.there == {KEY: 0}
    assert back(link) == []  # once


def test_what_somebody_set_since_stays():
    Note(SERIAL, "fake").add({KEY: 0}, {KEY: 230_000})
    link = FakeLink(**{KEY: 190_000})
    assert back(link) == []
    assert link.there == {KEY: 190_000}
    assert list(notes_folder().iterdir()) == []


def test_a_setting_that_isnt_known_here_stays_noted():
    """Noted by a newer version of this program."""
    Note(SERIAL, "fake").add({"colour": 0}, {"colour": 5})
    (told,) = back(FakeLink())
    assert "can't be put back: this version of beltbox knows no setting colour." in told
    assert "colour" in Note(SERIAL, "fake").changes()


def test_another_boxs_note_stays():
    Note("ffff", "fake").add({KEY: 0}, {KEY: 230_000})
    link = FakeLink(**{KEY: 230_000})
    assert back(link) == []
    assert link.there == {KEY: 230_000}
    assert Note("ffff", "").changes() != {}


def test_a_box_without_a_number_is_known_by_its_name(monkeypatch):
    monkeypatch.setattr(unfinished, "ask_health", lambda _link: None)
    Note("", "fake").add({KEY: 0}, {KEY: 230_000})
    link = FakeLink(**{KEY: 230_000})
    (told,) = back(link)
    assert "of a box named fake, whose serial number is unknown, was broken off" in told
    strange = Note("", "../a b")
    assert strange.path.parent == notes_folder()


def test_the_number_that_the_box_said_first_decides(monkeypatch):
    """Whatever it is named; and it isn't asked again."""
    monkeypatch.setattr(unfinished, "ask_health", None)
    Note(SERIAL, "fake").add({KEY: 0}, {KEY: 230_000})
    link = FakeLink(**{KEY: 230_000})
    link.identity = SimpleNamespace(box_name="fake", serial="30aea4b0c0df")
    assert back(link) == []
    link.identity = SimpleNamespace(box_name="renamed", serial=SERIAL)
    (told,) = back(link)
    assert "A calibration of this box was broken off" in told
    assert link.there == {KEY: 0}


def test_without_a_note_the_box_isnt_even_asked():
    link = FakeLink()
    assert back(link) == []
    assert link.sent == []


def test_a_box_that_doesnt_answer_is_asked_next_time():
    Note(SERIAL, "fake").add({KEY: 0}, {KEY: 230_000})
    link = FakeLink(**{KEY: 230_000})
    link.fails = LinkError("no answer")
    assert back(link) == []
    link.fails = CommandRefusedError("The box refused get: busy.")
    (told,) = back(link)
    assert "can't be put back: The box refused get: busy." in told
    link.fails = None
    assert len(back(link)) == 1
    assert link.there == {KEY: 0}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"unfinished": 9}', '{"unfinished": 1, "settings": {"a": 1}}']
)
def test_a_file_that_isnt_a_note_is_left_alone(text):
    note = Note(SERIAL, "fake")
    note.path.parent.mkdir(parents=True)
    note.path.write_text(text)
    assert note.changes() == {}
    assert back(FakeLink()) == []
    assert note.path.read_text() == text


def test_the_files_form():
    note = Note(SERIAL, "fake")
    note.add({KEY: 0}, {KEY: 230_000})
    assert note.path.name == f"{SERIAL}.json"
    assert json.loads(note.path.read_text()) == {
        "unfinished": 1,
        "settings": {KEY: {"before": 0, "meanwhile": [230_000]}},
    }


def test_what_cant_be_noted_is_an_error():
    notes_folder().parent.mkdir(parents=True)
    notes_folder().write_text("a file where the folder should be")
    with pytest.raises(UnfinishedError, match="Can't write"):
        Note(SERIAL, "fake").add({KEY: 0}, {KEY: 230_000})
