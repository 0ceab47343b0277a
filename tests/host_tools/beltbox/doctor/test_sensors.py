"""What raw rows tell of the sensors: against cells and belts that are made up here."""

from __future__ import annotations

import math
import random

import pytest

from beltbox.doctor.sensors import Cell, examine_belt, examine_cell, span_s
from beltbox.walk.rows import RawRow
from beltcore import settings as declared

NN = 230_000
ZERO = 50_000
N = 1e9 / NN  # counts a newton
SETTINGS = declared.complete({"rail_left_zero": ZERO, "rail_left_nn_per_count": NN})


def rows(force_n, *, seconds=10.0, rate=80.0, start_us=0, count=lambda t: 0):
    """Rows 12.5 ms apart; force_n(t) newtons in the left cell, or a raw sample as an int."""
    made = []
    due_s = 0.0
    for tick in range(round(seconds * 80)):
        t = tick / 80
        sample = None
        if t >= due_s - 1e-9:
            due_s += 1 / rate
            value = force_n(t)
            sample = value if isinstance(value, int) else round(ZERO + value * N)
        made.append(RawRow((start_us + tick * 12_500) % (1 << 30), count(t), sample, None))
    return made


def cell(force_n, **options) -> Cell:
    return examine_cell(rows(force_n, **options), "left", SETTINGS)


def noisy(sigma_n, seed=1):
    chance = random.Random(seed)
    return lambda t: chance.gauss(0, sigma_n)


def test_noise_mean_and_drift_come_back():
    noise = noisy(0.4)
    seen = cell(lambda t: 2 + 3 * t / 60 + noise(t), start_us=(1 << 30) - 5_000_000)
    assert seen.samples == 800
    assert seen.samples_a_second == pytest.approx(80, rel=0.01)
    assert seen.noise_n == pytest.approx(0.4, rel=0.1)
    assert seen.mean_n == pytest.approx(2.25, abs=0.1)
    assert seen.drift_u_n_a_minute == pytest.approx(0.4 / math.sqrt(800 / 12) / 10 * 60, rel=0.5)
    assert abs(seen.drift_n_a_minute - 3) < 3 * seen.drift_u_n_a_minute
    assert seen.wander_n < 1
    assert seen.spike_share < 0.002
    assert seen.saturated_share == 0


def test_a_hand_shows_as_wander_and_not_as_noise():
    noise = noisy(0.2)
    seen = cell(lambda t: noise(t) + (15 if 4 < t < 7 else 0))
    assert seen.wander_n == pytest.approx(15, abs=1)
    assert seen.noise_n < 1


def test_spikes_are_counted_and_left_out_of_the_noise():
    noise = noisy(0.2)
    chance = random.Random(2)
    spiked = []

    def force(t):
        spiked.append(chance.random() < 0.02)
        return noise(t) + (100 if spiked[-1] else 0)

    seen = cell(force)
    assert seen.spike_share == pytest.approx(sum(spiked) / 800, abs=0.005)
    assert seen.noise_n == pytest.approx(0.2, rel=0.2)


@pytest.mark.parametrize("rate", [10.0, 20.0, 80.0])
def test_samples_a_second(rate):
    assert cell(noisy(0.2), rate=rate).samples_a_second == pytest.approx(rate, rel=0.02)


def test_a_cell_that_says_nothing_has_no_numbers():
    seen = examine_cell([RawRow(t, 0, None, None) for t in (0, 10, 20)], "left", SETTINGS)
    assert (seen.samples, seen.samples_a_second, seen.unique_values) == (0, 0, 0)
    assert seen.noise_n is seen.mean_n is seen.drift_n_a_minute is seen.lowest is None


def test_saturated_and_stuck():
    assert cell(lambda t: 0x7FFFFF).saturated_share == 1
    assert cell(lambda t: -0x800000 if t < 5 else 0.5).saturated_share == 0.5
    stuck = cell(lambda t: 4711)
    assert (stuck.unique_values, stuck.noise_n, stuck.lowest, stuck.highest) == (1, 0, 4711, 4711)


def test_a_cell_mounted_the_other_way_has_positive_noise():
    settings = SETTINGS | {"rail_left_nn_per_count": -NN}
    seen = examine_cell(rows(lambda t: 2 + math.sin(t * 40)), "left", settings)
    assert seen.mean_n == pytest.approx(-2, abs=0.1)
    assert seen.noise_n > 0
    assert seen.wander_n > 0
    assert seen.drift_u_n_a_minute > 0


@pytest.mark.parametrize(("direction", "expected"), [(1, (30.0, 10.0)), (-1, (10.0, 30.0))])
def test_the_belt_both_ways_over_the_counters_wrap(direction, expected):
    settings = declared.complete({"belt_nm_per_count": 100_000, "belt_direction": direction})

    def count(t):
        place = 100 * t if t <= 3 else 300 - 50 * (t - 3) if t <= 5 else 200
        return (round(place) + (1 << 29) - 100 + (1 << 29)) % (1 << 30) - (1 << 29)

    belt = examine_belt(rows(noisy(1), seconds=6, count=count), settings)
    assert (belt.forward_mm, belt.backward_mm) == pytest.approx(expected, abs=0.11)
    assert belt.span_counts == pytest.approx(300, abs=1)


def test_time_runs_over_the_clocks_wrap():
    assert span_s(rows(noisy(1), start_us=(1 << 30) - 1_000_000)) == pytest.approx(9.9875)
