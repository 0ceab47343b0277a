"""What a walk adds up to."""

import pytest

from beltbox.walk.rows import MetricRow
from beltbox.walk.totals import Totals, as_one_walk


def summed(*segments: list[MetricRow]) -> Totals:
    totals = Totals()
    for rows in segments:
        totals.start_segment()
        for row in rows:
            totals.add(row)
    return totals


def test_totals_are_the_sums_of_each_segments_last_totals():
    first = [
        MetricRow(100, distance_mm=50, forward_mm=10, backward_mm=40, light_mm=50, steps=1),
        MetricRow(900, distance_mm=900, forward_mm=60, backward_mm=840, light_mm=900, steps=3),
    ]
    second = [
        MetricRow(0, distance_mm=0, forward_mm=0, backward_mm=0, heavy_mm=0, steps=0),
        MetricRow(300, distance_mm=7, forward_mm=7, backward_mm=0, heavy_mm=7, steps=2),
    ]
    totals = summed(first, second)
    assert (totals.duration_ms, totals.distance_mm) == (1200, 907)
    assert (totals.forward_mm, totals.backward_mm) == (67, 840)
    assert (totals.hands_off_mm, totals.light_mm, totals.heavy_mm) == (0, 900, 7)
    assert (totals.steps, totals.grabs) == (5, None)


def test_the_mean_speed_leaves_out_standing_still():
    rows = [
        MetricRow(1000, belt_mm_s=-500, distance_mm=500),
        MetricRow(9000, belt_mm_s=0, distance_mm=500),
        MetricRow(10_000, belt_mm_s=-300, distance_mm=800),
    ]
    assert summed(rows).mean_speed_mm_s == pytest.approx(400)


def test_a_slow_coarse_belt_moves_also_between_its_counts():
    rows = [
        MetricRow(1000, belt_mm_s=-6, distance_mm=0),
        MetricRow(2000, belt_mm_s=-6, distance_mm=12),
    ]
    assert summed(rows).mean_speed_mm_s == pytest.approx(6)


def test_reliance_and_rail_are_weighted_by_distance():
    rows = [
        MetricRow(1000, distance_mm=100, reliance_permille=200, rail_left_mn=9, rail_right_mn=1),
        MetricRow(9000, distance_mm=100, reliance_permille=999, rail_left_mn=999),
        MetricRow(9100, distance_mm=400, reliance_permille=20, rail_left_mn=2),
        MetricRow(9200, distance_mm=900),
    ]
    totals = summed(rows)
    assert totals.mean_reliance_permille == pytest.approx((200 * 100 + 20 * 300) / 400)
    assert totals.mean_rail_mn == pytest.approx((10 * 100 + 2 * 300) / 400)


def test_the_hands_off_share_counts_only_what_has_a_zone():
    rows = [MetricRow(1, distance_mm=1000, hands_off_mm=300, light_mm=100)]
    assert summed(rows).hands_off_share == pytest.approx(0.75)


def test_without_rows_all_means_are_unknown():
    totals = Totals()
    assert totals.mean_speed_mm_s is None
    assert totals.mean_reliance_permille is None
    assert totals.mean_rail_mn is None
    assert totals.hands_off_share is None


def test_segments_read_as_one_walk():
    rows = list(
        as_one_walk(
            [
                [MetricRow(0, -5, distance_mm=0), MetricRow(800, -5, distance_mm=40, zone=1)],
                [],
                [MetricRow(100, 3, distance_mm=2, zone=2), MetricRow(200, 3, flags=4)],
                [MetricRow(100, distance_mm=1)],
            ]
        )
    )
    assert [row.t_ms for row in rows] == [0, 800, 900, 1000, 1100]
    assert [row.distance_mm for row in rows] == [0, 40, 42, None, 43]
    assert [row.belt_mm_s for row in rows] == [-5, -5, 3, 3, None]
    assert [(row.zone, row.flags) for row in rows][1:4] == [(1, None), (2, None), (None, 4)]


def test_what_was_added_since():
    totals = summed([MetricRow(1000, -500, distance_mm=500, reliance_permille=10)])
    before = totals.copy()
    totals.add(MetricRow(3000, -500, distance_mm=1500, reliance_permille=70, grabs=1))
    added = totals.since(before)
    assert (added.duration_ms, added.distance_mm, added.grabs) == (2000, 1000, 1)
    assert added.mean_reliance_permille == pytest.approx(70)
    assert added.steps is None
    assert before.distance_mm == 500


def test_no_steps_yet_is_not_unknown():
    assert (summed([MetricRow(0, steps=0)]).steps, summed([MetricRow(0)]).steps) == (0, None)
