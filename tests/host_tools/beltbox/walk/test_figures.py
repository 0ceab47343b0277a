"""The figures of a whole walk, from its rows."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from beltbox.walk.figures import walk_numbers
from beltbox.walk.rows import MetricRow
from beltbox.walk.session import Segment, Session
from beltbox.walk.totals import Totals

SETTINGS = {
    "belt_nm_per_count": 100_000,
    "belt_u_ppm": 3000,
    "rail_left_nn_per_count": 230_000,
    "rail_left_u_ppm": 5000,
    "body_mass_g": 70_000,
}


def walk(*segments, steps=200, settings=SETTINGS):
    totals = Totals(
        distance_mm=100_000,
        backward_mm=100_000,
        hands_off_mm=60_000,
        light_mm=40_000,
        moving_ms=120_000,
        steps=steps,
        steps_mm=100_000,
        paced_steps=steps or 0,
        paced_ms=120_000,
    )
    return walk_numbers(
        Session(
            summary=SimpleNamespace(totals=totals, dated=False),
            segments=[Segment(settings, 1, "start", None, [], rows, []) for rows in segments],
            events=[],
        )
    )


def row(place_mm, belt_mm_s=500, **more):
    return MetricRow(100, belt_mm_s, belt_mm_s, place_mm, **more)


def test_cadence_and_length_are_as_sure_as_the_steps():
    numbers = walk([row(0), row(1000)])
    assert numbers.cadence_spm == 100
    # hypot(0.9, 0.4 % of 200) of 200 steps, and 0.15 of 120 s.
    assert numbers.cadence_spm_u == pytest.approx(
        100 * math.hypot(1.2042 / 200, 0.15 / 120), rel=1e-3
    )
    assert numbers.step_length_mm == 500
    assert numbers.step_length_mm_u == pytest.approx(
        500 * (0.006021**2 + 0.003**2) ** 0.5, rel=1e-3
    )


def test_starts_and_zones_are_looked_for_in_all_segments():
    numbers = walk(
        [row(0, 0), row(1000), row(1000, 0)],
        [row(0, 0), row(2000, reliance_permille=9, zone=0), row(3000, reliance_permille=0, zone=0)],
    )
    assert numbers.zone_uncertainty.starts == 2
    assert numbers.u["steps_u"] == pytest.approx((1.8**2 + 0.8**2) ** 0.5)
    assert numbers.u["hands_off_share_u"] == pytest.approx(1000 / 100_000)


def test_the_asymmetry_is_the_mean_of_the_rows_that_know_it():
    known = [
        row(n, step_asymmetry_permille=value, step_asymmetry_u_permille=u)
        for n, (value, u) in enumerate(((30, 10), (50, 20)))
    ]
    numbers = walk([row(0), *known])
    assert (numbers.asymmetry_permille, numbers.asymmetry_u_permille) == (40, 15)
    assert walk([row(0)]).asymmetry_permille is None


@pytest.mark.parametrize(
    ("sides", "named"),
    [([1, 1, None], 1), ([2, 2, 2], 2), ([1, None, None], None), ([1, 2, 1], None), ([None], None)],
)
def test_a_side_is_named_where_most_rows_name_it_and_none_the_other(sides, named):
    rows = [
        row(n, step_asymmetry_permille=90, step_asymmetry_u_permille=10, longer_step_side=side)
        for n, side in enumerate(sides)
    ]
    assert walk(rows).longer_step_side == named
    assert walk(rows).as_json()["longer_step_side"] == named


def test_without_steps_or_calibration_there_is_nothing_to_say():
    nobody = walk([row(0)], steps=None)
    assert nobody.cadence_spm is nobody.cadence_spm_u is nobody.step_length_mm_u is None
    hand_set = walk([row(0)], settings={**SETTINGS, "belt_u_ppm": 0, "rail_left_u_ppm": 0})
    json = hand_set.as_json()
    assert json["cadence_spm"] == 100
    assert [name for name, value in json.items() if name.endswith("_u") and value is not None] == []
