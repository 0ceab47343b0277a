"""The bench's rivals, on rows whose answer is known."""

from __future__ import annotations

import pytest

from beltbox.bench.grid.rivals import (
    EVERY,
    asymmetry_permille,
    median_slope,
    ours,
    plain,
    theil_sen,
)
from beltbox.walk.rows import RawRow
from beltcore.settings import complete

SETTINGS = complete(
    {
        "belt_nm_per_count": 100_000,
        "rail_left_zero": 1000,
        "rail_right_zero": -2000,
        "rail_left_nn_per_count": 200_000,
        "rail_right_nn_per_count": -100_000,
        "body_mass_g": 50_000,
    }
)
RIVALS = pytest.mark.parametrize("rival", [plain, theil_sen])


def even(counts_a_row: int, rows: int = 400) -> list[RawRow]:
    """80 rows a second; 100 N on the left, 20 N on the right."""
    return [
        RawRow(at * 12_500, at * counts_a_row, 1000 + 500_000, -2000 - 200_000)
        for at in range(rows)
    ]


@RIVALS
@pytest.mark.parametrize("counts", [5, -5])
def test_an_even_belt_is_exactly_told(rival, counts):
    read = rival(even(counts), SETTINGS)
    speed_mm_s = counts * 0.1 * 80
    assert read.t_s == pytest.approx([at * EVERY / 80 for at in range(50)])
    assert read.speed_mm_s[1:] == pytest.approx([speed_mm_s] * 49)
    assert read.belt_mm_s[1:] == pytest.approx([speed_mm_s] * 49)


@RIVALS
def test_a_belt_that_speeds_up_shows_the_window_and_the_lag(rival):
    # The place is t**2 m: the speed 2 t, its mean over the last second 2 t - 1.
    raw = [RawRow(at * 12_500, round((at / 80) ** 2 * 10_000), None, None) for at in range(400)]
    read = rival(raw, SETTINGS)
    for at in range(20, 50):
        t_s = read.t_s[at]
        assert read.speed_mm_s[at] == pytest.approx(2000 * t_s - 1000, abs=5)
        assert read.belt_mm_s[at] == pytest.approx(2000 * (t_s - read.belt_lag_s), abs=5)
        assert read.belt_lag_s == pytest.approx(0.03, abs=0.002)


@RIVALS
def test_a_force_is_the_samples_minus_the_tare_and_reliance_its_part_of_the_weight(rival):
    read = rival(even(5), SETTINGS)
    assert read.forces_n[-1] == pytest.approx((100, 20))
    assert read.reliance_percent[-1] == pytest.approx(100 * 120 / (50 * 9.80665))


def test_one_spike_shifts_a_mean_and_not_a_median():
    raw = even(5)
    at = 40 * EVERY
    raw[at - 3] = raw[at - 3]._replace(rail_left=1000 + 500_000 + 600_000)  # 120 N more
    assert plain(raw, SETTINGS).forces_n[40][0] == pytest.approx(100 + 120 / 12)
    assert theil_sen(raw, SETTINGS).forces_n[40][0] == pytest.approx(100)


@RIVALS
def test_no_cell_gives_no_force(rival):
    raw = [row._replace(rail_left=None, rail_right=None) for row in even(5)]
    read = rival(raw, SETTINGS)
    assert read.forces_n[-1] == (None, None)
    assert read.reliance_percent[-1] is None


def test_the_median_slope_of_a_line_bears_an_outlier():
    x = [0.0, 1.0, 2.5, 3.0, 4.0, 7.0, 8.0]
    y = [3 + 2 * one for one in x]
    assert median_slope(x, y) == pytest.approx(2)
    y[3] += 1000
    assert median_slope(x, y) == pytest.approx(2)


def test_the_median_slope_of_all_pairs():
    assert median_slope([0, 1, 2], [0, 1, 5]) == pytest.approx(2.5)  # of 1, 2.5, 4
    # Of -5, -0.5, 0, 1, 2.5, 4; least squares would say 0.4.
    assert median_slope([0, 1, 2, 3], [0, 1, 5, 0]) == pytest.approx(0.5)
    assert median_slope([0, 1, 2], [4, 4, 4]) == 0


def test_steps_of_a_belt_that_dips_once_a_second_are_counted_by_plain_differences():
    # 40 counts a row, but 20 in a third of each second: from 2 s on, 30 dips.
    count, raw = 0, []
    for at in range(34 * 80):
        raw.append(RawRow(at * 12_500, count, None, None))
        if 2 * 80 <= at < 32 * 80:
            count += 20 if at % 80 < 27 else 40
    read = plain(raw, SETTINGS)
    assert read.steps == pytest.approx(30, abs=2)
    at = 25 * 10
    assert read.cadence_spm[at] == pytest.approx(60, abs=1)
    assert read.step_length_mm[at] == pytest.approx(0.1 * (27 * 20 + 53 * 40), rel=0.02)
    assert read.asymmetry_permille[at] is None  # after so few steps
    assert theil_sen(raw, SETTINGS).steps is None


def test_asymmetry_is_the_sides_difference_of_their_mean_without_sign():
    steps_s = [0.0]
    for _ in range(10):
        steps_s += [steps_s[-1] + 0.55, steps_s[-1] + 1.0]
    assert asymmetry_permille(steps_s) == pytest.approx(200)
    assert asymmetry_permille(steps_s[1:]) == pytest.approx(200)
    assert asymmetry_permille([0, 1, 2, 3, 4]) == 0


def test_ours_reads_the_rows_that_the_rivals_read():
    raw = even(5)
    read, other = ours(raw, SETTINGS), plain(raw, SETTINGS)
    assert read.t_s == other.t_s
    assert read.speed_mm_s[-1] == 40
    assert read.belt_mm_s[-1] == 40
    assert read.forces_n[-1] == pytest.approx((100, 20), abs=0.01)
    assert read.forces_n[0] == (None, None)
    assert read.steps == 0
    assert read.cadence_spm[-1] is None
