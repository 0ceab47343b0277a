"""Waiting for a cell to settle where it is wanted, with words on the screen all the while."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from beltbox.calibrate.arithmetic.steadiness import FULL_SCALE, Reading, Steadiness, Verdict
from beltbox.calibrate.box import SIDES, CalibrateBox, LinkLostError, sample_of
from beltbox.calibrate.conversation import Talk
from beltbox.errors import CalibrationError

_LOOK_S = 0.25
_SILENT_S = 3.0
# What moves the other side while this one stands still: a weight on the wrong rail.
_SWAPPED_N = 5.0

Awaited = Callable[[float], str]
"""What is missing at a mean of counts, in words; empty when nothing is."""


def settle(
    box: CalibrateBox,
    talk: Talk,
    side: str,
    *,
    n_per_count: float,
    what: str,
    limit_s: float,
    seconds: float = 3.0,
    awaited: Awaited = lambda _counts: "",
    empty: Mapping[str, Reading] | None = None,
) -> dict[str, Reading]:
    """The reading of a side once it is steady and `awaited` has nothing to say against it.

    The other side's is with it, if there is such a cell. n_per_count: about. what: for the screen.
    limit_s: of the box's time; then it raises CalibrationError with the reason. empty: the readings
    with nothing on the rails, so that a weight on the wrong one is noticed. A box that is unplugged
    or reset meanwhile is waited for, and the reading begins anew. Raises LeaveError when the person
    types "q".
    """
    while True:
        try:
            return _settled(box, talk, side, n_per_count, what, limit_s, seconds, awaited, empty)
        except LinkLostError as error:
            talk.quiet()
            box.wait_until_back(error)
            talk.say(f"The readings so far stand. Go on: {what}.", "yellow")


def _settled(
    box: CalibrateBox,
    talk: Talk,
    side: str,
    n_per_count: float,
    what: str,
    limit_s: float,
    seconds: float,
    awaited: Awaited,
    empty: Mapping[str, Reading] | None,
) -> dict[str, Reading]:
    """Raises LinkLostError, and what `settle` raises."""
    watched = {watched_side: Steadiness(n_per_count, seconds=seconds) for watched_side in SIDES}
    other = "right" if side == "left" else "left"
    looked_s = heard_s = 0.0
    last: int | None = None
    words = "reading"
    for item in box.rows():
        talk.heed()
        if item is None:
            continue
        at_s, row = item
        for watched_side, steadiness in watched.items():
            sample = sample_of(row, watched_side)
            if sample is not None:
                steadiness.take(at_s, sample)
                if watched_side == side:
                    heard_s = at_s
                    last = sample
        if at_s - looked_s < _LOOK_S:
            continue
        looked_s = at_s
        if at_s - heard_s > _SILENT_S:
            talk.quiet()
            raise CalibrationError(_silent(side, last))
        seen = watched[side].verdict()
        beside = watched[other].verdict().reading
        words = _missing(seen, awaited)
        if not words and seen.reading is not None:
            talk.quiet()
            return {side: seen.reading} | ({} if beside is None else {other: beside})
        if seen.steady and beside is not None and empty is not None and other in empty:
            moved_n = abs(beside.counts - empty[other].counts) * abs(n_per_count)
            if moved_n > _SWAPPED_N:
                words += (
                    f"; but the {other} rail moved: does the weight hang there, or are the two "
                    "cells' wires swapped?"
                )
        talk.status(f"{what}: {words} ({max(0.0, limit_s - at_s):.0f} s left)")
        if at_s > limit_s:
            break
    talk.quiet()
    raise CalibrationError(
        f"{what[:1].upper()}{what[1:]}: waited {limit_s:.0f} s in vain: {words.removesuffix('?')}"
        f"{'?' if words.endswith('?') else '.'}"
    )


def _silent(side: str, last: int | None) -> str:
    """A cell without samples. The box drops those of an amplifier that repeats itself."""
    if last in FULL_SCALE:
        return (
            f"The {side} cell reads {last}, the end of its range, again and again. Too heavy a "
            "weight, or E+ and E-, A+ and A- swapped or broken (hardware/README.md)."
        )
    return (
        f"The {side} cell gives no samples. Check its supply and its two wires, DOUT and SCK "
        "(hardware/README.md); beltbox doctor tells more."
    )


def _missing(seen: Verdict, awaited: Awaited) -> str:
    """Why this isn't the reading yet; empty when it is."""
    if not seen.steady or seen.reading is None:
        return seen.words
    return awaited(seen.reading.counts)
