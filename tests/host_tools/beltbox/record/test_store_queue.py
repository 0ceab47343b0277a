"""A store that takes nothing for a while: the recording goes on, and nothing is lost."""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from beltbox.bench.store_size import made_up_walk
from beltbox.errors import StoreError
from beltbox.link.link import LinkEvent
from beltbox.record import store_queue
from beltbox.record.recorder import Recorder
from beltbox.record.store_queue import when_taken
from beltbox.store.store import open_store
from beltbox.store.waiting_file import add_file, waiting_files
from beltbox.walk.session import Session

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def walked(seconds: int) -> list:
    return ["walk"] * (10 * seconds)


def stood(seconds: int) -> list:
    return ["stand"] * (10 * seconds)


class Blocker:
    """Another program that holds the store's lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def lock(self, _link: object = None) -> None:
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        self._connection.execute("BEGIN EXCLUSIVE")

    def release(self, _link: object = None) -> None:
        assert self._connection is not None
        self._connection.close()
        self._connection = None


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "walks.sqlite"


@pytest.fixture
def blocker(path: Path, monkeypatch: pytest.MonkeyPatch) -> Blocker:
    """It waits for nobody here: a lock that isn't released during a try is one afterwards, too."""
    monkeypatch.setattr(store_queue, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(store_queue, "_LAST_PATIENCE_S", 0.0)
    return Blocker(path)


@pytest.fixture
def recorded(path: Path, scripted_link, noted_view) -> Callable[..., SimpleNamespace]:
    """recorded(script, **options): what was shown, what went wrong, and what is in the store."""

    def run(script: list, **options: object) -> SimpleNamespace:
        link = scripted_link(script)
        view = noted_view(lambda state: (state.is_recording, state.waiting))
        problem = ""
        with open_store(path) as store:
            recorder = Recorder(
                link, store, views=[view], stop=lambda: link.ended, now_s=link.now_s, **options
            )
            try:
                recorder.run()
            except StoreError as error:
                problem = str(error)
        return SimpleNamespace(
            link=link, lines=view.lines, looks=view.looks, ids=recorder.sessions, problem=problem
        )

    return run


def loaded(path: Path) -> list[Session]:
    with open_store(path) as store:
        return [store.load(number) for number in sorted(one.id for one in store.sessions())]


def rows_of(sessions: list[Session]) -> list:
    return [
        [(segment.raw, segment.metrics) for segment in session.segments] for session in sessions
    ]


@pytest.fixture
def unlocked(tmp_path: Path, scripted_link) -> Callable[[list], list]:
    """unlocked(script): the rows of the same recording into a store that nobody locks."""

    def run(script: list) -> list:
        link = scripted_link([step for step in script if not _is_of_a_blocker(step)])
        with open_store(tmp_path / "control.sqlite") as store:
            Recorder(link, store, stop=lambda: link.ended, now_s=link.now_s).run()
        return rows_of(loaded(tmp_path / "control.sqlite"))

    return run


def _is_of_a_blocker(step: object) -> bool:
    return isinstance(getattr(step, "__self__", None), Blocker)


@pytest.mark.parametrize("seconds", [8, 40, 130])
def test_a_lock_in_mid_walk_costs_nothing(
    recorded, unlocked, blocker: Blocker, path: Path, seconds: int
):
    script = [*walked(5), blocker.lock, *walked(seconds), blocker.release, *walked(5)]
    done = recorded(script)
    assert done.problem == ""
    sessions = loaded(path)
    assert rows_of(sessions) == unlocked(script)
    (session,) = sessions
    assert (session.summary.complete, session.summary.end_reason) == (True, "stopped")
    assert session.summary.damage == ()
    assert session.summary.totals.distance_mm == 400 * (10 + seconds)
    # The person is told what it is, and how much of what waits for how long; never of the box.
    (first, *others) = [line for line in done.lines if "aiting:" in line]
    assert "walks.sqlite is locked by another program" in first
    assert "The recording goes on" in first
    assert len(others) == seconds // 61
    assert any("takes everything again" in line for line in done.lines)
    assert not any("box" in line or "reset" in line for line in done.lines)
    last_s = max(int(look[1].split(" wait in")[0][-2:]) for look in done.looks if look[1])
    assert last_s >= min(seconds, 58) - 2
    assert all(is_recording for is_recording, waiting in done.looks if waiting)
    (note,) = [event for event in session.events if event.kind == "note"]
    assert note.text.startswith("For 0:" if seconds < 60 else "For 2:")
    assert "locked by another program" in note.text


@pytest.mark.parametrize(
    "script",
    [
        lambda lock, release: [lock, *walked(8), release, *walked(5)],
        lambda lock, release: [
            *walked(3),
            lock,
            *stood(70),
            *walked(9),
            *stood(2),
            release,
            *stood(5),
        ],
        lambda lock, release: [*walked(3), lock, *stood(65), release, *stood(3)],
        lambda lock, release: [*walked(3), lock, LinkEvent("note", "a"), *walked(2), release],
    ],
    ids=["at a session's start", "over two sessions", "at a session's end", "at an event"],
)
def test_it_doesnt_matter_what_happens_meanwhile(
    recorded, unlocked, blocker: Blocker, path: Path, script
):
    steps = script(blocker.lock, blocker.release)
    done = recorded(steps)
    assert done.problem == ""
    assert rows_of(loaded(path)) == unlocked(steps)
    assert done.ids == [session.summary.id for session in loaded(path)]
    assert all(session.summary.complete for session in loaded(path))


def test_a_reset_while_it_is_locked_is_a_segment(recorded, unlocked, blocker: Blocker, path: Path):
    script = [
        *walked(3),
        blocker.lock,
        *walked(2),
        lambda link: link.reset(said="all"),
        *walked(4),
        blocker.release,
        *walked(1),
    ]
    assert recorded(script).problem == ""
    (session,) = loaded(path)
    assert rows_of([session]) == unlocked(script)
    assert [segment.reason for segment in session.segments][:2] == ["start", "reset"]


@pytest.mark.parametrize("first_s", [0, 3, 62], ids=["from its start", "early", "late"])
def test_what_waits_at_the_end_is_in_a_file_that_can_be_added(
    recorded, unlocked, blocker: Blocker, path: Path, first_s: int
):
    script = [*walked(first_s), blocker.lock, *walked(75), *stood(65), *walked(3)]
    done = recorded(script)
    blocker.release()
    (waiting,) = waiting_files(str(path))
    assert f"{waiting}. Bring it in" in done.problem
    assert f"beltbox store add {waiting} --store {path}" in done.problem
    assert "locked by another program" in done.problem
    assert {file.name for file in path.parent.glob(".*")} == set()
    before = loaded(path)
    assert len(before) == (1 if first_s else 0)
    assert not any(session.summary.complete for session in before)
    with open_store(path) as store:
        added = add_file(store.database, waiting)
        assert [one.is_new for one in added] == [first_s == 0, True]
        after = [store.load(one.session_id) for one in added]
        assert store.damage == []
    assert rows_of(after) == unlocked(script)
    assert [session.summary.complete for session in after] == [True, True]
    assert after[0].summary.totals.distance_mm == 400 * (75 + first_s)
    # It doesn't wait any more; adding it again changes nothing.
    assert waiting_files(str(path)) == []
    (kept,) = path.parent.glob("walks-added-*")
    with open_store(path) as store:
        assert [one.rows for one in add_file(store.database, kept)] == [0, 0]
    assert loaded(path) == after


def test_a_file_is_not_added_to_an_older_copy_of_its_store(
    recorded, blocker: Blocker, path: Path, tmp_path: Path
):
    recorded(
        [
            *walked(3),
            lambda _link: _copy(path, tmp_path / "old.sqlite"),
            *walked(70),
            blocker.lock,
            *walked(2),
        ]
    )
    blocker.release()
    (waiting,) = waiting_files(str(path))
    with open_store(tmp_path / "old.sqlite") as store:
        before = store.sessions()
        with pytest.raises(StoreError, match=r"rows 3\d to 600 before those in the file aren't in"):
            add_file(store.database, waiting)
        assert store.sessions() == before
    assert waiting.exists()


def test_an_older_copy_of_a_store_adds_nothing_to_it(recorded, path: Path, tmp_path: Path):
    old = tmp_path / "old.sqlite"
    recorded([*walked(65), lambda _link: _copy(path, old), *walked(70)])
    before = loaded(path)
    with open_store(path) as store:
        (added,) = add_file(store.database, old)
    assert (added.is_new, added.rows) == (False, 0)
    assert loaded(path) == before
    with open_store(old) as store:  # and the other way round it becomes the newer one
        assert add_file(store.database, path)[0].rows > 1000
    assert loaded(old) == before


def _copy(path: Path, to: Path) -> None:
    with sqlite3.connect(path) as source, sqlite3.connect(to) as target:
        source.backup(target)
    source.close()
    target.close()


def test_only_when_memory_is_used_up_the_recording_ends(
    recorded, blocker: Blocker, path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(store_queue.StoreQueue.__init__.__kwdefaults__, "limit_bytes", 200_000)
    done = recorded([*walked(3), blocker.lock, *walked(300)])
    assert "rows, is in" in done.problem
    assert not done.link.ended
    blocker.release()
    with open_store(path) as store:
        add_file(store.database, waiting_files(str(path))[0])
        session = store.load(1)
    assert session.summary.end_reason == "the store took nothing any more"
    assert session.summary.totals.distance_mm > 10_000
    assert session.segments[0].metrics[-1].distance_mm == session.summary.totals.distance_mm


def test_hours_of_rows_take_megabytes(path: Path):
    seconds = 300
    with open_store(path) as store:
        writer = store.new_session(
            started_at=NOON, box_name="b", board="b", firmware="f", protocol=1
        )
        writer.start_segment(settings={}, boot_count=1, reason="start", first_t_us=0)
        for raw, metric in made_up_walk(seconds):
            writer.add_raw(raw)
            if metric:
                writer.add_metric(metric)
        an_hour = writer.pending_bytes * 3600 / seconds
        assert writer.pending_rows == 90 * seconds
        assert store_queue.LIMIT_BYTES / an_hour > 12


def test_where_nothing_can_be_written_beside_it_that_is_said(
    recorded, blocker: Blocker, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_arguments: object) -> Path:
        raise StoreError("It can't be written beside the store either: no folder.")

    monkeypatch.setattr(store_queue, "write_waiting", refuse)
    done = recorded([*walked(3), blocker.lock, *walked(2)])
    assert re.search(r"4\d rows of the recording are lost. It can't be written", done.problem)
    blocker.release()


def test_where_the_stores_folder_is_full_it_is_in_another(
    recorded, blocker: Blocker, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        "beltbox.store.waiting_file.default_store_file", lambda: tmp_path / "data" / "b.sqlite"
    )
    real = Path.rename

    def rename(part: Path, to: Path) -> Path:
        if to.parent == tmp_path:
            raise OSError(28, "No space left on device")
        return real(part, to)

    monkeypatch.setattr(Path, "rename", rename)
    done = recorded([*walked(3), blocker.lock, *walked(2)])
    blocker.release()
    (waiting,) = (tmp_path / "data").iterdir()
    assert str(waiting) in done.problem
    assert [file.name for file in tmp_path.glob(".*")] == []


def test_any_fault_of_the_store_is_waited_for(path: Path, scripted_link, monkeypatch):
    """Such as a disk that is full for a while, or a server that is away."""
    away: list[bool] = []
    script = [
        *walked(3),
        lambda _link: away.append(True),
        *walked(4),
        lambda _: away.clear(),
        "walk",
    ]
    link = scripted_link(script)
    with open_store(path) as store:
        real = store.database.writing
        tries: list[float] = []

        def writing(patience_s: float | None = None):
            if away:
                tries.append(link.now_s())
                raise StoreError("The disk is full", brief="the disk is full")
            return real(patience_s)

        monkeypatch.setattr(store.database, "writing", writing)
        Recorder(link, store, stop=lambda: link.ended, now_s=link.now_s).run()
        session = store.load(1)
    assert 71 <= len(session.segments[0].raw) <= 72
    # Once a second, whatever else there was to be written.
    assert all(after - before >= 0.99 for before, after in itertools.pairwise(tries))


def test_a_store_that_needs_long_to_refuse_is_asked_less_often(path: Path, scripted_link):
    now_s = [100.0]
    tries: list[float] = []
    queue = store_queue.StoreQueue("here", now_s=lambda: now_s[0])

    class Writer:
        pending_rows = pending_bytes = 1

        def commit(self, _patience_s: float) -> None:
            tries.append(now_s[0])
            now_s[0] += 2.0
            raise StoreError("away", brief="the server is away")

    queue.add(Writer())
    for _ in range(120):
        queue.commit()
        now_s[0] += 1.0
    assert tries == [100.0, 138.0, 176.0, 214.0]


def test_what_needs_no_port_is_tried_for_ten_minutes(clock):
    told: list[str] = []
    until = [clock.now_s() + 300]

    def write() -> int:
        if clock.now_s() < until[0]:
            raise StoreError("locked", brief="it is locked")
        return 7

    assert when_taken(write, tell=told.append, clock=clock) == 7
    assert told == ["Waiting: it is locked. It is tried again each second; Ctrl-C ends it."]
    until[0] = clock.now_s() + 10_000
    began_s = clock.now_s()
    with pytest.raises(StoreError):
        when_taken(write, tell=told.append, clock=clock)
    assert 600 < clock.now_s() - began_s < 603
    with pytest.raises(StoreError):
        when_taken(write, tell=told.append, stop=lambda: True, clock=clock)


def test_reading_goes_on_while_a_recorder_holds_the_lock(recorded, blocker: Blocker, path: Path):
    recorded(walked(3))
    blocker.lock()
    with open_store(path, read_only=True) as store:
        assert len(store.sessions()) == 1
    blocker.release()
