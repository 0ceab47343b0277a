"""Grabs: every catch, and nothing that isn't one."""

from __future__ import annotations

import math
import random

import pytest

from beltcore import settings
from beltcore.core import Core
from beltcore.host.metrics import COLUMNS, metric_row

NN = 230_000


def counted(force, seconds, rate=80, row_rate=80, cells=2, spikes=0.0, mass_kg=70, noise_n=0.5):
    """`force` (t_s to parts of body weight) on one or two cells; what the last row says."""
    chance = random.Random(3)
    right = -NN if cells == 2 else 0
    core = Core(
        settings.complete(
            {
                "rail_left_nn_per_count": NN,
                "rail_right_nn_per_count": right,
                "body_mass_g": round(mass_kg * 1000),
            }
        )
    )
    due_s = 0.0
    for number in range(round(seconds * row_rate)):
        t_s = number / row_rate
        samples = [None, None]
        if t_s >= due_s - 1e-9:
            due_s += 1 / rate
            for side, share in enumerate((0.6, 0.4) if cells == 2 else (1.0,)):
                n = force(t_s) * mass_kg * 9.80665 * share + chance.gauss(0, noise_n)
                if chance.random() < spikes:
                    n += chance.choice((-150, 150))
                samples[side] = round(n * 1e9 / NN) * (1 if side == 0 else -1)
        core.step(round(t_s * 1e6) % 2**30, 0, *samples)
    return dict(zip(COLUMNS, metric_row(core), strict=True))["grabs"]


def rise(t_s, at_s, took_s):
    return max(0.0, min(1.0, (t_s - at_s) / took_s))


RATES = [(80, 80), (80, 500), (10, 80), (20, 20), (240, 240)]


@pytest.mark.parametrize(("rate", "row_rate"), RATES)
@pytest.mark.parametrize("held", [0, 0.06, 0.2])
@pytest.mark.parametrize(("size", "took_s"), [(0.09, 0.15), (0.12, 0.15), (0.25, 0.1)])
def test_a_catch_counts_also_while_touching(rate, row_rate, held, size, took_s):
    def force(t_s):
        return held + size * (rise(t_s, 2, took_s) - rise(t_s, 3.5, 0.5))

    for cells in (1, 2):
        assert counted(force, 5, rate, row_rate, cells) == 1


@pytest.mark.parametrize(("rate", "row_rate"), RATES)
@pytest.mark.parametrize("held", [0, 0.2])
@pytest.mark.parametrize(("size", "took_s"), [(0.075, 0.1), (0.09, 0.3), (0.12, 0.4), (0.3, 1)])
def test_leaning_in_briskly_is_none(rate, row_rate, held, size, took_s):
    assert counted(lambda t_s: held + size * rise(t_s, 2, took_s), 4, rate, row_rate) == 0


def test_the_next_counts_after_a_second_without():
    def catches(*at_s):
        def force(t_s):
            return 0.05 + sum(
                0.2 * rise(t_s, at, 0.1) * math.exp(-max(0, t_s - at - 0.1) / 0.15) for at in at_s
            )

        return counted(force, 8)

    assert catches(2) == 1
    assert catches(2, 2.7, 3.4, 4.1) == 1  # never a second without a rise
    assert catches(2, 3.6, 5.2) == 3


def test_letting_go_is_none():
    assert counted(lambda t_s: 0.3 - 0.3 * rise(t_s, 2, 0.05), 4) == 0


def test_spikes_and_noise_are_none():
    assert counted(lambda t_s: 0.05, 120, spikes=0.02, noise_n=1.5) == 0


def test_without_a_cell_it_is_unknown():
    core = Core(settings.complete({}))
    core.step(0, 0, 5, 5)
    assert core.rails.grabs is None


@pytest.mark.parametrize(("before", "after"), [(0, 500_000), (1_300_000, 1_000_000)])
def test_what_was_before_silence_tells_nothing(before, after):
    """Someone leans in, or lets go, while the cell is silent: no catch was seen."""

    core = Core(settings.complete({"rail_left_nn_per_count": NN}))
    for number in range(400):
        t_us = number * 12_500
        sample = None if 160 <= number < 240 else (after if number >= 240 else before)
        core.step(t_us, 0, sample, None)
    assert core.rails.grabs is not None
    assert core.rails.grabs.count == 0
