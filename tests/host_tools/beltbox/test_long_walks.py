"""The zero over ten and twenty minutes, on the whole virtual box: its own numbers and the truth."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import pytest

from beltbox.link.link import BoxLink
from beltbox.link.wire import Sentence, named
from beltbox.sim.truth import Truth
from beltbox.virtualbox import VirtualBox, load
from beltcore.host import flags

MEANS_US = 5_000_000
LAG_US = 60_000  # of the force
LIGHT = 1


@dataclass(frozen=True)
class Mean:
    """Five seconds of NOW, as the means of what was told less what was true."""

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


def told_by(scenario: str, truth: Path) -> tuple[int, list[dict[str, int | None]]]:
    """Play it to its end: the box's clock at the first row, and all NOW."""
    start_us = 0
    rows = []
    with (
        VirtualBox(scenario, speed=0, truth=truth, wait_for_host=True) as box,
        BoxLink(box.port) as link,
    ):
        link.command("raw", 1)
        link.command("begin")
        begun = False
        for item in link.listen():
            if item is None and not box.running():
                break
            if not isinstance(item, Sentence):
                continue
            assert item.type != "LOG", item.values
            if item.type == "BEG":
                begun = True
                rows.clear()
            elif item.type == "RAW" and begun:
                begun = False
                start_us = named(item)["t_us"]
                link.command("raw", 0)
            elif item.type == "NOW":
                rows.append(named(item))
        assert box.wait(30) == 0
        assert link.reader.damaged == link.reader.missing == 0
    return start_us, rows


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory):
    """played(scenario): its means. Each is played once."""
    kept: dict[str, list[Mean]] = {}

    def play(scenario: str) -> list[Mean]:
        if scenario not in kept:
            truth_file = tmp_path_factory.mktemp("long") / "truth.csv"
            start_us, rows = told_by(scenario, truth_file)
            assert len(rows) > 9.8 * load(scenario).duration_s
            kept[scenario] = means(start_us, rows, Truth(truth_file))
        return kept[scenario]

    return play


def means(start_us: int, rows, truth: Truth) -> list[Mean]:
    """The clock hadn't wrapped when the measurement began."""
    columns = [truth.column(name) for name in ("rail_left_mn", "rail_right_mn")]
    permille = truth.column("reliance_permille")

    def five_seconds(row):
        return (start_us + 1000 * row["t_ms"]) // MEANS_US

    found = []
    for at, group in itertools.groupby(rows, five_seconds):
        part = list(group)
        if len(part) < 40:
            continue
        places = [
            min(bisect_left(truth.t_us, start_us + 1000 * row["t_ms"] - LAG_US), len(permille) - 1)
            for row in part
        ]
        left_n, right_n = (
            fmean(row[name] - column[place] for row, place in zip(part, places, strict=True)) / 1000
            for name, column in zip(("rail_left_mn", "rail_right_mn"), columns, strict=True)
        )
        reliance = fmean(row["reliance_permille"] for row in part)
        found.append(
            Mean(
                from_s=at * MEANS_US / 1e6,
                left_n=left_n,
                right_n=right_n,
                percent=(reliance - fmean(permille[place] for place in places)) / 10,
                flags={row["flags"] for row in part},
                zones={row["zone"] for row in part},
            )
        )
    return found


def test_twenty_minutes_of_drift_by_2_n_a_minute(played):
    found = played("drift-2n-min")
    assert found[-1].from_s > 1190
    assert max(abs(mean.percent) for mean in found) < 1
    # 1 % of 70 kg is 6.9 N. What drifts while hands are on is known when they are off again.
    assert max(abs(mean.sum_n) for mean in found) < 6.5
    assert math.sqrt(fmean(mean.sum_n**2 for mean in found)) < 3.5
    assert abs(found[-1].sum_n) < 0.5
    assert set().union(*(mean.flags for mean in found)) == {0}
    # Without following there would be 80 N: the scenario drifts.
    cells = load("drift-2n-min")
    assert (cells.left.drift_n_per_min, cells.right.drift_n_per_min) == (2, 2)


@pytest.mark.parametrize("scenario", ["leaning-15n-walking", "leaning-15n-standing"])
def test_fifteen_newtons_for_ten_minutes_are_measured_all_the_time(played, scenario: str):
    found = played(scenario)
    first, last = (hands.at_s for hands in load(scenario).hands)
    assert last - first == 600
    leaning = [mean for mean in found if first + 5 <= mean.from_s < last - 5]
    assert len(leaning) >= 117
    assert max(abs(mean.sum_n) for mean in leaning) < 0.5
    assert max(abs(mean.left_n) for mean in leaning) < 0.5
    # The reliance is rounded down to a permille.
    assert max(abs(mean.percent) for mean in leaning) < 0.15
    assert set().union(*(mean.zones for mean in leaning)) == {LIGHT}
    assert set().union(*(mean.flags for mean in found)) == {0}


def test_a_zero_that_jumps_is_flagged_and_not_followed(played):
    found = played("zero-jump")
    (event,) = load("zero-jump").events
    before = [mean for mean in found if mean.from_s + 5 <= event.at_s]
    assert len(before) >= 2
    assert max(abs(mean.sum_n) for mean in before) < 0.5
    after = [mean for mean in found if mean.from_s >= event.at_s + 5]
    assert after[-1].from_s - event.at_s > 210
    assert [mean.left_n for mean in after] == pytest.approx([event.force_n] * len(after), abs=0.5)
    assert max(abs(mean.right_n) for mean in after) < 0.5
    told = [mean.flags for mean in found if mean.from_s >= event.at_s + 20]
    assert all(one == {flags.LEFT_ZERO_JUMPED} for one in told)
