"""The belt's count at each passing of a mark, told by a key or by letting the belt rest there."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from beltbox.calibrate.arithmetic.belt_laps import Passing, lap_trouble
from beltbox.calibrate.belt_card import BeltPlan
from beltbox.calibrate.box import CalibrateBox, LinkLostError
from beltbox.calibrate.conversation import Talk, one_of
from beltbox.errors import CalibrationError

STILL_S = 2.0
"""A belt that rests for so long has the mark at the pointer."""
_AT_REST_S = 0.25
"""… and after so long an Enter is taken: what a key is late by while the belt moves is no count."""
_SPEED_S = 0.2
_TREMBLING = 2  # counts that a belt at rest may go to and fro
_MOVED_COUNTS = 20
_SHORTEST_LAP = 0.5  # of the first one: less is a rest on the way
_ODD_SHARE = 0.3  # off what is expected: an Enter too early, or a mark missed; slip is far less
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
    def at_rest(self) -> bool:
        """Whether it can be said where the belt is."""
        return self.at_s - self.moved_s >= _AT_REST_S

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

    def go_on_from(self, passing: Passing) -> None:
        """The mark is at the pointer again: count from here as if it were that passing."""
        self._passed = self.up, self.down
        self.place = passing.count
        self._trail.clear()
        self._trail.append((self.at_s, self.place))


class Passings:
    """The passings of a belt's calibration, counted from the box's rows.

    What ended before a blip of the cable stands; the lap under way is lost, and counted anew.
    """

    def __init__(self, box: CalibrateBox, talk: Talk, plan: BeltPlan) -> None:
        self._box = box
        self._talk = talk
        self._plan = plan
        self._by_key = not (plan.stops or talk.scripted)
        self._counter = _Counter()
        self._rows = box.rows()
        self._all: list[Passing] = []
        self._since_s = 0.0  # a mark has passed
        self._anew = False  # the lap under way begins at the next passing

    def count(self) -> list[Passing]:
        """The passings that the plan asks for. Raises CalibrationError."""
        while True:
            try:
                return self._count()
            except LinkLostError as error:
                self._talk.quiet()
                self._box.wait_until_back(error)
                self._begin_lap_anew()
                # Another time, and perhaps another count, from here on.
                self._counter = _Counter()
                self._since_s = 0.0
                self._rows = self._box.rows()

    def _count(self) -> list[Passing]:
        plan = self._plan
        while True:
            listened = self._listen()
            if not self._by_key:
                self._talk.heed()
                if not listened:
                    continue
            if self._has_passed():
                self._take_passing()
                if not self._anew and plan.ended(len(self._all)) == plan.laps:
                    return self._all
            self._talk.status(
                _what_now(self._counter, self._all, plan, by_key=self._by_key, anew=self._anew)
            )
            self._refuse_rest()

    def _listen(self) -> bool:
        """Whether a row came; the belt is followed while a question is open, too."""
        item = next(self._rows)
        if item is not None:
            self._counter.take(item[0], item[1].count)
        return item is not None

    def _has_passed(self) -> bool:
        counter, passings = self._counter, self._all
        begins = self._anew or not passings
        if not self._by_key:
            rests = counter.at_s - max(counter.moved_s, self._since_s) >= STILL_S
            return rests and (begins or _is_lap(counter, passings, self._plan))
        if not self._talk.pressed() or not counter.at_s > 0:
            return False
        if not counter.at_rest:
            self._talk.say(
                "    The belt still moves: let it rest with the mark at the pointer, and then "
                "press Enter.",
                "yellow",
            )
            return False
        if not begins and counter.since < _MOVED_COUNTS:
            self._talk.say(
                f"    That isn't a {self._plan.what}: {counter.since} counts since the last Enter, "
                f"and {_MOVED_COUNTS} are the least. If the belt moved, the encoder doesn't "
                "see it (check its wheel, and wires A and B: hardware/README.md), or is too "
                "coarse for so short a distance.",
                "yellow",
            )
            return False
        return True

    def _take_passing(self) -> None:
        plan, passings = self._plan, self._all
        self._since_s = self._counter.at_s
        self._talk.quiet()
        if self._anew:
            self._anew = False
            if passings and plan.apart_mm is None:
                self._counter.go_on_from(passings[-1])
            else:
                passings.append(self._counter.passing())
            return
        if plan.ends_one(len(passings) + 1) and self._by_key and not self._is_right():
            return
        passings.append(self._counter.passing())
        if plan.ends_one(len(passings)):
            _report_lap(self._talk, plan, passings)

    def _is_right(self) -> bool:
        """Whether the lap that ends now is to be taken; a person is asked about an odd one."""
        plan, passings = self._plan, self._all
        counts = abs(self._counter.place - passings[-1].count)
        expected, by = self._expected()
        if not expected or abs(counts / expected - 1) <= _ODD_SHARE:
            return True
        what = f"{plan.what} {plan.ended(len(passings)) + 1}"
        off = f"{100 * abs(counts / expected - 1):.0f} % {'more' if counts > expected else 'fewer'}"
        self._talk.say(f"    {what}: {counts} counts, {off} than {expected:.0f}, {by}.", "yellow")
        early = counts < expected
        cause = "Was Enter pressed before the mark was" if early else "Did the mark pass unseen"
        choice = self._talk.ask(
            "lap",
            f"{cause}{' there' if early else ''}? `again` counts this {plan.what} again, `keep` "
            "takes it as it is",
            one_of("again", "keep"),
            default="again",
            idle=self._listen,
        )
        if choice == "keep":
            return True
        self._begin_lap_anew()
        return False

    def _expected(self) -> tuple[float, str]:
        """The counts that a lap should have, and by what; 0 where nothing is known."""
        plan, passings = self._plan, self._all
        ends = [at for at in range(1, len(passings)) if plan.ends_one(at + 1)]
        if ends:
            laps = [abs(passings[at].count - passings[at - 1].count) for at in ends]
            return statistics.median(laps), f"as the {plan.what}s before have"
        length_mm = plan.lap_mm if plan.apart_mm is None else plan.apart_mm
        if length_mm is not None and self._box.settings["belt_u_ppm"]:
            nm_per_count = int(self._box.settings["belt_nm_per_count"])
            return length_mm * 1e6 / nm_per_count, "by the calibration before"
        return 0.0, ""

    def _begin_lap_anew(self) -> None:
        """The lap under way is lost: the belt is brought to its mark again."""
        plan, passings = self._plan, self._all
        if not passings or not plan.ends_one(len(passings) + 1):
            return  # none is under way
        self._anew = True
        mark = "the mark"
        if plan.apart_mm is not None:
            passings.pop()
            mark = "the first mark"
        then = f"let the belt rest there for {STILL_S:.0f} s"
        if self._by_key:
            then = "with the belt at rest, press Enter"
        ended = plan.ended(len(passings))
        stand = f"; the {ended} before stand{'s' * (ended == 1)}" if ended else ""
        self._talk.say(
            f"    {plan.what} {ended + 1} begins anew{stand}. Bring {mark} to the pointer; {then}.",
            "yellow",
        )

    def _refuse_rest(self) -> None:
        counter, plan = self._counter, self._plan
        if counter.at_s - max(counter.moved_s, self._since_s) <= plan.wait_s:
            return
        self._talk.quiet()
        raise CalibrationError(
            f"The belt hasn't moved for {plan.wait_s:.0f} s, after "
            f"{plan.ended(len(self._all))} of {plan.laps} {plan.what}s and {counter.since} "
            f"counts ({_MOVED_COUNTS} are the least). If you pushed it, the encoder doesn't "
            "see it (check its wheel, and wires A and B: hardware/README.md), or is too coarse "
            "for so short a distance."
        )


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


def _what_now(
    counter: _Counter, passings: Sequence[Passing], plan: BeltPlan, *, by_key: bool, anew: bool
) -> str:
    mark = "the mark"
    if plan.apart_mm is not None:
        mark = "the second mark" if len(passings) % 2 else "the first mark"
    if anew or not passings:
        return f"press Enter with {mark} at the pointer" if by_key else "wait: the belt must rest"
    doing = f"let it rest at {mark}{', then Enter' if by_key else ''}"
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
