"""The flags: one bit each, words for each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltcore import rails
from beltcore.host import flags

ROOT = Path(__file__).parents[4]


@pytest.fixture
def constants():
    """constants(path): the names and numbers of `_NAME = const(n)` in a file of the box."""

    def read(path):
        found = re.findall(r"^(_\w+) = const\((\d+)\)", (ROOT / path).read_text(), re.MULTILINE)
        return {name: int(number) for name, number in found}

    return read


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


@given(core=st.integers(0, 32_767), box=st.integers(0, 127))
def test_what_follows_from_another_fault_is_not_told(core, box):
    names = {name for bit, name, _text in flags.CORE if core & bit}
    names |= {name for bit, name, _text in flags.BOX if box & bit}
    for side in ("left", "right"):
        if f"{side}_stuck" in names:
            names -= {f"{side}_silent", f"{side}_out_of_step"}
        if f"{side}_silent" in names:
            names -= {f"{side}_out_of_step"}
    found = flags.told(core, box)
    assert {name for name, _text in found} == names
    # In the tables' order, each with its own words.
    assert found == [
        (name, text) for _bit, name, text in (*flags.CORE, *flags.BOX) if name in names
    ]


def test_the_rails_faults_are_the_left_flags_and_the_right_ones_beside_them():
    assert (rails._SILENT, rails._SATURATED) == (flags.LEFT_SILENT, flags.LEFT_SATURATED)
    assert (rails._SILENT << 1, rails._SATURATED << 1) == (
        flags.RIGHT_SILENT,
        flags.RIGHT_SATURATED,
    )


def test_the_flags_that_the_box_writes_without_their_words(constants):
    core = constants("firmware/beltcore/core.py")
    app = constants("firmware/box/app.py")
    driver = constants("firmware/box/hx711.py")
    assert (core["_ROW_GAP"], core["_BELT_JUMP"]) == (flags.ROW_GAP, flags.BELT_JUMP)
    assert (app["_PORT_STALLED"], app["_SETTINGS_DAMAGED"]) == (
        flags.PORT_STALLED,
        flags.SETTINGS_DAMAGED,
    )
    assert core["_ENCODER_ONE_SIDED"] == flags.ENCODER_ONE_SIDED
    assert app["_ENCODER_TOO_FAST"] == flags.ENCODER_TOO_FAST
    left = (driver["_OUT_OF_STEP"], driver["_STUCK"])
    assert left == (flags.LEFT_OUT_OF_STEP, flags.LEFT_STUCK)
    assert tuple(bit << 1 for bit in left) == (flags.RIGHT_OUT_OF_STEP, flags.RIGHT_STUCK)
