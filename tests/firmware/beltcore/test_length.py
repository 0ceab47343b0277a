"""Lengths against Python's own integers."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beltcore.length import CountLength, Length

NM_IN_MM = 10**6
NM_IN_M = 10**9
HIGHEST_M = 2**30 - 1
# What may be pending when Core settles: 2**28 counts and one more row of 2**29.
MOST_COUNTS = 2**28 + 2**29

sizes = st.sampled_from([1, 999_999, 10**6, 10**6 + 1, 999_999_999, 10**9]) | st.integers(1, 10**9)
counts = st.sampled_from(
    [0, 1, 1023, 1024, 1025, 2**20 - 1, 2**20, 2**20 + 1, 2**29, MOST_COUNTS]
) | st.integers(0, MOST_COUNTS)
parts = st.tuples(
    st.integers(0, HIGHEST_M - 1),
    st.sampled_from([0, 999]) | st.integers(0, 999),
    st.sampled_from([0, 999_999]) | st.integers(0, 999_999),
)


def in_nm(length):
    return length.m * NM_IN_M + length.mm * NM_IN_MM + length.nm


def assert_in_range(length):
    assert 0 <= length.m <= HIGHEST_M
    assert 0 <= length.mm <= 999
    assert 0 <= length.nm <= 999_999


@given(st.lists(parts, max_size=8))
def test_add_is_exact_modulo_2_to_the_30_metres(added):
    total = Length()
    for m, mm, nm in added:
        total.add(m, mm, nm)
        assert_in_range(total)
    exact = sum(m * NM_IN_M + mm * NM_IN_MM + nm for m, mm, nm in added)
    assert in_nm(total) == exact % (2**30 * NM_IN_M)


@pytest.mark.parametrize(
    ("before", "added", "after"),
    [
        ((0, 0, 999_999), (0, 0, 1), (0, 1, 0)),
        ((0, 999, 999_999), (0, 0, 1), (1, 0, 0)),
        ((0, 999, 0), (0, 1, 0), (1, 0, 0)),
        ((0, 999, 999_999), (0, 999, 999_999), (1, 999, 999_998)),
        ((HIGHEST_M, 0, 0), (0, 0, 0), (HIGHEST_M, 0, 0)),
        ((HIGHEST_M, 999, 999_999), (0, 0, 1), (0, 0, 0)),
        ((HIGHEST_M - 5, 0, 0), (5, 0, 0), (HIGHEST_M, 0, 0)),
        ((HIGHEST_M - 5, 0, 0), (6, 0, 0), (0, 0, 0)),
        ((HIGHEST_M, 0, 0), (HIGHEST_M - 1, 0, 0), (HIGHEST_M - 2, 0, 0)),
    ],
)
def test_add_carries_and_wraps(before, added, after):
    total = Length()
    total.add(*before)
    total.add(*added)
    assert (total.m, total.mm, total.nm) == after


@given(sizes, counts)
def test_counts_times_size(size, n):
    length = CountLength(size)
    length.set(n)
    assert_in_range(length)
    assert in_nm(length) == n * size


@given(sizes, st.lists(counts, max_size=6))
def test_set_forgets_what_was_before(size, several):
    length = CountLength(size)
    for n in several:
        length.set(n)
        assert in_nm(length) == n * size


@given(sizes, st.lists(st.integers(0, 2**29), max_size=20))
def test_sums_of_lengths_carry_every_remainder(size, several):
    length = CountLength(size)
    total = Length()
    for n in several:
        length.set(n)
        total.add(length.m, length.mm, length.nm)
    assert in_nm(total) == sum(several) * size % (2**30 * NM_IN_M)


@given(parts)
@example((0, 999, 500_000))
@example((0, 0, 499_999))
@example((HIGHEST_M, 999, 500_000))
def test_in_mm_is_the_nearest(length):
    total = Length()
    total.add(*length)
    assert total.in_mm() == (in_nm(total) + 500_000) // NM_IN_MM % (2**30 * 1000)


def test_nothing_yet():
    length = CountLength(467_557)
    assert (length.m, length.mm, length.nm) == (0, 0, 0)
    total = Length()
    assert (total.m, total.mm, total.nm) == (0, 0, 0)
