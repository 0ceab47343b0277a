"""When rows were measured: since the session's start and in UTC, and the breaks between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from beltbox.walk.rows import GAP_MS, us_between
from beltbox.walk.session import Event, Segment, Session

# Events of a recording at whose moment the box was there again, after a reset or without one.
_BOX_IS_BACK = ("reset", "returned", "heard")
_BY_A_PULL = ("filled", "lost")


class Break(NamedTuple):
    """More than a second of a session of which there are no rows."""

    segment: int
    """In which segment, 1, 2, ...; where none was being measured, the one after it."""
    begins_ms: int
    """Since the session's start."""
    lasted_ms: int
    measured: bool
    """The box measured on, unheard: what was walked is counted, the rest isn't known."""

    @property
    def in_words(self) -> str:
        """What is known of it."""
        if self.measured:
            return "nothing arrived, the box counted on"
        return "nothing was measured"


def segment_zeros_ms(session: Session) -> list[int]:
    """The time from the session's start to each segment's zero, breaks included.

    The first segment's zero is the session's start. A later one is at the end of the live rows of
    the segment before, and so much later as the recorder noted (`Segment.break_ms`). An older
    BeltBox didn't note it: then the zero is at the end of the segment before, or, if that is later,
    at the last moment at which that segment's events say that the box was back (reset, returned,
    heard). After a reset the box's new zero follows that event within seconds; a new zero that the
    recorder asks for comes at once, without an event. Other events don't count: those that a pull
    adds have the moment of the pull.
    """
    zeros: list[int] = []
    zero_ms = 0
    for number, segment in enumerate(session.segments):
        if number:
            before = session.segments[number - 1]
            if segment.break_ms is not None:
                live_ms = before.live[-1].t_ms if before.live else 0
                # What a pull filled in after the live rows was before the zero, too.
                zero_ms += max(live_ms + segment.break_ms, _length_ms(before))
            else:
                zero_ms = max(zero_ms + _length_ms(before), *_back_ms(session, number), 0)
        zeros.append(zero_ms)
    return zeros


def segment_starts(session: Session) -> list[datetime | None]:
    """The moment of each segment's zero; None for all of a session that isn't dated."""
    zeros = segment_zeros_ms(session)
    if not session.summary.dated:
        return [None] * len(zeros)
    return [session.summary.started_at + timedelta(milliseconds=zero_ms) for zero_ms in zeros]


def breaks(session: Session) -> list[Break]:
    """The breaks of a session, in their order: those between its segments and those within."""
    listed: list[Break] = []
    end_ms = 0
    for number, zero_ms in enumerate(segment_zeros_ms(session), 1):
        if not session.segments[number - 1].metrics:
            continue  # a new zero came before a row of this one
        if zero_ms - end_ms > GAP_MS:
            listed.append(Break(number, end_ms, zero_ms - end_ms, measured=False))
        before_ms = 0
        for row in session.segments[number - 1].metrics:
            if row.t_ms - before_ms > GAP_MS:
                listed.append(
                    Break(number, zero_ms + before_ms, row.t_ms - before_ms, measured=True)
                )
            before_ms = row.t_ms
        end_ms = zero_ms + before_ms
    return listed


def utc_text(moment: datetime) -> str:
    """ISO 8601 with milliseconds, cut off, not rounded: "2026-03-01T12:00:00.100Z"."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_ms(session: Session, event: Event, zeros_ms: Sequence[int]) -> int:
    """When an event was, since the session's start. zeros_ms: `segment_zeros_ms` of the session.

    Its own time leaves out breaks, and what a pull filled in after it was recorded.
    """
    if not 0 < event.segment <= len(zeros_ms):
        return event.t_ms
    before = session.segments[: event.segment - 1]
    rows = [segment.metrics if event.kind in _BY_A_PULL else segment.live for segment in before]
    return zeros_ms[event.segment - 1] + event.t_ms - sum(part[-1].t_ms for part in rows if part)


def _length_ms(segment: Segment) -> int:
    """The time from a segment's zero to its last row."""
    metrics_ms = segment.metrics[-1].t_ms if segment.metrics else 0
    raw_us = sum(us_between(before.t_us, after.t_us) for before, after in pairwise(segment.raw))
    return max(metrics_ms, raw_us // 1000)


def _back_ms(session: Session, segment: int) -> list[int]:
    """When the events of a segment say that the box was back, since the session's start."""
    return [
        (event.at - session.summary.started_at) // timedelta(milliseconds=1)
        for event in session.events
        if event.segment == segment and event.kind in _BOX_IS_BACK
    ]
