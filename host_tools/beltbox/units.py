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


def format_speed(mm_s: float | None) -> str:
    """A speed without its sign: -710 mm/s is "0.71 m/s (1.6 mph)"."""
    if mm_s is None:
        return UNKNOWN
    return f"{format_speed_m_s(mm_s)} m/s ({format_speed_mph(mm_s)} mph)"


def format_speed_m_s(mm_s: float | None) -> str:
    """The number alone, without its sign: -710 mm/s is "0.71"."""
    return UNKNOWN if mm_s is None else f"{abs(mm_s) / 1000:.2f}"


def format_speed_mph(mm_s: float | None) -> str:
    """The number alone, without its sign: -710 mm/s is "1.6"."""
    return UNKNOWN if mm_s is None else f"{abs(mph(mm_s)):.1f}"


def format_plus_minus(u: float | None, divisor: float, unit: str, most_digits: int) -> str:
    """± of a standard uncertainty, which covers 95 % (twice it): "± 0.01 m/s"; "" if unknown.

    Of `divisor` parts of a unit; one digit, two where it begins with 1, as far as `most_digits`
    after the point, never less than it is.
    """
    if u is None:
        return ""
    expanded = 2 * u / divisor
    place = -math.floor(math.log10(expanded)) if expanded > 0 else most_digits
    begins_with_1 = expanded * 10**place < 2
    digits = max(0, min(most_digits, place + begins_with_1))
    rounded = math.ceil(expanded * 10**digits - 1e-9) / 10**digits
    return f"\N{PLUS-MINUS SIGN} {rounded:.{digits}f} {unit}"


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


def format_distance(mm: float | None) -> str:
    """A distance >= 0: "163 m (0.10 mi)", from 10 km on "12.35 km (7.67 mi)"."""
    if mm is None:
        return UNKNOWN
    number, unit = distance_parts(mm)
    return f"{number} {unit} ({format_miles(mm)} mi)"


def distance_parts(mm: float | None) -> tuple[str, str]:
    """The number and its unit: ("4.2", "m"), ("163", "m"), ("12.35", "km")."""
    if mm is None:
        return UNKNOWN, "m"
    metres = mm / 1000
    if metres >= 9999.5:
        return f"{metres / 1000:.2f}", "km"
    return (f"{metres:.0f}" if metres >= 99.95 else f"{metres:.1f}"), "m"


def format_miles(mm: float | None) -> str:
    """The number alone: 163 m is "0.10"."""
    return UNKNOWN if mm is None else f"{mm / _MM_PER_MILE:.2f}"


def format_percent(permille: float | None) -> str:
    """Permille as percent: 42 is "4.2 %"."""
    return UNKNOWN if permille is None else f"{permille / 10:.1f} %"


def format_share(share: float | None) -> str:
    """A part of 0 .. 1 as whole percent: 0.413 is "41 %"."""
    return UNKNOWN if share is None else f"{100 * share:.0f} %"


def format_force(mn: float | None) -> str:
    """A force: 29 410 mN is "29.4 N"."""
    return UNKNOWN if mn is None else f"{mn / _MN_PER_N:.1f} N"
