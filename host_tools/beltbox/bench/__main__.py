"""`make bench`: prints every figure beside its goal, as the table that the README repeats."""

from __future__ import annotations

import sys
import time

from beltbox.bench import accuracy, cost, gait
from beltbox.bench.ram import ram
from beltbox.bench.table import markdown
from beltbox.errors import BeltBoxError
from virtualbox.errors import VirtualBoxError


def main() -> None:
    """Measure all; exit status 1 only when a measurement failed, not when a goal was missed."""

    def tell(text: str) -> None:
        print(f"[{time.perf_counter() - began:4.0f} s] {text}", file=sys.stderr, flush=True)

    began = time.perf_counter()
    try:
        # First what measures time, while nothing else has warmed the machine up.
        rates = cost.host_rates(tell)
        lines = [
            *cost.instructions(tell),
            *accuracy.distance(),
            *accuracy.speeds(tell),
            *accuracy.forces(tell),
            *accuracy.drift(tell),
            *gait.gait(tell),
            *rates,
            *ram(tell),
            *cost.heap(tell),
        ]
    except (BeltBoxError, VirtualBoxError) as error:
        sys.exit(f"beltbox: {error}")
    print(markdown(lines))
    missed = [line.what for line in lines if line.met is False]
    print(f"\n{len(lines) - len(missed)} of {len(lines)} goals met.")


if __name__ == "__main__":
    main()
