"""What the start of the command line costs."""

from __future__ import annotations

import subprocess
import sys

from beltbox.bench.table import Line
from beltbox.errors import BeltBoxError

_GOAL_S = 0.15
_TIMES = 5


def start() -> Line:
    """The CPU time of `beltbox --version`, the least of five: other work only ever adds to it."""
    least_s = min(_cpu_s("-m", "beltbox", "--version") for _ in range(_TIMES))
    return Line(
        "`beltbox --version`, CPU",
        f"{least_s:.3f} s",
        f"{_GOAL_S} s",
        least_s <= _GOAL_S,
        "–",
    )


def _cpu_s(*arguments: str) -> float:
    """User and system time of a Python process, in seconds. Raises BeltBoxError when it fails."""
    import resource  # noqa: PLC0415 - not on Windows

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
    if done.returncode != 0:
        raise BeltBoxError(f"python {' '.join(arguments)} failed with status {done.returncode}.")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
