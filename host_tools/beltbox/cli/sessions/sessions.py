"""`beltbox sessions`: what was recorded, as a table, and one walk with how sure its numbers are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from beltbox import units
from beltbox.cli.common.options import JsonOption, StoreOption
from beltbox.cli.common.output import print_json
from beltbox.cli.sessions.stored import (
    NO_SESSIONS,
    opened_store,
)
from beltbox.files import default_store_file
from beltbox.store.store import open_store
from beltbox.walk.figures import WalkNumbers, walk_numbers
from beltbox.walk.session import SessionSummary, summary_json
from beltbox.walk.uncertainty import of_walk
from beltbox.walk.zones import ZONES
from beltbox.words import printable

_TABLE_WIDTH = 80
_NO_WAY_MM = 100.0
_LINE_WIDTH = 1000


def sessions_command(
    session: Annotated[
        int | None, typer.Argument(help="Only this one, with all its figures and their ±.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was recorded, the newest first; or say all figures of one session.

    In the JSON, NAME_u is the standard uncertainty of NAME (± in words is twice that), null where
    it isn't known. Those that need a look through the rows come with a session's number only.

    Example: beltbox sessions 3
    """
    if session is not None:
        _one(session, store, as_json)
        return
    found: list[SessionSummary] = []
    settings: dict[int, list[dict[str, int | str]]] = {}
    where = str(default_store_file())
    if store is not None or default_store_file().exists():
        with open_store(store, create=False) as opened:
            found = opened.sessions()
            settings = opened.settings() if as_json else {}
            where = opened.where
    if as_json:
        print_json(
            [
                {**summary_json(one), **of_walk(settings.get(one.id, [])).of_totals(one.totals)}
                for one in found
            ]
        )
        return
    if not found:
        print(NO_SESSIONS.format(where))
        return
    console = Console()
    # Into a file or a pipe every session is a line. A narrow terminal wraps what it must, whole.
    width = max(console.width, _TABLE_WIDTH) if console.is_terminal else _LINE_WIDTH
    Console(width=width, soft_wrap=True).print(sessions_table(found))
    if not all(one.complete for one in found):
        print("* not closed: it is being recorded, or its recorder was killed.")


def sessions_table(found: Sequence[SessionSummary]) -> Table:
    """The sessions, a line each; in 80 columns only names may need more than one.

    Without ±, which would need 20 columns more: one session's are said by its number.
    """
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("no.", "when", "time", "distance", "speed", "rail", "hands off"):
        table.add_column(heading, justify="left" if heading == "when" else "right", no_wrap=True)
    table.add_column("who", overflow="fold")
    for one in found:
        table.add_row(
            f"{one.id}{' ' if one.complete else '*'}",
            units.format_start(one.started_at, dated=one.dated),
            units.format_duration(one.totals.duration_s),
            units.distance(one.totals.distance_mm).si,
            f"{units.speed(one.totals.mean_speed_mm_s).number} m/s",
            units.format_percent(one.totals.mean_reliance_permille),
            units.format_share(one.totals.hands_off_share),
            Text(printable(one.person or "")),
        )
    return table


def _one(session: int, store: str | None, as_json: bool) -> None:
    with opened_store(store) as opened:
        numbers = walk_numbers(opened.load(session, with_raw=False))
    if as_json:
        print_json([{**summary_json(numbers.summary), **numbers.as_json()}])
        return
    print("\n".join(session_lines(numbers)))


def session_lines(numbers: WalkNumbers) -> list[str]:
    """All figures of a walk, a line each, none longer than a terminal is wide but by a name."""
    one = numbers.summary
    u = numbers.u
    start = units.format_start(one.started_at, dated=one.dated)
    who = f", {printable(one.person)}" if one.person else ""
    time = units.format_duration(one.totals.duration_s)
    if not one.complete:
        time += ", not closed: it is being recorded, or its recorder was killed"
    lines = [
        f"Session {one.id}, {start}{who}",
        _figure("time", f"{time}, {units.format_duration(one.totals.moving_s)} in motion"),
        _figure("distance", units.format_distance(one.totals.distance_mm, u["distance_mm_u"])),
        *(
            _figure(f"  {name}", units.format_distance(mm, _sure(mm, u[f"{name}_mm_u"])))
            for name, mm in (
                ("backward", one.totals.backward_mm),
                ("forward", one.totals.forward_mm),
            )
        ),
        _figure("speed", units.format_speed(one.totals.mean_speed_mm_s, u["mean_speed_mm_s_u"])),
        _figure("rail", _rail(one, u)),
        *_zones(one, u),
        *_steps(numbers),
    ]
    if any(" \N{PLUS-MINUS SIGN} " in line for line in lines):
        lines.append("\N{PLUS-MINUS SIGN} covers the truth in 95 of 100 cases.")
    return lines + numbers.uncertainty.gaps()


def _sure(mm: int, u: float | None) -> float | None:
    """The uncertainty of a distance; None for 0 m of which the uncertainty says nothing new."""
    return None if u is not None and not mm and u < _NO_WAY_MM else u


def _figure(name: str, value: str) -> str:
    return f"  {name:<12} {value}"


def _rail(one: SessionSummary, u: dict[str, float | None]) -> str:
    share = units.format_percent(one.totals.mean_reliance_permille, u["mean_reliance_permille_u"])
    if one.totals.mean_reliance_permille is None:
        return share
    words = f"{share} of body weight"
    if one.totals.mean_rail_mn is None:
        return words
    return f"{words}, {units.format_force(one.totals.mean_rail_mn, u['mean_rail_mn_u'])}"


def _zones(one: SessionSummary, u: dict[str, float | None]) -> list[str]:
    if one.totals.hands_off_share is None:
        return []
    share = units.format_share(one.totals.hands_off_share, u["hands_off_share_u"])
    lines: list[str] = []
    for zone in ZONES:
        mm: int = getattr(one.totals, zone.column)
        distance = units.distance(mm, _sure(mm, u[f"{zone.column}_u"])).si
        words = f"{distance}, {share} of the distance" if not lines else distance
        lines.append(_figure(f"  {zone.name}", words))
    return lines


def _steps(numbers: WalkNumbers) -> list[str]:
    one = numbers.summary
    lines: list[str] = []
    if one.totals.steps and numbers.cadence_spm and numbers.step_length_mm:
        steps = units.steps(one.totals.steps, numbers.u["steps_u"])
        parts = [
            f"{steps.number} {steps.plus_minus}".strip(),
            units.format_cadence(numbers.cadence_spm, numbers.cadence_spm_u),
            units.format_step_length(numbers.step_length_mm, numbers.step_length_mm_u),
            units.format_unevenness(
                numbers.asymmetry_permille, numbers.asymmetry_u_permille, numbers.longer_step_side
            ),
        ]
        lines.append(_figure("steps", ", ".join(part for part in parts if part)))
    if one.totals.grabs is not None:
        lines.append(_figure("grabs", str(one.totals.grabs)))
    return lines
