"""What a report draws."""

import random
from itertools import pairwise

import pytest

from beltbox.report.numbers import MAX_POINTS, spans, thinned, zone_stretches
from beltbox.walk.rows import MetricRow
from beltbox.walk.totals import Totals


def hour(seed: int = 1) -> list[MetricRow]:
    rng = random.Random(seed)
    return [
        MetricRow(
            t_ms=100 * n, belt_mm_s=rng.randint(-900, 0), reliance_permille=rng.randint(0, 200)
        )
        for n in range(36_000)
    ]


def test_a_long_walk_is_thinned_without_losing_a_peak():
    rows = hour()
    rows[17_771] = rows[17_771]._replace(belt_mm_s=-2500, reliance_permille=900)
    rows[17_775] = rows[17_775]._replace(reliance_permille=-3)
    lines = thinned(rows)
    assert len({len(line) for line in lines.values()}) == 1
    assert len(lines["t_s"]) <= MAX_POINTS
    assert lines["t_s"] == sorted(t for t in lines["t_s"] if t is not None)
    for line, peak in (("belt_m_s", 2.5), ("reliance_percent", 90), ("reliance_percent", -0.3)):
        near = [t for t, value in zip(lines["t_s"], lines[line], strict=True) if value == peak]
        assert near == [pytest.approx(1777.3, abs=2)]


def test_a_short_walk_is_kept_as_it_is():
    rows = hour()[:500]
    lines = thinned(rows)
    assert lines["belt_m_s"] == [-(row.belt_mm_s or 0) / 1000 for row in rows]
    assert lines["t_s"] == [row.t_ms / 1000 for row in rows]


def test_speeds_are_positive_and_apart_for_each_direction():
    speeds = [-700, -3, 0, 3, None, 700]
    lines = thinned([MetricRow(100 * n, speed, speed) for n, speed in enumerate(speeds)])
    assert lines["backward_m_s"] == [0.7, 0.003, 0, None, None, None]
    assert lines["forward_m_s"] == [None, None, 0, 0.003, None, 0.7]
    assert lines["belt_m_s"] == [0.7, 0.003, 0, 0.003, None, 0.7]


@pytest.mark.parametrize(("missing_ms", "breaks"), [(1000, 0), (1001, 1)])
def test_a_line_breaks_where_more_than_a_second_is_missing(missing_ms: int, breaks: int):
    rows = [MetricRow(0, 5), MetricRow(100, 5), MetricRow(100 + missing_ms, 5)]
    assert thinned(rows)["belt_m_s"].count(None) == breaks


def test_unknown_values_stay_unknown():
    lines = thinned([MetricRow(100 * n) for n in range(10_000)])
    assert set(lines["left_n"]) == set(lines["reliance_percent"]) == {None}


def test_stretches_of_zones_with_the_unknown_left_out():
    zones = [0, 0, 0, 3, 3, None, None, 3, 1]
    rows = [MetricRow(100 * n, zone=zone) for n, zone in enumerate(zones)]
    assert zone_stretches(rows) == [(0, 0.2, 0), (0.2, 0.4, 3), (0.6, 0.7, 3), (0.7, 0.8, 1)]
    later = [MetricRow(0, zone=2), MetricRow(5000, zone=2), MetricRow(5100, zone=2)]
    assert zone_stretches(later) == [(5, 5.1, 2)]


def test_too_many_stretches_become_slices_in_the_zone_that_fills_most_of_each():
    zones = [(2 if n % 5 else 0) if n < 18_000 else (3 if n % 5 else 1) for n in range(36_000)]
    stretches = zone_stretches([MetricRow(100 * n, zone=zone) for n, zone in enumerate(zones)])
    assert stretches == [
        (0, pytest.approx(1800, abs=3), 2),
        (pytest.approx(1800, abs=3), pytest.approx(3600, abs=1), 3),
    ]


@pytest.mark.parametrize(
    ("seconds", "length_s"), [(3, 5), (200, 5), (201, 10), (3600, 120), (50_000, 1800)]
)
def test_spans_have_one_round_length_and_add_up_to_the_walk(seconds: int, length_s: int):
    rows = [MetricRow(1000 * n, -9, distance_mm=n, light_mm=n) for n in range(seconds + 1)]
    listed = spans(rows)
    assert len(listed) <= 40
    assert {span.end_ms - span.start_ms for span in listed[:-1]} <= {1000 * length_s}
    assert (listed[0].start_ms, listed[-1].end_ms) == (0, 1000 * seconds)
    assert all(a.end_ms == b.start_ms for a, b in pairwise(listed))
    whole = Totals()
    for row in rows:
        whole.add(row)
    for name in ("duration_ms", "distance_mm", "light_mm", "moving_ms"):
        assert sum(getattr(span.totals, name) for span in listed) == getattr(whole, name)
    assert listed[0].totals.distance_mm == min(seconds, length_s)


def test_a_very_long_walk_has_longer_spans():
    listed = spans([MetricRow(n * 600_000, distance_mm=n) for n in range(600)])
    assert len(listed) <= 40
    assert listed[-1].end_ms == 599 * 600_000


def test_nothing_walked_draws_nothing():
    assert spans([]) == []
    assert zone_stretches([]) == []
    assert set(map(len, thinned([]).values())) == {0}


def test_a_long_break_is_a_span_of_its_own():
    rows = [MetricRow(100 * n, -500, distance_mm=50 * n) for n in (*range(71), *range(380, 421))]
    listed = spans(rows)
    assert [(span.start_ms, span.end_ms, span.totals.distance_mm) for span in listed] == [
        (0, 5000, 2500),
        (5000, 7000, 1000),
        (7000, 38_000, 15_500),
        (38_000, 40_000, 1000),
        (40_000, 42_000, 1000),
    ]
    assert [span.totals.mean_speed_mm_s for span in listed] == [500, 500, None, 500, 500]


def test_spans_are_on_the_time_with_its_breaks():
    rows = [MetricRow(100 * n, -500, distance_mm=50 * n) for n in range(101)]
    at_ms = [row.t_ms + (30_000 if row.t_ms > 4000 else 0) for row in rows]
    listed = spans(rows, at_ms)
    assert [(span.start_ms, span.end_ms, span.totals.distance_mm) for span in listed] == [
        (0, 4000, 2000),
        (4000, 34_100, 50),
        (34_100, 35_000, 450),
        (35_000, 40_000, 2500),
    ]


def test_metres_of_the_last_second_count_where_they_were_walked():
    """The metres by zone are sent once a second, 0.6 s after each full one."""
    rows = []
    for n in range(101):
        sent_mm = 50 * max(0, n - (n - 6) % 10)
        rows.append(MetricRow(100 * n, -500, distance_mm=50 * n, zone=1))
        rows[-1] = rows[-1]._replace(hands_off_mm=0, light_mm=sent_mm, supported_mm=0, heavy_mm=0)
    first, second = spans(rows)
    assert (first.totals.light_mm, first.totals.zone_unknown_mm) == (2500, 0)
    assert second.totals.light_mm == rows[-1].light_mm - 2500
