"""Real sensors through the core: what the recordings' README states about them."""

from __future__ import annotations

import bisect
import itertools
import statistics

import pytest

from beltbox.bench.grid.made_up_belt import MadeUpBelt
from beltcore import settings
from beltcore.core import Core
from beltcore.host.metrics import COLUMNS, metric_row

pytestmark = pytest.mark.slow


def replay(rows, given_settings):
    """Metric rows as dicts."""
    core = Core(settings.complete(given_settings))
    metrics = []
    for row in rows:
        core.step(*row)
        metrics.append(dict(zip(COLUMNS, metric_row(core), strict=True)))
    return metrics


@pytest.fixture
def pushes(recording):
    rows = recording("wheel_pushes.csv")
    return rows, replay(rows, recording("wheel_settings.json"))


def test_pushes_totals(pushes):
    rows, metrics = pushes
    assert len(rows) == 15_741
    assert (rows[0][1], rows[-1][1]) == (50_659, 134_867)
    steps = [after[1] - before[1] for before, after in itertools.pairwise(rows)]
    forward = sum(step for step in steps if step > 0)
    backward = -sum(step for step in steps if step < 0)
    assert (forward, backward, max(map(abs, steps))) == (84_456, 248, 17)
    last = metrics[-1]
    assert last["forward_mm"] == pytest.approx(39_488, abs=1)
    assert last["backward_mm"] == pytest.approx(116, abs=1)
    assert last["distance_mm"] == last["forward_mm"] + last["backward_mm"]
    assert last["t_ms"] == pytest.approx(65_580, abs=10)
    assert {row["flags"] for row in metrics} == {0}


def test_pushes_forces(pushes):
    """The raw forces span what is stated; a median and a mean only take from both ends."""
    rows, metrics = pushes
    for column, name, low_n, high_n in (
        (2, "rail_left_mn", -68.39, 75.44),
        (3, "rail_right_mn", -205.98, 48.63),
    ):
        raw_n = [row[column] / 2000 for row in rows if row[column] is not None]
        assert (min(raw_n), max(raw_n)) == (pytest.approx(low_n), pytest.approx(high_n))
        forces_n = [row[name] / 1000 for row in metrics if row[name] is not None]
        assert low_n <= min(forces_n) <= low_n + 40
        assert high_n - 40 <= max(forces_n) <= high_n


def test_pushes_begin_when_they_are_stated_to(pushes):
    """Set by hand by the recording's authors; the force on the left rises through 8 N."""
    rows, metrics = pushes
    times_s = [(row[0] - rows[0][0]) / 1e6 for row in rows]
    forces_mn = [row["rail_left_mn"] or 0 for row in metrics]
    rises_s = [
        time_s
        for time_s, (before_mn, mn) in zip(times_s[1:], itertools.pairwise(forces_mn), strict=True)
        if before_mn < 8000 <= mn and 8.4 < time_s < 15.1
    ]
    assert rises_s == pytest.approx([8.56, 10.50, 11.78, 13.39, 14.86], abs=0.15)


@pytest.mark.parametrize(("column", "name"), [(2, "rail_left_mn"), (3, "rail_right_mn")])
def test_pushes_steady_stretches_come_back_as_their_own_mean(pushes, column, name):
    rows, metrics = pushes
    second = 240
    checked = 0
    for start in range(0, len(rows) - second, second):
        raw_n = [row[column] / 2000 for row in rows[start : start + second]]
        if statistics.pstdev(raw_n) < 1:
            settled = metrics[start + second // 4 : start + second]
            mean_n = statistics.fmean(row[name] / 1000 for row in settled)
            assert mean_n == pytest.approx(statistics.fmean(raw_n), abs=1)
            checked += 1
    assert checked >= 3


def test_pushes_speed_follows_the_counts(pushes):
    """Over each second: the counts that passed, which nothing can be truer than."""
    rows, metrics = pushes
    behind = 0
    for at in range(300, len(rows)):
        while rows[at][0] - rows[behind + 1][0] >= 10**6:
            behind += 1
        # The wheel's own count on either side of a second ago.
        least = (rows[at][1] - rows[behind + 1][1]) * 0.467557
        most = (rows[at][1] - rows[behind][1]) * 0.467557
        low, high = min(least, most), max(least, most)
        # Either end may be half a count (0.47 mm) and half a row's way beside its edge.
        assert low - 2.5 <= metrics[at]["speed_mm_s"] <= high + 2.5


def test_pushes_stand_still_where_the_count_does(pushes):
    rows, metrics = pushes
    since_us = rows[0][0]
    stood = 0
    for before, row, metric in zip(rows, rows[1:], metrics[1:], strict=False):
        if row[1] != before[1]:
            since_us = row[0]
        elif row[0] - since_us > 500_000:
            assert metric["belt_mm_s"] == 0
            stood += 1
    assert stood > 240


def test_coasting(recording):
    rows = recording("wheel_coasting.csv")
    given_settings = recording("wheel_settings.json")
    zeros = {
        "rail_left_zero": round(statistics.fmean(row[2] for row in rows)),
        "rail_right_zero": round(statistics.fmean(row[3] for row in rows)),
    }
    assert zeros["rail_left_zero"] / 2000 == pytest.approx(-0.60, abs=0.01)
    assert zeros["rail_right_zero"] / 2000 == pytest.approx(-6.51, abs=0.01)
    metrics = replay(rows, given_settings | zeros)
    last = metrics[-1]
    assert rows[-1][1] - rows[0][1] == 55_058
    assert last["forward_mm"] == pytest.approx(25_743, abs=1)
    assert last["backward_mm"] == 0
    assert {row["flags"] for row in metrics} == {0}
    assert (last["steps"], last["grabs"]) == (0, 0)
    assert {row["cadence_spm_x10"] for row in metrics} == {None}
    # The wheel's weight turns with it. This sinusoid reaches 10.4 N, above 1 % of 70 kg: a part of
    # each turn reads as a light touch, unless the noise floor tells that it isn't one.
    zones = [row["zone"] for row in metrics]
    assert set(zones[2:]) == {0, 1}
    assert zones.count(0) > 0.75 * len(zones)
    assert last["supported_mm"] == last["heavy_mm"] == 0
    floor = replay(rows, given_settings | zeros | {"rail_noise_mn": 10_500})
    assert {row["zone"] for row in floor[2:]} == {0}
    assert floor[-1]["hands_off_mm"] == floor[-1]["forward_mm"]


@pytest.mark.parametrize(
    ("name", "mean_s", "deviation_s"),
    [
        ("strides_49-158.txt", 1.1314, 0.0252),
        ("strides_36-129.txt", 0.9641, 0.0323),
        ("strides_1-40.txt", 0.8926, 0.0972),
    ],
)
@pytest.mark.parametrize("nm_per_count", [100_000, 12_000_000])
def test_strides_drive_a_belt(recording, name, mean_s, deviation_s, nm_per_count):
    """Two steps a stride, a dip at each; distance and mean speed follow."""
    strides_s = [stride for _at, stride in recording(name)]
    assert statistics.fmean(strides_s) == pytest.approx(mean_s, abs=1e-4)
    assert statistics.stdev(strides_s) == pytest.approx(deviation_s, abs=1e-4)
    core = Core(settings.complete({"belt_nm_per_count": nm_per_count, "belt_direction": -1}))
    t_us = 0
    place_nm = 5
    places = []
    step_nm = 450 * 10**6
    for stride_s in strides_s[:150]:
        half_us = round(stride_s * 500_000)
        for _ in range(2):
            start_us = t_us
            while t_us < start_us + half_us:
                # Half a step's way in the first 40 % of its time, half in the rest.
                turn_us = half_us * 2 // 5
                since_us = t_us - start_us
                if since_us < turn_us:
                    way_nm = step_nm * since_us // (2 * turn_us)
                else:
                    way_nm = step_nm // 2 + step_nm * (since_us - turn_us) // (
                        2 * (half_us - turn_us)
                    )
                core.step(t_us, (place_nm + way_nm) // nm_per_count, None, None)
                places.append((t_us, place_nm + way_nm))
                if len(places) > 120:
                    ago = places[-81]
                    true_mm_s = (place_nm + way_nm - ago[1]) / (t_us - ago[0])
                    near = 2 + nm_per_count / 10**6 + 0.02 * true_mm_s
                    assert core.belt.speed_mm_s == pytest.approx(-true_mm_s, abs=near)
                t_us += 12_500
            place_nm += step_nm
            t_us = start_us + half_us
            while places and t_us <= places[-1][0]:
                t_us += 1
    row = dict(zip(COLUMNS, metric_row(core), strict=True))
    counted_mm = places[-1][1] // nm_per_count * nm_per_count / 10**6
    assert row["backward_mm"] == pytest.approx(counted_mm, abs=1)
    assert row["forward_mm"] == 0


def test_pushes_by_hand_are_no_steps(recording):
    metrics = replay(recording("wheel_pushes.csv"), recording("wheel_settings.json"))
    assert {row["steps"] for row in metrics} == {0}
    assert {row["cadence_spm_x10"] for row in metrics} == {None}


def true_spm(steps_s, at_s):
    """Of up to twelve steps within six seconds before at_s; None after fewer than two."""
    last = bisect.bisect(steps_s, at_s) - 1
    spm = None
    for steps in range(2, 13, 2):
        if steps > last:
            break
        span_s = steps_s[last] - steps_s[last - steps]
        if spm is not None and span_s > 6:
            break
        spm = 60 * steps / span_s
    return spm


def strides_walked(strides_s, mm, shape, peaks):
    """The belt; and for each row its time in s, the steps and the cadence a minute, or None."""
    belt = MadeUpBelt(1)
    belt.stand(2)
    halves_s = [stride_s / 2 for stride_s in strides_s for _ in range(2)]
    belt.walk(0.9, 100, 0, shape=shape, peaks=peaks, step_times_s=halves_s, stop_s=0)
    belt.stand(3)
    core = Core(settings.complete({"belt_nm_per_count": round(mm * 1e6)}))
    counted = []
    for row in belt.rows(mm):
        core.step(*row)
        spm_x10 = core.gait.cadence_spm_x10
        counted.append((row.t_us / 1e6, core.gait.steps, spm_x10 and spm_x10 / 10))
    return belt, counted


# A step is known when the belt behind its dip was seen: half a second is between those of 0.1 and
# those of 12 mm.
KNOWN_AFTER_S = 0.5


@pytest.mark.parametrize("mm", [0.1, 12])
@pytest.mark.parametrize(("shape", "peaks"), [("bumpy", 0.15), ("two speeds", 0.25)])
@pytest.mark.parametrize(
    ("name", "mean_spm", "median", "high"),
    [
        # The mean, and how much the cadence errs at 0.1 and 12 mm: half of the time, and nearly all
        # of it.
        ("strides_49-158.txt", 106.06, (0.1, 0.5), (0.3, 1.5)),
        ("strides_36-129.txt", 124.47, (0.1, 0.6), (0.35, 2.2)),
        # 134.43 with the pause, in which there is no cadence.
        ("strides_1-40.txt", 134.96, (0.25, 0.95), (1.1, 3.4)),
    ],
)
def test_cadence_follows_strides(recording, name, mean_spm, median, high, mm, shape, peaks):
    strides_s = [stride_s for _at, stride_s in recording(name)]
    usual_s = [stride_s for stride_s in strides_s if stride_s < 2]
    assert 120 / statistics.fmean(usual_s) == pytest.approx(mean_spm, abs=0.01)
    belt, counted = strides_walked(strides_s, mm, shape, peaks)
    assert counted[-1][1] == pytest.approx(2 * len(strides_s), rel=0.01)
    known = [(t_s, spm) for t_s, _steps, spm in counted if spm is not None]
    assert len(known) > 0.75 * len(counted)
    assert statistics.fmean(spm for _t_s, spm in known) == pytest.approx(mean_spm, rel=0.005)
    errors = []
    for t_s, spm in known[::20]:
        true = true_spm(belt.steps_s, t_s - KNOWN_AFTER_S)
        if true is not None:
            errors.append(abs(spm - true))
    errors.sort()
    assert len(errors) > 1000
    assert statistics.median(errors) < median[mm > 1]
    assert errors[len(errors) * 95 // 100] < high[mm > 1]


@pytest.mark.parametrize(
    ("mm", "shape", "peaks"),
    [(0.1, "bumpy", 0.15), (0.1, "sine", 0.1), (1, "sharp", 0.15), (12, "two speeds", 0.25)],
)
def test_a_pause_in_mid_walk_is_no_slow_step(recording, mm, shape, peaks):
    """The one of 1-40, which comes before any cadence is told, after a hundred strides."""
    strides_s = [stride_s for _at, stride_s in recording("strides_1-40.txt")]
    pause_s = max(strides_s)
    assert pause_s == pytest.approx(2.75, abs=0.01)
    walk_s = [*strides_s[60:160], pause_s, *strides_s[160:230]]
    belt, counted = strides_walked(walk_s, mm, shape, peaks)
    assert counted[-1][1] == pytest.approx(2 * len(walk_s), abs=4)
    begins_s = belt.steps_s[200]
    near = [spm for t_s, _steps, spm in counted if -2 < t_s - begins_s < 20]
    assert None in near
    assert near[0] is not None
    assert near[-1] is not None
    assert min(spm for spm in near if spm is not None) > 120
