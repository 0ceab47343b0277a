"""A session as one HTML file that needs no network: to read, to print, to send."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import cast

import jinja2
from markupsafe import Markup

from beltbox.calibrate.cards.card import Card
from beltbox.errors import ReportError
from beltbox.files import written_whole
from beltbox.report.cards import card_rows
from beltbox.report.charts import chart_data, chart_labels
from beltbox.report.events import break_row, breaks_in_words, event_row, troubles
from beltbox.report.key_figures import key_figures
from beltbox.report.numbers import spans
from beltbox.report.tables import comparison_row, settings_groups, span_row, zone_rows
from beltbox.walk.comparison import Comparison
from beltbox.walk.figures import walk_numbers
from beltbox.walk.moments import event_ms, segment_zeros_ms
from beltbox.walk.session import PULLED, Session, SessionSummary
from beltbox.walk.totals import as_one_walk
from beltbox.walk.zones import ZONES

_HERE = Path(__file__).parent
_MAX_EVENTS = 500
_MAX_BREAKS = 50


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
    for the session's own. `before` is the same person's session before it, for arrows. Raises
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
    zeros_ms = segment_zeros_ms(session)
    at_ms = [
        zero_ms + row.t_ms
        for zero_ms, segment in zip(zeros_ms, session.segments, strict=True)
        for row in segment.metrics
    ]
    placed = [
        row if row.t_ms == moment_ms else row._replace(t_ms=moment_ms)
        for row, moment_ms in zip(rows, at_ms, strict=True)
    ]
    table_spans = spans(rows, at_ms)
    zones = zone_rows(walk)
    zone_unknown = len(zones) > len(ZONES)
    in_breaks = breaks_in_words(walk.breaks)
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
            figures=key_figures(walk, None if before is None else before.totals),
            gaps=walk.uncertainty.gaps() if session.segments else [],
            troubles=[*troubles(session.events), *([in_breaks] if in_breaks else [])],
            breaks=[break_row(pause) for pause in walk.breaks[:_MAX_BREAKS]],
            breaks_left_out=max(0, len(walk.breaks) - _MAX_BREAKS),
            events=[
                event_row(event, event_ms(session, event, zeros_ms))
                for event in session.events[:_MAX_EVENTS]
            ],
            events_left_out=max(0, len(session.events) - _MAX_EVENTS),
            zones=zones,
            zone_unknown=zone_unknown,
            comparisons=[comparison_row(comparison) for comparison in comparisons],
            settings=settings_groups(session),
            cards=card_rows(cards, session.segments[-1].settings, summary.started_at)
            if session.segments
            else [],
            spans=[span_row(span, with_unknown=zone_unknown) for span in table_spans],
            labels=chart_labels(walk, rows),
            has_rows=bool(rows),
            data=script_json(
                chart_data(
                    placed,
                    table_spans,
                    walk.uncertainty.limits_permille,
                    walk.breaks,
                    zone_unknown=zone_unknown,
                )
            ),
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
    """JSON for a script element, which no text in it can end."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _clock(summary: SessionSummary) -> str:
    if summary.ended_at is None:
        return summary.end_reason or "not ended"
    ended = summary.ended_at.astimezone().strftime("%H:%M")
    return f"{ended}: {summary.end_reason}" if summary.end_reason else ended
