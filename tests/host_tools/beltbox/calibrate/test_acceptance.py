"""Accept, repeat or leave: what a person may answer to a calibration, and a script."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from beltbox.calibrate.acceptance import accepted
from beltbox.calibrate.arithmetic.line_fit import Part
from beltbox.calibrate.box import BoxGoneError
from beltbox.calibrate.cards.card import Card
from beltbox.calibrate.conversation import Keyboard, LeaveError, Talk
from beltbox.errors import CalibrationError

CARD = Card(
    part="belt",
    made_at=datetime(2026, 3, 1, tzinfo=UTC),
    serial="",
    box_name="b",
    firmware="1",
    method="laps",
    settings={"belt_nm_per_count": 100},
    fixed=(),
    relative=(Part("tape", 0.001),),
)


class FakeBox:
    def idle(self) -> None:
        """Nothing comes."""


class Measured:
    """Gives cards of 1, 2, 3 … nm a count, or raises what stands in their place."""

    def __init__(self, *instead: Exception | None) -> None:
        self.times = 0
        self._instead = instead

    def __call__(self):
        self.times += 1
        error = self._instead[self.times - 1] if self.times <= len(self._instead) else None
        if error is not None:
            raise error
        return replace(CARD, settings={"belt_nm_per_count": self.times}), ["and this"]


def end(measured: Measured, typed: str | None, **options) -> tuple[Card, str]:
    out = io.StringIO()
    talk = Talk(
        Console(file=out, width=200),
        yes=typed is None,
        keyboard=None if typed is None else Keyboard(io.StringIO(typed)),
    )
    try:
        card = accepted(FakeBox(), talk, measured, **options)  # pyright: ignore[reportArgumentType]
    except Exception as error:
        error.add_note(out.getvalue())
        raise
    return card, out.getvalue()


def test_a_card_is_shown_and_accepted():
    card, said = end(Measured(), "accept\n")
    assert card.settings == {"belt_nm_per_count": 1}
    assert "and this" in said
    assert "To be set: belt_nm_per_count=1" in said


def test_it_is_measured_again_as_often_as_wished():
    measured = Measured()
    card, _ = end(measured, "repeat\n\nwhat\nr\ny\n")
    assert (measured.times, card.settings) == (3, {"belt_nm_per_count": 3})


def test_yes_accepts():
    assert end(Measured(), None)[0].settings == {"belt_nm_per_count": 1}


def test_yes_doesnt_accept_a_belt_whose_laps_are_odd():
    odd = replace(CARD, warnings=("lap 2 slipped",))
    with pytest.raises(CalibrationError, match="Nobody answers") as refused:
        end(lambda: (odd, []), None)
    assert "only a person, or an answer in a file, can accept it" in refused.value.__notes__[0]
    assert end(lambda: (odd, []), "accept\n")[0] == odd


@pytest.mark.parametrize("typed", ["leave\n", "q\n", "no\n", "n\n"])
def test_leaving(typed):
    with pytest.raises(LeaveError):
        end(Measured(), typed)


def test_what_came_to_nothing_may_be_repeated():
    card, said = end(Measured(CalibrationError("The weights are odd.")), "\naccept\n")
    assert card.settings == {"belt_nm_per_count": 2}
    assert "The weights are odd." in said
    with pytest.raises(LeaveError):
        end(Measured(CalibrationError("odd")), "leave\n")


def test_what_cant_be_repeated():
    with pytest.raises(CalibrationError, match="odd"):
        end(Measured(CalibrationError("odd")), None)
    with pytest.raises(CalibrationError) as unrepeated:
        end(Measured(CalibrationError("odd")), "repeat\n", repeatable=False)
    assert unrepeated.value.args == ("odd",)  # `match` would look into the notes too
    with pytest.raises(BoxGoneError, match="gone"):
        end(Measured(BoxGoneError("gone")), "repeat\n")
    with pytest.raises(LeaveError) as caught:
        end(Measured(), "repeat\nleave\n", repeatable=False)
    assert "'repeat' isn't one of: accept, leave, yes, no" in " ".join(caught.value.__notes__)
