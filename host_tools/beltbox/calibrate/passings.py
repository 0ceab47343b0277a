"""The belt's count at each passing of a mark, told by a key or by letting the belt rest there."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from beltbox.calibrate.arithmetic.belt_laps import Passing, lap_trouble
from beltbox.calibrate.belt_card import BeltPlan
from beltbox.calibrate.box import CalibrateBox
from beltbox.calibrate.conversation import Talk
from beltbox.errors import CalibrationError

STILL_S = 2.0
"""A belt that rests for so long has the mark at the pointer."""
_SPEED_S = 0.2
_TREMBLING = 2  # counts that a belt at rest may go to and fro
_MOVED_COUNTS = 20
_SHORTEST_LAP = 0.5  # of the first one: less is a rest on the way
_COUNT_PERIOD = 1 << 30


@dataclass(slots=True)
class _Counter:
    """Follows the encoder's count over its wraps."""

    place: int = 0
    up: int = 0
    down: int = 0
    at_s: float = 0.0
    moved_s: float = 0.0
    """When it last moved by more than trembling."""
    _before: int | None = None
    _still_at: int = 0
    _trail: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])
    _passed: tuple[int, int] = (0, 0)

    def take(self, at_s: float, count: int) -> None:
        """A row."""
        if self._before is not None:
            step = (count - self._before + _COUNT_PERIOD // 2) % _COUNT_PERIOD
            step -= _COUNT_PERIOD // 2
            self.place += step
            self.up += max(step, 0)
            self.down += max(-step, 0)
        self._before = count
        self.at_s = at_s
        if abs(self.up + self.down - self._still_at) > _TREMBLING:
            self._still_at = self.up + self.down
            self.moved_s = at_s
        self._trail.append((at_s, self.place))
        while at_s - self._trail[0][0] > _SPEED_S:
            self._trail.popleft()

    @property
    def counts_per_s(self) -> float:
        """Of the last fifth of a second, >= 0."""
        (from_s, start), (to_s, end) = self._trail[0], self._trail[-1]
        return abs(end - start) / (to_s - from_s) if to_s > from_s else 0.0

    @property
    def since(self) -> int:
        """Counts either way since the last passing."""
        return self.up + self.down - sum(self._passed)

    def passing(self) -> Passing:
        """The mark is at the pointer."""
        up, down = self.up - self._passed[0], self.down - self._passed[1]
        self._passed = self.up, self.down
        return Passing(self.place, self.counts_per_s, max(up, down), min(up, down))


def count_passings(box: CalibrateBox, talk: Talk, plan: BeltPlan) -> list[Passing]:
    """The passings that the plan asks for. Raises CalibrationError, LinkLostError."""
    by_key = not (plan.stops or talk.scripted)
    counter = _Counter()
    passings: list[Passing] = []
    moved_s = 0.0  # or a mark has passed
    for item in box.rows():
        if item is not None:
            counter.take(item[0], item[1].count)
        if not by_key:
            talk.heed()
            if item is None:
                continue
        if by_key:
            passed = talk.pressed() and counter.at_s > 0
            if passed and passings and counter.since < _MOVED_COUNTS:
                passed = False
                talk.say(
                    f"    That isn't a {plan.what}: {counter.since} counts since the last Enter, "
                    f"and {_MOVED_COUNTS} are the least. If the belt moved, the encoder doesn't "
                    "see it (check its wheel, and wires A and B: hardware/README.md), or is too "
                    "coarse for so short a distance.",
                    "yellow",
                )
        else:
            passed = counter.at_s - max(counter.moved_s, moved_s) >= STILL_S and (
                not passings or _is_lap(counter, passings, plan)
            )
        if passed:
            passings.append(counter.passing())
            moved_s = counter.at_s
            talk.quiet()
            if plan.ends_one(len(passings)):
                _report_lap(talk, plan, passings)
            if plan.ended(len(passings)) == plan.laps:
                return passings
        talk.status(_what_now(counter, passings, plan, by_key))
        if counter.at_s - max(counter.moved_s, moved_s) > plan.wait_s:
            talk.quiet()
            raise CalibrationError(
                f"The belt hasn't moved for {plan.wait_s:.0f} s, after "
                f"{plan.ended(len(passings))} of {plan.laps} {plan.what}s and {counter.since} "
                f"counts ({_MOVED_COUNTS} are the least). If you pushed it, the encoder doesn't "
                "see it (check its wheel, and wires A and B: hardware/README.md), or is too coarse "
                "for so short a distance."
            )
    raise AssertionError("rows never end")


def _report_lap(talk: Talk, plan: BeltPlan, passings: Sequence[Passing]) -> None:
    """Say what the last lap counted. Raises CalibrationError if that can't be one."""
    number = plan.ended(len(passings))
    lap = passings[-1].count - passings[-2].count
    if trouble := lap_trouble(passings[-1], lap, f"{plan.what} {number}"):
        raise CalibrationError(sentence(trouble))
    talk.say(f"    {plan.what} {number} of {plan.laps}: {abs(lap)} counts")


def _is_lap(counter: _Counter, passings: Sequence[Passing], plan: BeltPlan) -> bool:
    """Whether it came far enough to be at a mark again, and doesn't only rest on the way."""
    # How far a second mark is from the next first one nobody knows.
    known = len(passings) > 1 and plan.ends_one(len(passings) + 1)
    first = passings[1].there if known else _MOVED_COUNTS
    return counter.since >= max(_MOVED_COUNTS, _SHORTEST_LAP * first)


def _what_now(counter: _Counter, passings: Sequence[Passing], plan: BeltPlan, by_key: bool) -> str:
    mark = "the mark"
    if plan.apart_mm is not None:
        mark = "the second mark" if len(passings) % 2 else "the first mark"
    if not passings:
        return f"press Enter with {mark} at the pointer" if by_key else "wait: the belt must rest"
    doing = f"Enter when {mark} passes" if by_key else f"let it rest at {mark}"
    number = plan.ended(len(passings)) + 1
    if counter.since < _MOVED_COUNTS:
        return f"{plan.what} {number} of {plan.laps}: push the belt; {doing}"
    # Whole hundreds: a line that changes 80 times a second can't be read.
    since = counter.since // 100 * 100
    under_way = f"over {since} counts" if since else "under way"
    return f"{plan.what} {number} of {plan.laps}: {under_way}; {doing}"


def sentence(trouble: str) -> str:
    """A reason, made a sentence."""
    return f"{trouble[:1].upper()}{trouble[1:]}."
