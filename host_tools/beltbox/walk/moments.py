"""When rows were measured, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from beltbox.walk.rows import us_between
from beltbox.walk.session import Segment, Session

# Events of a recording at whose moment the box was there again, after a reset or without one.
_BOX_IS_BACK = ("reset", "returned", "heard")


def segment_starts(session: Session) -> list[datetime | None]:
    """The moment of each segment's zero; None for all of a session that isn't dated.

    The first segment's is the session's start. The store keeps no moment of a later one, so this is
    the best that follows from what it keeps: the end of the segment before, or, if that is later,
    the last moment at which that segment's events say that the box was back (reset, returned,
    heard). After a reset the box's new zero follows that event within seconds; a new zero that the
    recorder asks for comes at once, without an event. Other events don't count: those that a pull
    adds have the moment of the pull.
    """
    if not session.summary.dated:
        return [None] * len(session.segments)
    start = session.summary.started_at
    starts: list[datetime | None] = [start] if session.segments else []
    for number, segment in enumerate(session.segments[:-1], 1):
        moments = [
            event.at
            for event in session.events
            if event.segment == number and event.kind in _BOX_IS_BACK
        ]
        start = max([start + _length(segment), *moments])
        starts.append(start)
    return starts


def utc_text(moment: datetime) -> str:
    """ISO 8601 with milliseconds, cut off, not rounded: "2026-03-01T12:00:00.100Z"."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _length(segment: Segment) -> timedelta:
    """The time from a segment's zero to its last row."""
    metrics_ms = segment.metrics[-1].t_ms if segment.metrics else 0
    raw_us = sum(us_between(before.t_us, after.t_us) for before, after in pairwise(segment.raw))
    return max(timedelta(milliseconds=metrics_ms), timedelta(microseconds=raw_us))
