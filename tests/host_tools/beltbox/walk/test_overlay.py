"""A measurement seen twice, laid over each other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltbox.walk.overlay import continued, fill, in_order
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


def zoned(t_ms: int, *, sent_ms: int | None = None, box: bool = False) -> MetricRow:
    """A metre a second backward; hands off up to 25 s, then light, and from 40 s with no zone.

    sent_ms: when the metres by zone were sent, if not with this row.
    """
    zones_ms = t_ms if sent_ms is None else sent_ms
    return row(t_ms)._replace(
        zone=0 if t_ms < 25_000 else 1 if t_ms < 40_000 else None,
        hands_off_mm=min(zones_ms, 25_000),
        light_mm=min(max(0, zones_ms - 25_000), 15_000),
        supported_mm=0,
        heavy_mm=0,
        steps=None if box else t_ms // 500,
        grabs=None if box else 0,
    )


def streamed(*spans: tuple[int, int], late_ms: int = 0) -> list[MetricRow]:
    """Ten rows a second; the metres by zone are sent with every tenth of them.

    late_ms: so long after each full second, at which the box keeps its rows.
    """
    return [
        zoned(t_ms, sent_ms=max(0, t_ms - (t_ms - late_ms) % 1000))
        for start, end in spans
        for t_ms in range(start, end, 100)
    ]


BOX_ZONED = [zoned(t_ms, box=True) for t_ms in range(1000, 61_000, 1000)]
ZONES = ("hands_off_mm", "light_mm", "supported_mm", "heavy_mm")


def zone_sum(row: MetricRow) -> int:
    return sum(getattr(row, name) for name in ZONES)


@pytest.mark.parametrize("late_ms", [0, 500])
@pytest.mark.parametrize("end_ms", [20_000, 20_100, 20_500, 20_900, 30_700])
def test_zones_filled_in_after_the_last_row_have_no_metre_twice(end_ms: int, late_ms: int):
    """The last metres by zone may be a second old, and the box's row before is another second's."""
    known = streamed((100, end_ms), late_ms=late_ms)
    both = in_order(known, fill(known, BOX_ZONED))
    assert all(zone_sum(row) <= row.distance_mm for row in both)
    assert both[-1].distance_mm == 60_000
    # All but what truly had no zone, exactly.
    assert [getattr(both[-1], name) for name in ZONES[:2]] == [25_000, 15_000]


@pytest.mark.parametrize("late_ms", [0, 500])
def test_metres_without_a_zone_before_a_gap_are_in_no_zone_after_it(late_ms: int):
    known = [
        row._replace(hands_off_mm=max(0, row.hands_off_mm - 5000))
        for row in streamed((100, 20_500), late_ms=late_ms)
    ]
    filled = fill(known, BOX_ZONED)
    assert filled[-1].distance_mm == 60_000
    assert [getattr(filled[-1], name) for name in ZONES[:2]] == [20_000, 15_000]


@given(
    st.integers(1, 590),
    st.integers(1, 300),
    st.booleans(),
    st.lists(st.integers(0, 4), max_size=60),
    st.integers(0, 9),
)
def test_zones_never_have_more_than_was_walked(start, length, goes_on, zones, late):
    """Whatever zones the box saw, and whatever came live."""
    sums = [0, 0, 0, 0]
    box: list[MetricRow] = []
    for second, zone in enumerate(zones, 1):
        if zone < 4:
            sums[zone] += 1000
        named = dict(zip(ZONES, sums, strict=True))
        box.append(row(1000 * second)._replace(zone=zone if zone < 4 else None, **named))
    after = [(100 * (start + length), 90_000)] if goes_on else []
    known = streamed((100, 100 * start), *after, late_ms=100 * late)
    both = in_order(known, fill(known, box))
    for before, after in pairwise(both):
        assert zone_sum(after) <= after.distance_mm
        for name in (*SUMS, *ZONES):
            assert getattr(after, name) >= getattr(before, name)


def computed(*spans: tuple[int, int], base_ms: int = 0) -> list[MetricRow]:
    """Rows as a core computes them again, 80 a second: steps of a gap are missing behind it."""
    rows: list[MetricRow] = []
    steps_lost = 0
    end = 0
    for start, stop in spans:
        steps_lost += start // 500 - end // 500 if end else 0
        for tick in range(start * 80 // 1000, stop * 80 // 1000 + 1):
            t_ms = tick * 25 // 2
            rows.append(zoned(t_ms)._replace(steps=t_ms // 500 - steps_lost))
        end = stop
    return rows


def test_what_is_computed_again_without_a_gap_stays_as_it_is():
    live = [*streamed((100, 30_000)), zoned(30_000)]
    again = computed((0, 30_050))
    rows = continued(again, live, [])
    assert rows == [row for row in again if row.t_ms <= 30_000]


def test_totals_computed_again_go_on_behind_a_gap_as_the_box_counted():
    live = [*streamed((100, 20_000), (30_200, 50_000)), zoned(50_000)]
    box = fill(live, BOX_ZONED[:50])
    rows = continued(computed((0, 20_000), (30_125, 50_000)), live, box)
    for before, after in pairwise(rows):
        assert after.t_ms > before.t_ms
        for name in (*SUMS, *ZONES):
            assert getattr(after, name) >= getattr(before, name)
    stepped = [row for row in rows if row.steps is not None]
    assert all(row.steps == row.t_ms // 500 for row in stepped)
    assert [row.t_ms for row in rows if row.steps is None] == [*range(21_000, 31_000, 1000)]
    last = rows[-1]
    assert (last.steps, last.hands_off_mm, last.light_mm) == (100, 25_000, 15_000)
    without = continued(computed((0, 20_000), (30_125, 50_000)), live, [])
    assert without[-1] == last


def test_steps_that_are_computed_all_at_once_are_never_more_than_the_box_counted():
    live = [*streamed((100, 20_000), (30_200, 50_000)), zoned(50_000)]
    at_once = [
        row._replace(steps=40 if 30_000 < row.t_ms < 35_050 else row.steps)
        for row in computed((0, 20_000), (30_125, 50_000))
    ]
    rows = continued(at_once, live, [])
    assert rows[-1].steps == 100
    assert [row.steps for row in rows] == sorted(row.steps for row in rows)


def test_totals_computed_again_end_with_those_that_were_kept():
    """A killed recorder: the metres by zone are 0.7 s old, raw rows go on for 50 ms."""
    live = streamed((100, 20_800))
    rows = continued(computed((0, 20_750)), live, [])
    assert (rows[-1].t_ms, rows[-1].distance_mm) == (20_700, 20_700)
    assert rows[-1].hands_off_mm == live[-1].hands_off_mm == 20_000
    box = fill(live, BOX_ZONED)
    rows = continued(computed((0, 20_750)), live, box)
    assert (rows[-1].t_ms, rows[-1].hands_off_mm) == (60_000, 25_000)
    for before, after in pairwise(rows):
        assert after.hands_off_mm >= before.hands_off_mm
