"""The command line: `beltbox COMMAND`. Exit status 0 = done, 1 = failed, 2 = used wrongly."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

import beltbox
from beltbox import units
from beltbox.calibrate.cards.card_store import CardStore
from beltbox.cli.calibrate.calibrate import calibrate
from beltbox.cli.doctor import bundle_command, doctor_command
from beltbox.cli.flash import flash_command
from beltbox.cli.options import (
    JsonOption,
    OverwriteOption,
    StoreOption,
    a_number,
    fail,
    print_json,
)
from beltbox.cli.pull import pull_command
from beltbox.cli.record import live_command, record_command
from beltbox.cli.sessions import NO_SESSIONS, opened_store, sessions_command
from beltbox.cli.settings import settings_command
from beltbox.errors import BeltBoxError, ReportError
from beltbox.files import refuse_target
from beltbox.replay.engines import ENGINES
from beltbox.replay.replay import Replayed
from beltbox.replay.replay import replay as compute_again
from beltbox.replay.settings_file import load_settings
from beltbox.report.cards import cards_behind
from beltbox.report.csv_rows import ROWS, export_csv
from beltbox.report.page import write_report
from beltbox.sim.running_box import SimError, is_scenario, list_scenarios, simulate
from beltbox.store.store import Store
from beltbox.walk.session import Session, SessionSummary

app = typer.Typer(
    name="beltbox",
    help="BeltBox: speed, distance and rail reliance of a self-powered treadmill.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("flash")(flash_command)
app.command("live")(live_command)
app.command("record")(record_command)
app.command("pull")(pull_command)
app.command("sessions")(sessions_command)
app.command("settings")(settings_command)
app.command("doctor")(doctor_command)
app.command("bundle")(bundle_command)
app.add_typer(calibrate, name="calibrate")

SessionArgument = Annotated[
    int | None, typer.Argument(help="Its number, as `beltbox sessions` lists it; else the latest.")
]


def _version(asked: bool) -> None:
    if asked:
        print(f"beltbox {beltbox.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and leave.")
    ] = False,
) -> None:
    """BeltBox: speed, distance and rail reliance of a self-powered treadmill."""


@app.command()
def sim(
    scenario: Annotated[
        str | None,
        typer.Option(
            help="A built-in scenario or a file. Without it: the demo's walk, then standing."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another walk of the same kind.")] = None,
    speed: Annotated[
        float,
        typer.Option(
            min=0, max=1000, help="Times real time; 0 = as fast as it goes.", callback=a_number
        ),
    ] = 1.0,
    link: Annotated[
        Path | None,
        typer.Option(
            help="A symbolic link to its port, made when the port is ready. A file is refused."
        ),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="A CSV of what really happened, beside what the box saw.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stand still until a host asks for something.")
    ] = False,
    overwrite: OverwriteOption = False,
    names: Annotated[bool, typer.Option("--list", help="List the built-in scenarios.")] = False,
) -> None:
    """Run a box without hardware: the real firmware on a virtual treadmill, at a serial port.

    Example: beltbox sim --scenario steady-1mph --speed 4 --truth truth.csv
    """
    if names:
        list_scenarios()
    else:
        if scenario is not None and not is_scenario(scenario):
            raise typer.BadParameter(
                f"There is no scenario {scenario!r}. Give a .toml file, or one that --list shows."
            )
        if truth is not None:
            refuse_target(truth, error=SimError, overwrite=overwrite)
        simulate(scenario, seed=seed, speed=speed, link=link, truth=truth, wait=wait)


@app.command()
def report(
    session: SessionArgument = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file; else session-N.html here.")
    ] = None,
    overwrite: OverwriteOption = False,
    store: StoreOption = None,
) -> None:
    """Write a session as one HTML page: figures, charts, what happened, how it was measured.

    Example: beltbox report 3 --out monday.html
    """
    with opened_store(store) as opened:
        loaded = opened.load(_which(opened, session), with_raw=False)
        cards = cards_behind(CardStore(opened.database), loaded)
        before = _walk_before(opened, loaded.summary)
        where = opened.where
    path = out or Path(f"session-{loaded.summary.id}.html")
    # The name that this command gives by itself is its own to replace.
    refuse_target(
        path,
        error=ReportError,
        not_onto=[(where, "the store")],
        overwrite=overwrite or out is None,
    )
    write_report(loaded, path, cards=cards, before=before)
    print(f"Report of session {loaded.summary.id}: {path}")


def _walk_before(store: Store, summary: SessionSummary) -> SessionSummary | None:
    """The same person's latest walk before this one; nobody's isn't anybody's."""
    earlier = [
        one
        for one in store.sessions()
        if summary.person
        and one.person == summary.person
        and (one.started_at, one.id) < (summary.started_at, summary.id)
    ]
    return max(earlier, key=lambda one: (one.started_at, one.id), default=None)


@app.command()
def export(
    session: SessionArgument = None,
    file_format: Annotated[str, typer.Option("--format", help="csv.")] = "csv",
    rows: Annotated[
        str,
        typer.Option(
            help="metrics (computed again, one for each raw row), live (as streamed) or raw. Where "
            "only the box kept something, metrics and live have a row a second."
        ),
    ] = "metrics",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file; else session-N-ROWS.csv here.")
    ] = None,
    overwrite: OverwriteOption = False,
    store: StoreOption = None,
) -> None:
    """Write a session's rows as a file for spreadsheets and scripts.

    Example: beltbox export 3 --format csv --rows raw --out monday.csv
    """
    if file_format != "csv":
        raise typer.BadParameter(f"{file_format!r} isn't a format; there is csv.")
    if rows not in ROWS:
        raise typer.BadParameter(f"{rows!r} aren't rows; there are {', '.join(ROWS)}.")
    loaded, where = _load(store, session, with_raw=True)
    path = out or Path(f"session-{loaded.summary.id}-{rows}.csv")
    not_onto = [(where, "the store")]
    for written in export_csv(loaded, path, rows=rows, overwrite=overwrite, not_onto=not_onto):
        print(f"Session {loaded.summary.id}, {rows} rows: {written}")


@app.command()
def replay(
    recording: Annotated[Path, typer.Argument(help="Raw rows (CSV), or a capture of the port.")],
    settings: Annotated[Path, typer.Option(help="The box's settings (JSON).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The metric rows (CSV) to write.")],
    engine: Annotated[
        str, typer.Option(help=f"Which interpreter: {', '.join(ENGINES)}.")
    ] = "cpython",
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compute a recording again by the very code of the box.

    Of a capture it says how many sentences were good, damaged and missing, and whether what the
    box said live equals what its raw rows give.

    Example: beltbox replay raw.csv --settings settings.json --out metrics.csv --engine micropython
    """
    if engine not in ENGINES:
        raise typer.BadParameter(f"{engine!r} isn't an engine; there are {', '.join(ENGINES)}.")
    given = load_settings(settings)
    kept = [(settings, "the settings file")]
    done = compute_again(recording, given, out, engine, not_onto=kept, overwrite=overwrite)
    if as_json:
        capture = done.capture
        print_json(
            {
                "engine": engine,
                "rows": done.rows,
                "files": [str(path) for path in done.files],
                "totals": done.totals,
                "good": None if capture is None else capture.good,
                "damaged": None if capture is None else capture.damaged,
                "missing": None if capture is None else capture.missing,
                "live_compared": done.compared,
                "live_not_compared": 0 if capture is None else capture.not_comparable,
                "live_unequal": len(done.unequal),
            }
        )
    else:
        _print_replayed(done)
    if done.unequal:
        fail(
            f"{len(done.unequal)} live values differ from what the raw rows give; the first: "
            f"{done.unequal[0]}. Is its firmware another version than this program? What the raw "
            f"rows give was written all the same: {', '.join(map(str, done.files))}"
        )


def _print_replayed(done: Replayed) -> None:
    if done.capture is not None:
        capture = done.capture
        print(
            f"{capture.good} sentences good, {capture.damaged} damaged, {capture.missing} missing; "
            f"{len(capture.measurements)} measurement{'s' * (len(capture.measurements) > 1)}"
        )
        if capture.left_out:
            print(f"Left out, as their beginning isn't here: {capture.left_out} raw rows.")
    for path, totals in zip(done.files, done.totals, strict=True):
        print(
            f"{path}: {units.format_duration((totals['t_ms'] or 0) / 1000)}, "
            f"{totals['distance_mm']} mm (forward {totals['forward_mm']}, "
            f"backward {totals['backward_mm']})"
        )
    if done.compared and not done.unequal:
        print(f"{done.compared} live sentences equal what the raw rows give.")
    if done.capture is not None and done.capture.not_comparable:
        missed = done.capture.not_comparable
        print(
            f"{missed} of {missed + done.compared} live sentences couldn't be compared, because "
            "rows are missing."
        )


def _load(store: str | None, session: int | None, *, with_raw: bool) -> tuple[Session, str]:
    """The session, and where its store is."""
    with opened_store(store) as opened:
        return opened.load(_which(opened, session), with_raw=with_raw), opened.where


def _which(opened: Store, session: int | None) -> int:
    latest = opened.latest_id() if session is None else session
    if latest is None:
        raise BeltBoxError(NO_SESSIONS.format(opened.where))
    return latest


def main() -> NoReturn:
    """Run the command line; no traceback reaches a person."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What a terminal's encoding lacks, or a strange file name, is shown as it can be.
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except BeltBoxError as error:
        fail(str(error))
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        fail(f"The system refused{where}: {error.strerror or error}.")
    sys.exit(0)
