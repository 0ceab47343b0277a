"""`beltbox record` and `beltbox live` as they are run."""

import json
import os
import pty
import signal
import sqlite3
from pathlib import Path

import pytest

from beltbox.cli.box.record import CaptureFile, Stopper
from beltbox.replay.capture import read_capture
from beltbox.replay.replay import computed_again
from beltbox.store.store import open_store
from beltbox.virtualbox import load


def rows_in(store: Path) -> int:
    """How many raw rows another program sees in the store now."""
    if not store.exists():
        return 0
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
        try:
            return (
                db.execute(
                    "SELECT sum(row_count) FROM beltbox_block WHERE kind = 'raw'"
                ).fetchone()[0]
                or 0
            )
        except sqlite3.OperationalError:  # not made yet
            return 0


def test_it_records_captures_and_sums_up(box, run, tmp_path: Path):
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


def test_json_is_all_there_is_on_the_standard_output(box, run, tmp_path: Path):
    box("steady-1mph", wait_for_host=True)
    ran = run("record", "--port", tmp_path / "box", "--seconds", 3, "--json")
    (session,) = json.loads(ran.out)
    assert (session["id"], session["complete"], session["end_reason"]) == (1, True, "stopped")
    assert session["duration_s"] == pytest.approx(3, abs=2)
    assert "Recording session 1." in ran.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_everything_and_sums_up(box, start, until, tmp_path: Path, number):
    box("steady-2mph", speed=4)
    store, capture = tmp_path / "walks.sqlite", tmp_path / "port.capture"
    program = start(*("record", "--port", tmp_path / "box", "--store", store, "--capture", capture))
    program.says("Ready: the session starts when the belt moves.")
    until(lambda: rows_in(store) > 150, "rows in the store")
    assert program.signal(number) == 0
    program.says("Session 1: 0:")
    with open_store(store) as opened:
        session = opened.load(1)
    assert (session.summary.complete, session.summary.end_reason) == (True, "stopped")
    raw = session.segments[-1].raw
    captured = read_capture(capture).measurements[-1].raw
    # All but what came while the box was asked for its last sums.
    assert captured[: len(raw)] == raw
    assert len(captured) - len(raw) < 400
    last = computed_again(raw, session.segments[-1].settings)[-1]
    assert last.distance_mm == session.summary.totals.distance_mm


def test_killed_it_loses_a_second_at_most(box, start, until, tmp_path: Path):
    box("steady-2mph", speed=1)
    store, capture = tmp_path / "walks.sqlite", tmp_path / "port.capture"
    program = start(
        *("record", "--port", tmp_path / "box", "--store", store, "--capture", capture),
        *("--seconds", 1000),
    )
    until(lambda: rows_in(store) > 150, "rows in the store")
    program.signal(signal.SIGKILL)
    with open_store(store) as opened:
        session = opened.load(1)
    assert not session.summary.complete
    raw = session.segments[-1].raw
    captured = read_capture(capture).measurements[-1].raw
    assert captured[: len(raw)] == raw
    # A second of 80 rows; twice that, because a busy machine is late.
    assert len(captured) - len(raw) <= 160
    last = session.segments[-1].metrics[-1]
    assert session.summary.totals.distance_mm == last.distance_mm
    again = {row.t_ms: row for row in computed_again(raw, session.segments[-1].settings)}
    assert again[last.t_ms].distance_mm == last.distance_mm


def test_a_full_disk_under_the_store_keeps_what_was_recorded(box, start, tmp_path: Path):
    """The disk's end is a limit to the size of files, which the system enforces alike."""
    box("steady-2mph")
    store = tmp_path / "walks.sqlite"
    program = start(
        *("record", "--port", tmp_path / "box", "--store", store, "--seconds", 100_000),
        preexec_fn=lambda: limit_files(150_000),
    )
    assert program.end() == 1
    said = program.says("What was recorded until then is kept:")
    assert "beltbox: " in said
    with open_store(store) as opened:
        session = opened.load(1)
    assert len(session.segments[-1].raw) > 500
    # Whether the session could still be closed depends on what its last write needed.
    assert session.summary.end_reason in (None, "error")
    assert "Session 1: " in said


def limit_files(size: int) -> None:
    import resource  # noqa: PLC0415 - in the child process

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_full_disk_under_the_capture_keeps_the_session(
    box, run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    box("steady-2mph")
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
            *("record", "--port", tmp_path / "box", "--store", store, "--capture", capture),
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


def test_a_walk_that_did_not_happen_is_said(box, start, tmp_path: Path):
    (tmp_path / "quiet.toml").write_text('title = "Nobody there"\nduration_s = 1\n')
    box(load(tmp_path / "quiet.toml"), speed=1)
    program = start("record", "--port", tmp_path / "box")
    program.says("Ready")
    assert program.signal(signal.SIGINT) == 0
    program.says("Nothing was recorded: the belt didn't move.")


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


def test_a_port_that_another_command_has_open_is_busy(box, start, run, tmp_path: Path):
    box("steady-1mph", speed=1)
    program = start("live", "--port", tmp_path / "box")
    program.says("m/s")
    ran = run("live", "--port", tmp_path / "box")
    assert ran.status == 1
    assert "is busy: another program has it open. Close that program" in ran.said
    assert program.signal(signal.SIGINT) == 0


def test_live_without_a_terminal_prints_plain_lines(box, run, tmp_path: Path):
    box("hands")
    ran = run("live", "--port", tmp_path / "box", "--seconds", 12)
    assert ran.status == 0
    lines = [line for line in ran.out.splitlines() if "m/s" in line]
    assert len(lines) in (3, 4)
    assert "backward" in lines[-1]
    assert "rail" in lines[-1]
    assert "\x1b" not in ran.out


def test_live_in_a_terminal_draws_and_tidies_up(box, start, until, tmp_path: Path):
    box("hands", speed=1)
    master, slave = pty.openpty()
    program = start(
        *("live", "--port", tmp_path / "box", "--seconds", 1.5),
        stdout=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"},
    )
    os.close(slave)
    drawn = bytearray()

    def over() -> bool:
        try:
            drawn.extend(os.read(master, 65536))
        except OSError:
            return True
        return False

    until(over)
    os.close(master)
    assert program.end() == 0
    text = drawn.decode()
    assert "distance, m" in text
    assert "█" in text
    assert text.count("\x1b[?25h") >= 1  # the cursor is back


def test_what_is_no_number_of_seconds_is_used_wrongly(run):
    for seconds in ("nan", "0", "-1", "inf", "ten", ""):
        ran = run("live", "--seconds", seconds)
        assert ran.status == 2
        assert "--seconds" in ran.err


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
