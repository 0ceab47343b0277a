"""Arrows between walks: only above what people change from day to day."""

from __future__ import annotations

import pytest

from beltbox.walk.since_last_walk import cadence_arrow, speed_arrow, step_length_arrow
from beltbox.walk.totals import Totals

UP, DOWN = "\N{UPWARDS ARROW}", "\N{DOWNWARDS ARROW}"


def walk(distance_mm=420_000, steps=1000):
    """Ten minutes; without other numbers 700 mm/s, 100 steps a minute of 420 mm."""
    return Totals(
        distance_mm=distance_mm,
        moving_ms=600_000,
        steps=steps,
        steps_mm=distance_mm,
        paced_steps=steps,
        paced_ms=600_000,
    )


@pytest.mark.parametrize(
    ("arrow", "name", "value", "expected"),
    [
        (speed_arrow, "distance_mm", 541_000, ""),
        (speed_arrow, "distance_mm", 542_000, UP),
        (speed_arrow, "distance_mm", 299_000, ""),
        (speed_arrow, "distance_mm", 298_000, DOWN),
        (cadence_arrow, "steps", 1134, ""),
        (cadence_arrow, "steps", 1136, UP),
        (cadence_arrow, "steps", 866, ""),
        (cadence_arrow, "steps", 860, DOWN),
        (step_length_arrow, "distance_mm", 533_000, ""),
        (step_length_arrow, "distance_mm", 534_000, UP),
        (step_length_arrow, "distance_mm", 300_000, DOWN),
    ],
)
def test_only_above_the_smallest_real_change(arrow, name, value, expected):
    assert arrow(walk(**{name: value}), walk()) == expected


@pytest.mark.parametrize("arrow", [speed_arrow, cadence_arrow, step_length_arrow])
def test_nothing_is_said_of_what_isnt_known(arrow):
    unknown = Totals()
    assert arrow(walk(), None) == ""
    assert arrow(walk(), unknown) == ""
    assert arrow(unknown, walk()) == ""
