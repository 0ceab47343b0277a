"""From laps or a roller to the size of a count: against belts that are made up here."""

from __future__ import annotations

import math
import random
import statistics
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltbox.belt_laps import Passing, counts_per_turn, from_laps, from_roller, label_words

LAP_MM = 3000.0


def passings(counts, *, speed=0.0, back=0):
    before = counts[0]
    made = []
    for count in counts:
        made.append(Passing(count, speed, abs(count - before) + back, back))
        before = count
    return made


@given(st.integers(1, 20), st.integers(10, 100_000), st.sampled_from([1, -1]), st.integers())
def test_exact_laps_come_back(laps, counts, way, start):
    start %= 1 << 40
    scale = from_laps(passings([start + way * counts * n for n in range(laps + 1)]), LAP_MM)
    assert scale.nm_per_count == pytest.approx(float(Fraction(3_000_000_000, counts)), rel=1e-6)
    assert scale.sign == way
    assert scale.warnings == ()
    assert scale.lap_counts == (way * counts,) * laps


def test_the_tapes_share_by_hand():
    scale = from_laps(passings([30_000 * n for n in range(40)]), LAP_MM, tape_mm=6.0)
    # 6 mm of 3000, rectangular, twice: 0.231 %; the marks' 5 mm vanish over 39 laps.
    assert scale.u_share == pytest.approx(2 * 0.002 / math.sqrt(3), rel=0.01)


def test_more_laps_make_key_presses_count_less():
    def presses(laps):
        scale = from_laps(passings([30_000 * n for n in range(laps + 1)], speed=3000), LAP_MM)
        return next(part.u for part in scale.parts if part.name == "key presses")

    # One lap: two presses, each 300 counts (0.1 s) and 28.9 (a mark of 5 mm), of 30 000.
    assert presses(1) == pytest.approx(math.sqrt(2) * 328.9 / 30_000, rel=1e-3)
    assert presses(4) < presses(1) / 4
    assert presses(10) < presses(1) / 10


def test_the_uncertainty_covers_tape_and_presses():
    chance = random.Random(5)
    covered, share = 0, []
    for _ in range(500):
        lap = 30_000 * (1 + chance.uniform(-2, 2) / LAP_MM)
        counts = [round(lap * n + chance.gauss(0, 250)) for n in range(4)]
        scale = from_laps(passings(counts, speed=2500), LAP_MM)
        error = scale.nm_per_count / 100_000 - 1
        covered += abs(error) <= scale.u_share
        share.append(error / (scale.u_share / scale.k))
    assert covered / 500 >= 0.95
    assert 0.5 < statistics.stdev(share) < 1.15


def test_a_lap_that_slipped_is_told():
    scale = from_laps(passings([0, 30_000, 58_800, 88_800, 118_800]), LAP_MM)
    assert any("lap 2 has 3.0 % fewer counts" in text for text in scale.warnings)
    assert scale.spread_share == pytest.approx(1200 / 29_700, rel=0.02)
    # Pressed in passing, 4 % are no more than a late key.
    hurried = from_laps(passings([0, 30_000, 58_800, 88_800, 118_800], speed=8000), LAP_MM)
    assert hurried.warnings == ()
    assert hurried.u_share > 0.01


def test_counts_that_go_both_ways():
    with pytest.raises(ValueError, match="one of the encoder's channels is missing"):
        from_laps([Passing(0, 0), Passing(1, 0, 15_000, 14_999)], LAP_MM)
    with pytest.raises(ValueError, match="the encoder counted 0: it doesn't turn"):
        from_laps([Passing(7, 0), Passing(7, 0)], LAP_MM)
    with pytest.raises(ValueError, match="one way in some laps"):
        from_laps(passings([0, 30_000, 0]), LAP_MM)
    with pytest.raises(ValueError, match="no lap"):
        from_laps(passings([0]), LAP_MM)
    (text,) = from_laps(passings([0, 30_000, 60_000], back=2000), LAP_MM).warnings
    assert "% of the counts went the other way" in text


def test_a_roller_and_its_label():
    scale = from_roller(50, 2400)
    assert scale.nm_per_count == pytest.approx(math.pi * 50e6 / 2400)
    assert scale.u_share == pytest.approx(2 * 0.1 / math.sqrt(3) / 50)
    # A belt of 2 mm adds one thickness to the diameter that counts.
    assert from_roller(50, 2400, belt_mm=2).nm_per_count == pytest.approx(math.pi * 52e6 / 2400)
    assert counts_per_turn(scale.nm_per_count, 50) == pytest.approx(2400)
    assert "as its label says" in label_words(2395, 2400)
    assert "every edge" in label_words(2410, 600)
    assert "channels may be missing" in label_words(1200, 600)
    assert "3.00 times the 600" in label_words(1800, 600)
