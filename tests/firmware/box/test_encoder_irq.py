"""The encoder by interrupts: exact up to the rate that it states, whatever delays the handlers."""

from __future__ import annotations

import pytest

# The chip's ways, by MicroPython's sources: handlers run soft, up to 10 ms late, and only 8 wait.
WORLD = """
import machine, time
machine.chip = None

class World:
    def __init__(self):
        self.now_us = 0
        self.run_us = 0
        self.state = 0
        self.queue = 0
        self.handler = None

    def edge(self, way):
        before = self.levels()[0]
        self.state += way
        if self.levels()[0] != before and self.queue < 8:
            self.queue += 1

    def levels(self):
        return (self.state + 1) >> 1 & 1, self.state >> 1 & 1

    def run(self):
        while self.queue:
            self.queue -= 1
            self.handler(None)
        encoder.count()  # as the app does in every tick

world = World()

class Pin:
    IN, IRQ_RISING, IRQ_FALLING = 1, 1, 2

    def __init__(self, number, mode):
        self.number = number

    def value(self):
        return world.levels()[self.number]

    def irq(self, handler, trigger):
        assert self.number == 0 and trigger == 3
        world.handler = handler

machine.Pin = Pin
from box import encoder_irq
encoder_irq.ticks_us = lambda: world.now_us
encoder_irq.ticks_diff = lambda a, b: a - b
encoder_irq.ticks_add = lambda a, b: a + b
encoder = encoder_irq.BeltEncoderIrq(0, 1)

def turn(states, rate, stall_us):
    # `states` quadrature states at `rate` a second; handlers run only every stall_us.
    way = 1 if states > 0 else -1
    began = world.now_us
    for number in range(1, abs(states) + 1):
        at_us = began + number * 1000000 // rate
        while world.run_us + stall_us <= at_us:
            world.run_us += stall_us
            world.now_us = world.run_us
            world.run()
        world.now_us = at_us
        world.edge(way)

def turns(*parts):
    for states, rate, stall_us in parts:
        turn(states, rate, stall_us)
    world.now_us += 10000
    world.run()
    return encoder.count(), world.state
"""


@pytest.fixture
def turns(on_box):
    """turns(parts…): what was counted, and what was true."""

    def run(*parts):
        return eval(on_box(WORLD + f"print(turns({', '.join(map(str, parts))}))")[0])

    return run


PROMPT_US = 100
LATE_US = 10_000


# A belt has inertia: it starts, and turns round, slowly.
RATES = (20, 30, 40, 60, 80, 110, 150, 200, 300, 450, 700, 1000, 1500)


def ramp(way, rate, stall_us, rates=RATES):
    return [(4 * way, low, stall_us) for low in rates if low < rate]


@pytest.mark.slow
@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize("rate", [40, 150, 700, 1500])
@pytest.mark.parametrize("stall_us", [PROMPT_US, LATE_US])
def test_exact_up_to_1500_counts_a_second(turns, way, rate, stall_us):
    counted, true = turns(*ramp(way, rate, stall_us), (4000 * way, rate, stall_us))
    assert abs(true) >= 4000
    assert abs(counted - true) <= 1


def test_above_the_limit_counts_are_lost(turns):
    counted, true = turns(*ramp(1, 2000, LATE_US), (4000, 2000, LATE_US))
    assert counted < true - 100


def test_a_belt_that_turns_round(turns):
    there = [*ramp(1, 1000, LATE_US), (1000, 1000, LATE_US), *ramp(1, 1000, LATE_US)[::-1]]
    back = [*ramp(-1, 1000, LATE_US), (-700, 1000, LATE_US)]
    counted, true = turns(*there, *back)
    assert abs(counted - true) <= 2


def test_the_count_wraps_within_30_bits(on_box):
    lines = on_box(
        WORLD
        + """
encoder._count = 2**29 - 2
print(turns((4, 10, 100))[0])
print(turns((-8, 10, 100))[0])
"""
    )
    assert [int(line) % 2**30 for line in lines] == [2**29 + 2, 2**29 - 6]
    assert all(-(2**29) <= int(line) < 2**29 for line in lines)
