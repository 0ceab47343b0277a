"""The rails' sway: means against a list of everything, and what is a stride's and what isn't."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest

from beltcore.sway import Sway

MOST_MN = 2**18 - 1
OLDEST = 125


def taken(differences_mn):
    """A Sway that has taken these, from k = 1 on, on both rails."""
    sway = Sway()
    for k, difference_mn in enumerate(differences_mn, 1):
        sway.take(k, difference_mn + 3 * k, 3 * k)
    return sway


@pytest.mark.parametrize("size_mn", [10, 5000, MOST_MN, MOST_MN + 1, 2**29])
def test_a_mean_is_that_of_the_samples(size_mn):
    """Rounded down, each difference cut at 262 N."""
    chance = random.Random(size_mn)
    for samples in (1, 40, 125, 126, 127, 129, 300):
        one_sided = chance.choice((0, -size_mn, size_mn))
        differences_mn = [
            one_sided or chance.randrange(-size_mn, size_mn + 1) for _ in range(samples)
        ]
        sway = taken(differences_mn)
        cut = [max(-MOST_MN, min(MOST_MN, difference)) for difference in differences_mn]
        for start in range(-3, samples + 2):
            for end in {start - 1, start, start + 1, start + 30, samples, samples + 1}:
                mean_mn = sway.mean_mn(start, end)
                part = cut[max(start, 0) : min(end, samples)] if end > start else []
                if start < 0 or start < samples - OLDEST or not part:
                    assert mean_mn is None
                else:
                    assert mean_mn == sum(part) // len(part)


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


def halves(a, b, c, d, e, f, lag=10):
    """Whether three steps alternate whose halves have these differences."""
    long, short = lag - lag // 2, lag // 2
    pairs = ((a, long), (b, short), (c, long), (d, short), (e, long), (f, short))
    values = [at for at, samples in pairs for _ in range(samples)]
    return taken([0, *values]).alternates(lag)


def test_two_strides_may_differ_by_a_quarter_of_the_sway():
    assert halves(500, 500, -500, -500, 500, 500)
    assert not halves(499, 499, -499, -499, 499, 499)
    for at in (0, 1, 4, 5):
        for sign in (1, -1):
            for more_mn, same in ((999, True), (1000, False)):
                steps = [875 * sign, 875 * sign, -875 * sign, -875 * sign, 875 * sign, 875 * sign]
                steps[at] += more_mn * sign
                assert halves(*steps) == same


@pytest.mark.parametrize("lag", [9, 10, 23, 41])
def test_alternating_is_what_the_means_of_half_steps_say(lag):
    chance = random.Random(lag)
    seen = []
    for _ in range(150):
        size_mn = chance.choice((300, 1000, 3000))
        offset_mn = chance.randrange(-9000, 9000)
        values = []
        for k in range(3 * lag + 5):
            swayed_mn = size_mn * math.sin(math.pi * k / lag)
            values.append(offset_mn + round(swayed_mn + chance.gauss(0, size_mn)))
        ends = [len(values) - half * lag // 2 for half in range(6, -1, -1)]
        means = [sum(values[at:end]) // (end - at) for at, end in pairwise(ends)]
        sway = sum(abs(means[at] - means[at + 2]) for at in range(4)) // 4
        strides = abs(means[0] - means[4]) + abs(means[1] - means[5])
        seen.append(sway >= 1000 and strides < sway / 2)
        assert taken(values).alternates(lag) == seen[-1]
    assert 10 < sum(seen) < 140


@pytest.mark.parametrize("lag", [9, 41])
def test_three_steps_must_be_known(lag):
    values = [round(3000 * math.sin(math.pi * k / lag)) for k in range(1, 500)]
    for known in (3 * lag - 1, 3 * lag):
        sway = Sway()
        for k in range(1, 200 + known + 1):
            sway.take(k, None if k == 200 else values[k], 0)
        assert sway.alternates(lag) == (known == 3 * lag)


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
