"""A report's charts: their data, and what they show in words."""

from __future__ import annotations

from collections.abc import Sequence

from beltbox import units
from beltbox.report.numbers import Span, thinned, zone_stretches
from beltbox.report.tables import zone_metres, zone_rows
from beltbox.walk.figures import WalkNumbers
from beltbox.walk.moments import Break
from beltbox.walk.rows import MetricRow
from beltbox.walk.zones import ZONES

_BREAKS_IN_WORDS = 3


def chart_data(
    rows: list[MetricRow],
    bars: list[Span],
    limits_permille: Sequence[float],
    breaks: Sequence[Break] = (),
    *,
    zone_unknown: bool = False,
) -> dict[str, object]:
    """What assets/report.js draws; `bars` are the spans of the metres by zone.

    The times of all are since the session's start, breaks included. zone_unknown: some metres
    belong to no zone.
    """
    unknown = [{"name": "Zone unknown", "colour": "zone-unknown"}] if zone_unknown else []
    return {
        "zones": [
            {"name": zone.name.capitalize(), "colour": zone.colour, "from_percent": permille / 10}
            for zone, permille in zip(ZONES, (0, *limits_permille), strict=True)
        ],
        "unknown": unknown,
        "breaks": [
            (pause.begins_ms / 1000, (pause.begins_ms + pause.lasted_ms) / 1000) for pause in breaks
        ],
        "duration_s": rows[-1].t_ms / 1000 if rows else 0,
        "lines": {
            name: [None if value is None else round(value, 3) for value in values]
            for name, values in thinned(rows).items()
        },
        "stretches": [
            (round(start_s, 2), round(end_s, 2), zone)
            for start_s, end_s, zone in zone_stretches(rows)
        ],
        "spans": [
            (span.start_ms / 1000, span.end_ms / 1000, *zone_metres(span.totals)) for span in bars
        ],
    }


def chart_labels(walk: WalkNumbers, rows: Sequence[MetricRow]) -> dict[str, str]:
    """What each chart shows, for those who can't see it."""
    summary = walk.summary
    speeds = [abs(row.speed_mm_s) for row in rows if row.speed_mm_s is not None]
    forces = [
        force
        for row in rows
        for force in (row.rail_left_mn, row.rail_right_mn)
        if force is not None
    ]
    reliances = [row.reliance_permille for row in rows if row.reliance_permille is not None]
    zones = ", ".join(f"{zone.name.lower()} {zone.metres}" for zone in zone_rows(walk))
    over_time = f"over time{_breaks_in_words(walk.breaks)}"
    return {
        "speed": f"Chart of speed {over_time}. Mean while moving "
        f"{units.format_speed(summary.totals.mean_speed_mm_s)}, fastest second "
        f"{units.format_speed(max(speeds, default=None))}.",
        "rails": f"Chart of the force on the left and on the right rail {over_time}. Mean of both "
        f"together {units.format_force(summary.totals.mean_rail_mn)}, greatest on one rail "
        f"{units.format_force(max(forces, default=None))}.",
        "reliance": f"Chart of the part of body weight on the rails {over_time}. Mean "
        f"{units.format_percent(summary.totals.mean_reliance_permille)}, greatest "
        f"{units.format_percent(max(reliances, default=None))}.",
        "zones": f"Strip of the zones {over_time}. In all: {zones}.",
        "metres": f"Chart of the metres walked in each zone, span by span. In all: {zones}.",
    }


def _breaks_in_words(breaks: Sequence[Break]) -> str:
    """ ", with a break of 0:34 at 1:02"; "" without one."""
    listed = [
        f"a break of {units.format_duration(pause.lasted_ms / 1000)} at "
        f"{units.format_duration(pause.begins_ms / 1000)}"
        for pause in breaks[:_BREAKS_IN_WORDS]
    ]
    more = len(breaks) - len(listed)
    if more:
        listed.append(f"{more} more")
    return f", with {', '.join(listed)}" if listed else ""
