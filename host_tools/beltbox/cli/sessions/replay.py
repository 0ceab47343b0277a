"""`beltbox replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beltbox import units
from beltbox.cli.common.options import JsonOption, OverwriteOption
from beltbox.cli.common.output import fail, print_json
from beltbox.replay.engines import ENGINES
from beltbox.replay.replay import Replayed
from beltbox.replay.replay import replay as compute_again
from beltbox.replay.settings_file import load_settings


def replay_command(
    recording: Annotated[Path, typer.Argument(help="A CSV file of raw rows, or a capture file.")],
    settings: Annotated[Path, typer.Option(help="The box's settings, a JSON file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The CSV file of metric rows to write.")],
    engine: Annotated[
        str, typer.Option(help=f"The interpreter that computes: {', '.join(ENGINES)}.")
    ] = "cpython",
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compute a recording again with the code that runs on the box.

    For a capture, it also reports how many sentences were good, damaged and missing, and whether
    the values that the box sent live equal those computed again.

    Example: beltbox replay raw.csv --settings settings.json --out metrics.csv --engine micropython
    """
    if engine not in ENGINES:
        raise typer.BadParameter(
            f"{engine!r} isn't an engine. The choices are {', '.join(ENGINES)}."
        )
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
                "repeated": None if capture is None else capture.repeated,
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
            f"{capture.good} sentences good, {capture.damaged} damaged, {capture.missing} missing"
            f"{f', {capture.repeated} repeated' if capture.repeated else ''}; "
            f"{len(capture.measurements)} measurement{'s' * (len(capture.measurements) > 1)}"
        )
        if capture.left_out:
            print(
                f"{capture.left_out} raw rows were left out: the capture lacks the start of their "
                "measurement."
            )
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
