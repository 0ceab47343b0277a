"""The dialogue that calibrates a rail: diagnosis, zero, weights on and off, the line, the card."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from beltbox.calibrate_box import CalibrateBox, CalibrationError, LinkLostError
from beltbox.calibrate_talk import LeaveError, Talk, numbers, one_of, positive, yes_or_no
from beltbox.calibrate_wait import Awaited, settle
from beltbox.card import Card, card_lines, rail_points
from beltbox.doctor import SECONDS, examine
from beltbox.findings import judge
from beltbox.rail_line import (
    STANDARD_GRAVITY,
    LoadPoint,
    RailLine,
    disagreeing,
    rail_line,
    rail_warnings,
    range_kg,
    setting_problem,
    weights_problem,
)
from beltbox.steady import Reading

PROVISIONAL_NN = 230_000
"""nN a count of a common cell (hardware/README.md): enough to have an unknown one driven."""
PLACES = ("front end", "middle", "rear end")

_ZERO_S = 5.0
# A first weight shows by so much of what it would do to a cell as the settings have it: the cell
# may be 20 times less sensitive, and a hand that tidies up is not taken for a weight.
_SEEN_SHARE = 0.05
_SEEN_SIGMAS = 20.0
_NOTHING_SHARE = 0.03
_PLAUSIBLE_SHARE = 0.15
# Looks (four a second) at a steady reading that fits no weight, until it is taken all the same.
_INSISTING_LOOKS = 20
_EMPTY_SHARE = 0.05
# The 80 forces of a second lie within some five of their standard deviations, which is 0.4 of a
# sample's (beltcore.rails): what the box's own `tare` finds.
_SPREAD = 5 * 0.4
_NOISE_MOST_MN = 50_000


@dataclass(frozen=True, slots=True)
class RailPlan:
    """What was asked for."""

    weights: tuple[float, ...] = ()
    """kg that hang in all each time, ascending; empty: ask."""
    tolerance: float = 0.01
    """Of the weights, a share."""
    unload: bool = True
    """Read also while weights come off, for the hysteresis."""
    position_kg: float | None = None
    """A weight for the pass along the rail; None: ask."""
    label_kg: float | None = None
    label_mv_v: float | None = None
    temperature_c: float | None = None
    wait_s: float = 120.0


def drive(box: CalibrateBox, sides: Sequence[str]) -> None:
    """See to it that the box reads these sides' cells. Undone unless kept."""
    box.change(
        {
            key: PROVISIONAL_NN
            for key in (f"rail_{side}_nn_per_count" for side in sides)
            if not box.settings[key]
        }
    )


def diagnose(
    box: CalibrateBox, talk: Talk, sides: Sequence[str], show: Callable[[float], None]
) -> None:
    """Ten seconds with nobody at the rails; a bad cell isn't calibrated unless someone insists.

    Raises CalibrationError, LeaveError.
    """
    box.quiet()
    seen = examine(box.link, seconds=SECONDS, show=show)
    if seen.events:
        raise LinkLostError(f"{seen.events[0]} Nothing of this calibration is stored.")
    subjects = [f"{side} cell" for side in sides]
    found = [one for one in judge(seen) if one.subject in subjects]
    for one in found:
        style = {"good": "green", "note": "", "bad": "bold red"}[one.level]
        talk.say(f"{one.subject}: {one.text}", style)
        if one.level == "bad":
            talk.say(f"    {one.advice}")
    if not any(one.level == "bad" for one in found):
        return
    if talk.scripted:
        raise CalibrationError(
            "A cell that isn't sound can't be calibrated. Nothing of it was stored. Mend it; "
            "beltbox doctor says when it is."
        )
    if not talk.ask(
        "anyway", "Calibrate it all the same? (yes or no)", yes_or_no, default="no", idle=box.idle
    ):
        raise LeaveError


class RailDialogue:
    """One side's calibration, to be repeated as often as the person likes."""

    def __init__(self, box: CalibrateBox, talk: Talk, side: str, plan: RailPlan) -> None:
        self._box = box
        self._talk = talk
        self._side = side
        self._plan = plan
        self._points: list[LoadPoint] = []
        self._empty: dict[str, Reading] = {}
        self._noise_counts = 0.0

    def run(self) -> Card:
        """The card that the person accepted. Raises CalibrationError, LeaveError."""
        talk = self._talk
        while True:
            card = self._measure()
            talk.say("")
            for line in card_lines(card, card.made_at)[:-1]:
                talk.say(line, "yellow" if line.startswith("warning") else "")
            talk.say(
                f"To be set: {' '.join(f'{key}={value}' for key, value in card.settings.items())}"
            )
            choice = talk.ask(
                "accept",
                "Accept, repeat or leave?",
                one_of("accept", "yes", "repeat", "leave", "no"),
                by_yes="accept",
                idle=self._box.idle,
            )
            if choice in ("accept", "yes"):
                return card
            if choice != "repeat":
                raise LeaveError

    def _measure(self) -> Card:
        weights = self._weights()
        self._zero()
        for kg in weights:
            self._refuse_too_heavy(kg)
            self._points.append(self._hang(kg, "up", f"hang {kg:g} kg on the {self._side} rail"))
        if self._plan.unload:
            for kg in reversed(weights[:-1]):
                words = f"take weights off, until {kg:g} kg hang on the {self._side} rail"
                self._points.append(self._hang(kg, "down", words))
        self._points.append(self._take_off("down"))
        self._mend()
        return self._card(self._position(max(weights)))

    def _weights(self) -> list[float]:
        if self._plan.weights:
            return list(self._plan.weights)
        return self._talk.ask(
            "weights",
            f"Which weights will hang on the {self._side} rail, in kg in all each time, the "
            "lightest first (such as 5,10,20)?",
            _weights,
            idle=self._box.idle,
        )

    def _zero(self) -> None:
        self._talk.say(
            f"Hands off the rails, nothing on them: {_ZERO_S:.0f} s for their zero. No key is "
            "needed: a weight is read once it hangs still."
        )
        self._points = []
        self._empty = self._settle("zero", f"the empty {self._side} rail", seconds=_ZERO_S)
        zero = self._empty[self._side]
        self._noise_counts = zero.noise_counts
        self._points.append(LoadPoint(0.0, zero.counts, zero.u_counts, "up"))

    def _hang(self, kg: float, way: str, words: str) -> LoadPoint:
        self._talk.say(f"Now {words}.", "bold")
        reading = self._settle("retry", words, awaited=self._awaits(kg))[self._side]
        self._talk.say(f"    {kg:g} kg: {reading.counts:.0f} ± {2 * reading.u_counts:.0f} counts")
        return LoadPoint(kg, reading.counts, reading.u_counts, way)

    def _take_off(self, way: str) -> LoadPoint:
        words = f"take everything off the {self._side} rail"
        return self._hang(0.0, way, words)

    def _settle(
        self, key: str, words: str, *, seconds: float = 3.0, awaited: Awaited = lambda _counts: ""
    ) -> dict[str, Reading]:
        """As `settle`; when it was waited for in vain, a person may try again."""
        while True:
            try:
                return settle(
                    self._box,
                    self._talk,
                    self._side,
                    n_per_count=self._n_per_count(),
                    awaited=awaited,
                    what=words,
                    limit_s=self._plan.wait_s,
                    seconds=seconds,
                    empty=self._empty or None,
                )
            except LinkLostError:
                raise
            except CalibrationError as error:
                if self._talk.scripted:
                    raise
                self._talk.say(str(error), "yellow")
                self._talk.ask(
                    key,
                    "Try again, or leave?",
                    one_of("again"),
                    default="again",
                    idle=self._box.idle,
                )

    def _per_newton(self) -> float | None:
        """Counts a newton, as the weights until now have it, with their sign."""
        zero = self._points[0].counts if self._points else 0.0
        ratios = [(p.counts - zero) / p.newtons for p in self._points if p.kg]
        return statistics.median(ratios) if ratios else None

    def _n_per_count(self) -> float:
        """About: of the weights until now, or of the settings."""
        found = self._per_newton()
        if found:
            return 1 / found
        return int(self._box.settings[f"rail_{self._side}_nn_per_count"]) * 1e-9

    def _awaits(self, kg: float) -> Awaited:
        """What is missing until so much hangs there."""
        newtons = kg * STANDARD_GRAVITY
        zero = self._points[0].counts
        per_newton = self._per_newton()
        if per_newton is None:
            least = max(
                _SEEN_SHARE * newtons / abs(self._n_per_count()),
                _SEEN_SIGMAS * self._points[0].u_counts,
            )
            return lambda counts: "" if abs(counts - zero) > least else "no change seen"
        expected = per_newton * newtons
        before = self._points[-1].counts - zero
        heaviest = abs(per_newton) * max(point.newtons for point in self._points)
        insisting = 0

        def missing(counts: float) -> str:
            nonlocal insisting
            there = counts - zero
            reads = f"reads like {there / per_newton / STANDARD_GRAVITY:.1f} kg"
            if not kg:
                return "" if abs(there) <= _EMPTY_SHARE * heaviest else f"{reads} still"
            if abs(there - expected) <= _PLAUSIBLE_SHARE * abs(expected):
                return ""
            if abs(there) <= _NOTHING_SHARE * abs(expected):
                return "nothing hangs there"
            if abs(there - before) <= _NOTHING_SHARE * abs(expected - before):
                return "no change seen"
            insisting += 1
            return "" if insisting > _INSISTING_LOOKS else f"{reads}, not {kg:g}"

        return missing

    def _refuse_too_heavy(self, kg: float) -> None:
        per_newton = self._per_newton()
        limit_kg = range_kg(1e9 / per_newton) if per_newton else None
        if self._plan.label_kg is not None and kg > self._plan.label_kg:
            raise CalibrationError(
                f"{kg:g} kg is more than the {self._plan.label_kg:g} kg of the cell's label, and "
                "would bend it for ever. Nothing of it was stored. Leave it out."
            )
        if limit_kg is not None and kg > limit_kg:
            raise CalibrationError(
                f"{kg:g} kg is more than the {limit_kg:.0f} kg at which the amplifier's range "
                "ends, as the weights before imply. Nothing of it was stored. Leave it out, and "
                "check that the weights before were typed right."
            )

    def _mend(self) -> None:
        """Have points that disagree with the others put right, or refuse them."""
        while bad := disagreeing(self._points, tolerance=self._plan.tolerance):
            texts = [self._disagreement(point) for point in bad]
            if self._talk.scripted:
                raise CalibrationError(
                    f"The weights disagree: {'; '.join(texts)}. Was one of them hung or typed "
                    "wrong? Nothing of it was stored."
                )
            for text in texts:
                self._talk.say(f"The weights disagree: {text}.", "yellow")
            for kg in sorted({point.kg for point in bad}):
                self._mend_one(kg)

    def _disagreement(self, point: LoadPoint) -> str:
        """By the others a point reads like so much."""
        rest = [p for p in self._points if p.kg and p.kg != point.kg]
        zero = self._points[0].counts
        per_newton = statistics.median((p.counts - zero) / p.newtons for p in rest)
        reads_kg = (point.counts - zero) / per_newton / STANDARD_GRAVITY
        return f"{point.kg:g} kg ({point.way}) reads like {reads_kg:.1f} kg by the others"

    def _mend_one(self, kg: float) -> None:
        answer = self._talk.ask(
            "mend",
            f"What really hung there for {kg:g} kg? Its kg, or `again` to hang {kg:g} kg again",
            _kg_or_again,
            default="again",
            idle=self._box.idle,
        )
        if answer is None:
            self._points = [point for point in self._points if point.kg != kg]
            # The last is the empty rail's again.
            point = self._hang(kg, "up", f"hang {kg:g} kg on the {self._side} rail")
            self._points.insert(1, point)
            self._points[-1] = self._take_off("down")
        else:
            self._points = [
                replace(point, kg=answer) if point.kg == kg else point for point in self._points
            ]

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
        zero = self._points[0].counts
        found: list[float] = []
        for place in PLACES:
            point = self._hang(kg, "up", f"hang {kg:g} kg at the {place} of the {self._side} rail")
            found.append(point.counts - zero)
            self._take_off("down")
        return abs((max(found) - min(found)) / 2 / statistics.fmean(found))

    def _card(self, position_share: float | None) -> Card:
        points = tuple(sorted(self._points, key=lambda point: point.way == "down"))
        try:
            found = rail_line(
                points,
                tolerance=self._plan.tolerance,
                noise_counts=self._noise_counts,
                position_share=position_share,
            )
        except ValueError as error:
            raise CalibrationError(f"{error}: nothing was stored.") from error
        if problem := setting_problem(found.nn_per_count):
            raise CalibrationError(
                f"A cell of {found.nn_per_count:.0f} nN a count can't be: {problem}. Were the "
                "weights typed in kg? Nothing of it was stored."
            )
        box = self._box
        return Card(
            part=self._side,
            made_at=datetime.now(UTC).replace(microsecond=0),
            serial=box.serial,
            box_name=box.identity.box_name,
            firmware=box.identity.firmware,
            method="weights",
            settings={
                f"rail_{self._side}_zero": round(found.zero),
                f"rail_{self._side}_nn_per_count": round(found.nn_per_count),
                "rail_noise_mn": self._noise_mn(found),
            },
            fixed=found.parts_fixed,
            relative=found.parts_relative,
            points=rail_points(points, found),
            nonlinearity_share=found.nonlinearity_share,
            hysteresis_share=found.hysteresis_share,
            position_share=position_share,
            noise_n=self._noise_counts * abs(found.nn_per_count) * 1e-9,
            temperature_c=self._plan.temperature_c,
            body_mass_kg=int(box.settings["body_mass_g"]) / 1000,
            warnings=tuple(rail_warnings(found, self._plan.label_kg, self._plan.label_mv_v)),
        )

    def _noise_mn(self, found: RailLine) -> int:
        """Of both rails together, as `tare` notes it."""
        noise_n = 0.0
        for side, reading in self._empty.items():
            nn = int(self._box.settings[f"rail_{side}_nn_per_count"])
            if side == self._side:
                nn = found.nn_per_count
            noise_n += reading.noise_counts * abs(nn) * 1e-9
        return min(_NOISE_MOST_MN, round(_SPREAD * noise_n * 1000))


def _weights(text: str) -> list[float]:
    found = numbers(text)
    if problem := weights_problem(found):
        raise ValueError(problem)
    return found


def _kg_or_again(text: str) -> float | None:
    return None if text.lower() == "again" else positive(text)
