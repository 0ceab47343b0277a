"""The dialogue that calibrates the belt: laps counted by a mark, or a roller's size."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from beltbox.belt_laps import (
    ROLLER_MM,
    TAPE_MM,
    BeltScale,
    Passing,
    counts_per_turn,
    from_laps,
    from_roller,
    label_words,
    lap_problem,
    lap_trouble,
)
from beltbox.calibrate_accept import accepted
from beltbox.calibrate_box import CalibrateBox, CalibrationError
from beltbox.calibrate_talk import Talk, number, positive
from beltbox.card import Card
from beltbox.fit import standard_ppm
from beltcore import settings as declared

LAPS = 3
BACKWARD, FORWARD = "backward", "forward"

_SPEED_S = 0.2
_STILL_S = 2.0
_TREMBLING = 2  # counts that a belt at rest may go to and fro
_MOVED_COUNTS = 20
_SHORTEST_LAP = 0.5  # of the first one: less is a rest on the way
_COUNT_PERIOD = 1 << 30


@dataclass(frozen=True, slots=True)
class BeltPlan:
    """What was asked for."""

    lap_mm: float | None = None
    laps: int = LAPS
    tape_mm: float = TAPE_MM
    roller_mm: float | None = None
    roller_u_mm: float = ROLLER_MM
    belt_mm: float = 0.0
    """The belt's thickness."""
    counts_per_rev: float | None = None
    pushed: str = BACKWARD
    stops: bool = False
    """A passing is where the belt rests for two seconds; nobody presses a key."""
    temperature_c: float | None = None
    wait_s: float = 120.0

    @property
    def by_roller(self) -> bool:
        """No laps: the roller's size says it all."""
        return self.lap_mm is None and self.roller_mm is not None


def calibrate_belt(box: CalibrateBox, talk: Talk, plan: BeltPlan) -> Card:
    """The card that the person accepted. Raises CalibrationError, LeaveError."""

    def measure() -> tuple[Card, list[str]]:
        scale, told = _by_roller(talk, plan, box) if plan.by_roller else _by_laps(box, talk, plan)
        return _card(box, plan, scale), told

    return accepted(box, talk, measure, repeatable=not plan.by_roller)


def _by_roller(talk: Talk, plan: BeltPlan, box: CalibrateBox) -> tuple[BeltScale, list[str]]:
    assert plan.roller_mm is not None
    counts = plan.counts_per_rev or talk.ask(
        "counts-per-rev",
        "How many counts has a turn of the encoder (four times its lines)?",
        positive,
        idle=box.idle,
    )
    told: list[str] = []
    if not plan.belt_mm:
        told.append(
            "That is right for a wheel that rolls on the belt. Where the belt is bent round the "
            "roller, give its thickness too (--belt-thickness-mm): it adds to the diameter."
        )
    told.append("Not checked against the belt itself: laps by a mark would show slip.")
    scale = from_roller(plan.roller_mm, counts, belt_mm=plan.belt_mm, roller_u_mm=plan.roller_u_mm)
    return scale, told


def _by_laps(box: CalibrateBox, talk: Talk, plan: BeltPlan) -> tuple[BeltScale, list[str]]:
    lap_mm = plan.lap_mm or talk.ask(
        "belt-mm",
        "How long is the belt, once round, by the tape (or between evenly spaced marks), in mm?",
        _lap_mm,
        idle=box.idle,
    )
    talk.say(
        f"Mark the belt. Push it by hand {plan.laps} laps, "
        f"{'the way it goes' if plan.pushed == BACKWARD else 'against the way that it goes'} "
        "when somebody walks backward, slowly past the pointer."
    )
    if plan.stops or talk.scripted:
        talk.say(
            f"Each time the mark is at the pointer, let the belt rest for {_STILL_S:.0f} seconds: "
            "now first."
        )
    else:
        talk.say(
            "Press Enter each time the mark passes the pointer: now first, with the belt at rest."
        )
    passings = _count(box, talk, plan)
    try:
        scale = from_laps(passings, lap_mm, plan.tape_mm)
    except ValueError as error:
        raise CalibrationError(_sentence(str(error))) from error
    told: list[str] = []
    u = {part.name: part.u for part in scale.parts}
    if u.get("lateness", 0.0) > max(u["tape"], u.get("laps", 0.0)):
        told.append(
            "The keys make most of that: slower past the pointer, or more laps, and it is less; "
            "with --stops, where the belt rests at the mark, there are none."
        )
    if scale.spread_share is not None:
        told.append(f"The laps differ by {100 * scale.spread_share:.2f} % of a lap.")
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
        turn = counts_per_turn(scale.nm_per_count, roller_mm, plan.belt_mm)
        told.append(
            f"On a roller of {roller_mm:g} mm: {turn:.0f} counts in a turn. The encoder's label "
            "says as many, or as lines a quarter of it."
            if plan.counts_per_rev is None
            else f"On a roller of {roller_mm:g} mm: {label_words(turn, plan.counts_per_rev)}."
        )
    return scale, told


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


def _count(box: CalibrateBox, talk: Talk, plan: BeltPlan) -> list[Passing]:
    """The first passing and one for each lap. Raises CalibrationError, LinkLostError."""
    by_key = not (plan.stops or talk.scripted)
    counter = _Counter()
    passings: list[Passing] = []
    moved_s = 0.0  # or a mark has passed
    for came in box.rows():
        if came is not None:
            counter.take(came[0], came[1].count)
        if came is None and not by_key:
            continue
        if by_key:
            passed = talk.pressed() and counter.at_s > 0
            if passed and passings and counter.since < _MOVED_COUNTS:
                passed = False
                talk.say(
                    f"    That isn't a lap: {counter.since} counts since the last Enter. If the "
                    "belt went round, the encoder doesn't see it: check its wheel, and wires A and "
                    "B (hardware/README.md).",
                    "yellow",
                )
        else:
            passed = counter.at_s - max(counter.moved_s, moved_s) >= _STILL_S and (
                not passings or _is_lap(counter, passings)
            )
        if passed:
            passings.append(counter.passing())
            moved_s = counter.at_s
            talk.quiet()
            if len(passings) > 1:
                lap = passings[-1].count - passings[-2].count
                if trouble := lap_trouble(len(passings) - 1, passings[-1], lap):
                    raise CalibrationError(_sentence(trouble))
                talk.say(f"    lap {len(passings) - 1} of {plan.laps}: {abs(lap)} counts")
            if len(passings) > plan.laps:
                talk.quiet()
                return passings
        talk.status(_what_now(counter, passings, plan, by_key))
        if counter.at_s - max(counter.moved_s, moved_s) > plan.wait_s:
            talk.quiet()
            raise CalibrationError(
                f"The belt hasn't moved for {plan.wait_s:.0f} s, after {max(0, len(passings) - 1)} "
                f"of {plan.laps} laps. If you pushed it: the encoder counts nothing; check its "
                "wheel, and wires A and B (hardware/README.md)."
            )
    raise AssertionError("rows never end")


def _mm_or_skip(text: str) -> float | None:
    return None if text.lower() == "skip" else positive(text)


def _sentence(trouble: str) -> str:
    return f"{trouble[:1].upper()}{trouble[1:]}."


def _lap_mm(text: str) -> float:
    found = number(text)
    if problem := lap_problem(found):
        raise ValueError(problem)
    return found


def _is_lap(counter: _Counter, passings: Sequence[Passing]) -> bool:
    """Whether it came far enough to be at the mark again."""
    first = passings[1].there if len(passings) > 1 else _MOVED_COUNTS
    return counter.since >= max(_MOVED_COUNTS, _SHORTEST_LAP * first)


def _what_now(counter: _Counter, passings: Sequence[Passing], plan: BeltPlan, by_key: bool) -> str:
    if not passings:
        return "press Enter with the mark at the pointer" if by_key else "wait: the belt must rest"
    doing = "Enter when the mark passes" if by_key else "let it rest at the mark"
    if counter.since < _MOVED_COUNTS:
        return f"lap {len(passings)} of {plan.laps}: push the belt; {doing}"
    # Whole hundreds: a line that changes 80 times a second can't be read.
    since = counter.since // 100 * 100
    return f"lap {len(passings)} of {plan.laps}: over {since} counts; {doing}"


def _card(box: CalibrateBox, plan: BeltPlan, scale: BeltScale) -> Card:
    values = {
        "belt_nm_per_count": round(scale.nm_per_count),
        "belt_u_ppm": standard_ppm(scale.parts),
    }
    if scale.sign:
        # Walking backward is negative.
        rising = scale.sign if plan.pushed == FORWARD else -scale.sign
        values["belt_direction"] = rising
    try:
        declared.check("belt_nm_per_count", values["belt_nm_per_count"])
    except declared.SettingsError as error:
        raise CalibrationError(f"{error}. Was the length given in mm?") from error
    return Card(
        part="belt",
        made_at=datetime.now(UTC).replace(microsecond=0),
        serial=box.serial,
        box_name=box.identity.box_name,
        firmware=box.identity.firmware,
        method="roller" if plan.by_roller else "laps",
        settings=values,
        fixed=(),
        relative=scale.parts,
        laps=scale.lap_counts,
        temperature_c=plan.temperature_c,
        body_mass_kg=int(box.settings["body_mass_g"]) / 1000,
        warnings=scale.warnings,
    )
