"""When segments began, by what a store keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from beltbox.walk.moments import Break, breaks, event_ms, segment_starts, segment_zeros_ms, utc_text
from beltbox.walk.overlay import in_order
from beltbox.walk.rows import MetricRow, RawRow
from beltbox.walk.session import Event, Segment, Session

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def segment(
    *times_ms: int,
    raw_us: tuple[int, ...] = (),
    box_ms: tuple[int, ...] = (),
    break_ms: int | None = None,
) -> Segment:
    box = [MetricRow(t_ms) for t_ms in box_ms]
    live = [MetricRow(t_ms) for t_ms in times_ms]
    raw = [RawRow(t_us, 0, None, None) for t_us in raw_us]
    return Segment({}, 1, "start", None, raw, in_order(live, box), box, break_ms)


def session(*segments: Segment, events: Any = (), dated: bool = True) -> Session:
    summary: Any = SimpleNamespace(started_at=NOON, dated=dated)
    listed = [Event(kind, "", 1, 0, at(seconds), number) for kind, seconds, number in events]
    return Session(summary, list(segments), listed)


def starts(*segments: Segment, **more: Any):
    return segment_starts(session(*segments, **more))


def test_without_an_event_a_segment_begins_where_the_one_before_ended():
    moments = starts(segment(0, 1000), segment(), segment(100, 2500), segment(100))
    assert moments == [at(0), at(1), at(1), at(3.5)]


def test_raw_rows_may_go_on_after_the_last_metric_row_and_over_the_clocks_wrap():
    wrapped = segment(0, 1000, raw_us=(2**30 - 500_000, 2**30 - 1, 700_000))
    assert starts(wrapped, segment(0)) == [at(0), at(1.2)]


@pytest.mark.parametrize("kind", ["reset", "returned", "heard"])
def test_a_box_that_is_back_says_when(kind: str):
    events = [(kind, 300, 1), (kind, 90, 1), (kind, 400, 2)]
    assert starts(segment(60_000), segment(1000), segment(0), events=events) == [
        at(0),
        at(300),
        at(400),
    ]


def test_a_segment_never_begins_before_the_end_of_the_one_before():
    assert starts(segment(60_000), segment(0), events=[("heard", 20, 1)]) == [at(0), at(60)]


@pytest.mark.parametrize("kind", ["unplugged", "silent", "filled", "lost", "note", "console"])
def test_other_events_say_nothing_of_the_next_segment(kind: str):
    assert starts(segment(60_000), segment(0), events=[(kind, 500, 1)]) == [at(0), at(60)]


def test_without_a_date_nothing_is_known():
    assert starts(segment(1000), segment(0), dated=False) == [None, None]


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, "2026-03-01T12:00:00.000Z"),
        (at(0.1239), "2026-03-01T12:00:00.123Z"),
        (at(-1).astimezone(timezone(timedelta(hours=2))), "2026-03-01T11:59:59.000Z"),
    ],
)
def test_utc_is_text_with_milliseconds_cut_off(moment: datetime, text: str):
    assert utc_text(moment) == text


def walked(first_ms: int, last_ms: int) -> tuple[int, ...]:
    """Times of rows, ten a second."""
    return tuple(range(first_ms, last_ms + 1, 100))


def test_a_segment_begins_after_the_break_that_was_noted():
    """Whatever the events say: their moments are of a clock that may be set."""
    both = session(
        segment(*walked(0, 60_000)),
        segment(*walked(0, 1000), break_ms=34_000),
        segment(*walked(0, 1000), break_ms=20),
        events=[("reset", 7000, 1)],
    )
    assert segment_zeros_ms(both) == [0, 94_000, 95_020]
    assert segment_starts(both) == [at(0), at(94), at(95.02)]
    assert breaks(both) == [Break(2, 60_000, 34_000, measured=False)]


def test_what_a_pull_filled_in_after_the_last_live_row_was_within_the_break():
    filled = session(
        segment(*walked(0, 60_000), box_ms=walked(61_000, 70_000)[::10]),
        segment(*walked(0, 1000), break_ms=34_000),
    )
    assert segment_zeros_ms(filled) == [0, 94_000]
    assert breaks(filled) == [Break(2, 70_000, 24_000, measured=False)]


def test_breaks_within_a_segment_and_at_its_beginning():
    gaps = session(
        segment(*walked(0, 5000), *walked(6001, 7000)),
        segment(*walked(3000, 4000), break_ms=500),
    )
    assert breaks(gaps) == [
        Break(1, 5000, 1001, measured=True),
        Break(2, 7401, 3000, measured=True),
    ]
    assert breaks(session(segment(0, 1000, 2000), segment(0, break_ms=1000))) == []


def test_an_older_store_knows_breaks_by_its_events():
    older = session(segment(*walked(0, 60_000)), segment(0), events=[("heard", 90, 1)])
    assert breaks(older) == [Break(2, 60_000, 30_000, measured=False)]


def test_an_event_is_placed_with_the_breaks_before_it():
    walk = session(
        segment(*walked(0, 60_000), box_ms=(61_000,)), segment(*walked(0, 9000), break_ms=34_000)
    )
    zeros = segment_zeros_ms(walk)
    live = Event("note", "", 1, 60_000 + 5000, NOON, 2)
    assert event_ms(walk, live, zeros) == 94_000 + 5000
    by_a_pull = Event("filled", "", 1, 61_000 + 5000, NOON, 2)
    assert event_ms(walk, by_a_pull, zeros) == 94_000 + 5000
    assert event_ms(walk, Event("note", "", 1, 7, NOON, 0), zeros) == 7
