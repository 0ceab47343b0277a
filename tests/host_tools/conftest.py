"""A clock that stands still, and ports whose other end is a script that lives by it."""

from __future__ import annotations

import itertools
from binascii import crc_hqx
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Protocol

import pytest
import serial

from beltbox.clock import Clock
from beltbox.link import link as link_module
from beltbox.link import ports
from beltbox.link.ports import PortError
from beltcore import settings as declared

TICK_S = 0.0125
_READ_TIMEOUT_S = 0.05  # as a port that `open_port` opens


class FakeClock(Clock):
    """A clock that moves only when somebody waits by it. `set_by`: its time of day was set so."""

    def __init__(self) -> None:
        self.at_s = 5000.0
        self.set_by = timedelta()

    def now_s(self) -> float:
        return self.at_s

    def steady_s(self) -> float:
        return self.at_s

    def utc(self) -> datetime:
        return datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=self.at_s) + self.set_by

    def sleep(self, seconds: float) -> None:
        self.at_s += seconds


@pytest.fixture
def clock() -> FakeClock:
    """A clock by which waiting takes no time."""
    return FakeClock()


@pytest.fixture
def standing_clock(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The same, for everything in this process that waits by the computer's clock."""
    monkeypatch.setattr(Clock, "now_s", lambda _self: clock.now_s())
    monkeypatch.setattr(Clock, "sleep", lambda _self, seconds: clock.sleep(seconds))
    return clock


class Peer(Protocol):
    """What is at the other end of a port."""

    def hear(self, data: bytes) -> bytes:
        """What it answers to these bytes."""
        ...

    def say(self, now_s: float) -> bytes:
        """What it says by itself until now, since it was last asked."""
        ...


class Stranger:
    """A peer that answers, and that says the same every 20 ms."""

    def __init__(self, answer: Callable[[bytes], bytes], every: bytes = b"") -> None:
        self.heard = b""
        self._answer = answer
        self._every = every
        self._said = 0

    def hear(self, data: bytes) -> bytes:
        self.heard += data
        return self._answer(data)

    def say(self, now_s: float) -> bytes:
        due = int(50 * now_s)
        said = self._every if due > self._said else b""
        self._said = due
        return said


class ScriptedPort:
    """A port with a peer, which can be unplugged. What is said while nobody has it open is lost."""

    def __init__(self, path: str, peer: Peer, clock: FakeClock) -> None:
        self.path = path
        self.peer = peer
        self.is_open = False
        self._back_s: float | None = 0.0  # None: nobody knows when
        self.timeout = _READ_TIMEOUT_S
        self._clock = clock
        self._waiting = b""

    @property
    def plugged(self) -> bool:
        """Whether the peer is at the port."""
        return self._back_s is not None and self._clock.now_s() >= self._back_s

    def unplug(self, *, back_in_s: float | None = None) -> None:
        """From now on nothing is at the port; for good, or for so long."""
        self._back_s = None if back_in_s is None else self._clock.now_s() + back_in_s

    def plug(self, path: str | None = None) -> None:
        """It is back, under another name where one is given."""
        self.path = path or self.path
        self._back_s = 0.0

    def open(self) -> ScriptedPort:
        """As `open_port`. Raises PortError."""
        if not self.plugged:
            raise PortError(f"There is no port {self.path}. {ports.ports_in_words()}")
        if self.is_open:
            raise PortError(f"Port {self.path} is busy: another program has it open.")
        self.is_open = True
        self._waiting = b""
        self.peer.say(self._clock.now_s())
        return self

    def close(self) -> None:
        self.is_open = False

    @property
    def in_waiting(self) -> int:
        self._require()
        self._waiting += self.peer.say(self._clock.now_s())
        return len(self._waiting)

    def read(self, count: int = 1) -> bytes:
        self._require()
        deadline_s = self._clock.now_s() + self.timeout
        while not self._waiting and self._clock.now_s() < deadline_s - 1e-9:
            self._clock.sleep(TICK_S)
            self._waiting += self.peer.say(self._clock.now_s())
        data, self._waiting = self._waiting[:count], self._waiting[count:]
        return data

    def write(self, data: bytes) -> int:
        self._require()
        self._waiting += self.peer.hear(data)
        return len(data)

    def inject(self, data: bytes) -> None:
        """Bytes in the stream that the peer didn't say."""
        self._waiting += data

    def _require(self) -> None:
        if not (self.plugged and self.is_open):
            self.is_open = False
            raise serial.SerialException("device reports readiness to read but returned no data")


class ScriptedPorts:
    """The ports of a computer that has no others."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.all: list[ScriptedPort] = []

    def __call__(self, peer: Peer, path: str | None = None) -> ScriptedPort:
        """A port at which this peer is."""
        port = ScriptedPort(path or f"/dev/scripted{len(self.all)}", peer, self.clock)
        self.all.append(port)
        return port

    def stranger(
        self, answer: Callable[[bytes], bytes] = lambda _heard: b"", *, every: bytes = b""
    ) -> ScriptedPort:
        """A port of something that says `every` all the time, and answers what it hears."""
        return self(Stranger(answer, every))

    def open(self, path: str) -> Any:
        for port in self.all:
            if port.path == path and port.plugged:
                return port.open()
        raise PortError(f"There is no port {path}. {ports.ports_in_words()}")

    def listed(self) -> list[SimpleNamespace]:
        """As pyserial lists them."""
        return [
            SimpleNamespace(device=port.path, description="scripted", vid=0x10C4)
            for port in self.all
            if port.plugged
        ]


@pytest.fixture
def port(
    clock: FakeClock, apart: object, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ScriptedPorts]:
    """port(peer): a port that a peer lives at; BoxLink opens these and no others."""
    made = ScriptedPorts(clock)
    monkeypatch.setattr(link_module, "open_port", made.open)
    monkeypatch.setattr(ports.list_ports, "comports", made.listed)
    yield made
    assert not [port.path for port in made.all if port.is_open], "a port was left open"


class ScriptedBox:
    """A box as firmware/PROTOCOL.md has it, at 80 ticks a second of the clock that stands still.

    count(t_s), left(t_s), right(t_s): what its sensors read so long after it was powered up.
    before(command): what it answers in place of the answer, unless that is None. meanwhile():
    called whenever the host listens.
    """

    def __init__(
        self, clock: FakeClock, *, serial: str, tells_serial: bool, **settings: int | str
    ) -> None:
        self.settings: dict[str, int | str] = declared.complete({"box_name": "virtual"} | settings)
        self.count: Callable[[float], int] = lambda _t_s: 0
        self.left: Callable[[float], int | None] = lambda _t_s: None
        self.right: Callable[[float], int | None] = lambda _t_s: None
        self.boots = 1
        self.serial = serial
        self._tells_serial = tells_serial
        self.silent = False
        self.crash: list[str] = []
        self.heard: list[str] = []
        self.acknowledged: dict[tuple[str, str], bytes] = {}
        self.before: Callable[[str], bytes | None] = lambda _command: None
        self.meanwhile: Callable[[], object] = lambda: None
        self._clock = clock
        self._born_s = clock.now_s()
        self._ticks = 0
        self._raw = False
        self._stream = True
        self._rest = b""
        self._pending = b""
        self._sequence = 1

    @property
    def t_s(self) -> float:
        """Since it was powered up."""
        return self._clock.now_s() - self._born_s

    def reset(self, cause: str = "power") -> None:
        """It starts anew: settings stay, what a host asked for doesn't."""
        self.boots += 1
        self._raw, self._stream = False, True
        self._sequence = 0
        begun = sentence("BEG", 0, self.boots, self._settings_hash)
        self._pending += self._identity(cause) + begun

    def hear(self, data: bytes) -> bytes:
        *lines, self._rest = (self._rest + data).split(b"\n")
        return self._numbered(b"".join(map(self._answer, lines)))

    def _numbered(self, data: bytes) -> bytes:
        """The same with each sentence's number as it leaves: one that comes twice is dropped."""
        lines = data.splitlines(keepends=True)
        for place, line in enumerate(lines):
            body, _, crc = line.strip()[1:].partition(b"*")
            kind, *fields = body.split(b",")
            if line.startswith(b"$") and fields and crc == b"%04X" % crc_hqx(body, 0xFFFF):
                fields[0] = b"%d" % self._sequence
                self._sequence = (self._sequence + 1) % 10_000
                lines[place] = sentence(*(field.decode() for field in (kind, *fields)))
        return b"".join(lines)

    def say(self, now_s: float) -> bytes:
        self.meanwhile()
        said, self._pending = self._pending, b""
        due = int((now_s - self._born_s) / TICK_S + 1e-6)
        if self.silent:
            self._ticks = due
            return b""
        # A port that nobody reads for long loses what came first.
        for tick in range(max(self._ticks, due - 800), due):
            said += self._tick(tick)
        self._ticks = due
        return self._numbered(said)

    def _tick(self, tick: int) -> bytes:
        t_s = tick * TICK_S
        said = b""
        if self._raw:
            t_us = round(1e6 * t_s) % (1 << 30)
            said += sentence("RAW", tick, t_us, self.count(t_s), self.left(t_s), self.right(t_s))
        if self._stream and tick % 8 == 0:
            said += sentence("NOW", tick, round(1000 * t_s), 0, 0, None, None, None, None, 0, 0)
        return said

    def _answer(self, line: bytes) -> bytes:
        start = line.find(b"!")
        body, _, told = line[start + 1 :].partition(b"*")
        if start < 0 or told.strip() != b"%04X" % crc_hqx(body, 0xFFFF):
            return b""  # damaged: it is sent again
        number, _, command = body.decode().partition(",")
        self.heard.append(command)
        instead = self.before(command)
        if instead is not None:
            return instead
        # The same once more, for a host that didn't hear it; another host may count from there.
        if (number, command) not in self.acknowledged:
            try:
                said, text = self._do(*command.split(","))
                status = "ok"
            except ValueError as error:
                said, text, status = b"", str(error), "error"
            self.acknowledged[number, command] = said + sentence("ANS", 0, number, status, text)
        return self.acknowledged[number, command]

    @property
    def _settings_hash(self) -> str:
        # One that an older box lacks counts as if it were at its default.
        return f"{declared.fingerprint(declared.defaults() | self.settings):04X}"

    def _identity(self, cause: str = "power") -> bytes:
        fields = ("0.1.0", "esp32_devkit", self.settings["box_name"], self.boots, cause)
        later = [self.serial] if self._tells_serial else []
        return sentence("ID", 0, 1, *fields, self._settings_hash, "1.28.0", *later)

    def _do(self, verb: str, *arguments: str) -> tuple[bytes, str]:
        if verb == "identify":
            return self._identity(), str(self.settings["box_name"])
        if verb == "health":
            uptime_s = int(self.t_s)
            health = sentence("HLT", 0, self.serial, 1, uptime_s, 1, 1, 1, 1, 1, 1)
            return health + sentence("RST", 0, 1, 0, 0, 0, 0, 0, int(bool(self.crash))), "ESP32"
        if verb == "get" and arguments[0] in self.settings:
            return b"", f"{arguments[0]}={self.settings[arguments[0]]}"
        if verb == "set":
            key, value = arguments
            self.settings[key] = declared.parse(key, value)
            return b"", f"{key}={self.settings[key]}"
        if verb == "tare":
            return b"", ""
        if verb == "raw":
            self._raw = arguments == ("1",)
            return b"", arguments[0]
        if verb == "stream":
            self._stream = arguments == ("1",)
            return b"", arguments[0]
        if verb == "crash":
            line = self.crash[int(arguments[0])] if arguments else None
            return b"", f"{int(bool(self.crash))} {len(self.crash)}" if line is None else line
        raise ValueError(f"no verb {verb}")


def sentence(kind: str, *fields: object) -> bytes:
    """A sentence's bytes, made by the protocol's text and not by its code."""
    body = ",".join(
        [
            kind,
            *(
                "" if field is None else f"{field:d}" if isinstance(field, bool) else str(field)
                for field in fields
            ),
        ]
    ).encode()
    return b"$%s*%04X\n" % (body, crc_hqx(body, 0xFFFF))


@pytest.fixture
def scripted_box(clock: FakeClock) -> Callable[..., ScriptedBox]:
    """scripted_box(**settings): a box that is a script, to be given to `port`.

    serial: its number; without one, each box has its own. tells_serial: whether its ID has the
    number, as today's firmware's; an older one has it in HLT only.
    """
    count = itertools.count()

    def make(
        *, serial: str | None = None, tells_serial: bool = True, **settings: int | str
    ) -> ScriptedBox:
        given = serial or f"30aea4b0{0xC0DE + next(count):04x}"
        return ScriptedBox(clock, serial=given, tells_serial=tells_serial, **settings)

    return make
