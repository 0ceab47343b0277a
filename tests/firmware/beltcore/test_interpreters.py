"""The same rows give the same bytes on CPython, 64-bit and 32-bit MicroPython; none allocates."""

from __future__ import annotations

import json
import random

import pytest

from beltbox.bench.grid.made_up_belt import MadeUpBelt
from beltcore import settings
from beltcore.core import Core
from beltcore.host.metrics import metric_row
from beltcore.writer import Writer

CLOCK = 2**30

# Reads rows.csv and settings.json beside it; prints each metric row, and the row's sentences.
REPLAY = """
import json
from beltcore import settings
from beltcore.core import Core
from beltcore.host.metrics import metric_row
from beltcore.writer import Writer
core = Core(settings.complete(json.loads(open("settings.json").read())))
writer = Writer()
def sent():
    return str(bytes(writer.buffer[:writer.length - 1]), "ascii")
number = 0
for line in open("rows.csv"):
    row = [int(text) if text else None for text in line.strip().split(",")]
    core.step(*row)
    print(metric_row(core))
    writer.raw(*row)
    print(sent())
    if number % 8 == 0:
        for write in (writer.distance, writer.zones):
            write(core)
            print(sent())
        writer.now(core, 0)
        print(sent())
    number += 1
"""


def made_up_rows(seed, rows):
    """Walks, stops, jumps, gaps, wraps of clock and counter, spikes, silence, saturation."""
    chance = random.Random(seed)
    t_us = CLOCK - 3_000_000
    count = 2**29 - 2000
    pace = 0
    left, right = 20_000, -3_000
    for row in range(rows):
        if row % 60 == 0:
            pace = chance.choice([0, 0, 1, 7, -7, 40, -90])
            left = chance.randrange(-(2**20), 2**22) >> chance.randrange(20)
            right = chance.randrange(-(2**20), 2**22) >> chance.randrange(20)
        dt_us = chance.choice([2000, 12_500, 12_501, 12_499, 50_000])
        counts = pace + chance.randrange(-1, 2)
        event = chance.randrange(400)
        if event == 0:
            dt_us = chance.choice([999_999, 10**6, 1_000_001, 2**29 - 1, 2**29, 2**30 - 5000])
        elif event == 1:
            counts = chance.choice([2**29 - 1, -(2**29), 100_000, 1023, -1025])
        t_us = (t_us + dt_us) % CLOCK
        count = (count + counts + 2**29) % 2**30 - 2**29
        samples = []
        for steady in (left, right):
            force = steady
            spike = chance.randrange(100)
            if spike == 0:
                force = chance.choice([2**23 - 1, -(2**23), 2**23 - 2, -1, 0])
            samples.append(None if spike in (1, 2) or row % 900 > 850 else force + spike % 8)
        yield t_us, count, samples[0], samples[1]


def as_csv(rows):
    return "\n".join(",".join("" if v is None else str(v) for v in row) for row in rows) + "\n"


def on_cpython(given_settings, rows):
    core = Core(settings.complete(given_settings))
    writer = Writer()
    lines = []

    def sent():
        lines.append(bytes(writer.buffer[: writer.length - 1]).decode())

    for number, row in enumerate(rows):
        core.step(*row)
        lines.append(str(metric_row(core)))
        writer.raw(*row)
        sent()
        if number % 8 == 0:
            for write in (writer.distance, writer.zones):
                write(core)
                sent()
            writer.now(core, 0)
            sent()
    return lines


SETTINGS = [
    {},
    {"rail_left_nn_per_count": 230_000, "rail_right_nn_per_count": -231_111},
    {
        "belt_nm_per_count": 12_000_000,
        "belt_direction": -1,
        "rail_left_nn_per_count": 60_000_000,
        "rail_left_zero": -8_388_608,
        "rail_right_nn_per_count": -59_999_999,
        "body_mass_g": 20_000,
        "rail_noise_mn": 9_000,
    },
    {
        "belt_nm_per_count": 467_557,
        "rail_right_nn_per_count": 999_999,
        "rail_right_zero": 8_000_000,
    },
    {"belt_nm_per_count": 1_000_000_000},
]


@pytest.mark.parametrize("number", range(len(SETTINGS)))
def test_the_same_bytes(number, on_micropython):
    rows = list(made_up_rows(number, 2500))
    files = {"rows.csv": as_csv(rows), "settings.json": json.dumps(SETTINGS[number])}
    printed = on_micropython(REPLAY, files).splitlines()
    expected = on_cpython(SETTINGS[number], rows)
    assert len(printed) == len(expected)
    for line, (here, there) in enumerate(zip(expected, printed, strict=True)):
        assert there == here, f"line {line}"


@pytest.mark.parametrize("name", ["wheel_pushes.csv", "wheel_coasting.csv"])
def test_the_same_bytes_from_recordings(name, on_micropython, recording):
    rows = recording(name)[:5000]
    given_settings = recording("wheel_settings.json")
    files = {"rows.csv": as_csv(rows), "settings.json": json.dumps(given_settings)}
    assert on_micropython(REPLAY, files).splitlines() == on_cpython(given_settings, rows)


@pytest.mark.parametrize("mm", [0.1, 12])
def test_the_same_bytes_from_a_walk(mm, on_micropython, held):
    belt = MadeUpBelt(3)
    belt.stand(1)
    belt.walk(0.9, 110, 50, asymmetry=0.2, peaks=0.2)
    belt.stand(1)

    def grabs(t_us):
        return t_us < 10**7 and t_us % 3_000_000 < 10**6

    given_settings = {
        "belt_nm_per_count": round(mm * 1e6),
        "rail_left_nn_per_count": 230_000,
        "rail_right_nn_per_count": 230_000,
    }
    rows = [
        (*row[:2], row[2] + (400_000 if grabs(row.t_us) else 0), row[3])
        for row in held(belt.rows(mm), belt.steps_s)
    ]
    expected = on_cpython(given_settings, rows)
    metrics = [json.loads(line.replace("None", "null")) for line in expected if line[0] == "["]
    assert metrics[-1][14] > 60
    if mm < 1:
        assert {row[-1] for row in metrics} == {None, 2}  # the longer side
    files = {"rows.csv": as_csv(rows), "settings.json": json.dumps(given_settings)}
    assert on_micropython(REPLAY, files).splitlines() == expected


# Under the lock an allocation raises MemoryError. All that a tick needs is made before.
LOCKED = """
import gc, micropython
from array import array
from beltcore import settings
from beltcore.core import Core
from beltcore.writer import Writer
import json

# t_us, count, left, right; a sample of 2**24 stands for none.
NONE = 1 << 24
rows = array("i")
for line in open("rows.csv"):
    for text in line.strip().split(","):
        rows.append(int(text) if text else NONE)

def play(core, writer, rows, n):
    at = 0
    for number in range(n):
        left = rows[at + 2]
        right = rows[at + 3]
        if left == NONE:
            left = None
        if right == NONE:
            right = None
        core.step(rows[at], rows[at + 1], left, right)
        writer.raw(rows[at], rows[at + 1], left, right)
        if number % 8 == 0:
            writer.now(core, 63)
            writer.distance(core)
            writer.zones(core)
        at += 4

def measure(given):
    core = Core(settings.complete(given))
    writer = Writer()
    n = len(rows) // 4
    core.seconds = 2000000000 // 2 # as after thirty years
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    micropython.heap_lock()
    try:
        play(core, writer, rows, n)
    finally:
        micropython.heap_unlock()
    used = gc.mem_alloc() - before
    gc.enable()
    assert used == 0, used
    print(n)

for given in json.loads(open("settings.json").read()):
    measure(given)
"""


def test_nothing_is_allocated(on_micropython):
    rows = list(made_up_rows(99, 6000))
    # The clock and the counter at each value next to their wraps, where 31 bits are full.
    belt = MadeUpBelt(3)
    belt.walk(0.9, 110, 45, peaks=0.2)
    rows += [(*row[:2], row.t_us % 900_000, -row.t_us % 500_000) for row in belt.rows()]
    rows += [((CLOCK - 40 + at) % CLOCK, 2**30 - 60 + at, 2**23 - 2, -5) for at in range(60)]
    rows += [(CLOCK // 2 + 12_500 * at, -(2**30) + at, -(2**23) + 1, None) for at in range(200)]
    files = {"rows.csv": as_csv(rows), "settings.json": json.dumps(SETTINGS)}
    assert on_micropython(LOCKED, files) == f"{len(rows)}\n" * len(SETTINGS)


HOURS_LATER = """
import micropython
from array import array
from beltcore import settings
from beltcore.core import Core

rows = array("i")
for line in open("rows.csv"):
    for text in line.strip().split(",")[:2]:
        rows.append(int(text))

def play(core, rows, n):
    for at in range(0, n, 2):
        core.step(rows[at], rows[at + 1], None, None)

core = Core(settings.complete({}))
core._dips._sample = 256 * 3300  # the samples of 9.4 hours
n = len(rows)
micropython.heap_lock()
try:
    play(core, rows, n)
finally:
    micropython.heap_unlock()
print(core.gait.steps)
"""


def test_nothing_is_allocated_in_a_walk_after_hours_of_standing(on_micropython):
    belt = MadeUpBelt(2)
    belt.stand(1)
    belt.walk(0.9, 105, 20, peaks=0.2)
    belt.stand(1)
    printed = on_micropython(HOURS_LATER, {"rows.csv": as_csv(belt.rows())})
    assert abs(int(printed) - len(belt.steps_s)) <= 2


PLANTED = """
import micropython
from beltcore import core
class Leaky(core.Core):
    def step(self, t_us, count, left, right):
        super().step(t_us, count, left, right)
        self.seconds = [t_us]
one = Leaky(__import__("beltcore.settings").settings.defaults())
def play():
    micropython.heap_lock()
    try:
        one.step(0, 0, None, None)
    except MemoryError:
        return "caught"
    finally:
        micropython.heap_unlock()
print(play())
"""


def test_an_allocation_would_be_caught(on_micropython):
    assert on_micropython(PLANTED) == "caught\n"
