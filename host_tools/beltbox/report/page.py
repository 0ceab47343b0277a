"""A session as one HTML file that needs no network: to read, to print, to send."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import jinja2
from markupsafe import Markup

from beltbox import units
from beltbox.calibrate.cards.card import Card
from beltbox.errors import ReportError
from beltbox.files import written_whole
from beltbox.report.cards import card_rows
from beltbox.report.numbers import Span, spans, thinned, zone_stretches
from beltbox.walk import since_last_walk as change
from beltbox.walk.comparison import Comparison
from beltbox.walk.figures import WalkNumbers, walk_numbers
from beltbox.walk.rows import MetricRow
from beltbox.walk.session import PULLED, Event, Session, SessionSummary
from beltbox.walk.totals import Totals, as_one_walk
from beltbox.walk.zones import ZONES, zone_ranges
from beltbox.words import printable

_HERE = Path(__file__).parent
_MAX_EVENTS = 500

_EVENT_WORDS = {
    "reset": ("The box started again", "restart of the box", "restarts of the box"),
    "gap": ("Sentences missing", "sentence missing", "sentences missing"),
    "damaged": ("Damaged sentence", "damaged sentence", "damaged sentences"),
    "lost": (
        "Lost on the box",
        "block of ten seconds damaged on the box",
        "blocks of ten seconds damaged on the box",
    ),
    "unplugged": ("The box was unplugged", "time unplugged", "times unplugged"),
}
_OTHER_EVENT_WORDS = {
    "note": "Note",
    "console": "The box said",
    "filled": "Filled from the box, in seconds",
}


@dataclass(frozen=True, slots=True)
class _Zone:
    name: str
    colour: str
    range: str
    metres: str
    share: float | None


@dataclass(frozen=True, slots=True)
class _Figure:
    label: str
    value: str
    unit: str
    beside: str


def write_report(
    session: Session,
    path: Path,
    *,
    comparisons: Sequence[Comparison] = (),
    title: str | None = None,
    cards: Sequence[Card] = (),
    before: SessionSummary | None = None,
) -> None:
    """Write the session's report to `path`, in place of what is there.

    `comparisons` are shown as a table, `cards` are the calibrations behind it. `title` stands in
    for the session's own. `before` is the same person's walk before it, for arrows. Raises
    ReportError when the file can't be written; what was there is then still there.
    """
    page = _page(session, comparisons, title, cards, before)
    with written_whole(path, error=ReportError) as file:
        file.write(page)


def _page(
    session: Session,
    comparisons: Sequence[Comparison],
    title: str | None,
    cards: Sequence[Card],
    before: SessionSummary | None,
) -> str:
    rows = list(as_one_walk([segment.metrics for segment in session.segments]))
    summary = session.summary
    walk = walk_numbers(session)
    numbers = spans(rows)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            title=title or summary.title or f"Session {summary.id}",
            summary=summary,
            started=("" if summary.dated else "Before ")
            + summary.started_at.astimezone().strftime("%A, %d %B %Y, %H:%M"),
            pulled=summary.source == PULLED,
            started_utc=summary.started_at.isoformat(timespec="seconds"),
            ended=_clock(summary),
            figures=_figures(walk, None if before is None else before.totals),
            gaps=walk.uncertainty.gaps() if session.segments else [],
            troubles=_troubles(session.events),
            events=[_event_row(event) for event in session.events[:_MAX_EVENTS]],
            events_left_out=max(0, len(session.events) - _MAX_EVENTS),
            zones=_zones(walk),
            comparisons=[_comparison_row(comparison) for comparison in comparisons],
            settings=_settings(session),
            cards=card_rows(cards, session.segments[-1].settings, summary.started_at)
            if session.segments
            else [],
            spans=[_span_row(span) for span in numbers],
            labels=_chart_labels(walk, rows),
            has_rows=bool(rows),
            data=script_json(_chart_data(rows, numbers, walk.uncertainty.limits_permille)),
        )
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    constants = cast(dict[str, object], environment.globals)
    for name in ("uPlot.min.css", "report.css", "uPlot.iife.min.js", "report.js"):
        text = (_HERE / "assets" / name).read_text(encoding="utf-8")
        constants[name.replace(".", "_")] = Markup(text)
    return environment


def script_json(data: object) -> Markup:
    """JSON to stand in a script element, which no text in it can end."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _chart_data(
    rows: list[MetricRow], numbers: list[Span], limits_permille: Sequence[float]
) -> dict[str, object]:
    return {
        "zones": [
            {"name": zone.name.capitalize(), "colour": zone.colour, "from_percent": permille / 10}
            for zone, permille in zip(ZONES, (0, *limits_permille), strict=True)
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
            (span.start_ms / 1000, span.end_ms / 1000, *_zone_metres(span.totals))
            for span in numbers
        ],
    }


def _zone_metres(totals: Totals) -> list[float]:
    return [round(getattr(totals, zone.column) / 1000, 2) for zone in ZONES]


def _figures(walk: WalkNumbers, before: Totals | None) -> list[_Figure]:
    totals, u = walk.summary.totals, walk.u
    distance = units.distance(totals.distance_mm, u["distance_mm_u"])
    speed = units.speed(totals.mean_speed_mm_s, u["mean_speed_mm_s_u"])
    rail = units.percent(totals.mean_reliance_permille, u["mean_reliance_permille_u"])
    force = units.force(totals.mean_rail_mn, u["mean_rail_mn_u"])
    hands_off = units.share(totals.hands_off_share, u["hands_off_share_u"])
    return [
        _Figure(
            "Time",
            units.format_duration(totals.duration_s),
            "",
            f"{units.format_duration(totals.moving_s)} in motion",
        ),
        _Figure(
            "Distance",
            distance.number,
            distance.unit,
            _listed(distance.uncertainty, distance.beside),
        ),
        _Figure(
            "Mean speed",
            speed.number,
            speed.unit,
            _listed(
                speed.uncertainty,
                change.speed_arrow(totals, before),
                speed.beside,
                _direction(totals),
            )
            if speed.known
            else "never moved",
        ),
        _Figure(
            "On the rails",
            rail.number,
            rail.unit,
            _listed(_of("body weight", rail), force.si if force.known else ""),
        ),
        _Figure("Hands off", hands_off.number, hands_off.unit, _of("the distance", hands_off)),
        *_steps(walk, before),
    ]


def _steps(walk: WalkNumbers, before: Totals | None) -> list[_Figure]:
    """Empty for a session of which no step is known."""
    totals = walk.summary.totals
    cadence, length_mm = walk.cadence_spm, walk.step_length_mm
    if cadence is None or length_mm is None:
        return []
    steps = units.steps(totals.steps, walk.u["steps_u"])
    cadence_words = units.format_cadence(cadence, walk.cadence_spm_u)
    length_words = units.format_step_length(length_mm, walk.step_length_mm_u)
    return [
        _Figure(
            "Steps",
            steps.number,
            "",
            _listed(
                steps.uncertainty,
                f"{cadence_words} {change.cadence_arrow(totals, before)}".strip(),
                f"{length_words} {change.step_length_arrow(totals, before)}".strip(),
                units.format_unevenness(
                    walk.asymmetry_permille, walk.asymmetry_u_permille, walk.longer_step_side
                ),
                "" if totals.grabs is None else units.format_grabs(totals.grabs),
            ),
        )
    ]


def _listed(*words: str) -> str:
    return ", ".join(word for word in words if word)


def _of(whole: str, part: units.Quantity) -> str:
    """ "± 0.5 % of body weight", or "of body weight"."""
    return f"{part.uncertainty} of {whole}".strip()


def _direction(totals: Totals) -> str:
    if totals.forward_mm == 0:
        return "backward"
    if totals.backward_mm == 0:
        return "forward"
    backward, forward = units.distance(totals.backward_mm), units.distance(totals.forward_mm)
    return f"{backward.si} backward and {forward.si} forward"


def _zones(walk: WalkNumbers) -> list[_Zone]:
    summary, u = walk.summary, walk.u
    ranges = zone_ranges(walk.uncertainty.limits_permille)
    zones_mm: list[int] = [getattr(summary.totals, zone.column) for zone in ZONES]
    whole_mm = sum(zones_mm)
    return [
        _Zone(
            zone.name.capitalize(),
            zone.colour,
            percents,
            units.distance(zone_mm if whole_mm else None, u[f"{zone.column}_u"]).si,
            zone_mm / whole_mm if whole_mm else None,
        )
        for zone, percents, zone_mm in zip(ZONES, ranges, zones_mm, strict=True)
    ]


def _troubles(events: Sequence[Event]) -> list[str]:
    """What went wrong, counted: "1 restart of the box", "12 sentences missing"."""
    counts = dict.fromkeys(_EVENT_WORDS, 0)
    for event in events:
        if event.kind in counts:
            counts[event.kind] += event.count
    return [
        f"{count} {_EVENT_WORDS[kind][1 if count == 1 else 2]}"
        for kind, count in counts.items()
        if count
    ]


def _event_row(event: Event) -> tuple[str, str, str]:
    words = _EVENT_WORDS.get(event.kind)
    what = words[0] if words else _OTHER_EVENT_WORDS.get(event.kind, event.kind.capitalize())
    if event.count != 1:
        what += f" ({event.count})"
    return units.format_duration(event.t_ms / 1000), what, printable(event.text)


def _clock(summary: SessionSummary) -> str:
    if summary.ended_at is None:
        return summary.end_reason or "not ended"
    ended = summary.ended_at.astimezone().strftime("%H:%M")
    return f"{ended}: {summary.end_reason}" if summary.end_reason else ended


def _settings(session: Session) -> list[tuple[str, dict[str, int | str]]]:
    """The settings, each with the segments that they held for."""
    groups: list[tuple[list[int], dict[str, int | str]]] = []
    for number, segment in enumerate(session.segments, 1):
        if groups and groups[-1][1] == segment.settings:
            groups[-1][0].append(number)
        else:
            groups.append(([number], segment.settings))
    if len(groups) == 1:
        return [("", groups[0][1])]
    return [
        (f"segment {n[0]}" if len(n) == 1 else f"segments {n[0]} to {n[-1]}", settings)
        for n, settings in groups
    ]


def _span_row(span: Span) -> list[str]:
    totals = span.totals
    times = (units.format_duration(ms / 1000) for ms in (span.start_ms, span.end_ms))
    zones = [f"{metres:.1f}" for metres in _zone_metres(totals)]
    return [
        f"{next(times)} {units.UNKNOWN} {next(times)}",
        f"{totals.distance_mm / 1000:.1f}",
        units.speed(totals.mean_speed_mm_s).number,
        units.speed_mph(totals.mean_speed_mm_s),
        units.force(totals.mean_rail_mn).number,
        units.percent(totals.mean_reliance_permille).number,
        *zones,
    ]


def _comparison_row(comparison: Comparison) -> list[str]:
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
    """Three decimals, as the terminal has them, so that they stand under each other."""
    return units.UNKNOWN if value is None else f"{value:.3f}"


def _chart_labels(walk: WalkNumbers, rows: Sequence[MetricRow]) -> dict[str, str]:
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
    zones = ", ".join(f"{zone.name.lower()} {zone.metres}" for zone in _zones(walk))
    return {
        "speed": f"Chart of speed over time. Mean while moving "
        f"{units.format_speed(summary.totals.mean_speed_mm_s)}, fastest second "
        f"{units.format_speed(max(speeds, default=None))}.",
        "rails": f"Chart of the force on the left and on the right rail over time. Mean of both "
        f"together {units.format_force(summary.totals.mean_rail_mn)}, greatest on one rail "
        f"{units.format_force(max(forces, default=None))}.",
        "reliance": f"Chart of the part of body weight on the rails over time. Mean "
        f"{units.format_percent(summary.totals.mean_reliance_permille)}, greatest "
        f"{units.format_percent(max(reliances, default=None))}.",
        "zones": f"Strip of the zones over time. In all: {zones}.",
        "metres": f"Chart of the metres walked in each zone, span by span. In all: {zones}.",
    }
