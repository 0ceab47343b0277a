"""The codec for blocks of integer columns."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltbox.errors import StoreError
from beltbox.store.format import columns

VALUES = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**63), 2**63 - 1),
)


@st.composite
def blocks(draw: st.DrawFn) -> list[list[int | None]]:
    rows = draw(st.integers(0, 40))
    return draw(st.lists(st.lists(VALUES, min_size=rows, max_size=rows), max_size=5))


@given(blocks())
def test_what_is_encoded_comes_back(block: list[list[int | None]]):
    rows = len(block[0]) if block else 0
    assert columns.decode(columns.encode(block)) == [list(column) for column in block]
    assert all(len(column) == rows for column in columns.decode(columns.encode(block)))


@given(
    start=st.integers(0, 2**30 - 1),
    steps=st.lists(st.integers(12_000, 13_000), max_size=300),
)
def test_a_wrapping_clock_comes_back(start: int, steps: list[int]):
    clock = [start]
    for step in steps:
        clock.append((clock[-1] + step) % 2**30)
    assert columns.decode(columns.encode([clock])) == [clock]


def test_a_clock_with_jitter_takes_little_more_than_its_jitter():
    rng = random.Random(1)
    clock = [tick * 12_500 + rng.randint(-100, 100) for tick in range(4800)]
    # 201 values have 7.65 bits each; the values themselves would take 26.
    assert len(columns.encode([clock])) < 1.25 * 4800


def test_a_column_of_gaps_and_one_that_never_changes_take_almost_nothing():
    assert len(columns.encode([[None] * 4800, [7] * 4800])) < 60


@pytest.mark.parametrize("at", [0, 1, 4, 5, 20, -1])
def test_a_flipped_bit_is_found_and_the_block_named(at: int):
    data = bytearray(columns.encode([list(range(100)), [None] * 100]))
    data[at] ^= 1
    with pytest.raises(StoreError, match="raw block 7"):
        columns.decode(bytes(data), name="raw block 7")


@pytest.mark.parametrize("size", [0, 1, 4, 5, 12])
def test_a_truncated_block_is_damaged(size: int):
    data = columns.encode([list(range(100))])
    with pytest.raises(StoreError, match="damaged"):
        columns.decode(data[:size])


def test_a_newer_version_is_refused_by_name():
    data = bytes([columns.VERSION + 1]) + columns.encode([[1]])[1:]
    with pytest.raises(StoreError, match=r"raw block 7 .* version 2 .* version 1.*newer BeltBox"):
        columns.decode(data, name="raw block 7")


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        columns.encode([[1, 2], [1]])


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_a_value_beyond_64_bits_is_refused(value: int):
    with pytest.raises(ValueError, match="must be in"):
        columns.encode([[value]])
