"""`beltbox record` and `beltbox live` as they are run."""

import itertools
import json
import os
import resource
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beltbox.cli.box.record import CaptureFile, Stopper
from beltbox.record import store_queue
from beltbox.record.recorder import Recorder
from beltbox.replay.capture import read_capture
from beltbox.replay.replay import computed_again
from beltbox.store.store import open_store


def test_it_records_captures_and_sums_up(box, run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """From the virtual box, however slow it is: its seconds count, ours hardly go by."""
    milliseconds = itertools.count()
    monkeypatch.setitem(
        Recorder.__init__.__kwdefaults__, "now_s", lambda: next(milliseconds) / 1000
    )
    box("steady-1mph", wait_for_host=True)
    store, capture = tmp_path / "walks.sqlite", tmp_path / "port.capture"
    ran = run(
        *("record", "--port", tmp_path / "box", "--store", store, "--seconds", 6),
        *("--capture", capture, "--person", "Ánna\udcff"),
    )
    assert ran.status == 0, ran.said
    assert "Recording session 1." in ran.out
    assert "backward" in ran.out
    assert "Session 1: 0:06, " in ran.out
    assert "See it: beltbox report 1" in ran.out
    with open_store(store) as opened:
        session = opened.load(1)
    assert session.summary.person == "Ánna\\udcff"
    assert session.summary.complete
    # The capture holds every raw row of the store, and nothing of it was damaged.
    captured = read_capture(capture)
    raw = session.segments[-1].raw
    assert captured.measurements[-1].raw[: len(raw)] == raw
    assert (captured.damaged, captured.missing) == (0, 0)


def test_json_is_all_there_is_on_the_standard_output(scripted, run):
    ran = run("record", "--port", "/dev/box", "--seconds", 3, "--json")
    (session,) = json.loads(ran.out)
    assert (session["id"], session["complete"], session["end_reason"]) == (1, True, "stopped")
    assert session["duration_s"] == pytest.approx(3, abs=0.2)
    assert "Recording session 1." in ran.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_everything_and_sums_up(scripted, run, tmp_path: Path, number):
    store, capture = tmp_path / "walks.sqlite", tmp_path / "port.capture"
    scripted.at_tenth(40, lambda: signal.raise_signal(number))
    ran = run("record", "--port", "/dev/box", "--store", store, "--capture", capture)
    assert ran.status == 0
    assert "Ready: the session starts when the belt moves." in ran.out
    assert "Session 1: 0:0" in ran.said
    with open_store(store) as opened:
        session = opened.load(1)
    assert (session.summary.complete, session.summary.end_reason) == (True, "stopped")
    raw = session.segments[-1].raw
    captured = read_capture(capture).measurements[-1].raw
    # All but what arrived while the box was asked for its last sums.
    assert captured[: len(raw)] == raw
    assert len(captured) - len(raw) <= 8
    assert len(raw) > 300
    last = computed_again(raw, session.segments[-1].settings)[-1]
    assert last.distance_mm == session.summary.totals.distance_mm == 5 * (len(raw) - 1)
    assert scripted.commands[-1] == "raw,0"


def in_child(act: Callable[[], object]) -> int:
    """Do so in a child of this process, which a signal may kill: its end, as os.waitpid has it."""
    child = os.fork()
    if not child:
        try:
            act()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def test_killed_it_loses_a_second_at_most(scripted, run, tmp_path: Path):
    store, capture = tmp_path / "walks.sqlite", tmp_path / "port.capture"
    scripted.at_tenth(50, lambda: os.kill(os.getpid(), signal.SIGKILL))
    arguments = ("record", "--port", "/dev/box", "--store", store, "--capture", capture)
    assert in_child(lambda: run(*arguments, "--seconds", 1000)) == signal.SIGKILL
    with open_store(store) as opened:
        session = opened.load(1)
    assert not session.summary.complete
    raw = session.segments[-1].raw
    captured = read_capture(capture).measurements[-1].raw
    assert len(captured) > 300
    assert captured[: len(raw)] == raw
    assert len(captured) - len(raw) <= 80  # a second
    last = session.segments[-1].metrics[-1]
    assert session.summary.totals.distance_mm == last.distance_mm
    again = {row.t_ms: row for row in computed_again(raw, session.segments[-1].settings)}
    assert again[last.t_ms].distance_mm == last.distance_mm


@pytest.fixture
def size_limit() -> Iterator[Callable[[int], None]]:
    """size_limit(bytes): no file of this process may grow beyond it, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_under_the_store_keeps_what_was_recorded(
    scripted, run, size_limit, tmp_path: Path
):
    store = tmp_path / "walks.sqlite"
    size_limit(200_000)
    ran = run("record", "--port", "/dev/box", "--store", store, "--seconds", 100)
    assert ran.status == 1
    assert "The recording goes on: what is measured waits in memory" in ran.said
    assert "What was recorded until then is kept:" in ran.said
    assert "Session 1: " in ran.said
    # The disk has no more room for this file, but for another one.
    (waiting,) = tmp_path.glob("walks-waiting-*.sqlite")
    assert f"beltbox store add {waiting}" in ran.said
    size_limit(resource.RLIM_INFINITY)
    assert run("store", "add", waiting, "--store", store).status == 0
    with open_store(store) as opened:
        session = opened.load(1)
    assert len(session.segments[-1].raw) == pytest.approx(8000, abs=100)
    assert (session.summary.complete, session.summary.damage) == (True, ())


def test_a_full_disk_under_the_capture_keeps_the_session(
    scripted, run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store, capture = tmp_path / "walks.sqlite", tmp_path / "port.capture"
    write = CaptureFile.write
    taken: list[int] = []

    def fill_up(self: CaptureFile, data: bytes) -> int:
        taken.append(len(data))
        if sum(taken) > 100_000:
            self._file = full
        return write(self, data)

    monkeypatch.setattr(CaptureFile, "write", fill_up)
    with Path("/dev/full").open("wb", buffering=0) as full:
        ran = run(
            *("record", "--port", "/dev/box", "--store", store, "--capture", capture),
            *("--seconds", 100_000),
        )
    assert ran.status == 1
    assert f"Can't write the capture {capture}: No space left on device" in ran.said
    assert "What was recorded until then is kept: Session 1: " in ran.said
    with open_store(store) as opened:
        session = opened.load(1)
    assert (session.summary.complete, session.summary.end_reason) == (True, "error")
    assert len(session.segments[-1].raw) > 500
    assert capture.stat().st_size > 50_000


def test_where_it_cannot_write_is_said_before_it_asks_the_box(run, tmp_path: Path):
    (tmp_path / "file").write_text("")
    for arguments, words in (
        (("--store", tmp_path), "is a folder"),
        (("--store", tmp_path / "file" / "x.sqlite"), "Can't make the folder"),
        (("--capture", tmp_path / "nope" / "c"), "Can't write the capture"),
        (("--capture", tmp_path), "isn't an ordinary file"),
    ):
        ran = run("record", "--port", "/dev/nope", *arguments)
        assert ran.status == 1
        assert words in ran.said


def test_a_walk_that_did_not_happen_is_said(scripted, run):
    scripted.counts_a_tick = 0
    scripted.at_tenth(20, lambda: signal.raise_signal(signal.SIGINT))
    ran = run("record", "--port", "/dev/box")
    assert ran.status == 0
    assert "Ready" in ran.out
    assert "Nothing was recorded: the belt didn't move." in ran.said


@pytest.mark.parametrize("command", ["live", "record", "settings"])
def test_what_is_no_port_is_refused_in_words(run, tmp_path: Path, command: str):
    (tmp_path / "file").write_text("x")
    for port, words in (
        (tmp_path / "nope", f"There is no port {tmp_path}/nope. No serial port is here"),
        (tmp_path / "file", "isn't a serial port"),
        (tmp_path, "isn't a serial port"),
    ):
        ran = run(command, "--port", port)
        assert ran.status == 1
        assert words in ran.said
    ran = run(command)
    assert ran.status == 1
    assert "No BeltBox was found." in ran.said


def test_a_port_that_belongs_to_something_else_is_refused_in_words(run, speaker):
    ran = run("live", "--port", speaker(b"ok T:21.0\n").path)
    assert ran.status == 1
    assert "belongs to something else: it isn't a BeltBox that said 'ok T:21.0'" in ran.said


def test_a_second_ctrl_c_ends_at_once(monkeypatch: pytest.MonkeyPatch):
    stopper = Stopper()
    assert not stopper()
    stopper._wish(signal.SIGTERM, None)
    stopper._wish(signal.SIGTERM, None)
    assert stopper()
    with pytest.raises(KeyboardInterrupt):
        stopper._wish(signal.SIGINT, None)


def test_a_capture_destroys_neither_the_store_nor_another_file(run, tmp_path: Path):
    store, other = tmp_path / "walks.sqlite", tmp_path / "other.capture"
    open_store(store).close()
    other.write_bytes(b"mine")
    for capture, options, words in (
        (store, ("--overwrite",), "walks.sqlite is the store itself"),
        (other, (), "other.capture exists already"),
    ):
        before = capture.read_bytes()
        ran = run("record", "--store", store, "--capture", capture, "--port", "/dev/nope", *options)
        assert ran.status == 1
        assert words in ran.said
        assert capture.read_bytes() == before


def test_another_box_of_the_name_never_gets_into_a_recording(box, start, until, tmp_path: Path):
    """One that walks faster, has been on for as long, and is plugged in at the very port."""
    ours = box("steady-1mph", speed=8, wait_for_host=True, truth=tmp_path / "truth.csv")
    store = tmp_path / "walks.sqlite"
    program = start("record", "--port", tmp_path / "box", "--store", store)
    program.says("Recording session 1")
    ours.unplug()
    program.says("was unplugged")
    other = box("steady-3mph", speed=8)
    said = program.says("Another box was plugged in")
    assert f"virtual (serial {other.serial_number})" in said
    assert f"waits for virtual (serial {ours.serial_number})" in said
    other.unplug()
    ours.plug()
    program.says("The box is back at")

    def summary():
        with open_store(store) as opened:
            return opened.load(1, with_raw=False).summary

    before_mm = summary().totals.distance_mm
    until(lambda: summary().totals.distance_mm > before_mm, "the box's rows")
    assert program.signal(signal.SIGINT) == 0
    ours.stop()
    assert summary().serial == ours.serial_number
    truth = (tmp_path / "truth.csv").read_text().splitlines()
    walked_mm = abs(float(truth[-1].split(",")[1]))
    # What our box saw, and no metre of the other's, which was three times as fast.
    assert before_mm < summary().totals.distance_mm <= walked_mm + 100
    with open_store(store) as opened:
        (segment,) = opened.load(1).segments
    times = [row.t_ms for row in segment.metrics]
    assert times == sorted(times)


def test_what_a_locked_store_never_took_is_added_later(scripted, run, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(store_queue, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(store_queue, "_LAST_PATIENCE_S", 0.0)
    store = tmp_path / "walks.sqlite"
    open_store(store).close()
    other = sqlite3.connect(store, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ran = run("record", "--port", "/dev/box", "--store", store, "--seconds", 3, "--json")
    assert (ran.status, json.loads(ran.out)) == (1, [])
    assert "Recording a session." in ran.err
    assert "the store walks.sqlite is locked by another program" in ran.said
    other.close()
    (waiting,) = tmp_path.glob("walks-waiting-*.sqlite")
    assert f"beltbox store add {waiting} --store {store}" in ran.said
    assert f"{waiting} waits to be added" in run("sessions", "--store", store).err
    ran = run("store", "add", waiting, "--store", store)
    assert ran.status == 0
    assert run("sessions", "--store", store).err == ""
    assert "1 of 1 sessions added" in ran.out
    (session,) = json.loads(run("sessions", "--store", store, "--json").out)
    assert session["duration_s"] == pytest.approx(3, abs=0.2)
    assert (session["complete"], session["damage"]) == (True, [])
    assert run("store", "check", "--store", store).status == 0
    (added,) = tmp_path.glob("walks-added-*.sqlite")
    (again,) = json.loads(run("store", "add", added, "--store", store, "--json").out)
    assert again == {"session": 1, "is_new": False, "rows": 0}
    for wrong, words in ((store, "is the store itself"), (tmp_path / "no", "There is no store")):
        assert words in run("store", "add", wrong, "--store", store).err
