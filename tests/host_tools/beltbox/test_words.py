"""Text from outside, cleaned."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltbox.words import clean, cleaned, counted, printable

OBEYED = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
    "\u2028",
    "\u2029",
    "\u200e",
    "\u200f",
    "\u061c",
    "\ufeff",
    "\ud800",
    "\udfff",
    "\U000e0041",
]


@pytest.mark.parametrize("char", OBEYED, ids=lambda char: f"{ord(char):x}")
def test_what_a_terminal_or_a_page_obeys_never_passes(char: str):
    for made in (clean(f"a{char}b"), printable(f"a{char}b").replace("\n", "")):
        assert made in {"a b", "ab", f"a{char.encode('unicode_escape').decode()}b"}


@pytest.mark.parametrize(
    "name",
    [
        "Anna Müller-Łoś",
        "Ὀδυσσεύς",
        "नेहा क्\u200dष",
        "می\u200cخواهم",
        "周杰倫",
        "D’Angelo (2)",
        "👩🏽",
        "-5 ± 2 %",
        "C:\\new",
    ],
)
def test_names_stay_as_they_are(name: str):
    assert clean(name) == printable(name) == name


@given(st.text(st.characters(codec=None)))
def test_what_is_clean_stays_so_and_is_one_line_that_any_view_shows(text: str):
    line = clean(text)
    assert clean(line) == line == printable(line)
    assert not {unicodedata.category(char) for char in line} & {"Cc", "Cs", "Zl", "Zp"}
    line.encode()


def test_white_space_is_a_space_and_lengths_are_limited():
    assert clean("\ta\u00a0b\u3000c\r\nd\n") == "a b c d"
    assert clean("x" * 5000) == "x" * 999 + "…"
    assert clean("x" * 30, 20) == "x" * 19 + "…"


def test_json_is_clean_at_any_depth():
    table = {"a\x1b": ["\x07b", 1, None, 2.5, True, {"c": "\u202ed"}]}
    assert cleaned(table) == {"a\\x1b": ["\\x07b", 1, None, 2.5, True, {"c": "\\u202ed"}]}


def test_a_number_has_its_noun():
    said = [counted(count, "rows") for count in (0, 1, 2)]
    assert said == ["0 rows", "1 row", "2 rows"]
