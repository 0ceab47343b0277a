"""From counts at each passing of a mark, or from a roller's size, to nanometres a count.

Pure arithmetic; `calibrate_belt` has the dialogue.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from beltbox.calibrate.arithmetic.line_fit import (
    Line,
    Mean,
    Part,
    expanded,
    fit_line,
    rectangular,
    weighted_mean,
)

# How well a person sees that the mark is at the pointer, and when they press.
MARK_MM = 5.0
REACTION_S = 0.1
# … and how late one and the same person is in every press, on top of that.
LATENESS_S = 0.1
TAPE_MM = 2.0
ROLLER_MM = 0.1
_SLIP_SIGMAS = 3.0
_TREMBLING_COUNTS = 2
_TO_AND_FRO = 20  # counts, as many as doctor asks for
_BACKWARD_SHARE = 0.02
_LABEL_SHARE = 0.02
_LEAST_LAP_MM, _MOST_LAP_MM = 100.0, 20_000.0


@dataclass(frozen=True, slots=True)
class Passing:
    """The mark is at the pointer."""

    count: int
    """The encoder's, unwrapped."""
    counts_per_s: float
    """How fast it went then, >= 0."""
    there: int = 0
    """Counts since the passing before, the way that the most went."""
    back: int = 0
    """… and the other way."""


@dataclass(frozen=True, slots=True)
class BeltScale:
    """A calibrated belt."""

    nm_per_count: float
    u_share: float
    """Expanded uncertainty, a part of it."""
    k: float
    parts: tuple[Part, ...]
    """Standard uncertainties, as parts of it."""
    sign: int
    """1 if the counts rose, -1 if they fell, 0 if nobody saw."""
    lap_counts: tuple[int, ...]
    spread_share: float | None
    """Longest lap less shortest, a part of the mean; None with one lap."""
    warnings: tuple[str, ...]


def lap_problem(lap_mm: float) -> str:
    """Why a belt isn't so long, in words; empty when it may be."""
    if _LEAST_LAP_MM <= lap_mm <= _MOST_LAP_MM:
        return ""
    return (
        f"{lap_mm:g} mm isn't a length from {_LEAST_LAP_MM:.0f} to {_MOST_LAP_MM:.0f} mm; 3 metres "
        "are 3000"
    )


def from_laps(passings: Sequence[Passing], lap_mm: float, tape_mm: float = TAPE_MM) -> BeltScale:
    """The size of a count from two or more passings of the mark, laps of `lap_mm` apart.

    A straight line of counts over laps, so that every passing but the first and last ones' errors
    is averaged away. Being late by the same time in every press tilts it where the belt went faster
    at some than at others: at the first it rests. tape_mm: the tape may be off by so much either
    way. Raises ValueError, in words, where the counts can't be those of a belt.
    """
    laps = [after.count - before.count for before, after in pairwise(passings)]
    if not laps:
        raise ValueError("one passing of the mark makes no lap")
    _refuse(passings[1:], laps, "lap")
    u_counts = _u_counts(passings, lap_mm * len(laps) / abs(sum(laps)))
    numbers = range(len(passings))
    line = fit_line(numbers, [passing.count for passing in passings], u_counts)
    late = fit_line(numbers, [LATENESS_S * passing.counts_per_s for passing in passings], u_counts)
    warnings = _warnings(passings, laps, list(map(math.hypot, u_counts, u_counts[1:])), "lap")
    length = Part("tape", rectangular(tape_mm) / lap_mm)
    return _scale(lap_mm, length, line.slope, line, late.slope, laps, warnings)


def from_marks(passings: Sequence[Passing], apart_mm: float, tape_mm: float = TAPE_MM) -> BeltScale:
    """The size of a count from passings of a first mark and of a second, in turn, `apart_mm` apart.

    What the belt does between a second and the next first one doesn't matter: it may go round, or
    back. Each way is a measurement of its own, of which the weighted mean is taken. Raises
    ValueError, in words, where the counts can't be those of a belt.
    """
    firsts, seconds = passings[0::2], passings[1::2]
    ways = [after.count - before.count for before, after in zip(firsts, seconds, strict=True)]
    if not ways:
        raise ValueError("no passing of the second mark")
    _refuse(seconds, ways, "way")
    u_counts = _u_counts(passings, apart_mm * len(ways) / abs(sum(ways)))
    u_ways = list(map(math.hypot, u_counts[0::2], u_counts[1::2]))
    mean = weighted_mean(ways, u_ways)
    late = weighted_mean(
        [
            LATENESS_S * (after.counts_per_s - before.counts_per_s)
            for before, after in zip(firsts, seconds, strict=True)
        ],
        u_ways,
    )
    warnings = _warnings(seconds, ways, u_ways, "way")
    length = Part("tape", rectangular(tape_mm) / apart_mm)
    return _scale(apart_mm, length, mean.value, mean, late.value, ways, warnings)


def _u_counts(passings: Sequence[Passing], mm_per_count: float) -> list[float]:
    """The standard uncertainty of each passing's count: where the mark was, when it was told."""
    return [
        rectangular(MARK_MM) / mm_per_count + REACTION_S * passing.counts_per_s
        for passing in passings
    ]


def _scale(
    mm: float,
    length: Part,
    counts: float,
    uncertainty: Line | Mean,
    late_counts: float,
    laps: Sequence[int],
    warnings: Sequence[str],
) -> BeltScale:
    """So many mm are so many counts, with their sign; uncertainty: of these counts."""
    size = abs(counts)
    parts = [
        length,
        Part("key presses", uncertainty.u_known / size),
        Part("lateness", abs(late_counts) / size),
        Part("laps", uncertainty.u_excess / size, uncertainty.freedom),
    ]
    share, k = expanded(parts)
    return BeltScale(
        nm_per_count=mm * 1e6 / size,
        u_share=share,
        k=k,
        parts=tuple(part for part in parts if part.u),
        sign=1 if counts > 0 else -1,
        lap_counts=tuple(laps),
        spread_share=(max(laps) - min(laps)) / size if len(laps) > 1 else None,
        warnings=tuple(warnings),
    )


def from_roller(
    roller_mm: float,
    counts_per_rev: float,
    *,
    thickness_mm: float = 0.0,
    roller_u_mm: float = ROLLER_MM,
) -> BeltScale:
    """The size of a count from the roller's diameter and the encoder's counts in one turn of it.

    thickness_mm: the belt's, where the belt is bent round the roller: what doesn't stretch is
    the belt's middle, so the diameter that counts is larger by one thickness. 0 for a wheel that
    rolls on the belt. roller_u_mm: the diameter may be off by so much either way.
    """
    effective_mm = roller_mm + thickness_mm
    part = Part("diameter", rectangular(roller_u_mm) / effective_mm)
    share, k = expanded([part])
    return BeltScale(
        nm_per_count=math.pi * effective_mm * 1e6 / counts_per_rev,
        u_share=share,
        k=k,
        parts=(part,),
        sign=0,
        lap_counts=(),
        spread_share=None,
        warnings=(),
    )


def counts_per_turn(nm_per_count: float, roller_mm: float, thickness_mm: float = 0.0) -> float:
    """What the encoder counts in one turn of a roller of that diameter."""
    return math.pi * (roller_mm + thickness_mm) * 1e6 / nm_per_count


def label_words(counted: float, label: float) -> str:
    """What counts in a turn mean beside what the encoder's label says; "" if they don't fit it."""
    for factor, what in (
        (1, "as its label says"),
        (4, "four times its label's lines, as every edge counts"),
        (2, "twice its label's lines: one of its channels may be missing"),
    ):
        if abs(counted / (factor * label) - 1) <= _LABEL_SHARE:
            return what
    return ""


def lap_trouble(passing: Passing, lap: int, what: str) -> str:
    """Why `what`, of so many counts and this passing at its end, is none; empty if it is.

    what: such as "lap 2".
    """
    if abs(lap) > _TREMBLING_COUNTS:
        return ""
    moved = passing.there + passing.back
    if moved >= _TO_AND_FRO:
        return (
            f"in {what} {moved} counts went to and fro, and the belt seems to be where it "
            "was: one of the encoder's channels is missing. Check wires A and B "
            "(hardware/README.md)"
        )
    return (
        f"in {what} the encoder counted {abs(lap)}: it doesn't turn, or it isn't wired. "
        "Check that its wheel runs on the belt, and wires A and B"
    )


def _refuse(passings: Sequence[Passing], laps: Sequence[int], what: str) -> None:
    for number, (passing, lap) in enumerate(zip(passings, laps, strict=True), 1):
        if trouble := lap_trouble(passing, lap, f"{what} {number}"):
            raise ValueError(trouble)
    if min(laps) < 0 < max(laps):
        raise ValueError(f"the belt went one way in some {what}s and the other way in others")


def _warnings(
    passings: Sequence[Passing], laps: Sequence[int], u_laps: Sequence[float], what: str
) -> list[str]:
    """What is odd, in words. passings: those at the ends of laps, or more of them."""
    warnings: list[str] = []
    there = sum(passing.there for passing in passings)
    back = sum(passing.back for passing in passings)
    if there and back > _BACKWARD_SHARE * there:
        warnings.append(
            f"{100 * back / (there + back):.0f} % of the counts went the other way: was the belt "
            "pushed back, or is a channel of the encoder bad?"
        )
    middle = statistics.median(laps)
    for number, (lap, u_counts) in enumerate(zip(laps, u_laps, strict=True), 1):
        if abs(lap - middle) > max(_SLIP_SIGMAS * u_counts, 2.0):
            warnings.append(
                f"{what} {number} has {abs(lap / middle - 1) * 100:.1f} % "
                f"{'more' if lap / middle > 1 else 'fewer'} counts than the median {what}, more "
                "than key presses explain: does the encoder's wheel slip, or was a mark missed?"
            )
    return warnings
