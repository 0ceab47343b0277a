"""Virtual boxes to record, the command line in this process and in others, a port to speak from."""

from __future__ import annotations

import dataclasses
import os
import pty
import signal
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from beltbox.cli import main as cli
from beltbox.link import ports
from beltbox.link.finding import find_box
from beltbox.link.link import BoxLink, LinkEvent
from beltbox.link.wire import Sentence
from beltbox.record.live_state import LiveState
from beltbox.record.recorder import Recorder
from beltbox.signals import end_signals
from beltbox.store.store import open_store
from beltbox.virtualbox import Scenario, VirtualBox, load
from beltbox.walk.session import Session
from beltcore.crc import crc16

# Nothing rests on it: only what hangs takes so long.
HANGS_S = 180.0
# Longer than any test: a box must not end before its host.
_LONG_S = 100_000


def until(condition: Callable[[], Any], what: str = "it") -> Any:
    """Wait for a condition, which is given back; fail where the wait would never end."""
    deadline = time.monotonic() + HANGS_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return value


@pytest.fixture(name="until")
def until_fixture() -> Callable[..., Any]:
    """until(condition, what): its value once it is true."""
    return until


@pytest.fixture
def sentence() -> Callable[..., bytes]:
    """sentence("RAW", seq, values…): its bytes, made by the protocol's text and not by its code."""

    def make(kind: str, *fields: object) -> bytes:
        texts = ("" if field is None else str(field) for field in fields)
        body = ",".join([kind, *texts]).encode()
        return b"$%s*%04X\n" % (body, crc16(body, 0, len(body)))

    return make


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a folder of virtual ports of the test's own; no serial ports of this machine."""
    home = tmp_path / "home"
    for name in ("data", "run"):
        (home / name).mkdir(parents=True, mode=0o700)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
    monkeypatch.setattr(ports.list_ports, "comports", lambda: [])
    return home


@dataclass
class Ran:
    """What a command left."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both outputs, on one line, as words may be wrapped anywhere."""
        return " ".join((self.out + self.err).split())


@pytest.fixture
def run(
    apart: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """run(*arguments): the command line in this process. An exception that escapes is a failure."""

    def call(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["beltbox", *map(str, arguments)])
        before = {number: signal.getsignal(number) for number in end_signals()}
        capfd.readouterr()
        status = 0
        try:
            cli.main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Ran(status, out, err)

    return call


class Program:
    """The command line as a process of its own; what it says goes to a file."""

    def __init__(self, out: Path, arguments: tuple[object, ...], options: dict[str, Any]) -> None:
        self._out = out
        with out.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "beltbox", *map(str, arguments)],
                **{
                    "stdin": subprocess.DEVNULL,
                    "stdout": file,
                    "stderr": subprocess.STDOUT,
                    "env": {**os.environ, "COLUMNS": "200"},
                }
                | options,
            )

    @property
    def said(self) -> str:
        text = self._out.read_text(errors="replace")
        assert "Traceback" not in text, text
        return text

    def says(self, words: str) -> str:
        """Wait until it has said so."""
        until(
            lambda: words in self.said or self.process.poll() is not None,
            f"{words!r} in {self.said!r}",
        )
        assert words in self.said, self.said
        return self.said

    def says_so_often(self, words: str, count: int) -> None:
        """Wait until it has said so for the `count`th time."""
        until(
            lambda: self.said.count(words) >= count or self.process.poll() is not None,
            f"{words!r} {count} times in {self.said!r}",
        )
        assert self.said.count(words) >= count, self.said

    def signal(self, number: int) -> int:
        """Send it, and wait for the end: the exit status."""
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        """Wait for the end: the exit status."""
        return self.process.wait(HANGS_S)


@pytest.fixture
def start(apart: Path, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """start(*arguments): the command line as a process; gone at the test's end."""
    started: list[Program] = []

    def launch(*arguments: object, **options: Any) -> Program:
        program = Program(tmp_path / f"program-{len(started)}.txt", arguments, options)
        started.append(program)
        return program

    yield launch
    for program in started:
        if program.process.poll() is None:
            program.process.kill()
            program.process.wait()


class Terminal:
    """A program at a terminal: what it shows, and what is typed."""

    def __init__(self, start: Callable[..., Program], *arguments: object) -> None:
        self._master, slave = pty.openpty()
        self.seen = ""
        self._looked = 0
        self.program = start(*arguments, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 4096)
            except OSError:
                return
            if not data:
                return
            self.seen += data.decode(errors="replace")

    def shows(self, words: str) -> None:
        """Wait until it shows this after what was waited for before."""

        def there():
            return self.seen.find(words, self._looked) >= 0 or not self._thread.is_alive()

        until(there, f"{words!r} in {self.seen[self._looked :]!r}")
        at = self.seen.find(words, self._looked)
        assert at >= 0, self.seen
        self._looked = at + len(words)

    def type(self, line: str) -> None:
        """A line and Enter."""
        os.write(self._master, line.encode() + b"\n")

    def end(self) -> int:
        """Wait for the end: the exit status."""
        status = self.program.end()
        self._thread.join(5)
        assert "Traceback" not in self.seen
        return status

    def close(self) -> None:
        """Take the terminal away."""
        os.close(self._master)


@pytest.fixture
def terminal(start: Callable[..., Program]) -> Iterator[Callable[..., Terminal]]:
    """terminal(*arguments): the command line at a terminal."""
    made: list[Terminal] = []

    def make(*arguments: object) -> Terminal:
        made.append(Terminal(start, *arguments))
        return made[-1]

    yield make
    for shown in made:
        if shown.program.process.poll() is None:
            shown.program.process.kill()
            shown.program.process.wait()
        shown.close()


@pytest.fixture
def box(apart: Path, tmp_path: Path) -> Iterator[Callable[..., VirtualBox]]:
    """box(scenario, **options): a running virtual box that stays, its port linked at tmp/box."""
    with ExitStack() as stack:

        def make(scenario: str | Scenario = "steady-1mph", **options: Any) -> VirtualBox:
            played = scenario if isinstance(scenario, Scenario) else load(scenario)
            name = options.pop("name", "box")
            settings = dict(played.settings) | options.pop("settings", {})
            made = VirtualBox(
                dataclasses.replace(played, duration_s=_LONG_S, settings=settings),
                **{"link": tmp_path / name, "speed": 0, "stop_when_idle": True} | options,
            )
            return stack.enter_context(made)

        yield make


class NotedView:
    """A view that notes the lines it was given, and for each state what `look` makes of it."""

    name = "the notes"

    def __init__(self, look: Callable[[LiveState], Any] = lambda _state: None) -> None:
        self.lines: list[str] = []
        self.looks: list[Any] = []
        self._look = look

    def show(self, state: LiveState) -> None:
        self.looks.append(self._look(state))

    def notify(self, text: str) -> None:
        self.lines.append(text)

    def __enter__(self) -> NotedView:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass


@pytest.fixture(scope="session")
def noted_view() -> type[NotedView]:
    """noted_view(look): a view whose `lines` and `looks` can be read afterwards."""
    return NotedView


@dataclass
class Walk:
    """A recorded walk: what the store, the capture and the truth hold of it."""

    session: Session
    capture: bytes
    truth: Path
    recorder: Recorder
    told: list[str] = field(default_factory=list)


def record_walk(
    folder: Path,
    scenario: str,
    seconds: float,
    during: Callable[[VirtualBox, Recorder], Any] | None = None,
    speed: float = 0,
) -> Walk:
    """See the fixture `record`."""
    truth = folder / f"{scenario}.truth.csv"
    capture_file = folder / f"{scenario}.capture"
    view = NotedView()
    played = load(scenario)
    events = tuple(event for event in played.events if event.at_s < seconds)
    duration_s = seconds if during is None else _LONG_S
    with (
        # In real time until the measurement has begun, so that little is walked before it.
        VirtualBox(
            dataclasses.replace(played, duration_s=duration_s, events=events),
            speed=1,
            truth=truth,
            link=folder / "port",
            wait_for_host=True,
        ) as box,
        open_store(folder / f"{scenario}.sqlite") as store,
        capture_file.open("wb") as capture,
        find_box(str(folder / "port"), capture=capture) as link,
    ):
        link.listen = listened_to_its_end(box, link, speed)
        recorder = Recorder(
            link,
            store,
            seconds=_LONG_S,
            views=[view],
            stop=lambda: (
                during is not None and (during(box, recorder) or recorder.box_s >= seconds)
            ),
        )
        recorder.run()
        box.stop()
        session = store.load(recorder.sessions[0])
    return Walk(session, capture_file.read_bytes(), truth, recorder, view.lines)


def listened_to_its_end(
    box: VirtualBox, link: BoxLink, speed: float
) -> Callable[[], Iterator[Sentence | LinkEvent | None]]:
    """The link's `listen`, which ends after the box has. At `speed` once it measures."""
    listen = link.listen

    def listen_to_its_end() -> Iterator[Sentence | LinkEvent | None]:
        hurried = False
        for item in listen():
            if isinstance(item, Sentence) and item.type == "BEG" and not hurried:
                box.command({"do": "pace", "value": speed})
                hurried = True
            # The link keeps what it took in by itself: `None` is told when it has nothing left.
            if item is None and box.drained():
                return
            yield item

    return listen_to_its_end


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Walk]:
    """record(scenario, seconds, during, speed): what the host makes of a scenario, hurried along.

    The scenario is cut to so many of its seconds and played to this end, however slow the host is.
    With during(box, recorder), which is called all the time, it goes on and on instead, until
    `during` gives true or so many seconds are recorded. speed: at most so many times real time.
    """

    def make(
        scenario: str,
        seconds: float,
        during: Callable[[VirtualBox, Recorder], Any] | None = None,
        speed: float = 0,
    ) -> Walk:
        return record_walk(tmp_path, scenario, seconds, during, speed)

    return make


@pytest.fixture(scope="session")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Fifteen seconds of holding on, recorded once."""
    return record_walk(tmp_path_factory.mktemp("walk"), "hands", 15)


class Speaker:
    """A pseudo-terminal on which some other program speaks."""

    def __init__(self, every: bytes, answer: Callable[[bytes], bytes]) -> None:
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self._slave = slave  # held open, so that it doesn't hang up between two users
        self.path = os.ttyname(slave)
        self.heard = b""
        self._every = every
        self._answer = answer
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._speak, daemon=True)
        os.set_blocking(self._master, False)
        self._thread.start()

    def _speak(self) -> None:
        while not self._ended.wait(0.02):
            try:
                data = os.read(self._master, 4096)
            except BlockingIOError:
                data = b""
            self.heard += data
            try:
                os.write(self._master, self._every + (self._answer(data) if data else b""))
            except BlockingIOError:
                continue

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)


@pytest.fixture
def speaker(apart: Path) -> Iterator[Callable[..., Speaker]]:
    """speaker(every, answer): a port that says `every` all the time and answers what it hears."""
    made: list[Speaker] = []

    def make(every: bytes = b"", answer: Callable[[bytes], bytes] = lambda _heard: b"") -> Speaker:
        made.append(Speaker(every, answer))
        return made[-1]

    yield make
    for speaker in made:
        speaker.close()
