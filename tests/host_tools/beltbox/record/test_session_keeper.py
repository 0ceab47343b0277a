"""When a session starts and stops, and what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from beltbox.link.link import Identity
from beltbox.record.session_keeper import SessionKeeper, Step
from beltbox.store.store import Store, open_store
from beltbox.walk.moments import breaks
from beltbox.walk.rows import MetricRow, RawRow

BOX = Identity(1, "0.1.0", "esp32", "Lab", 4, "power", "ABCD", "1.28.0")


def row(t_ms: int, mm: int, *, moving: bool) -> MetricRow:
    return MetricRow(t_ms, belt_mm_s=-700 if moving else 0, distance_mm=mm, backward_mm=mm)


def losses(damaged: int = 0, missing: int = 0) -> SimpleNamespace:
    return SimpleNamespace(damaged=damaged, missing=missing)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "walks.sqlite") as opened:
        yield opened


@pytest.fixture
def keeper(store: Store) -> Callable[..., SessionKeeper]:
    """keeper(**options): one that keeps sessions in the store."""
    return lambda **options: SessionKeeper(store, **options)


def steps(keeper: SessionKeeper, *rows: MetricRow) -> list[Step]:
    """What is to be done after each of these rows; a session is started where that is it."""
    done: list[Step] = []
    for added in rows:
        keeper.add_metric(added)
        done.append(keeper.step_after(added))
        if done[-1] is Step.START:
            keeper.start(BOX, 4, losses())
    return done


def test_a_step_of_15_cm_starts_a_session(keeper):
    assert steps(keeper(), row(100, 149, moving=True), row(200, 150, moving=True)) == [
        Step.GO_ON,
        Step.START,
    ]


def test_ten_seconds_without_a_step_begin_anew(keeper):
    kept = keeper()
    still = [row(t_ms, 20, moving=False) for t_ms in (5_000, 12_000, 12_001)]
    assert steps(kept, row(2_000, 20, moving=True), *still) == [
        Step.GO_ON,
        Step.GO_ON,
        Step.GO_ON,
        Step.BEGIN_ANEW,
    ]
    kept.new_zero("begin", 4)
    assert kept.totals.duration_ms == 0
    assert steps(kept, row(10_000, 0, moving=False)) == [Step.GO_ON]


def test_a_minute_of_standing_still_ends_it_wherever_it_was_begun(keeper):
    kept = keeper()
    assert steps(
        kept,
        row(1_000, 500, moving=True),
        row(61_000, 500, moving=False),
        row(61_001, 500, moving=False),
    ) == [Step.START, Step.GO_ON, Step.STOP]
    kept.new_zero("reset", 5)  # in the middle of it: time counts from the new zero
    assert steps(kept, row(60_000, 0, moving=False), row(60_001, 0, moving=False)) == [
        Step.GO_ON,
        Step.STOP,
    ]


def test_at_once_it_starts_with_the_first_row_and_stands_as_long_as_it_likes(keeper):
    assert steps(
        keeper(starts_at_once=True), row(0, 0, moving=False), row(99_000, 0, moving=False)
    ) == [Step.START, Step.GO_ON]


def test_without_a_store_rows_are_summed_up_and_nothing_is_kept():
    kept = SessionKeeper(None)
    assert (
        steps(kept, row(1_000, 500, moving=True), row(99_000, 500, moving=False))
        == [Step.GO_ON] * 2
    )
    kept.add_raw(RawRow(0, 0, None, None))
    kept.add_event("note", "hello")
    kept.commit()
    kept.finish("stopped")
    assert kept.count_losses(losses(3, 3)) == []
    assert (kept.totals.distance_mm, kept.session_ids, kept.session_id) == (500, [], None)
    with pytest.raises(ValueError, match="no store"):
        kept.start(BOX, 4, losses())


def test_a_session_has_the_rows_since_the_zero_and_is_dated_back_to_it(keeper, store: Store):
    kept = keeper(person="Anna")
    kept.settings = {"body_mass_g": 70_000}
    kept.add_raw(RawRow(0, 0, None, None))  # before the zero
    kept.new_zero("begin", 4)
    kept.add_raw(RawRow(12_500, -7, None, None))
    steps(kept, row(8_000, 100, moving=True), row(9_000, 800, moving=True))
    assert kept.session_id == 1
    assert (kept.totals.duration_ms, kept.totals.distance_mm) == (9_000, 800)
    kept.add_raw(RawRow(25_000, -14, None, None))
    kept.finish("stopped")
    assert kept.session_id is None
    session = store.load(1)
    (segment,) = session.segments
    assert [raw.count for raw in segment.raw] == [-7, -14]
    assert [metric.t_ms for metric in segment.metrics] == [8_000, 9_000]
    assert (segment.reason, segment.boot_count) == ("start", 4)
    assert segment.settings == {"body_mass_g": 70_000}
    summary = session.summary
    assert (summary.person, summary.box_name, summary.serial) == ("Anna", "Lab", None)
    assert summary.ended_at is not None
    assert summary.ended_at - summary.started_at >= timedelta(seconds=9)
    assert summary.started_at <= datetime.now(UTC) - timedelta(seconds=9)


def test_a_zero_within_a_session_is_a_segment_with_the_settings_of_then(keeper, store: Store):
    kept = keeper()
    kept.settings = {"body_mass_g": 70_000}
    steps(kept, row(1_000, 500, moving=True))
    kept.settings = {"body_mass_g": 80_000}
    kept.new_zero("reset", 5)
    steps(kept, row(1_000, 300, moving=True))
    assert kept.totals.distance_mm == 800
    kept.finish("stopped")
    segments = store.load(1).segments
    assert [(segment.reason, segment.boot_count) for segment in segments] == [
        ("start", 4),
        ("reset", 5),
    ]
    assert [segment.settings["body_mass_g"] for segment in segments] == [70_000, 80_000]


def test_losses_are_those_since_the_session_started(keeper, store: Store):
    kept = keeper()
    assert kept.count_losses(losses(7, 7)) == []
    kept.add_metric(row(1_000, 500, moving=True))
    kept.start(BOX, 4, losses(8, 9))
    assert kept.count_losses(losses(8, 9)) == []
    assert kept.count_losses(losses(10, 9)) == [
        "Of the box's sentences 2 came damaged and were skipped."
    ]
    assert kept.count_losses(losses(10, 14)) == ["Of the box's sentences 5 are missing."]
    kept.finish("stopped")
    summary = store.load(1).summary
    assert (summary.damaged_count, summary.missing_count) == (2, 5)


def test_the_next_session_has_none_of_the_rows_of_the_one_before(keeper, store: Store):
    """Even if no zero came between them."""
    kept = keeper()
    steps(kept, row(1_000, 100, moving=True), row(2_000, 500, moving=True))
    kept.finish("the box was gone")
    steps(kept, row(3_000, 900, moving=True))
    kept.finish("stopped")
    assert [metric.t_ms for metric in store.load(2).segments[0].metrics] == [3_000]


def test_distance_near_a_zones_limit_is_counted_on_over_a_zero(keeper):
    """500 mm and 300 mm at 4.8 % of body weight, unsure by 0.5 %: half of them is the u."""
    kept = keeper()
    for mm in (500, 300):
        near = row(1_000, mm, moving=True)._replace(reliance_permille=48, zone=1)
        kept.add_metric(near)
        kept.zone_uncertainty.add(near, (10, 50, 150), 5.0)
        if kept.step_after(near) is Step.START:
            kept.start(BOX, 4, losses())
        kept.new_zero("reset", 5)
    assert kept.zone_uncertainty.zone_mm_u(2) == 400


@pytest.mark.parametrize(
    "set_by", [timedelta(hours=-1), timedelta(hours=1), timedelta(days=4018), timedelta(days=-30)]
)
def test_a_session_starts_at_its_end_less_its_time_however_the_clock_is_set(
    clock, store: Store, set_by: timedelta
):
    """The later time of day is the better one; an event says by how much it was set."""
    said: list[str] = []
    kept = SessionKeeper(store, clock=clock, clock_was_set=said.append)
    clock.sleep(1)
    steps(kept, row(1_000, 500, moving=True))
    kept.add_event("note", "before")
    kept.commit()
    clock.sleep(10)
    kept.add_event("note", "pending")
    clock.sleep(20)
    clock.set_by = set_by
    assert store.load(1).summary.started_at == clock.utc() - set_by - timedelta(seconds=31)
    kept.commit()
    killed = store.load(1)
    assert killed.summary.started_at == clock.utc() - timedelta(seconds=31)
    clock.sleep(30)
    kept.add_event("note", "after")
    kept.finish("stopped")
    session = store.load(1)
    summary = session.summary
    assert summary.ended_at == clock.utc()
    assert summary.ended_at - summary.started_at == timedelta(seconds=61)
    assert [(event.kind, summary.ended_at - event.at) for event in session.events] == [
        ("note", timedelta(seconds=60)),
        ("note", timedelta(seconds=50)),
        ("clock", timedelta(seconds=30)),
        ("note", timedelta()),
    ]
    direction = "ahead" if set_by > timedelta() else "back"
    assert f"set {direction} by" in session.events[2].text
    assert said == [session.events[2].text]


def test_a_clock_that_is_set_at_the_end_or_between_sessions(clock, store: Store):
    said: list[str] = []
    kept = SessionKeeper(store, clock=clock, clock_was_set=said.append)
    steps(kept, row(1_000, 500, moving=True))
    clock.sleep(5)
    clock.set_by = timedelta(hours=-1)  # within the last second
    kept.finish("stopped")
    first = store.load(1)
    assert first.summary.ended_at == clock.utc()
    assert [event.kind for event in first.events] == ["clock"]
    clock.set_by = timedelta()
    kept.new_zero("begin", 4)
    steps(kept, row(1_000, 500, moving=True))
    kept.finish("stopped")
    second = store.load(2)
    assert second.summary.started_at == clock.utc() - timedelta(seconds=1)
    assert second.events == []
    assert said[1] == "This computer's clock was set ahead by 1 h."


def test_the_break_before_a_zero_is_noted_whatever_the_clock_says(clock, store: Store):
    kept = SessionKeeper(store, clock=clock)
    steps(kept, row(1_000, 500, moving=True))
    clock.sleep(34)
    clock.set_by = timedelta(hours=-1)
    kept.new_zero("reset", 5)
    clock.sleep(0.5)
    kept.new_zero("begin", 5)  # nothing arrived of the zero before
    clock.sleep(0.1)
    steps(kept, row(100, 40, moving=True), row(200, 80, moving=True))
    clock.sleep(60)
    kept.new_zero("begin", 6)  # this zero was 20 s before: nobody heard it
    steps(kept, row(20_000, 40, moving=True))
    kept.finish("stopped")
    session = store.load(1)
    assert [segment.break_ms for segment in session.segments] == [None, 34_000, 500, 40_000]
    assert [(found.begins_ms, found.lasted_ms, found.measured) for found in breaks(session)] == [
        (1_000, 34_500, False),
        (35_700, 40_000, False),
        (75_700, 20_000, True),
    ]
