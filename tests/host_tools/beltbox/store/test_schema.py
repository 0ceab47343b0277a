"""The store's versions: older stores are brought up to date, newer ones refused."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from beltbox.errors import StoreError
from beltbox.pull.box_store import BoxStore
from beltbox.store import old_sums, schema
from beltbox.store.old_sums import keep_new_sums
from beltbox.store.store import open_store
from beltbox.walk.rows import MetricRow


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "walks.sqlite"


def test_a_newer_store_is_refused_with_both_versions(path: Path):
    open_store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE beltbox_schema SET version = 99")
    db.close()
    words = rf"version 99.*up to version {schema.VERSION}.*pip install --upgrade"
    with pytest.raises(StoreError, match=words):
        open_store(path)


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_a_store_whose_version_is_damaged_isnt_taken_for_an_older_one(path: Path, version: int):
    open_store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE beltbox_schema SET version = ?", [version])
    db.close()
    with pytest.raises(StoreError, match=f"damaged: it says that it has version {version}, but"):
        open_store(path)


def test_an_older_store_is_brought_up_to_date_step_by_step(path: Path):
    open_store(path).close()
    engine = create_engine(f"sqlite:///{path}")
    now = schema.VERSION
    steps: dict[int, Callable[[Any], None]] = {
        now: lambda db: db.execute(text("ALTER TABLE beltbox_session ADD mood TEXT")),
        now + 1: lambda db: db.execute(text("CREATE INDEX moods ON beltbox_session (mood)")),
    }
    with engine.begin() as connection:
        schema.bring_up_to_date(connection, "here", version=now + 2, steps=steps)
    with engine.begin() as connection:
        assert schema.stored_version(connection, "here") == now + 2
        indexes = inspect(connection).get_indexes("beltbox_session")
        assert ["mood"] in [index["column_names"] for index in indexes]
    engine.dispose()


def test_a_store_of_version_1_is_read_as_it_was(path: Path):
    """It was written by the last BeltBox that had version 1."""
    script = Path(__file__).with_name("store-v1.sql").read_text()
    with sqlite3.connect(path) as db:
        db.executescript(script)
    db.close()
    with open_store(path) as store:
        (summary,) = store.sessions()
        session = store.load(summary.id)
        assert BoxStore(store.database).known("30aea4b0c0de") == []
    assert (summary.person, summary.totals.distance_mm, summary.complete) == ("Ana", 1400, True)
    assert (summary.dated, summary.serial) == (True, None)
    assert [len(session.segments[0].raw), len(session.segments[0].metrics)] == [20, 20]
    assert session.segments[0].box == []
    assert session.events[0].text == "from a store of version 1"


def _tables(path: Path) -> dict[str, list[tuple[str, str, int]]]:
    """Name, type and whether it may be empty of each column, by table."""
    engine = create_engine(f"sqlite:///{path}")
    found = inspect(engine)
    tables = {
        table: sorted(
            (column["name"], str(column["type"]), int(column["nullable"]))
            for column in found.get_columns(table)
        )
        for table in found.get_table_names()
    }
    engine.dispose()
    return tables


def test_a_store_brought_up_to_date_has_the_tables_of_a_new_one(path: Path, tmp_path: Path):
    new = tmp_path / "new.sqlite"
    open_store(new).close()
    with sqlite3.connect(path) as db:
        db.executescript(Path(__file__).with_name("store-v1.sql").read_text())
    db.close()
    open_store(path).close()
    assert _tables(path) == _tables(new)


def test_a_failing_step_leaves_the_older_store_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(connection: Any) -> None:
        connection.execute(text("DROP TABLE beltbox_event"))
        connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    open_store(path).close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "STEPS", {schema.VERSION: fail})
        patch.setattr(schema, "VERSION", schema.VERSION + 1)
        with pytest.raises(StoreError, match="nowhere"):
            open_store(path)
    with open_store(path) as store:
        assert store.sessions() == []
    engine = create_engine(f"sqlite:///{path}")
    assert "beltbox_event" in inspect(engine).get_table_names()
    engine.dispose()


SINCE_VERSION_3 = {
    "session": "gap_ms gap_mm steps_mm paced_steps paced_ms sums_version key segment_count "
    "event_count crc",
    "segment": "break_ms raw_count metric_count box_count crc",
    "box_session": "random crc",
    **dict.fromkeys(("event", "block", "calibration"), "crc"),
}


def _older_store(path: Path, *, started: str, ended: str | None) -> None:
    """A store of version 3 with a session of which a gap was filled: 16 m live, 24 m of the box."""
    with open_store(path) as store:
        writer = store.start_session(
            started_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
            box_name="b",
            board="b",
            firmware="f",
            protocol=1,
        )
        writer.start_segment(settings={}, boot_count=1, reason="start", first_t_us=None)
        for t_ms in range(100, 80_001, 100):
            known = {"backward_mm": t_ms // 2, "forward_mm": 0, "steps": t_ms // 500}
            if t_ms > 32_000:
                known["steps"] = None
            if t_ms <= 32_000 or t_ms % 1000 == 0:
                writer.add_metric(MetricRow(t_ms, distance_mm=t_ms // 2, **known))
        writer.close(datetime(2026, 3, 1, 12, 2, tzinfo=UTC), "done")
    with sqlite3.connect(path) as db:
        for table, columns in SINCE_VERSION_3.items():
            for column in columns.split():
                db.execute(f"ALTER TABLE beltbox_{table} DROP COLUMN {column}")
        db.execute("UPDATE beltbox_schema SET version = 3")
        db.execute("UPDATE beltbox_session SET started_at = ?, ended_at = ?", (started, ended))
    db.close()


def test_sums_of_an_older_store_are_made_anew_once(path: Path, monkeypatch: pytest.MonkeyPatch):
    _older_store(path, started="2026-03-01 12:00:00.000000", ended="2026-03-01 12:02:00.000000")
    with open_store(path) as store:
        (listed,) = store.sessions()
        assert (listed.totals.steps_mm, listed.totals.step_length_mm) == (16_000, 250)
        assert store.load(1).summary.totals.sums() == listed.totals.sums()
    keep_new_sums(str(path))
    monkeypatch.setattr("beltbox.store.store.totals_of", lambda _walk: pytest.fail("again"))
    with open_store(path, read_only=True) as store:
        assert store.ids_with_old_sums() == []
        assert store.sessions()[0].totals.sums() == listed.totals.sums()
        assert store.damage == []


def test_sums_that_cant_be_kept_are_shown_all_the_same(path: Path, monkeypatch):
    _older_store(path, started="2026-03-01 12:00:00.000000", ended=None)
    open_store(path).close()
    monkeypatch.setattr(old_sums, "_BUSY_S", 0.01)
    with sqlite3.connect(path) as other:
        other.execute("BEGIN IMMEDIATE")
        keep_new_sums(str(path))
        with open_store(path, read_only=True) as store:
            assert store.ids_with_old_sums() == [1]
            assert store.sessions()[0].totals.steps_mm == 16_000
    other.close()


def test_a_damaged_session_of_an_older_store_is_still_listed(path: Path):
    _older_store(path, started="2026-03-01 12:00:00.000000", ended=None)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE beltbox_block SET data = x'0100'")
    db.close()
    with open_store(path) as store:
        assert store.sessions()[0].totals.distance_mm == 40_000


def test_a_session_that_ended_before_it_started_has_its_end_kept(path: Path):
    """Recorded by an older BeltBox while the computer's clock was set back by an hour."""
    _older_store(path, started="2026-03-01 13:00:00.000000", ended="2026-03-01 12:01:20.000000")
    with open_store(path) as store:
        (summary,) = store.sessions()
    assert summary.started_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert summary.ended_at == datetime(2026, 3, 1, 12, 1, 20, tzinfo=UTC)
