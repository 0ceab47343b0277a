"""The belt, the person and the rails, judged by the truth file and by what sensors read."""

from __future__ import annotations

import itertools
import math
import statistics

import pytest

from beltbox.virtualbox import load
from beltbox.virtualbox.box import run

# Nothing rests on it: only a box that hangs takes so long.
HANGS_S = 180
IDLE = ""
WEIGHT_N = 70 * 9.80665


@pytest.fixture
def world(play, scenario, read_truth, tmp_path):
    """world(**table): the truth of a scenario in which the box does nothing."""

    def simulate(**table):
        truth = tmp_path / "truth.csv"
        play(IDLE, scenario(**table), truth=truth, seed=table.get("seed"))
        return read_truth(truth)

    return simulate


def steady(rows, from_s):
    return [row for row in rows if row["t_us"] >= from_s * 1e6]


@pytest.mark.parametrize(
    ("m_s", "direction"),
    [(0.22, "backward"), (0.45, "forward"), (0.9, "backward"), (1.6, "backward")],
)
def test_the_mean_speed_is_the_goal_and_every_step_is_felt(world, m_s, direction):
    walk = [{"at_s": 0, "m_s": m_s, "direction": direction}]
    rows = steady(world(duration_s=64, walk=walk), 4)
    goal_mm_s = m_s * 1000 if direction == "forward" else -m_s * 1000
    seconds = (rows[-1]["t_us"] - rows[0]["t_us"]) / 1e6
    mean_mm_s = (rows[-1]["position_mm"] - rows[0]["position_mm"]) / seconds
    assert mean_mm_s == pytest.approx(goal_mm_s, rel=0.02)
    by_step = itertools.groupby(rows, key=lambda row: row["steps"])
    speeds = [[abs(row["speed_mm_s"]) for row in step] for _, step in by_step]
    ripples = [(max(step) - min(step)) / abs(mean_mm_s) for step in speeds[1:-1]]
    assert 0.10 < statistics.mean(ripples) < 0.20


def test_position_is_the_sum_of_speed(world):
    rows = world(duration_s=10, walk=[{"at_s": 1, "m_s": 1}, {"at_s": 6, "m_s": 0}])
    travelled_mm = sum(row["speed_mm_s"] for row in rows) * 0.01
    assert rows[-1]["position_mm"] == pytest.approx(travelled_mm, rel=0.001)
    assert rows[-1]["speed_mm_s"] == 0


def test_cadence_is_as_asked_and_varies(world):
    walk = [{"at_s": 0, "m_s": 1, "cadence_spm": 100, "ramp_s": 0.1}]
    rows = world(duration_s=61, walk=walk, walker={"step_time_variability": 0.05})
    strikes_s = [
        after["t_us"] / 1e6
        for before, after in itertools.pairwise(rows)
        if after["steps"] > before["steps"]
    ]
    times_s = [after - before for before, after in itertools.pairwise(strikes_s)]
    assert statistics.mean(times_s) == pytest.approx(0.6, rel=0.02)
    assert statistics.stdev(times_s) == pytest.approx(0.03, rel=0.3)


def test_an_asymmetric_walker_has_long_and_short_steps(world):
    walk = [{"at_s": 0, "m_s": 1, "cadence_spm": 60, "ramp_s": 0.1}]
    walker = {"step_time_variability": 0, "asymmetry": 0.2}
    rows = world(duration_s=12, walk=walk, walker=walker)
    strikes_s = [
        after["t_us"] / 1e6
        for before, after in itertools.pairwise(rows)
        if after["steps"] > before["steps"]
    ]
    times_s = [round(after - before, 1) for before, after in itertools.pairwise(strikes_s)]
    assert times_s[:4] in ([1.1, 0.9, 1.1, 0.9], [0.9, 1.1, 0.9, 1.1])


def test_a_walk_may_follow_given_stride_times(play, scenario, read_truth, tmp_path):
    strides_s = [0.8, 1.6, 1.0, 2.0]
    (tmp_path / "strides.txt").write_text("\n".join(f"{s}" for s in strides_s))
    path = tmp_path / "mine.toml"
    path.write_text(
        'title = "t"\nduration_s = 7\n[[walk]]\nat_s = 0\nm_s = 1\nramp_s = 0.01\n'
        'stride_file = "strides.txt"\n'
    )
    truth = tmp_path / "truth.csv"
    play(IDLE, load(path), truth=truth)
    strikes_s = [
        after["t_us"] / 1e6
        for before, after in itertools.pairwise(read_truth(truth))
        if after["steps"] > before["steps"]
    ]
    got_s = [b - a for a, b in itertools.pairwise(strikes_s[::2])][:4]
    assert got_s == pytest.approx(strides_s, abs=0.025)


def test_a_coasting_belt_is_stopped_by_friction_alone(world):
    rows = world(
        duration_s=8,
        walk=[{"at_s": 0, "m_s": 1, "direction": "forward", "ramp_s": 0.5}],
        event=[{"at_s": 3, "kind": "coast"}],
        belt={"drag_n_s_m": 0, "friction_n": 30, "inertia_kg": 60},
    )
    rolling = [row for row in rows if row["t_us"] >= 3.02e6 and row["speed_mm_s"] > 0]
    slowing = [
        (before["speed_mm_s"] - after["speed_mm_s"]) * 100
        for before, after in itertools.pairwise(rolling)
    ]
    assert slowing == pytest.approx([500] * len(slowing), abs=1)  # 30 N on 60 kg
    assert len(slowing) > 150
    assert rows[-1]["speed_mm_s"] == 0
    assert rows[-1]["steps"] == rows[310]["steps"]


def test_more_resistance_stops_the_belt_sooner_and_a_push_moves_it(world):
    def distance_mm(resistance):
        push = [{"at_s": 1, "kind": "hand_push", "value": -0.8}]
        rows = world(duration_s=12, event=push, belt={"resistance": resistance})
        assert rows[-1]["speed_mm_s"] == 0
        return rows[-1]["position_mm"]

    loose, tight = distance_mm(0), distance_mm(2)
    assert loose < 2 * tight < 0


def test_hands_press_what_the_script_says(world):
    rows = world(
        duration_s=30,
        walk=[{"at_s": 0, "m_s": 0.5}],
        hands=[{"at_s": 2, "left_percent": 12, "right_percent": 3}, {"at_s": 20}],
    )
    before = [row for row in rows if row["t_us"] < 2e6]
    held = [row for row in rows if 5e6 < row["t_us"] < 20e6]
    after = [row for row in rows if row["t_us"] > 22.1e6]
    assert {row["reliance_permille"] for row in before + after} == {0}
    left_n = [row["rail_left_mn"] / 1000 for row in held]
    right_n = [row["rail_right_mn"] / 1000 for row in held]
    assert statistics.mean(left_n) == pytest.approx(0.12 * WEIGHT_N, rel=0.02)
    assert statistics.mean(right_n) == pytest.approx(0.03 * WEIGHT_N, rel=0.02)
    # The hands sway with the stride, against each other.
    assert statistics.stdev(left_n) > 0.05 * statistics.mean(left_n)
    assert statistics.correlation(left_n, right_n) < -0.8
    for row in held[::50]:
        expected = (row["rail_left_mn"] + row["rail_right_mn"]) / WEIGHT_N
        assert row["reliance_permille"] == pytest.approx(expected, abs=0.06)
        assert row["zone"] == (3 if row["reliance_permille"] >= 150 else 2)


def test_a_grab_is_sudden_and_fades(world):
    rows = world(duration_s=8, grab=[{"at_s": 3, "percent": 25, "left_share": 0.6}])
    top = max(rows, key=lambda row: row["reliance_permille"])
    assert top["reliance_permille"] == pytest.approx(250, rel=0.02)
    assert 3.1e6 < top["t_us"] < 3.2e6
    assert top["rail_left_mn"] / top["rail_right_mn"] == pytest.approx(1.5, rel=0.01)
    second_later = next(row for row in rows if row["t_us"] == top["t_us"] + 1_000_000)
    assert second_later["reliance_permille"] < 30
    assert [row["grabs"] for row in rows] == [float(row["t_us"] >= 3e6) for row in rows]
    assert rows[-1]["reliance_permille"] == 0


def test_cells_show_the_force_with_their_noise_drift_and_spikes(
    play, scenario, read_truth, tmp_path
):
    program = (
        "import time\nfrom machine import Pin, SPI\n"
        "sck, dout = Pin(23, Pin.OUT, value=0), Pin(19)\n"
        "spi = SPI(1, baudrate=1_000_000, sck=Pin(18), mosi=sck, miso=dout)\n"
        "got = bytearray(7)\n"
        "while time.ticks_ms() < 28_000:\n"
        "    if dout():\n        time.sleep_ms(1)\n        continue\n"
        "    now = time.ticks_us()\n"
        "    spi.write_readinto(b'\\xaa' * 6 + b'\\x80', got)\n"
        "    raw = 0\n"
        "    for byte in got[:6]:\n"
        "        for shift in (6, 4, 2, 0):\n"
        "            raw = raw << 1 | byte >> shift & 1\n"
        "    print(now, raw - ((raw & 0x800000) << 1))\n"
    )
    cell = {
        **{"zero_counts": 5000, "nn_per_count": -200_000, "noise_counts": 1000},
        **{"drift_n_per_min": 2, "spike_probability": 0.02, "spike_n": 300},
    }
    truth = tmp_path / "truth.csv"
    hands = [{"at_s": 0, "left_percent": 5, "ramp_s": 0}]
    lines = play(program, scenario(duration_s=30, cells={"left": cell}, hands=hands), truth=truth)
    force_n = {int(row["t_us"]): row["rail_left_mn"] / 1000 for row in read_truth(truth)}
    errors_n = []
    for line in lines:
        t_us, counts = (int(text) for text in line.split())
        drift_n = 2 * t_us / 60e6
        read_n = (counts - 5000) * -200_000 / 1e9
        errors_n.append(read_n - force_n[t_us // 10_000 * 10_000] - drift_n)
    spikes = [error for error in errors_n if abs(error) > 100]
    rest = [error for error in errors_n if abs(error) <= 100]
    assert len(lines) > 27 * 78
    assert {round(error, -2) for error in spikes} == {300, -300}
    assert len(spikes) / len(errors_n) == pytest.approx(0.02, rel=0.5)
    # The tremor between row and sample adds to the 0.2 N of noise.
    assert statistics.stdev(rest) == pytest.approx(0.25, rel=0.3)
    assert statistics.mean(rest) == pytest.approx(0, abs=0.05)


def test_by_hand_the_belt_moves_exactly_and_weights_weigh(boxes, scenario, read_truth, tmp_path):
    truth = tmp_path / "truth.csv"
    # The script, and with it the end, waits for `start`.
    box, _ = boxes(IDLE, scenario(duration_s=20), truth=truth, speed=0, wait_for_host=True)
    box.command({"do": "rail_right_n", "value": 98.1})
    box.command({"do": "rail_left_n", "value": 49})
    box.command({"do": "move_mm", "value": -1500, "speed_m_s": 0.5})
    box.command({"do": "start"})
    assert box.wait(HANGS_S) == 0
    last = read_truth(truth)[-1]
    assert (last["position_mm"], last["speed_mm_s"]) == (-1500, 0)
    assert (last["rail_left_mn"], last["rail_right_mn"]) == (49_000, 98_100)


def test_the_belt_can_be_turned_at_a_speed_and_let_go(boxes, scenario, read_truth, tmp_path):
    truth = tmp_path / "truth.csv"
    box, _ = boxes(IDLE, scenario(duration_s=20), truth=truth, speed=0, wait_for_host=True)
    box.command({"do": "speed_m_s", "value": 0.4})
    box.command({"do": "start"})
    assert box.wait(HANGS_S) == 0
    assert read_truth(truth)[-1]["speed_mm_s"] == 400


@pytest.mark.slow
def test_the_same_seed_gives_the_same_world_and_another_a_different_one(tmp_path):
    def truth_of(seed):
        path = tmp_path / "truth.csv"
        (tmp_path / "main.py").write_text("")
        assert run("unplugged-cell", seed=seed, speed=0, truth=path, firmware=tmp_path) == 0
        return path.read_text()

    first = truth_of(5)
    assert truth_of(5) == first
    assert truth_of(6) != first


def test_the_truth_is_even_and_complete(play, scenario, read_truth, tmp_path):
    truth = tmp_path / "truth.csv"
    start_us = 2**30 - 1_000_000
    play(IDLE, scenario(duration_s=2, clock_start_us=start_us), truth=truth)
    assert truth.read_text().splitlines()[0] == (
        "t_us,position_mm,speed_mm_s,rail_left_mn,rail_right_mn,reliance_permille,zone,steps,"
        "grabs,boots,ticks_us"
    )
    rows = read_truth(truth)
    assert [row["t_us"] for row in rows] == [start_us + 10_000 * n for n in range(201)]
    assert [row["ticks_us"] for row in rows] == [row["t_us"] % 2**30 for row in rows]


def test_the_project_firmware_runs_unchanged_and_measures_the_walk(boxes, tmp_path, read_truth):
    truth = tmp_path / "truth.csv"
    box, host = boxes(None, load("steady-1mph"), truth=truth)
    host.listen_until(lambda: not box.running())
    assert box.wait(HANGS_S) == 0
    lines = host.received.split(b"\n")[:-1]
    distances_mm = [int(line.split(b",")[4]) for line in lines if line.startswith(b"$DST,")]
    true_mm = abs(read_truth(truth)[-1]["position_mm"])
    # The last of these comes up to half a second before the end.
    assert true_mm - 500 * 0.6 < distances_mm[-1] <= math.ceil(true_mm)
