"""The flags: one bit each, words for each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltcore import flags, rails

tables = pytest.mark.parametrize("table", [flags.CORE, flags.BOX])


@tables
def test_each_flag_is_a_bit_of_its_own(table):
    bits = [bit for bit, _name, _text in table]
    assert bits == [1 << index for index in range(len(table))]


@tables
def test_names_and_words_are_those_of_the_constants(table):
    for bit, name, text in table:
        assert getattr(flags, name.upper()) == bit
        assert 10 < len(text) <= 84  # as long as a LOG takes
    assert len({name for _bit, name, _text in table}) == len(table)
    assert len({text for _bit, _name, text in table}) == len(table)


@tables
@given(given_flags=st.integers(0, 65_535))
def test_words(table, given_flags):
    expected = [text for index, (_, _, text) in enumerate(table) if given_flags >> index & 1]
    assert flags.words(table, given_flags) == expected


def test_the_rails_faults_are_the_left_flags_and_the_right_ones_beside_them():
    assert (rails.SILENT, rails.SATURATED) == (flags.LEFT_SILENT, flags.LEFT_SATURATED)
    assert (rails.SILENT << 1, rails.SATURATED << 1) == (flags.RIGHT_SILENT, flags.RIGHT_SATURATED)
