"""Time as it passes, for whatever waits: a test gives a clock of its own, and needn't wait."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime


class Clock:
    """The computer's clocks: stopwatches, which nobody sets, and the time of day, which is set."""

    def now_s(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def steady_s(self) -> float:
        """Seconds since some moment, those in which the computer slept among them."""
        return _steady_s()

    def utc(self) -> datetime:
        """The date and the time of day, which may be wrong until a time server sets it right."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        time.sleep(seconds)


def _steady_s() -> float:
    # Python's monotonic clock stands still while a Linux computer or a Mac sleeps.
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()


CLOCK = Clock()
"""What everything waits by, unless it is given another one."""
