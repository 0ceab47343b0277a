"""Between a recording and its store: what the store doesn't take for a while waits in memory.

A walk can't be repeated. So nothing that goes wrong with a store ends a recording: not another
program's lock (a backup, a database browser), nor a disk that is full, nor a server that is away.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from beltbox import units
from beltbox.clock import CLOCK, Clock
from beltbox.errors import StoreError
from beltbox.store.session_writer import SessionWriter
from beltbox.store.waiting_file import write_waiting

LIMIT_BYTES = 64 << 20
"""Memory for what waits: about 20 hours of a belt and two rails, as rows are packed."""

# The port must be read several times a second, so a lock is hardly waited for …
_PATIENCE_S = 0.2
# … but is asked again each second. A store that needs long to refuse is asked less often.
_AGAIN_S = 1.0
_SHARE = 20
# At the end there is no port to read any more.
_LAST_PATIENCE_S = 5.0
_REMIND_S = 60.0
_WORTH_NOTING_S = 2.0
# For what needs no port, such as a session that was pulled.
_GIVE_UP_S = 600.0

_Result = TypeVar("_Result")


class StoreQueue:
    """The sessions of one recording on their way into the store."""

    def __init__(
        self,
        where: str,
        *,
        notify: Callable[[str], None] = lambda _text: None,
        now_s: Callable[[], float] = time.monotonic,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        """where: the store, in words. notify: shows a line to a person."""
        self._where = where
        self._notify = notify
        self._now_s = now_s
        self._limit_bytes = limit_bytes
        self._writers: list[SessionWriter] = []  # the latest, and those with anything pending
        self._error: StoreError | None = None  # why the store takes nothing
        self._since_s = 0.0
        self._again_s = 0.0
        self._remind_s = 0.0

    def add(self, writer: SessionWriter) -> None:
        """A session begins."""
        self._writers.append(writer)

    @property
    def waiting(self) -> str:
        """What waits and why, in a line; empty while the store takes everything."""
        if self._error is None:
            return ""
        rows = sum(writer.pending_rows for writer in self._writers)
        return (
            f"{self._error.brief}; {rows} rows of "
            f"{units.format_duration(self._now_s() - self._since_s)} wait in memory"
        )

    def commit(self) -> None:
        """Put all that is pending into the store, or try it again, at most once a second.

        Raises StoreError when the memory for what waits is used up; it is in a file then.
        """
        if self._error is not None and self._now_s() < self._again_s:
            return
        began_s = self._now_s()
        try:
            self._write(_PATIENCE_S)
        except StoreError as error:
            self._refused(error, began_s)
        else:
            self._taken()

    def leave(self) -> None:
        """At the recording's end: a last try, and then into a file beside the store.

        Raises StoreError, which names that file and says how to bring it in.
        """
        try:
            self._write(_LAST_PATIENCE_S)
        except StoreError as error:
            self._put_beside(error)
        self._taken()

    def _write(self, patience_s: float) -> None:
        for writer in self._writers:
            writer.commit(patience_s)
        del self._writers[:-1]

    def _refused(self, error: StoreError, began_s: float) -> None:
        now_s = self._now_s()
        took_s = now_s - began_s - _PATIENCE_S
        self._again_s = now_s + max(_AGAIN_S, _SHARE * took_s)
        if self._error is None:
            self._since_s, self._remind_s = began_s, now_s + _REMIND_S
            self._notify(
                f"Waiting: {error.brief}. The recording goes on: what is measured waits in memory, "
                "and is written as soon as that is possible."
            )
        self._error = error
        if now_s >= self._remind_s:
            self._remind_s = now_s + _REMIND_S
            self._notify(f"Still waiting: {self.waiting}.")
        if sum(writer.pending_bytes for writer in self._writers) > self._limit_bytes:
            self._put_beside(error)

    def _taken(self) -> None:
        error, self._error = self._error, None
        if error is None:
            return
        waited_s = self._now_s() - self._since_s
        took = units.format_duration(waited_s)
        self._notify(f"The store takes everything again. Nothing is lost: it waited for {took}.")
        if waited_s >= _WORTH_NOTING_S and self._writers:
            self._writers[-1].add_event(
                "note",
                f"For {took} {error.brief}. What was measured waited in memory; nothing is lost.",
            )
            with suppress(StoreError):
                self._write(_PATIENCE_S)

    def _put_beside(self, error: StoreError) -> None:
        pending = [writer for writer in self._writers if writer.is_pending]
        for writer in pending:  # what ended before keeps its own reason
            writer.end(datetime.now(UTC), "the store took nothing any more")
        rows = sum(writer.pending_rows for writer in pending)
        self._writers.clear()
        self._error = None
        left = f"{rows} rows" if rows else "the end of the session"
        what = f"{error.brief[0].upper()}{error.brief[1:]}, for "
        what += f"{units.format_duration(self._now_s() - self._since_s)} now"
        try:
            path = write_waiting(pending, self._where, datetime.now(UTC))
        except StoreError as problem:
            raise StoreError(f"{what}. {rows} rows of the recording are lost. {problem}") from error
        raise StoreError(
            f"{what}. What it didn't take of the recording, {left}, is in {path}. Bring it "
            f"in when the store can be written again: beltbox store add {path} "
            f"--store {self._where}",
            brief=error.brief,
        ) from error


def when_taken(
    write: Callable[[], _Result],
    *,
    tell: Callable[[str], None],
    stop: Callable[[], bool] = lambda: False,
    clock: Clock = CLOCK,
) -> _Result:
    """What `write` gives, once the store takes it: it is tried each second, for ten minutes.

    For what nobody must wait for. Raises StoreError where it is never taken, or at a stop.
    """
    began_s = clock.now_s()
    is_told = False
    while True:
        try:
            return write()
        except StoreError as error:
            if stop() or clock.now_s() - began_s > _GIVE_UP_S:
                raise
            if not is_told:
                tell(f"Waiting: {error.brief}. It is tried again each second; Ctrl-C ends it.")
                is_told = True
            clock.sleep(_AGAIN_S)
