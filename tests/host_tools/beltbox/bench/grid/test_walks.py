"""The grid of the bench: every level of every factor is there, and no two factors go together."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from itertools import combinations

import pytest

from beltbox.bench.grid.made_up_belt import SHAPES
from beltbox.bench.grid.walks import SIZES_MM, WALKS, Scenario, in_turn, scenarios

GRID = scenarios()
WALK = [one for one in GRID if one.mm_per_count == SIZES_MM[0]]


def step_m(one: Scenario) -> float:
    return one.speed_m_s * 60 / one.cadence_spm


def test_there_are_at_least_forty_scenarios_by_each_encoder():
    assert WALKS >= 40
    assert Counter(one.mm_per_count for one in GRID) == {0.1: WALKS, 1.0: WALKS, 12.0: WALKS}


@pytest.mark.parametrize(
    ("factor", "levels"),
    [
        ("peaks", {0.05, 0.10, 0.15, 0.25}),
        ("asymmetry", {0.0, 0.15}),
        ("backward", {False, True}),
        ("hold", {0.0, 0.04, 0.15}),
        ("shape", set(SHAPES)),
        ("spiked", {False, True}),
    ],
)
def test_each_level_is_walked_equally_often(factor, levels):
    walked = Counter(getattr(one, factor) for one in WALK)
    assert set(walked) == levels
    assert set(walked.values()) == {WALKS // len(levels)}


def test_ripple_limp_direction_and_hands_are_crossed_in_full():
    assert len({(one.peaks, one.asymmetry, one.backward, one.hold) for one in WALK}) == WALKS


@pytest.mark.parametrize(
    ("factor", "least", "most"),
    [("cadence_spm", 40, 140), ("noise_n", 0.05, 2.0), ("mass_kg", 45, 120)],
)
def test_a_factor_without_levels_is_spread_from_end_to_end(factor, least, most):
    values = [getattr(one, factor) for one in WALK]
    assert min(values) == pytest.approx(least)
    assert max(values) == pytest.approx(most)
    assert len({round(value, 9) for value in values}) == WALKS


def test_speeds_and_steps_keep_to_what_people_do():
    assert min(one.speed_m_s for one in WALK) < 0.25
    assert max(one.speed_m_s for one in WALK) > 1.5
    for one in WALK:
        assert 0.2 <= one.speed_m_s <= 1.6
        assert 0.15 - 1e-9 <= step_m(one) <= 0.80 + 1e-9


def test_no_two_factors_go_together():
    columns = {
        "cadence": [one.cadence_spm for one in WALK],
        "step": [step_m(one) for one in WALK],
        "noise": [math.log(one.noise_n) for one in WALK],
        "mass": [one.mass_kg for one in WALK],
        "ripple": [one.peaks for one in WALK],
        "limp": [one.asymmetry for one in WALK],
        "backward": [float(one.backward) for one in WALK],
        "hold": [one.hold for one in WALK],
        "spikes": [float(one.spiked) for one in WALK],
    }
    for one, other in combinations(columns, 2):
        assert abs(statistics.correlation(columns[one], columns[other])) <= 0.25 + 1e-9, (
            one,
            other,
        )
    for shape in SHAPES:
        is_it = [float(one.shape == shape) for one in WALK]
        for name, column in columns.items():
            assert abs(statistics.correlation(column, is_it)) <= 0.25 + 1e-9, (name, shape)


def test_the_grid_is_the_same_each_time_and_another_seed_gives_another():
    assert scenarios() == GRID
    assert scenarios(seed=2) != GRID


def test_each_walk_has_one_encoders_turn():
    turns = [one for one in GRID if in_turn(one)]
    assert sorted(one.number for one in turns) == list(range(WALKS))
    assert set(Counter(one.mm_per_count for one in turns).values()) == {WALKS // 3}
