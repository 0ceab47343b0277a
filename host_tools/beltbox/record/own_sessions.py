"""The box's own sessions, heard of while one is recorded live, so that a pull lays them over it."""

from __future__ import annotations

from contextlib import suppress

from beltbox.link.box_sessions import box_session
from beltbox.link.link import BoxLink, LinkError
from beltbox.link.wire import Sentence


class HeardSessions:
    """`numbers`: those that began in the measurement which is recorded.

    Numbers rise, so what is above the highest one known is new.
    """

    def __init__(self, link: BoxLink, serial: str) -> None:
        """serial: the box's. Asks which sessions it has by now."""
        self.serial = serial
        self.numbers: list[int] = []
        self._link = link
        self._highest = 0
        self.ask(None)
        self.numbers.clear()

    def ask(self, boots: int | None) -> list[int]:
        """Ask which there are, as some may have begun unheard: the numbers that are new."""
        with suppress(LinkError):
            _, came = self._link.ask("sessions", types=("SES",))
            return [number for one in came if (number := self.take(one, boots)) is not None]
        return []

    def take(self, sentence: Sentence, boots: int | None) -> int | None:
        """A SES came: its number if it is a new session of this start of the box.

        boots: the start that is recorded; None for any.
        """
        session = box_session(sentence)
        if session is None or session.number <= self._highest:
            return None
        if boots is not None and session.boots not in (None, boots):
            return None
        self._highest = session.number
        self.numbers.append(session.number)
        return session.number

    def begin(self) -> None:
        """A measurement begins: what comes lies in that."""
        self.numbers.clear()
