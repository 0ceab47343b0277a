"""Simulated time."""

from __future__ import annotations

import select
import time

import pytest

from beltbox.virtualbox import VirtualBox

# Nothing rests on it: only a box that hangs takes so long.
HANGS_S = 180
# Longer than any test: a box must not end before its host.
LONG_S = 100_000
WRAP_US = 2**30


def test_ticks_wrap_and_differences_do_not_care(play, scenario):
    program = (
        "import time\n"
        "before = time.ticks_us()\ntime.sleep_ms(1000)\nafter = time.ticks_us()\n"
        "print(before, after, time.ticks_diff(after, before), time.ticks_add(before, 1000000))\n"
    )
    (line,) = play(program, scenario(clock_start_us=WRAP_US - 800_000))
    before, after, difference, sum_us = (int(text) for text in line.split())
    assert WRAP_US - 500_000 <= before < WRAP_US - 400_000
    assert after == before + difference - WRAP_US
    assert 1_000_000 <= difference < 1_000_010
    assert sum_us == before + 1_000_000 - WRAP_US


def test_sleeping_and_the_hardware_take_time_and_python_does_not(play, scenario):
    program = (
        "import time, machine\n"
        "pin = machine.Pin(4, machine.Pin.OUT)\n"
        "def cost(work):\n"
        "    start = time.ticks_us()\n"
        "    work()\n"
        "    return time.ticks_diff(time.ticks_us(), start)\n"
        "print(cost(lambda: None), cost(lambda: sum(range(5000))), cost(lambda: pin(1)),\n"
        "      cost(lambda: time.sleep_us(500)), cost(lambda: time.sleep_ms(20)))\n"
    )
    nothing, python, pin, sleep_us, sleep_ms = (
        int(text) for text in play(program, scenario())[0].split()
    )
    assert nothing == python
    assert nothing < pin < 20
    assert 500 <= sleep_us < 520
    assert 20_000 <= sleep_ms < 20_020


def test_a_tick_costs_what_the_scenario_says(play, scenario):
    program = (
        "import time\nfrom machine import Encoder, Pin\n"
        "encoder = Encoder(0, Pin(34), Pin(35))\n"
        "start = time.ticks_us()\nencoder.value()\n"
        "print(time.ticks_diff(time.ticks_us(), start))\n"
    )
    plain, costly = (int(play(program, scenario(tick_cost_us=cost_us))[0]) for cost_us in (0, 1500))
    assert costly - plain == 1500


def test_writing_takes_the_time_of_115200_baud(play, scenario):
    program = (
        "import sys, time\n"
        "line = bytes(99) + b'\\n'\n"
        "time.sleep_ms(100)  # until the FIFO is empty\n"
        "start = time.ticks_us()\n"
        "for _ in range(100):\n"
        "    sys.stdout.buffer.write(line, 0, 100)\n"
        "print(time.ticks_diff(time.ticks_us(), start))\n"
    )
    taken_us = int(play(program, scenario())[-1])
    # 10 000 bytes of 10 bits, less what still waits in the FIFO.
    assert 10_000 / 11_520 * 1e6 - taken_us == pytest.approx(128 / 11_520 * 1e6, rel=0.02)


def test_simulated_time_is_never_faster_than_its_pace(play, scenario):
    start = time.monotonic()
    play("import time; time.sleep(2)", scenario(duration_s=3), speed=6)
    assert time.monotonic() - start >= 3 / 6


def test_pace_can_be_changed_on_the_way(boxes, scenario):
    # At this pace the scenario would take an hour.
    box, host = boxes("print('ready')", scenario(duration_s=36), speed=0.01)
    host.read_until(b"ets Jul")
    box.command({"do": "pace", "value": 0})
    assert box.wait(HANGS_S) == 0


def test_at_the_prompt_no_time_passes_where_an_idle_box_stops(boxes, scenario):
    _, host = boxes("", scenario(duration_s=LONG_S), speed=0, stop_when_idle=True)
    times_us = []
    for _ in range(2):
        host.read_until(b">>> ")
        # However long the host thinks: at this speed half a minute would pass.
        assert not select.select([host], [], [], 0.5)[0]
        host.send(b"time.ticks_us()\r")
        host.read_until(b"\r\n")
        times_us.append(int(host.read_until(b"\r\n")))
    assert 0 < times_us[1] - times_us[0] < 200_000


def test_a_poll_with_a_limit_waits_for_the_host_where_an_idle_box_stops(boxes, scenario):
    program = (
        "import select\n"
        "poll = select.poll()\npoll.register(sys.stdin, select.POLLIN)\n"
        "print('asks')\nprint('answered' if poll.poll(1000) else 'too late')\n"
    )
    _, host = boxes(program, scenario(duration_s=LONG_S), speed=0, stop_when_idle=True)
    host.read_until(b"asks\r\n")
    assert not select.select([host], [], [], 0.3)[0]
    host.send(b"x")
    host.read_until(b"answered\r\n")


def test_the_script_waits_for_the_host_and_the_box_does_not(tmp_path, scenario, read_truth):
    # The box is started by hand, because the fixture's host speaks at once.
    (tmp_path / "main.py").write_text(
        "import sys, time\n"
        "print('booted')\n"
        "while time.ticks_ms() < 450: time.sleep_ms(1)\n"
        "print('waiting')\nsys.stdin.read(1)\nprint('heard')\n"
    )
    truth = tmp_path / "truth.csv"
    walk = [{"at_s": 0, "m_s": 1, "ramp_s": 0.5}]
    box = VirtualBox(
        scenario(duration_s=2, walk=walk),
        speed=0,
        firmware=tmp_path,
        truth=truth,
        wait_for_host=True,
    )
    with box, open(box.port, "r+b", buffering=0) as host:
        seen = b""
        while b"waiting" not in seen:
            seen += host.read(4096)
        # It can only wait, however long the host thinks: that takes no time.
        assert not select.select([host], [], [], 0.3)[0]
        host.write(b"\n")
        seen = b""
        while b"heard" not in seen:
            seen += host.read(4096)
        assert box.wait(HANGS_S) == 0
    rows = read_truth(truth)
    moved = [row["t_us"] for row in rows if row["speed_mm_s"]]
    assert 450_000 <= moved[0] < 500_000
    assert rows[-1]["t_us"] - moved[0] == pytest.approx(2_000_000, abs=100_000)
