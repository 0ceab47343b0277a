"""Keeping what is measured as sessions: starts and stops them by itself, commits, counts losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import Enum, auto
from typing import Protocol

from beltbox.clock import CLOCK, Clock
from beltbox.link.link import Identity
from beltbox.link.wire import Sentence
from beltbox.record.own_sessions import OwnSessions
from beltbox.record.session_clock import SessionClock, jump_in_words
from beltbox.store.session_writer import SessionWriter
from beltbox.store.store import Store
from beltbox.walk.rows import MetricRow, RawRow
from beltbox.walk.totals import Totals
from beltbox.walk.zone_uncertainty import ZoneUncertainty

# A session starts when the belt has moved a step, and keeps what arrived up to 10 s before.
_START_MM = 150
_KEEP_BEFORE_MS = 10_000
# It ends after a minute of standing still, as the box itself does it, and after two without a box.
STILL_MS = 60_000
GONE_S = 120.0


class Losses(Protocol):
    """How many sentences were lost since the link was opened, as `link.reader` counts them."""

    damaged: int
    missing: int


class Step(Enum):
    """What is to be done after a row."""

    GO_ON = auto()
    START = auto()
    """Start a session."""
    STOP = auto()
    """End the session: the belt has stood still for a minute."""
    BEGIN_ANEW = auto()
    """Ask the box for a new zero, so that a session starts with little standing still."""


class SessionKeeper:
    """Takes the rows of a measurement into sessions, one after another.

    `totals` and `zone_uncertainty` are of the session; before it starts, of the measurement, whose
    rows are kept in memory until then. `session_ids`: those started. Methods raise StoreError.
    """

    def __init__(
        self,
        store: Store | None,
        *,
        starts_at_once: bool = False,
        person: str | None = None,
        own: OwnSessions | None = None,
        clock: Clock = CLOCK,
        clock_was_set: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """Without a store rows are summed up and nothing is kept.

        starts_at_once: start with the first row, and don't end by standing still.
        own: notes the sessions that the box keeps itself; None where it keeps none.
        clock: dates the sessions. clock_was_set: called with words when its time of day jumped.
        """
        self._clock = SessionClock(clock)
        self._clock_was_set = clock_was_set
        # Of the latest live row, or of the zero after it: when it arrived.
        self._heard_s = self._clock.steady_s()
        self._zero_is_new = False  # no live row has arrived since
        self._break_ms = 0  # before the segment's zero
        self.totals = Totals()
        self.zone_uncertainty = ZoneUncertainty()
        self.session_ids: list[int] = []
        self.settings: dict[str, int | str] = {}
        """The box's, for the segments to come."""
        self._store = store
        self._starts_at_once = starts_at_once
        self._person = person
        self._own = own
        self._writer: SessionWriter | None = None
        self._before: list[RawRow | MetricRow] = []
        self._moved_ms = 0  # the measurement's time when the belt last moved
        self._damaged = 0  # what was lost until the latest count
        self._missing = 0

    @property
    def session_id(self) -> int | None:
        """Of the session under way."""
        return None if self._writer is None else self._writer.session_id

    def add_raw(self, row: RawRow) -> None:
        """Take in the next raw row."""
        if self._writer is not None:
            self._writer.add_raw(row)
        elif self._store is not None:
            self._before.append(row)

    def add_metric(self, row: MetricRow) -> None:
        """Take in the next metric row."""
        now_s = self._clock.steady_s()
        if self._writer is not None:
            self._writer.add_metric(row)
            if self._zero_is_new:
                # Its zero may have been earlier: nobody hears the box while it is unplugged.
                unheard_ms = row.t_ms - round(1000 * (now_s - self._heard_s))
                self._writer.set_break(max(0, self._break_ms - max(0, unheard_ms)))
        else:
            self.totals.add(row)
            if self._store is not None:
                self._before.append(row)
        self._heard_s = now_s
        self._zero_is_new = False
        if row.belt_mm_s:
            self._moved_ms = row.t_ms

    def step_after(self, row: MetricRow) -> Step:
        """What is to be done after this row, the latest that was added."""
        if self._store is None:
            return Step.GO_ON
        still_ms = row.t_ms - self._moved_ms
        if self._writer is not None:
            is_over = not self._starts_at_once and still_ms > STILL_MS
            return Step.STOP if is_over else Step.GO_ON
        if self._starts_at_once or (row.distance_mm or 0) >= _START_MM:
            return Step.START
        return Step.BEGIN_ANEW if still_ms > _KEEP_BEFORE_MS else Step.GO_ON

    def start(self, identity: Identity, boots: int, losses: Losses) -> None:
        """Start a session of the box, with the rows kept since the measurement began."""
        if self._store is None:
            raise ValueError("there is no store to keep a session in")
        self._follow_clock()  # what was set before says nothing of this session
        self._writer = writer = self._store.start_session(
            started_at=self._clock.now() - timedelta(milliseconds=self.totals.duration_ms),
            box_name=identity.box_name,
            board=identity.board,
            firmware=identity.firmware,
            protocol=identity.protocol,
            person=self._person,
            serial=identity.serial or (None if self._own is None else self._own.serial),
        )
        self.session_ids.append(writer.session_id)
        self._start_segment("start", boots)
        for row in self._before:
            if isinstance(row, RawRow):
                writer.add_raw(row)
            else:
                writer.add_metric(row)
        self._before.clear()
        self.totals = writer.totals
        self._damaged, self._missing = losses.damaged, losses.missing
        writer.commit()

    def new_zero(self, reason: str, boots: int) -> None:
        """The rows to come count from zero: of a new segment, or of a session yet to start."""
        if self._own is not None:
            self._own.begin()
        self._moved_ms = 0
        if self._writer is None:
            self._before.clear()
            self.totals = Totals()
            self.zone_uncertainty = ZoneUncertainty()
        else:
            self.zone_uncertainty.start_segment()
            self._start_segment(reason, boots)
            now_s = self._clock.steady_s()
            self._break_ms = round(1000 * (now_s - self._heard_s))
            self._writer.set_break(self._break_ms)
            self._heard_s = now_s
            self._zero_is_new = True

    def add_event(self, kind: str, text: str, count: int = 1) -> None:
        """Note it in the session under way, if there is one."""
        if self._writer is not None:
            self._writer.add_event(kind, text, count=count, at=self._clock.now())

    def take_own(self, sentence: Sentence, boots: int) -> None:
        """A SES arrived: note it, if the box has begun a session of its own."""
        if self._own is not None:
            self._add_own([self._own.take(sentence, boots)], boots)

    def ask_own(self, boots: int) -> None:
        """Ask the box which sessions of its own it has begun unheard, and note them."""
        if self._own is not None:
            self._add_own(self._own.ask(boots), boots)

    def commit(self) -> None:
        """Put all that arrived into the store, for good."""
        self._follow_clock()
        if self._writer is not None:
            self._writer.commit()

    def count_losses(self, losses: Losses) -> list[str]:
        """Note what was lost since the latest count, in words for a person, too."""
        texts: list[str] = []
        for kind, count, what in (
            ("damaged", losses.damaged - self._damaged, "came damaged and were skipped"),
            ("gap", losses.missing - self._missing, "are missing"),
        ):
            if self._writer is not None and count > 0:
                texts.append(f"Of the box's sentences {count} {what}.")
                self.add_event(kind, texts[-1], count)
        self._damaged, self._missing = losses.damaged, losses.missing
        return texts

    def finish(self, reason: str) -> None:
        """End the session under way, if there is one. All that arrived is in it."""
        self._follow_clock()
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close(self._clock.now(), reason)

    def _follow_clock(self) -> None:
        """Where the computer's clock was set, the session's moments are set with it."""
        later = self._clock.jump()
        if later is None:
            return
        text = jump_in_words(later)
        if self._writer is not None:
            text += " The start of the session and its moments until now were set with it."
            self._writer.set_moments_later(later)
            self.add_event("clock", text)
        self._clock_was_set(text)

    def _start_segment(self, reason: str, boots: int) -> None:
        if self._writer is None:
            return
        self._writer.start_segment(
            settings=self.settings, boot_count=boots, reason=reason, first_t_us=None
        )
        if self._own is not None:
            self._add_own(self._own.numbers, boots)

    def _add_own(self, numbers: Sequence[int | None], boots: int) -> None:
        """Note that the box keeps the segment under way as these sessions of its own, too."""
        for number in numbers:
            if self._writer is not None and self._own is not None and number is not None:
                about = self._own.about(number)
                self._writer.add_box_session(
                    self._own.serial,
                    number,
                    boots,
                    power=about and about.power,
                    random=about and about.random,
                )
                self._writer.commit()  # without it, rows that are kept would be pulled once more
