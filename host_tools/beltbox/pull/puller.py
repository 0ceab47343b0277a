"""Bringing home what a box kept by itself: read, check, store, and only then let go of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from beltbox.errors import BeltBoxError, LinkError
from beltbox.link.box_sessions import (
    BLOCK_BYTES,
    KEPT,
    PART_BYTES,
    UNDER_WAY,
    VERSION,
    Block,
    BlockError,
    BoxSession,
    box_session,
    decode_block,
    follows,
    stated_crc,
)
from beltbox.link.box_settings import read_settings
from beltbox.link.clock import give_time
from beltbox.link.health import Health, ask_health
from beltbox.link.link import BoxLink, CommandRefusedError
from beltbox.link.wire import Sentence, named
from beltbox.pull.box_store import (
    Arrival,
    BoxStore,
    Known,
    Origin,
    find,
    is_of_its_time,
    of_this_flash,
)
from beltbox.record.store_queue import when_taken
from beltbox.store.store import Store

# Blocks in one `read`: a second and a half, so that Ctrl-C is soon heard.
_BLOCKS_AT_ONCE = 30
_PARTS = -(-BLOCK_BYTES // PART_BYTES)
# The first time and three more.
_TRIES = 4
_BUSY_S = 15.0
_QUICK_TRIES = 2
_BLOCK_S = 10


class PullError(BeltBoxError):
    """Sessions couldn't be brought from the box."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A session that came."""

    session_id: int
    """In the store."""
    number: int
    """On the box."""
    filled_s: int | None
    """Seconds filled into a session that was recorded live; None for one of its own."""
    damaged_blocks: int


@dataclass(slots=True)
class Pulled:
    """What a pull did, also when it ended early."""

    brought: list[Brought] = field(default_factory=list[Brought])
    here: int = 0
    """Sessions that were in the store already."""
    under_way: int | None = None
    """The number of a session that hasn't ended."""
    dropped: list[int] = field(default_factory=list[int])
    """Those that the box had to drop while it was asked."""
    left: int = 0
    """Those that are still to be brought, because it was stopped."""
    newer: list[BoxSession] = field(default_factory=list[BoxSession])
    """Those of a newer firmware, which can't be read here and stay on the box."""

    def why_newer(self) -> list[str]:
        """A sentence for each of `newer`."""
        return [
            f"Session {session.number} on the box was written by newer firmware (format "
            f"{session.version}; this beltbox reads {VERSION}): it stays there. Update beltbox, "
            "and pull again."
            for session in self.newer
        ]


class Puller:
    """Pulls once. `pulled` says what is done, at any time."""

    def __init__(
        self,
        link: BoxLink,
        store: Store,
        *,
        tell: Callable[[str], None] = lambda _text: None,
        progress: Callable[[int, int], None] = lambda _done, _of: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """progress(done, of): blocks. stop: asked often; true ends it soon, with nothing half."""
        self.pulled = Pulled()
        self._link = link
        self._store: BoxStore = BoxStore(store.database)
        self._tell = tell
        self._progress = progress
        self._stop = stop
        self._blocks_done = 0
        self._blocks_of = 0

    def run(self) -> Pulled:
        """Bring all that is lacking. Raises BeltBoxError; what was stored until then is kept.

        Leaves the box as after its start: `stream` on, `raw` off.
        """
        health = ask_health(self._link)
        identity = self._link.identity
        if health is None or identity is None:
            raise self._too_old()
        wrong_clock = give_time(self._link)
        if wrong_clock is not None:
            raise PullError(f"{wrong_clock} Then pull again: nothing was brought yet.")
        origin = Origin(
            serial=health.serial,
            box_name=identity.box_name,
            board=identity.board,
            firmware=identity.firmware,
            protocol=identity.protocol,
        )
        try:
            self._link.command("raw", 0)
            self._link.command("stream", 0)
            self._bring(origin, health)
        finally:
            with suppress(LinkError):
                self._link.command("stream", 1, tries=_QUICK_TRIES)
        return self.pulled

    def _bring(self, origin: Origin, health: Health) -> None:
        sessions = self._sessions()
        known = self._store.known(origin.serial)
        boots = 0 if self._link.identity is None else self._link.identity.boots
        starts = start_times(
            sessions,
            of_this_flash(sessions, known, boots),
            datetime.now(UTC) - timedelta(seconds=health.uptime_s),
        )
        matches = {session.number: find(session, known) for session in sessions}
        wanted: list[BoxSession] = []
        for session in sessions:
            match = matches[session.number]
            if session.state == UNDER_WAY:
                self.pulled.under_way = session.number
            elif session.is_newer:
                self.pulled.newer.append(session)
            elif session.blocks and not (match and match.pulled and self._is_here(session, match)):
                wanted.append(session)
        self._blocks_of = sum(session.blocks for session in wanted)
        if wanted:
            self._tell(f"Bringing {self._blocks_of} blocks of ten seconds …")
        settings = read_settings(self._link) if wanted else {}
        now_hash = self._link.identity and self._link.identity.settings_hash
        for index, session in enumerate(wanted):
            self.pulled.left = len(wanted) - index
            arrival = self._read(session)
            if arrival is None:
                if self._stop():
                    return
                self.pulled.dropped.append(session.number)
                continue
            match = matches[session.number]
            filled_s = None
            if match is not None and not match.pulled:
                session_id = match.session_id
                filled_s = self._stored(partial(self._store.lay_over, match, arrival))
            else:
                started_at, dated = starts[session.number]
                session_id = self._stored(
                    partial(
                        self._store.add,
                        origin,
                        arrival,
                        started_at=started_at,
                        dated=dated,
                        settings=settings if session.settings_hash == now_hash else None,
                    )
                )
            self.pulled.brought.append(Brought(session_id, session.number, filled_s, arrival.lost))
            self._acknowledge(session)
        self.pulled.left = 0

    def _stored(self, write: Callable[[], int]) -> int:
        """Have it in the store, which another program may have locked for a while."""
        return when_taken(write, tell=self._tell, stop=self._stop, clock=self._link.clock)

    def _is_here(self, session: BoxSession, match: Known) -> bool:
        """Whether the store has this very session; if so, the box may drop it."""
        if session.state == KEPT or not is_of_its_time(session, match):
            # Nothing is let go of, or left there, that isn't known for sure to be the same.
            data = self._blocks(session.number, range(1)).get(0)
            if data is None or stated_crc(data) != match.first_crc:
                return False
            if session.state == KEPT:
                self._acknowledge(session)
        self.pulled.here += 1
        return True

    def _acknowledge(self, session: BoxSession) -> None:
        # The box has dropped it already; or it can't note it, and then says so at the next pull.
        with suppress(CommandRefusedError):
            self._ask("ack", session.number, session.blocks)

    def _read(self, session: BoxSession) -> Arrival | None:
        """The whole session; None when the box dropped it meanwhile, or at a stop."""
        blocks: list[Block] = []
        first_crc = None
        for start in range(0, session.blocks, _BLOCKS_AT_ONCE):
            if self._stop():
                return None
            wanted = range(start, min(start + _BLOCKS_AT_ONCE, session.blocks))
            arrived = self._blocks(session.number, wanted)
            if not arrived:
                return None
            if start == 0:
                first_crc = stated_crc(arrived[0])
            for index in wanted:
                with suppress(BlockError):
                    block = decode_block(arrived[index])
                    if follows(blocks[-1] if blocks else None, block):
                        blocks.append(block)
            self._blocks_done += len(wanted)
            self._progress(self._blocks_done, self._blocks_of)
        lost = session.blocks - len(blocks)
        if lost:
            self._tell(
                f"Session {session.number} of the box: {lost} of its {session.blocks} blocks are "
                "damaged on its flash. The rest is kept."
            )
        return Arrival(session, blocks, lost, first_crc)

    def _blocks(self, number: int, wanted: range) -> dict[int, bytes]:
        """The bytes of a session's blocks; none at all when the box has dropped the session.

        What came damaged is asked for again. What then still is so is given as it is: it is
        damaged on the flash. Raises PullError when parts never come.
        """
        parts: dict[int, dict[int, bytes]] = {index: {} for index in wanted}
        for _ in range(_TRIES):
            missing = [index for index in wanted if not _is_sound(parts[index])]
            for first, count in _runs(missing):
                try:
                    _, sentences = self._ask("read", number, first, count)
                except CommandRefusedError as error:
                    if error.is_kind("no_session"):
                        return {}
                    raise
                for sentence in sentences:
                    _take(sentence, number, parts)
            if not missing:
                break
        for index in wanted:
            if len(parts[index]) < _PARTS:
                raise PullError(
                    f"Block {index} of the box's session {number} came damaged {_TRIES} times. "
                    "Try another cable or port, and pull again: what was brought is kept."
                )
        return {index: _joined(parts[index]) for index in wanted}

    def _sessions(self) -> list[BoxSession]:
        """All that are on the box, the oldest first."""
        for _ in range(_TRIES):
            try:
                count, sentences = self._ask("sessions")
            except CommandRefusedError as error:
                if error.is_kind("unknown_verb"):
                    raise self._too_old() from error
                raise
            by_number: dict[int, BoxSession] = {}
            for sentence in sentences:
                session = box_session(sentence)
                if session is not None:
                    by_number[session.number] = session
            if count.isdigit() and len(by_number) >= int(count):
                return [by_number[number] for number in sorted(by_number)]
        raise PullError(
            f"The list of sessions of the box at {self._link.path} arrives damaged, {_TRIES} times "
            "now. Try another cable or port, and pull again."
        )

    def _ask(self, verb: str, *arguments: object) -> tuple[str, list[Sentence]]:
        """Ask; wait while the box is still answering somebody who went away."""
        deadline = self._link.clock.now_s() + _BUSY_S
        while True:
            try:
                return self._link.ask(verb, *arguments, types=("SES", "BLK"))
            except CommandRefusedError as error:
                if not error.is_kind("busy") or self._link.clock.now_s() > deadline:
                    raise
            for item in self._link.listen():
                if item is None:
                    break  # it has said all

    def _too_old(self) -> PullError:
        identity = self._link.identity
        version = identity.firmware if identity is not None else "?"
        return PullError(
            f"The box at {self._link.path} has firmware {version}, which keeps no sessions by "
            "itself. Put the firmware of this BeltBox on it: beltbox flash."
        )


def start_times(
    sessions: Sequence[BoxSession], known: Sequence[Known], powered_at: datetime
) -> dict[int, tuple[datetime, bool]]:
    """When each session began, and whether that is a date.

    One without a date began before everything known of a later number, before this power-up
    (`powered_at`), and so much before as it and those between took: that moment is given, so that
    the order of moments is the order of numbers.
    """
    later = powered_at
    stored = {session.number: session.started_at for session in known}
    starts: dict[int, tuple[datetime, bool]] = {}
    by_number = {session.number: session for session in sessions}
    for number in sorted({*stored, *by_number}, reverse=True):
        session = by_number.get(number)
        if number in stored:
            later = min(later, stored[number])
        if session is None:
            continue
        if session.started_s is not None:
            started_at = datetime.fromtimestamp(session.started_s, UTC)
            starts[number] = started_at, True
            later = min(later, started_at)
        else:
            # All blocks but the last are full.
            if number not in stored:
                later -= timedelta(seconds=_BLOCK_S * max(0, session.blocks - 1) + 1)
            starts[number] = later, False
    return starts


def _take(sentence: Sentence, number: int, parts: dict[int, dict[int, bytes]]) -> None:
    """A BLK came: put its part where it belongs."""
    if sentence.type != "BLK":
        return
    values = named(sentence)
    block, part = values["block"], values["part"]
    if values["session"] != number or not isinstance(block, int) or not isinstance(part, int):
        return
    with suppress(binascii.Error):
        data = base64.b64decode(str(values["data"]), validate=True)
        if block in parts and 0 <= part < _PARTS:
            parts[block][part] = data


def _joined(parts: dict[int, bytes]) -> bytes:
    return b"".join(parts[part] for part in range(_PARTS))


def _is_sound(parts: dict[int, bytes]) -> bool:
    if len(parts) < _PARTS:
        return False
    try:
        decode_block(_joined(parts))
    except BlockError:
        return False
    return True


def _runs(indexes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """1, 2, 3, 7 as (1, 3), (7, 1)."""
    start = 0
    for place in range(1, len(indexes) + 1):
        if place == len(indexes) or indexes[place] != indexes[place - 1] + 1:
            yield indexes[start], place - start
            start = place
