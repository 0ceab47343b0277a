"""What a recording asks of the box: rows, a zero to count from, and its sums at the end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from beltbox.link.box_settings import read_settings
from beltbox.link.link import BoxLink, LinkError
from beltbox.link.wire import Sentence, named
from beltbox.record.measurement import ROW_TYPES, Measurement

_LAST_TOTALS_S = 1.5
_QUICK_TRIES = 2  # of commands that are asked again a second later, or aren't essential


class BoxRequests:
    """Sends commands to the box, and tells the measurement what was asked and answered.

    A LinkError becomes a note where the recording can do without the answer for now.
    """

    def __init__(
        self,
        link: BoxLink,
        measurement: Measurement,
        *,
        wants_raw: bool,
        note: Callable[[str, str], None],
        now_s: Callable[[], float],
    ) -> None:
        """wants_raw: raw rows are asked for, too. note: gets kind and text. now_s: see Recorder."""
        self._link = link
        self._measurement = measurement
        self._wants_raw = wants_raw
        self._note = note
        self._now_s = now_s

    def start(self) -> None:
        """Ask for rows and a zero for the first time, settings being known. Raises LinkError."""
        identity = self._link.identity
        if identity is not None:
            self._measurement.take_identity(identity.boots, identity.settings_hash)
        self._link.command("raw", int(self._wants_raw))
        self._link.command("stream", 1)
        # A box that has just started began by itself, too: that isn't the beginning meant here.
        self._link.drop_waiting(("BEG", *ROW_TYPES))
        self._measurement.begin_asked(self._now_s())
        self._link.command("begin")

    def rows(self, *, begin: bool) -> None:
        """Ask for rows again; begin: and then for a zero."""
        answered = self._ask("raw", int(self._wants_raw)) and self._ask("stream", 1)
        if answered and begin:
            self.begin()
        self._measurement.rows_asked_for(answered=answered)

    def settings(self, settings_hash: str) -> dict[str, int | str] | None:
        """The box's settings, which have this hash now; None without an answer."""
        try:
            settings = read_settings(self._link)
        except LinkError as error:
            self._note("note", str(error))
            self._measurement.settings_learnt(None)
            return None
        self._measurement.settings_learnt(settings_hash)
        return settings

    def begin(self) -> None:
        """Ask for a new zero."""
        self._measurement.begin_asked(self._now_s())
        self._ask("begin")

    def last_totals(self, take: Callable[[Sentence], None]) -> None:
        """Ask for the sums of this very moment; `take` gets all that arrives until they are here.

        They are here when a NOW has the same time as the ZON before it. Without an answer it gives
        up after a moment.
        """
        with suppress(LinkError):
            self._link.command("totals", tries=_QUICK_TRIES)
            until_s = self._now_s() + _LAST_TOTALS_S
            zones_ms: object = None
            for item in self._link.listen():
                if isinstance(item, Sentence):
                    take(item)
                    if item.type == "ZON":
                        zones_ms = named(item)["t_ms"]
                    if item.type == "NOW" and named(item)["t_ms"] == zones_ms is not None:
                        return
                if self._now_s() > until_s:
                    return

    def stop(self) -> None:
        """Leave the box as quiet as it was."""
        with suppress(LinkError):
            self._link.command("raw", 0, tries=_QUICK_TRIES)

    def _ask(self, verb: str, *arguments: object) -> bool:
        try:
            self._link.command(verb, *arguments, tries=_QUICK_TRIES)
        except LinkError as error:
            self._note("note", str(error))
            return False
        return True
