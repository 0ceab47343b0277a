"""Ticks with the heap locked, for both MicroPythons: any allocation in them raises MemoryError."""

import gc
import sys


def run(ticks, first):
    """Step and write sentences `ticks` times; the bytes that the heap grew by, 0 or a failure."""
    import micropython

    from beltcore import settings
    from beltcore.core import Core
    from beltcore.writer import Writer

    core = Core(
        settings.complete(
            {"rail_left_nn_per_count": 230_000, "rail_right_nn_per_count": -60_000_000}
        )
    )
    writer = Writer()
    core.step(0, 0, None, None)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    micropython.heap_lock()
    try:
        _ticks(core, writer, first, ticks)
    finally:
        micropython.heap_unlock()
    return gc.mem_alloc() - before


def _ticks(core, writer, first, ticks):
    """A walk whose clock wraps every 1073.7 s, with spikes, gaps, catches and turns."""
    t_us = first % 80_000 * 12_500
    count = 0
    for tick in range(first, first + ticks):
        # Wrapped before it leaves 31 bits: this loop must not allocate either.
        t_us += 12_400 + (tick & 255) - 0x3FFFFFFF
        t_us = t_us - 1 if t_us > 0 else t_us + 0x3FFFFFFF
        count += 90 - (tick & 15) if tick & 0x4000 else -90 + (tick & 15)
        if count > 0x3FFFFF00 or count < -0x3FFFFF00:
            count = 0
        left = (tick * 37 & 0x3FF) + (tick & 0x3F0000)
        right = (tick * 53 & 0x3FF) - (tick & 0x3F000)
        if tick & 127 == 7:
            core.step(t_us, count, None, 0x7FFFFF)
        else:
            core.step(t_us, count, left, right)
        writer.raw(t_us, count, left, right)
        if tick & 7 == 0:
            writer.distance(core)
            writer.now(core, 0)
            if tick & 63 == 0:
                writer.zones(core)


if __name__ == "__main__" and len(sys.argv) == 4:
    sys.path.insert(0, sys.argv[1])
    print(run(int(sys.argv[2]), int(sys.argv[3])))
