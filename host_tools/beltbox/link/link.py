"""The link to a box: asks it, listens to it, and goes on after whatever happens to it."""

from __future__ import annotations

import contextlib
import secrets
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import replace

import serial

from beltbox.clock import CLOCK, Clock
from beltbox.errors import LinkError
from beltbox.link.meeting import (
    START_AGAIN,
    STOPPED,
    Absence,
    Identity,
    LinkEvent,
    Meeting,
    Silence,
    identity_of,
    is_safe_mode,
    meet,
    reset_between,
    returned,
)
from beltbox.link.ports import PATIENCE_S, PORT_FAILURES, ByteSink, PortError, open_port
from beltbox.link.wire import Sentence, Value, kind_by_old_words, named, sentences
from beltcore.host.reader import Reader, encode_command

# A command is repeated, by the same id, until it is answered; a tare takes a second.
_ANSWER_S = 0.75
_TRIES = 8
_RETURN_POLL_S = 0.3
_WAITING_MOST = 50_000  # ten minutes of a box; a flood that arrives while an answer is waited for


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


class BoxLink:
    """An open link to one box. `identity` is the latest that the box said.

    It stays with that box, which it knows by its serial number. Another box that is plugged in
    instead is never listened to: that is a LinkEvent, and the link waits for its own.

    Iterate `listen()` for Sentences and LinkEvents; `command` may be called in between. Counts:
    `reader.good`, `reader.damaged`, `reader.missing`.
    """

    def __init__(
        self,
        path: str,
        *,
        capture: ByteSink | None = None,
        patience_s: float = PATIENCE_S,
        clock: Clock = CLOCK,
    ) -> None:
        """Open the port at `path` and ask who is there. Raises PortError, LinkError.

        capture: gets every byte that comes, as it comes.
        patience_s: how long it may take to say so.
        clock: by which it waits; so does what waits for this link.
        """
        self.path = path
        self.clock = clock
        self.reader = Reader()
        self.identity: Identity | None = None
        self._capture = capture
        self._met = b""  # what came in the meeting, for a capture that comes after it
        # Anywhere, as the box answers an id that it has just answered without doing it again: two
        # programs that follow each other within a second must not go on with the same ids.
        self._next_id = secrets.randbelow(900_000_000) + 1
        self._waiting: deque[Sentence | LinkEvent] = deque()
        self.unknown_settings: set[str] = set()  # those that an older box refused
        self._safe_mode = ""  # why the box stays at its prompt, in its own words
        self._port: serial.Serial | None = None
        self._absence: Absence | None = None  # while it is unplugged
        port = open_port(path)
        meeting = self._meet(path, port, patience_s)
        try:
            self._accept(path, port, meeting)
        except BaseException:
            _let_go(port)
            raise
        self._silence = Silence(clock.now_s())

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
            _let_go(self._port)
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
            deadline = self.clock.now_s() + _ANSWER_S
            while self.clock.now_s() < deadline:
                answer: dict[str, Value] | None = None
                for item in self._read():
                    if isinstance(item, Sentence) and item.type == "ANS":
                        fields = named(item)
                        if fields["id"] == identifier:
                            answer = fields
                        if not item.lost_before:
                            continue
                        # What is missing before an answer is news for whoever listens.
                    if len(self._waiting) < _WAITING_MOST:
                        self._waiting.append(item)
                    elif isinstance(item, Sentence):
                        self.reader.missing += 1
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
        waiting = (item for item in self._waiting if isinstance(item, Sentence))
        heard = [sentence for sentence in waiting if sentence.type in types]
        self.drop_waiting(types)
        return text, heard

    def drop_waiting(self, types: Collection[str]) -> None:
        """Forget the sentences of these types that came already but weren't listened to."""
        self._waiting = deque(
            item
            for item in self._waiting
            if not isinstance(item, Sentence) or item.type not in types
        )

    def listen(self) -> Iterator[Sentence | LinkEvent | None]:
        """What comes, for ever; None when nothing came for a moment, so that a caller can act."""
        while True:
            items = [] if self._waiting else self._read()
            event = self._silence.event(
                self.path, self.clock.now_s(), heard=bool(items), connected=self.connected
            )
            if event is not None and event.kind == "heard":
                # A board may have been changed behind a cable that stayed plugged in.
                answer = self._ask_who_is_there()
                items = [*items, event, *answer] if self.connected else answer
            elif event is not None:
                items.append(event)
            # By way of the queue, so that a caller who stops in the middle loses nothing.
            self._waiting.extend(items)
            if not self._waiting:
                yield None
            while self._waiting:
                yield self._waiting.popleft()

    def _read(self) -> list[Sentence | LinkEvent]:
        if self._port is None:
            return self._come_back()
        try:
            data = self._receive(self._port)
        except PORT_FAILURES:
            return self._lose(f"The box at {self.path} was unplugged. Waiting for it.")
        return self._checked([*sentences(self.reader.feed(data))])

    def _lose(self, text: str) -> list[Sentence | LinkEvent]:
        """The box is gone: what is left of it, and the event."""
        self.close()
        # What was cut off doesn't join what comes later.
        rest = [*sentences(self.reader.finish())]
        self._absence = Absence(self.path, self.clock)
        return [*rest, LinkEvent("unplugged", text)]

    def _checked(self, arrived: list[Sentence]) -> list[Sentence | LinkEvent]:
        """These sentences as far as they are the box's own, with the news of a reset.

        A board may be changed behind a cable that stays plugged in: then the sentences that come
        after another box's ID, or after a start whose ID was damaged, aren't this box's.
        """
        items: list[Sentence | LinkEvent] = []
        later: list[Sentence | LinkEvent] = []
        for sentence in arrived:
            self._note_safe_mode(sentence)
            if sentence.type == "" and str(sentence.values[0]).startswith(f"Ctrl-C: {STOPPED}"):
                # No key of ours was that, and nobody else has this port.
                self._send(START_AGAIN)
            before = self.identity
            if before is not None and sentence.type == "ID":
                after = identity_of(sentence, self.path)
                if after.serial:
                    if not after.is_same_box_as(before):
                        return [*items, *self._lose_to(after)]
                    self.identity = after
                elif after.boots == before.boots:  # it only repeats itself
                    self.identity = replace(after, serial=before.serial)
                else:
                    later += self._ask_who_is_there()
            elif before is not None and _is_of_another_start(sentence, before):
                later += self._ask_who_is_there()
            if self._port is None:
                break
            items += reset_between(before, self.identity)
            items.append(sentence)
        return [*items, *later]

    def _ask_who_is_there(self) -> list[Sentence | LinkEvent]:
        """Ask at the open port; where this box doesn't answer, the port is let go of.

        `identity` is then up to date. What came meanwhile, or the events of another box.
        """
        port, before = self._port, self.identity
        if port is None or before is None:
            return []
        try:
            meeting = self._meet(self.path, port, PATIENCE_S)
        except (PortError, LinkError):
            return self._lose(
                f"The box at {self.path} doesn't say any more who it is. Waiting for it."
            )
        if not meeting.identity.is_same_box_as(before):
            return self._lose_to(meeting.identity)
        return [*self._accept(self.path, port, meeting)]

    def _lose_to(self, other: Identity) -> list[Sentence | LinkEvent]:
        """Another box is at the port now: what is left of this one, and the events."""
        own = self.identity
        assert own is not None
        self.close()
        # Of the line that is half there nobody knows whose it is.
        self.reader.finish()
        self._absence = Absence(self.path, self.clock)
        return [
            LinkEvent("unplugged", f"The box at {self.path} was unplugged. Waiting for it."),
            *self._absence.other_box(self.path, other, own),
        ]

    def _note_safe_mode(self, sentence: Sentence) -> None:
        if is_safe_mode(sentence):
            self._safe_mode = str(sentence.values[0])
        elif sentence.type in ("ID", "BEG"):
            self._safe_mode = ""

    def _receive(self, port: serial.Serial) -> bytes:
        """What has come, or comes within a moment. Raises one of PORT_FAILURES."""
        data = _read_port(port)
        if self._capture is not None and data:
            self._capture.write(data)
        return data

    def _come_back(self) -> list[Sentence | LinkEvent]:
        """What comes first from the box where it is plugged in again; nothing where it isn't."""
        self.clock.sleep(_RETURN_POLL_S)
        before, absence = self.identity, self._absence
        if before is None or absence is None:  # it was closed by its user
            return []
        events: list[LinkEvent] = []
        for path in absence.ports_to_ask():
            try:
                port = open_port(path)
            except PortError:
                continue  # it isn't there, or not yet
            try:
                meeting = self._meet(path, port, PATIENCE_S)
            except (PortError, LinkError):
                absence.rule_out(path)
                continue
            if not meeting.identity.is_same_box_as(before):
                _let_go(port)
                events += absence.other_box(path, meeting.identity, before)
                continue
            came = self._accept(path, port, meeting)
            return [
                *events,
                returned(path, before),
                *reset_between(before, meeting.identity),
                *came,
            ]
        return [*events]

    def _meet(self, path: str, port: serial.Serial, patience_s: float) -> Meeting:
        """Ask who is there; let go of the port if it isn't a box. Raises PortError, LinkError."""

        def ask(verb: str) -> None:
            self._next_id += 1
            # Ctrl-B ends a raw prompt that another program left; the return ends what was half
            # typed, and shows MicroPython's prompt if that is there.
            _write(port, b"\x02\r" + encode_command(self._next_id, verb))

        try:
            return meet(
                path,
                ask=ask,
                start=lambda: _write(port, START_AGAIN),
                receive=lambda: _read_port(port),
                patience_s=patience_s,
                clock=self.clock,
            )
        except BaseException:
            _let_go(port)
            raise

    def _accept(self, path: str, port: serial.Serial, meeting: Meeting) -> list[Sentence]:
        """From now on the link is to this box. What it said in the meeting."""
        self.path = path
        self.identity = meeting.identity
        self._port = port
        self._absence = None
        self._met = meeting.received if self._capture is None else b""
        if self._capture is not None:
            self._capture.write(meeting.received)
        said = [*sentences(self.reader.feed(meeting.received))]
        for sentence in said:
            self._note_safe_mode(sentence)
        return said

    def _send(self, line: bytes) -> None:
        if self._port is not None:
            _write(self._port, line)


def _is_of_another_start(sentence: Sentence, identity: Identity) -> bool:
    """Whether it begins the measurement of a start whose ID didn't arrive."""
    if sentence.type != "BEG":
        return False
    boots = named(sentence)["boots"]
    return boots is not None and boots != identity.boots


def _write(port: serial.Serial, line: bytes) -> None:
    with contextlib.suppress(*PORT_FAILURES):
        port.write(line)  # a port that vanished shows when it is read


def _read_port(port: serial.Serial) -> bytes:
    data: bytes = port.read(max(1, port.in_waiting))
    return data


def _let_go(port: serial.Serial) -> None:
    with contextlib.suppress(*PORT_FAILURES):
        port.close()
