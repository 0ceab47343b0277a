"""The encoder's counts against the truth."""

from __future__ import annotations

import ast

import pytest

READ = """
import time
from machine import Encoder, Pin
encoder = Encoder(0, Pin(34, Pin.IN), Pin(35, Pin.IN), filter_ns=1000, phases=4)
"""
# Prints the time and the count just after each full 100 ms, where the truth has its rows.
SAMPLES = """
for n in range(20):
    time.sleep_us(%d - time.ticks_us() %% %d)
    print(time.ticks_us(), encoder.value())
"""


@pytest.mark.parametrize(("direction", "sign"), [("forward", 1), ("backward", -1)])
def test_counts_are_the_true_position_far_beyond_16_bits(
    play, scenario, read_truth, tmp_path, direction, sign
):
    truth = tmp_path / "truth.csv"
    lines = play(
        READ + SAMPLES % (100_000, 100_000),
        scenario(
            duration_s=3,
            belt={"mm_per_count": 0.005},
            walk=[{"at_s": 0, "m_s": 1.5, "direction": direction, "ramp_s": 0.5}],
        ),
        truth=truth,
    )
    rows = {row["t_us"]: row["position_mm"] for row in read_truth(truth)}
    samples = [[int(text) for text in line.split()] for line in lines]
    offset = None
    for t_us, count in samples:
        after_us = t_us % 10_000
        before_mm, later_mm = rows[t_us - after_us], rows[t_us - after_us + 10_000]
        expected = (before_mm + (later_mm - before_mm) * after_us / 10_000) / 0.005
        if offset is None:
            offset = count - expected  # the belt moved before the encoder was there
        # 12 us pass between the two reads, at 1.5 m/s; the truth has three digits.
        assert abs(count - expected - offset) < 8
    assert sign * samples[-1][1] > 10 * 32768


def test_direction_flips_the_sign_and_so_do_swapped_wires(play, scenario):
    program = (
        READ
        + "swapped = Encoder(1, Pin(35), Pin(34))\n"
        + "time.sleep_ms(1000)\nprint(encoder.value(), swapped.value())\n"
    )
    walk = [{"at_s": 0, "m_s": 1, "direction": "forward"}]
    lines = play(program, scenario(belt={"direction": -1}, walk=walk))
    count, swapped = (int(text) for text in lines[0].split())
    assert count < -1000
    assert abs(count + swapped) < 5


def test_value_sets_the_count_and_loses_nothing(play, scenario):
    program = READ + (
        "time.sleep_ms(700)\nold = encoder.value(1000)\ntime.sleep_ms(700)\n"
        "both = Encoder(2, Pin(34), Pin(35))\n"
        "print(old, encoder.value(), encoder.phases())\n"
        "encoder.deinit()\n"
    )
    walk = [{"at_s": 0, "m_s": 0.5, "direction": "forward", "ramp_s": 0.2}]
    old, value, phases = (int(text) for text in play(program, scenario(walk=walk))[0].split())
    assert old > 2000
    assert 1000 + 2000 < value < 1000 + 5000
    assert phases == 4


def test_fewer_phases_count_fewer_edges(play, scenario):
    program = READ + (
        "half = Encoder(1, Pin(34), Pin(35), phases=2)\n"
        "quarter = Encoder(2, Pin(34), Pin(35), phases=1)\n"
        "time.sleep_ms(2500)\nprint(encoder.value(), half.value() * 2, quarter.value() * 4)\n"
    )
    walk = [{"at_s": 0, "m_s": 0.5, "ramp_s": 0.2}]
    four, two, one = (int(text) for text in play(program, scenario(walk=walk))[0].split())
    assert four < -5000
    assert abs(four - two) <= 4
    assert abs(four - one) <= 8


@pytest.mark.parametrize("wire", ["a", "b"])
def test_with_one_wire_lost_the_count_stands_and_nothing_jumps_when_it_is_mended(
    play, scenario, wire
):
    program = READ + (
        "def count_at(ms):\n"
        "    time.sleep_ms(ms - time.ticks_ms())\n"
        "    return encoder.value()\n"
        "print(count_at(1350), count_at(1900), count_at(2380), count_at(2430))\n"
    )
    events = [
        {"at_s": 1.35, "kind": f"encoder_lost_{wire}"},
        {"at_s": 2.4, "kind": "encoder_mended"},
    ]
    walk = [{"at_s": 0, "m_s": 1, "direction": "forward"}]
    lines = play(program, scenario(walk=walk, event=events))
    lost, later, last, mended = (int(text) for text in lines[0].split())
    assert lost > 1000
    assert abs(later - lost) < 10
    assert abs(last - later) <= 1
    assert 50 < mended - last < 600


def test_the_wires_have_levels_that_follow_the_count(play, scenario):
    program = READ + (
        "a, b = Pin(34, Pin.IN), Pin(35, Pin.IN)\nseen = set()\n"
        "for _ in range(3000):\n"
        "    before = encoder.value()\n"
        "    levels = a(), b()\n"
        "    if encoder.value() == before:\n"
        "        seen.add((before % 4, levels))\n"
        "    time.sleep_us(300)\n"
        "print(sorted(seen))\n"
    )
    walk = [{"at_s": 0, "m_s": 0.3, "direction": "forward", "ramp_s": 0.1}]
    (line,) = play(program, scenario(walk=walk, belt={"mm_per_count": 1}))
    seen = ast.literal_eval(line)
    levels = [levels for _, levels in seen]
    assert [count for count, _ in seen] == [0, 1, 2, 3]
    # The encoder may start at any of the four states.
    start = levels.index((0, 0))
    assert levels[start:] + levels[:start] == [(0, 0), (1, 0), (1, 1), (0, 1)]
