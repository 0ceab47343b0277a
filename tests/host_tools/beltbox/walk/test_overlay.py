"""A measurement seen twice, laid over each other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltbox.walk.overlay import fill, in_order
from beltbox.walk.rows import MetricRow

SUMS = ("distance_mm", "forward_mm", "backward_mm", "hands_off_mm", "light_mm")


def row(t_ms: int, late_mm: int = 0) -> MetricRow:
    """Backward at a metre a second, the first half minute hands off, then with a light touch."""
    walked = t_ms + late_mm
    return MetricRow(
        t_ms,
        distance_mm=walked,
        forward_mm=0,
        backward_mm=walked,
        hands_off_mm=min(walked, 30_000),
        light_mm=max(0, walked - 30_000),
    )


def live(*spans: tuple[int, int]) -> list[MetricRow]:
    return [row(t_ms) for start, end in spans for t_ms in range(start, end, 100)]


BOX = [
    row(t_ms, late_mm=9)._replace(hands_off_mm=None, light_mm=None)
    for t_ms in range(2000, 61_000, 1000)
]


def times(rows) -> list[int]:
    return [row.t_ms // 1000 for row in rows]


def test_only_gaps_are_filled():
    assert fill(live((100, 60_000)), BOX) == []
    assert times(fill(live((100, 20_050), (30_000, 60_000)), BOX)) == [*range(21, 30)]
    assert times(fill(live((10_000, 60_000)), BOX)) == [*range(2, 10)]
    assert times(fill(live((100, 20_050)), BOX)) == [*range(21, 61)]
    # two lost sentences are no gap, a second without any is
    assert fill([row(100), row(400), row(1400), *live((1500, 60_000))], BOX) == []
    assert times(fill([row(4900), row(5950), *live((6000, 60_000))], BOX)) == [2, 3, 4, 5]
    assert fill(live((100, 60_000)), []) == []
    assert times(fill([], BOX)) == [*range(2, 61)]


def test_after_the_end_standing_still_is_left_out():
    still = [BOX[-1]._replace(t_ms=t_ms) for t_ms in range(61_000, 121_000, 1000)]
    assert times(fill(live((100, 50_000)), BOX + still)) == [*range(50, 61)]
    assert fill(live((100, 60_100)), BOX + still) == []


@pytest.mark.parametrize("late_mm", [9, -1, 2000, -2000])
def test_sums_fit_in_between_exactly(late_mm: int):
    known = live((100, 20_050), (30_000, 60_000))
    box = [row(t_ms, late_mm=late_mm) for t_ms in range(2000, 61_000, 1000)]
    both = in_order(known, fill(known, box))
    assert [row.t_ms for row in both] == sorted(row.t_ms for row in both)
    for before, after in pairwise(both):
        for name in SUMS:
            assert getattr(after, name) >= getattr(before, name), (name, after)
        assert after.distance_mm == after.forward_mm + after.backward_mm


def test_zones_of_a_box_count_on_from_those_before_the_gap():
    # The box's own session began at 10 s: its metres by zone count from there.
    box = [
        row(t_ms)._replace(hands_off_mm=min(t_ms, 30_000) - 10_000)
        for t_ms in range(10_000, 61_000, 1000)
    ]
    filled = fill(live((100, 20_050), (40_000, 60_000)), box)
    assert [row.hands_off_mm for row in filled[:2]] == [21_000, 22_000]
    assert filled[-1].hands_off_mm == 30_000
    assert filled[-1].light_mm == 9000


def test_sums_that_are_unknown_right_after_a_gap_bound_nothing():
    after = [
        row._replace(forward_mm=None, backward_mm=None, distance_mm=None)
        for row in live((30_000, 30_300))
    ]
    known = [*live((100, 20_050)), *after, *live((30_300, 60_000))]
    filled = fill(known, BOX)
    assert filled[-1].backward_mm == 29_009
    assert filled[-1].hands_off_mm is None


@given(
    st.sets(st.integers(1, 600), max_size=200),
    st.sets(st.integers(1, 60), max_size=60),
)
def test_nothing_falls_and_no_second_comes_twice(tenths, seconds):
    known = [row(100 * tenth) for tenth in sorted(tenths)]
    box = [row(1000 * second, late_mm=9) for second in sorted(seconds)]
    filled = fill(known, box)
    assert len(set(times(filled))) == len(filled)
    both = in_order(known, filled)
    for before, after in pairwise(both):
        for name in SUMS:
            assert getattr(after, name) >= getattr(before, name)
    assert fill(both, box) == []
