"""Time as it passes, for whatever waits: a test gives a clock of its own, and needn't wait."""

from __future__ import annotations

import time


class Clock:
    """The computer's clock, as a stopwatch: it is never set back, and says no time of day."""

    def now_s(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        time.sleep(seconds)


CLOCK = Clock()
"""What everything waits by, unless it is given another one."""
