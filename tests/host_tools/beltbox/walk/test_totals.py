"""What a walk adds up to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltbox.walk.rows import MetricRow
from beltbox.walk.totals import Totals, as_one_walk, totals_of, within_distance

ZONES = ("hands_off_mm", "light_mm", "supported_mm", "heavy_mm")


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
    totals.add(MetricRow(2000, -500, distance_mm=1500, reliance_permille=70, grabs=1))
    added = totals.since(before)
    assert (added.duration_ms, added.distance_mm, added.grabs) == (1000, 1000, 1)
    assert added.mean_reliance_permille == pytest.approx(70)
    assert added.steps is None
    assert before.distance_mm == 500


def test_no_steps_yet_is_not_unknown():
    assert (summed([MetricRow(0, steps=0)]).steps, summed([MetricRow(0)]).steps) == (0, None)


def walked(first_ms: int, last_ms: int, *, every_ms: int = 100, **more: int | None):
    """Half a metre a second backward, two steps a second, 2 % of the weight on the left rail."""
    known: dict[str, int | None] = {"rail_left_mn": 14_000, "reliance_permille": 20} | more
    steps = known.pop("steps", 0)
    return [
        MetricRow(
            t_ms,
            belt_mm_s=known.get("belt_mm_s", -500),
            distance_mm=t_ms // 2,
            forward_mm=0,
            backward_mm=t_ms // 2,
            steps=None if steps is None else t_ms // 500,
            **{name: value for name, value in known.items() if name != "belt_mm_s"},
        )
        for t_ms in range(first_ms, last_ms + 1, every_ms)
    ]


FROM_THE_BOX: dict[str, int | None] = {"belt_mm_s": None, "rail_left_mn": None, "steps": None}


def test_what_was_filled_in_behind_the_last_row_has_no_steps_and_no_force():
    """64 steps on 16 m live, 24 m from the box: 0.25 m a step, and not 0.62."""
    totals = summed([*walked(100, 32_000), *walked(33_000, 80_000, every_ms=1000, **FROM_THE_BOX)])
    assert (totals.distance_mm, totals.steps, totals.steps_mm) == (40_000, 64, 16_000)
    assert (totals.step_length_mm, totals.cadence_spm) == (250, 120)
    assert totals.cadence_over_s == 32
    assert (totals.reliance_mm, totals.rail_mm) == (40_000, 16_000)
    assert (totals.mean_reliance_permille, totals.mean_rail_mn) == (20, 14_000)
    assert (totals.moving_s, totals.mean_speed_over_mm, totals.mean_speed_mm_s) == (80, 40_000, 500)


def test_steps_of_a_gap_that_was_filled_are_in_the_count_behind_it():
    totals = summed(
        [
            *walked(100, 20_000),
            *walked(21_000, 59_000, every_ms=1000, **FROM_THE_BOX),
            *walked(60_000, 80_000),
        ]
    )
    assert (totals.steps, totals.steps_mm, totals.step_length_mm) == (160, 40_000, 250)
    assert (totals.cadence_spm, totals.cadence_over_s) == (120, 80)
    assert totals.rail_mm == 20_500


def test_of_a_gap_only_what_the_box_counted_on_is_known():
    totals = summed([*walked(100, 20_000), *walked(60_000, 80_000)])
    assert (totals.distance_mm, totals.gap_mm, totals.gap_ms) == (40_000, 20_000, 40_000)
    assert (totals.moving_s, totals.motion_unknown_s, totals.duration_s) == (40, 40, 80)
    assert (totals.mean_speed_mm_s, totals.mean_speed_over_mm) == (500, 20_000)
    assert (totals.step_length_mm, totals.steps_mm) == (250, 40_000)
    assert (totals.cadence_spm, totals.cadence_over_s) == (120, 40)
    assert totals.reliance_mm == totals.rail_mm == 20_000


def test_steps_that_are_counted_late_have_their_time_or_none():
    """The first steps come after five seconds, all at once: here after a gap, and at the end."""
    late = [row._replace(steps=0 if row.t_ms < 5000 else row.steps) for row in walked(100, 25_000)]
    in_a_gap = [row for row in late if not 4000 < row.t_ms < 8000]
    for rows, steps, over_s in ((late, 50, 25), (in_a_gap, 34, 17), (late[:48], 0, 0)):
        totals = summed(rows)
        assert (totals.paced_steps, totals.cadence_over_s) == (steps, over_s)
        assert totals.cadence_spm == (120 if steps else None)


def test_in_a_gap_without_a_metre_the_belt_stood_still():
    rows = [*walked(100, 1000), MetricRow(9000, belt_mm_s=-500, distance_mm=500)]
    totals = summed(rows)
    assert (totals.gap_ms, totals.moving_s) == (0, 1)


def test_what_belongs_to_no_zone_is_a_part_of_the_whole():
    totals = summed([MetricRow(1, distance_mm=1000, hands_off_mm=300, light_mm=100)])
    assert totals.zones_mm == (300, 100, 0, 0)
    assert (totals.zone_unknown_mm, totals.hands_off_share_over_mm) == (600, 400)


@pytest.mark.parametrize(
    ("zones_mm", "distance_mm", "cut"),
    [
        ((10, 20, 30, 40), 100, (10, 20, 30, 40)),
        ((10, 20, 30, 42), 100, (10, 20, 30, 40)),
        ((3, 0, 0, 3), 1, (0, 0, 0, 1)),
        ((5, 5, 5, 5), 0, (0, 0, 0, 0)),
    ],
)
def test_zones_together_are_never_more_than_the_distance(zones_mm, distance_mm, cut):
    assert within_distance(zones_mm, distance_mm) == cut


def grown(most: int, *, unknown: bool = True):
    return st.none() | st.integers(0, most) if unknown else st.integers(0, most)


@st.composite
def walks(draw: st.DrawFn) -> list[list[MetricRow]]:
    """Segments of rows that grow by anything, with gaps and unknown columns."""
    segments: list[list[MetricRow]] = []
    for count in draw(st.lists(st.integers(0, 12), min_size=1, max_size=4)):
        sums = dict.fromkeys(("t_ms", "forward_mm", "backward_mm", *ZONES, "steps", "grabs"), 0)
        rows: list[MetricRow] = []
        for _ in range(count):
            sums["t_ms"] += draw(st.sampled_from([100, 1000, 1001, 30_000]))
            sums["forward_mm"] += draw(st.integers(0, 5000))
            sums["backward_mm"] += draw(st.integers(0, 5000))
            sums[draw(st.sampled_from(ZONES))] += draw(st.integers(0, 5003))
            sums["steps"] += draw(st.integers(0, 9))
            named: dict[str, int | None] = {**sums}
            if draw(st.booleans()):
                named["steps"] = named["grabs"] = None
            if draw(st.booleans()):
                named |= dict.fromkeys(ZONES)
            rows.append(
                MetricRow(
                    belt_mm_s=draw(st.sampled_from([None, 0, -500])),
                    distance_mm=sums["forward_mm"] + sums["backward_mm"],
                    reliance_permille=draw(grown(200)),
                    rail_left_mn=draw(grown(50_000)),
                    **named,
                )
            )
        segments.append(rows)
    return segments


@given(walks())
def test_parts_add_up_to_the_whole_and_the_last_row_has_the_totals(segments):
    totals = totals_of(segments)
    assert totals.forward_mm + totals.backward_mm == totals.distance_mm
    assert sum(totals.zones_mm) + totals.zone_unknown_mm == totals.distance_mm
    assert min(*totals.zones_mm, totals.zone_unknown_mm) >= 0
    still_ms = totals.duration_ms - totals.moving_ms - totals.gap_ms
    assert still_ms >= 0
    for basis_mm in (totals.gap_mm, totals.steps_mm, totals.reliance_mm, totals.rail_mm):
        assert 0 <= basis_mm <= totals.distance_mm
    assert totals.paced_ms <= totals.moving_ms
    assert totals.paced_steps <= (totals.steps or 0)
    rows = list(as_one_walk(segments))
    assert sum(row.distance_mm for row in rows[-1:]) == totals.distance_mm
    known = [row for row in rows if row.hands_off_mm is not None]
    if known and known[-1] is rows[-1]:
        assert tuple(getattr(known[-1], name) for name in ZONES) == totals.zones_mm
    stepped = [row.steps for row in rows if row.steps is not None]
    assert (stepped[-1] if stepped else None) == totals.steps
    assert totals.as_json()["zone_unknown_mm"] == totals.zone_unknown_mm
