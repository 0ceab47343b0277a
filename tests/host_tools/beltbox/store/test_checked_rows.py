"""Rows with checksums: what was changed in the file is noticed, and hides nothing else."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from beltbox.bench.store_size import made_up_walk
from beltbox.errors import StoreError
from beltbox.link.box_sessions import BoxSession
from beltbox.pull.box_store import Arrival, BoxStore
from beltbox.store.check import check, repair
from beltbox.store.store import Store, open_store
from beltbox.walk.session import Session
from beltcore import settings as declared

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = declared.complete({"belt_nm_per_count": 100_000})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two walks of 130 s, in blocks of a minute."""
    path = tmp_path_factory.mktemp("made") / "walks.sqlite"
    rows = list(made_up_walk(130))
    with open_store(path) as store:
        for _ in range(2):
            writer = store.start_session(
                started_at=NOON, box_name="Lab", board="b", firmware="1", protocol=1
            )
            writer.start_segment(settings=SETTINGS, boot_count=1, reason="start", first_t_us=None)
            for raw, metric in rows:
                writer.add_raw(raw)
                if metric:
                    writer.add_metric(metric)
            writer.add_event("gap", "2 are missing", count=2)
            writer.add_box_session("30ae", 7, 1)
            writer.close(NOON, "stopped")
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    """The test's own copy of it."""
    return Path(shutil.copy(made, tmp_path))


@pytest.fixture
def change(path: Path) -> Callable[..., None]:
    """change(statement): what a disk may do to the file, done by SQL."""

    def run(statement: str, *values: object) -> None:
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA foreign_keys = OFF")
            db.execute(statement, values)
        db.close()

    return run


@pytest.fixture(scope="module")
def before(made: Path) -> list[Session]:
    """Its two sessions, as they were written."""
    with open_store(made) as store:
        return [store.load(1), store.load(2)]


def test_a_flipped_digit_of_a_setting_is_no_setting(path: Path, change, before, run, tmp_path):
    """It tripled a distance, with exit status 0."""
    change(
        "UPDATE beltbox_segment SET settings = replace(settings, '100000', '300000') WHERE id = 1"
    )
    with open_store(path) as store:
        session = store.load(1)
        assert session.segments[0].settings == {}
        assert session.segments[0].metrics == before[0].segments[0].metrics
        assert session.summary.totals == before[0].summary.totals
        assert store.load(2) == before[1]
        assert "the settings of the box then are damaged" in session.summary.damage[0]
    out = tmp_path / "rows.csv"
    for number, status in ((1, 1), (2, 0)):
        ran = run("export", number, "--store", path, "--out", out, "--overwrite")
        assert ran.status == status
        last = out.read_text().splitlines()[-1].split(",")
        assert int(last[3]) == pytest.approx(before[0].summary.totals.distance_mm, rel=1e-3)
        assert ("segment 1" in ran.err) == (number == 1)


@pytest.mark.parametrize(
    "column", ["distance_mm", "duration_ms", "steps", "moving_ms", "reliance_permille_mm"]
)
def test_a_sum_that_was_changed_is_computed_again_from_the_blocks(
    path: Path, change, before, column: str
):
    change(f"UPDATE beltbox_session SET {column} = {column} + 1000 WHERE id = 2")
    with open_store(path) as store:
        sessions = {summary.id: summary for summary in store.sessions()}
        assert sessions[1] == before[0].summary
        assert sessions[2].totals == before[1].summary.totals
        assert (sessions[2].missing_count, sessions[2].person) == (2, None)
        (words,) = sessions[2].damage
        assert "its own row is damaged" in words
        assert "computed again" in words
        assert store.damage == [words]
        session = store.load(2)
        assert session.summary == sessions[2]
        assert [event.text for event in session.events if event.kind == "hole"] == [words]


def test_one_bad_block_hides_only_itself(path: Path, change, before):
    block = (
        "SELECT id FROM beltbox_block WHERE segment_id = 1 AND kind = 'metric' AND first_row = 600"
    )
    change(f"UPDATE beltbox_block SET data = zeroblob(length(data)) WHERE id = ({block})")
    with open_store(path) as store:
        session = store.load(1)
        rows = before[0].segments[0].metrics
        assert session.segments[0].metrics == rows[:600] + rows[1200:]
        assert session.segments[0].raw == before[0].segments[0].raw
        # The sums are in a row of their own, which is sound.
        assert session.summary.totals == before[0].summary.totals
        assert session.summary.damage[1].endswith("live rows 601 to 1200 are missing")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "DELETE FROM beltbox_block WHERE kind = 'raw' AND first_row > 9000",
            "raw rows 9601 to 10400",
        ),
        ("DELETE FROM beltbox_event", "1 of the events noted in it"),
        ("DELETE FROM beltbox_segment", "its segment 1 is missing"),
        ("UPDATE beltbox_event SET count = 5", "1 of the events noted in it"),
        ("UPDATE beltbox_segment SET raw_count = 5", "the settings of the box then are damaged"),
        ("UPDATE beltbox_block SET first_row = first_row + 1", "are missing"),
        ("UPDATE beltbox_session SET person = 'Bert'", "its names may be wrong"),
        ("UPDATE beltbox_session SET started_at = 'never'", "its names may be wrong"),
        (
            "UPDATE beltbox_session SET complete = 'x', protocol = 'y'",
            "its names may be wrong",
        ),
        ("UPDATE beltbox_segment SET settings = '{\"'", "the settings of the box then are damaged"),
        ("UPDATE beltbox_segment SET settings = x'ff'", "the settings of the box then are damaged"),
    ],
)
def test_what_is_lost_or_changed_is_said(path: Path, change, statement: str, words: str):
    change(statement)
    with open_store(path) as store:
        assert words in " ".join(store.load(1).summary.damage)
        assert words in " ".join(check(store).damage)


def test_a_session_whose_row_is_lost_is_named_and_can_be_saved(
    path: Path, change, before, run, tmp_path: Path
):
    change("DELETE FROM beltbox_session WHERE id = 1")
    ran = run("sessions", "--store", path)
    assert ran.status == 1
    assert "Session 1 in" in ran.err
    assert "its own row is lost" in ran.err
    ran = run("sessions", 1, "--store", path)
    assert "its own row is lost" in ran.err
    saved = tmp_path / "saved.sqlite"
    assert run("store", "repair", saved, "--store", path).status == 0
    with open_store(saved) as store:
        session = store.load(1)
        assert session.segments == before[0].segments
        assert session.summary.totals == before[0].summary.totals
        assert (session.summary.dated, store.damage) == (False, [])


def test_rows_whose_segment_is_lost_become_a_session(path: Path, change, before, tmp_path: Path):
    change("DELETE FROM beltbox_segment WHERE id = 1")
    with open_store(path) as store:
        assert "6 blocks of rows belong to segments that are lost" in check(store).damage
        count, damage = repair(store, tmp_path / "saved.sqlite")
    assert count == 3
    assert any("segment 1 is missing" in text for text in damage)
    with open_store(tmp_path / "saved.sqlite") as store:
        assert check(store).damage == []
        assert store.load(3).segments[0].raw == before[0].segments[0].raw
        assert store.load(2) == before[1]


def test_a_repaired_store_has_all_that_is_sound(path: Path, change, before, run, tmp_path: Path):
    change("UPDATE beltbox_block SET data = x'00' WHERE segment_id = 1 AND first_row = 4800")
    change("UPDATE beltbox_session SET distance_mm = 7 WHERE id = 2")
    damaged = path.read_bytes()
    saved = tmp_path / "saved.sqlite"
    assert run("store", "check", "--store", path).status == 1
    ran = run("store", "repair", saved, "--store", path)
    assert (ran.status, path.read_bytes()) == (0, damaged)
    assert "Left out: Session 1, segment 1" in ran.out
    assert run("store", "check", "--store", saved).status == 0
    with open_store(saved) as store:
        assert store.load(2).segments == before[1].segments
        assert store.load(2).summary.totals == before[1].summary.totals
        rows = before[0].segments[0].raw
        assert store.load(1).segments[0].raw == rows[:4800] + rows[9600:]
        assert [event.kind for event in store.load(1).events] == ["gap", "hole", "hole"]
        assert len(BoxStore(store.database).known("30ae")) == 2
    assert list(tmp_path.glob(".*")) == []
    ran = run("store", "repair", saved, "--store", path, "--overwrite")
    assert (ran.status, "never overwritten" in ran.err) == (1, True)


def test_what_an_older_beltbox_wrote_is_unchecked_until_it_is_written(path: Path, before, change):
    for table in ("session", "segment", "event", "block", "box_session"):
        change(f"UPDATE beltbox_{table} SET crc = NULL")
    change("UPDATE beltbox_session SET key = NULL, segment_count = NULL, event_count = NULL")
    change("UPDATE beltbox_segment SET raw_count = NULL, metric_count = NULL, box_count = NULL")
    with open_store(path) as store:
        assert [store.load(1), store.load(2)] == before
        condition = check(store)
        assert (condition.damage, condition.unchecked) == ([], 20)
        known = BoxStore(store.database).known("30ae")
        arrival = Arrival(_box_session(), [], 1, None)
        BoxStore(store.database).lay_over(known[0], arrival)
        assert (check(store).damage, check(store).unchecked) == ([], 10)
    change("UPDATE beltbox_session SET distance_mm = 5 WHERE id = 1")
    with open_store(path) as store:
        assert "its own row is damaged" in store.load(1).summary.damage[0]


def _box_session() -> BoxSession:
    return BoxSession(
        number=7, state=0, blocks=1, boots=1, power=1, started_s=None, settings_hash="", version=1
    )


def test_a_pull_relies_on_nothing_that_is_damaged(path: Path, change):
    change("UPDATE beltbox_box_session SET number = 8, pulled = 1")
    with open_store(path) as store, pytest.raises(StoreError, match=r"is damaged\. Nothing was"):
        BoxStore(store.database).known("30ae")


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may look into; pytest's own are closed whenever one is started."""
    folder = Path(tempfile.mkdtemp(prefix="beltbox-public-"))
    folder.chmod(0o755)
    yield folder
    for place in folder.rglob("*"):
        if place.is_dir():
            place.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def nobody() -> Iterator[None]:
    """A user who may write nothing; whoever isn't the administrator is one already."""
    user = os.geteuid()
    if not user:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def _read_only(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)


READERS = (
    ("sessions",),
    ("sessions", "1"),
    ("export", "1", "--rows", "raw", "--out", "{out}"),
    ("report", "1", "--out", "{out}"),
    ("calibrate", "show"),
    ("store", "check"),
)


@pytest.mark.parametrize("state", ["closed", "recording", "old"])
def test_what_can_only_be_read_is_read(
    made: Path, path: Path, tmp_path: Path, public: Path, state: str, run, request
):
    """A file of mode 0444 in a folder of mode 0555, in each state in which a store may be left."""
    folder = public / "disk"
    folder.mkdir()
    recording: Store | None = None
    if state == "recording":
        recording = open_store(path)
        writer = recording.start_session(
            started_at=NOON, box_name="Lab", board="b", firmware="1", protocol=1
        )
        assert writer.session_id == 3
    elif state == "old":
        (tmp_path / "old.sqlite").unlink(missing_ok=True)
        script = Path(__file__).with_name("store-v1.sql").read_text()
        path.unlink()
        with sqlite3.connect(path) as db:
            db.executescript(script)
        db.close()
    for suffix in ("", "-wal"):
        if path.with_name(path.name + suffix).exists():
            shutil.copy(f"{path}{suffix}", folder)
    if recording is not None:
        recording.close()
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert len(before) == (2 if state == "recording" else 1)
    out = public / "out"
    out.mkdir()
    out.chmod(0o777)
    _read_only(folder)
    for number, command in enumerate(READERS):  # nobody may import what the commands need
        arguments = [word.format(out=tmp_path / f"before-{number}") for word in command]
        assert run(*arguments, "--store", made).status == 0
    assert run("record", "--help").status == 0
    request.getfixturevalue("nobody")
    store = folder / path.name
    for number, command in enumerate(READERS):
        arguments = [word.format(out=out / str(number)) for word in command]
        ran = run(*arguments, "--store", store)
        assert (ran.status, ran.err) == (0, ""), ran
    if state == "recording":  # what is only in the log is there, too
        assert '"id": 3' in run("sessions", "--store", store, "--json").out
    ran = run("record", "--store", store, "--port", "/dev/nope")
    assert ran.status == 1
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_reader_leaves_nothing_behind(path: Path, run):
    assert run("sessions", "--store", path).status == 0
    assert [file.name for file in path.parent.glob("walks*")] == ["walks.sqlite"]
