"""The zones' limits, held against the box's own rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltbox.walk.rows import MetricRow
from beltbox.walk.totals import Totals
from beltbox.walk.zones import ZONES, zone_limits_permille, zone_ranges
from beltcore import settings as declared
from beltcore.rails import Rail, Rails, weight_mn

NN_PER_COUNT = 1_000_000  # a millinewton a count: samples are forces


def boxs_zone(force_mn: int, body_mass_g: int, noise_mn: int) -> int:
    """The zone that a box just switched on finds for a steady force."""
    rails = Rails(Rail(0, NN_PER_COUNT), Rail(0, 0), body_mass_g, noise_mn)
    for _ in range(12):
        rails.step(12_500, force_mn, None)
    assert rails.left.force_mn == force_mn
    return rails.zone


@given(st.integers(20_000, 300_000), st.integers(0, 50_000), st.integers(1, 3))
def test_each_limit_is_where_the_box_changes_the_zone(body_mass_g, noise_mn, zone):
    limits = zone_limits_permille({"body_mass_g": body_mass_g, "rail_noise_mn": noise_mn})
    limit_mn = limits[zone - 1] * weight_mn(body_mass_g) / 1000
    assert boxs_zone(int(limit_mn) - 2, body_mass_g, noise_mn) < zone
    assert boxs_zone(int(limit_mn) + 2, body_mass_g, noise_mn) >= zone


@pytest.mark.parametrize(
    ("noise_mn", "limits", "ranges"),
    [
        (0, (10, 50, 150), ["below 1 %", "1 to 5 %", "5 to 15 %", "15 % and more"]),
        (6864, (10, 50, 150), ["below 1 %", "1 to 5 %", "5 to 15 %", "15 % and more"]),
        # 13.7292 N of 70 kg, whose weight is 686.465 N.
        (13_729, (20, 50, 150), ["below 2 %", "2 to 5 %", "5 to 15 %", "15 % and more"]),
        (11_600, (16.9, 50, 150), ["below 1.7 %", "1.7 to 5 %", "5 to 15 %", "15 % and more"]),
        (50_000, (50, 50, 150), ["below 5 %", "none", "5 to 15 %", "15 % and more"]),
    ],
)
def test_noise_raises_the_first_limit_at_most_to_the_second(noise_mn, limits, ranges):
    settings = declared.complete({"body_mass_g": 70_000, "rail_noise_mn": noise_mn})
    assert zone_limits_permille(settings) == pytest.approx(limits, abs=0.01)
    assert zone_ranges(zone_limits_permille(settings)) == ranges


def test_settings_that_are_unknown_have_the_plain_limits():
    assert zone_limits_permille({}) == (10, 50, 150)


def test_a_zones_column_is_one_of_the_rows_and_of_the_totals():
    for zone in ZONES:
        assert zone.column in MetricRow._fields
        assert hasattr(Totals(), zone.column)
    assert [zone.name.replace(" ", "_") + "_mm" for zone in ZONES] == [
        zone.column for zone in ZONES
    ]
