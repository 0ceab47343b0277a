"""The rails against fractions, sorting and plain comparisons."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beltcore import rails as declared
from beltcore.rails import Rail, Rails, weight_mn

DT_US = 12_500
FORCE_LIMIT_MN = 2**29 - 1
SLOW_US = 40_000
SILENT_US = 500_000

samples = st.sampled_from(
    [declared._SAMPLE_LOWEST + 1, -1, 0, 1, declared._SAMPLE_HIGHEST - 1]
) | st.integers(declared._SAMPLE_LOWEST + 1, declared._SAMPLE_HIGHEST - 1)
zeros = st.sampled_from([-(2**23), 0, 2**23 - 1]) | st.integers(-(2**23), 2**23 - 1)
sizes = (
    st.sampled_from([-60_000_000, -59_999_999, -1, 1, 499, 500, 999, 1000, 999_999, 10**6])
    | st.integers(-60_000_000, 60_000_000).filter(bool)
    | st.integers(-300_000, 300_000).filter(bool)
)
masses = st.sampled_from([20_000, 20_001, 69_999, 300_000]) | st.integers(20_000, 300_000)


def nearest_mn(counts, nn_per_count):
    """Exact force in mN, halves away from zero, cut at what two sides can be added from."""
    exact = abs(Fraction(counts * nn_per_count, 10**6))
    rounded = min(int(exact + Fraction(1, 2)), FORCE_LIMIT_MN)
    return rounded if counts * nn_per_count >= 0 else -rounded


def steady(rail, sample, dt_us=DT_US, rows=120):
    for _ in range(rows):
        rail.step(dt_us, sample)
    return rail.force_mn


def pressed(force_mn):
    """A Rail stub that holds a force."""
    rail = Rail(0, 10**6)  # a count is a mN
    steady(rail, force_mn, rows=5)
    assert rail.force_mn == force_mn
    return rail


@given(zeros, sizes, samples)
def test_steady_force_is_the_nearest_mn(zero, size, sample):
    assert steady(Rail(zero, size), sample, rows=5) == nearest_mn(sample - zero, size)


@given(zeros, sizes, samples, samples)
def test_after_any_force_a_steady_one_is_the_nearest_mn_again(zero, size, before, sample):
    rail = Rail(zero, size)
    steady(rail, before, rows=6)
    assert steady(rail, sample) == nearest_mn(sample - zero, size)


@pytest.mark.parametrize(
    ("size", "counts", "force_mn"),
    [
        (1, 499_999, 0),  # 0.499999 mN
        (1, 500_000, 1),  # half a mN goes away from zero
        (-1, 500_000, -1),
        (1, -500_000, -1),
        (-1, -500_000, 1),
        (230_000, 100, 23),
        (60_000_000, 2**23 - 2, 503_316_360),
    ],
)
def test_force_examples(size, counts, force_mn):
    assert steady(Rail(0, size), counts, rows=5) == force_mn


def test_force_is_cut_at_half_of_31_bits():
    """The zero at one end, the load at the other: only then is it so much."""
    assert steady(Rail(-(2**23), 60_000_000), 2**23 - 2) == FORCE_LIMIT_MN
    assert steady(Rail(-(2**23), -60_000_000), 2**23 - 2) == -FORCE_LIMIT_MN
    # The last force below the limit isn't cut: 536 870 880 of 536 870 911.
    assert steady(Rail(-(2**23), 60_000_000), 536_870_880 // 60 - 2**23) == 536_870_880


@pytest.mark.parametrize("five", list(itertools.product((0, 400, 800), repeat=5)))
def test_median_of_five(five):
    """Far apart in time nothing is smoothed, and the median itself can be seen."""
    rail = Rail(0, 10**6)
    for sample in (5, 5, 5, 5, 5, *five):
        rail.step(SLOW_US + 1, sample)
    assert rail.force_mn == sorted(five)[2]


@given(st.lists(samples, min_size=5, max_size=30))
def test_median_of_the_last_five_of_any(several):
    rail = Rail(0, 10**6)
    seen = []
    for sample in several:
        rail.step(SLOW_US + 1, sample)
        seen.append(sample)
        if len(seen) < 3:
            assert rail.force_mn is None
        else:
            last = seen[-3:] if len(seen) <= 5 else seen[-5:]
            assert rail.force_mn == sorted(last)[len(last) // 2]


@given(samples, st.lists(samples, min_size=2, max_size=2), st.integers(0, 4))
def test_one_or_two_spikes_among_five_leave_nothing(sample, spikes, gap):
    rail = Rail(0, 10**6)
    quiet = steady(rail, sample)
    for value in (spikes[0], *[sample] * gap, spikes[1], *[sample] * 6):
        rail.step(DT_US, value)
        assert rail.force_mn == quiet


@given(samples, samples)
def test_a_step_is_followed_monotonously_within_a_tenth_of_a_second_for_the_most_part(low, high):
    rail = Rail(0, 10**6)
    steady(rail, low)
    forces = [low]
    for _ in range(8):
        rail.step(DT_US, high)
        forces.append(rail.force_mn)
    assert forces in (sorted(forces), sorted(forces, reverse=True))
    # A median of five waits two samples, then a quarter of the rest each time.
    expected = high + Fraction(3, 4) ** 6 * (low - high)
    assert abs(forces[-1] - expected) <= 3
    assert forces[2] == low


@pytest.mark.parametrize(("dt_us", "smoothed"), [(SLOW_US, True), (SLOW_US + 1, False)])
def test_ten_samples_a_second_are_not_smoothed(dt_us, smoothed):
    rail = Rail(0, 10**6)
    steady(rail, 0, dt_us)
    for _ in range(3):
        rail.step(dt_us, 1000)
    assert rail.force_mn == (250 if smoothed else 1000)


def test_rows_between_samples_count_as_time():
    """A slow chip read by fast rows: seven empty ones between two samples."""
    rail = Rail(0, 10**6)
    for sample in (0, 0, 0, 0, 0, 1000, 1000, 1000):
        for _ in range(7):
            rail.step(DT_US, None)
        rail.step(DT_US, sample)
    assert rail.force_mn == 1000


@given(samples, st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
@example(5, [SILENT_US])
@example(5, [SILENT_US, 1])
def test_silence_is_told_after_half_a_second(sample, dts_us):
    rail = Rail(0, 10**6)
    steady(rail, sample)
    silent_us = 0
    for dt_us in dts_us:
        rail.step(dt_us, None)
        silent_us += dt_us
        if silent_us > SILENT_US:
            assert (rail.force_mn, rail.fault) == (None, declared._SILENT)
        else:
            assert (rail.force_mn, rail.fault) == (sample, 0)


def test_after_silence_the_force_is_known_from_the_third_sample():
    rail = Rail(0, 10**6)
    steady(rail, 5000)
    steady(rail, None, rows=41)
    assert rail.force_mn is None
    forces = []
    for sample in (100, 200, 300, 300, 300, 300):
        rail.step(DT_US, sample)
        forces.append(rail.force_mn)
        assert rail.fault == 0
    assert forces[:3] == [None, None, 200]
    # Smoothed from there: nothing is left of what was before the silence.
    assert all(200 <= force <= 300 for force in forces[2:])


def test_a_long_row_counts_as_silence_though_it_brings_a_sample():
    rail = Rail(0, 10**6)
    steady(rail, 5000)
    rail.step(SILENT_US + 1, 100)
    assert rail.force_mn is None
    rail = Rail(0, 10**6)
    steady(rail, 5000)
    rail.step(SILENT_US, 100)
    assert rail.force_mn == 5000


@pytest.mark.parametrize("stop", [declared._SAMPLE_HIGHEST, declared._SAMPLE_LOWEST])
def test_saturation(stop):
    rail = Rail(0, 10**6)
    steady(rail, 700)
    rail.step(DT_US, stop)
    assert (rail.force_mn, rail.fault) == (700, declared._SATURATED)
    rail.step(DT_US, None)
    assert rail.fault == declared._SATURATED
    steady(rail, stop, rows=40)
    assert (rail.force_mn, rail.fault) == (None, declared._SATURATED)
    steady(rail, None, rows=40)
    assert (rail.force_mn, rail.fault) == (None, declared._SATURATED)
    rail.step(DT_US, 700)
    assert rail.fault == 0
    assert steady(rail, 700, rows=2) == 700


@pytest.mark.parametrize("near", [declared._SAMPLE_HIGHEST - 1, declared._SAMPLE_LOWEST + 1])
def test_next_to_saturation_is_a_sample(near):
    assert steady(Rail(0, 10**6), near, rows=5) == near


def test_silence_lasts_for_ever():
    rail = Rail(0, 10**6)
    steady(rail, None, dt_us=2**29, rows=50)
    assert (rail.force_mn, rail.fault) == (None, declared._SILENT)


@given(masses)
def test_weight_is_the_floor_of_mass_times_gravity(mass_g):
    assert weight_mn(mass_g) == Fraction(mass_g) * Fraction("9.80665") // 1


@given(masses, st.integers(-(2**23) + 1, 2**23 - 2), st.integers(-(2**23) + 1, 2**23 - 2))
def test_reliance_is_the_exact_floor(mass_g, left_mn, right_mn):
    rails = Rails(pressed(left_mn), pressed(right_mn), mass_g, 0)
    rails.step(0, left_mn, right_mn)
    assert rails.reliance_permille == max(0, left_mn + right_mn) * 1000 // weight_mn(mass_g)


def test_reliance_of_the_highest_sum():
    left = Rail(-(2**23), 60_000_000)
    right = Rail(-(2**23), 60_000_000)
    rails = Rails(left, right, 20_000, 0)
    for _ in range(5):
        rails.step(DT_US, 2**23 - 2, 2**23 - 2)
    assert rails.reliance_permille == 2 * FORCE_LIMIT_MN * 1000 // weight_mn(20_000)
    assert rails.zone == declared._HEAVY


def thresholds(mass_g, noise_mn):
    weight = weight_mn(mass_g)
    supported = weight // 20
    return [min(max(weight // 100, noise_mn), supported), supported, weight * 3 // 20]


def exact_zone(sum_mn, before, up):
    """Up at a threshold, down a tenth below."""
    zone = before or 0
    while zone < 3 and sum_mn >= up[zone]:
        zone += 1
    while zone > 0 and sum_mn < up[zone - 1] - up[zone - 1] // 10:
        zone -= 1
    return zone


@given(masses, st.sampled_from([0, 4000, 50_000]) | st.integers(0, 50_000), st.data())
def test_zones_with_hysteresis(mass_g, noise_mn, data):
    up = thresholds(mass_g, noise_mn)
    near = [edge + d for edge in up for d in (-1, 0, 1)]
    near += [edge - edge // 10 + d for edge in up for d in (-1, 0, 1)]
    sums = data.draw(st.lists(st.sampled_from(near) | st.integers(-5000, up[2] * 2), max_size=20))
    rails = Rails(Rail(0, 10**6), Rail(0, 0), mass_g, noise_mn)
    zone = None
    for sum_mn in sums:
        for _ in range(5):
            rails.step(SLOW_US + 1, sum_mn, None)  # unsmoothed: the force is the sum at once
        # In between, the median went over older forces; those are only the one before.
        zone = exact_zone(sum_mn, zone, up)
        assert rails.left.force_mn == sum_mn
        assert rails.zone == zone


def test_zone_edges_of_70_kg():
    """1, 5 and 15 % of 686.465 N."""
    rails = Rails(Rail(0, 10**6), Rail(0, 0), 70_000, 0)
    seen = []
    for sum_mn in (0, 6863, 6864, 34322, 34323, 102968, 102969, 92673, 92672, 30891, 30890, 6177):
        for _ in range(5):
            rails.step(SLOW_US + 1, sum_mn, None)
        seen.append(rails.zone)
    assert seen == [
        declared._HANDS_OFF,
        *(declared._HANDS_OFF, declared._LIGHT),
        *(declared._LIGHT, declared._SUPPORTED),
        *(declared._SUPPORTED, declared._HEAVY),
        *(declared._HEAVY, declared._SUPPORTED),
        *(declared._SUPPORTED, declared._LIGHT),
        declared._HANDS_OFF,
    ]


def test_both_sides_add_up_and_one_unknown_side_hides_the_sum():
    rails = Rails(Rail(0, 10**6), Rail(0, -(10**6)), 100_000, 0)
    for _ in range(5):
        rails.step(DT_US, 20_000, -29_034)
    assert (rails.left.force_mn, rails.right.force_mn) == (20_000, 29_034)
    assert (rails.reliance_permille, rails.zone) == (50, declared._SUPPORTED)
    for _ in range(41):
        rails.step(DT_US, 20_000, None)
    assert (rails.reliance_permille, rails.zone) == (None, None)
    assert rails.left.force_mn == 20_000
    for _ in range(41):
        rails.step(DT_US, None, -29_034)
    assert (rails.reliance_permille, rails.zone) == (None, None)
    assert rails.right.force_mn == 29_034


@pytest.mark.parametrize("side", [0, 1])
def test_a_single_cell_is_the_sum(side):
    sizes_nn = [0, 0]
    sizes_nn[side] = 10**6
    rails = Rails(Rail(0, sizes_nn[0]), Rail(0, sizes_nn[1]), 100_000, 0)
    for _ in range(5):
        rails.step(DT_US, 49_100, 49_100)
    forces = [rails.left.force_mn, rails.right.force_mn]
    assert forces[side] == 49_100
    assert forces[1 - side] is None
    assert rails.reliance_permille == 50
    assert rails.zone == declared._SUPPORTED


def test_without_cells_nothing_is_known():
    rails = Rails(Rail(0, 0), Rail(0, 0), 70_000, 0)
    rails.step(2**29, 5, 5)
    assert (rails.reliance_permille, rails.zone) == (None, None)
    assert (rails.left.fault, rails.right.fault) == (0, 0)


def test_one_spike_in_a_hundred_leaves_the_force_within_1_n():
    """The goal of the design, with noise of 20 counts and spikes anywhere in the range."""
    chance = random.Random(7)
    rail = Rail(0, 230_000)
    errors = []
    for row in range(8000):
        sample = 200_000 + round(chance.gauss(0, 20))
        if chance.random() < 0.01:
            sample = chance.randrange(declared._SAMPLE_LOWEST + 1, declared._SAMPLE_HIGHEST)
        rail.step(DT_US, sample)
        if row > 100:
            errors.append(rail.force_mn - 46_000)
    assert (sum(error * error for error in errors) / len(errors)) ** 0.5 < 1000


def test_half_a_second_is_not_yet_silence():
    """Not for one of the first samples, nor for the median."""
    rail = Rail(0, 10**6)
    steady(rail, 300, rows=3)
    rail.step(SILENT_US, 300)
    assert rail.force_mn == 300
    rail = Rail(0, 10**6)
    for sample in (0, 0, 0, 0, 1000):
        rail.step(SLOW_US + 1, sample)
    rail.step(SILENT_US, 1000)
    assert rail.force_mn == 0


def test_the_zone_comes_back_after_silence():
    rails = Rails(Rail(0, 10**6), Rail(0, 0), 100_000, 0)
    for sample, rows, zone in (
        (60_000, 5, declared._SUPPORTED),
        (None, 41, None),
        (60_000, 3, declared._SUPPORTED),
    ):
        for _ in range(rows):
            rails.step(DT_US, sample, None)
        assert rails.zone == zone
