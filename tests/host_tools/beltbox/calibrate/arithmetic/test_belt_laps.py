"""From laps or a roller to the size of a count: against belts that are made up here."""

from __future__ import annotations

import math
import random
import statistics
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltbox.calibrate.arithmetic.belt_laps import (
    Passing,
    counts_per_turn,
    from_laps,
    from_marks,
    from_roller,
    label_words,
    lap_problem,
)

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


@pytest.mark.parametrize("laps", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("speed_mm_s", [0, 100, 500])
@pytest.mark.parametrize("late_s", [0.0, 0.1])
def test_laps_of_many_people_cover_the_truth_and_not_much_more(laps, speed_mm_s, late_s):
    """A tape, marks and keys that are off as stated; late_s: how late people are on the whole."""
    share, stated = [], []
    for seed in range(200):
        chance = random.Random(seed)
        lap_mm = LAP_MM + chance.uniform(-2, 2)
        late = chance.gauss(0, late_s)
        made = []
        for n in range(laps + 1):
            # The first is pressed at rest.
            speed = speed_mm_s * chance.uniform(0.7, 1.3) if n else 0.0
            place_mm = lap_mm * n + chance.uniform(-5, 5) + speed * (late + chance.gauss(0, 0.1))
            made.append(Passing(round(place_mm / 0.1), speed / 0.1, round(lap_mm / 0.1), 0))
        scale = from_laps(made, LAP_MM)
        share.append(abs(scale.nm_per_count / 100_000 - 1) / scale.u_share)
        stated.append(scale.u_share)
    assert sum(one <= 1 for one in share) >= 186
    assert sorted(share)[190] >= 0.2
    assert sorted(stated)[190] <= 4 * statistics.median(stated)


@pytest.mark.parametrize("ways", [1, 2, 3, 5])
@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("speed_mm_s", [0, 300])
def test_ways_between_two_marks_cover_the_truth(ways, back, speed_mm_s):
    """On round the belt after each way, or back: a lap isn't known, nor is it needed."""
    chance = random.Random(17)
    covered, errors = 0, []
    for _ in range(400):
        apart = 1000 * (1 + chance.uniform(-2, 2) / 1000)  # mm, as it truly is; 10 counts each
        late_s = chance.uniform(-0.1, 0.1)
        made = []
        start = 0.0
        for _ in range(ways):
            for place in (start, start + apart):
                speed = 0 if not made else speed_mm_s * chance.uniform(0.7, 1.3)
                pressed = place + chance.uniform(-5, 5) + speed * (late_s + chance.gauss(0, 0.1))
                made.append(Passing(round(10 * pressed), 10 * speed))
            start = 0.0 if back else start + 3210.0
        scale = from_marks(made, 1000.0)
        assert len(scale.lap_counts) == ways
        error = scale.nm_per_count / 100_000 - 1
        covered += abs(error) <= scale.u_share
        errors.append(error / (scale.u_share / scale.k))
    assert covered / 400 >= 0.94
    assert 0.3 < statistics.stdev(errors) < 1.2


def test_a_way_that_slipped_and_one_that_went_the_other_way():
    def marks(*ways):
        made = []
        for number, counts in enumerate(ways):
            made += [Passing(30_000 * number, 0.0), Passing(30_000 * number + counts, 0.0, counts)]
        return from_marks(made, 1000.0)

    assert marks(10_000, 10_000, 10_000).nm_per_count == pytest.approx(100_000)
    (warning,) = marks(10_000, 10_000, 9_300).warnings
    assert warning.startswith("way 3 has 7.0 % fewer counts than the median way")
    with pytest.raises(ValueError, match="one way in some ways"):
        marks(10_000, -10_000)
    with pytest.raises(ValueError, match="in way 2 the encoder counted 0"):
        marks(10_000, 0)
    with pytest.raises(ValueError, match="no passing of the second mark"):
        from_marks([], 1000.0)


def test_being_late_alike_tilts_nothing_when_it_is_as_fast_each_time():
    def lateness(speeds):
        made = [Passing(30_000 * n, speed, 30_000, 0) for n, speed in enumerate(speeds)]
        return {part.name: part.u for part in from_laps(made, LAP_MM).parts}.get("lateness", 0.0)

    assert lateness([3000, 3000, 3000]) == pytest.approx(0, abs=1e-9)
    # 0.1 s at 3000 counts a second, in the one press of two: 300 of 30 000.
    assert lateness([0, 3000]) == pytest.approx(0.01)
    assert lateness([0, 0, 0]) == 0


def test_how_long_a_belt_may_be():
    assert lap_problem(3000) == ""
    assert "3 metres are 3000" in lap_problem(3)
    for wrong in (0, -3000, 30_000, math.nan, math.inf):
        assert lap_problem(wrong)


def test_a_lap_that_slipped_is_told():
    scale = from_laps(passings([0, 30_000, 58_800, 88_800, 118_800]), LAP_MM)
    (text,) = scale.warnings  # the other laps agree
    assert "lap 2 has 4.0 % fewer counts than the median lap" in text
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
    assert from_roller(50, 2400, thickness_mm=2).nm_per_count == pytest.approx(
        math.pi * 52e6 / 2400
    )
    assert counts_per_turn(scale.nm_per_count, 50) == pytest.approx(2400)
    assert "as its label says" in label_words(2395, 2400)
    assert "every edge" in label_words(2410, 600)
    assert "channels may be missing" in label_words(1200, 600)
    assert label_words(1800, 600) == ""
