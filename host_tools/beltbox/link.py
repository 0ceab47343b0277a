"""The link to a box: finds it, asks it, listens to it, and goes on after whatever happens to it."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import serial

from beltbox.errors import BeltBoxError
from beltbox.ports import Candidate, PortError, candidates, open_port, ports_in_words
from beltbox.wire import Sentence, Value, named, sentences
from beltcore import settings as declared
from beltcore.reader import Reader, encode_command
from beltcore.version import PROTOCOL_VERSION

_ANSWER_S = 2.0  # a tare takes one second
_TRIES = 3
_FIND_S = 1.5  # how long a port may take to say who it is; a board that was reset needs more
_IDENTIFY_S = 4.0
_RETURN_POLL_S = 0.3


class LinkError(BeltBoxError):
    """The box doesn't answer, or not as it should."""


class CommandRefusedError(LinkError):
    """The box answered a command with a reason why not."""


class ByteSink(Protocol):
    """What takes a capture's bytes."""

    def write(self, data: bytes, /) -> object:
        """Take them."""
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the box is, as its ID sentence says."""

    protocol: int
    firmware: str
    board: str
    box_name: str
    boots: int
    reset_cause: str
    settings_hash: str
    micropython: str


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """Something that happened to the link. kind: unplugged, returned, reset."""

    kind: str
    text: str


class BoxLink:
    """An open link to one box. `identity` is the latest that the box said.

    Iterate `listen()` for Sentences and LinkEvents; `command` may be called in between. Counts:
    `reader.good`, `reader.damaged`, `reader.missing`.
    """

    def __init__(self, path: str, *, capture: ByteSink | None = None) -> None:
        """Open the port at `path` and ask who is there. Raises PortError.

        capture: gets every byte that comes, as it comes.
        """
        self.path = path
        self.reader = Reader()
        self.identity: Identity | None = None
        self._capture = capture
        self._next_id = int(time.time() * 10) % 900_000_000 + 1
        self._waiting: deque[Sentence | LinkEvent] = deque()
        self._port: serial.Serial | None = open_port(path)
        try:
            self._meet()
        except BaseException:
            self.close()
            raise

    def capture_to(self, capture: ByteSink | None) -> None:
        """Give every byte that comes from now on to `capture` too."""
        self._capture = capture

    def close(self) -> None:
        """Let go of the port."""
        if self._port is not None:
            with contextlib.suppress(OSError, serial.SerialException):
                self._port.close()
            self._port = None

    def __enter__(self) -> BoxLink:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def command(self, verb: str, *arguments: object) -> str:
        """Send a command and return the text of its answer.

        Repeats it, by the same id, while no answer comes; what else comes meanwhile is kept for
        `listen`. Raises CommandRefusedError with the box's reason, LinkError without an answer.
        """
        self._next_id += 1
        identifier = self._next_id
        line = encode_command(identifier, verb, *arguments)
        for _ in range(_TRIES):
            self._send(line)
            deadline = time.monotonic() + _ANSWER_S
            while time.monotonic() < deadline:
                answer: dict[str, Value] | None = None
                for item in self._read():
                    if isinstance(item, Sentence) and item.type == "ANS":
                        fields = named(item)
                        if fields["id"] == identifier:
                            answer = fields
                    else:
                        self._waiting.append(item)
                if answer is not None:
                    if answer["status"] != "ok":
                        raise CommandRefusedError(f"The box refused {verb}: {answer['text']}.")
                    return str(answer["text"])
        raise LinkError(
            f"The box at {self.path} doesn't answer {verb}. Press its reset button, or unplug it "
            "and plug it in again."
        )

    def settings(self) -> dict[str, int | str]:
        """Every setting of the box, checked by the common declaration. Raises LinkError."""
        values: dict[str, int | str] = {}
        for key in declared.KEYS:
            _, _, text = self.command("get", key).partition("=")
            try:
                values[key] = declared.parse(key, text)
            except declared.SettingsError as error:
                raise LinkError(f"The box at {self.path} has a bad setting: {error}.") from error
        return values

    def listen(self) -> Iterator[Sentence | LinkEvent | None]:
        """What comes, for ever; None when nothing came for a moment, so that a caller can act."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            came = self._read()
            yield from came
            if not came:
                yield None

    def _read(self) -> list[Sentence | LinkEvent]:
        if self._port is None:
            return self._try_to_return()
        try:
            data: bytes = self._port.read(max(1, self._port.in_waiting))
        except (serial.SerialException, OSError, TypeError):
            # TypeError: pyserial's own, when the port vanishes in mid-read.
            self.close()
            return [
                LinkEvent("unplugged", f"The box at {self.path} was unplugged. Waiting for it.")
            ]
        if self._capture is not None and data:
            self._capture.write(data)
        items: list[Sentence | LinkEvent] = []
        for sentence in sentences(self.reader.feed(data)):
            if sentence.type == "ID":
                before = self.identity
                self._recognise(sentence)
                if before is not None and self.identity != before and sentence.seq == 0:
                    items.append(
                        LinkEvent("reset", f"The box was reset ({named(sentence)['reset_cause']}).")
                    )
            items.append(sentence)
        return items

    def _try_to_return(self) -> list[Sentence | LinkEvent]:
        time.sleep(_RETURN_POLL_S)
        before = self.identity
        for path in self._where_it_may_be():
            try:
                self._port = open_port(path)
            except PortError:
                continue
            self.reader.finish()  # what was cut off doesn't join what comes now
            self.path = path
            try:
                self._meet()
            except (PortError, LinkError):
                self.close()
                continue
            after = self.identity
            if before is not None and after is not None and after.box_name == before.box_name:
                events = [LinkEvent("returned", f"The box is back at {path}.")]
                if after.boots != before.boots:
                    events.append(LinkEvent("reset", f"The box was reset ({after.reset_cause})."))
                return [*events]
            self.identity = before
            self.close()
        return []

    def _where_it_may_be(self) -> list[str]:
        """The same path first; a box on USB may come back under another name."""
        others = [port.path for port in candidates() if port.path != self.path]
        return [self.path, *others]

    def _meet(self) -> None:
        """Ask who is there until it says so. Raises PortError when it isn't a BeltBox."""
        heard = b""
        deadline = time.monotonic() + _IDENTIFY_S
        self.identity = None
        reader = self.reader
        while self.identity is None and time.monotonic() < deadline:
            self._next_id += 1
            self._send(encode_command(self._next_id, "identify"))
            until = time.monotonic() + _FIND_S / 2
            while self.identity is None and time.monotonic() < until:
                data = self._read_for_meeting()
                heard = (heard + data)[-200:]
                for sentence in sentences(reader.feed(data)):
                    if sentence.type == "ID":
                        self._recognise(sentence)
        if self.identity is not None:
            return
        if reader.good:
            raise PortError(
                f"A BeltBox is sending on {self.path}, but doesn't say who it is. Press its reset "
                "button."
            )
        if heard.strip():
            shown = heard.decode("ascii", "replace").strip().splitlines()[-1][-60:]
            raise PortError(
                f"{self.path} belongs to something else: it isn't a BeltBox that said {shown!r}. "
                f"{ports_in_words()}"
            )
        raise PortError(
            f"{self.path} is silent: no BeltBox answers there. Is the firmware on the board, and "
            f"its cable one that carries data? {ports_in_words()}"
        )

    def _read_for_meeting(self) -> bytes:
        if self._port is None:
            raise PortError(f"{self.path} vanished while it was opened. Plug the box in again.")
        try:
            data: bytes = self._port.read(max(1, self._port.in_waiting))
        except (serial.SerialException, OSError, TypeError) as error:
            raise PortError(
                f"{self.path} vanished while it was opened. Plug the box in again."
            ) from error
        if self._capture is not None and data:
            self._capture.write(data)
        return data

    def _recognise(self, sentence: Sentence) -> None:
        values: dict[str, Value] = named(sentence)
        protocol = values["protocol"]
        if not isinstance(protocol, int) or protocol > PROTOCOL_VERSION:
            raise LinkError(
                f"The box at {self.path} speaks protocol {protocol}; this program knows up to "
                f"{PROTOCOL_VERSION}. Update it: pip install --upgrade beltbox."
            )
        boots = values["boots"]
        self.identity = Identity(
            protocol=protocol,
            firmware=str(values["firmware"]),
            board=str(values["board"]),
            box_name=str(values["box_name"]),
            boots=boots if isinstance(boots, int) else 0,
            reset_cause=str(values["reset_cause"]),
            settings_hash=str(values["settings_hash"]),
            micropython=str(values["micropython"]),
        )

    def _send(self, line: bytes) -> None:
        if self._port is None:
            return
        with contextlib.suppress(serial.SerialException, OSError):
            self._port.write(line)  # a port that vanished shows when it is read


def find_box(
    path: str | None,
    *,
    capture: ByteSink | None = None,
    tell: Callable[[str], None] = lambda _text: None,
    only_virtual: bool = False,
) -> BoxLink:
    """The link to the box at `path`, or, without one, to the only box that is here.

    Asks every port (or only those of virtual boxes) who it is. Raises PortError when there is none,
    or more than one.
    """
    if path is not None:
        return BoxLink(path, capture=capture)
    found: list[BoxLink] = []
    refused: list[str] = []
    try:
        for candidate in candidates(only_virtual=only_virtual):
            tell(f"Asking {candidate.path} ({candidate.description}) …")
            try:
                found.append(BoxLink(candidate.path))
            except (PortError, LinkError) as error:
                refused.append(_briefly(candidate, error))
        if len(found) == 1:
            link = found.pop()
            link.capture_to(capture)
            return link
        if found:
            names = ", ".join(f"{link.path} ({_name(link)})" for link in found)
            raise PortError(
                f"{len(found)} boxes are here: {names}. Name one: --port {found[0].path}"
            )
        asked = " Asked: " + "; ".join(refused) + "." if refused else ""
        raise PortError(
            "No BeltBox was found. Plug it in with a cable that carries data, or start one without "
            f"hardware: beltbox sim.{asked}"
        )
    finally:
        for link in found:
            link.close()


def _briefly(candidate: Candidate, error: Exception) -> str:
    text = str(error)
    for word in ("busy", "silent", "something else", "may not be opened"):
        if word in text:
            return f"{candidate.path} ({word})"
    return f"{candidate.path} (no answer)"


def _name(link: BoxLink) -> str:
    return "unknown" if link.identity is None else link.identity.box_name
