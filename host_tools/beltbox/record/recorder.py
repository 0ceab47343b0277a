"""Recording: from a link to sessions in the store. Starts and stops by itself, loses nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from beltbox.errors import StoreError
from beltbox.link.clock import give_time
from beltbox.link.link import BoxLink, LinkError, LinkEvent
from beltbox.link.merge import Merger
from beltbox.link.wire import Sentence, named, raw_row
from beltbox.record.live_state import Now
from beltbox.record.own_sessions import HeardSessions
from beltbox.store.session_writer import SessionWriter
from beltbox.store.store import Store
from beltbox.walk.rows import MetricRow, RawRow
from beltbox.walk.totals import Totals
from beltbox.walk.uncertainty import Uncertainty
from beltbox.walk.zone_uncertainty import ZoneUncertainty

# A session starts when the belt has moved a step, and keeps what came up to 10 s before.
_START_MM = 150
_KEEP_BEFORE_MS = 10_000
# It ends after a minute of standing still, as the box itself does it.
STILL_MS = 60_000
_GONE_S = 120.0
_COMMIT_S = 1.0
_TOTALS_S = 1.5
_BEGIN_S = 3.0
_OVERTIME_S = 2.0
_QUICK_TRIES = 2  # of commands that are asked again a second later, or aren't essential
_ROWS = ("RAW", "NOW", "DST", "ZON")
_SOME = 5  # live sentences of a second without a raw row


class Recorder:
    """Takes what a link gives into sessions. `now` is for a view; `sessions` the ids recorded."""

    def __init__(
        self,
        link: BoxLink,
        store: Store | None,
        *,
        seconds: float | None = None,
        once: bool = False,
        person: str | None = None,
        own: HeardSessions | None = None,
        show: Callable[[Now], None] = lambda _now: None,
        tell: Callable[[str], None] = lambda _text: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Without a store nothing is kept: a live view.

        seconds: start at once and stop after so many of the box's seconds, or as many here.
        once: stop after the first session. stop: asked often; true ends the recording well.
        own: what hears of the box's own sessions; None where it keeps none.
        """
        self.now = Now()
        self.sessions: list[int] = []
        self._link = link
        self._store = store
        self._seconds = seconds
        self._once = once
        self._person = person
        self._own = own
        self._show = show
        self._tell = tell
        self._stop = stop
        self._writer: SessionWriter | None = None
        self._merger = Merger()
        self._settings: dict[str, int | str] = {}
        self._settings_hash = ""
        self._boots = 0
        self._before: list[RawRow | MetricRow] = []
        self._moved_ms = 0  # the measurement's time when the belt last moved
        self._committed_at = 0.0
        self._gone_at: float | None = None  # unplugged or silent since then
        self._seen_damaged = 0
        self._seen_missing = 0
        self._ended = False
        self._begun_at: float | None = None  # when `begin` was asked for; None once it is heard of
        self._was_reset = False
        self._resume_due = False
        self._raw_is_whole = False  # raw rows come from the measurement's zero on
        self._heard = {"RAW": 0, "NOW": 0}  # since the last second

    @property
    def box_s(self) -> float:
        """How long the box has measured since the recorder began anew, in its own time."""
        return self.now.totals.duration_ms / 1000

    def run(self) -> None:
        """Listen until stopped. Raises BeltBoxError; whatever was recorded until then is kept."""
        started = time.monotonic()
        try:
            self._prepare()
            for item in self._link.listen():
                if item is not None:
                    self._take(item)
                self._every_second()
                if self._ended or self._stop() or self._time_is_up(started):
                    break
            self._last_totals()
        except BaseException:
            with suppress(StoreError):  # what went wrong first is to be told
                self._finish("error")
            raise
        self._finish("stopped")

    def _prepare(self) -> None:
        self._learn_settings()
        if self._link.identity is not None:
            self._settings_hash = self._link.identity.settings_hash
            self._boots = self._link.identity.boots
        self._link.command("raw", int(self._store is not None))
        self._link.command("stream", 1)
        # A box that has just started began by itself, too: that isn't the beginning meant here.
        self._link.drop_waiting(("BEG", *_ROWS))
        self._begun_at = time.monotonic()
        self._link.command("begin")

    def _begin(self) -> None:
        self._begun_at = time.monotonic()
        self._ask("begin")

    def _ask(self, verb: str, *arguments: object) -> bool:
        """A command that the recording can do without for now: whether it was answered."""
        try:
            self._link.command(verb, *arguments, tries=_QUICK_TRIES)
        except LinkError as error:
            self._note("note", str(error))
            return False
        return True

    def _learn_settings(self) -> None:
        identity = self._link.identity
        if identity is not None:
            self.now.box_name = identity.box_name
        self.now.path = self._link.path
        self._settings = self._link.settings()
        self.now.sure = Uncertainty(self._settings)

    def _take(self, item: Sentence | LinkEvent) -> None:
        if isinstance(item, LinkEvent):
            self._happened(item)
        elif item.type == "BEG":
            self._new_measurement(item)
        elif self._begun_at is not None and self._writer is None and item.type in _ROWS:
            pass  # still of the measurement before, whose session has ended
        elif item.type == "RAW":
            self._heard["RAW"] += 1
            row = raw_row(item)
            if row is None or not self._raw_is_whole:
                return  # computed again, they would give other numbers
            if self._writer is not None:
                self._writer.add_raw(row)
            elif self._store is not None:
                self._before.append(row)
        elif item.type in ("NOW", "DST", "ZON"):
            metric = self._merger.take(item)
            if metric is not None:
                self._heard["NOW"] += 1
                self._measured(metric)
        elif item.type == "SES":
            if self._own is not None:
                self._note_own([self._own.take(item, self._boots)])
        elif item.type == "LOG":
            self._note("note", f"The box says: {item.values[0]}")
        elif item.type == "" and self._writer is not None:
            self._writer.add_event("console", str(item.values[0]))

    def _measured(self, row: MetricRow) -> None:
        now = self.now
        if now.row is not None and row.t_ms < now.row.t_ms:
            # Its BEG was damaged, so the rows don't tell where they began: begin once more.
            self._from_zero("begin")
            self._raw_is_whole = False
            self._resume_due = True
        now.row = row
        now.sure.take(row, now.doubt)
        if self._writer is not None:
            self._writer.add_metric(row)
            now.totals = self._writer.totals
        else:
            now.totals.add(row)
            if self._store is not None:
                self._before.append(row)
        if row.belt_mm_s:
            self._moved_ms = row.t_ms
        self._show(now)
        self._start_or_stop(row)

    def _start_or_stop(self, row: MetricRow) -> None:
        if self._store is None:
            return
        if self._writer is None:
            if self._seconds is not None or (row.distance_mm or 0) >= _START_MM:
                self._start(self._store)
            elif row.t_ms - self._moved_ms > _KEEP_BEFORE_MS:
                # Nobody walks: begin anew, so that little stillness stands before the first step.
                self._begin()
        elif self._seconds is None and row.t_ms - self._moved_ms > STILL_MS:
            self._finish("still for a minute")
            self._ended = self._once
            if not self._ended:
                self._begin()

    def _start(self, store: Store) -> None:
        identity = self._link.identity
        if identity is None:
            raise LinkError(f"The box at {self._link.path} doesn't say who it is.")
        before_ms = self.now.totals.duration_ms
        self._writer = store.start_session(
            started_at=datetime.now(UTC) - timedelta(milliseconds=before_ms),
            box_name=identity.box_name,
            board=identity.board,
            firmware=identity.firmware,
            protocol=identity.protocol,
            person=self._person,
            serial=None if self._own is None else self._own.serial,
        )
        self.sessions.append(self._writer.session_id)
        self.now.session_id = self._writer.session_id
        self._start_segment("start")
        for row in self._before:
            if isinstance(row, RawRow):
                self._writer.add_raw(row)
            else:
                self._writer.add_metric(row)
        self._before.clear()
        self._seen_damaged = self._link.reader.damaged
        self._seen_missing = self._link.reader.missing
        self._writer.commit()
        self._tell(f"Recording session {self._writer.session_id}.")

    def _start_segment(self, reason: str) -> None:
        if self._writer is not None:
            self._writer.start_segment(
                settings=self._settings,
                boot_count=self._boots,
                reason=reason,
                first_t_us=None,
            )
            if self._own is not None:
                self._note_own(self._own.numbers)

    def _note_own(self, numbers: Sequence[int | None]) -> None:
        for number in numbers:
            if self._writer is not None and self._own is not None and number is not None:
                self._writer.add_box_session(self._own.serial, number, self._boots)
                self._writer.commit()  # without it, rows that are kept would be pulled once more

    def _new_measurement(self, sentence: Sentence) -> None:
        """All sums are at zero again: by a command, or because the box was reset."""
        # A box that was reset begins with raw off; what it was asked for comes after.
        self._raw_is_whole = not self._was_reset
        fields = named(sentence)
        boots = fields["boots"]
        if isinstance(boots, int) and boots != self._boots:
            # Its ID was damaged: the box was reset, and sends no raw rows now.
            self._was_reset = True
            self._raw_is_whole = self._begun_at is not None
            self._resume_due |= not self._raw_is_whole
            self._boots = boots
            self._note("reset", "The box was reset.")
        settings_hash = str(fields["settings_hash"])
        if settings_hash != self._settings_hash:
            self._relearn_settings(settings_hash)
        self._from_zero("reset" if self._was_reset else "begin")
        self._was_reset = False
        if self._raw_is_whole:  # else it was the box's own, and the one asked for is on its way
            self._begun_at = None

    def _relearn_settings(self, settings_hash: str) -> None:
        try:
            self._learn_settings()
        except LinkError as error:
            self._note("note", str(error))
            self._resume_due = True  # the next BEG says again that they are others
        else:
            self._settings_hash = settings_hash

    def _from_zero(self, reason: str) -> None:
        self._merger = Merger()
        if self._own is not None:
            self._own.begin()
        self._moved_ms = 0
        self.now.row = None
        if self._writer is None:
            self._before.clear()
            self.now.totals = Totals()
            self.now.doubt = ZoneUncertainty()
        else:
            self.now.doubt.start_segment()
            self._start_segment(reason)

    def _happened(self, event: LinkEvent) -> None:
        self._note(event.kind, event.text)
        now = self.now
        now.connected = event.kind != "unplugged"
        now.silent = event.kind == "silent"
        now.path = self._link.path
        if event.kind in ("unplugged", "silent"):
            self._gone_at = time.monotonic()
        else:
            self._gone_at = None
        if self._writer is not None:
            self._writer.commit()
        if event.kind == "reset":
            # Its own BEG is on the way, too: what it counted since is a segment of its own.
            self._was_reset = True
            if self._link.identity is not None:
                self._boots = self._link.identity.boots
            with suppress(LinkError):  # it may have been without power, and so without the time
                give_time(self._link)
        if event.kind in ("returned", "heard"):
            self._merger = Merger()  # its sums are of before
            if self._own is not None:
                self._note_own(self._own.ask(self._boots))
        # A session that ended meanwhile must not run on in the next.
        ended = self._writer is None and event.kind in ("returned", "heard")
        if ended or event.kind in ("reset", "returned"):
            self._resume(begin=ended or event.kind == "reset")
        self._show(now)

    def _resume(self, *, begin: bool) -> None:
        """Have the raw rows again, from a zero if the box lost its own."""
        self._resume_due = True
        if not self._ask("raw", int(self._store is not None)) or not self._ask("stream", 1):
            return
        if begin:
            self._begin()
        self._resume_due = False

    def _note(self, kind: str, text: str) -> None:
        self._tell(text)
        if self._writer is not None:
            self._writer.add_event(kind, text)

    def _every_second(self) -> None:
        at = time.monotonic()
        if at - self._committed_at < _COMMIT_S:
            return
        self._committed_at = at
        self._count_losses()
        if self._writer is not None:
            self._writer.commit()
        now = self.now
        if self._gone_at is None:
            self._keep_it_sending(at)
        else:
            self._show(now)
            if at - self._gone_at > _GONE_S and self._writer is not None:
                self._finish("the box was gone" if now.connected else "the box was unplugged")
                self._ended = self._once or self._seconds is not None

    def _keep_it_sending(self, at: float) -> None:
        """Ask again for what doesn't come although it should."""
        if self._store is not None and self._heard["NOW"] > _SOME and not self._heard["RAW"]:
            self._raw_is_whole = False  # somebody turned them off
            self._resume_due = True
        self._heard = {"RAW": 0, "NOW": 0}
        if self._resume_due:
            self._resume(begin=True)
        elif self._begun_at is None:
            if not self._raw_is_whole:
                self._begin()
        elif at - self._begun_at > _BEGIN_S:
            self._begin()

    def _count_losses(self) -> None:
        reader = self._link.reader
        now = self.now
        now.good, now.damaged, now.missing = reader.good, reader.damaged, reader.missing
        if self._writer is not None:
            if reader.damaged > self._seen_damaged:
                count = reader.damaged - self._seen_damaged
                self._note_count("damaged", count, "came damaged and were skipped")
            if reader.missing > self._seen_missing:
                count = reader.missing - self._seen_missing
                self._note_count("gap", count, "are missing")
        self._seen_damaged, self._seen_missing = reader.damaged, reader.missing

    def _note_count(self, kind: str, count: int, what: str) -> None:
        text = f"Of the box's sentences {count} {what}."
        self._tell(text)
        if self._writer is not None:
            self._writer.add_event(kind, text, count=count)

    def _time_is_up(self, started: float) -> bool:
        if self._seconds is None:
            return False
        return (
            self.now.totals.duration_ms >= 1000 * self._seconds
            or time.monotonic() - started >= self._seconds + _OVERTIME_S
        )

    def _last_totals(self) -> None:
        """Ask for the sums of this very moment, and leave the box as quiet as it was."""
        if not self.now.connected or self.now.silent:
            return
        with suppress(LinkError):
            if self._store is None or self._writer is not None:
                self._link.command("totals", tries=_QUICK_TRIES)
                self._take_totals()
            self._link.command("raw", 0, tries=_QUICK_TRIES)

    def _take_totals(self) -> None:
        deadline = time.monotonic() + _TOTALS_S
        zones_ms: object = None
        for item in self._link.listen():
            if isinstance(item, Sentence):
                self._take(item)
                if item.type == "ZON":
                    zones_ms = named(item)["t_ms"]
                if item.type == "NOW" and named(item)["t_ms"] == zones_ms is not None:
                    return
            if time.monotonic() > deadline:
                return

    def _finish(self, reason: str) -> None:
        self._count_losses()
        writer = self._writer
        self._writer = None
        self.now.session_id = None
        if writer is not None:
            writer.close(datetime.now(UTC), reason)
