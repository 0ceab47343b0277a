"""The store's versions: older stores are brought up to date, newer ones refused."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from beltbox.errors import StoreError
from beltbox.record.box_store import BoxStore
from beltbox.store import schema
from beltbox.store.store import open_store


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
