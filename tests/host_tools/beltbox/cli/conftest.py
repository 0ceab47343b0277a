"""A box that plays a script at a port without a device behind it, and a clock that it moves on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from beltbox.link import link as link_module
from beltbox.record.recorder import Recorder
from beltbox.store.store import open_store
from beltbox.walk.rows import MetricRow, RawRow
from beltcore import settings as declared

TICK_US = 12_500
TICKS_AT_ONCE = 8
COUNTS_A_TICK = 50  # of 0.1 mm: 5 mm
SEQUENCES = 10_000


class ScriptedPort:
    """An open port: a box whose belt goes backward at 0.4 m/s, rails leaned on with 5 %.

    Whenever nothing is left to be read, a tenth of a second of the box goes by; `now_s` is the
    clock by which it does. before_tenth(number): called before each, counted from the first.
    """

    def __init__(self, sentence: Callable[..., bytes]) -> None:
        self.before_tenth: Callable[[int], Any] = lambda _number: None
        self.counts_a_tick = COUNTS_A_TICK
        self.commands: list[str] = []
        self._sentence = sentence
        self._values = declared.defaults() | {"belt_nm_per_count": 100_000}
        self._sequence = 0
        self._tenths = 0
        self._output = b""
        self._ticks = 0
        self._count = 0
        self._zero: tuple[int, int] | None = None  # tick and count of the measurement's first row
        self._raw = False
        self._send("ID", 1, "0.1.0", "esp32", "Lab", 1, "power", "ABCD", "1.28.0", "30aea4b0c0de")
        self._send("BEG", 1, "ABCD")

    def now_s(self) -> float:
        return 1000 + self._tenths / 10

    # What pyserial's port has.

    @property
    def in_waiting(self) -> int:
        return len(self._output)

    def at_tenth(self, number: int, act: Callable[[], object]) -> None:
        """Do so before that tenth of a second of the box."""

        def before_tenth(tenth: int) -> None:
            if tenth == number:
                act()

        self.before_tenth = before_tenth

    def read(self, size: int) -> bytes:
        if not self._output:
            self.before_tenth(self._tenths)
            self._tenths += 1
            self._live()
        data, self._output = self._output[:size], self._output[size:]
        return data

    def write(self, line: bytes) -> int:
        number, _, command = line.rpartition(b"!")[2].decode().partition("*")[0].partition(",")
        self.commands.append(command)
        self._send("ANS", number, "ok", self._do(*command.split(",")))
        return len(line)

    def close(self) -> None:
        pass

    # The box.

    def _do(self, verb: str, *arguments: str) -> object:
        if verb == "identify":
            self._send(
                "ID", 1, "0.1.0", "esp32", "Lab", 1, "power", "ABCD", "1.28.0", "30aea4b0c0de"
            )
        elif verb == "settings":
            for key, value in self._values.items():
                self._send("SET", key, value)
            return len(self._values)
        elif verb == "health":
            self._send("HLT", "30aea4b0c0de", 2, 500, 1, 1, 1, 1, 1, 1)
            self._send("RST", 1, 0, 0, 0, 0, 0, 0)
        elif verb == "raw":
            self._raw = arguments[0] == "1"
        elif verb == "begin":
            self._zero = None
            self._send("BEG", 1, "ABCD")
        elif verb == "totals":
            self._live()
        else:
            assert verb in ("clock", "sessions", "stream")
            return 0
        return ""

    def _live(self) -> None:
        """A tenth of a second: its raw rows, and the metrics at its end."""
        for _ in range(TICKS_AT_ONCE):
            self._ticks += 1
            self._count -= self.counts_a_tick
            if self._zero is None:
                self._zero = self._ticks, self._count
            if self._raw:
                self._send("RAW", self._ticks * TICK_US, self._count, None, None)
        assert self._zero is not None
        t_ms = (self._ticks - self._zero[0]) * TICK_US // 1000
        backward_mm = (self._zero[1] - self._count) // 10
        mm_s = -8 * self.counts_a_tick
        self._send("ZON", t_ms, 0, 0, backward_mm, 0)
        self._send("DST", t_ms, 0, backward_mm, *[None] * 8)
        self._send("NOW", t_ms, mm_s, mm_s, 34_000, None, 50, 2, 0, 0)

    def _send(self, kind: str, *fields: object) -> None:
        self._output += self._sentence(kind, self._sequence, *fields)
        self._sequence = (self._sequence + 1) % SEQUENCES


@pytest.fixture
def scripted(
    sentence: Callable[..., bytes], apart: object, monkeypatch: pytest.MonkeyPatch
) -> ScriptedPort:
    """The port that any path is; a recorder goes by its clock."""
    port = ScriptedPort(sentence)
    monkeypatch.setattr(link_module, "open_port", lambda _path: port)
    monkeypatch.setitem(Recorder.__init__.__kwdefaults__, "now_s", port.now_s)
    return port


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with one walk of a second."""
    path = tmp_path / "walks.sqlite"
    with open_store(path) as opened:
        writer = opened.start_session(
            started_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
            box_name="b",
            board="esp32",
            firmware="1",
            protocol=1,
            person="Anna",
        )
        writer.start_segment(
            settings=declared.defaults(), boot_count=1, reason="start", first_t_us=None
        )
        for tick in range(80):
            writer.add_raw(RawRow(tick * 12_500, -40 * tick, None, None))
            if tick % 8 == 7:
                mm = 4 * tick
                writer.add_metric(
                    MetricRow(tick * 12_500 // 1000, -320, -320, mm, backward_mm=mm, forward_mm=0)
                )
        writer.close(datetime(2026, 3, 1, 12, 1, tzinfo=UTC), "stopped")
    return path
