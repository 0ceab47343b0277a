"""Opening a store: what can be wrong with the file, and how it is said."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from beltbox.errors import StoreError
from beltbox.store import schema
from beltbox.store.database import default_store_url
from beltbox.store.store import open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "walks.sqlite"


def test_a_file_of_something_else_is_refused_and_left_alone(path: Path):
    path.write_text("t_us,count,rail_left,rail_right\n" * 100)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"walks\.sqlite is not a BeltBox store"):
        open_store(path)
    assert path.read_bytes() == before


def test_somebody_elses_sqlite_file_is_refused_and_left_alone(path: Path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE moz_places (id)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"not a BeltBox store: it holds `moz_places`"):
        open_store(path)
    assert path.read_bytes() == before


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path):
    with pytest.raises(StoreError, match="is a folder"):
        open_store(tmp_path)


def test_a_folder_that_cant_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"Can't make the folder .*file"):
        open_store(tmp_path / "file" / "walks.sqlite")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder nobody can write to")
def test_a_folder_that_cant_be_written_is_refused():
    with pytest.raises(StoreError, match=r"/proc/walks\.sqlite.*must be able to write"):
        open_store("/proc/walks.sqlite")


def test_a_missing_store_is_made_only_when_asked_for(path: Path):
    with pytest.raises(StoreError, match=r"There is no store at .*walks\.sqlite"):
        open_store(path, create=False)
    assert not path.exists()
    open_store(path.parent / "new folder" / path.name).close()
    open_store(path.parent / "new folder" / path.name, create=False).close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nosuch://server/walks", "doesn't know the kind of database 'nosuch'"),
        ("sqlite://", "names no file"),
        ("://", "not a URL"),
    ],
)
def test_a_bad_url_is_refused(url: str, said: str):
    with pytest.raises(StoreError, match=said):
        open_store(url)


def test_a_url_and_a_path_open_the_same_file(path: Path):
    with open_store(f"sqlite:///{path}") as by_url, open_store(str(path)) as by_text:
        assert by_url.sessions() == by_text.sessions() == []
        assert by_url.where == by_text.where == str(path)


def test_the_default_store_is_in_the_users_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    home = tmp_path / "not there yet"

    def data_dir(name: str, **_: object) -> str:
        return str(home / name)

    monkeypatch.setattr("beltbox.files.user_data_dir", data_dir)
    assert default_store_url().startswith("sqlite:///")
    with open_store() as store:
        assert store.sessions() == []
    assert (home / "beltbox" / "beltbox.sqlite").exists()


def test_readers_and_recorders_dont_wait_for_each_other(path: Path):
    open_store(path).close()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()


def test_a_store_is_made_by_one_program_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch):
    """What reads before it writes fails without waiting when another writes in between."""
    refused: list[str] = []

    def bring_up_to_date(connection: Connection, where: str, **how: Any) -> None:
        other = sqlite3.connect(path, timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError) as error:
            other.execute("BEGIN IMMEDIATE")
        refused.append(str(error.value))
        other.close()
        really(connection, where, **how)

    really = schema.bring_up_to_date
    monkeypatch.setattr(schema, "bring_up_to_date", bring_up_to_date)
    open_store(path).close()
    assert refused == ["database is locked"]


@pytest.mark.parametrize("name", ["a b.sqlite", "50%.sqlite", "what?.sqlite", "#1.sqlite"])
def test_a_file_may_have_any_name(tmp_path: Path, name: str):
    open_store(tmp_path / name).close()
    assert (tmp_path / name).exists()
    open_store(str(tmp_path / name), create=False).close()
