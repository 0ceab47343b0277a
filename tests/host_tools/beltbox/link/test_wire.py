"""Sentences as the host handles them."""

import re
from pathlib import Path

import pytest

import beltbox
from beltbox.link.wire import Sentence, kind_by_old_words, named, raw_row, sentences
from beltbox.walk.rows import RawRow
from beltcore.host.reader import Reader
from beltcore.host.sentence import ANSWER_KINDS

PACKAGE = Path(beltbox.__file__).parent


def test_what_a_reader_gives_becomes_sentences(sentence):
    reader = Reader()
    found = list(sentences(reader.feed(b"hello\n" + sentence("RAW", 7, 100, -3, None, -9))))
    assert found == [
        Sentence("", -1, ["hello"]),
        Sentence("RAW", 7, [100, -3, None, -9]),
    ]


def test_values_have_the_names_of_their_fields():
    assert named(Sentence("ANS", 0, [12, "ok", "done", "ok"])) == {
        "id": 12,
        "status": "ok",
        "text": "done",
        "kind": "ok",
    }


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("The box refused fly: no verb fly; firmware/PROTOCOL.md has them all.", "unknown_verb"),
        ("The box refused get: 'mass' is not a setting.", "unknown_key"),
        ("The box refused read: tare is under way: wait for its answer.", "busy"),
        ("The box refused read: there is no session 9.", "no_session"),
        ("The box refused set: body_mass_g is 5; allowed: 20000 to 300000.", ""),
    ],
)
def test_refusals_of_older_firmware_are_told_apart_by_their_words(words, kind):
    """The words of firmware 0.1.0, which sends no kind."""
    assert kind_by_old_words(words) == kind


def test_every_kind_that_the_host_asks_for_is_declared():
    asked = set()
    for path in PACKAGE.rglob("*.py"):
        asked |= set(re.findall(r'\.is_kind\("(\w+)"\)', path.read_text()))
    assert {"busy", "no_session", "unknown_verb"} <= asked <= set(ANSWER_KINDS)


def test_a_raw_row_holds_what_a_box_can_send():
    highest = [2**30 - 1, 2**30 - 1, 2**23 - 1, 2**23 - 1]
    lowest = [0, -(2**30), -(2**23), None]
    assert raw_row(Sentence("RAW", 0, [*highest])) == RawRow(*highest)
    assert raw_row(Sentence("RAW", 0, [*lowest])) == RawRow(*lowest)
    for place in range(4):
        assert raw_row(Sentence("RAW", 0, _with(highest, place, highest[place] + 1))) is None
        below = -1 if place == 0 else -(2**30) - 1 if place == 1 else -(2**23) - 1
        assert raw_row(Sentence("RAW", 0, _with(lowest, place, below))) is None
    assert raw_row(Sentence("RAW", 0, [None, 0, 0, 0])) is None
    assert raw_row(Sentence("RAW", 0, [0, None, 0, 0])) is None


def _with(values, place, value):
    return [*values[:place], value, *values[place + 1 :]]
