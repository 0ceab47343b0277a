"""The moments of a session, by a stopwatch that nobody sets and the computer's latest time of day.

The time of day may be wrong when a session begins, and be set right in mid-session: by an hour, or
from 2015 to today once a time server answers. The later time of day is the better one. So a
session's moments are counted by the stopwatch, and when the clock was set, those before are set
with it: a session's start is its end less the time that the stopwatch shows.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from beltbox.clock import CLOCK, Clock

# A time server that corrects a clock slowly moves it by up to 1.8 s an hour; this is a jump.
_JUMP = timedelta(seconds=2)


class SessionClock:
    """What time it is, for the moments of one session."""

    def __init__(self, clock: Clock = CLOCK) -> None:
        self._clock = clock
        self._zero = self._measured_zero()  # the moment at which the stopwatch was at 0

    def now(self) -> datetime:
        """The time in UTC. It never goes back but by what `jump` returns."""
        return self._zero + timedelta(seconds=self._clock.steady_s())

    def steady_s(self) -> float:
        """The stopwatch."""
        return self._clock.steady_s()

    def jump(self) -> timedelta | None:
        """By how much the computer's clock was set since the last look; None if it wasn't.

        Moments that were noted before are to be moved by as much.
        """
        zero = self._measured_zero()
        later = zero - self._zero
        if abs(later) < _JUMP:
            return None
        self._zero = zero
        return later

    def _measured_zero(self) -> datetime:
        try:
            return self._clock.utc() - timedelta(seconds=self._clock.steady_s())
        except OverflowError:  # a clock of the year 1
            return datetime.min.replace(tzinfo=UTC)


def jump_in_words(later: timedelta) -> str:
    """What is said of a jump."""
    rest_s = round(abs(later).total_seconds())
    parts: list[str] = []
    for unit, unit_s in (("days", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest_s = divmod(rest_s, unit_s)
        if count:
            parts.append("1 day" if (count, unit) == (1, "days") else f"{count} {unit}")
    size = " ".join(parts)
    direction = "ahead" if later > timedelta() else "back"
    return f"This computer's clock was set {direction} by {size}."
