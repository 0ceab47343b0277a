"""What a session is: what one person walked, whole or summed up, wherever it is kept.

A session has segments; a segment is a stretch in which the box counted on from one zero, so a
reset of the box begins a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from beltbox.walk.rows import MetricRow, RawRow
from beltbox.walk.totals import Totals

PULLED = "pulled"
"""The source of a session that only the box kept."""


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session without its rows."""

    id: int
    started_at: datetime
    """UTC, as is `ended_at`."""
    ended_at: datetime | None
    totals: Totals
    """What it adds up to, over all its segments."""
    box_name: str
    board: str
    firmware: str
    protocol: int
    person: str | None
    title: str | None
    source: str
    complete: bool
    """False while it is being recorded, and for ever if the recorder was killed."""
    end_reason: str | None
    damaged_count: int
    """Of the events of kind "damaged", the sum of their counts."""
    missing_count: int
    """Of the events of kind "gap", the sum of their counts."""
    serial: str | None = None
    """The number of the box's chip; None where an older BeltBox or box didn't report it."""
    dated: bool = True
    """False: its date is unknown, before `started_at`, which only keeps the order."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a session."""

    kind: str
    """Such as reset, gap, damaged, unplugged, note, console."""
    text: str
    count: int
    """Of how many things: sentences lost or damaged, seconds filled in."""
    t_ms: int
    """The session's time then, running on across segments."""
    at: datetime
    """UTC."""
    segment: int
    """1, 2, ...; 0 before the first segment."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch in which the box counted on from one zero."""

    settings: dict[str, int | str]
    boot_count: int
    reason: str
    first_t_us: int | None
    raw: list[RawRow]
    metrics: list[MetricRow]
    """As streamed, with `box` where nothing was."""
    box: list[MetricRow]
    """One a second, from the session that the box kept: what a pull filled in."""
    break_ms: int | None = None
    """The time before its zero in which nothing was measured, since the last live row of the
    segment before, by the computer's stopwatch; None where an older BeltBox didn't keep it."""

    @property
    def live(self) -> list[MetricRow]:
        """The rows of `metrics` that were streamed."""
        times = {row.t_ms for row in self.box}
        return [row for row in self.metrics if row.t_ms not in times] if times else self.metrics


@dataclass(frozen=True, slots=True)
class Session:
    """A whole session."""

    summary: SessionSummary
    segments: list[Segment]
    events: list[Event]


def summary_json(summary: SessionSummary) -> dict[str, object]:
    """A session's summary as JSON has it: its fields by name, its totals among them, ISO 8601."""
    values: dict[str, object] = {}
    for field in fields(SessionSummary):
        value = getattr(summary, field.name)
        if isinstance(value, Totals):
            values |= value.as_json()
        else:
            values[field.name] = value.isoformat() if isinstance(value, datetime) else value
    return values
