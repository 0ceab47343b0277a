"""The dialogue that calibrates a rail: its zero, weights on and off, places along it, the card."""

from __future__ import annotations

import statistics

from beltbox.calibrate.acceptance import accepted, again_or_leave
from beltbox.calibrate.arithmetic.rail_line import LoadPoint, weights_problem
from beltbox.calibrate.arithmetic.rail_loads import Misfit, RailLoads
from beltbox.calibrate.arithmetic.steadiness import Reading
from beltbox.calibrate.box import BoxGoneError, CalibrateBox
from beltbox.calibrate.cards.card import Card
from beltbox.calibrate.conversation import Talk, kilograms, yes_or_no
from beltbox.calibrate.rail_card import RailPlan, rail_card
from beltbox.calibrate.settling import Awaited, settle
from beltbox.errors import CalibrationError

PLACES = ("front end", "middle", "rear end")

_ZERO_S = 5.0


class RailDialogue:
    """One side's calibration, to be repeated as often as the person likes."""

    def __init__(self, box: CalibrateBox, talk: Talk, side: str, plan: RailPlan) -> None:
        self._box = box
        self._talk = talk
        self._side = side
        self._plan = plan
        self._loads = self._no_loads()
        self._empty: dict[str, Reading] = {}

    def run(self) -> Card:
        """The card that the person accepted. Raises CalibrationError, LeaveError."""
        return accepted(self._box, self._talk, self._measure)

    def _no_loads(self) -> RailLoads:
        nn = int(self._box.settings[f"rail_{self._side}_nn_per_count"])
        return RailLoads(nn * 1e-9)

    def _measure(self) -> tuple[Card, list[str]]:
        weights = self._weights()
        self._zero()
        points = self._loads.points
        for kg in weights:
            self._refuse_too_heavy(kg)
            points.append(self._hang(kg, "up", f"hang {kg:g} kg on the {self._side} rail"))
        if self._plan.unload:
            for kg in reversed(weights[:-1]):
                words = f"take weights off, until {kg:g} kg hang on the {self._side} rail"
                points.append(self._hang(kg, "down", words))
        points.append(self._take_off())
        self._mend()
        share = self._position(max(weights))
        points = self._loads.in_order()
        card = rail_card(self._box, self._side, self._plan, points, self._empty, share)
        return card, []

    def _weights(self) -> list[float]:
        weights = list(self._plan.weights)
        if not weights:
            weights = self._talk.ask(
                "weights",
                f"Which weights will hang on the {self._side} rail, in kg in all each time, the "
                "lightest first (such as 5,10,20)?",
                _weights,
                idle=self._box.idle,
            )
            # "2,5" may have been meant as two and a half.
            self._talk.say(f"    in turn: {', '.join(f'{kg:g} kg' for kg in weights)}")
        if problem := self._over_label(max(*weights, self._plan.position_kg or 0.0)):
            raise CalibrationError(f"{problem}. Leave it out.")
        return weights

    def _zero(self) -> None:
        self._talk.say(
            f"Hands off the rails, nothing on them: {_ZERO_S:.0f} s for their zero. No key is "
            "needed: a weight is read once it hangs still."
        )
        self._loads = self._no_loads()
        self._empty = {}
        self._empty = self._settle(f"the empty {self._side} rail", seconds=_ZERO_S)
        zero = self._empty[self._side]
        self._loads.points.append(LoadPoint(0.0, zero.counts, zero.u_counts, "up"))

    def _hang(self, kg: float, way: str, words: str) -> LoadPoint:
        self._talk.say(f"Now {words}.", "bold")
        reading = self._settle(words, awaited=self._loads.awaits(kg))[self._side]
        self._talk.say(f"    {kg:g} kg: {reading.counts:.0f} ± {2 * reading.u_counts:.0f} counts")
        if kg and (reads := self._loads.reads_otherwise(kg, reading.counts)):
            self._talk.say(f"    Taken all the same, though it {reads}.", "yellow")
        return LoadPoint(kg, reading.counts, reading.u_counts, way)

    def _take_off(self) -> LoadPoint:
        return self._hang(0.0, "down", f"take everything off the {self._side} rail")

    def _settle(
        self, words: str, *, seconds: float = 3.0, awaited: Awaited = lambda _counts: ""
    ) -> dict[str, Reading]:
        """As `settle`; when it was waited for in vain, a person may try again."""
        while True:
            try:
                return settle(
                    self._box,
                    self._talk,
                    self._side,
                    n_per_count=self._loads.n_per_count,
                    awaited=awaited,
                    what=words,
                    limit_s=self._plan.wait_s,
                    seconds=seconds,
                    empty=self._empty or None,
                )
            except BoxGoneError:
                raise
            except CalibrationError as error:
                if self._talk.scripted:
                    raise
                self._talk.say(str(error), "yellow")
                again_or_leave(self._box, self._talk, "Try again, or leave?", "again")

    def _refuse_too_heavy(self, kg: float) -> None:
        limit_kg = self._loads.range_ends_kg()
        if limit_kg is not None and kg > limit_kg:
            raise CalibrationError(
                f"{kg:g} kg is more than the {limit_kg:.0f} kg at which the amplifier's range "
                "ends, as the weights before imply. Leave it out, and check that the weights "
                "before were typed right."
            )

    def _mend(self) -> None:
        """Have readings that disagree with the others put right, or refuse them."""
        while misfits := self._loads.misfits(self._plan.tolerance):
            disagree = f"The weights disagree: {'; '.join(misfit.words for misfit in misfits)}."
            if self._talk.scripted:
                raise CalibrationError(f"{disagree} Was one of them hung or typed wrong?")
            self._talk.say(disagree, "yellow")
            if len(misfits) > 1:
                self._talk.say("One that was right is answered with its own kg.")
            answers = [(misfit, self._really(misfit)) for misfit in misfits]
            if all(kg == misfit.kg for misfit, kg in answers):
                raise CalibrationError(
                    "The weights disagree, and each is said to have been right. Does something "
                    "else touch the rail, or did it slip?"
                )
            self._loads.hung_instead([(misfit, kg) for misfit, kg in answers if kg is not None])
            for misfit in (misfit for misfit, kg in answers if kg is None):
                again = self._hang(
                    misfit.kg, "up", f"hang {misfit.kg:g} kg on the {self._side} rail"
                )
                self._loads.hung_again(misfit, again, self._take_off())

    def _really(self, misfit: Misfit) -> float | None:
        """The kg that hung there; None: it is to be hung again."""

        def kg_or_again(text: str) -> float | None:
            if text.lower() == "again":
                return None
            weights = _weights(text)
            if len(weights) != 1:
                raise ValueError("type one weight in kg, or `again`")
            kg = weights[0]
            if problem := self._over_label(kg):
                raise ValueError(problem)
            return kg

        return self._talk.ask(
            "mend",
            f"What really hung there for {misfit.kg:g} kg? Its kg, or `again` to hang "
            f"{misfit.kg:g} kg again",
            kg_or_again,
            default="again",
            idle=self._box.idle,
        )

    def _over_label(self, kg: float) -> str:
        """Why so much can't hang on this cell, in words; empty if it can."""
        label_kg = self._plan.label_kg
        if label_kg is None or kg <= label_kg:
            return ""
        return (
            f"{kg:g} kg is more than the {label_kg:g} kg of the cell's label, and would bend it "
            "for ever"
        )

    def _position(self, heaviest_kg: float) -> float | None:
        """Half of what the place on the rail changes, of the force; None if it isn't measured."""
        kg = self._plan.position_kg
        if kg is None:
            wanted = self._talk.ask(
                "positions",
                "Measure what the place on the rail changes, at three places? (yes or no)",
                yes_or_no,
                default="no",
                idle=self._box.idle,
            )
            if not wanted:
                return None
            kg = heaviest_kg
        self._refuse_too_heavy(kg)
        responses: list[float] = []
        before = self._loads.points[-1]
        for place in PLACES:
            point = self._hang(kg, "up", f"hang {kg:g} kg at the {place} of the {self._side} rail")
            after = self._take_off()
            responses.append(point.counts - (before.counts + after.counts) / 2)
            before = after
        return abs((max(responses) - min(responses)) / 2 / statistics.fmean(responses))


def _weights(text: str) -> list[float]:
    weights = kilograms(text)
    if problem := weights_problem(weights):
        raise ValueError(problem)
    return weights
