"""When segments began, by what a store keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from beltbox.walk.moments import segment_starts, utc_text
from beltbox.walk.rows import MetricRow, RawRow
from beltbox.walk.session import Event

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def segment(*times_ms: int, raw_us: tuple[int, ...] = ()):
    return SimpleNamespace(
        metrics=[MetricRow(t_ms) for t_ms in times_ms],
        raw=[RawRow(t_us, 0, None, None) for t_us in raw_us],
    )


def starts(*segments, events=(), dated=True):
    return segment_starts(
        SimpleNamespace(
            summary=SimpleNamespace(started_at=NOON, dated=dated),
            segments=list(segments),
            events=[Event(kind, "", 1, 0, at(seconds), number) for kind, seconds, number in events],
        )
    )


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
