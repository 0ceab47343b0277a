"""main.py on the virtual box: crashes, hangs, a held button, Ctrl-C; always a way to the REPL."""

from __future__ import annotations

import os
import select
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beltcore.reader import Reader, encode_command
from virtualbox import VirtualBox
from virtualbox.scenario import parse

FIRMWARE = Path(__file__).parents[2] / "firmware"
DEADLINE_S = 60.0
LOOP = "        while True:\n"


class Host:
    """Reads sentences with a deadline; `seen` keeps them all."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._reader = Reader()
        self.seen: list[tuple[str, int, list[int | str | None], int]] = []

    def send(self, data: bytes) -> None:
        os.write(self._descriptor, data)

    def until(self, what: Callable[[str, list[int | str | None]], bool]) -> list[int | str | None]:
        """The values of the next sentence (or console text, type "") for which `what` is true."""
        deadline = time.monotonic() + DEADLINE_S
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
                self.seen += self._reader.feed(os.read(self._descriptor, 65536))
            except BlockingIOError:
                continue
        raise AssertionError(f"it didn't come; the last were {self.seen[-10:]}")

    def listen_while(self, running: Callable[[], bool]) -> None:
        """Until the box has ended."""
        deadline = time.monotonic() + DEADLINE_S
        while running():
            assert time.monotonic() < deadline, "the box went on and on"
            select.select([self._descriptor], [], [], 0.1)
            try:
                self.seen += self._reader.feed(os.read(self._descriptor, 65536))
            except OSError:  # nothing yet, or the port is gone
                continue
        self.seen += self._reader.finish()

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
    """boxes(planted, duration_s): a box whose app meets the statement `planted` before its loop."""
    made: list[tuple[VirtualBox, Host]] = []

    def make(planted: str = "", duration_s: int = 600) -> tuple[VirtualBox, Host]:
        firmware = tmp_path / "firmware"
        shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
        app = firmware / "box" / "app.py"
        text = app.read_text()
        assert text.count(LOOP) == 1
        app.write_text(text.replace(LOOP, f"        {planted or 'pass'}\n" + LOOP))
        cells = {"left": {}, "right": {"present": False}}
        played = parse(
            {"title": "t", "duration_s": duration_s, "cells": cells}, tmp_path / "t.toml"
        )
        box = VirtualBox(played, speed=20.0, firmware=firmware, wait_for_host=True)
        box.start()
        host = Host(box.port)
        made.append((box, host))
        host.send(b"\n")
        return box, host

    yield make
    for box, host in made:
        host.close()
        box.stop()


def test_three_crashes_lead_to_the_repl(boxes):
    box, host = boxes("raise ValueError('planted')")
    for crash in (1, 2):
        host.text("ValueError: planted")
        assert host.sentence("ID")[4] == crash + 1  # a start each
        assert host.log("crash") == f"crash {crash}; started again: ValueError: planted"
    assert host.log("safe mode") == ("safe mode: 3 crashes in a row; the last: ValueError: planted")
    host.text("MicroPython v")
    # The button: another try.
    box.reset()
    host.log("crash 4")


def test_a_crash_is_kept_and_the_loop_goes_on(boxes):
    _box, host = boxes("if not guard.news: 1 // 0")
    host.log("crash 1")
    host.sentence("NOW")
    assert host.ask(1, "crash")[1:] == ["ok", "1 4"]
    assert host.ask(2, "crash", 3)[1:] == ["ok", "ZeroDivisionError: divide by zero"]


def test_a_file_that_doesnt_compile_is_a_crash_too(boxes):
    _box, host = boxes("this is no Python")
    assert host.log("safe mode") == (
        "safe mode: 3 crashes in a row; the last: SyntaxError: invalid syntax"
    )


def test_a_loop_that_doesnt_tick_is_reset_and_ends_in_safe_mode(boxes):
    box, host = boxes("while self._ticks >= 0: sleep_ms(1)")
    host.text("E (0) task_wdt")
    assert host.sentence("ID")[5] == "watchdog"
    assert (
        host.log("safe mode") == "safe mode: the watchdog had to reset the box. Reset it to start"
    )
    host.text("MicroPython v")
    box.reset()
    assert host.sentence("ID")[5] == "power"


def test_a_held_button_leads_to_the_repl_and_settings_stay(boxes):
    box, host = boxes()
    assert host.ask(1, "set", "box_name", "kept")[1] == "ok"
    box.command({"do": "pin", "id": 0, "value": 0})
    box.reset()
    host.until(lambda name, values: name == "ID" and values[3] == "kept")
    assert host.log("safe mode").startswith("safe mode: the BOOT button is held")
    box.command({"do": "pin", "id": 0, "value": None})
    host.text("MicroPython v")
    host.send(b"\x04")
    assert host.sentence("NOW")
    assert host.ask(2, "get", "box_name")[2] == "box_name=kept"


def test_ctrl_c_gives_the_board_away_for_longer_than_the_watchdog(boxes):
    box, host = boxes(duration_s=40)
    host.sentence("NOW")
    host.send(b"\x03")
    host.text("MicroPython v")
    host.listen_while(box.running)
    # A reset would have been told by the ROM.
    assert [values for name, _seq, values, _lost in host.seen if name == ""] == [[">>>"]]
