"""`beltbox sessions`: the recorded sessions as a table, or one with its uncertainties."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from beltbox import units
from beltbox.cli.common.options import JsonOption, StoreOption
from beltbox.cli.common.output import end_with_damage, print_json, say
from beltbox.cli.sessions.stored import (
    NO_SESSIONS,
    opened_store,
)
from beltbox.files import default_store_file
from beltbox.replay.settings_file import settings_hash
from beltbox.store.waiting_file import waiting_words
from beltbox.walk.figures import WalkNumbers, walk_numbers
from beltbox.walk.session import Segment, SessionSummary, summary_json
from beltbox.walk.totals import Totals
from beltbox.walk.uncertainty import of_walk
from beltbox.walk.zones import ZONES
from beltbox.words import listed, printable

_TABLE_WIDTH = 80
_SMALL_MM = 100.0
_MOST_BREAKS = 10
_LINE_WIDTH = 1000


def sessions_command(
    session: Annotated[
        int | None,
        typer.Argument(help="The number of one session: show all its figures with their ±."),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the recorded sessions, or show all figures of one.

    The newest session is listed first. In the JSON, NAME_u is the standard uncertainty of NAME:
    half of what is shown after ±, and null where it isn't known. Some uncertainties can only be
    computed from the session's rows, so they are given for a single session only. So are its
    breaks, and its `segments`: each with the box's settings, and their hash. NAME_over_mm is the
    part of the distance that NAME is computed on.

    Example: beltbox sessions 3
    """
    if session is not None:
        _show_session(session, store, as_json)
        return
    summaries: list[SessionSummary] = []
    settings: dict[int, list[dict[str, int | str]]] = {}
    where, damage = str(default_store_file()), list[str]()
    if store is not None or default_store_file().exists():
        with opened_store(store) as opened:
            summaries = opened.sessions()
            settings = opened.settings() if as_json else {}
            where, damage = opened.where, opened.damage
    if as_json:
        print_json(
            [
                {
                    **summary_json(summary),
                    **of_walk(settings.get(summary.id, [])).of_totals(summary.totals),
                }
                for summary in summaries
            ]
        )
    elif summaries:
        _print_table(summaries)
    else:
        say(NO_SESSIONS.format(where))
    for text in waiting_words(where):
        print(text, file=sys.stderr)
    end_with_damage(damage, where)


def _print_table(summaries: Sequence[SessionSummary]) -> None:
    console = Console()
    # Into a file or a pipe every session is a line. A narrow terminal wraps what it must, whole.
    width = max(console.width, _TABLE_WIDTH) if console.is_terminal else _LINE_WIDTH
    Console(width=width, soft_wrap=True).print(sessions_table(summaries))
    if not all(summary.complete for summary in summaries):
        print("* not closed: it is still being recorded, or the recording program was killed.")


def sessions_table(summaries: Sequence[SessionSummary]) -> Table:
    """The sessions, a line each; in 80 columns only a name may need more than one line.

    Without ±, which would need 20 columns more: `beltbox sessions N` shows them.
    """
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("no.", "when", "time", "distance", "speed", "rail", "hands off"):
        table.add_column(heading, justify="left" if heading == "when" else "right", no_wrap=True)
    table.add_column("who", overflow="fold")
    for summary in summaries:
        table.add_row(
            f"{summary.id}{' ' if summary.complete else '*'}",
            units.format_start(summary.started_at, dated=summary.dated),
            units.format_duration(summary.totals.duration_s),
            units.distance(summary.totals.distance_mm).si,
            f"{units.speed(summary.totals.mean_speed_mm_s).number} m/s",
            units.format_percent(summary.totals.mean_reliance_permille),
            units.format_share(summary.totals.hands_off_share),
            Text(printable(summary.person or "")),
        )
    return table


def _show_session(session: int, store: str | None, as_json: bool) -> None:
    with opened_store(store) as opened:
        loaded = opened.load(session, with_raw=False)
        where = opened.where
    numbers = walk_numbers(loaded)
    if as_json:
        segments = [_segment_json(number, part) for number, part in enumerate(loaded.segments, 1)]
        print_json([{**summary_json(numbers.summary), **numbers.as_json(), "segments": segments}])
    else:
        print("\n".join(session_lines(numbers)))
    end_with_damage(numbers.summary.damage, where)


def _segment_json(number: int, segment: Segment) -> dict[str, object]:
    """A segment as JSON: how it was measured."""
    return {
        "number": number,
        "reason": segment.reason,
        "boot_count": segment.boot_count,
        "settings_hash": settings_hash(segment.settings),
        "settings": segment.settings,
    }


def session_lines(numbers: WalkNumbers) -> list[str]:
    """All figures of a session, a line each, within 80 columns but for a long name."""
    summary = numbers.summary
    totals = summary.totals
    u = numbers.u
    start = units.format_start(summary.started_at, dated=summary.dated)
    who = f", {printable(summary.person)}" if summary.person else ""
    time = (
        f"{units.format_duration(totals.duration_s)}, "
        f"{units.format_duration(totals.moving_s)} in motion"
    )
    if totals.motion_unknown_s:
        time += f", {units.format_duration(totals.motion_unknown_s)} unknown"
    if not summary.complete:
        time += ", not closed: it is still being recorded, or the recording program was killed"
    lines = [
        f"Session {summary.id}, {start}{who}",
        _figure("time", time),
        *_breaks(numbers),
        _figure("distance", units.format_distance(totals.distance_mm, u["distance_mm_u"])),
        *(
            _figure(f"  {name}", units.format_distance(mm, _uncertainty(mm, u[f"{name}_mm_u"])))
            for name, mm in (
                ("backward", totals.backward_mm),
                ("forward", totals.forward_mm),
            )
        ),
        _figure("speed", _speed(totals, u)),
        _figure("rail", _rail(totals, u)),
        *_zones(totals, u),
        *_steps(numbers),
    ]
    if any(" \N{PLUS-MINUS SIGN} " in line for line in lines):
        lines.append("\N{PLUS-MINUS SIGN} covers the truth in 95 of 100 cases.")
    return lines + numbers.uncertainty.gaps()


def _uncertainty(mm: int, u: float | None) -> float | None:
    """The uncertainty of a distance; None for 0 m of which the uncertainty says nothing new."""
    return None if u is not None and not mm and u < _SMALL_MM else u


def _figure(name: str, value: str) -> str:
    return f"  {name:<12} {value}"


def _breaks(numbers: WalkNumbers) -> list[str]:
    """A line for each break: how long it was, when it began, and what is known of it."""
    lines = [
        _figure(
            "break",
            f"{units.format_duration(pause.lasted_ms / 1000)} at "
            f"{units.format_duration(pause.begins_ms / 1000)}: {pause.in_words}",
        )
        for pause in numbers.breaks[:_MOST_BREAKS]
    ]
    more = len(numbers.breaks) - len(lines)
    return [*lines, _figure("", f"and {more} breaks more")] if more else lines


def _speed(totals: Totals, u: dict[str, float | None]) -> str:
    words = units.format_speed(totals.mean_speed_mm_s, u["mean_speed_mm_s_u"])
    if totals.mean_speed_mm_s is None:
        return words
    return listed(words, units.over(totals.mean_speed_over_mm, totals.distance_mm))


def _rail(totals: Totals, u: dict[str, float | None]) -> str:
    share = units.format_percent(totals.mean_reliance_permille, u["mean_reliance_permille_u"])
    if totals.mean_reliance_permille is None:
        return share
    over = units.over(totals.reliance_mm, totals.distance_mm)
    words = f"{share} of body weight {over}".strip()
    if totals.mean_rail_mn is None:
        return words
    force = units.format_force(totals.mean_rail_mn, u["mean_rail_mn_u"])
    return f"{words}, {force} {units.over(totals.rail_mm, totals.distance_mm)}".strip()


def _zones(totals: Totals, u: dict[str, float | None]) -> list[str]:
    if totals.hands_off_share is None:
        return []
    share = units.format_share(totals.hands_off_share, u["hands_off_share_u"])
    share += " of the distance"
    unknown = units.over(totals.hands_off_share_over_mm, totals.distance_mm)
    if unknown:
        share += " with a known zone"
    lines: list[str] = []
    for zone, mm in zip(ZONES, totals.zones_mm, strict=True):
        distance = units.distance(mm, _uncertainty(mm, u[f"{zone.column}_u"])).si
        words = f"{distance}, {share}" if not lines else distance
        lines.append(_figure(f"  {zone.name}", words))
    if unknown:
        lines.append(_figure("  zone unknown", units.distance(totals.zone_unknown_mm).si))
    return lines


def _steps(numbers: WalkNumbers) -> list[str]:
    summary = numbers.summary
    lines: list[str] = []
    if summary.totals.steps and numbers.cadence_spm and numbers.step_length_mm:
        steps = units.steps(summary.totals.steps, numbers.u["steps_u"])
        count = f"{steps.number} {steps.plus_minus}".strip()
        parts = [
            f"{count} {units.over(summary.totals.steps_mm, summary.totals.distance_mm)}".strip(),
            units.format_cadence(numbers.cadence_spm, numbers.cadence_spm_u),
            units.format_step_length(numbers.step_length_mm, numbers.step_length_mm_u),
            units.format_unevenness(
                numbers.asymmetry_permille, numbers.asymmetry_u_permille, numbers.longer_step_side
            ),
        ]
        lines.append(_figure("steps", listed(*parts)))
    if summary.totals.grabs is not None:
        lines.append(_figure("grabs", str(summary.totals.grabs)))
    return lines
