"""Sentences as the host handles them."""

from beltbox.link.wire import Sentence, named, raw_row, sentences
from beltbox.walk.rows import RawRow
from beltcore.host.reader import Reader


def test_what_a_reader_gives_becomes_sentences(sentence):
    reader = Reader()
    found = list(sentences(reader.feed(b"hello\n" + sentence("RAW", 7, 100, -3, None, -9))))
    assert found == [
        Sentence("", -1, ["hello"]),
        Sentence("RAW", 7, [100, -3, None, -9]),
    ]


def test_values_have_the_names_of_their_fields():
    assert named(Sentence("ANS", 0, [12, "ok", "done"])) == {
        "id": 12,
        "status": "ok",
        "text": "done",
    }


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
