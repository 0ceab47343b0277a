"""The box's sentences as the host handles them: typed, named, checked at the door."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from beltbox.walk.rows import RawRow
from beltcore.host.sentence import NUMBER_FIELDS, TYPES

Value = int | str | None

_RAW_LIMITS = [NUMBER_FIELDS[name][:2] for name in RawRow._fields]
_MAY_BE_EMPTY = ("rail_left", "rail_right")


class Sentence(NamedTuple):
    """A sound sentence: a type of beltcore.host.sentence.TYPES, or "" for console text."""

    type: str
    seq: int
    values: list[Value]
    lost_before: int = 0
    """How many sentences are missing between the one before and this one.

    -1: the numbers begin anew here, without a start of the box that says so.
    """


def sentences(decoded: Iterable[tuple[str, int, list[Value], int]]) -> Iterator[Sentence]:
    """What `Reader.feed` gave, typed."""
    for kind, seq, values, lost in decoded:
        yield Sentence(kind, seq, values, lost)


def named(sentence: Sentence) -> dict[str, Value]:
    """The values by the names of their fields."""
    return dict(zip(TYPES[sentence.type], sentence.values, strict=True))


# Firmware from before ANS had a `kind`: what its refusals have in them, by the kind they are of.
# The only place where the words of an answer matter; never add to it.
_OLD_WORDS = {
    "unknown_verb": "no verb ",
    "unknown_key": "is not a setting",
    "busy": "wait for its answer",
    "no_session": "there is no session",
}


def kind_by_old_words(text: str) -> str:
    """The kind, of ANSWER_KINDS, of a refusal by firmware that sends none; "" if unknown."""
    for kind, words in _OLD_WORDS.items():
        if words in text:
            return kind
    return ""


def raw_row(sentence: Sentence) -> RawRow | None:
    """The raw row of a RAW sentence, or None where a value is outside what a box can send."""
    limits = zip(RawRow._fields, sentence.values, _RAW_LIMITS, strict=True)
    for name, value, (lowest, highest) in limits:
        if value is None and name in _MAY_BE_EMPTY:
            continue
        if not isinstance(value, int) or not lowest <= value <= highest:
            return None
    return RawRow(*sentence.values)  # pyright: ignore[reportArgumentType] - checked above
