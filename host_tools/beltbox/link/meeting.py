"""Who is at a port, and whether it still is: the meeting, silence, absence, in words."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

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
# Older firmware tells its serial number on `health` only; it is asked so often.
_HEALTH_TRIES = 3
# A port where another box is, is asked again after so long: each time disturbs that box.
_OTHER_BOX_S = 3.0
# Of what came last, enough for the longest line that is shown.
_KEPT_BYTES = 200
_SHOWN_LETTERS = 60
_MET_BYTES_MOST = 1 << 20
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
    serial: str = ""
    """The chip's own number, in hexadecimal: no other box has it. Empty where a firmware is too old
    to tell it, even on `health`."""

    def is_same_box_as(self, before: Identity) -> bool:
        """Whether this is the box that said `before`: by its serial number.

        By its name, which many boxes share, only where that box never told a number.
        """
        if before.serial:
            return self.serial == before.serial
        return self.box_name == before.box_name

    @property
    def in_words(self) -> str:
        """The name and the number, for a person."""
        number = f"serial {self.serial}" if self.serial else "serial unknown"
        return f"{self.box_name} ({number})"


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """Something that happened to the link.

    kind: unplugged, returned, reset, silent, heard; another: another box is where the link's own
    was, or at a new port. The link takes nothing from it.
    """

    kind: str
    text: str


def returned(path: str, identity: Identity) -> LinkEvent:
    """The news that the box of this identity is there again."""
    text = f"The box is back at {path}."
    if not identity.serial:
        text += (
            f" It is known by its name {identity.box_name} only: its firmware doesn't tell its "
            "serial number."
        )
    return LinkEvent("returned", text)


@dataclass(frozen=True, slots=True)
class Meeting:
    """A box that said who it is."""

    identity: Identity
    received: bytes
    """Everything that it said meanwhile."""


def meet(
    path: str,
    *,
    ask: Callable[[str], None],
    start: Callable[[], None],
    receive: Callable[[], bytes],
    patience_s: float,
    clock: Clock,
) -> Meeting:
    """Ask who is at the port `path` until a box says so, for at most `patience_s`.

    ask: sends a command, "identify" or "health". start: sends START_AGAIN, when the box says that
    a Ctrl-C has just stopped it: the question itself leads it to MicroPython's prompt then.
    receive: what has come, or comes within a moment; raises one of PORT_FAILURES where the port
    vanishes. Raises PortError when there is no BeltBox, NoProgramError when it is one whose program
    doesn't run, ProtocolError when it speaks a newer protocol.
    """
    # A reader of its own: what another box says is none of the link's sentences.
    reader = Reader()
    received = bytearray()
    identity: Identity | None = None
    in_safe_mode = False

    def listen() -> list[Sentence]:
        try:
            data = receive()
        except PORT_FAILURES as error:
            raise PortError(
                f"{path} vanished while it was opened. Plug the box in again."
            ) from error
        received.extend(data)
        del received[:-_MET_BYTES_MOST]  # of something that floods the port
        return [*sentences(reader.feed(data))]

    asked_s: float | None = None
    started = False
    deadline_s = clock.now_s() + patience_s
    while identity is None and clock.now_s() < deadline_s:
        if asked_s is None or clock.now_s() - asked_s > _ASK_AGAIN_S:
            asked_s = clock.now_s()
            ask("identify")
        heard = listen()
        if not started and STOPPED.encode() in received:
            started = True
            deadline_s = clock.now_s() + _START_S
            start()
        for sentence in heard:
            if sentence.type == "ID":
                identity = identity_of(sentence, path)
            in_safe_mode |= is_safe_mode(sentence)
    if identity is None:
        raise _no_box(path, bytes(received[-_KEPT_BYTES:]), sends_sentences=reader.good > 0)
    if not identity.serial and not in_safe_mode:
        identity = replace(identity, serial=_serial_by_health(ask, listen, clock))
    return Meeting(identity, bytes(received))


def _serial_by_health(
    ask: Callable[[str], None], listen: Callable[[], list[Sentence]], clock: Clock
) -> str:
    """The serial number of a box whose ID has none; empty where its firmware is older still."""
    for _ in range(_HEALTH_TRIES):
        ask("health")
        deadline_s = clock.now_s() + _ASK_AGAIN_S
        while clock.now_s() < deadline_s:
            for sentence in listen():
                if sentence.type == "HLT":
                    return str(named(sentence)["serial"] or "")
                # It knows no `health`; or it is at MicroPython's prompt, and answers nothing.
                refused = sentence.type == "ANS" and named(sentence)["status"] != "ok"
                if refused or is_safe_mode(sentence):
                    return ""
    return ""


def is_safe_mode(sentence: Sentence) -> bool:
    """Whether the box says that it stays at MicroPython's prompt, and why."""
    return sentence.type == "LOG" and str(sentence.values[0]).startswith("safe mode: ")


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
        serial=str(values["serial"] or ""),
    )


def reset_between(before: Identity | None, after: Identity | None) -> list[LinkEvent]:
    """The news of a reset, if there was one."""
    if before is None or after is None or after.boots == before.boots:
        return []
    return [LinkEvent("reset", f"The box was reset ({after.reset_cause}).")]


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

    A box on USB may come back under another name, or find another box at its own. Beside its own
    only ports that are new are asked: the others are something else's, or another box's.
    """

    def __init__(self, path: str, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._others = {port.path for port in candidates()} - {path}
        self._other_box_until_s: float | None = None  # while another box is at its own port
        self._boxes: set[tuple[str, str]] = set()  # other boxes that came meanwhile

    def ports_to_ask(self) -> list[str]:
        """Its own first, there or not; then those that are new.

        Its own is left out for a while where another box is plugged in there.
        """
        here = [port.path for port in candidates()]
        self._others &= set(here)
        new = [path for path in here if path not in self._others and path != self._path]
        own_is_there = self._path in here or os.path.lexists(self._path)
        until_s = self._other_box_until_s
        if until_s is not None and own_is_there and self._clock.now_s() < until_s:
            return new
        self._other_box_until_s = None
        return [self._path, *new]

    def other_box(self, path: str, other: Identity, own: Identity) -> list[LinkEvent]:
        """Another box is at the port: that is an event when it comes for the first time."""
        if path == self._path:
            self._other_box_until_s = self._clock.now_s() + _OTHER_BOX_S
        self.rule_out(path)
        key = (other.serial, other.box_name)
        if key in self._boxes:
            return []
        self._boxes.add(key)
        text = (
            f"Another box was plugged in at {path}: {other.in_words}. Nothing that it measures is "
            f"taken; this command waits for {own.in_words}. To use the other box, end this command "
            "and start it again."
        )
        return [LinkEvent("another", text)]

    def rule_out(self, path: str) -> None:
        """It isn't this box that is at the port: one that isn't its own isn't asked again."""
        if path != self._path:
            self._others.add(path)
