"""Uncertainties by hand; against worlds in which the truth is known: test_uncertainty_coverage."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltbox.walk.rows import MetricRow
from beltbox.walk.totals import Totals
from beltbox.walk.uncertainty import COLUMNS, Uncertainty, of_walk
from beltbox.walk.zone_uncertainty import ZoneUncertainty
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
    assert u.mean_speed(700, 1e9) == pytest.approx(2.1)
    # 0.15 s of 30 a start.
    assert u.mean_speed(700, 30) == pytest.approx(700 * (0.003**2 + 0.005**2) ** 0.5)
    assert u.distance(1_000_000) == pytest.approx(3000, abs=0.1)
    # 20 ms, rounded down, are 20.5; of steps of 0.5 s twelve come within 6 s, of 0.8 s six (even).
    assert u.cadence(1200, 20) == pytest.approx(
        math.hypot(1200 * 0.041 / math.sqrt(12), 0.289), abs=0.01
    )
    assert u.cadence(750, 20) == pytest.approx(
        math.hypot(750 * 20.5 / 800 / math.sqrt(6), 0.289), abs=0.01
    )
    assert u.step_length(400, 1200, 20) == pytest.approx(
        math.hypot(400 * 0.041 / math.sqrt(12), 400 * 0.008, 400 * 0.003, 0.289), abs=0.01
    )
    weight_n = 70 * 9.80665
    assert u.mean_reliance(0) == pytest.approx(math.hypot(3.1 / weight_n * 1000, 0.289), abs=0.01)
    assert u.mean_rail(100_000) == pytest.approx(math.hypot(800, 3100), abs=0.1)
    assert u.limits_permille == (10, 50, 150)
    loud = Uncertainty(CALIBRATED | {"rail_noise_mn": 13_729})
    assert loud.limits_permille == (pytest.approx(20, abs=0.01), 50, 150)


def test_what_was_never_calibrated_has_none():
    u = Uncertainty(declared.defaults())
    row = MetricRow(
        5000, 300, 300, 900, 900, 0, 10, 10, 5, 0, 900, 0, 0, 0, 9, 900, 400, step_time_sd_ms=20
    )
    assert u.row(row, ZoneUncertainty()) == (None,) * len(COLUMNS)
    only_left = Uncertainty(CALIBRATED | {"rail_right_u_ppm": 0})
    assert only_left.force("left", 5000) is not None
    assert only_left.force("right", 5000) is None
    assert only_left.reliance(50) is None
    one_cell = Uncertainty(CALIBRATED | {"rail_right_nn_per_count": 0, "rail_right_u_ppm": 0})
    assert one_cell.reliance(50) is not None


def test_what_is_unknown_has_none():
    assert Uncertainty(CALIBRATED).row(MetricRow(0), ZoneUncertainty()) == (None,) * len(COLUMNS)


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
def test_whole_numbers_that_are_never_nothing(values, speed, distance, permille):
    u = Uncertainty(declared.complete(values))
    row = MetricRow(1, speed, speed, distance, distance, distance, speed, None, permille, 0)
    for name, value in zip(COLUMNS, u.row(row, ZoneUncertainty()), strict=True):
        assert value is None or (isinstance(value, int) and value >= 1), name
    assert u.row(row, ZoneUncertainty())[1] is not None


def test_a_walk_of_several_segments_is_as_sure_as_the_worst_of_them():
    better = CALIBRATED | {"belt_u_ppm": 1000}
    assert of_walk([CALIBRATED, better]).mean_speed(1000, 1e9) == pytest.approx(3)
    assert of_walk([CALIBRATED | {"belt_u_ppm": 0}, better]).mean_speed(1000, 1e9) is None
    assert of_walk([]).distance(1000) is None


def test_steps_are_less_sure_with_each_start_and_never_with_a_coarse_encoder():
    u = Uncertainty(CALIBRATED)
    thrice = ZoneUncertainty()
    thrice.starts = 3
    assert u.steps(1000, ZoneUncertainty()) == pytest.approx(math.hypot(0.9, 4))
    assert u.steps(1000, thrice) == pytest.approx(math.hypot(2.7, 4))
    assert u.steps(None, ZoneUncertainty()) is None
    assert (
        Uncertainty(CALIBRATED | {"belt_nm_per_count": 12_000_000}).steps(9, ZoneUncertainty())
        is None
    )


def test_a_zones_length_is_as_sure_as_the_belt_and_its_limits():
    u = Uncertainty(CALIBRATED)
    zone_uncertainty = ZoneUncertainty()
    # 0.8 % of body weight: hands off, and not surely.
    u.take(MetricRow(100, 500, 500, 1000, reliance_permille=8, zone=0), zone_uncertainty)
    assert u.zone(0, 1000, zone_uncertainty) == pytest.approx(math.hypot(500, u.distance(1000)))
    assert u.hands_off_share([1000, 1000, 0, 0], zone_uncertainty) == 0.25
    assert u.hands_off_share([0, 0, 0, 0], zone_uncertainty) is None
    uncalibrated = Uncertainty(CALIBRATED | {"rail_left_u_ppm": 0})
    assert uncalibrated.zone(0, 1000, zone_uncertainty) is None
    assert uncalibrated.hands_off_share([1000, 0, 0, 0], zone_uncertainty) is None


def test_a_walks_totals_have_the_u_of_each_number():
    totals = Totals(
        distance_mm=105_000,
        backward_mm=105_000,
        hands_off_mm=26_000,
        light_mm=79_000,
        moving_ms=150_000,
        steps=200,
        reliance_permille_mm=20 * 105_000,
        reliance_mm=105_000,
    )
    u = Uncertainty(CALIBRATED)
    few = u.of_totals(totals)
    assert few["distance_mm_u"] == pytest.approx(315, abs=0.1)
    assert few["mean_speed_mm_s_u"] == pytest.approx(700 * (0.003**2 + 0.001**2) ** 0.5)
    assert few["mean_reliance_permille_u"] == u.mean_reliance(20)
    assert few["mean_rail_mn_u"] is None
    all_of_it = u.of_totals(totals, ZoneUncertainty())
    assert few.items() <= all_of_it.items()
    assert all_of_it["steps_u"] == u.steps(200, ZoneUncertainty())
    assert all_of_it["light_mm_u"] == u.distance(79_000)
    assert all_of_it["hands_off_share_u"] == 0
    totals.hands_off_mm = totals.light_mm = 0
    assert u.of_totals(totals, ZoneUncertainty())["light_mm_u"] is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, []),
        ({"belt_u_ppm": 0, "rail_left_u_ppm": 0, "rail_right_u_ppm": 0}, ["box isn't"]),
        ({"rail_right_u_ppm": 0}, ["of rails and zones: the right cell isn't"]),
        ({"rail_right_u_ppm": 0, "rail_right_nn_per_count": 0}, []),
        ({"belt_u_ppm": 0}, ["of speed, distance and steps: the belt isn't"]),
        ({"belt_nm_per_count": 12_000_000}, ["of steps, cadence"]),
        (
            {"belt_u_ppm": 0, "rail_left_u_ppm": 0},
            ["the belt isn't", "the left cell isn't"],
        ),
    ],
)
def test_what_has_no_uncertainty_is_told_with_the_reason(settings, said):
    gaps = Uncertainty({**CALIBRATED, **settings}).gaps()
    assert len(gaps) == len(said)
    for line, words in zip(gaps, said, strict=True):
        assert words in line
