"""`beltbox live`."""

import contextlib
import os
import pty
import signal
import sys
from pathlib import Path

import pytest

from beltbox.cli import main as cli
from beltbox.link.ports import open_port


def test_a_port_that_another_command_has_open_is_busy(run, speaker):
    path = speaker().path
    port = open_port(path)
    ran = run("live", "--port", path)
    port.close()
    assert ran.status == 1
    assert "is busy: another program has it open. Close that program" in ran.said


def test_live_without_a_terminal_prints_plain_lines(scripted, run):
    ran = run("live", "--port", "/dev/box", "--seconds", 12)
    assert ran.status == 0
    lines = [line for line in ran.out.splitlines() if "m/s" in line]
    assert [line.split()[0] for line in lines] == ["0:00", "0:05", "0:10"]
    assert "0.40 m/s (0.9 mph) backward" in lines[-1]
    assert "rail 5.0 % supported" in lines[-1]
    assert "\x1b" not in ran.out


def test_live_ends_well_by_ctrl_c(scripted, run):
    scripted.at_tenth(20, lambda: signal.raise_signal(signal.SIGINT))
    ran = run("live", "--port", "/dev/box")
    assert ran.status == 0
    assert "m/s" in ran.out


def test_live_in_a_terminal_draws_and_tidies_up(scripted, monkeypatch: pytest.MonkeyPatch):
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["beltbox", "live", "--port", "/dev/box", "--seconds", "1.5"])
    child, master = pty.fork()
    if not child:
        status = 70
        try:
            # Not pytest's, which lead to its files.
            sys.stdin, sys.stdout, sys.stderr = (os.fdopen(fd, mode) for fd, mode in STREAMS)
            cli.main()
        except SystemExit as end:
            sys.stdout.flush()
            status = end.code if isinstance(end.code, int) else 0
        finally:
            os._exit(status)
    drawn = bytearray()
    with contextlib.suppress(OSError):  # the end of a terminal that nobody is left at
        while data := os.read(master, 65536):
            drawn.extend(data)
    os.close(master)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, drawn.decode()
    text = drawn.decode()
    assert "distance, m" in text
    assert "█" in text
    assert text.count("\x1b[?25h") >= 1  # the cursor is back


STREAMS = ((0, "r"), (1, "w"), (2, "w"))


def test_what_is_no_number_of_seconds_is_used_wrongly(run):
    for seconds in ("nan", "0", "-1", "inf", "ten", ""):
        ran = run("live", "--seconds", seconds)
        assert ran.status == 2
        assert "--seconds" in ran.err


def test_ctrl_c_in_a_terminal_tidies_up(box, terminal, tmp_path: Path):
    box("hands", speed=1)
    program = terminal("live", "--port", tmp_path / "box")
    program.shows("distance, m")
    program.program.process.send_signal(signal.SIGINT)
    assert program.end() == 0
    program.shows("\x1b[?25h")
