"""How much space the store takes: a made-up walk, recorded, and the file's size."""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from beltbox.store.store import open_store
from beltbox.walk.rows import MetricRow, RawRow

_TICK_US = 12_500
_TICKS_A_METRIC = 8
_TICKS_A_SECOND = 80
_MN_PER_COUNT = 0.23
_BODY_MN = 70 * 9_807
_ZEROS = (84_210, -31_570)


def bench_store_bytes_per_hour(*, sway_n: float = 0.0) -> int:
    """The bytes of a SQLite store that holds one hour: raw rows 80 a second, metric rows 10.

    The clock jitters by 100 us either way, the belt runs at 70 counts a tick with a step's ripple,
    each of two cells has a noise of 40 counts RMS. `sway_n` adds hands that sway on the rails by
    so many newton, with a tenth of it as tremor.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bench.sqlite")
        with open_store(path) as store:
            writer = store.start_session(
                started_at=datetime.now(UTC), box_name="bench", board="-", firmware="-", protocol=1
            )
            writer.start_segment(settings={}, boot_count=1, reason="start", first_t_us=0)
            for raw, metric in made_up_walk(3600, sway_n=sway_n):
                writer.add_raw(raw)
                if metric is not None:
                    writer.add_metric(metric)
                    if metric.t_ms % 1000 == 0:
                        writer.commit()
            writer.close(datetime.now(UTC), "bench")
        return sum(file.stat().st_size for file in path.parent.iterdir())


def made_up_walk(
    seconds: int, *, sway_n: float = 0.0, seed: int = 1
) -> Iterator[tuple[RawRow, MetricRow | None]]:
    """Raw rows of a walk backward, and a metric row with every eighth.

    The numbers are plausible, not computed by the core: the walker holds on and lets go by turns,
    once in ten minutes. A longer walk begins with the same rows as a shorter one.
    """
    rng = random.Random(seed)
    position_mm = 0.0
    zones_mm = [0, 0, 0, 0]
    walked_mm = 0
    speeds = [0.0] * 10
    steps = 0.0
    for tick in range(1, seconds * _TICKS_A_SECOND + 1):
        t_s = tick / _TICKS_A_SECOND
        step_phase = 2 * math.pi * 1.6 * t_s
        speed_mm_s = 560 * (1 + 0.08 * math.sin(step_phase))
        position_mm += speed_mm_s / _TICKS_A_SECOND
        steps += 1.6 / _TICKS_A_SECOND
        held_n = max(0.0, 40 + 70 * math.cos(2 * math.pi * t_s / 600))
        sway = sway_n * (math.sin(step_phase / 2) + rng.gauss(0, 0.1)) if held_n else 0.0
        cells = [
            round(zero + (share * held_n + sign * sway) * 1000 / _MN_PER_COUNT + rng.gauss(0, 40))
            for zero, share, sign in zip(_ZEROS, (0.6, 0.4), (1, -1), strict=True)
        ]
        raw = RawRow(
            (tick * _TICK_US + rng.randint(-100, 100)) % 2**30, -int(position_mm * 10), *cells
        )
        if tick % _TICKS_A_METRIC:
            yield raw, None
            continue
        rails_mn = [
            round((cell - zero) * _MN_PER_COUNT) for cell, zero in zip(cells, _ZEROS, strict=True)
        ]
        reliance = max(0, 1000 * sum(rails_mn) // _BODY_MN)
        zone = sum(reliance >= limit for limit in (10, 50, 150))
        zones_mm[zone] += int(position_mm) - walked_mm
        walked_mm = int(position_mm)
        speeds = [*speeds[1:], speed_mm_s]
        yield (
            raw,
            MetricRow(
                t_ms=tick * 1000 // _TICKS_A_SECOND,
                belt_mm_s=-round(speed_mm_s + rng.gauss(0, 2)),
                speed_mm_s=-round(sum(speeds) / len(speeds)),
                distance_mm=walked_mm,
                forward_mm=0,
                backward_mm=walked_mm,
                rail_left_mn=rails_mn[0],
                rail_right_mn=rails_mn[1],
                reliance_permille=reliance,
                zone=zone,
                hands_off_mm=zones_mm[0],
                light_mm=zones_mm[1],
                supported_mm=zones_mm[2],
                heavy_mm=zones_mm[3],
                steps=int(steps),
                cadence_spm_x10=960 + round(rng.gauss(0, 8)),
                step_length_mm=350 + round(rng.gauss(0, 4)),
                grabs=0,
                flags=0,
                box_flags=0,
            ),
        )
