"""The report's tables, row by row."""

from types import SimpleNamespace
from typing import Any

import pytest

from beltbox.report.numbers import Span
from beltbox.report.tables import comparison_row, settings_groups, span_row
from beltbox.walk.comparison import Comparison
from beltbox.walk.totals import Totals

TOTALS = Totals(
    duration_ms=60_000,
    distance_mm=30_000,
    hands_off_mm=10_000,
    light_mm=20_000,
    moving_ms=50_000,
    reliance_permille_mm=42 * 30_000,
    reliance_mm=30_000,
    rail_mn_mm=29_410 * 30_000,
    rail_mm=30_000,
)


def test_a_span_is_a_row_of_numbers_without_units():
    assert span_row(Span(60_000, 120_000, TOTALS)) == [
        "1:00 – 2:00",
        "30.0",
        "0.60",
        "1.3",
        "29.4",
        "4.2",
        "10.0",
        "20.0",
        "0.0",
        "0.0",
    ]
    assert span_row(Span(0, 5000, Totals()))[2:6] == ["–"] * 4


def test_a_comparison_says_whether_its_goal_is_met():
    assert comparison_row(Comparison("Distance", "m", 10, 10.02, 0.02, 0.01)) == [
        "Distance",
        "m",
        "10.000",
        "10.020",
        "+0.020",
        "± 0.010",
        "Not met",
    ]


@pytest.mark.parametrize(
    ("masses_g", "names"),
    [
        ([], []),
        ([70, 70, 70], [""]),
        ([70, 70, 80, 70], ["segments 1 to 2", "segment 3", "segment 4"]),
    ],
)
def test_equal_settings_are_listed_once(masses_g: list[int], names: list[str]):
    segments = [SimpleNamespace(settings={"body_mass_g": mass_g}) for mass_g in masses_g]
    session: Any = SimpleNamespace(segments=segments)
    assert [name for name, _ in settings_groups(session)] == names
