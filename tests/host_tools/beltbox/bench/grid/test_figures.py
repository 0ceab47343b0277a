"""The grid's figures: readings that are off by a known amount are told to be off by that."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest

from beltbox.bench.grid.figures import figures
from beltbox.bench.grid.made_up_walk import walked
from beltbox.bench.grid.rivals import EVERY, STEPS_OF_SIDES, Readings, asymmetry_permille
from beltbox.bench.grid.walks import scenarios


@pytest.fixture(scope="module")
def walk():
    """Backward, with a limp, hands that lean on the rails."""
    (one,) = [
        one
        for one in scenarios((1.0,))
        if one.backward and one.asymmetry and one.hold == 0.15 and one.peaks == 0.15
    ]
    return walked(one)


@pytest.fixture
def true(walk):
    """What an estimator without error and without lag would say."""
    t_s = [row.t_us / 1e6 for row in walk.raw[::EVERY]]
    steps_s = walk.steps_s(*walk.steady_s)
    spm = 60 * (len(steps_s) - 1) / (steps_s[-1] - steps_s[0])
    way_mm = walk.belt.place_mm(steps_s[-1]) - walk.belt.place_mm(steps_s[0])
    forces_n = [walk.forces_n(t) for t in t_s]
    return Readings(
        t_s=t_s,
        belt_lag_s=0.0,
        force_lag_s=0.0,
        speed_mm_s=[walk.mean_mm_s(t - 1, t) for t in t_s],
        belt_mm_s=[walk.speed_mm_s(t) for t in t_s],
        forces_n=list(forces_n),
        reliance_percent=[100 * sum(both) / walk.weight_n for both in forces_n],
        cadence_spm=[spm] * len(t_s),
        step_length_mm=[way_mm / (len(steps_s) - 1)] * len(t_s),
        asymmetry_permille=[
            asymmetry_permille(walk.steps_s(0, t)[-STEPS_OF_SIDES - 1 :]) if t > 60 else None
            for t in t_s
        ],
        asymmetry_u_permille=[1.0] * len(t_s),
        steps=len(walk.belt.steps_s),
    )


def test_the_truth_is_without_error(walk, true):
    found = figures(walk, true)
    assert found.speed_percent == pytest.approx(0, abs=1e-9)
    assert found.belt_percent == pytest.approx(0, abs=1e-9)
    assert found.standing_n == pytest.approx(0, abs=1e-9)
    assert found.walking_n == pytest.approx(0, abs=1e-9)
    assert found.reliance_percent == pytest.approx(0, abs=1e-9)
    assert found.cadence_spm == pytest.approx(0, abs=1e-9)
    assert found.cadence_known == 1
    assert found.step_length_mm == pytest.approx(0, abs=1e-9)
    assert found.steps_off == 0
    assert found.asymmetry_permille == pytest.approx(0, abs=1e-9)
    assert found.asymmetry_within is True


def test_what_is_off_is_told_in_its_unit(walk, true):
    off = replace(
        true,
        speed_mm_s=[speed + 3 for speed in true.speed_mm_s],
        belt_mm_s=[speed - 5 for speed in true.belt_mm_s],
        forces_n=[(left, right - 2) for left, right in true.forces_n],
        reliance_percent=[percent + 0.5 for percent in true.reliance_percent],
        cadence_spm=[spm - 4 for spm in true.cadence_spm],
        step_length_mm=[mm + 6 for mm in true.step_length_mm],
        asymmetry_permille=[one and one + 2.5 for one in true.asymmetry_permille],
        steps=true.steps - 2,
    )
    found = figures(walk, off)
    mean_mm_s = (walk.belt.place_mm(75) - walk.belt.place_mm(15)) / 60
    assert found.speed_percent == pytest.approx(300 / mean_mm_s)
    assert found.belt_percent == pytest.approx(500 / mean_mm_s)
    assert found.standing_n == pytest.approx(2)
    assert found.walking_n == pytest.approx(2)
    assert found.reliance_percent == pytest.approx(0.5)
    assert found.cadence_spm == pytest.approx(4)
    assert found.step_length_mm == pytest.approx(6)
    assert found.steps_off == -2
    assert found.asymmetry_permille == pytest.approx(2.5)
    assert found.asymmetry_within is False  # 2.5 is more than twice 1


def test_a_lag_that_is_stated_is_allowed_for(walk, true):
    late = replace(
        true,
        belt_mm_s=[walk.speed_mm_s(t - 0.03) for t in true.t_s],
        forces_n=[walk.forces_n(t - 0.06) for t in true.t_s],
    )
    stated = figures(walk, replace(late, belt_lag_s=0.03, force_lag_s=0.06))
    assert stated.belt_percent == pytest.approx(0, abs=1e-9)
    assert stated.walking_n == pytest.approx(0, abs=1e-9)
    hidden = figures(walk, late)
    assert hidden.belt_percent > 0.5
    assert hidden.walking_n > 0.5


def test_what_is_seldom_told_is_told_to_be_so(walk, true):
    half = [spm if at % 2 else None for at, spm in enumerate(true.cadence_spm)]
    assert figures(walk, replace(true, cadence_spm=half)).cadence_known == pytest.approx(
        0.5, abs=0.01
    )
    silent = figures(
        walk,
        replace(true, cadence_spm=[], step_length_mm=[], asymmetry_permille=[], steps=None),
    )
    assert silent.cadence_spm is None
    assert silent.step_length_mm is None
    assert silent.steps_off is None
    assert silent.asymmetry_permille is None
    assert silent.asymmetry_within is None


def test_hands_come_when_standing_and_sway_when_walking(walk):
    weight_n = walk.weight_n
    assert walk.forces_n(4.9) == (0, 0)
    assert walk.forces_n(10.0) == pytest.approx((0.09 * weight_n, 0.06 * weight_n))
    both_n = [walk.forces_n(20 + at / 100) for at in range(1000)]
    left_n, right_n = [left for left, _ in both_n], [right for _, right in both_n]
    assert max(left_n) == pytest.approx(0.09 * weight_n * 1.16, rel=0.01)
    assert min(left_n) == pytest.approx(0.09 * weight_n * 0.84, rel=0.01)
    assert statistics.correlation(left_n, right_n) < -0.9  # the left against the right
    assert walk.forces_n(77.0) == (0, 0)
