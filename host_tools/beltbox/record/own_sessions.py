"""The sessions that the box keeps itself while one is recorded: a pull fills its gaps from them."""

from __future__ import annotations

from contextlib import suppress

from beltbox.link.box_sessions import BoxSession, box_session
from beltbox.link.link import BoxLink, LinkError
from beltbox.link.wire import Sentence


class OwnSessions:
    """`numbers`: the box's sessions that began in the measurement which is recorded.

    The box counts its sessions up, so a number above the highest one known is a new session.
    """

    def __init__(self, link: BoxLink, serial: str) -> None:
        """Ask the box which sessions it has by now. serial: the number of its chip."""
        self.serial = serial
        self.numbers: list[int] = []
        self._link = link
        self._highest = 0
        self._told: dict[int, BoxSession] = {}
        self.ask(None)
        self.numbers.clear()

    def ask(self, boots: int | None) -> list[int]:
        """Ask for the box's list, as a sentence may have been lost: the numbers that are new."""
        with suppress(LinkError):
            _, sentences = self._link.ask("sessions", types=("SES",))
            numbers = [self.take(sentence, boots) for sentence in sentences]
            return [number for number in numbers if number is not None]
        return []

    def take(self, sentence: Sentence, boots: int | None) -> int | None:
        """The number in a SES sentence, if it is a new session of this start of the box.

        boots: the start that is recorded; None for any.
        """
        session = box_session(sentence)
        if session is None or session.number <= self._highest:
            return None
        if boots is not None and session.boots not in (None, boots):
            return None
        self._highest = session.number
        self.numbers.append(session.number)
        self._told[session.number] = session
        return session.number

    def about(self, number: int) -> BoxSession | None:
        """What the box said of the session when it was first heard of."""
        return self._told.get(number)

    def begin(self) -> None:
        """A measurement begins: the sessions to come lie in it."""
        self.numbers.clear()
