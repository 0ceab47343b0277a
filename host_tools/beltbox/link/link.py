"""The link to a box: finds it, asks it, listens to it, and goes on after whatever happens to it."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

import serial

from beltbox.errors import BeltBoxError
from beltbox.link.ports import (
    PATIENCE_S,
    PORT_FAILURES,
    PortError,
    PortTrouble,
    candidates,
    open_port,
    ports_in_words,
)
from beltbox.link.wire import Sentence, Value, kind_by_old_words, named, sentences
from beltcore.host.reader import Reader, encode_command
from beltcore.version import PROTOCOL_VERSION

# A command is repeated, by the same id, until it is answered; a tare takes a second.
_ANSWER_S = 0.75
_TRIES = 8
_ASK_AGAIN_S = 0.75
_RETURN_POLL_S = 0.3
_SILENT_S = 3.0


class LinkError(BeltBoxError):
    """The box doesn't answer, or not as it should."""


class ProtocolError(LinkError):
    """The box speaks a newer protocol than this program knows."""


class CommandRefusedError(LinkError):
    """The box answered a command with a reason why not.

    kind: one of beltcore's ANSWER_KINDS; "" from older firmware, which only says it in words.
    """

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind

    def is_kind(self, kind: str) -> bool:
        """Whether the refusal is of this kind of ANSWER_KINDS; older firmware's by its words."""
        return (self.kind or kind_by_old_words(str(self))) == kind


class SafeModeError(LinkError):
    """The box said that it stays at MicroPython's prompt, and why."""


class NoProgramError(PortError):
    """MicroPython answers at the port `path`, but the box's program doesn't run."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message, PortTrouble.NO_PROGRAM)
        self.path = path


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
    """Something that happened to the link. kind: unplugged, returned, reset, silent, heard."""

    kind: str
    text: str


class BoxLink:
    """An open link to one box. `identity` is the latest that the box said.

    Iterate `listen()` for Sentences and LinkEvents; `command` may be called in between. Counts:
    `reader.good`, `reader.damaged`, `reader.missing`.
    """

    def __init__(
        self,
        path: str,
        *,
        capture: ByteSink | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Open the port at `path` and ask who is there. Raises PortError, LinkError.

        capture: gets every byte that comes, as it comes.
        patience_s: how long it may take to say so.
        """
        self.path = path
        self.reader = Reader()
        self.identity: Identity | None = None
        self._capture = capture
        self._met = b""  # what came in the meeting, for a capture that comes after it
        self._next_id = int(time.time() * 10) % 900_000_000 + 1
        self._waiting: deque[Sentence | LinkEvent] = deque()
        self._heard_at = time.monotonic()
        self._is_silent = False
        self.unknown_settings: set[str] = set()  # those that an older box refused
        self._safe_mode = ""  # why the box stays at its prompt, in its own words
        self._known: set[str] = set()  # while unplugged: ports that aren't this box
        self._port: serial.Serial | None = open_port(path)
        try:
            self._meet(patience_s)
        except BaseException:
            self.close()
            raise

    @property
    def connected(self) -> bool:
        """False from the moment it was found unplugged until it is back."""
        return self._port is not None

    def capture_to(self, capture: ByteSink | None) -> None:
        """Give every byte to `capture` too, from those on in which the box said who it is."""
        self._capture = capture
        if capture is not None and self._met:
            capture.write(self._met)
        self._met = b""

    def close(self) -> None:
        """Let go of the port."""
        if self._port is not None:
            with contextlib.suppress(*PORT_FAILURES):
                self._port.close()
            self._port = None

    def __enter__(self) -> BoxLink:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def command(self, verb: str, *arguments: object, tries: int = _TRIES) -> str:
        """Send a command and return the text of its answer.

        Repeats it, by the same id, while no answer comes; what else comes meanwhile is kept for
        `listen`. Raises CommandRefusedError with the box's reason, LinkError without an answer.
        """
        self._next_id += 1
        identifier = self._next_id
        line = encode_command(identifier, verb, *arguments)
        for _ in range(tries):
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
                        raise CommandRefusedError(
                            f"The box refused {verb}: {answer['text']}.", str(answer["kind"])
                        )
                    return str(answer["text"])
                if self._port is None:
                    raise LinkError(f"The box at {self.path} was unplugged before it answered.")
                if self._safe_mode:
                    raise SafeModeError(
                        f"The box at {self.path} is in {self._safe_mode}. After that its program "
                        "starts again; `beltbox doctor` shows the last crash."
                    )
        raise LinkError(
            f"The box at {self.path} doesn't answer {verb}. Press its reset button, or unplug it "
            "and plug it in again."
        )

    def ask(
        self, verb: str, *arguments: object, types: Collection[str]
    ) -> tuple[str, list[Sentence]]:
        """Send a command that sentences of these types answer too: its text, and those that came.

        One that came damaged is missing: the caller looks. Raises what `command` raises.
        """
        self.drop_waiting(types)
        text = self.command(verb, *arguments)
        came = [item for item in self._waiting if isinstance(item, Sentence) and item.type in types]
        self.drop_waiting(types)
        return text, came

    def drop_waiting(self, types: Collection[str]) -> None:
        """Forget the sentences of these types that came already but weren't listened to."""
        self._waiting = deque(
            item
            for item in self._waiting
            if not isinstance(item, Sentence) or item.type not in types
        )

    def settings(self) -> dict[str, int | str]:
        """Every setting of the box, checked by the common declaration. Raises LinkError."""
        # For its callers until they call read_settings, which needs what is declared here.
        from beltbox.link.box_settings import read_settings  # noqa: PLC0415

        return read_settings(self)

    def listen(self) -> Iterator[Sentence | LinkEvent | None]:
        """What comes, for ever; None when nothing came for a moment, so that a caller can act."""
        while True:
            came = [] if self._waiting else self._read()
            # By way of the queue, so that a caller who stops in the middle loses nothing.
            self._waiting.extend([*came, *self._silence(bool(came))])
            if not self._waiting:
                yield None
            while self._waiting:
                yield self._waiting.popleft()

    def _silence(self, heard: bool) -> list[LinkEvent]:
        """The news that a port which is there has gone silent, or speaks again."""
        at = time.monotonic()
        silent_s = at - self._heard_at
        if heard or self._port is None:
            self._heard_at = at
        if self._is_silent and heard:
            self._is_silent = False
            return [LinkEvent("heard", f"The box speaks again after {silent_s:.0f} s.")]
        if not self._is_silent and self._port is not None and silent_s > _SILENT_S:
            self._is_silent = True
            return [
                LinkEvent(
                    "silent",
                    f"The box at {self.path} has said nothing for {_SILENT_S:.0f} s. Waiting; if "
                    "it stays silent, press its reset button.",
                )
            ]
        return []

    def _read(self) -> list[Sentence | LinkEvent]:
        if self._port is None:
            return self._try_to_return()
        try:
            data = self._receive(self._port)
        except PORT_FAILURES:
            self.close()
            # What was cut off doesn't join what comes later.
            rest = [*sentences(self.reader.finish())]
            self._known = {port.path for port in candidates()} - {self.path}
            return [
                *rest,
                LinkEvent("unplugged", f"The box at {self.path} was unplugged. Waiting for it."),
            ]
        items: list[Sentence | LinkEvent] = []
        for sentence in sentences(self.reader.feed(data)):
            self._note_safe_mode(sentence)
            if sentence.type == "ID":
                before = self.identity
                after = self._recognise(sentence)
                if before is not None and after.boots != before.boots:
                    items.append(_was_reset(after))
            items.append(sentence)
        return items

    def _note_safe_mode(self, sentence: Sentence) -> None:
        if sentence.type == "LOG" and str(sentence.values[0]).startswith("safe mode: "):
            self._safe_mode = str(sentence.values[0])
        elif sentence.type in ("ID", "BEG"):
            self._safe_mode = ""

    def _receive(self, port: serial.Serial) -> bytes:
        """What has come, or comes within a moment. Raises one of PORT_FAILURES."""
        data: bytes = port.read(max(1, port.in_waiting))
        if self._capture is not None and data:
            self._capture.write(data)
        return data

    def _try_to_return(self) -> list[Sentence | LinkEvent]:
        time.sleep(_RETURN_POLL_S)
        here = [port.path for port in candidates()]
        self._known &= set(here)
        # A box on USB may come back under another name. Only ports that are new are asked: the
        # others are something else's, or another box with the same name.
        for path in [self.path, *(path for path in here if path not in self._known)]:
            items = self._return_at(path)
            if items:
                return items
        return []

    def _return_at(self, path: str) -> list[Sentence | LinkEvent]:
        before = self.identity
        where_it_was = self.path
        try:
            self._port = open_port(path)
        except PortError:
            return []
        self.path = path
        try:
            heard = self._meet(PATIENCE_S)
            after = self.identity
            if before is None or after is None or after.box_name != before.box_name:
                raise PortError(f"{path} is another box.")
        except (PortError, LinkError):
            self.close()
            self.identity = before
            self.path = where_it_was
            if path != where_it_was:
                self._known.add(path)
            return []
        items: list[Sentence | LinkEvent] = [
            LinkEvent("returned", f"The box is back at {path}."),
        ]
        if after.boots != before.boots:
            items.append(_was_reset(after))
        return [*items, *heard]

    def _meet(self, patience_s: float) -> list[Sentence]:
        """Ask who is there until it says so, and give all that it said meanwhile.

        Raises PortError when it isn't a BeltBox.
        """
        heard: list[Sentence] = []
        bytes_heard = b""
        self._met = b""
        good_before = self.reader.good
        self.identity = None
        asked_at = 0.0
        deadline = time.monotonic() + patience_s
        while self.identity is None and time.monotonic() < deadline:
            if time.monotonic() - asked_at > _ASK_AGAIN_S:
                asked_at = time.monotonic()
                self._next_id += 1
                # Ctrl-B ends a raw prompt that another program left; the return ends what was half
                # typed, and shows MicroPython's prompt if that is there.
                self._send(b"\x02\r" + encode_command(self._next_id, "identify"))
            data = self._read_for_meeting()
            bytes_heard = (bytes_heard + data)[-200:]
            if self._capture is None:
                self._met += data
            for sentence in sentences(self.reader.feed(data)):
                heard.append(sentence)
                self._note_safe_mode(sentence)
                if sentence.type == "ID":
                    self._recognise(sentence)
        if self.identity is not None:
            return heard
        sends_sentences = self.reader.good > good_before
        raise self._not_a_box(bytes_heard, sends_sentences)

    def _not_a_box(self, heard: bytes, sends_sentences: bool) -> PortError:
        if sends_sentences:
            return PortError(
                f"A BeltBox is sending on {self.path}, but doesn't say who it is. Press its reset "
                "button."
            )
        if b">>>" in heard:
            return NoProgramError(
                f"MicroPython answers on {self.path}, but the box's program doesn't run. Press its "
                "reset button; if that doesn't help, put the firmware on it again: beltbox flash.",
                self.path,
            )
        if heard.strip():
            # The last line may have been cut off.
            shown = max(heard.decode("ascii", "replace").split("\n"), key=len).strip()[-60:]
            said = repr(shown)
            if sum(letter.isascii() and letter.isprintable() for letter in shown) < len(shown) // 2:
                said = "what no text has (noise, or another speed than 115200 baud)"
            return PortError(
                f"{self.path} belongs to something else: it isn't a BeltBox that said {said}. "
                f"{ports_in_words()}",
                PortTrouble.FOREIGN,
            )
        return PortError(
            f"{self.path} is silent: no BeltBox answers there. Is the firmware on the board, and "
            f"its cable one that carries data? {ports_in_words()}",
            PortTrouble.SILENT,
        )

    def _read_for_meeting(self) -> bytes:
        try:
            if self._port is not None:
                return self._receive(self._port)
        except PORT_FAILURES as error:
            raise PortError(self._vanished()) from error
        raise PortError(self._vanished())

    def _vanished(self) -> str:
        return f"{self.path} vanished while it was opened. Plug the box in again."

    def _recognise(self, sentence: Sentence) -> Identity:
        values: dict[str, Value] = named(sentence)
        protocol = values["protocol"]
        if not isinstance(protocol, int) or protocol > PROTOCOL_VERSION:
            raise ProtocolError(
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
        return self.identity

    def _send(self, line: bytes) -> None:
        if self._port is None:
            return
        with contextlib.suppress(*PORT_FAILURES):
            self._port.write(line)  # a port that vanished shows when it is read


def _was_reset(identity: Identity) -> LinkEvent:
    return LinkEvent("reset", f"The box was reset ({identity.reset_cause}).")
