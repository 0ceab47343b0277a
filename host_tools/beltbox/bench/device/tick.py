"""Whole ticks of the app (read, step, write) on stub hardware, for counting instructions.

tick.py FIRMWARE MODE TICKS, with MODE idle, live, raw, or float-live, float-raw for the rival.
"""

import gc
import sys

HERE = __file__.rsplit("/", 1)[0]
sys.path[0:0] = [sys.argv[1], HERE + "/stub", HERE]

from beltcore import settings  # noqa: E402
from box import app, boards, settings_file  # noqa: E402


class NoPort:
    """Takes sentences at no cost."""

    def __init__(self):
        self.lost = False

    def send(self, _writer):
        pass


def make_app(raw):
    """The app with two cells, set up but not running."""
    values = settings.complete(
        {"rail_left_nn_per_count": 230_000, "rail_right_nn_per_count": 230_000}
    )
    settings_file.load = lambda: (values, None)
    app.Port = NoPort
    # Under callgrind the true clock would run so fast that what is done by time came too seldom.
    app.ticks_us = iter(range(0, 1 << 30, 12_500)).__next__
    made = app.App(boards.find())
    made.raw_on = raw
    return made


def idle_ticks(_box, ticks):
    t_us = 0
    for _ in range(ticks):
        t_us = (t_us + 12_500) & 0x3FFFFFFF


def core_ticks(box, ticks):
    t_us = 0
    for _ in range(ticks):
        t_us = (t_us + 12_500) & 0x3FFFFFFF
        box._tick(t_us)


def float_ticks(box, ticks):
    """The rival on the same drivers."""
    from float_core import FloatCore

    from beltcore.crc import _TABLE

    core = FloatCore(box.settings)
    t_us = 0
    for tick in range(ticks):
        t_us = (t_us + 12_500) & 0x3FFFFFFF
        now_us = app.ticks_us()
        count = box._encoder.count()
        left = box._left.sample(t_us)
        right = box._right.sample(t_us)
        core.step(now_us, count, left, right)
        if box.raw_on:
            core.raw(tick, _TABLE, left, right)
        if tick % 8 == 0:
            core.now(tick, _TABLE)


def main(mode, ticks):
    box = make_app(mode.endswith("raw"))
    run = idle_ticks if mode == "idle" else float_ticks if mode.startswith("float") else core_ticks
    run(box, 200)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    run(box, ticks)
    print(gc.mem_alloc() - before)


main(sys.argv[2], int(sys.argv[3]))
