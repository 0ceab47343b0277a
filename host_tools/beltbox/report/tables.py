"""The tables of a report: zones, spans, comparisons and settings, as texts."""

from __future__ import annotations

from dataclasses import dataclass

from beltbox import units
from beltbox.report.numbers import Span
from beltbox.walk.comparison import Comparison
from beltbox.walk.figures import WalkNumbers
from beltbox.walk.session import Session
from beltbox.walk.totals import Totals
from beltbox.walk.zones import ZONES, zone_ranges


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A zone: its part of body weight, its metres, its share of the distance."""

    name: str
    colour: str
    range: str
    metres: str
    share: float | None
    """Of the distance with a known zone."""
    width: float
    """Of its part of the bar: a part, 0 .. 1, of the distance."""


def zone_rows(walk: WalkNumbers) -> list[ZoneRow]:
    """The four zones, and what belongs to none; dashes for a session without a known zone."""
    totals, u = walk.summary.totals, walk.u
    ranges = zone_ranges(walk.uncertainty.limits_permille)
    zoned_mm = totals.hands_off_share_over_mm
    rows = [
        ZoneRow(
            zone.name.capitalize(),
            zone.colour,
            percents,
            units.distance(zone_mm if zoned_mm else None, u[f"{zone.column}_u"]).si,
            zone_mm / zoned_mm if zoned_mm else None,
            zone_mm / totals.distance_mm if zoned_mm else 0.0,
        )
        for zone, percents, zone_mm in zip(ZONES, ranges, totals.zones_mm, strict=True)
    ]
    if zoned_mm and units.over(zoned_mm, totals.distance_mm):
        unknown_mm = totals.zone_unknown_mm
        rows.append(
            ZoneRow(
                "Zone unknown",
                "zone-unknown",
                units.UNKNOWN,
                units.distance(unknown_mm).si,
                None,
                unknown_mm / totals.distance_mm,
            )
        )
    return rows


def zone_metres(totals: Totals) -> list[float]:
    """The metres in each zone, and those that belong to none."""
    return [round(mm / 1000, 2) for mm in (*totals.zones_mm, totals.zone_unknown_mm)]


def span_row(span: Span, *, with_unknown: bool = False) -> list[str]:
    """Time, metres, speed in m/s and mph, rails in N and %, and the metres in each zone.

    with_unknown: and those that belong to no zone.
    """
    totals = span.totals
    times = (units.format_duration(ms / 1000) for ms in (span.start_ms, span.end_ms))
    zones = [f"{metres:.1f}" for metres in zone_metres(totals)]
    return [
        f"{next(times)} {units.UNKNOWN} {next(times)}",
        f"{totals.distance_mm / 1000:.1f}",
        units.speed(totals.mean_speed_mm_s).number,
        units.speed_mph(totals.mean_speed_mm_s),
        units.force(totals.mean_rail_mn).number,
        units.percent(totals.mean_reliance_permille).number,
        *(zones if with_unknown else zones[:-1]),
    ]


def comparison_row(comparison: Comparison) -> list[str]:
    """Name, unit, truth, measured, difference, goal and whether it is met."""
    met = {None: units.UNKNOWN, True: "Met", False: "Not met"}[comparison.met]
    goal = comparison.goal
    difference = units.UNKNOWN
    if comparison.difference is not None:
        difference = f"{comparison.difference:+.3f}"
    return [
        comparison.name,
        comparison.unit,
        _number(comparison.truth),
        _number(comparison.measured),
        difference,
        goal if isinstance(goal, str) else units.UNKNOWN if goal is None else f"± {_number(goal)}",
        met,
    ]


def _number(value: float | None) -> str:
    """Three decimals, as in the terminal, so that they line up."""
    return units.UNKNOWN if value is None else f"{value:.3f}"


def settings_groups(session: Session) -> list[tuple[str, dict[str, int | str]]]:
    """The settings, each with the segments that they held for."""
    groups: list[tuple[list[int], dict[str, int | str]]] = []
    for number, segment in enumerate(session.segments, 1):
        if groups and groups[-1][1] == segment.settings:
            groups[-1][0].append(number)
        else:
            groups.append(([number], segment.settings))
    if len(groups) == 1:
        return [("", groups[0][1])]
    return [(_segments(numbers), settings) for numbers, settings in groups]


def _segments(numbers: list[int]) -> str:
    first, last = numbers[0], numbers[-1]
    return f"segment {first}" if first == last else f"segments {first} to {last}"
