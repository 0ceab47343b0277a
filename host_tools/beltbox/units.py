"""Numbers as people read them: SI first, mph and miles beside, a dash for what is unknown.

Each kind of number has a function that gives its parts, for callers that set them apart (a big
figure, a table's cell, a unit in small print), and one that gives them as text.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import NamedTuple

from beltbox.words import counted

UNKNOWN = "\N{EN DASH}"

_MM_S_PER_MPH = 447.04
_MM_PER_MILE = 1_609_344
_ENDS_MM = 100  # what may be unknown at the ends of a walk, before the first row with a figure


class Scale(NamedTuple):
    """How a kind of number is shown: in a unit of `divisor` parts, `digits` after the point."""

    unit: str
    divisor: float
    digits: int


SPEED = Scale("m/s", 1000, 2)
METRES = Scale("m", 1000, 1)
_WHOLE_METRES = Scale("m", 1000, 0)
_KILOMETRES = Scale("km", 1_000_000, 2)
FORCE = Scale("N", 1000, 1)
PERCENT = Scale("%", 10, 1)
_SHARE = Scale("%", 0.01, 0)
_WHOLE_PERCENT = Scale("%", 10, 0)
COUNT = Scale("", 1, 0)
CADENCE = Scale("a minute", 10, 0)
"""Of steps a minute times 10, as rows have them."""
_SPM = Scale("a minute", 1, 0)
STEP_LENGTH = Scale("m each", 1000, 2)


class Quantity(NamedTuple):
    """A number as text, in its parts."""

    number: str
    """UNKNOWN where it is."""
    plus_minus: str = ""
    """Such as "± 0.01", in the same unit; "" where the uncertainty is unknown."""
    unit: str = ""
    beside: str = ""
    """The same in another unit: "1.6 mph"."""

    @property
    def known(self) -> bool:
        """Whether there is a number."""
        return self.number != UNKNOWN

    @property
    def si(self) -> str:
        """Number, ± and unit: "0.71 ± 0.01 m/s"; a dash alone where it is unknown."""
        return _joined(self.number, self.plus_minus, self.unit) if self.known else UNKNOWN

    @property
    def whole(self) -> str:
        """All of it: "0.71 ± 0.01 m/s (1.6 mph)"."""
        return f"{self.si} ({self.beside})" if self.beside and self.known else self.si

    @property
    def uncertainty(self) -> str:
        """The ± with its unit: "± 0.01 m/s"; "" where it is unknown."""
        return _joined(self.plus_minus, self.unit) if self.plus_minus else ""


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def quantity(value: float | None, scale: Scale, u: float | None = None) -> Quantity:
    """The parts of a number.

    u, here and below: the standard uncertainty in the unit of the number; None = unknown.
    """
    unit, divisor, digits = scale
    if value is None:
        return Quantity(UNKNOWN, unit=unit)
    number = f"{value / divisor:.{digits}f}"
    return Quantity(number, plus_minus(u, divisor, digits), unit)


def plus_minus(u: float | None, divisor: float, digits: int) -> str:
    """± that covers 95 %: twice a standard uncertainty; "" if that is unknown.

    Of `divisor` parts of a unit, with as many `digits` after the point as the number beside it.
    Rounded up (but for a twentieth of the last digit), and never 0, because the number itself is
    rounded there.
    """
    if u is None:
        return ""
    lasts = max(1, math.ceil(2 * u / divisor * 10**digits - 0.05))
    return f"\N{PLUS-MINUS SIGN} {lasts / 10**digits:.{digits}f}"


def mph(mm_s: float) -> float:
    """A speed in mm/s as miles an hour, with its sign."""
    return mm_s / _MM_S_PER_MPH


def direction(mm_s: float | None) -> str:
    """The word for a signed speed: "backward", "forward", "still", or UNKNOWN."""
    if mm_s is None:
        return UNKNOWN
    return "backward" if mm_s < 0 else "forward" if mm_s > 0 else "still"


def speed(mm_s: float | None, u: float | None = None) -> Quantity:
    """A speed without its sign: -710 mm/s is 0.71 m/s, 1.6 mph."""
    if mm_s is None:
        return quantity(None, SPEED)._replace(beside=f"{UNKNOWN} mph")
    return quantity(abs(mm_s), SPEED, u)._replace(beside=f"{speed_mph(mm_s)} mph")


def speed_mph(mm_s: float | None) -> str:
    """The number in mph, without its sign: -710 mm/s is "1.6"."""
    return UNKNOWN if mm_s is None else f"{abs(mph(mm_s)):.1f}"


def format_speed(mm_s: float | None, u: float | None = None) -> str:
    """-710 mm/s is "0.71 m/s (1.6 mph)", or "0.71 ± 0.01 m/s (1.6 mph)"."""
    return speed(mm_s, u).whole


def distance(mm: float | None, u: float | None = None) -> Quantity:
    """A distance >= 0: 4.2 m, from 100 m on 163 m, from 10 km on 12.35 km; miles beside."""
    if mm is None:
        return quantity(None, METRES)
    scale = _KILOMETRES if mm >= 9_999_500 else _WHOLE_METRES if mm >= 99_950 else METRES
    return quantity(mm, scale, u)._replace(beside=f"{mm / _MM_PER_MILE:.2f} mi")


def format_distance(mm: float | None, u: float | None = None) -> str:
    """163 000 mm is "163 m (0.10 mi)"."""
    return distance(mm, u).whole


def over(basis_mm: int, whole_mm: int) -> str:
    """The basis of a figure: "over 32.0 m"; "" where it is the whole distance, but for its ends."""
    unknown_mm = whole_mm - basis_mm
    if unknown_mm < max(_ENDS_MM, whole_mm / 1000):
        return ""
    return f"over {distance(basis_mm).si}"


def percent(permille: float | None, u: float | None = None) -> Quantity:
    """Permille as percent: 42 is 4.2 %."""
    return quantity(permille, PERCENT, u)


def format_percent(permille: float | None, u: float | None = None) -> str:
    """42 is "4.2 %"."""
    return percent(permille, u).whole


def share(part: float | None, u: float | None = None) -> Quantity:
    """A part of 0 .. 1 as whole percent: 0.413 is 41 %."""
    return quantity(part, _SHARE, u)


def format_share(part: float | None, u: float | None = None) -> str:
    """0.413 is "41 %"."""
    return share(part, u).whole


def force(mn: float | None, u: float | None = None) -> Quantity:
    """A force: 29 410 mN is 29.4 N."""
    return quantity(mn, FORCE, u)


def format_force(mn: float | None, u: float | None = None) -> str:
    """29 410 mN is "29.4 N"."""
    return force(mn, u).whole


def steps(count: int | None, u: float | None = None) -> Quantity:
    """Their number: 312 steps, 1 step."""
    return quantity(count, COUNT, u)._replace(unit="step" if count == 1 else "steps")


def format_steps(count: int, u: float | None = None) -> str:
    """312 is "312 steps", or "312 ± 2 steps"."""
    return steps(count, u).whole


def format_cadence(spm: float, u: float | None = None) -> str:
    """Steps a minute: 96.4 is "96 a minute", or "96 ± 2 a minute"."""
    return quantity(spm, _SPM, u).whole


def format_step_length(mm: float, u: float | None = None) -> str:
    """The length of a step: 422 mm is "0.42 m each"."""
    return quantity(mm, STEP_LENGTH, u).whole


def format_grabs(grabs: int) -> str:
    """Their number: "1 grab"."""
    return counted(grabs, "grabs")


def format_unevenness(permille: float | None, u: float | None, longer_side: int | None) -> str:
    """The asymmetry of step times: "uneven by 4 ± 3 %"; "" unless both are known.

    It differs by 154 % of itself from day to day, so it is never shown without its ±. longer_side:
    1 left, 2 right, or None: "left steps longer by 12 ± 3 %".
    """
    if permille is None or u is None:
        return ""
    what = {1: "left steps longer", 2: "right steps longer"}.get(longer_side or 0, "uneven")
    return f"{what} by {quantity(permille, _WHOLE_PERCENT, u).whole}"


def format_duration(seconds: float | None) -> str:
    """Minutes and seconds, "3:05", or with hours, "1:02:03". Rounded down, as a stopwatch does."""
    if seconds is None:
        return UNKNOWN
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def format_start(started_at: datetime, *, dated: bool = True) -> str:
    """When a session began, in this computer's time zone: "2026-03-01 12:00".

    One without a date of its own was before the given one, or on that day: "before 2026-03-01".
    """
    at = started_at.astimezone()
    return f"{at:%Y-%m-%d %H:%M}" if dated else f"before {at:%Y-%m-%d}"
