"""Uncertainties against a made-up world in which the truth is known, and by hand."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltbox.rows import MetricRow
from beltbox.uncertainty import COLUMNS, COVERAGE, Uncertainty
from beltcore import settings as declared

CALIBRATED = declared.complete(
    {
        "belt_nm_per_count": 100_000,
        "belt_u_ppm": 3000,
        "rail_left_nn_per_count": 230_000,
        "rail_right_nn_per_count": 230_000,
        "rail_left_u_ppm": 5000,
        "rail_right_u_ppm": 8000,
        "rail_noise_mn": 1200,
        "body_mass_g": 70_000,
    }
)


def test_by_hand():
    u = Uncertainty(CALIBRATED)
    assert u.speed(-700) == pytest.approx(math.hypot(2.1, 0.289, 0.041), abs=0.01)
    assert u.mean_speed(700) == pytest.approx(2.1)
    assert u.way(1_000_000) == pytest.approx(3000, abs=0.1)
    assert u.cadence(1200, 20) == pytest.approx(
        math.hypot(1200 * 0.04 / math.sqrt(12), 0.289), abs=0.01
    )
    assert COVERAGE == 2


def test_what_was_never_calibrated_has_none():
    u = Uncertainty(declared.defaults())
    row = MetricRow(5000, 300, 300, 900, 900, 0, 10, 10, 5, 0, step_length_mm=400)
    assert u.row(row) == (None,) * len(COLUMNS)
    only_left = Uncertainty(CALIBRATED | {"rail_right_u_ppm": 0})
    assert only_left.force("left", 5000) is not None
    assert only_left.force("right", 5000) is None
    assert only_left.reliance(50) is None
    one_cell = Uncertainty(CALIBRATED | {"rail_right_nn_per_count": 0, "rail_right_u_ppm": 0})
    assert one_cell.reliance(50) is not None


def test_what_is_unknown_has_none():
    assert Uncertainty(CALIBRATED).row(MetricRow(0)) == (None,) * len(COLUMNS)


def test_settings_of_an_older_recording_have_no_calibration():
    old = {key: value for key, value in CALIBRATED.items() if key not in declared.LATER_KEYS}
    assert Uncertainty(old).speed(500) is None


@given(
    st.fixed_dictionaries(
        {
            "belt_nm_per_count": st.integers(1, 10**9),
            "belt_u_ppm": st.integers(1, 10**6),
            "rail_left_nn_per_count": st.integers(-60_000_000, 60_000_000),
            "rail_left_u_ppm": st.integers(0, 10**6),
            "rail_noise_mn": st.integers(0, 50_000),
            "body_mass_g": st.integers(20_000, 300_000),
        }
    ),
    st.integers(-20_000, 20_000),
    st.integers(0, 10**9),
    st.integers(0, 5000),
)
def test_whole_numbers_that_are_never_nothing(values, speed, way, permille):
    u = Uncertainty(declared.complete(values))
    row = MetricRow(1, speed, speed, way, way, way, speed, None, permille, 0)
    for name, one in zip(COLUMNS, u.row(row), strict=True):
        assert one is None or (isinstance(one, int) and one >= 1), name
    assert u.row(row)[1] is not None


@pytest.mark.parametrize(
    ("mm_per_count", "speed"), [(0.1, 220.0), (12.0, 220.0), (12.0, 890.0), (1.0, 500.0)]
)
def test_the_mean_of_a_second_lies_as_far_off_as_said(mm_per_count, speed):
    """Places known to a count or to a row, whichever is finer, at either end of a second."""
    chance = random.Random(1)
    settings = declared.complete({"belt_nm_per_count": round(mm_per_count * 1e6), "belt_u_ppm": 1})
    finest = min(mm_per_count, speed * 0.0125)
    # Where either end of the second lies, and the last digit.
    errors = [
        (chance.uniform(-1, 1) + chance.uniform(-1, 1)) * finest / 2 + chance.uniform(-0.5, 0.5)
        for _ in range(4000)
    ]
    said = Uncertainty(settings).speed(speed)
    assert said is not None
    assert said == pytest.approx(statistics.pstdev(errors), rel=0.15)
