"""`make bench`: every figure beside its goal, printed and written into the READMEs."""

from __future__ import annotations

import sys
import time

from beltbox.bench import accuracy, cost
from beltbox.bench.damage import damage
from beltbox.bench.gait import grabs, long_walks
from beltbox.bench.grid.figures import measure_all
from beltbox.bench.grid.lines import grid_lines, same_bytes_line
from beltbox.bench.grid.walks import scenarios
from beltbox.bench.ram import ram
from beltbox.bench.readme import (
    BENCH_README,
    bench_text,
    headline_table,
    project_readme,
    rows_of,
    write_between_marks,
)
from beltbox.bench.start import start
from beltbox.errors import BeltBoxError
from beltbox.virtualbox.errors import VirtualBoxError


def main() -> None:
    """Measure all; exit status 1 only when a measurement failed, not when a goal was missed."""

    def report(text: str) -> None:
        print(f"[{time.perf_counter() - began:4.0f} s] {text}", file=sys.stderr, flush=True)

    began = time.perf_counter()
    try:
        # First what measures time, while nothing else has warmed the machine up.
        started = start()
        rates = cost.host_rates(report)
        instructions = cost.instructions(report)
        measured = measure_all(scenarios(), report)
        lines = [
            *instructions,
            *accuracy.distance(),
            *accuracy.drift(report),
            *long_walks(report),
            *grabs(report),
            same_bytes_line(measured),
            *rates,
            *damage(report),
            started,
            *ram(report),
            *cost.heap(report),
        ]
    except (BeltBoxError, VirtualBoxError) as error:
        sys.exit(f"beltbox: {error}")
    report("done")
    grid = grid_lines(measured)
    text = bench_text(grid, lines)
    print(text)
    if readme := project_readme():
        write_between_marks(BENCH_README, text)
        write_between_marks(readme, headline_table(rows_of(text)))
        report(f"written into {BENCH_README} and {readme}")


if __name__ == "__main__":
    main()
