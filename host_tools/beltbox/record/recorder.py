"""Recording: joins a link, its measurement, the sessions that are kept, and the views."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

from beltbox.clock import CLOCK, Clock
from beltbox.errors import StoreError
from beltbox.link.box_settings import read_settings
from beltbox.link.clock import give_time
from beltbox.link.link import BoxLink, LinkError, LinkEvent
from beltbox.link.wire import Sentence
from beltbox.record.box_requests import BoxRequests
from beltbox.record.live_state import LiveState
from beltbox.record.measurement import (
    AskForRows,
    AskToBegin,
    Decision,
    Disbelieve,
    LearnSettings,
    Measurement,
    NewZero,
    Note,
)
from beltbox.record.own_sessions import OwnSessions
from beltbox.record.session_keeper import GONE_S, SessionKeeper, Step
from beltbox.record.view import View, Views
from beltbox.store.store import Store
from beltbox.walk.rows import MetricRow, RawRow

_COMMIT_S = 1.0
_OVERTIME_S = 2.0
_TEXTS_A_SECOND = 50  # a traceback has fewer lines


class Recorder:
    """Takes what a link gives into sessions, and shows it.

    `state` is what views show; `sessions` are the ids in the store that were recorded.
    """

    def __init__(
        self,
        link: BoxLink,
        store: Store | None,
        *,
        seconds: float | None = None,
        once: bool = False,
        person: str | None = None,
        own: OwnSessions | None = None,
        views: Iterable[View] = (),
        stop: Callable[[], bool] = lambda: False,
        now_s: Callable[[], float] = time.monotonic,
        clock: Clock = CLOCK,
    ) -> None:
        """Without a store nothing is kept: a live view, which ends when its last view fails.

        seconds: start at once and stop after so many of the box's seconds, or as many here.
        once: stop after the first session. stop: asked often; true ends the recording well.
        own: notes the sessions that the box keeps itself; None where it keeps none.
        views: open ones; see Views for what happens when one fails.
        now_s: a clock in seconds that never goes back, for all that is waited for.
        clock: dates what is recorded.
        """
        self.state = LiveState()
        self._link = link
        self._store = store
        self._seconds = seconds
        self._once = once
        self._stop = stop
        self._now_s = now_s
        self._keeper = SessionKeeper(
            store,
            starts_at_once=seconds is not None,
            person=person,
            own=own,
            clock=clock,
            clock_was_set=self._clock_was_set,
        )
        self._views = Views(
            views, report=partial(self._keeper.add_event, "note"), keep_one=store is None
        )
        self._measurement = Measurement(wants_raw=store is not None)
        self._requests = BoxRequests(
            link, self._measurement, wants_raw=store is not None, note=self._note, now_s=now_s
        )
        self._second_began_s = 0.0
        self._gone_since_s: float | None = None  # unplugged or silent
        self._time_is_due = False  # to the box, as this computer's clock was set
        self._ended = False
        self._text_count = 0  # lines of text from the box since the last second

    @property
    def sessions(self) -> Sequence[int]:
        """The ids of the sessions that were started."""
        return self._keeper.session_ids

    @property
    def box_s(self) -> float:
        """How long the box has measured since the recorder began anew, in its own time."""
        return self.state.totals.duration_ms / 1000

    def run(self) -> None:
        """Listen until stopped. Raises BeltBoxError; whatever was recorded until then is kept."""
        started_s = self._now_s()
        try:
            self._take_settings(read_settings(self._link))
            self._requests.start()
            for item in self._link.listen():
                if item is not None:
                    self._take(item)
                self._each_second()
                if self._ended or self._stop() or self._time_is_up(started_s):
                    break
            self._leave()
        except BaseException:
            with suppress(StoreError):  # the first error is the one to report
                self._finish("error")
            raise
        self._finish("stopped")

    def _take_settings(self, settings: dict[str, int | str]) -> None:
        self._keeper.settings = settings
        self.state.take_settings(settings)
        self.state.path = self._link.path
        if self._link.identity is not None:
            self.state.box_name = self._link.identity.box_name

    def _take(self, item: Sentence | LinkEvent) -> None:
        if isinstance(item, LinkEvent):
            self._take_event(item)
            return
        self._measurement.note_loss(item)
        if item.type == "SES":
            self._keeper.take_own(item, self._measurement.boots)
        elif item.type in ("LOG", ""):
            self._take_text(item)
        else:
            self._carry_out(self._measurement.take(item, in_session=self._in_session))

    def _take_text(self, item: Sentence) -> None:
        """Note what the box says; of a flood of it only so much a second is kept."""
        self._text_count += 1
        if self._text_count > _TEXTS_A_SECOND:
            return
        if item.type == "LOG":
            self._note("note", f"The box says: {item.values[0]}")
        else:
            self._keeper.add_event("console", str(item.values[0]))

    def _note_left_out(self) -> None:
        left_out, self._text_count = self._text_count - _TEXTS_A_SECOND, 0
        if left_out > 0:
            self._note("note", f"The box says more than is kept: {left_out} lines were left out.")

    def _take_event(self, event: LinkEvent) -> None:
        self._note(event.kind, event.text)
        if event.kind == "another":
            return  # this recording's box is as far away as before
        state = self.state
        state.connected = event.kind != "unplugged"
        state.silent = event.kind == "silent"
        state.path = self._link.path
        self._gone_since_s = None if state.is_heard else self._now_s()
        self._keeper.commit()
        identity = self._link.identity
        boots = self._measurement.boots if identity is None else identity.boots
        decisions = self._measurement.take_event(
            event.kind,
            boots=boots,
            settings_hash=None if identity is None else identity.settings_hash,
            in_session=self._in_session,
        )
        if event.kind == "reset" or (self._time_is_due and state.is_heard):
            self._give_time()  # it may have been without power, and so without the time
        if event.kind in ("returned", "heard"):
            self._keeper.ask_own(self._measurement.boots)
        self._carry_out(decisions)
        self._views.show(state)

    def _carry_out(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            match decision:
                case RawRow():
                    self._keeper.add_raw(decision)
                case MetricRow():
                    self._take_metric(decision)
                case NewZero(reason):
                    self.state.row = None
                    self._keeper.new_zero(reason, self._measurement.boots)
                    self._show_sums()
                case LearnSettings(settings_hash):
                    settings = self._requests.settings(settings_hash)
                    if settings is not None:
                        self._take_settings(settings)
                case AskForRows(begin):
                    self._requests.rows(begin=begin)
                case AskToBegin():
                    self._requests.begin()
                case Disbelieve(count):
                    for _ in range(count):
                        self._link.reader.disbelieve()
                case Note(kind, text):
                    self._note(kind, text)

    def _take_metric(self, row: MetricRow) -> None:
        state = self.state
        state.row = row
        state.uncertainty.take(row, self._keeper.zone_uncertainty)
        self._keeper.add_metric(row)
        self._show_sums()
        self._views.show(state)
        step = self._keeper.step_after(row)
        if step is Step.START:
            self._start()
        elif step is Step.STOP:
            self._finish("still for a minute")
            self._ended = self._once
        if step is Step.BEGIN_ANEW or (step is Step.STOP and not self._ended):
            self._requests.begin()

    def _show_sums(self) -> None:
        self.state.totals = self._keeper.totals
        self.state.zone_uncertainty = self._keeper.zone_uncertainty

    @property
    def _in_session(self) -> bool:
        return self._keeper.session_id is not None

    def _start(self) -> None:
        identity = self._link.identity
        if identity is None:
            raise LinkError(f"The box at {self._link.path} doesn't say who it is.")
        self._keeper.start(identity, self._measurement.boots, self._link.reader)
        self.state.session_id = self._keeper.session_id
        self._views.notify(f"Recording session {self.state.session_id}.")

    def _finish(self, reason: str) -> None:
        self._note_left_out()
        self._count_losses()
        self.state.session_id = None
        self._keeper.finish(reason)

    def _note(self, kind: str, text: str) -> None:
        self._views.notify(text)
        self._keeper.add_event(kind, text)

    def _clock_was_set(self, text: str) -> None:
        self._views.notify(text)
        self._time_is_due = True
        if self._gone_since_s is None:
            self._give_time()

    def _give_time(self) -> None:
        with suppress(LinkError):
            give_time(self._link)
            self._time_is_due = False

    def _each_second(self) -> None:
        now_s = self._now_s()
        if now_s - self._second_began_s < _COMMIT_S:
            return
        self._second_began_s = now_s
        self._note_left_out()
        self._count_losses()
        self._keeper.commit()
        if self._gone_since_s is None:
            self._carry_out(self._measurement.each_second(now_s))
            return
        self._views.show(self.state)
        if self._in_session and now_s - self._gone_since_s > GONE_S:
            connected = self.state.connected
            self._finish("the box was gone" if connected else "the box was unplugged")
            self._ended = self._once or self._seconds is not None

    def _count_losses(self) -> None:
        reader, state = self._link.reader, self.state
        state.good, state.damaged, state.missing = reader.good, reader.damaged, reader.missing
        repeated, state.repeated = reader.repeated - state.repeated, reader.repeated
        if repeated > 0:
            text = f"Of the box's sentences {repeated} arrived twice and were taken once."
            self._keeper.add_event("repeated", text, count=repeated)
        for text in self._keeper.count_losses(reader):
            self._views.notify(text)

    def _time_is_up(self, started_s: float) -> bool:
        if self._seconds is None:
            return False
        here_s = self._now_s() - started_s
        return self.box_s >= self._seconds or here_s >= self._seconds + _OVERTIME_S

    def _leave(self) -> None:
        """Take the sums of this very moment, and leave the box as quiet as it was."""
        if self._gone_since_s is None:
            if self._in_session or self._store is None:
                self._requests.last_totals(self._take)
            self._requests.stop()
