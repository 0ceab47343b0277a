"""The dialogue that calibrates the belt: laps counted by a mark, or a roller's size."""

from __future__ import annotations

from dataclasses import replace

from beltbox.calibrate.acceptance import accepted
from beltbox.calibrate.arithmetic.belt_laps import (
    BeltScale,
    counts_per_turn,
    from_laps,
    from_marks,
    from_roller,
    label_words,
    lap_problem,
)
from beltbox.calibrate.belt_card import BACKWARD, BeltPlan, belt_card
from beltbox.calibrate.box import CalibrateBox
from beltbox.calibrate.cards.card import Card
from beltbox.calibrate.conversation import Talk, number, positive
from beltbox.calibrate.passings import STILL_S, Passings, sentence
from beltbox.errors import CalibrationError


def calibrate_belt(box: CalibrateBox, talk: Talk, plan: BeltPlan) -> Card:
    """The card that the person accepted. Raises CalibrationError, LeaveError."""

    def measure() -> tuple[Card, list[str]]:
        if plan.by_roller:
            scale, remarks = _by_roller(talk, plan, box)
            return belt_card(box, plan, scale), remarks
        measured = _with_length(box, talk, plan)
        scale, remarks = _by_laps(box, talk, measured)
        return belt_card(box, measured, scale), remarks

    return accepted(box, talk, measure, repeatable=not plan.by_roller)


def _by_roller(talk: Talk, plan: BeltPlan, box: CalibrateBox) -> tuple[BeltScale, list[str]]:
    assert plan.roller_mm is not None
    counts = plan.counts_per_rev or talk.ask(
        "counts-per-rev",
        "How many counts has a turn of the encoder (four times its lines)?",
        positive,
        idle=box.idle,
    )
    remarks: list[str] = []
    if not plan.thickness_mm:
        remarks.append(
            "That is right for a wheel that rolls on the belt. Where the belt is bent round the "
            "roller, give its thickness too (--belt-thickness-mm): it adds to the diameter."
        )
    remarks.append(
        "Sizes alone can't show which direction is backward. Push the belt as when walking "
        "backward and look at beltbox live; if it says forward, change the sign: beltbox settings "
        "belt_direction=-1 (or 1)."
    )
    remarks.append("Not checked against the belt itself: laps by a mark would show slip.")
    scale = from_roller(
        plan.roller_mm, counts, thickness_mm=plan.thickness_mm, roller_u_mm=plan.roller_u_mm
    )
    return scale, remarks


def _by_laps(box: CalibrateBox, talk: Talk, plan: BeltPlan) -> tuple[BeltScale, list[str]]:
    many = "s" * (plan.laps != 1)
    ways = (
        f"lap{many}" if plan.apart_mm is None else f"time{many} from the first mark to the second"
    )
    talk.say(
        f"{'Mark the belt' if plan.apart_mm is None else 'Make two marks on the belt'}. Push it "
        f"by hand {plan.laps} {ways}, "
        f"{'in' if plan.pushed == BACKWARD else 'against'} the direction in which it moves "
        "when somebody walks backward."
    )
    mark = "the mark" if plan.apart_mm is None else "one and then the other mark"
    if plan.stops or talk.scripted:
        talk.say(
            f"Each time {mark} is at the pointer, let the belt rest for {STILL_S:.0f} seconds: "
            "now first."
        )
    else:
        talk.say(
            f"Each time {mark} is at the pointer, let the belt rest and press Enter: now first."
        )
    passings = Passings(box, talk, plan).count()
    try:
        if plan.apart_mm is not None:
            scale = from_marks(passings, plan.apart_mm, plan.tape_mm)
        else:
            assert plan.lap_mm is not None
            scale = from_laps(passings, plan.lap_mm, plan.tape_mm)
    except ValueError as error:
        raise CalibrationError(sentence(str(error))) from error
    remarks: list[str] = []
    if scale.spread_share is None:
        remarks.append(
            f"One {plan.what} can't show whether the wheel slips or a mark was missed: two would."
        )
    else:
        remarks.append(f"The {plan.what}s differ by {100 * scale.spread_share:.2f} % of one.")
    roller_mm = plan.roller_mm
    if roller_mm is None and not talk.scripted:
        roller_mm = talk.ask(
            "roller-mm",
            "The diameter of the encoder's roller or wheel in mm, to compare with its label?",
            _mm_or_skip,
            default="skip",
            idle=box.idle,
        )
    if roller_mm is not None:
        turn = counts_per_turn(scale.nm_per_count, roller_mm, plan.thickness_mm)
        said = f"on a roller of {roller_mm:g} mm: {turn:.0f} counts in a turn"
        label = plan.counts_per_rev
        if label is None:
            remarks.append(
                f"{said[:1].upper()}{said[1:]}. The encoder's label says as many, or as lines a "
                "quarter of it."
            )
        elif fits := label_words(turn, label):
            remarks.append(f"{said[:1].upper()}{said[1:]}, {fits}.")
        else:
            odd = (
                f"{said}, {turn / label:.2f} times the {label:g} of its label: check the diameter, "
                "the length by the tape, and that nothing slips"
            )
            scale = replace(scale, warnings=(*scale.warnings, odd))
    return scale, remarks


def _with_length(box: CalibrateBox, talk: Talk, plan: BeltPlan) -> BeltPlan:
    """The plan with what the tape says: the belt once round, or between two marks."""
    if plan.lap_mm is not None or plan.apart_mm is not None:
        return plan
    lap_mm = talk.ask(
        "belt-mm",
        "How long is the belt, once round, by the tape, in mm (or `marks`: two marks instead)?",
        _mm_or_marks,
        idle=box.idle,
    )
    if lap_mm is not None:
        return replace(plan, lap_mm=lap_mm)
    apart_mm = talk.ask(
        "marks-mm",
        "How far is the second mark behind the first, along the belt, by the tape, in mm?",
        _lap_mm,
        idle=box.idle,
    )
    return replace(plan, apart_mm=apart_mm)


def _mm_or_skip(text: str) -> float | None:
    return None if text.lower() == "skip" else positive(text)


def _lap_mm(text: str) -> float:
    length_mm = number(text)
    if problem := lap_problem(length_mm):
        raise ValueError(problem)
    return length_mm


def _mm_or_marks(text: str) -> float | None:
    return None if text.lower() == "marks" else _lap_mm(text)
