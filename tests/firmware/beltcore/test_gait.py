"""Steps, cadence, length and evenness against the truth of belts made up in floats."""

from __future__ import annotations

import itertools
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from beltbox.bench.grid.made_up_belt import SHAPES, MadeUpBelt
from beltcore import settings
from beltcore.core import Core
from beltcore.host.metrics import COLUMNS, metric_row

GAIT = ("steps", "cadence_spm_x10", "step_length_mm", *COLUMNS[-4:])


def measured(belt, mm=0.1, **how):
    """A dict a row: the time in s, and the gait's columns."""
    return computed(belt.rows(mm, **how), mm)


def computed(rows, mm, **more):
    core = Core(settings.complete({"belt_nm_per_count": round(mm * 1e6)} | more))
    found = []
    for row in rows:
        core.step(*row)
        named = dict(zip(COLUMNS, metric_row(core), strict=True))
        found.append({"t_s": named["t_ms"] / 1000} | {name: named[name] for name in GAIT})
    return found


def walked(*arguments, seed=1, **how):
    belt = MadeUpBelt(seed)
    belt.stand(2)
    belt.walk(*arguments, **how)
    belt.stand(3)
    return belt


def near(steps, belt):
    """Within 1 %, or one step at the start and one at the stop, which ramps hide."""
    true = len(belt.steps_s)
    return abs(steps - true) <= max(2, 0.01 * true)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("speed_m_s", "cadence_spm", "peaks"),
    [(0.2, 42, 0.15), (0.3, 80, 0.05), (0.9, 105, 0.15), (1.6, 140, 0.25)],
)
def test_steps_cadence_and_length(shape, speed_m_s, cadence_spm, peaks):
    belt = walked(speed_m_s, cadence_spm, 60, shape=shape, peaks=peaks)
    rows = measured(belt)
    assert near(rows[-1]["steps"], belt)
    # Two seconds of standing, the ramp, then six seconds or nine steps.
    steady = [row for row in rows if 3.5 + max(6, 9 * 60 / cadence_spm) <= row["t_s"] <= 60]
    assert all(row["cadence_spm_x10"] is not None for row in steady)
    errors = [row["cadence_spm_x10"] / 10 - cadence_spm for row in steady]
    assert math.sqrt(statistics.fmean(e * e for e in errors)) <= 1.8
    length_mm = speed_m_s * 60_000 / cadence_spm
    for row in steady:
        assert row["step_length_mm"] == pytest.approx(length_mm, rel=0.1)


def test_before_it_is_trusted_and_after_the_stop_nothing_is_known():
    rows = measured(walked(0.9, 105, 30))
    known = [row["t_s"] for row in rows if row["cadence_spm_x10"] is not None]
    assert 4 < known[0] < 7
    assert known[-1] < 33.5
    assert all((row["cadence_spm_x10"] is None) == (row["step_length_mm"] is None) for row in rows)
    # The steps before count once they are trusted, all at once.
    assert [row["steps"] for row in rows if row["t_s"] < known[0]][-1] == 0
    assert next(row["steps"] for row in rows if row["t_s"] == known[0]) >= 5


@profile(max_examples=12, deadline=None)
@given(
    st.floats(45, 138),
    st.floats(0.3, 0.65),
    st.sampled_from(SHAPES),
    st.sampled_from([0.1, 0.15, 0.25]),
    st.sampled_from([0, 0.15]),
    st.sampled_from([(0.0125, 0.0), (0.05, 0.0), (0.002, 0.0), (0.025, 0.9)]),
    st.sampled_from([1, -1]),
    st.integers(0, 2**30 - 1),
)
def test_any_walk(cadence_spm, length_m, shape, peaks, limp, rate, direction, start_us):
    belt = walked(
        length_m * cadence_spm / 60, cadence_spm, 25, shape=shape, peaks=peaks, asymmetry=limp
    )
    row_s, jitter = rate
    rows = measured(belt, row_s=row_s, jitter=jitter, direction=direction, start_us=start_us)
    assert abs(rows[-1]["steps"] - len(belt.steps_s)) <= 3


@pytest.mark.parametrize("mm", [0.1, 1, 12])
def test_bouts_of_walking(mm):
    belt = MadeUpBelt(5)
    for _ in range(5):
        belt.stand(3)
        belt.walk(0.9, 100, 20, peaks=0.2)
    belt.stand(3)
    assert abs(measured(belt, mm)[-1]["steps"] - len(belt.steps_s)) <= 5


def test_changes_of_pace():
    belt = MadeUpBelt(5)
    belt.stand(2)
    before = 0
    for speed, cadence in ((0.5, 70), (1.1, 110), (0.4, 60), (1.4, 130), (0.3, 50)):
        belt.walk(speed, cadence, 15, from_m_s=before, ramp_s=2, stop_s=0)
        before = speed
    assert abs(measured(belt)[-1]["steps"] - len(belt.steps_s)) <= 4


def test_stumbles():
    belt = walked(0.8, 95, 60, stumbles_s=(10.2, 25.5, 40.1))
    assert near(measured(belt)[-1]["steps"], belt)


def test_twelve_millimetres_a_count():
    belt = walked(0.9, 105, 60)
    rows = measured(belt, 12)
    assert near(rows[-1]["steps"], belt)
    steady = [r["cadence_spm_x10"] for r in rows if 9.5 <= r["t_s"] <= 60]
    errors = [value / 10 - 105 for value in steady if value is not None]
    assert len(errors) > 0.9 * len(steady)
    assert math.sqrt(statistics.fmean(e * e for e in errors)) <= 4


def test_no_step_is_longer_than_one_and_a_half_metres():
    """At 50 a minute the same dips are steps of 1.44 m, or what no walker makes: 1.92 m."""
    longest = walked(1.2, 50, 30, peaks=0.2)
    assert near(measured(longest)[-1]["steps"], longest)
    longer = measured(walked(1.6, 50, 30, peaks=0.2))
    assert {row["steps"] for row in longer} == {0}
    assert {row["cadence_spm_x10"] for row in longer} == {None}


@pytest.mark.parametrize("shape", ["sine", "bumpy", "two speeds"])
def test_a_ripple_of_less_than_a_hundredth_is_none(shape):
    """0.8 % from peak to peak: an even belt that isn't quite."""
    rows = measured(walked(0.9, 105, 30, shape=shape, peaks=0.008))
    assert {row["steps"] for row in rows} == {0}


@pytest.mark.parametrize("mm", [0.1, 1, 12])
@pytest.mark.parametrize("how", ["stands", "coasts", "coasts long", "pushed", "trembles"])
def test_no_step_without_a_walker(mm, how):
    belt = MadeUpBelt(3)
    belt.stand(2)
    if how.startswith("coasts"):
        belt.hold(1.5, 0.5)
        belt.coast(0.1) if how == "coasts" else belt.coast(0.02, tau_s=15)
    elif how == "pushed":
        for pause_s in (1.1, 1.7, 1.3, 1.5, 1.2, 1.9, 1.4, 1.6, 1.2):
            belt.push(0.6)
            belt.coast(0.2, tau_s=1.0, seconds=pause_s)
        belt.coast(0.2)
    elif how == "trembles":
        for _ in range(40):
            belt.hold(0.01, 0.3)
            belt.hold(-0.01, 0.3)
    belt.stand(4)
    rows = measured(belt, mm)
    assert {row["steps"] for row in rows} == {0}
    assert {row["cadence_spm_x10"] for row in rows} == {None}


@pytest.mark.parametrize("stop_s", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("cadence_spm", [60, 90, 120])
def test_a_stop_hides_a_step_and_no_more(stop_s, cadence_spm):
    """Its ramp swamps a ripple of 5 %: one step is added by the rhythm."""
    belt = walked(0.8 * cadence_spm / 100, cadence_spm, 30, peaks=0.05, stop_s=stop_s)
    assert -2 <= measured(belt)[-1]["steps"] - len(belt.steps_s) <= 1


def test_a_rhythm_that_was_taken_for_half_is_looked_through_anew():
    """Sharp dips and a limp at 45 a minute look like 100 a minute for the first seconds."""
    belt = walked(0.375, 45, 25, shape="sharp", peaks=0.15, asymmetry=0.15)
    assert abs(measured(belt)[-1]["steps"] - len(belt.steps_s)) <= 1


def test_a_coarse_encoder_says_nothing_rather_than_something_wrong():
    """A ripple of 5 % under 12 mm a count: edges that beat like steps are rarely believed."""
    told = wrong = 0
    for number, shape in enumerate(SHAPES):
        cadence_spm = 85 + 9 * number
        belt = walked(0.6, cadence_spm, 40, shape=shape, peaks=0.05, seed=number)
        for row in measured(belt, 12):
            if row["t_s"] > 12 and row["cadence_spm_x10"] is not None:
                told += 1
                wrong += abs(row["cadence_spm_x10"] / 10 - cadence_spm) > 0.15 * cadence_spm
    assert told > 0
    assert wrong <= 0.02 * len(SHAPES) * 31 * 80


@pytest.mark.parametrize("mm", [0.1, 12])
def test_stepping_off_a_belt_that_coasts_on(mm):
    belt = MadeUpBelt(4)
    belt.stand(2)
    belt.walk(1.0, 105, 40, stop_s=0)
    belt.coast(0.1)
    belt.stand(3)
    assert near(measured(belt, mm)[-1]["steps"], belt)


PHASES = range(6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("speed_m_s", "cadence_spm", "slowing_m_s2"), [(0.6, 100, 0.1), (0.8, 75, 0.1), (1, 110, 0.2)]
)
def test_the_edges_of_a_coarse_encoder_are_no_steps_while_the_belt_coasts(
    speed_m_s, cadence_spm, slowing_m_s2
):
    """Whoever walked steps off; the edges ripple on, and in some phases like the steps before."""
    for phase in PHASES:
        belt = MadeUpBelt(phase)
        belt.stand(2)
        seconds = 15 + phase / 10
        belt.walk(speed_m_s, cadence_spm, seconds, shape="sine", peaks=0.1, stop_s=0)
        belt.coast(slowing_m_s2, tau_s=5)
        belt.stand(3)
        assert abs(measured(belt, 12)[-1]["steps"] - len(belt.steps_s)) <= 1


@pytest.mark.parametrize("mm", [2, 6, 12])
def test_the_last_two_steps_of_a_walk_that_slows_down_count(mm):
    for phase in PHASES:
        belt = walked(0.6, 66, 20 + phase / 5, stop_s=2 + phase / 10, peaks=0.2, seed=phase)
        assert abs(measured(belt, mm)[-1]["steps"] - len(belt.steps_s)) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("mm", [1.5, 2.5])
def test_a_slow_stop_keeps_its_steps_up_to_two_and_a_half_millimetres(mm):
    """Beyond, they can't be told from a coasting belt's edges, and some five are lost."""
    for phase in PHASES:
        belt = walked(1.0, 105, 20 + phase / 5, stop_s=4, peaks=0.2, seed=phase)
        assert abs(measured(belt, mm)[-1]["steps"] - len(belt.steps_s)) <= 2


def test_steps_that_a_coarse_encoder_saw_while_slowing_down_count_when_the_walk_goes_on():
    for phase in PHASES:
        belt = MadeUpBelt(phase)
        belt.stand(2)
        belt.walk(1.2, 105, 15, stop_s=0, peaks=0.2)
        belt.walk(0.6, 100, 20, from_m_s=1.2, ramp_s=4, peaks=0.2)
        belt.stand(3)
        assert near(measured(belt, 12)[-1]["steps"], belt)


@pytest.mark.parametrize("limp", [0, 0.15])
def test_evenness(limp):
    belt = walked(0.8, 95, 90, asymmetry=limp, peaks=0.2)
    rows = measured(belt)
    steps_s = [after - before for before, after in itertools.pairwise(belt.steps_s)]
    known = [row for row in rows if row["step_asymmetry_permille"] is not None]
    assert known[0]["steps"] >= 60
    row = known[-1]
    true = 2000 * abs(statistics.fmean(steps_s[-64::2]) - statistics.fmean(steps_s[-63::2]))
    true /= 2 * statistics.fmean(steps_s)
    assert abs(row["step_asymmetry_permille"] - true) <= 2 * row["step_asymmetry_u_permille"]
    assert row["step_asymmetry_u_permille"] < 40
    sd_ms = 1000 * statistics.pstdev(steps_s[-64::2])
    assert row["step_time_sd_ms"] == pytest.approx(sd_ms, rel=0.5)
    assert row["longer_step_side"] is None  # without rails
    coarse = measured(belt, 12)
    assert {row["step_asymmetry_permille"] for row in coarse} == {None}


TWO_RAILS = {"rail_left_nn_per_count": 230_000, "rail_right_nn_per_count": 230_000}


@pytest.mark.slow
@pytest.mark.parametrize("left_first", [True, False])
@pytest.mark.parametrize(("hold_n", "sway"), [(40, 0.15), (8, 0.15), (150, 0.1)])
def test_the_sway_tells_whose_steps_take_longer(held, left_first, hold_n, sway):
    """The times from each odd step to the even one after it are longer; who ends them, is."""
    belt = walked(0.8, 95, 60, asymmetry=0.15, peaks=0.2)
    rows = held(belt.rows(), belt.steps_s, hold_n, sway, left_first)
    found = computed(rows, 0.1, **TWO_RAILS)
    assert {row["longer_step_side"] for row in found} == {None, 2 if left_first else 1}
    for row in found:
        if row["longer_step_side"] is not None:
            assert row["step_asymmetry_permille"] > 2 * row["step_asymmetry_u_permille"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limp", "sway", "rails"),
    [
        (0.15, 0.15, {"rail_left_nn_per_count": 230_000}),  # one rail
        (0.15, 0.0, TWO_RAILS),  # hands that don't sway
        (0.15, 0.003, TWO_RAILS),  # … enough
        (0.0, 0.15, TWO_RAILS),  # no limp
    ],
)
def test_no_side_is_named_without_a_reason(held, limp, sway, rails):
    belt = walked(0.8, 95, 60, asymmetry=limp, peaks=0.2)
    rows = held(belt.rows(), belt.steps_s, 40, sway)
    if len(rails) == 1:
        rows = [row._replace(rail_right=None) for row in rows]
    found = computed(rows, 0.1, **rails)
    assert {row["longer_step_side"] for row in found} == {None}
    assert {row["step_asymmetry_permille"] for row in found} != {None}


@pytest.mark.slow
def test_the_sway_vouches_for_what_a_coarse_encoder_hardly_shows(held):
    """A shuffle, whose ripple of 5 % is less than what edges of 12 mm make by themselves."""
    alone = witnessed = true = 0
    for seed in range(8):
        belt = walked(0.5, 60 + 7 * seed, 40, shape="sine", peaks=0.05, seed=seed)
        rows = belt.rows(12)
        alone += computed(rows, 12)[-1]["steps"]
        found = computed(held(rows, belt.steps_s), 12, **TWO_RAILS)
        witnessed += found[-1]["steps"]
        true += len(belt.steps_s)
    assert witnessed > 0.7 * true
    assert witnessed > alone + 0.2 * true


def test_a_stop_begins_the_evenness_anew():
    belt = MadeUpBelt(1)
    for _ in range(2):
        belt.stand(2)
        belt.walk(0.8, 100, 35, peaks=0.2)
    belt.stand(3)
    rows = measured(belt)
    assert rows[-1]["steps"] > 110
    assert {row["step_asymmetry_permille"] for row in rows} == {None}


def test_a_gap_keeps_what_was_counted():
    belt = walked(0.9, 105, 25)
    core = Core(settings.complete({}))
    rows = belt.rows()
    for row in rows:
        core.step(*row)
    before = core.gait.steps
    assert near(before, belt)
    core.step((rows[-1].t_us + 2_000_000) % 2**30, rows[-1].count, None, None)
    assert core.gait.steps == before


@pytest.mark.parametrize("mm", [0.1, 12])
def test_a_walk_across_the_wrap_of_the_samples_after_a_day(mm):
    """After 23 hours the samples are numbered anew, here 21 s into the walk."""
    belt = walked(0.9, 105, 40, peaks=0.2)
    core = Core(settings.complete({"belt_nm_per_count": round(mm * 1e6)}))
    core._dips._sample = 2**21 - 575
    told = []
    for row in belt.rows(mm):
        core.step(*row)
        told.append(core.gait.cadence_spm_x10)
    assert core._dips._sample < 2**21 - 575
    assert near(core.gait.steps, belt)
    known = [value / 10 for value in told if value is not None]
    assert len(known) > 0.65 * len(told)
    assert 101 < min(known) <= max(known) < 109
