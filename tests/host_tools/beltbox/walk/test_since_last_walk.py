"""Arrows between walks: only above what people change from day to day."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from beltbox.walk.since_last_walk import cadence_arrow, speed_arrow, step_length_arrow


def walk(speed=700.0, steps=1000, moving_s=600.0, distance_mm=420_000):
    return SimpleNamespace(
        mean_speed_mm_s=speed, steps=steps, moving_s=moving_s, distance_mm=distance_mm
    )


@pytest.mark.parametrize(
    ("arrow", "changes"),
    [
        (speed_arrow, {"speed": {902: "", 904: "\N{UPWARDS ARROW}", 496: "\N{DOWNWARDS ARROW}"}}),
        (
            cadence_arrow,
            {"steps": {1134: "", 1136: "\N{UPWARDS ARROW}", 860: "\N{DOWNWARDS ARROW}"}},
        ),
        (
            step_length_arrow,
            {
                "distance_mm": {
                    533_000: "",
                    534_000: "\N{UPWARDS ARROW}",
                    300_000: "\N{DOWNWARDS ARROW}",
                }
            },
        ),
    ],
)
def test_only_above_the_smallest_real_change(arrow, changes):
    ((name, values),) = changes.items()
    for value, expected in values.items():
        assert arrow(walk(**{name: value}), walk()) == expected


@pytest.mark.parametrize("arrow", [speed_arrow, cadence_arrow, step_length_arrow])
def test_nothing_is_said_of_what_isnt_known(arrow):
    unknown = walk(speed=None, steps=None)
    assert arrow(walk(), None) == ""
    assert arrow(walk(), unknown) == ""
    assert arrow(unknown, walk()) == ""
