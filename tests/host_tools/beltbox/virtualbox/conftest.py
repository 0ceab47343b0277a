"""A host for virtual boxes, and a way to run a small MicroPython program in one."""

from __future__ import annotations

import csv
import os
import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beltbox.virtualbox import Scenario, VirtualBox
from beltbox.virtualbox.scenario import parse

# Nothing rests on it: only a box that hangs takes so long.
HANGS_S = 180.0

_START = "program starts"
_PREAMBLE = f"import sys, time\nprint({_START!r})\n"
# What the boot ROM says, and what comes with resets.
_NOT_PRINTED = (
    *("ets ", "rst:", "configsip", "clk_drv", "mode:", "load:", "ho ", "entry "),
    *(_START, "MPY: soft reboot", "E (0) task_wdt"),
)


class Host:
    """The other end of the port: remembers everything, fails when the box hangs."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.received = b""

    def fileno(self) -> int:
        """For `select`."""
        return self._descriptor

    def send(self, data: bytes) -> None:
        os.write(self._descriptor, data)

    def read_until(self, wanted: bytes) -> bytes:
        """Everything up to and with `wanted`, taken from what was received."""
        deadline = time.monotonic() + HANGS_S
        while wanted not in self.received:
            if time.monotonic() > deadline or not self._take():
                raise AssertionError(f"{wanted!r} didn't come; got {self.received[-2000:]!r}")
        head, _, self.received = self.received.partition(wanted)
        return head + wanted

    def read_all(self) -> bytes:
        """Everything until the port hangs up."""
        deadline = time.monotonic() + HANGS_S
        while self._take():
            assert time.monotonic() < deadline, "the port never hung up"
        return self.received

    def listen_until(self, done: Callable[[], bool]) -> None:
        """Take what comes until `done`."""
        deadline = time.monotonic() + HANGS_S
        while not done():
            assert time.monotonic() < deadline, "the box went on and on"
            self._take()

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _take(self) -> bool:
        select.select([self._descriptor], [], [], 0.1)
        try:
            data = os.read(self._descriptor, 65536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.received += data
        return bool(data)


def _scenario(**table: Any) -> Scenario:
    cell = {"noise_counts": 0}
    base: dict[str, Any] = {
        "title": "test",
        "duration_s": 5,
        "cells": {"left": dict(cell), "right": dict(cell)},
    }
    for side, keys in table.pop("cells", {}).items():
        base["cells"][side] |= keys
    return parse(base | table, Path("test.toml"))


@pytest.fixture
def scenario() -> Callable[..., Scenario]:
    """scenario(**table): quiet and short, nobody there, cells without noise; `table` on top."""
    return _scenario


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[Callable[..., tuple[VirtualBox, Host]]]:
    """boxes(program, scenario, **options): a started box that runs the program, and its host.

    The host has opened the port before the box gets power: it misses nothing. Without a program
    the box runs the project's firmware.
    """
    made: list[tuple[VirtualBox, Host | None]] = []

    def make(program: str | None, played: Scenario, **options: Any) -> tuple[VirtualBox, Host]:
        firmware = None
        if program is not None:
            firmware = tmp_path / f"firmware{len(made)}"
            firmware.mkdir()
            (firmware / "main.py").write_text(_PREAMBLE + program)
        box = VirtualBox(played, **{"speed": 0, "firmware": firmware} | options)
        made.append((box, None))
        box.plug()
        host = Host(box.port)
        made[-1] = (box, host)
        box.start()
        return box, host

    yield make
    for box, host in made:
        if host is not None:
            host.close()
        box.stop()


@pytest.fixture
def play(boxes: Callable[..., tuple[VirtualBox, Host]]) -> Callable[..., list[str]]:
    """play(program, scenario, **options): the lines that the program printed at all boots.

    The scenario is played to its end.
    """

    def run(program: str, played: Scenario, **options: Any) -> list[str]:
        box, host = boxes(program + "\nprint('end of program')\n", played, **options)
        text = host.read_until(b"end of program\r\n").decode()
        host.listen_until(lambda: not box.running())
        assert box.wait(HANGS_S) == 0
        assert box.error_text() == ""
        lines = text[text.index(_START) :].splitlines()[1:-1]
        return [line for line in lines if line and not line.startswith(_NOT_PRINTED)]

    return run


@pytest.fixture
def read_truth() -> Callable[[Path], list[dict[str, float]]]:
    """read_truth(path): the rows of a truth file."""

    def read(path: Path) -> list[dict[str, float]]:
        with path.open() as file:
            return [{key: float(text) for key, text in row.items()} for row in csv.DictReader(file)]

    return read
