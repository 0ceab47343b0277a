"""The zero over ten and twenty minutes: what the core tells of made-up rails, and the truth.

The rails follow the virtual box's scenarios, drawn anew in floats: hands that ramp, sway with the
stride and tremble, cells that drift, jump and are noisy. (The whole box plays the same scenarios in
test_scenarios.py, a minute of each.)
"""

from __future__ import annotations

import itertools
import math
import random
from bisect import bisect_right
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import pytest

from beltbox.bench.grid.made_up_belt import MadeUpBelt
from beltbox.virtualbox import Scenario, load
from beltcore.core import Core
from beltcore.host import flags
from beltcore.host.metrics import COLUMNS, metric_row
from beltcore.settings import complete

pytestmark = pytest.mark.slow

ROW_US = 12_500
MEANS_US = 5_000_000
LAG_ROWS = 5  # of the force: 60 ms
ROWS_A_NOW = 8
LIGHT = 1
CADENCE_SPM = 85


@dataclass(frozen=True)
class Mean:
    """Five seconds of what NOW tells, as the means of what was told less what was true."""

    from_s: float
    """Since power-up."""
    left_n: float
    right_n: float
    percent: float
    """Of body weight: the reliance."""
    flags: set[int]
    zones: set[int | None]

    @property
    def sum_n(self) -> float:
        return self.left_n + self.right_n


def belt_of(scenario: Scenario) -> MadeUpBelt:
    """Its walks, one after the other, to its end."""
    belt = MadeUpBelt(scenario.seed)
    walks = [action for action in scenario.timeline() if action["do"] == "walk"]
    belt.stand(walks[0]["at_us"] / 1e6)
    ends_s = [walk["at_us"] / 1e6 for walk in walks[1:]] + [scenario.duration_s]
    for walk, end_s in zip(walks, ends_s, strict=True):
        seconds = end_s - belt.now_s
        if walk["speed_m_s"]:
            belt.walk(-walk["speed_m_s"], CADENCE_SPM, seconds, ramp_s=walk["ramp_s"], stop_s=0.5)
        else:
            belt.stand(seconds)
    return belt


class MadeUpHands:
    """What truly presses the rails; asked for one time after the other."""

    def __init__(self, scenario: Scenario, belt: MadeUpBelt) -> None:
        self._steps_s = belt.steps_s
        self._weight_n = scenario.body_mass_kg * 9.80665
        self._coming = [action for action in scenario.timeline() if action["do"] == "hands"]
        self._from_n = self._held_n = self._to_n = (0.0, 0.0)
        self._since_s = 0.0
        self._ramp_s = 1.0

    def forces_n(self, t_s: float) -> tuple[float, float]:
        """On the left and on the right rail."""
        if self._coming and self._coming[0]["at_us"] <= t_s * 1e6:
            action = self._coming.pop(0)
            left, right = action["left_permille"], action["right_permille"]
            self._from_n = self._held_n
            self._to_n = (self._weight_n * left / 1000, self._weight_n * right / 1000)
            self._since_s = t_s
            self._ramp_s = action["ramp_s"]
        share = min(1.0, (t_s - self._since_s) / self._ramp_s)
        left_n, right_n = self._held_n = (
            self._from_n[0] + (self._to_n[0] - self._from_n[0]) * share,
            self._from_n[1] + (self._to_n[1] - self._from_n[1]) * share,
        )
        sway = 0.15 * math.sin(2 * math.pi * self._strides(t_s))
        tremor = 0.03 * math.sin(2 * math.pi * 8.3 * t_s)
        return left_n * (1 + sway + tremor), right_n * (1 - sway + tremor)

    def _strides(self, t_s: float) -> float:
        step = bisect_right(self._steps_s, t_s) - 1
        if not 0 <= step < len(self._steps_s) - 1:
            return t_s / 4  # standing
        start_s, end_s = self._steps_s[step : step + 2]
        return (step + (t_s - start_s) / (end_s - start_s)) / 2


def played_on_made_up_rails(name: str) -> list[Mean]:
    """The means of a scenario."""
    scenario = load(name)
    belt = belt_of(scenario)
    chance = random.Random(scenario.seed)
    core = Core(complete(scenario.settings))
    hands = MadeUpHands(scenario, belt)
    weight_n = scenario.body_mass_kg * 9.80665
    cells = (scenario.left, scenario.right)
    jumps = [
        [event for event in scenario.events if event.kind == f"zero_jump_{side}"]
        for side in ("left", "right")
    ]
    true_n: list[tuple[float, float]] = []
    told: list[dict[str, Any]] = []
    for number, row in enumerate(belt.rows(direction=-1)):
        t_us = number * ROW_US
        true_n.append(hands.forces_n(t_us / 1e6))
        samples: list[int] = []
        for cell, force_n, events in zip(cells, true_n[-1], jumps, strict=True):
            read_n = force_n + cell.drift_n_per_min * t_us / 60e6
            read_n += sum(event.force_n for event in events if event.at_s * 1e6 <= t_us)
            noise = chance.gauss(0, cell.noise_counts)
            samples.append(round(cell.zero_counts + read_n * 1e9 / cell.nn_per_count + noise))
        core.step(row.t_us, row.count, *samples)
        if number % ROWS_A_NOW == 0:
            now = dict(zip(COLUMNS, metric_row(core), strict=True))
            left_n, right_n = true_n[max(0, number - LAG_ROWS)]
            told.append(
                {
                    "t_us": t_us,
                    "left_n": (now["rail_left_mn"] or 0) / 1000 - left_n,
                    "right_n": (now["rail_right_mn"] or 0) / 1000 - right_n,
                    "percent": (now["reliance_permille"] or 0) / 10
                    - 100 * (left_n + right_n) / weight_n,
                    "flags": now["flags"],
                    "zone": now["zone"],
                }
            )
    return five_second_means(told)


def five_second_means(told: list[dict[str, Any]]) -> list[Mean]:
    """Of every five seconds that are whole."""
    kept: list[Mean] = []
    for number, group in itertools.groupby(told, lambda now: now["t_us"] // MEANS_US):
        part = list(group)
        if len(part) < 40:
            continue
        left_n, right_n, percent = (
            fmean(now[name] for now in part) for name in ("left_n", "right_n", "percent")
        )
        kept.append(
            Mean(
                from_s=number * MEANS_US / 1e6,
                left_n=left_n,
                right_n=right_n,
                percent=percent,
                flags={now["flags"] for now in part},
                zones={now["zone"] for now in part},
            )
        )
    return kept


@pytest.fixture(scope="module")
def played():
    """played(scenario): its means. Each is played once."""
    kept: dict[str, list[Mean]] = {}

    def play(name: str) -> list[Mean]:
        if name not in kept:
            kept[name] = played_on_made_up_rails(name)
            assert kept[name][-1].from_s >= load(name).duration_s - 10
        return kept[name]

    return play


def test_twenty_minutes_of_drift_by_2_n_a_minute(played):
    means = played("drift-2n-min")
    assert means[-1].from_s > 1190
    assert max(abs(mean.percent) for mean in means) < 1
    # 1 % of 70 kg is 6.9 N. What drifts while hands are on is known when they are off again.
    assert max(abs(mean.sum_n) for mean in means) < 6.5
    assert math.sqrt(fmean(mean.sum_n**2 for mean in means)) < 3.5
    assert abs(means[-1].sum_n) < 0.5
    assert set().union(*(mean.flags for mean in means)) == {0}
    # Without following there would be 80 N: the scenario drifts.
    cells = load("drift-2n-min")
    assert (cells.left.drift_n_per_min, cells.right.drift_n_per_min) == (2, 2)


@pytest.mark.parametrize("scenario", ["leaning-15n-walking", "leaning-15n-standing"])
def test_fifteen_newtons_for_ten_minutes_are_measured_all_the_time(played, scenario: str):
    means = played(scenario)
    first, last = (hands.at_s for hands in load(scenario).hands)
    assert last - first == 600
    leaning = [mean for mean in means if first + 5 <= mean.from_s < last - 5]
    assert len(leaning) >= 117
    assert max(abs(mean.sum_n) for mean in leaning) < 0.5
    assert max(abs(mean.left_n) for mean in leaning) < 0.5
    # The reliance is rounded down to a permille.
    assert max(abs(mean.percent) for mean in leaning) < 0.15
    assert set().union(*(mean.zones for mean in leaning)) == {LIGHT}
    assert set().union(*(mean.flags for mean in means)) == {0}


def test_a_zero_that_jumps_is_flagged_and_not_followed(played):
    means = played("zero-jump")
    (event,) = load("zero-jump").events
    before = [mean for mean in means if mean.from_s + 5 <= event.at_s]
    assert len(before) >= 2
    assert max(abs(mean.sum_n) for mean in before) < 0.5
    after = [mean for mean in means if mean.from_s >= event.at_s + 5]
    assert after[-1].from_s - event.at_s > 210
    assert [mean.left_n for mean in after] == pytest.approx([event.force_n] * len(after), abs=0.5)
    assert max(abs(mean.right_n) for mean in after) < 0.5
    told = [mean.flags for mean in means if mean.from_s >= event.at_s + 20]
    assert all(told_flags == {flags.LEFT_ZERO_JUMPED} for told_flags in told)
