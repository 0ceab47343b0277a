"""The lines of the grid: which statistic is held against the goal, and what is said beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from beltbox.bench.grid.figures import OURS, PLAIN, THEIL_SEN, Figures, Measured
from beltbox.bench.grid.lines import grid_lines, percentile, same_bytes_line
from beltbox.bench.grid.same_bytes import Compared
from beltbox.bench.grid.walks import SIZES_MM, scenarios
from beltbox.bench.table import grid_markdown, tally

GOOD = Figures(0.05, 0.5, 0.3, 0.4, 0.2, 1.0, 1.0, 8.0, 0, 5.0, True)
SILENT = replace(GOOD, cadence_spm=None, cadence_known=0.0, step_length_mm=None, steps_off=None)


@pytest.fixture
def measured():
    """All scenarios measured the same: ours and plain differences well, Theil-Sen without gait."""
    return [
        Measured(
            one,
            1000 * one.speed_m_s,
            100,
            {OURS: GOOD, PLAIN: GOOD, THEIL_SEN: SILENT},
            Compared(10, 0),
        )
        for one in scenarios()
    ]


def worse(measured, walks, **figures):
    """The same, but so many of the walks by each encoder are worse in ours."""
    return [
        replace(one, figures={**one.figures, OURS: replace(GOOD, **figures)})
        if one.scenario.number < walks
        else one
        for one in measured
    ]


def line(lines, start):
    (found,) = [one for one in lines if one.what.startswith(start)]
    return found


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7.0], 95, 7),
        (list(range(1, 101)), 95, 95),
        (list(range(1, 101)), 50, 50),
        (list(range(1, 21)), 95, 19),
        (list(range(1, 22)), 95, 20),
        ([3, 1, 2], 100, 3),
        ([3, 1, 2], 1, 1),
    ],
)
def test_a_percentile_is_one_of_the_values(values, percent, expected):
    assert percentile(values, percent) == expected


def test_the_goal_is_for_the_95th_percentile_and_the_worst_is_told(measured):
    what = "belt_mm_s at its lag of 30 ms, RMS error in %, 0.1 mm"
    good = line(grid_lines(measured), what)
    assert (good.ours, good.met, good.worst_too) == ("0.50 / 0.50 / 0.50", True, True)
    # Of 48 walks 46 are at least 95 %.
    two = line(grid_lines(worse(measured, 2, belt_percent=1.5)), what)
    assert (two.ours, two.met, two.worst_too) == ("0.50 / 0.50 / 1.50", True, False)
    three = line(grid_lines(worse(measured, 3, belt_percent=1.5)), what)
    assert (three.ours, three.met) == ("0.50 / 1.50 / 1.50", False)
    assert "| yes, not the worst |" in grid_markdown([two])
    assert "| **no** |" in grid_markdown([three])
    assert tally([good, two, three]) == "2 of 3 goals met."


def test_a_slow_walks_speed_may_err_by_a_last_digit(measured):
    what = "speed_mm_s, RMS error in % of the mean speed, 0.1 mm"
    slow = [replace(one, mean_mm_s=200.0) for one in worse(measured, 48, speed_percent=0.14)]
    assert line(grid_lines(slow), what).met
    fast = [replace(one, mean_mm_s=800.0) for one in slow]
    assert not line(grid_lines(fast), what).met


def test_what_was_never_shown_is_counted_and_not_taken_for_good(measured):
    silent = worse(measured, 48, cadence_spm=None, cadence_known=0.0)
    found = line(grid_lines(silent), "cadence after 6 s, SD in steps/min, 0.1 mm")
    assert (found.met, found.ours) == (False, "never shown")
    some = worse(measured, 12, cadence_spm=None, cadence_known=0.0)
    found = line(grid_lines(some), "cadence after 6 s, SD in steps/min, 0.1 mm")
    assert found.ours == "1.0 / 1.0 / 1.0 (36 of 48 walks); shown 75 % of the time"
    assert found.theil_sen == "–"


def test_steps_are_percent_of_the_true_ones_whichever_way(measured):
    what = "steps of a minute's walk, error in %, 0.1 mm"
    found = line(grid_lines(worse(measured, 24, steps_off=-2)), what)
    assert found.ours == "1.0 / 2.0 / 2.0; together -1.0 %"
    assert found.met is False


def test_the_ripple_of_five_percent_has_lines_of_its_own_at_12_mm(measured):
    by_ripple = [
        replace(one, figures={**one.figures, OURS: replace(GOOD, cadence_spm=9.0)})
        if one.scenario.peaks == 0.05 and one.scenario.mm_per_count == SIZES_MM[-1]
        else one
        for one in measured
    ]
    lines = grid_lines(by_ripple)
    assert line(lines, "cadence after 6 s, SD in steps/min, 12 mm, ripple from 10 %").met
    assert not line(lines, "cadence after 6 s, SD in steps/min, 12 mm, ripple 5 %").met


def test_the_stated_uncertainty_must_hold_in_95_percent(measured):
    what = "true asymmetry within"
    assert line(grid_lines(measured), what).met
    assert line(grid_lines(worse(measured, 2, asymmetry_within=False)), what).met
    assert not line(grid_lines(worse(measured, 3, asymmetry_within=False)), what).met
    assert line(grid_lines(worse(measured, 48, asymmetry_within=None)), what).ours == "0 of 0 walks"


def test_rows_that_differ_between_engines_miss_the_goal(measured):
    assert same_bytes_line(measured).met
    one = replace(measured[5], compared=Compared(10, 1))
    found = same_bytes_line([*measured[:5], one, replace(one, compared=None)])
    assert (found.met, found.value) == (False, "1 of the metric rows differ")
    assert found.what.startswith("60 raw rows")
