"""The store: what is committed is kept, whatever happens next."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import StatementError
from sqlalchemy.pool import Pool

from beltbox.bench.store_size import made_up_walk
from beltbox.errors import StoreError
from beltbox.store.row_blocks import append_rows, stored_rows
from beltbox.store.session_writer import SessionWriter
from beltbox.store.store import Store, open_store
from beltbox.walk.rows import MetricRow, RawRow

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS: dict[str, int | str] = {"box_name": "Lab", "body_mass_g": 70_000}


def start(store: Store, started_at: datetime = NOON, **more: Any) -> SessionWriter:
    return store.start_session(
        started_at=started_at,
        box_name="Lab",
        board="esp32-devkit",
        firmware="0.1.0",
        protocol=1,
        **more,
    )


def segment(writer: SessionWriter, boot_count: int = 1, reason: str = "start") -> None:
    writer.start_segment(settings=SETTINGS, boot_count=boot_count, reason=reason, first_t_us=12_500)


def add(writer: SessionWriter, first_second: int, seconds: int = 1) -> list[RawRow]:
    raws: list[RawRow] = []
    for raw, metric in list(made_up_walk(first_second + seconds))[first_second * 80 :]:
        raws.append(raw)
        writer.add_raw(raw)
        if metric:
            writer.add_metric(metric)
    return raws


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "walks.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(path, busy_timeout_s=0.05) as opened:
        yield opened


def test_a_session_comes_back_as_it_was_written(store: Store, path: Path):
    writer = start(store, person="Ana <b>", title="First walk", source="sim")
    writer.add_event("note", "before the box said anything")
    segment(writer)
    raws = [RawRow(2**30 - 1, -5, None, 8_388_607), RawRow(12_000, -75, -8_388_608, None)]
    metrics = [MetricRow(0), MetricRow(*range(20)), MetricRow(100, -700, None, 70, 0, 70)]
    for raw, metric in zip(raws, metrics, strict=False):
        writer.add_raw(raw)
        writer.add_metric(metric)
    writer.add_metric(metrics[2])
    writer.add_event("gap", "lost sentences 7 to 9", count=3)
    writer.commit()
    segment(writer, boot_count=2, reason="reset")
    writer.add_metric(MetricRow(50, distance_mm=30, forward_mm=30, backward_mm=0))
    writer.add_event("damaged", "a bad checksum")
    writer.add_event("reset", "the box started again")
    writer.close(NOON + timedelta(seconds=9), "the walker stopped")
    store.close()

    with open_store(path) as again:
        session = again.load(writer.session_id)
    first, second = session.segments
    assert (first.raw, first.metrics) == (raws, metrics)
    assert (first.settings, first.boot_count, first.reason) == (SETTINGS, 1, "start")
    assert first.first_t_us == 12_500
    assert (second.raw, second.boot_count, second.reason) == ([], 2, "reset")
    assert [(e.kind, e.count, e.t_ms, e.segment) for e in session.events] == [
        ("note", 1, 0, 0),
        ("gap", 3, 100, 1),
        ("damaged", 1, 150, 2),
        ("reset", 1, 150, 2),
    ]
    assert session.events[1].text == "lost sentences 7 to 9"
    summary = session.summary
    assert (summary.person, summary.title, summary.source) == ("Ana <b>", "First walk", "sim")
    assert (summary.started_at, summary.ended_at) == (NOON, NOON + timedelta(seconds=9))
    assert (summary.complete, summary.end_reason) == (True, "the walker stopped")
    assert (summary.box_name, summary.board, summary.firmware) == ("Lab", "esp32-devkit", "0.1.0")
    assert (summary.totals.duration_s, summary.totals.distance_mm, summary.totals.forward_mm) == (
        0.15,
        100,
        34,
    )
    assert (summary.damaged_count, summary.missing_count) == (1, 3)


def test_all_is_kept_while_small_blocks_become_large_ones(store: Store, path: Path):
    writer = start(store)
    segment(writer)
    raws: list[RawRow] = []
    walk = list(made_up_walk(65))
    for second in range(65):
        for raw, metric in walk[second * 80 : second * 80 + 80]:
            raws.append(raw)
            writer.add_raw(raw)
            if metric:
                writer.add_metric(metric)
        writer.commit()
    # A minute in one block, five seconds in blocks of their own, of each kind.
    assert _row_counts(path) == {"raw": [4800] + [80] * 5, "metric": [600] + [10] * 5}
    interrupted = store.load(writer.session_id)
    writer.close(NOON, "done")
    assert _row_counts(path) == {"raw": [4800, 400], "metric": [600, 50]}
    closed = store.load(writer.session_id)
    assert interrupted.segments == closed.segments
    assert closed.segments[0].raw == raws
    assert closed.segments[0].metrics == [metric for _, metric in walk if metric]


def _row_counts(path: Path) -> dict[str, list[int]]:
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT kind, row_count FROM beltbox_block ORDER BY kind, first_row")
        counts: dict[str, list[int]] = {"raw": [], "metric": []}
        for kind, count in rows:
            counts[kind].append(count)
    db.close()
    return counts


def test_loading_without_raw_rows(store: Store):
    writer = start(store)
    segment(writer)
    add(writer, 0)
    writer.close(NOON, "done")
    loaded = store.load(writer.session_id, with_raw=False)
    assert loaded.segments[0].raw == []
    assert len(loaded.segments[0].metrics) == 10


def test_sessions_are_listed_newest_first_with_what_is_committed(store: Store):
    old = start(store, NOON)
    new = start(store, NOON + timedelta(days=1))
    older = start(store, NOON - timedelta(days=1))
    segment(new)
    add(new, 0, 2)
    new.commit()
    add(new, 2)
    listed = store.sessions()
    assert [summary.id for summary in listed] == [new.session_id, old.session_id, older.session_id]
    assert store.latest_id() == new.session_id
    assert listed[0].totals.duration_s == 2
    assert (
        listed[0].totals.distance_mm
        == store.load(new.session_id).segments[0].metrics[-1].distance_mm
    )
    assert not listed[0].complete
    assert listed[1].totals.mean_speed_mm_s is None


def test_a_session_may_start_in_any_time_zone_but_needs_one(store: Store):
    writer = start(store, datetime.fromisoformat("2026-03-01T14:00:00+02:00"))
    assert store.load(writer.session_id).summary.started_at == NOON
    with pytest.raises(StatementError, match="no time zone"):
        start(store, datetime(2026, 3, 1))


def test_an_unknown_session_is_refused_with_the_ids_that_exist(store: Store):
    with pytest.raises(StoreError, match=r"no session 5.*holds no sessions yet"):
        store.load(5)
    for _ in range(3):
        start(store)
    with pytest.raises(StoreError, match=r"no session 5 .*It holds 1 to 3;"):
        store.load(5)


def test_rows_need_a_segment(store: Store):
    writer = start(store)
    writer.add_metric(MetricRow(0))
    with pytest.raises(ValueError, match="before start_segment"):
        writer.commit()


def test_rows_never_lose_their_session(store: Store, path: Path):
    writer = start(store)
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM beltbox_session")
    db.close()
    segment(writer)
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        writer.commit()


def test_an_event_may_hold_any_text(store: Store):
    writer = start(store)
    writer.add_event("console", "rst:0x1\x00\udcff\r\n\u2713")
    writer.commit()
    assert store.load(1).events[0].text == "rst:0x1\\x00\\udcff \u2713"


def test_a_damaged_block_is_named(store: Store, path: Path):
    writer = start(store)
    segment(writer)
    add(writer, 0)
    writer.close(NOON, "done")
    with sqlite3.connect(path) as db:
        (data,) = db.execute("SELECT data FROM beltbox_block WHERE kind = 'raw'").fetchone()
        data = data[:50] + bytes([data[50] ^ 1]) + data[51:]
        db.execute("UPDATE beltbox_block SET data = ? WHERE kind = 'raw'", (data,))
    db.close()
    session = store.load(1)
    assert session.segments[0].raw == []
    assert len(session.segments[0].metrics) == 10
    (block, rows) = session.summary.damage
    assert re.fullmatch(r"Session 1, segment 1 in .*: the block 1 of raw rows is damaged", block)
    assert rows.endswith(": raw rows 1 to 80 are missing")
    assert [event.text for event in session.events] == [block, rows]
    assert store.damage == [block, rows]
    with store.database.reading() as connection, pytest.raises(StoreError, match="the block 1"):
        list(stored_rows(connection, 1, "raw", name="Session 1"))


RECORDER = """
import sys
from datetime import UTC, datetime
from beltbox.bench.store_size import made_up_walk
from beltbox.store.row_blocks import append_rows
from beltbox.store.store import open_store

path, seconds = sys.argv[1], int(sys.argv[2])
store = open_store(path)
writer = store.start_session(
    started_at=datetime.now(UTC), box_name="b", board="b", firmware="f", protocol=1
)
writer.start_segment(settings={}, boot_count=1, reason="start", first_t_us=0)
for raw, metric in made_up_walk(seconds):
    writer.add_raw(raw)
    if metric:
        writer.add_metric(metric)
        if metric.t_ms % 1000 == 0:
            writer.commit()
            print(metric.t_ms // 1000, flush=True)
writer.close(datetime.now(UTC), "done")
"""


def recorder(path: Path, seconds: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", RECORDER, str(path), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.slow
@pytest.mark.parametrize("killed_after", [3, 61])
def test_kill_9_loses_nothing_that_was_committed(path: Path, killed_after: int):
    with recorder(path, 10_000) as process:
        assert process.stdout
        for line in process.stdout:
            if int(line) == killed_after:
                break
        process.send_signal(signal.SIGKILL)
        committed = [int(line) for line in process.stdout]
    last = max([killed_after, *committed])
    with open_store(path) as store:
        (summary,) = store.sessions()
        loaded = store.load(summary.id)
    assert not summary.complete
    # A commit may have ended just before its line was printed.
    assert summary.totals.duration_s in (last, last + 1)
    walk = list(made_up_walk(round(summary.totals.duration_s)))
    assert loaded.segments[0].raw == [raw for raw, _ in walk]
    assert loaded.segments[0].metrics == [metric for _, metric in walk if metric]


@pytest.mark.slow
def test_two_recorders_share_a_new_store(path: Path):
    with recorder(path, 30) as first, recorder(path, 30) as second:
        outputs = [process.communicate(timeout=60)[0] for process in (first, second)]
    assert [output.split()[-1] for output in outputs] == ["30", "30"]
    expected = [raw for raw, _ in made_up_walk(30)]
    with open_store(path) as store:
        assert [summary.complete for summary in store.sessions()] == [True, True]
        for session_id in (1, 2):
            assert store.load(session_id).segments[0].raw == expected


@pytest.fixture
def page_limit() -> Iterator[Callable[[int], None]]:
    """Sets how many pages SQLite files may have; beyond, SQLite says that the disk is full."""
    limit = 0x3FFFFFFF

    def at_checkout(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit}")

    def set_limit(pages: int) -> None:
        nonlocal limit
        limit = pages

    event.listen(Pool, "checkout", at_checkout)
    yield set_limit
    event.remove(Pool, "checkout", at_checkout)


def test_a_full_disk_is_said_and_what_was_committed_is_kept(
    page_limit: Callable[[int], None], store: Store
):
    writer = start(store)
    segment(writer)
    raws = add(writer, 0)
    writer.commit()
    raws += add(writer, 1, 100)
    page_limit(1)
    with pytest.raises(StoreError, match=r"disk is full.*walks\.sqlite.*until now is kept"):
        writer.commit()
    assert store.sessions()[0].totals.duration_s == 1
    assert store.load(1).segments[0].raw == raws[:80]
    page_limit(0x3FFFFFFF)
    writer.close(NOON, "done")
    assert store.load(1).segments[0].raw == raws


def test_a_locked_store_is_said_and_nothing_is_lost_or_doubled(store: Store, path: Path):
    writer = start(store)
    segment(writer)
    raws = add(writer, 0)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"walks\.sqlite is locked: another program"):
        writer.commit()
    assert store.sessions()[0].totals.duration_s == 0
    blocker.close()
    writer.commit()
    writer.commit()
    assert store.load(1).segments[0].raw == raws


@pytest.mark.skipif(
    not os.environ.get("BELTBOX_TEST_POSTGRESQL"),
    reason="BELTBOX_TEST_POSTGRESQL names no empty PostgreSQL database",
)
def test_the_same_code_on_postgresql():
    url = os.environ["BELTBOX_TEST_POSTGRESQL"]
    with open_store(url) as store:
        writer = start(store, person="Ana")
        segment(writer)
        raws = add(writer, 0, 2)
        writer.add_event("gap", "lost", count=2)
        writer.commit()
        raws += add(writer, 2, 2)
        writer.close(NOON, "done")
    with open_store(url) as store:
        loaded = store.load(writer.session_id)
        assert loaded.segments[0].raw == raws
        assert loaded.summary.started_at == NOON
        assert (loaded.summary.complete, loaded.summary.missing_count) == (True, 2)
        assert store.latest_id() in {summary.id for summary in store.sessions()}


def test_blocks_of_older_and_newer_columns_are_read_by_their_places(store: Store):
    writer = start(store)
    segment(writer)
    writer.close(NOON, "done")
    with store.database.writing() as connection:
        segment_id = connection.scalar(text("SELECT id FROM beltbox_segment"))
        append_rows(connection, segment_id, "metric", [tuple(range(20))])
        append_rows(connection, segment_id, "metric", [tuple(range(100, 130))])
    older, newer = store.load(writer.session_id).segments[0].metrics
    assert older == MetricRow(*range(20))
    assert older.step_time_sd_ms is None
    assert newer == MetricRow(*range(100, 100 + len(MetricRow._fields)))


def test_what_an_older_store_kept_raw_comes_out_clean(store: Store):
    """Whatever a box, a person or another program once put in: see beltbox/words.py."""
    evil = "a\x1b]0;x\x07\x9b\u202e\u2028b"
    shown = "a\\x1b]0;x\\x07\\x9b\\u202e\\u2028b"
    writer = start(store, person=evil, title=evil)
    writer.start_segment(
        settings={"box_name": evil, "body_mass_g": 1}, boot_count=1, reason=evil, first_t_us=None
    )
    writer.add_event("console", evil)
    writer.close(NOON, evil)
    session = store.load(writer.session_id)
    assert (session.summary.person, session.summary.title) == (shown, shown)
    assert session.summary.end_reason == session.events[0].text == shown
    assert session.segments[0].settings == {"box_name": shown, "body_mass_g": 1}
    assert store.sessions()[0].person == shown
    assert store.settings()[writer.session_id][0]["box_name"] == shown
