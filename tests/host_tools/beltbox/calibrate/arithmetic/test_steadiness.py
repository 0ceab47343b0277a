"""When a reading is steady, and the words when it isn't."""

from __future__ import annotations

import math
import random
import re
import statistics

import pytest

from beltbox.calibrate.arithmetic.steadiness import Steadiness, Verdict

N = 1e9 / 230_000  # counts a newton


def judged(force_n, *, seconds=3.0, noise_n=0.01, spikes=0.0, seed=1, sign=1) -> Verdict:
    chance = random.Random(seed)
    steadiness = Steadiness(sign / N, seconds=seconds)
    for tick in range(int(seconds * 80) + 40):
        t = tick / 80
        value = 50_000 + sign * N * (force_n(t) + chance.gauss(0, noise_n))
        if chance.random() < spikes:
            value += 100 * N
        steadiness.take(t, round(value))
    return steadiness.verdict()


@pytest.mark.parametrize("noise_n", [0.0, 0.01, 0.5, 2.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_hanging_weight_is_steady_whatever_the_noise(noise_n, seed):
    seen = judged(lambda _t: 98.0, noise_n=noise_n, seed=seed)
    assert (seen.steady, seen.words) == (True, "steady")
    assert seen.reading.counts == pytest.approx(50_000 + 98 * N, abs=4 * seen.reading.u_counts)
    assert seen.reading.noise_counts == pytest.approx(noise_n * N, rel=0.35, abs=1)


def test_the_readings_uncertainty_is_what_it_scatters_by():
    off = []
    for seed in range(200):
        reading = judged(lambda _t: 98.0, noise_n=0.5, seed=seed).reading
        off.append((reading.counts - 50_000 - 98 * N) / reading.u_counts)
    assert statistics.stdev(off) == pytest.approx(1, abs=0.2)


def test_spikes_change_nothing():
    seen = judged(lambda _t: 98.0, spikes=0.05, noise_n=0.1)
    assert seen.steady
    assert seen.reading.counts == pytest.approx(50_000 + 98 * N, abs=0.1 * N)


@pytest.mark.parametrize(("slope", "word"), [(3.0, "rising"), (-3.0, "falling")])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_force_that_still_moves_is_told_with_its_speed(slope, word, sign):
    seen = judged(lambda t: 50 + slope * t, sign=sign)
    assert not seen.steady
    assert seen.words == f"still {word} by 3.0 N a second"


def test_a_swinging_weight_shakes_by_its_peak_to_peak():
    seen = judged(lambda t: 98 + 2 * math.sin(2 * math.pi * 1.3 * t))
    assert not seen.steady
    (shaking,) = re.findall(r"shaking by ([\d.]+) N", seen.words)
    assert float(shaking) == pytest.approx(4, rel=0.15)


def test_a_step_inside_the_window_isnt_steady():
    assert not judged(lambda t: 50.0 if t > 2 else 0.0).steady


def test_the_end_of_the_range_is_never_steady():
    steadiness = Steadiness(1 / N)
    for tick in range(400):
        steadiness.take(tick / 80, 0x7FFFFF)
    assert "at the end of its range" in steadiness.verdict().words


def test_too_little_is_still_being_read():
    steadiness = Steadiness(1 / N)
    for tick in range(200):
        steadiness.take(tick / 80, 5)
    assert steadiness.verdict() == Verdict(False, "reading", None)
    for tick in range(200, 240):
        steadiness.take(tick / 80, 5)
    assert steadiness.verdict().steady
