"""Which zero the box's rows belong to, when a new one begins, and what must be asked again.

Pure: it is given what arrives and, where time matters, what time it is; it returns decisions, and
never touches a port, a clock or a store. A *measurement* is what the box counts from one zero on:
after `begin` or a reset all its sums are at zero again. The recorder asks for a zero of its own, so
that the raw rows it keeps start where the sums do and give the same numbers when computed again.
"""

from __future__ import annotations

from dataclasses import dataclass

from beltbox.link.merge import Merger
from beltbox.link.wire import Sentence, named, raw_row
from beltbox.record.plausible import LiveTime, RawTime, Verdict
from beltbox.walk.rows import MetricRow, RawRow

ROW_TYPES = ("RAW", "NOW", "DST", "ZON")
"""The sentences that rows are made of."""

_BEGIN_S = 3.0  # after which `begin` is asked again, if no BEG has answered it
_ENOUGH_LIVE_ROWS = 5  # within a second: raw rows are off if not one came among them
_ENOUGH_RAW_ROWS = 20  # within a second: live rows are off if not one came among them
_QUIET_S = 2  # in which neither came: both are off, or the box is silent
# So many raw rows in a row without a live one are kept: twelve seconds of a box. More are a fault,
# and would fill memory and store.
_RAW_WITHOUT_LIVE_MOST = 1000


@dataclass(frozen=True, slots=True)
class NewZero:
    """The rows after this one count from zero. reason: "begin" or "reset", as in a segment."""

    reason: str


@dataclass(frozen=True, slots=True)
class LearnSettings:
    """The box has other settings now; they hold from the zero that follows."""

    settings_hash: str


@dataclass(frozen=True, slots=True)
class AskForRows:
    """Ask the box to send raw and live rows (again). begin: then ask it for a new zero, too."""

    begin: bool


@dataclass(frozen=True, slots=True)
class AskToBegin:
    """Ask the box for a new zero."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be noted in the session, as an event of this kind."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Disbelieve:
    """So many sentences that were sound by their checksum can't be true: they count as damaged."""

    count: int


Decision = (
    NewZero | LearnSettings | AskForRows | AskToBegin | Note | Disbelieve | RawRow | MetricRow
)
"""What to do, in the order of the list. A row: it belongs to the present zero, and is to be kept.

After LearnSettings and AskForRows the outcome is reported: `settings_learnt`, `rows_asked_for`.
"""


class Measurement:
    """The measurement under way. `boots`: which start of the box it belongs to."""

    def __init__(self, *, wants_raw: bool) -> None:
        """wants_raw: raw rows are asked for, so that they must arrive."""
        self.boots = 0
        self._wants_raw = wants_raw
        self._settings_hash = ""
        self._merger = Merger()
        self._live_time = LiveTime()
        self._raw_time = RawTime()
        self._live_gap = self._raw_gap = False  # something is missing since the latest row
        self._is_astray = False  # what arrives can't be of this zero: the next one is waited for
        self._begin_asked_s: float | None = None  # None once a BEG has answered
        self._was_reset = False  # and the BEG of the reset is on its way
        self._zero_is_gone = False  # rows that come before the next BEG count from another one
        self._rows_due = False
        self._raw_from_zero = False  # raw rows arrive, and did so from the zero on
        self._raw_count = 0  # since the last second
        self._live_count = 0
        self._raw_since_live = 0
        self._quiet_s = 0

    def take_identity(self, boots: int, settings_hash: str) -> None:
        """Which start of the box this is, and the hash of the settings that are known."""
        self.boots = boots
        self._settings_hash = settings_hash

    def begin_asked(self, now_s: float) -> None:
        """`begin` is being asked at this time: rows until its BEG are of the zero before."""
        self._begin_asked_s = now_s

    def rows_asked_for(self, *, answered: bool) -> None:
        """How AskForRows went; without an answer it is decided again a second later."""
        self._rows_due = not answered

    def settings_learnt(self, settings_hash: str | None) -> None:
        """How LearnSettings went: the hash of the settings now known, None without an answer.

        Without one a new zero is asked for, whose BEG says again that the settings differ.
        """
        if settings_hash is None:
            self._rows_due = True
        else:
            self._settings_hash = settings_hash

    def take(self, sentence: Sentence, *, in_session: bool) -> list[Decision]:
        """What follows from a sentence.

        in_session: a session is being recorded, which goes on over a new zero. Without one, rows
        that arrive before the zero asked for are of a session that has ended, and are dropped.
        """
        self.note_loss(sentence)
        if sentence.type == "BEG":
            return self._take_begin(sentence)
        if sentence.type not in ROW_TYPES or (self._begin_asked_s is not None and not in_session):
            return []
        if sentence.type == "RAW":
            return self._take_raw(sentence)
        return self._take_live(sentence)

    def note_loss(self, sentence: Sentence) -> None:
        """Note whether sentences are missing before this one, of whichever type it is."""
        if sentence.lost_before:
            self._live_gap = self._raw_gap = True
            self._merger.note_gap()

    def take_event(
        self, kind: str, *, boots: int, in_session: bool, settings_hash: str | None = None
    ) -> list[Decision]:
        """What follows from a link event of this kind.

        boots, settings_hash: what the box's latest ID said; None for the settings known here.
        """
        is_back = kind in ("returned", "heard")
        is_reset = kind == "reset"
        decisions: list[Decision] = []
        if is_reset:
            # The box sends a BEG of its own, too: what it counts from there is a segment by itself.
            self._was_reset = True
            self.boots = boots
        if is_back:
            self._merger = Merger()  # its sums are from before
            self._live_gap = self._raw_gap = True
        has_other_settings = settings_hash not in (None, self._settings_hash)
        if has_other_settings and (is_back or is_reset):
            # Set by another computer while the box was away, with a BEG that wasn't heard here.
            decisions.append(LearnSettings(settings_hash))
        if is_reset or decisions:
            self._zero_is_gone = True
            self._raw_from_zero = False
        # A session that ended meanwhile must not run on in the next.
        is_stale = (is_back and not in_session) or self._zero_is_gone
        if is_stale or kind == "returned":
            decisions.append(AskForRows(begin=is_stale))
        return decisions

    def each_second(self, now_s: float) -> list[Decision]:
        """Once a second while the box is there: ask again for what doesn't arrive as it should."""
        if self._wants_raw and self._live_count > _ENOUGH_LIVE_ROWS and not self._raw_count:
            self._raw_from_zero = False  # somebody turned them off
            self._rows_due = True
        is_stream_off = not self._live_count and self._raw_count > _ENOUGH_RAW_ROWS
        self._quiet_s = 0 if self._live_count or self._raw_count else self._quiet_s + 1
        is_quiet = self._quiet_s == _QUIET_S and self._live_time.latest_ms is not None
        self._raw_count = self._live_count = 0
        if self._rows_due:
            return [AskForRows(begin=True)]
        if self._begin_asked_s is None and self._raw_from_zero and (is_stream_off or is_quiet):
            return [AskForRows(begin=False)]  # somebody turned them off; the zero is still the same
        if self._begin_asked_s is None:
            return [] if self._raw_from_zero else [AskToBegin()]
        return [AskToBegin()] if now_s - self._begin_asked_s > _BEGIN_S else []

    def _take_begin(self, sentence: Sentence) -> list[Decision]:
        """All sums are at zero again: by a command, or because the box was reset."""
        decisions: list[Decision] = []
        # A box that was reset begins with raw rows off; the zero asked for comes after.
        self._raw_from_zero = not self._was_reset
        fields = named(sentence)
        boots = fields["boots"]
        if isinstance(boots, int) and boots != self.boots:
            # It was reset, and its ID was damaged. If no `begin` was asked, raw rows are off now.
            self._was_reset = True
            self._raw_from_zero = self._begin_asked_s is not None
            self._rows_due |= not self._raw_from_zero
            self.boots = boots
            decisions.append(Note("reset", "The box was reset."))
        settings_hash = str(fields["settings_hash"])
        if settings_hash != self._settings_hash:
            decisions.append(LearnSettings(settings_hash))
        decisions.append(self._new_zero("reset" if self._was_reset else "begin"))
        self._raw_since_live = 0
        self._was_reset = False
        if self._raw_from_zero:  # else it was the box's own, and the one asked for is on its way
            self._begin_asked_s = None
        return decisions

    def _take_raw(self, sentence: Sentence) -> list[Decision]:
        self._raw_count += 1
        row = raw_row(sentence)
        # Without the rows from the zero on, they would give other numbers when computed again.
        if row is None or not self._raw_from_zero:
            return []
        self._raw_since_live += 1
        if self._raw_since_live > _RAW_WITHOUT_LIVE_MOST:
            self._raw_from_zero = False
            return []
        is_gap, self._raw_gap = self._raw_gap, False
        verdict = self._raw_time.take(row, is_gap=is_gap)
        decisions: list[Decision] = []
        if self._raw_time.refuted:
            decisions.append(Disbelieve(self._raw_time.refuted))
        if verdict is Verdict.SET_BACK:
            self._raw_from_zero = False
        elif verdict is Verdict.BELIEVED:
            if self._raw_time.confirmed is not None:
                decisions.append(self._raw_time.confirmed)
            decisions.append(row)
        return decisions

    def _take_live(self, sentence: Sentence) -> list[Decision]:
        row = self._merger.take(sentence)
        decisions: list[Decision] = []
        if self._merger.refuted:
            decisions.append(Disbelieve(self._merger.refuted))
            self._merger.refuted = 0
        if self._merger.is_foreign and not self._is_astray:
            decisions += self._go_astray()
        if row is None:
            return decisions
        self._live_count += 1
        self._raw_since_live = 0
        if self._is_astray:
            return decisions
        is_gap, self._live_gap = self._live_gap, False
        latest_ms = self._live_time.latest_ms
        is_earlier = is_gap and latest_ms is not None and row.t_ms < latest_ms
        if is_earlier or self._zero_is_gone:
            # Time went back where sentences are missing, or the box was reset or set anew while it
            # was away: there was a zero whose BEG wasn't heard. Where it was isn't known: raw rows
            # need another one.
            decisions.append(self._new_zero("reset" if self._was_reset else "begin"))
            self._raw_from_zero = False
            self._rows_due = True
        verdict = self._live_time.take(row, is_gap=is_gap)
        refuted = self._live_time.refuted + (verdict in (Verdict.FALSE, Verdict.SET_BACK))
        if refuted:
            decisions.append(Disbelieve(refuted))
        if verdict is Verdict.SET_BACK:
            decisions += self._go_astray()
        elif verdict is Verdict.BELIEVED:
            if self._live_time.confirmed is not None:
                decisions.append(self._live_time.confirmed)
            decisions.append(row)
        return decisions

    def _go_astray(self) -> list[Decision]:
        """What the box sends can't be of this zero: nothing more is credited until the next one."""
        self._is_astray = True
        self._raw_from_zero = False
        self._rows_due = True
        return [Note("note", "The box's time or its sums leapt: it is asked to measure anew.")]

    def _new_zero(self, reason: str) -> NewZero:
        self._merger = Merger(from_zero=True)
        self._live_time = LiveTime()
        self._raw_time = RawTime()
        self._is_astray = False
        self._zero_is_gone = False
        return NewZero(reason)
