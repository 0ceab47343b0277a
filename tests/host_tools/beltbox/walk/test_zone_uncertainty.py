"""The uncertainty of a walk's sums, by hand."""

from __future__ import annotations

import math

import pytest

from beltbox.walk.rows import MetricRow
from beltbox.walk.zone_uncertainty import ZoneUncertainty

LIMITS = (10, 50, 150)


def uncertainty_of(*rows, u=4.0):
    uncertainty = ZoneUncertainty()
    for place_mm, permille, zone in rows:
        row = MetricRow(0, 500, 500, place_mm, reliance_permille=permille, zone=zone)
        uncertainty.add(row, LIMITS, u)
    return uncertainty


@pytest.mark.parametrize(
    ("permille", "zone", "expected"),
    [
        (1, 0, (0, 0, 0, 0)),  # 2 u below the limit and more
        (2, 0, (0, 0, 0, 0)),
        (3, 0, (500, 500, 0, 0)),
        (16, 1, (500, 500, 0, 0)),  # light is kept down to 0.9 of its limit
        (17, 1, (0, 0, 0, 0)),
        (43, 1, (0, 500, 500, 0)),
        (52, 2, (0, 500, 500, 0)),
        (140, 3, (0, 0, 500, 500)),
        (143, 3, (0, 0, 0, 0)),
    ],
)
def test_metres_near_a_limit_are_uncertain_on_both_sides_of_it(permille, zone, expected):
    uncertainty = uncertainty_of((1000, permille, zone))
    assert [uncertainty.zone_mm_u(number) for number in range(4)] == list(expected)


def test_of_the_two_sides_of_a_limit_the_larger_counts_and_two_limits_add_up():
    uncertainty = uncertainty_of((1000, 9, 0), (1600, 11, 1), (2400, 45, 1))
    assert uncertainty.zone_mm_u(0) == 500
    assert uncertainty.zone_mm_u(1) == pytest.approx(math.hypot(500, 400))


def test_what_is_unknown_adds_no_uncertainty():
    assert uncertainty_of((1000, 9, 0), u=None).zone_mm_u(0) == 0
    assert uncertainty_of((1000, None, None)).zone_mm_u(0) == 0
    assert uncertainty_of((None, 9, 0)).zone_mm_u(0) == 0


def test_a_new_segment_counts_from_its_own_zero():
    uncertainty = uncertainty_of((1000, 9, 0))
    uncertainty.start_segment()
    uncertainty.add(MetricRow(0, 500, 500, 400, reliance_permille=9, zone=0), LIMITS, 4.0)
    assert uncertainty.zone_mm_u(0) == 700


def walked(*places_and_speeds):
    uncertainty = ZoneUncertainty()
    for place_mm, belt_mm_s in places_and_speeds:
        uncertainty.add(MetricRow(0, belt_mm_s, 0, place_mm), LIMITS, None)
    return uncertainty


def test_starts_are_counted_and_trembling_is_none():
    assert walked((0, 0), (100, 300), (149, 300)).starts == 0
    assert walked((0, 0), (100, 300), (150, 300), (900, 300)).starts == 1
    assert walked((0, 0), (50, 300), (50, 0), (100, 300), (100, 0), (200, 300)).starts == 0
    twice = walked((0, 0), (500, -300), (500, 0), (600, -300), (700, -300), (900, -300))
    assert twice.starts == 2


def test_a_belt_that_goes_on_over_a_reset_doesnt_set_off_again():
    uncertainty = walked((0, 0), (500, 300))
    uncertainty.start_segment()
    uncertainty.add(MetricRow(0, 300, 300, 400), LIMITS, None)
    assert uncertainty.starts == 1
