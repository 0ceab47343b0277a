"""Who is at a port, and whether they still are: the meeting, silence, absence, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from beltbox.clock import Clock
from beltbox.errors import LinkError
from beltbox.link.ports import (
    PORT_FAILURES,
    PortError,
    PortTrouble,
    candidates,
    ports_in_words,
)
from beltbox.link.wire import Sentence, named, sentences
from beltcore.host.reader import Reader
from beltcore.version import PROTOCOL_VERSION

_ASK_AGAIN_S = 0.75
# Of what came last, enough for the longest line that is shown.
_KEPT_BYTES = 200
_SHOWN_LETTERS = 60
# From a soft reset to the program's first word; from .py files it takes 4 s.
_START_S = 15.0
STOPPED = "BeltBox is stopped"
"""What the box prints after a Ctrl-C, which the noise of a cable can be: firmware/box/ctrl_c.py."""
START_AGAIN = b"\r\x04"
"""Ends what was half typed at MicroPython's prompt, and starts the box's program."""
SILENT_S = 3.0
"""So long without a byte from a port that is there is worth an event."""


class ProtocolError(LinkError):
    """The box speaks a newer protocol than this program knows."""


class NoProgramError(PortError):
    """MicroPython answers at the port `path`, but the box's program doesn't run."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message, PortTrouble.NO_PROGRAM)
        self.path = path


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


@dataclass(frozen=True, slots=True)
class Meeting:
    """A box that said who it is."""

    identity: Identity
    sentences: list[Sentence]
    """Everything that it said meanwhile, its ID too."""
    received: bytes
    """The same as bytes."""


def meet(
    path: str,
    *,
    ask: Callable[[], None],
    start: Callable[[], None],
    receive: Callable[[], bytes],
    reader: Reader,
    patience_s: float,
    clock: Clock,
) -> Meeting:
    """Ask who is at the port `path` until a box says so, for at most `patience_s`.

    ask: sends the question. start: sends START_AGAIN, when the box says that a Ctrl-C has just
    stopped it: the question itself has led it to MicroPython's prompt then. receive: what has come,
    or comes within a moment; raises one of PORT_FAILURES where the port vanishes. reader: the
    link's. Raises PortError when there is no BeltBox, NoProgramError when it is one whose program
    doesn't run, ProtocolError when it speaks a newer protocol.
    """
    heard: list[Sentence] = []
    received = bytearray()
    good_before = reader.good
    identity: Identity | None = None
    asked_s: float | None = None
    started = False
    deadline_s = clock.now_s() + patience_s
    while identity is None and clock.now_s() < deadline_s:
        if asked_s is None or clock.now_s() - asked_s > _ASK_AGAIN_S:
            asked_s = clock.now_s()
            ask()
        try:
            data = receive()
        except PORT_FAILURES as error:
            raise PortError(
                f"{path} vanished while it was opened. Plug the box in again."
            ) from error
        received += data
        if not started and STOPPED.encode() in received:
            started = True
            deadline_s = clock.now_s() + _START_S
            start()
        for sentence in sentences(reader.feed(data)):
            heard.append(sentence)
            if sentence.type == "ID":
                identity = identity_of(sentence, path)
    if identity is not None:
        return Meeting(identity, heard, bytes(received))
    raise _no_box(path, bytes(received[-_KEPT_BYTES:]), sends_sentences=reader.good > good_before)


def identity_of(sentence: Sentence, path: str) -> Identity:
    """What an ID says. Raises ProtocolError for a protocol that isn't known here."""
    values = named(sentence)
    protocol = values["protocol"]
    if not isinstance(protocol, int) or protocol > PROTOCOL_VERSION:
        raise ProtocolError(
            f"The box at {path} speaks protocol {protocol}; this program knows up to "
            f"{PROTOCOL_VERSION}. Update it: pip install --upgrade beltbox."
        )
    boots = values["boots"]
    return Identity(
        protocol=protocol,
        firmware=str(values["firmware"]),
        board=str(values["board"]),
        box_name=str(values["box_name"]),
        boots=boots if isinstance(boots, int) else 0,
        reset_cause=str(values["reset_cause"]),
        settings_hash=str(values["settings_hash"]),
        micropython=str(values["micropython"]),
    )


def _no_box(path: str, heard: bytes, *, sends_sentences: bool) -> PortError:
    """What is there instead, by what it said last, or by its silence."""
    if sends_sentences:
        return PortError(
            f"A BeltBox is sending on {path}, but doesn't say who it is. Press its reset button."
        )
    if b">>>" in heard:
        return NoProgramError(
            f"MicroPython answers on {path}, but the box's program doesn't run. Press its "
            "reset button; if that doesn't help, put the firmware on it again: beltbox flash.",
            path,
        )
    if heard.strip():
        # The last line may have been cut off.
        line = max(heard.decode("ascii", "replace").split("\n"), key=len)
        shown = line.strip()[-_SHOWN_LETTERS:]
        said = repr(shown)
        if sum(letter.isascii() and letter.isprintable() for letter in shown) < len(shown) // 2:
            said = "what no text has (noise, or another speed than 115200 baud)"
        return PortError(
            f"{path} belongs to something else: it isn't a BeltBox that said {said}. "
            f"{ports_in_words()}",
            PortTrouble.FOREIGN,
        )
    return PortError(
        f"{path} is silent: no BeltBox answers there. Is the firmware on the board, and its cable "
        f"one that carries data? {ports_in_words()}",
        PortTrouble.SILENT,
    )


class Silence:
    """Watches whether a box that is plugged in says anything at all."""

    def __init__(self, now_s: float) -> None:
        self._heard_s = now_s
        self._is_silent = False

    def event(self, path: str, now_s: float, *, heard: bool, connected: bool) -> LinkEvent | None:
        """The news that the box at `path` has gone silent, or speaks again, if it is news.

        heard: whether something has come just now. connected: whether the port is there.
        """
        silent_s = now_s - self._heard_s
        if heard or not connected:
            self._heard_s = now_s
        if self._is_silent and heard:
            self._is_silent = False
            return LinkEvent("heard", f"The box speaks again after {silent_s:.0f} s.")
        if not self._is_silent and connected and silent_s > SILENT_S:
            self._is_silent = True
            return LinkEvent(
                "silent",
                f"The box at {path} has said nothing for {SILENT_S:.0f} s. Waiting; if it stays "
                "silent, press its reset button.",
            )
        return None


class Absence:
    """A box that was unplugged from the port `path`: at which ports it may come back.

    A box on USB may come back under another name. Beside its own only ports that are new are
    asked: the others are something else's, or another box with the same name.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._others = {port.path for port in candidates()} - {path}

    def ports_to_ask(self) -> list[str]:
        """Its own first, there or not; then those that are new."""
        here = [port.path for port in candidates()]
        self._others &= set(here)
        return [self._path, *(path for path in here if path not in self._others)]

    def rule_out(self, path: str) -> None:
        """It isn't this box that is at the port: one that isn't its own isn't asked again."""
        if path != self._path:
            self._others.add(path)
