"""A box's sessions in the store: each once, and nothing that was recorded is changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from beltbox.link.box_sessions import Block, BoxSession, Record
from beltbox.pull.box_store import Arrival, BoxStore, Origin
from beltbox.store.session_writer import SessionWriter
from beltbox.store.store import Store, open_store
from beltbox.walk.rows import MetricRow

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SERIAL = "30aea4b0c0de"
ORIGIN = Origin(SERIAL, "Lab", "esp32", "0.1.0", 1)


def arrival(first_s: int, last_s: int, number: int = 7, lost: int = 0, zone: int = 1) -> Arrival:
    """A metre a second backward from the measurement's beginning on, in blocks of ten seconds."""
    blocks: list[Block] = []
    for start in range(first_s, last_s + 1, 10):
        records = tuple(
            Record(t_s, zone, 0, 1000 * t_s, -1000, 20, None, 0, 0)
            for t_s in range(start, min(start + 10, last_s + 1))
        )
        blocks.append(Block(0, 1000 * (start - 1), records, 1))
    session = BoxSession(number, len(blocks) + lost, 1, 3, 4, None, "ABCD")
    return Arrival(session, blocks, lost, 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "walks.sqlite") as opened:
        yield opened


def start(store: Store) -> SessionWriter:
    return store.start_session(
        started_at=NOON,
        box_name="Lab",
        board="esp32",
        firmware="0.1.0",
        protocol=1,
        serial=SERIAL,
    )


def live(writer: SessionWriter, *spans: tuple[int, int], zones: bool = True) -> None:
    """The same walk as it came live in these seconds, ten rows in each."""
    for first_s, last_s in spans:
        for t_ms in range(1000 * first_s, 1000 * last_s + 1, 100):
            writer.add_metric(
                MetricRow(
                    t_ms,
                    belt_mm_s=-1000,
                    speed_mm_s=-1000,
                    distance_mm=t_ms,
                    forward_mm=0,
                    backward_mm=t_ms,
                    reliance_permille=20,
                    zone=1,
                    hands_off_mm=0,
                    light_mm=t_ms if zones else None,
                    supported_mm=0,
                    heavy_mm=0,
                )
            )


def segment(writer: SessionWriter, boots: int = 4) -> None:
    writer.start_segment(settings={}, boot_count=boots, reason="start", first_t_us=None)


def test_a_gap_in_the_second_segment_is_filled_and_the_first_left_alone(store: Store):
    writer = start(store)
    segment(writer)
    writer.add_box_session(SERIAL, 6, 4)
    live(writer, (1, 9))
    segment(writer)
    writer.add_box_session(SERIAL, 7, 4)
    live(writer, (1, 20), (41, 60))
    writer.close(NOON + timedelta(seconds=70), "stopped")
    before = store.load(writer.session_id)
    noted = {session.number: session for session in BoxStore(store.database).known(SERIAL)}
    assert [session.pulled for session in noted.values()] == [False, False]
    assert noted[7].started_at == NOON

    assert BoxStore(store.database).lay_over(noted[7], arrival(3, 60)) == 20
    after = store.load(writer.session_id)
    assert after.segments[0] == before.segments[0]
    assert [row.t_ms for row in after.segments[1].box] == [*range(21_000, 41_000, 1000)]
    assert [row.light_mm for row in after.segments[1].box] == [*range(21_000, 41_000, 1000)]
    assert after.summary.totals.distance_mm == before.summary.totals.distance_mm == 69_000
    assert after.summary.totals.light_mm == 69_000
    assert after.summary.totals.duration_s == before.summary.totals.duration_s
    assert after.summary.end_reason == "stopped"
    (event,) = after.events
    assert (event.kind, event.count, event.segment) == ("filled", 20, 2)
    assert event.t_ms == 9000 + 21_000
    known = {session.number: session for session in BoxStore(store.database).known(SERIAL)}
    assert [known[6].pulled, known[7].pulled, known[7].first_crc] == [False, True, 1]
    assert (known[7].power, known[7].boots, known[7].blocks) == (3, 4, 6)


def test_two_sessions_of_the_box_in_one_measurement(store: Store):
    """The second is laid in first: whatever comes later still finds its place."""
    writer = start(store)
    segment(writer)
    writer.add_box_session(SERIAL, 7, 4)
    writer.add_box_session(SERIAL, 8, 4)
    live(writer, (1, 10))
    writer.commit()
    first, second = BoxStore(store.database).known(SERIAL)
    assert BoxStore(store.database).lay_over(second, arrival(31, 50, number=8)) == 20
    assert store.load(writer.session_id).summary.totals.distance_mm == 50_000
    assert BoxStore(store.database).lay_over(first, arrival(3, 20, number=7)) == 10
    session = store.load(writer.session_id)
    times = [row.t_ms // 1000 for row in session.segments[0].box]
    assert times == [*range(11, 21), *range(31, 51)]
    assert session.summary.totals.distance_mm == 50_000
    assert session.summary.totals.duration_s == 50
    assert session.summary.complete
    assert session.summary.ended_at == NOON + timedelta(seconds=50)
    assert session.summary.end_reason == "the recorder was killed, the box went on"


def test_blocks_lost_on_the_flash_are_told_in_a_live_session_too(store: Store):
    writer = start(store)
    segment(writer)
    writer.add_box_session(SERIAL, 7, 4)
    live(writer, (1, 20))
    writer.close(NOON, "stopped")
    (noted,) = BoxStore(store.database).known(SERIAL)
    BoxStore(store.database).lay_over(noted, arrival(3, 20, lost=2))
    (event,) = store.load(writer.session_id).events
    assert (event.kind, event.count) == ("lost", 2)
    assert "2 of 4 blocks" in event.text


def test_a_session_of_its_own_begins_at_zero(store: Store):
    """The box measured for hours before somebody stepped on."""
    session_id = BoxStore(store.database).add(
        ORIGIN, arrival(30_001, 32_000), started_at=NOON, dated=True, settings={"body_mass_g": 1}
    )
    session = store.load(session_id)
    assert session.summary.totals.duration_s == 2000
    assert session.summary.totals.distance_mm == session.summary.totals.light_mm == 2_000_000
    assert session.summary.ended_at == NOON + timedelta(seconds=2000)
    assert session.segments[0].settings == {"body_mass_g": 1}
    assert session.segments[0].boot_count == 4
    rows = session.segments[0].metrics
    assert [row.t_ms for row in rows] == [*range(1000, 2_001_000, 1000)]
    assert [session.session_id for session in BoxStore(store.database).known(SERIAL)] == [
        session_id
    ]
    assert BoxStore(store.database).known("another") == []


def test_one_without_a_date_has_no_end_either(store: Store):
    session_id = BoxStore(store.database).add(
        ORIGIN, arrival(1, 20), started_at=NOON, dated=False, settings=None
    )
    summary = store.load(session_id).summary
    assert (summary.dated, summary.started_at, summary.ended_at) == (False, NOON, None)
    assert summary.complete


def test_what_cant_be_kept_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch):
    def fail(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("beltbox.pull.box_store.append_rows", fail)
    with pytest.raises(KeyboardInterrupt):
        BoxStore(store.database).add(
            ORIGIN, arrival(1, 20), started_at=NOON, dated=True, settings=None
        )
    assert store.sessions() == []
    assert BoxStore(store.database).known(SERIAL) == []
