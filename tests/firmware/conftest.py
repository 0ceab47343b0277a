"""Real MicroPython for scripts, and recordings that other people made."""

from __future__ import annotations

import bisect
import csv
import json
import math
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beltbox.virtualbox import VirtualBox
from beltbox.virtualbox.boards import DEFAULT
from beltbox.virtualbox.scenario import parse
from beltcore.host.reader import Reader, encode_command

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "firmware"
RECORDINGS = ROOT.parent / "shared" / "recordings"

# Nothing rests on it: only what hangs takes so long.
_HANGS_S = 180
# Longer than any test: a box must not end before its host.
_LONG_S = 100_000
# The app's loop, before which tests plant what goes wrong.
_LOOP = "        while True:\n"
_RUN_64 = "import sys; from micropython_run import run_main; sys.exit(run_main(sys.argv))"
_RUN_32 = Path(__file__).with_name("micropython32.mjs")

Run = Callable[..., str]


def _command(engine: str, folder: Path) -> list[str]:
    if engine == "micropython":
        return [sys.executable, "-c", _RUN_64, "-X", "heapsize=64M", "script.py"]
    return ["node", str(_RUN_32), str(ROOT), str(FIRMWARE), str(folder)]


def _run_on(engine: str, folder: Path, script: str, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).write_text(text)
    # On the 32-bit one the runner puts both folders where these paths lead.
    shadows = "stubs" if engine == "micropython32" else str(folder)
    firmware = "firmware" if engine == "micropython32" else str(FIRMWARE)
    (folder / "script.py").write_text(
        f"import sys\nsys.path[:0] = [{shadows!r}, {firmware!r}]\n{script}\n"
    )
    done = subprocess.run(
        _command(engine, folder),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_HANGS_S,
        env={"PATH": os.environ["PATH"]},
        check=False,
    )
    assert done.returncode == 0, f"{engine} ended with {done.returncode}: {done.stderr[-3000:]}"
    assert not done.stderr, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(params=["micropython", "micropython32"])
def on_micropython(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """on_micropython(script, **files): what the script prints, on the 64-bit and the 32-bit one.

    `files` (name without its ".py" or other end: see `name=`) lie beside the script; the firmware
    can be imported. Fails when the script raises.
    """

    def run(script: str, files: dict[str, str] | None = None) -> str:
        return _run_on(request.param, tmp_path, script, files or {})

    return run


@pytest.fixture
def on_micropython64(tmp_path: Path) -> Run:
    """As `on_micropython`, on the 64-bit one only: it has native code and real files."""

    def run(script: str, files: dict[str, str] | None = None) -> str:
        return _run_on("micropython", tmp_path, script, files or {})

    return run


@pytest.fixture
def recording() -> Callable[[str], list[Any]]:
    """recording(name): rows (t_us, count, rail_left, rail_right), the settings, or stride rows."""

    def load(name: str) -> list[Any]:
        path = RECORDINGS / name
        if not path.exists():
            pytest.skip(f"no {name}: ../shared/recordings isn't beside the project")
        if name.endswith(".json"):
            return json.loads(path.read_text())
        if name.endswith(".txt"):
            return [tuple(map(float, line.split())) for line in path.read_text().splitlines()]
        with path.open() as file:
            return [
                tuple(int(text) if text else None for text in row)
                for row in list(csv.reader(file))[1:]
            ]

    return load


class Host:
    """Reads sentences: `seen` holds those not waited for yet, `heard` all."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._reader = Reader()
        self.seen: list[tuple[str, int, list[int | str | None], int]] = []
        self.heard: list[tuple[str, int, list[int | str | None], int]] = []

    def send(self, data: bytes) -> None:
        os.write(self._descriptor, data)

    def until(self, what: Callable[[str, list[int | str | None]], bool]) -> list[int | str | None]:
        """The values of the next sentence (or console text, type "") for which `what` is true."""
        deadline = time.monotonic() + _HANGS_S
        at = 0
        while time.monotonic() < deadline:
            for index in range(at, len(self.seen)):
                name, _seq, values, _lost = self.seen[index]
                if what(name, values):
                    del self.seen[: index + 1]
                    return values
            at = len(self.seen)
            select.select([self._descriptor], [], [], 0.1)
            try:
                self._take()
            except BlockingIOError:
                continue
        raise AssertionError(f"it didn't come; the last were {self.seen[-10:]}")

    def listen_while(self, running: Callable[[], bool]) -> None:
        """Until the box has ended."""
        deadline = time.monotonic() + _HANGS_S
        while running():
            assert time.monotonic() < deadline, "the box went on and on"
            select.select([self._descriptor], [], [], 0.1)
            try:
                self._take()
            except OSError:  # nothing yet, or the port is gone
                continue
        self.seen += self._reader.finish()

    def _take(self) -> None:
        sentences = self._reader.feed(os.read(self._descriptor, 65536))
        self.seen += sentences
        self.heard += sentences

    def log(self, start: str) -> str:
        values = self.until(lambda name, values: name == "LOG" and str(values[0]).startswith(start))
        return str(values[0])

    def text(self, start: str) -> str:
        values = self.until(lambda name, values: name == "" and str(values[0]).startswith(start))
        return str(values[0])

    def sentence(self, wanted: str) -> list[int | str | None]:
        return self.until(lambda name, _values: name == wanted)

    def ask(self, identifier: int, *command: object) -> list[int | str | None]:
        self.send(encode_command(identifier, *map(str, command)))
        return self.until(lambda name, values: name == "ANS" and values[0] == identifier)

    def close(self) -> None:
        os.close(self._descriptor)


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[Callable[..., tuple[VirtualBox, Host]]]:
    """boxes(planted, board=…, **scenario): a box, and its host, which misses nothing.

    Its app meets the statement `planted` before its loop; the scenario's tables may be given.
    """
    made: list[tuple[VirtualBox, Host]] = []

    def make(planted: str = "", board: str = DEFAULT, **scenario: Any) -> tuple[VirtualBox, Host]:
        firmware = tmp_path / "firmware"
        shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
        app = firmware / "box" / "app.py"
        text = app.read_text()
        assert text.count(_LOOP) == 1
        app.write_text(text.replace(_LOOP, f"        {planted or 'pass'}\n" + _LOOP))
        cells = {"left": {}, "right": {"present": False}}
        table = {"title": "t", "duration_s": _LONG_S, "cells": cells} | scenario
        played = parse(table, tmp_path / "t.toml")
        box = VirtualBox(played, speed=20.0, firmware=firmware, wait_for_host=True, board=board)
        box.plug()
        host = Host(box.port)
        made.append((box, host))
        box.start()
        host.send(b"\n")
        return box, host

    yield make
    for box, host in made:
        host.close()
        box.stop()


@pytest.fixture
def held():
    """Rows of a MadeUpBelt with hands on the rails that sway with the stride.

    held(rows, steps_s, hold_n, sway, left_first): 230 000 nN a count on both sides. left_first:
    whether the first step, and each second one, is followed by weight on the left.
    """

    def add(rows, steps_s, hold_n=40.0, sway=0.15, left_first=True):
        held_rows = []
        for row in rows:
            t_s = row.t_us / 1e6
            index = bisect.bisect(steps_s, t_s) - 1
            leans = 0.0
            if 0 <= index < len(steps_s) - 1:
                phase = (t_s - steps_s[index]) / (steps_s[index + 1] - steps_s[index])
                leans = sway * math.sin(math.pi * phase)
                leans *= 1 if (index % 2 == 0) == left_first else -1
            left, right = (round(hold_n * (1 + part) * 1e9 / 230_000) for part in (leans, -leans))
            held_rows.append(row._replace(rail_left=left, rail_right=right))
        return held_rows

    return add
