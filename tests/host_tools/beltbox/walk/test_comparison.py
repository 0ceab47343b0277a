"""A measured number beside the truth."""

import json

import pytest

from beltbox.walk.comparison import Comparison


@pytest.mark.parametrize(
    ("difference", "goal", "met"),
    [
        (0.1, 0.1, True),
        (-0.1, 0.1, True),
        (0.11, 0.1, False),
        (-0.11, 0.1, False),
        (None, 0.1, None),
        (0, "every one", None),
        (0, None, None),
    ],
)
def test_a_goal_is_met_within_its_limit_either_way(
    difference: float | None, goal: float | str | None, met: bool | None
):
    assert Comparison("Distance", "m", 1, 1, difference, goal).met is met


def test_it_goes_into_a_json_file_with_the_fixed_names():
    comparison = Comparison("Distance", "m", 163.2, 163.3, 0.1, 0.5)
    assert json.loads(json.dumps(comparison.to_json())) == {
        "name": "Distance",
        "unit": "m",
        "truth": 163.2,
        "measured": 163.3,
        "difference": 0.1,
        "goal": 0.5,
    }
