"""A rail's readings while they are taken: what the next one should be, and which don't fit.

Pure arithmetic, as in `rail_line`; `calibrate/rail.py` has the dialogue.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from beltbox.calibrate.arithmetic.rail_line import (
    STANDARD_GRAVITY,
    LoadPoint,
    disagreeing,
    range_kg,
)

# A first weight shows by so much of what it would do to a cell as the settings have it: the cell
# may be 20 times less sensitive, and a hand that tidies up is not taken for a weight.
_SEEN_SHARE = 0.05
_SEEN_SIGMAS = 20.0
_NOTHING_SHARE = 0.03
_PLAUSIBLE_SHARE = 0.15
_EMPTY_SHARE = 0.05
# Looks (four a second) at a steady reading that fits no weight, until it is taken all the same.
_INSISTING_LOOKS = 20


@dataclass(frozen=True, slots=True)
class Misfit:
    """Readings under one weight that don't fit those under the others."""

    kg: float
    """What was to hang there."""
    odd: tuple[LoadPoint, ...]
    all: tuple[LoadPoint, ...]
    """Also those under this weight that fit."""
    words: str


class RailLoads:
    """The readings until now, the empty rail's first."""

    def __init__(self, n_per_count: float) -> None:
        """n_per_count: about, by the settings, for as long as no weight tells."""
        self.points: list[LoadPoint] = []
        self._presumed_n_per_count = n_per_count

    @property
    def n_per_count(self) -> float:
        """About: of the weights until now, or of the settings."""
        per_newton = self._per_newton()
        return 1 / per_newton if per_newton else self._presumed_n_per_count

    def awaits(self, kg: float) -> Callable[[float], str]:
        """What is missing at a steady mean of counts until so much hangs there; empty: nothing."""
        newtons = kg * STANDARD_GRAVITY
        zero = self.points[0].counts
        per_newton = self._per_newton()
        if per_newton is None:
            by_noise = _SEEN_SIGMAS * self.points[0].u_counts
            by_weight = newtons / abs(self.n_per_count)
            least = max(_SEEN_SHARE * by_weight, by_noise)
            unseen = "no change seen"
            if by_noise > by_weight:
                unseen += f": {kg:g} kg may be too light for a cell as noisy as this one"
            return lambda counts: "" if abs(counts - zero) > least else unseen
        expected = per_newton * newtons
        before = self.points[-1].counts - zero
        heaviest = abs(per_newton) * max(point.newtons for point in self.points)
        insisting = 0

        def missing(counts: float) -> str:
            nonlocal insisting
            there = counts - zero
            reads = self.reads_otherwise(kg, counts)
            if not kg:
                return "" if abs(there) <= _EMPTY_SHARE * heaviest else f"{reads} still"
            if not reads:
                return ""
            if abs(there) <= _NOTHING_SHARE * abs(expected):
                return "nothing hangs there"
            if abs(there - before) <= _NOTHING_SHARE * abs(expected - before):
                return "no change seen"
            insisting += 1
            return "" if insisting > _INSISTING_LOOKS else f"{reads}, not {kg:g}"

        return missing

    def reads_otherwise(self, kg: float, counts: float) -> str:
        """What a cell reads like by the weights until now; empty: like so much, or nobody knows."""
        per_newton = self._per_newton()
        if per_newton is None:
            return ""
        reads_kg = (counts - self.points[0].counts) / per_newton / STANDARD_GRAVITY
        plausible = kg and abs(reads_kg - kg) <= _PLAUSIBLE_SHARE * kg
        return "" if plausible else f"reads like {reads_kg:.1f} kg"

    def range_ends_kg(self) -> float | None:
        """Where the amplifier's range ends, as the weights until now imply."""
        per_newton = self._per_newton()
        return range_kg(1e9 / per_newton) if per_newton else None

    def misfits(self, tolerance: float) -> list[Misfit]:
        """The weights whose readings don't fit the others', the lightest first."""
        odd = disagreeing(self.points, tolerance=tolerance)
        return [self._misfit(kg, odd) for kg in sorted({point.kg for point in odd})]

    def hung_instead(self, really: Sequence[tuple[Misfit, float]]) -> None:
        """What hung there at the odd readings of these was so many kg: all at once.

        One after the other, two swapped weights would meet halfway, and be taken for one.
        """
        kg_of = {id(point): kg for misfit, kg in really for point in misfit.odd}
        self.points = [
            replace(point, kg=kg_of[id(point)]) if id(point) in kg_of else point
            for point in self.points
        ]

    def hung_again(self, misfit: Misfit, again: LoadPoint, empty: LoadPoint) -> None:
        """A weight was read anew, in place of all its readings, and after it the empty rail."""
        old = {id(point) for point in misfit.all}
        self.points = [point for point in self.points[:-1] if id(point) not in old]
        self.points += [again, empty]

    def in_order(self) -> tuple[LoadPoint, ...]:
        """All of them, as if each had been right the first time."""

        def place(point: LoadPoint) -> tuple[bool, float]:
            down = point.way == "down"
            return down, -point.kg if down else point.kg

        return tuple(sorted(self.points, key=place))

    def _misfit(self, kg: float, all_odd: Sequence[LoadPoint]) -> Misfit:
        odd = tuple(point for point in all_odd if point.kg == kg)
        others = [point for point in self.points if point.kg and point.kg != kg]
        # By those that fit, if there are any.
        odd_kg = {point.kg for point in all_odd}
        rest = [point for point in others if point.kg not in odd_kg] or others
        zero = self.points[0].counts
        per_newton = statistics.median((point.counts - zero) / point.newtons for point in rest)
        reads = " and ".join(
            f"{(point.counts - zero) / per_newton / STANDARD_GRAVITY:.1f}" for point in odd
        )
        ways = " and ".join(point.way for point in odd)
        every = tuple(point for point in self.points if point.kg == kg)
        return Misfit(kg, odd, every, f"{kg:g} kg ({ways}) reads like {reads} kg by the others")

    def _per_newton(self) -> float | None:
        """Counts a newton, as the weights until now have it, with their sign."""
        if not self.points:
            return None
        zero = self.points[0].counts
        ratios = [(point.counts - zero) / point.newtons for point in self.points if point.kg]
        return statistics.median(ratios) if ratios else None
