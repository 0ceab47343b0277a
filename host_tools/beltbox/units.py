"""Numbers as people read them: SI first, mph and miles beside, a dash for what is unknown."""

from __future__ import annotations

import math
from datetime import datetime

UNKNOWN = "\N{EN DASH}"

_MM_S_PER_MPH = 447.04
_MM_PER_MILE = 1_609_344
_MN_PER_N = 1000


def mph(mm_s: float) -> float:
    """A speed in mm/s as miles an hour, with its sign."""
    return mm_s / _MM_S_PER_MPH


def direction(mm_s: float | None) -> str:
    """The word for a signed speed: "backward", "forward", "still", or UNKNOWN."""
    if mm_s is None:
        return UNKNOWN
    return "backward" if mm_s < 0 else "forward" if mm_s > 0 else "still"


def format_speed(mm_s: float | None, u: float | None = None) -> str:
    """A speed without its sign: -710 mm/s is "0.71 m/s (1.6 mph)", or "0.71 ± 0.01 m/s (1.6 mph)".

    u, here and below: the standard uncertainty in the unit of the number; None = unknown.
    """
    if mm_s is None:
        return UNKNOWN
    sure = _beside(speed_plus_minus(u))
    return f"{format_speed_m_s(mm_s)}{sure} m/s ({format_speed_mph(mm_s)} mph)"


def format_speed_m_s(mm_s: float | None) -> str:
    """The number alone, without its sign: -710 mm/s is "0.71"."""
    return UNKNOWN if mm_s is None else f"{abs(mm_s) / 1000:.2f}"


def format_speed_mph(mm_s: float | None) -> str:
    """The number alone, without its sign: -710 mm/s is "1.6"."""
    return UNKNOWN if mm_s is None else f"{abs(mph(mm_s)):.1f}"


def plus_minus(u: float | None, divisor: float, digits: int) -> str:
    """± that covers 95 %: twice a standard uncertainty; "" if that is unknown.

    Of `divisor` parts of a unit, with as many `digits` after the point as the number that it stands
    beside. Rounded up (but for a twentieth of the last digit), and never 0, because the number
    itself is rounded there.
    """
    if u is None:
        return ""
    lasts = max(1, math.ceil(2 * u / divisor * 10**digits - 0.05))
    return f"\N{PLUS-MINUS SIGN} {lasts / 10**digits:.{digits}f}"


def speed_plus_minus(u: float | None) -> str:
    """Beside `format_speed_m_s`: 5 mm/s is "± 0.01"."""
    return plus_minus(u, 1000, 2)


def distance_plus_minus(mm: float | None, u: float | None) -> str:
    """Beside the number of `distance_parts`, in its unit."""
    divisor, digits, _ = _distance_scale(mm or 0)
    return "" if mm is None else plus_minus(u, divisor, digits)


def percent_plus_minus(u: float | None) -> str:
    """Beside the number of `format_percent`."""
    return plus_minus(u, 10, 1)


def share_plus_minus(u: float | None) -> str:
    """Beside the number of `format_share`."""
    return plus_minus(u, 0.01, 0)


def _beside(sure: str) -> str:
    return f" {sure}" if sure else ""


def format_duration(seconds: float | None) -> str:
    """Minutes and seconds, "3:05", or with hours, "1:02:03". Rounded down, as a stopwatch does."""
    if seconds is None:
        return UNKNOWN
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def format_start(started_at: datetime, *, dated: bool = True) -> str:
    """When a walk began, in this computer's time zone: "2026-03-01 12:00", or "before 2026-03-01".

    Before that day or on it: a walk that has no date itself was before something else that has.
    """
    at = started_at.astimezone()
    return f"{at:%Y-%m-%d %H:%M}" if dated else f"before {at:%Y-%m-%d}"


def format_distance(mm: float | None, u: float | None = None) -> str:
    """A distance >= 0: "163 m (0.10 mi)", from 10 km on "12.35 km (7.67 mi)"."""
    if mm is None:
        return UNKNOWN
    number, unit = distance_parts(mm)
    sure = _beside(distance_plus_minus(mm, u))
    return f"{number}{sure} {unit} ({format_miles(mm)} mi)"


def distance_parts(mm: float | None) -> tuple[str, str]:
    """The number and its unit: ("4.2", "m"), ("163", "m"), ("12.35", "km")."""
    if mm is None:
        return UNKNOWN, "m"
    divisor, digits, unit = _distance_scale(mm)
    return f"{mm / divisor:.{digits}f}", unit


def _distance_scale(mm: float) -> tuple[int, int, str]:
    """What a distance is divided by, its digits after the point, and its unit."""
    if mm >= 9_999_500:
        return 1_000_000, 2, "km"
    return 1000, 0 if mm >= 99_950 else 1, "m"


def format_miles(mm: float | None) -> str:
    """The number alone: 163 m is "0.10"."""
    return UNKNOWN if mm is None else f"{mm / _MM_PER_MILE:.2f}"


def format_percent(permille: float | None, u: float | None = None) -> str:
    """Permille as percent: 42 is "4.2 %"."""
    if permille is None:
        return UNKNOWN
    return f"{permille / 10:.1f}{_beside(percent_plus_minus(u))} %"


def format_share(share: float | None, u: float | None = None) -> str:
    """A part of 0 .. 1 as whole percent: 0.413 is "41 %"."""
    return UNKNOWN if share is None else f"{100 * share:.0f}{_beside(share_plus_minus(u))} %"


def format_force(mn: float | None, u: float | None = None) -> str:
    """A force: 29 410 mN is "29.4 N"."""
    if mn is None:
        return UNKNOWN
    return f"{mn / _MN_PER_N:.1f}{_beside(plus_minus(u, _MN_PER_N, 1))} N"


def format_steps(steps: int, u: float | None = None) -> str:
    """Their number: "312 steps", "1 step", "312 ± 2 steps"."""
    return f"{steps}{_beside(plus_minus(u, 1, 0))} step{'s' * (steps != 1)}"


def format_cadence(spm: float, u: float | None = None) -> str:
    """Steps a minute: 96.4 is "96 a minute", or "96 ± 2 a minute"."""
    return f"{spm:.0f}{_beside(plus_minus(u, 1, 0))} a minute"


def format_step_length(mm: float, u: float | None = None) -> str:
    """The way of a step: 422 mm is "0.42 m each"."""
    return f"{mm / 1000:.2f}{_beside(plus_minus(u, 1000, 2))} m each"


def format_grabs(grabs: int) -> str:
    """Their number: "1 grab"."""
    return f"{grabs} grab{'s' * (grabs != 1)}"


def format_unevenness(permille: float | None, u: float | None, longer_side: int | None) -> str:
    """The asymmetry of step times: "uneven by 4 ± 3 %"; "" unless both are known.

    It differs by 154 % of itself from day to day, so it is never said without. longer_side: 1 left,
    2 right, or None: "left steps longer by 12 ± 3 %".
    """
    if permille is None or u is None:
        return ""
    what = {1: "left steps longer", 2: "right steps longer"}.get(longer_side or 0, "uneven")
    return f"{what} by {permille / 10:.0f} {plus_minus(u, 10, 0)} %"
