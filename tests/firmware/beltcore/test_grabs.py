"""Grabs: every catch, and nothing that isn't one."""

from __future__ import annotations

import math
import random

import pytest

from beltcore import settings
from beltcore.core import Core
from beltcore.grabs import Grabs
from beltcore.host.metrics import COLUMNS, metric_row

NN = 230_000


class Expected:
    """Grabs by its definition: everything kept in a list, a clock that never wraps."""

    def __init__(self, rise_mn):
        self.rise_mn = rise_mn
        self.count = 0
        self.us = 0
        self.rose_us = -(10**9)
        self.start()

    def start(self):
        self.sums = []
        self.rose = False

    def step(self, dt_us, sum_mn, change_mn):
        self.us += dt_us
        sum_mn = min(sum_mn, 2**29 - 1)
        slow = dt_us > 40_000
        if self.sums and not slow:
            sum_mn = max(0, sum_mn + 3 * max(-(2**26) + 1, min(2**26 - 1, change_mn)))
        if not self.sums or self.us - self.sums[-1][0] >= 7000:
            self.sums.append((self.us, sum_mn))
        since_us = self.us - (225_000 if slow else 200_000)
        rises = any(us >= since_us and sum_mn - at >= self.rise_mn for us, at in self.sums[-60:])
        if rises and (self.rose or slow):
            self.count += self.us - self.rose_us >= 1_000_000
            self.rose_us = self.us
        self.rose = rises


TIMES_US = [
    [12_500],
    [4_167],
    [7_000, 6_999, 7_001, 1],
    [12_500, 40_000, 40_001, 25_000, 35_000],
    [100_000, 112_500],
    [200_000, 200_001, 225_000, 225_001, 250_000],
    [1_000_000, 12_500, 999_999, 40_000],
]


@pytest.mark.parametrize("times_us", TIMES_US)
@pytest.mark.parametrize("most_mn", [14, 11])
def test_every_rise_counts_and_nothing_else(times_us, most_mn):
    """Small numbers, so that each limit is met exactly: 8 % of 100 mN."""
    chance = random.Random(most_mn + times_us[0])
    grabs, expected = Grabs(100), Expected(8)
    at_mn = 0
    for step in range(4000):
        if chance.random() < min(0.1, times_us[0] / 2_000_000):
            at_mn = chance.choice((0, 0, 8, 9, most_mn))
        if step % 700 == 699:
            grabs.start()
            expected.start()
        dt_us = chance.choice(times_us)
        sum_mn = max(0, at_mn + chance.randrange(-1, 2))
        change_mn = chance.choice((0, 0, 0, 0, 1, -1))
        grabs.step(dt_us, sum_mn, change_mn)
        expected.step(dt_us, sum_mn, change_mn)
        assert grabs.count == expected.count
    assert grabs.count > 1


@pytest.mark.parametrize("rate", [80, 240])
def test_a_rise_may_take_all_of_the_window(rate):
    """At 240 samples a second, too, though a ring of 32 sums holds 133 ms of them."""
    for took_us, counts in ((170_000, 1), (210_000, 0)):
        grabs = Grabs(100_000)
        for step in range(-rate, rate):
            us = max(0, min(took_us, step * 1_000_000 // rate))
            grabs.step(1_000_000 // rate, 8000 * us // took_us, 0)
        assert grabs.count == counts


@pytest.mark.parametrize(("dt_us", "counts"), [(40_000, 0), (40_001, 1)])
def test_samples_further_apart_than_forty_milliseconds_count_alone(dt_us, counts):
    """And 225 ms is their window: the last one is 210 ms after the lowest."""
    grabs = Grabs(100)
    grabs.step(12_500, 0, 0)
    grabs.step(10_000, 1, 0)
    for sum_mn in (1, 1, 1, 8, 8):
        grabs.step(dt_us, sum_mn, 0)
    assert grabs.count == counts


def test_extremes_are_cut():
    most = 2**29 - 1
    for weight_mn in (200_000, 3_000_000):
        for sums, changes in (
            ((most + 50, 2**30 - 1, most), (0, 0, 0)),
            ((most, most, most), (2**26 - 1, 2**30 - 1, 2**26)),
            ((500, 500, 500), (-(2**26), -(2**30), -200)),
        ):
            grabs, expected = Grabs(weight_mn), Expected(weight_mn * 8 // 100)
            for _ in range(5):
                for sum_mn, change_mn in zip(sums, changes, strict=True):
                    grabs.step(12_500, sum_mn, change_mn)
                    expected.step(12_500, sum_mn, change_mn)
                    assert grabs.count == expected.count


@pytest.mark.parametrize(
    ("weight_mn", "rise_mn"), [(700_000, 56_000), (700_001, 56_001), (700_012, 56_001)]
)
def test_eight_per_cent_are_rounded_up(weight_mn, rise_mn):
    for rises_mn, counts in ((rise_mn - 1, 0), (rise_mn, 1)):
        grabs = Grabs(weight_mn)
        for sum_mn in (0, rises_mn, rises_mn):
            grabs.step(12_500, sum_mn, 0)
        assert grabs.count == counts


@pytest.mark.parametrize("after_ms", [999, 1000, 1100, 536_870, 536_871, 537_000, 537_800, 538_000])
def test_a_pause_may_last_longer_than_a_turn_of_the_clock(after_ms):
    """The clock turns after 536.9 s: a rise right then isn't within a second of the last one."""
    grabs = Grabs(100)
    for sum_mn in (0, 20, 20):
        grabs.step(12_500, sum_mn, 0)
    grabs.step(12_500, 0, 0)
    left_us = after_ms * 1000 - 25_000
    while left_us > 0:
        grabs.step(min(left_us, 250_000), 0, 0)
        left_us -= 250_000
    for _ in range(2):
        grabs.step(12_500 if grabs.count > 1 or _ else 0, 20, 0)
    assert grabs.count == (2 if after_ms >= 1000 else 1)


def test_every_sample_is_wanted_from_a_quarter_of_a_rise_above_the_lowest():
    grabs = Grabs(700_000)
    chance = random.Random(1)
    sums = []
    for _ in range(2000):
        sums.append(chance.randrange(20_000, 90_000))
        grabs.step(12_500, sums[-1], 0)
        lowest_mn = grabs.watch_mn - 56_000 // 4
        # Of the present quarter of a second and of the one before.
        assert min(sums[-40:]) <= lowest_mn <= min(sums[-20:])


def test_the_count_starts_over_after_a_million():
    grabs = Grabs(100)
    grabs.count = 2**20 - 1
    for sum_mn in (0, 20, 20):
        grabs.step(12_500, sum_mn, 0)
    assert grabs.count == 0


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
