"""A measurement against big integers: time, distance, zone metres, flags, the metric row."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beltcore import settings
from beltcore.core import Core
from beltcore.host import flags
from beltcore.host.metrics import COLUMNS, metric_row

CLOCK = 2**30
HALF = 2**29
KG_70_MN = 686_465

sizes = st.sampled_from([1, 100_000, 467_557, 999_999, 12_000_000, 10**9]) | st.integers(1, 10**9)
steps = st.sampled_from([-HALF, -HALF + 1, -1, 0, 1, HALF - 1]) | st.integers(-HALF, HALF - 1)
starts = st.integers(0, CLOCK - 1)


def core_with(**given_settings):
    return Core(settings.complete(given_settings))


def in_nm(length):
    return (length.m * 1000 + length.mm) * 10**6 + length.nm


def nearest_mm(nm):
    return (nm + 500_000) // 10**6


def signed(count, bits):
    """As a counter of so many bits would show it."""
    half = 1 << bits - 1
    return (count + half) % (2 * half) - half


@given(
    sizes,
    st.sampled_from([1, -1]),
    st.sampled_from([30, 31]),
    st.integers(-(2**29), 2**29 - 1),
    st.lists(st.tuples(steps, st.booleans()), max_size=30),
)
def test_distance_is_exact(size, direction, bits, count, rows):
    core = core_with(belt_nm_per_count=size, belt_direction=direction)
    core.step(0, count, None, None)
    forward = backward = 0
    for row, (step, read) in enumerate(rows, 1):
        count += step
        core.step(row * 12_500, signed(count, bits), None, None)
        way = step * direction
        forward += max(way, 0)
        backward += max(-way, 0)
        if read:
            assert in_nm(core.lengths()[0]) == forward * size % (2**30 * 10**9)
    assert in_nm(core.lengths()[0]) == forward * size % (2**30 * 10**9)
    assert in_nm(core.lengths()[1]) == backward * size % (2**30 * 10**9)


@pytest.mark.parametrize("size", [99_999, 100_000, 467_557, 12_000_001])
def test_10_000_km_are_exact_to_the_nanometre(size):
    core = core_with(belt_nm_per_count=size)
    count = walked = row = 0
    core.step(0, 0, None, None)
    while walked * size < 10**16:
        row += 1
        step = 536_870_911 - row % 1000
        count += step
        walked += step
        core.step(row * 12_500 % CLOCK, signed(count, 31), None, None)
    assert in_nm(core.lengths()[0]) == walked * size
    assert metric_row(core)[4] == nearest_mm(walked * size)


def test_small_steps_for_long_are_exact():
    """A third of a millimetre, carried a hundred thousand times."""
    core = core_with(belt_nm_per_count=333_333)
    core.step(0, 0, None, None)
    for row in range(1, 100_001):
        core.step(row * 12_500 % CLOCK, row, None, None)
        if row % 4 == 0:
            core.lengths()
    assert metric_row(core)[3:6] == [33_333, 33_333, 0]
    assert core.lengths()[0].nm == 100_000 * 333_333 % 10**6


@given(starts, st.lists(st.integers(0, HALF - 1) | st.just(HALF - 1), max_size=60))
@example(0, [999_999, 1, 10**6])
def test_time_never_wraps(t_us, dts_us):
    core = core_with()
    core.step(t_us, 0, None, None)
    passed_us = 0
    for dt_us in dts_us:
        t_us = (t_us + dt_us) % CLOCK
        passed_us += dt_us
        core.step(t_us, 0, None, None)
        assert (core.seconds, core.microseconds) == divmod(passed_us, 10**6)
        assert metric_row(core)[0] == passed_us // 1000


def test_years():
    core = core_with()
    for row in range(180_001):
        core.step(row * (HALF - 1) % CLOCK, 0, None, None)
    assert core.seconds == 180_000 * (HALF - 1) // 10**6 > 3 * 365 * 86_400


@given(starts, st.integers(HALF, CLOCK - 1))
def test_half_a_period_or_more_reads_as_no_time(t_us, dt_us):
    """The clock ran backward, or nobody looked for nine minutes: speed starts anew, and says so."""
    core = core_with(belt_nm_per_count=10**6)
    for row in range(100):
        core.step((t_us + row * 12_500) % CLOCK, row * 10, None, None)
    assert core.belt.speed_mm_s == 800
    before = (core.seconds, core.microseconds)
    t_us = (t_us + 99 * 12_500 + dt_us) % CLOCK
    core.step(t_us, 1000, None, None)
    assert (core.seconds, core.microseconds) == before
    assert core.flags == flags.ROW_GAP
    assert core.belt.speed_mm_s == core.belt.belt_mm_s == 0
    for row in range(1, 200):
        core.step((t_us + row * 12_500) % CLOCK, 1000 + row * 10, None, None)
        assert core.flags == 0
    assert core.belt.speed_mm_s == core.belt.belt_mm_s == 800
    assert metric_row(core)[4] == 1000 + 1990


@given(st.data(), sizes, st.sampled_from([1, -1]))
def test_each_row_is_credited_to_the_zone_that_it_ends_in(data, size, direction):
    core = core_with(
        belt_nm_per_count=size,
        belt_direction=direction,
        rail_left_nn_per_count=10**6,
        rail_right_nn_per_count=10**6,
    )
    credited = [0, 0, 0, 0]
    count = data.draw(st.integers(-100, 100))
    core.step(0, count, 0, 0)
    hands = st.sampled_from([0, 1500, 8_000, 30_000, 60_000, None])
    for row in range(1, data.draw(st.integers(1, 60))):
        step = data.draw(steps if row % 9 == 8 else st.integers(-20, 20))
        count += step
        core.step(row * 50_000 % CLOCK, signed(count, 30), data.draw(hands), data.draw(hands))
        if core.rails.zone is not None:
            credited[core.rails.zone] += abs(step)
    assert [in_nm(length) for length in core.zone_lengths()] == [
        counts * size % (2**30 * 10**9) for counts in credited
    ]


def test_zone_metres_add_up_to_the_distance():
    core = core_with(belt_nm_per_count=10**6, rail_left_nn_per_count=10**6)
    forces = [0, 20_000, 50_000, 120_000]
    for row in range(801):
        core.step(row * 12_500, row * 10, forces[row // 200 % 4], None)
    row = dict(zip(COLUMNS, metric_row(core), strict=True))
    in_zones = [row[name] for name in ("hands_off_mm", "light_mm", "supported_mm", "heavy_mm")]
    # The first two rows know no force, and a change is seen a few rows late.
    assert sum(in_zones) == row["distance_mm"] - 20 + 10
    assert in_zones[0] == pytest.approx(2000, abs=50)
    assert in_zones[1] == pytest.approx(2000, abs=50)
    assert in_zones[2] == pytest.approx(2000, abs=50)
    assert in_zones[3] == pytest.approx(2000, abs=100)


@given(st.integers(0, 3_000_000))
@example(10**6)
@example(10**6 + 1)
def test_gap_is_told_beyond_a_second(dt_us):
    core = core_with()
    core.step(0, 0, None, None)
    core.step(dt_us, 0, None, None)
    assert core.flags == (flags.ROW_GAP if dt_us > 10**6 else 0)
    core.step(dt_us + 1, 0, None, None)
    assert core.flags == 0


@given(sizes, st.integers(0, 2_000_000), st.integers(-(2**29), 2**29 - 1))
def test_jump_is_told_beyond_50_m_s(size, dt_us, counts):
    core = core_with(belt_nm_per_count=size)
    core.step(0, 0, None, None)
    core.step(dt_us, signed(counts, 30), None, None)
    # Whole micrometres, downward; and the time taken is never shorter than 20 ms or over a second.
    moved_um = Fraction(counts * size, 1000) // 1
    limit_um = 50 * min(max(dt_us, 20_000), 10**6)
    jumped = abs(moved_um) > limit_um
    assert bool(core.flags & flags.BELT_JUMP) == jumped
    core.step(dt_us + 12_500, signed(counts, 30), None, None)
    assert core.flags & flags.BELT_JUMP == 0
    assert sum(map(in_nm, core.lengths())) == abs(counts) * size % (2**30 * 10**9)


def test_faults_of_both_rails_are_flags():
    both = {"rail_left_nn_per_count": 1, "rail_right_nn_per_count": 1}
    top = 2**23 - 1
    for left, right, bits in (
        (None, 1, flags.LEFT_SILENT),
        (1, None, flags.RIGHT_SILENT),
        (top, 1, flags.LEFT_SATURATED),
        (1, top, flags.RIGHT_SATURATED),
        (-top - 1, None, flags.LEFT_SATURATED | flags.RIGHT_SILENT),
        (1, 1, 0),
    ):
        core = core_with(**both)
        for row in range(60):
            core.step(row * 12_500, 0, left, right)
        assert core.flags == bits


def test_the_first_row_may_already_be_saturated():
    core = core_with(rail_left_nn_per_count=1, rail_right_nn_per_count=1)
    core.step(5, 0, 2**23 - 1, -(2**23))
    assert core.flags == flags.LEFT_SATURATED | flags.RIGHT_SATURATED


def test_settings_reach_the_rails():
    core = core_with(
        rail_left_zero=100,
        rail_left_nn_per_count=2_000_000,
        rail_right_zero=-50,
        rail_right_nn_per_count=-3_000_000,
        body_mass_g=50_000,
        rail_noise_mn=20_000,
    )
    for row in range(6):
        core.step(row * 12_500, 0, 5_100, -3_000)
    assert metric_row(core)[6:10] == [10_000, 8_850, 38, 0]  # below the noise, not below 1 %


def test_metric_row():
    assert (
        tuple(
            [
                "t_ms",
                "belt_mm_s",
                "speed_mm_s",
                "distance_mm",
                "forward_mm",
                "backward_mm",
                "rail_left_mn",
                "rail_right_mn",
                "reliance_permille",
                "zone",
                "hands_off_mm",
                "light_mm",
                "supported_mm",
                "heavy_mm",
                "steps",
                "cadence_spm_x10",
                "step_length_mm",
                "grabs",
                "flags",
                "step_time_sd_ms",
                "step_asymmetry_permille",
                "step_asymmetry_u_permille",
                "longer_step_side",
            ]
        )
        == COLUMNS
    )
    core = core_with(belt_nm_per_count=600_000, rail_right_nn_per_count=10**6)
    for row in range(401):
        core.step(row * 12_500, row * 10 if row <= 200 else 2000 - (row - 200) * 20, None, KG_70_MN)
    assert metric_row(core) == [
        *(5000, -960, -960),
        *(3600, 1200, 2400),
        *(None, KG_70_MN, 1000, 3),
        *(0, 0, 0, 3600 - 6),  # the first row with steps has no force yet
        *(0, None, None, 0, 0),
        *(None, None, None, None),
    ]


def test_metric_row_without_cells_knows_no_zone_metres():
    core = core_with(belt_nm_per_count=10**6)
    core.step(0, 0, None, None)
    core.step(12_500, 7, None, None)
    row = metric_row(core)
    assert row[3:6] == [7, 7, 0]
    assert row[6:14] == [None] * 8


@given(sizes, st.integers(0, 2**29 - 1), st.integers(0, 2**29 - 1))
def test_millimetres_are_the_nearest_and_add_up(size, there, back):
    core = core_with(belt_nm_per_count=size)
    core.step(0, 0, None, None)
    core.step(12_500, there, None, None)
    core.step(25_000, there - back, None, None)
    forward, backward = nearest_mm(there * size), nearest_mm(back * size)
    assert metric_row(core)[3:6] == [forward + backward, forward, backward]


def test_before_the_first_row():
    core = core_with(belt_nm_per_count=10**6, rail_left_nn_per_count=10**6)
    assert metric_row(core) == [
        0,
        0,
        0,
        0,
        0,
        0,
        None,
        None,
        None,
        None,
        0,
        0,
        0,
        0,
        *(0, None, None, 0, 0),
        *(None, None, None, None),
    ]
