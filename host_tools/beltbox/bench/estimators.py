"""Which estimator of the belt's speed is best: `python -m beltbox.bench.estimators`.

Each gets the same rows of the virtual box and is held against the same truth. What it prints stands
in firmware/README.md. All are written in floats: only their idea is compared.
"""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from beltbox import virtualbox
from beltbox.bench.play import Played, play
from beltbox.sim.truth import rms

SCENARIOS = Path(virtualbox.__file__).parent / "scenarios"

Points = list[tuple[float, float]]
Estimator = Callable[[Played], list[float]]

_SCENARIOS = ("steady-0.5mph", "steady-1mph", "steady-3mph", "coarse-belt")
# Walks that change, seen by an encoder of 12 mm a count.
_COARSE_TOO = ("demo", "intervals", "stop-and-go")
_FIRST_WALK = "[[walk]]"
_COARSE_BELT = "[belt]\nmm_per_count = 12\n\n[[walk]]"
_SETTLED_S = 3.0
_SECOND_S = 1.0


def _edges(played: Played) -> tuple[list[tuple[float, int]], float]:
    size_mm = int(played.settings["belt_nm_per_count"]) / 1e6
    rows = [(t_us / 1e6, row.count) for t_us, row in zip(played.clock_us, played.raw, strict=True)]
    return rows, size_mm


def _difference_over_a_second(points: Points) -> list[float]:
    speeds: list[float] = []
    at = 0
    for now_s, now_mm in points:
        then_s = now_s - _SECOND_S
        while at + 1 < len(points) and points[at + 1][0] <= then_s:
            at += 1
        if then_s < points[0][0]:
            speeds.append(0.0)
            continue
        (a_s, a_mm), (b_s, b_mm) = points[at], points[at + 1]
        speeds.append(now_mm - (a_mm + (b_mm - a_mm) * (then_s - a_s) / (b_s - a_s)))
    return speeds


def plain(played: Played) -> list[float]:
    """Counts now minus counts a second ago."""
    rows, size = _edges(played)
    return _difference_over_a_second([(t_s, count * size) for t_s, count in rows])


def least_squares(played: Played) -> list[float]:
    """The slope of a straight line through the last second's counts."""
    rows, size = _edges(played)
    speeds: list[float] = []
    first = 0
    for index, (now_s, _) in enumerate(rows):
        while rows[first][0] < now_s - _SECOND_S:
            first += 1
        window = rows[first : index + 1]
        mean_s = sum(t for t, _ in window) / len(window)
        mean = sum(c for _, c in window) / len(window)
        spread = sum((t - mean_s) ** 2 for t, _ in window)
        slope = sum((t - mean_s) * (c - mean) for t, c in window) / spread if spread else 0.0
        speeds.append(slope * size)
    return speeds


def clamped(played: Played) -> list[float]:
    """A place that runs on at the last speed, pushed back into the present count."""
    rows, size = _edges(played)
    return _difference_over_a_second(_observed(rows, size, uncertainty=None))


def intervals(played: Played) -> list[float]:
    """Two places that bound the belt, 20 % of the speed uncertain, and the middle of them."""
    rows, size = _edges(played)
    return _difference_over_a_second(_observed(rows, size, uncertainty=0.2))


def _observed(rows: Sequence[tuple[float, int]], size: float, uncertainty: float | None) -> Points:
    points: Points = []
    window_s = 0.4 if size > 2 else 0.1
    before_s, count = rows[0]
    low, high = count * size, (count + 1) * size
    place = (low + high) / 2
    speed = 0.0
    oldest = 0
    for now_s, count in rows:
        dt_s = now_s - before_s
        before_s = now_s
        floor, ceiling = count * size, (count + 1) * size
        if uncertainty is None:
            place = min(max(place + speed * dt_s, floor), ceiling)
        else:
            slack = abs(speed) * uncertainty * dt_s
            low = min(max(low + speed * dt_s - slack, floor), ceiling)
            high = min(max(high + speed * dt_s + slack, floor), ceiling)
            place = (low + high) / 2
        points.append((now_s, place))
        while points[oldest][0] < now_s - window_s:
            oldest += 1
        then_s, then_mm = points[oldest]
        if now_s - then_s > 0.02:
            speed = (place - then_mm) / (now_s - then_s)
    return points


def ours(played: Played) -> list[float]:
    """beltcore: places only where edges passed."""
    return [float(row.speed_mm_s or 0) for row in played.rows]


ESTIMATORS: dict[str, Estimator] = {
    "edges (beltcore)": ours,
    "counts, plain difference": plain,
    "straight line by least squares": least_squares,
    "clamped place": clamped,
    "bounding places": intervals,
}


def spiked_force_n(median_of: int, spike_n: float, seed: int = 1) -> float:
    """What is left, RMS in N, of spikes in 1 % of the samples: a median and the core's mean."""
    chance = random.Random(seed)
    recent = [0.0] * median_of
    smooth = total = 0.0
    samples = 80 * 2400
    for _ in range(samples):
        spike = chance.choice((-spike_n, spike_n)) if chance.random() < 0.01 else 0.0
        recent = [*recent[1:], chance.gauss(0, 0.009) + spike]
        smooth += (sorted(recent)[median_of // 2] - smooth) / 4
        total += smooth * smooth
    return math.sqrt(total / samples)


def main() -> None:
    """Print two tables: speed, RMS error in % of the mean speed; force, what spikes leave."""
    _print_speeds()
    print("\n| median of | spikes of 50 N | 150 N | 500 N |\n|---|---|---|---|")
    for width in (1, 3, 5):
        left = " | ".join(f"{spiked_force_n(width, spike):.2f} N" for spike in (50, 150, 500))
        print(f"| {width} | {left} |", flush=True)


def _print_speeds() -> None:
    played = {name: play(name) for name in _SCENARIOS}
    with tempfile.TemporaryDirectory() as folder:
        for name in _COARSE_TOO:
            file = Path(folder) / f"{name}.toml"
            plainly = (SCENARIOS / file.name).read_text(encoding="utf-8")
            file.write_text(plainly.replace(_FIRST_WALK, _COARSE_BELT, 1), encoding="utf-8")
            played[f"{name}, 12 mm"] = play(file)
    print("| estimator | " + " | ".join(played) + " |")
    print("|---|" + "---|" * len(played))
    for label, estimate in ESTIMATORS.items():
        cells: list[str] = []
        for walk in played.values():
            speeds = estimate(walk)
            start_us = walk.clock_us[0] + _SETTLED_S * 1e6
            errors = [
                speed - walk.truth.mean_speed_mm_s(t_us)
                for speed, t_us in zip(speeds, walk.clock_us, strict=True)
                if t_us > start_us
            ]
            moving = [abs(v) for v in walk.truth.column("speed_mm_s") if abs(v) > 20]
            cells.append(f"{100 * rms(errors) / (sum(moving) / len(moving)):.2f} %")
        print(f"| {label} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
