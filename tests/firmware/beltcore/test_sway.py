"""The rails' sway: means against a list of everything, and what is a stride's and what isn't."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltcore.sway import Sway

MOST_MN = 2**18 - 1
OLDEST = 125


@given(
    st.lists(st.integers(-(2**29), 2**29), min_size=1, max_size=400),
    st.integers(0, 400),
    st.integers(0, 140),
)
def test_a_mean_is_that_of_the_samples(differ_mn, ago, width):
    sway = Sway()
    for k, value in enumerate(differ_mn, 1):
        sway.take(k, value // 2, value // 2 - value)
    end = len(differ_mn) - ago
    start = end - width
    found = sway.mean_mn(start, end)
    if start < 1 or start < len(differ_mn) - OLDEST or width == 0:
        assert found is None
    else:
        kept = [max(-MOST_MN - 1, min(MOST_MN, value)) for value in differ_mn[start:end]]
        assert abs(found - sum(kept) / width) <= 1


def test_later_than_now_is_now():
    sway = Sway()
    for k in range(1, 31):
        sway.take(k, 100 * k, 0)
    assert sway.mean_mn(20, 99) == sway.mean_mn(20, 30) == 2550


@pytest.mark.parametrize("gap", [(20, None, 5), (20, 5, None), (23, 5, 5)])
def test_what_is_unknown_begins_anew(gap):
    """A silent side, and samples that are missing."""
    sway = Sway()
    for k in range(1, 20):
        sway.take(k, 1000, 0)
    sway.take(*gap)
    for k in range(gap[0] + 1, gap[0] + 11):
        sway.take(k, 500, 0)
    assert sway.mean_mn(15, gap[0] + 10) is None
    assert sway.mean_mn(gap[0], gap[0] + 10) == 500


def swayed(lag, phase, *, size_mn=3000, offset_mn=20_000, noise_mn=0, every=2):
    """Samples of a difference that repeats after `every` steps of `lag` samples."""
    chance = random.Random(lag)
    sway = Sway()
    for k in range(1, 200):
        turn = 2 * math.pi * (k / (every * lag) + phase)
        differ = offset_mn + size_mn * math.sin(turn) + chance.gauss(0, noise_mn)
        sway.take(k, round(differ), 0)
    return sway


@pytest.mark.parametrize("lag", [9, 12, 17, 25, 41])
@pytest.mark.parametrize("phase", [0, 0.1, 0.25, 0.4, 0.7])
def test_a_stride_alternates_whatever_its_phase(lag, phase):
    assert swayed(lag, phase).alternates(lag)
    assert swayed(lag, phase, noise_mn=600).alternates(lag)


@pytest.mark.parametrize("lag", [9, 12, 17, 25, 41])
def test_what_is_no_stride_does_not_alternate(lag):
    assert not swayed(lag, 0.1, size_mn=400).alternates(lag)  # too small to tell
    assert not swayed(lag, 0.1, every=1).alternates(lag)  # each step the same
    assert not swayed(lag, 0.1, every=4).alternates(lag)  # half the rhythm
    assert not swayed(lag, 0.1, every=3).alternates(lag)
    assert not Sway().alternates(lag)


def test_noise_seldom_alternates():
    chance = random.Random(5)
    sway = Sway()
    found = 0
    for k in range(1, 4000):
        sway.take(k, round(chance.gauss(0, 20_000)), 0)
        found += k % 8 == 0 and sway.alternates(9 + k % 33)
    assert found < 40  # of 500


def test_every_place_of_the_ring_counts():
    sway = Sway()
    values = [(k * 7919) % 1000 for k in range(1, 300)]
    for k, value in enumerate(values, 1):
        sway.take(k, value, 0)
        if k > OLDEST:
            assert sway.mean_mn(k - OLDEST, k) == sum(values[k - OLDEST : k]) // OLDEST
    assert len(set(pairwise(values))) > 250
