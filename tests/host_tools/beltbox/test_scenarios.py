"""Every built-in scenario from the virtual treadmill to the store, beside what really happened."""

from bisect import bisect_left, bisect_right
from itertools import pairwise
from pathlib import Path

import pytest

from beltbox.record.recorder import Recorder
from beltbox.replay.replay import replay
from beltbox.sim import truth as truths
from beltbox.sim.truth import Truth, live_equal_to_computed
from beltbox.virtualbox import builtin_names
from beltcore.host import flags

# How long, in the box's seconds: in full where what the scenario is about comes late.
SHORT_S = 16
LENGTHS_S = {
    "reset": 55,
    "clock-wrap": 30,
    "unplugged-cell": 45,
    "faulty-cells": 42,  # then the encoder itself is broken
    "noisy-cell": 25,
    "single-cell": 25,
    "coarse-belt": 40,
    "zero-jump": 34,
    "loud-cell": 20,
    "slow-cell": 20,
    "flipped-cell": 20,
    "one-sided-encoder": 18,  # then its count makes no way
    "too-fast-encoder": 20,  # then counts vanish
}
# As fast as it goes, but where the host has something to do in mid-walk.
SPEEDS = {"reset": 8}


@pytest.mark.parametrize("name", builtin_names())
def test_live_is_what_replay_computes_and_agrees_with_the_truth(tmp_path: Path, record, name: str):
    walk = record(name, LENGTHS_S.get(name, SHORT_S), speed=SPEEDS.get(name, 0))
    session = walk.session
    equal, total = live_equal_to_computed(session)
    assert equal == total > 100

    (tmp_path / "port.capture").write_bytes(walk.capture)
    done = replay(tmp_path / "port.capture", session.segments[-1].settings, tmp_path / "m.csv")
    assert done.unequal == []
    assert done.compared > 200
    assert done.capture is not None
    # A reset cuts the line off that the box was at.
    assert done.capture.damaged <= (1 if name == "reset" else 0)
    assert done.capture.missing == 0

    truth = Truth(walk.truth)
    tolerance_mm = 2 + int(session.segments[-1].settings["belt_nm_per_count"]) / 1e6
    at_least = true_distances_mm(truth, session)
    at_most = true_distances_mm(truth, session, from_power_up=True)
    measured = (session.summary.totals.forward_mm, session.summary.totals.backward_mm)
    for least_mm, mm, most_mm in zip(at_least, measured, at_most, strict=True):
        assert least_mm - tolerance_mm < mm < most_mm + tolerance_mm
    # The second bound is another one only where the box started in mid-walk.
    assert (at_least == at_most) == (name != "reset")
    assert session.summary.totals.distance_mm > 2000


def true_distances_mm(truth: Truth, session, *, from_power_up: bool = False) -> tuple[float, float]:
    """Forward and backward, from the first raw row of each zero to the last live one, which ends
    the session's sums; by the box's clock.

    After a reset the box counts alone until the host has raw rows again: what it measured is more
    than that, and less than the way from its power-up on.
    """
    ticks = truth.column("ticks_us")
    boots = truth.column("boots")
    position = truth.column("position_mm")
    distances_mm = [0.0, 0.0]
    for segment in session.segments:
        if not segment.raw:
            continue
        # The clock's wraps are counted from the boot on, in the truth as here.
        places = [place for place, boot in enumerate(boots) if boot == segment.boot_count]
        clock = truths.unwrapped_us([int(ticks[place]) for place in places])
        times = truths.unwrapped_us([row.t_us for row in segment.raw])
        end_us = times[0] + 1000 * (segment.metrics[-1].t_ms + 1)
        times = times[: bisect_left(times, end_us)]
        if segment.boot_count > 1 and from_power_up:
            times = [time for time in clock if time < times[0]] + times
        # The belt's place at every raw row, on the straight line between two rows of the truth.
        belt = on_the_line(times, clock, [position[place] for place in places])
        for before, after in pairwise(belt):
            distances_mm[after < before] += abs(after - before)
    return distances_mm[0], distances_mm[1]


def on_the_line(times, xs, ys):
    """The values of the broken line through (xs, ys) at `times`."""
    values = []
    for time in times:
        after = min(max(bisect_right(xs, time), 1), len(xs) - 1)
        share = (time - xs[after - 1]) / (xs[after] - xs[after - 1])
        values.append(ys[after - 1] + share * (ys[after] - ys[after - 1]))
    return values


def test_a_reset_in_mid_walk_gives_one_session_of_several_segments(record):
    walk = record("reset", LENGTHS_S["reset"], speed=SPEEDS["reset"])
    assert len(walk.recorder.sessions) == 1
    # From the reset to the host's new beginning there are no raw rows, but the box counts.
    segments = walk.session.segments
    assert [segment.reason for segment in segments] == ["start", "reset", "begin"]
    assert [segment.boot_count for segment in segments] == [1, 2, 2]
    assert [event.kind for event in walk.session.events].count("reset") == 1
    assert any("The box was reset (power)." in text for text in walk.told)
    assert [len(segment.raw) > 300 for segment in segments] == [True, False, True]
    # Nothing is counted twice: the sums of the session are those of its segments, each from zero.
    last = [segment.metrics[-1] for segment in segments if segment.metrics]
    assert walk.session.summary.totals.duration_s == pytest.approx(
        sum(row.t_ms for row in last) / 1000
    )
    assert walk.session.summary.totals.distance_mm == sum(row.distance_mm or 0 for row in last)


def test_an_unplugged_cell_is_empty_and_flagged_and_earns_no_wrong_metres(record):
    walk = record("unplugged-cell", 45)
    rows = walk.session.segments[-1].metrics
    gone = [row for row in rows if row.rail_left_mn is None]
    assert gone[-1].t_ms - gone[0].t_ms == pytest.approx(15_000, abs=1000)
    assert len(gone) > 100
    flagged = [row for row in rows if (row.flags or 0) & flags.LEFT_SILENT]
    # Plugged in again, it takes a few samples until there is a force.
    assert flagged == gone[: len(flagged)]
    assert len(gone) - len(flagged) <= 3
    assert all(row.rail_right_mn is not None for row in gone)
    # One of two cells alone says nothing of the weight on both.
    assert all(row.reliance_permille is None and row.zone is None for row in gone)
    for name in ("hands_off_mm", "light_mm", "supported_mm", "heavy_mm"):
        # They are told once a second.
        assert getattr(gone[12], name) == getattr(gone[-1], name)
    assert gone[-1].distance_mm - gone[0].distance_mm > 3000
    assert rows[-1].rail_left_mn == pytest.approx(0.05 * 70 * 9.80665 * 1000, rel=0.2)


def test_what_happens_to_the_recorder_does_not_change_the_walk(record):
    """Begun anew in the middle: a segment more, the same sums."""

    def begin_again(_box, recorder: Recorder) -> bool:
        if recorder.box_s > 5 and not hasattr(recorder, "asked"):
            recorder.asked = True
            recorder._link.command("begin")
        return False

    walk = record("steady-2mph", 10, begin_again)
    truth = Truth(walk.truth)
    assert len([part for part in walk.session.segments if part.raw]) == 2
    equal, total = live_equal_to_computed(walk.session)
    assert equal == total > 80
    _forward, backward_mm = true_distances_mm(truth, walk.session)
    # What came after the last NOW before it is nobody's.
    assert walk.session.summary.totals.backward_mm == pytest.approx(backward_mm, abs=100)
