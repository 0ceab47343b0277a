"""How a belt is sampled, and where its speed dips: each rule at its limit."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import pytest

from beltcore.dips import Dips
from beltcore.rhythm import FOUND

PLACES = 2**29
CLOCK = 2**30
FINE_NM = 100_000
COARSE_NM = 12_000_000


class Clock:
    def __init__(self):
        self.asked = []

    def place_um(self, t_us):
        self.asked.append(t_us)
        return 0


@pytest.mark.parametrize(("nm", "lag_us"), [(2_000_000, 60_000), (2_000_001, 400_000)])
def test_the_place_is_taken_every_40_ms_as_it_was_before(nm, lag_us):
    dips = Dips(nm, False)
    clock = Clock()
    assert dips.lag_us == lag_us
    t_us = CLOCK - 100_000
    due_us = 5_000
    for dt_us in (12_500, 12_500, 50_000, 130_000, 1_000):
        t_us = (t_us + dt_us) % CLOCK
        due_us -= dt_us
        if due_us <= 0:
            due_us = dips.take(clock, None, t_us, due_us, dt_us)
    assert due_us == 5_000 + 6 * 40_000 - 206_000
    first_us = CLOCK - 100_000 + 5_000 - lag_us
    assert clock.asked == [(first_us + 40_000 * n) % CLOCK for n in range(6)]


def test_the_time_between_rows_is_a_mean():
    dips = Dips(FINE_NM, False)
    for _ in range(80):
        dips.take(Clock(), None, 0, 0, 20_000)
    assert dips._rhythm.row_us == pytest.approx(20_000, abs=10)
    dips.take(Clock(), None, 0, 0, 28_000)
    assert dips._rhythm.row_us == pytest.approx(21_000, abs=10)


@pytest.mark.parametrize("rails", [True, False])
def test_the_sway_is_taken_with_each_sample(rails):
    dips = Dips(FINE_NM, rails)
    sides = [SimpleNamespace(force_mn=mn) for mn in (7_000, 3_000)]
    for _ in range(30):
        dips.take(Clock(), SimpleNamespace(left=sides[0], right=sides[1]), 0, 0, 12_500)
    if rails:
        assert dips._sway.mean_mn(5, 25) == 4_000
        assert dips.gait._sway is dips._rhythm._sway is dips._sway
    else:
        assert dips.gait._sway is dips._rhythm._sway is dips._sway is None


def rippling(lag, um, peaks, slowest=3.3):
    """How far a belt goes in a sample: a sine's ripple, slowest each `lag` samples."""

    def distance_um(sample):
        middle = 2 * math.pi * (sample - 0.5 - slowest) / lag
        return um * (1 - peaks / 2 * math.cos(middle))

    return distance_um


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("lag", [9, 14, 15, 26, 41])
def test_each_dip_of_a_sine_is_found_where_it_is(sampled, lag, sign):
    belt = sampled(sign=sign).move(20, 0)
    belt.rhythm.lag = lag
    belt.rhythm.answer = FOUND
    belt.move(400, rippling(lag, 20_000, 0.2))
    found = [dip_x256 / 256 for dip_x256 in belt.gait.dips_x256]
    assert len(found) > 380 / lag - 2
    for dip in found[1:]:
        off = (dip - 3.3) % lag
        assert min(off, lag - off) < 0.06
    gaps = [after - before for before, after in itertools.pairwise(found[1:])]
    assert all(gap == pytest.approx(lag, abs=0.1) for gap in gaps)


def dips_of(sampled, peaks, depth, floor=0, nm=FINE_NM):
    """How many of ten dips of a sine are found; of 100 % a dip's depth is 1024 * 2 / pi or so."""
    belt = sampled(nm).move(20, 0)
    belt.rhythm.lag = 16
    belt.rhythm.depth = depth
    belt.rhythm.floor = floor
    belt.rhythm.answer = FOUND
    belt.move(80, 20_000)  # evenly
    belt.move(10 * 16, rippling(16, 20_000, peaks))
    return len(belt.gait.dips_x256)


def excess_of_a_sine(peaks):
    """The lowest excess of it, in 1/1024: the mean of its middle half, the whole being 0."""
    return 1024 * peaks / 2 * math.sin(math.pi / 2) / (math.pi / 2)


def test_a_dip_is_a_third_of_the_usual_one(sampled):
    lowest = excess_of_a_sine(0.2)  # 65
    assert dips_of(sampled, 0.2, depth=round(lowest / 0.35 * 1.1)) == 0
    assert dips_of(sampled, 0.2, depth=round(lowest / 0.35 * 0.9)) >= 8


@pytest.mark.parametrize(("nm", "part"), [(1_000_000, 0.4), (1_000_001, 0.1)])
def test_a_dip_is_deeper_than_edges_make(sampled, nm, part):
    lowest = excess_of_a_sine(0.2)
    if nm > 1_000_000:
        lowest *= 0.9  # of a mean of four places
    assert dips_of(sampled, 0.2, depth=60, floor=round(lowest / part * 1.15), nm=nm) == 0
    assert dips_of(sampled, 0.2, depth=60, floor=round(lowest / part * 0.85), nm=nm) >= 8


def test_the_usual_depth_is_a_mean_of_four_and_half_a_percent_at_least(sampled):
    belt = sampled().move(20, 0)
    belt.rhythm.lag = 16
    belt.rhythm.depth = 40
    belt.rhythm.answer = FOUND
    belt.move(600, rippling(16, 20_000, 0.2))
    assert belt.dips._depth == pytest.approx(excess_of_a_sine(0.2), abs=4)
    before = belt.dips._depth
    belt.gait.dips_x256.clear()
    while len(belt.gait.dips_x256) < 3:
        belt.move(1, rippling(16, 20_000, 0.4))
    later = belt.dips._depth
    # Two dips at the double depth at least: a quarter of the rest each.
    assert before * 1.3 < later < before * 1.75
    belt = sampled().move(20, 0)
    belt.rhythm.lag = 16
    belt.rhythm.depth = 5
    belt.rhythm.answer = FOUND
    belt.move(600, rippling(16, 60_000, 0.012))
    assert belt.dips._depth == 5


def test_a_double_dip_is_one_until_it_rises_by_a_third_of_its_depth(sampled):
    def twice(rise):
        """Two dips of a step each, between which the speed rises by that part of the dip."""

        def distance_um(sample):
            phase = (sample % 24) / 24
            if 0.1 <= phase < 0.4 or 0.6 <= phase < 0.9:
                return 16_000
            return 20_000 + 4_000 * rise if 0.4 <= phase < 0.6 else 21_200

        belt = sampled().move(20, 0)
        belt.rhythm.lag = 12
        belt.rhythm.depth = 100
        belt.rhythm.answer = FOUND
        belt.move(240, distance_um)
        return len(belt.gait.dips_x256)

    assert twice(0.5) >= 2 * twice(-0.95) - 2 >= 14


def test_what_is_left_at_a_stop_is_gone_through_first(sampled):
    """All that has half a step behind it, and a dip there counts."""
    belt = sampled().move(20, 0)
    belt.rhythm.answer = FOUND
    belt.move(100, rippling(15, 20_000, 0.3))
    belt.gait.trusted = True
    belt.dips._examined -= 12
    belt.move(10, 0)
    assert belt.gait.finished == [(130, 15)]
    assert belt.dips._examined == 130 - 8


def test_a_walk_is_gone_through_eight_samples_at_a_time(sampled):
    belt = sampled().walk()
    assert belt.dips._examined == 28
    belt.move(1, 20_000)
    assert belt.dips._examined == 36
    belt.move(20, 20_000)
    # Half a step, 8 samples, must be behind.
    assert belt.dips._examined == 117 - 8


@pytest.mark.parametrize("sign", [1, -1])
def test_a_coarse_encoders_places_are_means_of_four(sampled, sign):
    belt = sampled(COARSE_NM, sign).move(3, 0).move(40, lambda sample: 10_000 + 997 * (sample % 7))
    places_um = [math.floor(um) * sign for um in belt.samples_um]
    for sample in range(4, 44):
        mean_um = sum(places_um[sample - 4 : sample]) / 4
        off_um = belt.dips._places[sample] - belt._start_um - mean_um
        assert (off_um + PLACES / 2) % PLACES - PLACES / 2 == pytest.approx(0, abs=1)
    # At the start the belt has always been where it is.
    assert belt.dips._places[1] == belt._start_um
    assert belt.dips._places[0] == belt._start_um


def examine(dips, at, excess, whole_um=256_000):
    """One sample, whose excess is exactly that where the whole is 256 mm."""
    dips._places[at - 8] = 0
    dips._places[at + 8] = whole_um
    dips._places[at - 4] = 0
    dips._places[at + 4] = whole_um * (1024 + excess) // 2048
    dips._examine(at, 8, 4)


@pytest.mark.parametrize(
    ("whole_um", "taken"),
    [(15_000, False), (15_001, True), (7_999_999, True), (8_000_000, False)],
)
def test_a_step_is_15_mm_at_least_and_below_8_m(sampled, whole_um, taken):
    belt = sampled().walk()
    belt.dips._excess = 999
    examine(belt.dips, 100, 0, whole_um)
    assert (belt.dips._excess != 999) is taken


@pytest.mark.parametrize(
    ("lowest", "highest", "found"), [(-36, 36, True), (-35, 36, False), (-36, 35, False)]
)
def test_a_dip_passes_35_percent_of_the_usual_one_both_ways(sampled, lowest, highest, found):
    belt = sampled().walk()
    belt.dips._depth = 100
    belt.dips._excess = 0
    belt.dips._in_dip = False
    for at, excess in enumerate((10, lowest, 0, highest, 5), 100):
        examine(belt.dips, at, excess)
    assert len(belt.gait.dips_x256) == found
    if found:
        # It fell through 0 at 10 of 46 between two samples, and was 0 again at the third one.
        assert belt.gait.dips_x256 == [pytest.approx((100 + 10 / 46 + 102) / 2 * 256, abs=1)]
        assert belt.dips._depth == 100 + (36 - 100) // 4


def test_a_middle_that_is_longer_than_the_whole_is_a_fault(sampled):
    belt = sampled().walk()
    for sample in range(256):
        belt.dips._places[sample] = sample * 10_000
    belt.dips._excess = 5
    belt.dips._places[104] += 100_000
    belt.dips._examine(100, 8, 4)
    assert belt.dips._excess == 5
    # All of a step's distance in its middle half: twice its share.
    for sample in range(256):
        belt.dips._places[sample] = 10_000 * min(104, max(96, sample))
    belt.dips._examine(100, 8, 4)
    assert belt.dips._excess == 1024
