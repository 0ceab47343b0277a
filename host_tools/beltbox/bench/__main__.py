"""`make bench`: prints every figure beside its goal, as the tables that the README repeats."""

from __future__ import annotations

import sys
import time

from beltbox.bench import accuracy, cost
from beltbox.bench.gait import grabs, long_walks
from beltbox.bench.grid.figures import measure_all
from beltbox.bench.grid.lines import grid_lines, same_bytes_line
from beltbox.bench.grid.walks import scenarios
from beltbox.bench.ram import ram
from beltbox.bench.start import start
from beltbox.bench.table import grid_markdown, markdown, tally
from beltbox.errors import BeltBoxError
from beltbox.virtualbox.errors import VirtualBoxError


def main() -> None:
    """Measure all; exit status 1 only when a measurement failed, not when a goal was missed."""

    def tell(text: str) -> None:
        print(f"[{time.perf_counter() - began:4.0f} s] {text}", file=sys.stderr, flush=True)

    began = time.perf_counter()
    try:
        # First what measures time, while nothing else has warmed the machine up.
        started = start()
        rates = cost.host_rates(tell)
        instructions = cost.instructions(tell)
        measured = measure_all(scenarios(), tell)
        lines = [
            *instructions,
            *accuracy.distance(),
            *accuracy.drift(tell),
            *long_walks(tell),
            *grabs(tell),
            same_bytes_line(measured),
            *rates,
            started,
            *ram(tell),
            *cost.heap(tell),
        ]
    except (BeltBoxError, VirtualBoxError) as error:
        sys.exit(f"beltbox: {error}")
    tell("done")
    grid = grid_lines(measured)
    print(f"{grid_markdown(grid)}\n\n{markdown(lines)}\n\n{tally([*grid, *lines])}")


if __name__ == "__main__":
    main()
