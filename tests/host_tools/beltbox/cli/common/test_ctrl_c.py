"""Ctrl-C at every moment that a test can name: each import, the first call of each function."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from beltbox.cli.common import ctrl_c
from beltbox.signals import end_signals

pytestmark = pytest.mark.slow

# Python itself imports it at its start. At each moment the process forks: the child gets a Ctrl-C
# there and goes on; the parent notes how the child ended, and goes on too. The moments are all
# imports from `beltbox.cli` on, or, with CALLS, the first calls of our functions while a command
# works, every so many of them.
AT_EVERY_MOMENT = """
import atexit, json, os, sys

FOLDER = os.environ["MOMENTS"]
CALLS = int(os.environ["CALLS"])
known = set()


def interrupt(moment):
    pid = os.fork()
    if pid == 0:
        sys.setprofile(None)
        sys.meta_path.remove(importing)
        atexit.unregister(interrupt)
        os.dup2(os.open(FOLDER + "/err", os.O_CREAT | os.O_TRUNC | os.O_WRONLY), 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.kill(os.getpid(), 2)
        return
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with open(FOLDER + "/err") as err, open(FOLDER + "/log", "a") as log:
        log.write(json.dumps([moment, status, err.read()]) + "\\n")


class Importing:
    begun = False

    def find_spec(self, name, path=None, target=None):
        self.begun = self.begun or name == "beltbox.cli"
        if self.begun and not CALLS:
            interrupt("import " + name)
        if name == "beltbox.cli.commands" and CALLS:
            ctrl_c = sys.modules["beltbox.cli.common.ctrl_c"]
            ctrl_c.interruptible = profiled(ctrl_c.interruptible)


def profiled(interruptible):
    def begin():
        sys.setprofile(called)
        return interruptible()

    return begin


def called(frame, event, _argument):
    code = frame.f_code
    if event == "call" and "/beltbox/" in code.co_filename and code not in known:
        known.add(code)
        if len(known) % CALLS == 0:
            interrupt(code.co_qualname)


importing = Importing()
sys.meta_path.insert(0, importing)
atexit.register(interrupt, "exit")
"""
# One Ctrl-C, to the whole group of processes as from a terminal, when a function is called.
AT_A_CALL = """
import os, sys

WHERE = os.environ["AT_CALL"]


def called(frame, event, _argument):
    if event == "call" and frame.f_code.co_qualname == WHERE:
        sys.setprofile(None)
        os.killpg(0, 2)


sys.setprofile(called)
"""


DEADLINE_S = 60.0


def allow_ctrl_c() -> None:
    """In a child process: Ctrl-C isn't ignored, as it is where a shell runs the tests behind it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class Moment:
    """What a Ctrl-C at a moment led to."""

    name: str
    status: int
    err: str


def beltbox(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command line in a process group of its own."""
    return subprocess.run(
        [sys.executable, "-m", "beltbox", *map(str, arguments)],
        **{"stdin": subprocess.DEVNULL, "start_new_session": True} | options,
        preexec_fn=allow_ctrl_c,
        capture_output=True,
        text=True,
        check=False,
    )


def patched(folder: Path, code: str, **variables: object) -> dict[str, str]:
    """The environment in which Python runs `code` before anything else."""
    (folder / "start").mkdir()
    (folder / "start" / "sitecustomize.py").write_text(code)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder / "start"), os.environ.get("PYTHONPATH", "")]),
        **{name: str(value) for name, value in variables.items()},
    }


@pytest.fixture
def moments(apart: Path, tmp_path: Path) -> Callable[..., list[Moment]]:
    """moments(*arguments, calls=0): how the command ends when interrupted at each import.

    calls: instead at the first call of every so manieth of our own functions.
    """

    def interrupted(*arguments: object, calls: int = 0) -> list[Moment]:
        beltbox(*arguments, env=patched(tmp_path, AT_EVERY_MOMENT, MOMENTS=tmp_path, CALLS=calls))
        lines = (tmp_path / "log").read_text().splitlines()
        return [Moment(*json.loads(line)) for line in lines]

    return interrupted


def all_stopped(ended: list[Moment]) -> bool:
    """Whether each moment led to one line and status 130."""
    wrong = [moment for moment in ended if (moment.status, moment.err) != (130, "Stopped.\n")]
    assert wrong == []
    return True


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("calibrate", "--help")])
def test_at_every_import_of_what_prints_and_leaves(moments, arguments):
    ended = moments(*arguments)
    names = [moment.name for moment in ended]
    assert "import beltbox.cli.common.ctrl_c" in names  # before Ctrl-C is guarded
    assert "import typer" in names
    assert names[-1] == "exit"
    assert all_stopped(ended)


@pytest.mark.parametrize("command", ["record", "flash"])
def test_at_every_import_of_what_wants_a_box(moments, command: str):
    ended = moments(command, "--port", "/dev/nope")
    assert "import rich.console" in [moment.name for moment in ended]
    assert all_stopped(ended)


def test_in_the_middle_of_reading_and_writing(moments, store: Path, tmp_path: Path):
    ended = moments("report", "--store", store, "--out", tmp_path / "r.html", calls=12)
    assert len(ended) > 10
    assert all_stopped(ended)


def test_with_a_child_that_gets_the_ctrl_c_too(apart, tmp_path: Path):
    rows = "".join(f"{tick * 12_500},{tick},,\n" for tick in range(2000))
    (tmp_path / "raw.csv").write_text("t_us,count,rail_left,rail_right\n" + rows)
    (tmp_path / "box.json").write_text("{}")
    done = beltbox(
        *("replay", "raw.csv", "--settings", "box.json", "--out", "metrics.csv"),
        *("--engine", "micropython"),
        env=patched(tmp_path, AT_A_CALL, AT_CALL="Popen.communicate"),
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr, done.stdout) == (130, "Stopped.\n", "")
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"raw.csv", "box.json"}


@pytest.mark.parametrize(
    ("command", "where"),
    [
        ("doctor", "progress_bar"),
        ("doctor", "_lines"),
        ("settings", "_show"),
        ("record", "find_box"),
        ("live", "set_clock"),
    ],
)
def test_in_the_middle_of_talking_to_a_box(box, apart, tmp_path: Path, command: str, where: str):
    box("steady-1mph")
    seconds = ("--seconds", 1) if command == "doctor" else ()
    done = beltbox(
        *(command, "--port", tmp_path / "box", *seconds),
        env=patched(tmp_path, AT_A_CALL, AT_CALL=where),
        timeout=DEADLINE_S,
    )
    assert done.returncode == 130
    assert done.stderr.endswith("Stopped.\n")
    assert "Traceback" not in done.stderr + done.stdout


def test_before_a_virtual_box_is_up(apart, tmp_path: Path):
    done = beltbox("sim", env=patched(tmp_path, AT_A_CALL, AT_CALL="simulate"), timeout=DEADLINE_S)
    assert (done.returncode, done.stderr, done.stdout) == (130, "Stopped.\n", "")


def test_at_a_terminal_it_is_a_line_of_its_own(terminal, box, tmp_path: Path):
    box("steady-1mph")
    program = terminal("doctor", "--port", tmp_path / "box", "--seconds", 600)
    program.shows("Hands off the rails")
    program.program.process.send_signal(signal.SIGINT)
    assert program.end() == 130
    program.shows("\r\nStopped.\r\n")
    assert "\x1b[?25h" in program.seen  # the cursor is back


GUARDED = """
import os, signal, sys, threading
from beltbox.cli.common import ctrl_c

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

class Closing:
    def __del__(self):
        interrupt()

ctrl_c.guard()
"""


@pytest.mark.parametrize(
    ("work", "line"),
    [
        # Python ignores exceptions in __del__: without more, Ctrl-C would be lost there.
        ("Closing(); threading.Event().wait()", "Stopped."),
        ("raise KeyboardInterrupt('Stopped. Nothing was stored.')", "Stopped. Nothing was stored."),
        ("interrupt()", "Stopped."),
        ("print('done')\nprint('result', end='')\ninterrupt()", "Stopped."),
    ],
)
def test_a_command_is_interrupted(work: str, line: str):
    inside = "\n".join(f"    {part}" for part in work.splitlines())
    done = python(f"{GUARDED}\nwith ctrl_c.interruptible():\n{inside}\n")
    assert (done.returncode, done.stderr) == (130, f"{line}\n")
    assert done.stdout == ("done\nresult" if "print" in work else "")


@pytest.mark.parametrize(
    "after",
    [
        "interrupt()",
        "import atexit; atexit.register(interrupt)",
        "import weakref; s = set(); r = weakref.ref(s, lambda _: interrupt()); del s",
        # A thread that the interpreter waits for at its end.
        "threading.Thread(target=lambda: (interrupt(), threading.Event().wait())).start()",
    ],
)
def test_after_a_command_what_was_printed_is_there(after: str):
    done = python(f"{GUARDED}\nwith ctrl_c.interruptible():\n    print('result')\n{after}\n")
    assert (done.returncode, done.stderr, done.stdout) == (130, "Stopped.\n", "result\n")


def test_a_second_ctrl_c_while_tidying_up_ends_that_too():
    work = (
        "try:\n        interrupt()\n"
        "    finally:\n        interrupt()\n        threading.Event().wait()\n"
    )
    done = python(f"{GUARDED}\nwith ctrl_c.interruptible():\n    {work}")
    assert (done.returncode, done.stderr) == (130, "Stopped.\n")


def test_other_ignored_exceptions_are_printed():
    done = python(f"{GUARDED}\nclass Bad:\n    def __del__(self): raise ValueError('x')\nBad()\n")
    assert "ValueError: x" in done.stderr


def test_where_ctrl_c_is_ignored_it_stays_so():
    done = python(
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + GUARDED + "interrupt()\n"
        "with ctrl_c.interruptible():\n    interrupt()\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        # Buffered, as it is for people.
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        preexec_fn=allow_ctrl_c,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )


def test_in_another_program_nothing_changes():
    before = {number: signal.getsignal(number) for number in end_signals()}
    with ctrl_c.interruptible():
        assert {number: signal.getsignal(number) for number in end_signals()} == before
    assert {number: signal.getsignal(number) for number in end_signals()} == before
