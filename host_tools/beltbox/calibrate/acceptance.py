"""The end of a calibration's dialogue: what was found is accepted, repeated or left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from beltbox.calibrate.box import BoxGoneError, CalibrateBox
from beltbox.calibrate.cards.card import Card, card_lines
from beltbox.calibrate.conversation import LeaveError, Talk, one_of
from beltbox.errors import CalibrationError


def accepted(
    box: CalibrateBox,
    talk: Talk,
    measure: Callable[[], tuple[Card, Sequence[str]]],
    *,
    repeatable: bool = True,
) -> Card:
    """The card that the person accepted, of those that `measure` gives with lines to show below.

    A measurement that came to nothing may be repeated too. Raises CalibrationError, LeaveError.
    """
    while True:
        try:
            card, remarks = measure()
        except BoxGoneError:
            raise
        except CalibrationError as error:
            if talk.scripted or not repeatable:
                raise
            talk.say(str(error), "yellow")
            again_or_leave(box, talk, "Repeat, or leave?", "repeat")
            continue
        talk.say("")
        for line in [*card_lines(card, card.made_at)[:-1], *remarks]:
            talk.say(line, "yellow" if line.startswith("warning") else "")
        talk.say(f"To be set: {' '.join(f'{key}={value}' for key, value in card.settings.items())}")
        # A rail's warnings say what it can't be used for; a belt's, that the laps are no good.
        sound = not (card.part == "belt" and card.warnings)
        if talk.scripted and not sound:
            talk.say("With these warnings only a person, or an answer in a file, can accept it.")
        choice = talk.ask(
            "accept",
            f"Accept, {'repeat ' if repeatable else ''}or leave?",
            one_of("accept", *(("repeat",) if repeatable else ()), "leave", "yes", "no"),
            by_yes="accept" if sound else None,
            idle=box.idle,
        )
        if choice in ("accept", "yes"):
            return card
        if choice != "repeat":
            raise LeaveError


def again_or_leave(box: CalibrateBox, talk: Talk, question: str, again: str) -> None:
    """Ask a person who may only go on or leave. Raises LeaveError."""
    choice = talk.ask("retry", question, one_of(again, "leave"), default=again, idle=box.idle)
    if choice != again:
        raise LeaveError
