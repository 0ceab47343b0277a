"""`beltbox replay`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from beltbox import units
from beltbox.cli.common.options import JsonOption, OverwriteOption
from beltbox.cli.common.output import fail, print_json, say, warn
from beltbox.replay.engines import ENGINES
from beltbox.replay.replay import OtherSettings, Replayed
from beltbox.replay.replay import replay as compute_again
from beltbox.replay.settings_file import load_settings, settings_beside
from beltbox.words import counted


def replay_command(
    recording: Annotated[Path, typer.Argument(help="A CSV file of raw rows, or a capture file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The CSV file of metric rows to write.")],
    settings: Annotated[
        Path | None,
        typer.Option(
            help="The box's settings, a JSON file. Default: those that an export has put beside "
            "the recording, NAME.settings.json."
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option(help=f"The interpreter that computes: {', '.join(ENGINES)}.")
    ] = "cpython",
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compute a recording again with the code that runs on the box.

    For a capture, it also reports how many sentences were good, damaged, missing and repeated, and
    whether the values that the box sent live equal those computed again. Captures and CSV files
    that were put one behind the other are computed one by one.

    With other settings than those of the recording it computes what they give, and says so: a
    warning with both, and `other_settings` in the JSON. The exit status is 0 then, as that is what
    was asked for; such live values aren't compared.

    Example: beltbox replay raw.csv --settings settings.json --out metrics.csv --engine micropython
    """
    if engine not in ENGINES:
        raise typer.BadParameter(
            f"{engine!r} isn't an engine. The choices are {', '.join(ENGINES)}."
        )
    used = settings_beside(recording) if settings is None else settings
    if settings is None and not used.exists():
        raise typer.BadParameter(
            f"No settings are beside {recording}: name the box's settings file. `beltbox settings "
            "--save box.json` makes one of the box as it is now.",
            param_hint="--settings",
        )
    given = load_settings(used)
    kept = [(used, "the settings file")]
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
                "other_settings": [asdict(other) for other in done.other_settings],
            }
        )
    else:
        _print_replayed(done)
    for other in done.other_settings:
        warn(_other_settings(recording, used, other, many=len(done.files) > 1))
    if done.unequal:
        fail(
            f"{len(done.unequal)} live values differ from what the raw rows give; the first: "
            f"{done.unequal[0]}. Is its firmware another version than this program? What the raw "
            f"rows give was written all the same: {', '.join(map(str, done.files))}"
        )


def _other_settings(recording: Path, used: Path, other: OtherSettings, *, many: bool) -> str:
    which = f"{recording}, measurement {other.measurement}," if many else f"{recording}"
    text = (
        f"{which} was recorded with other settings (hash {other.recorded_hash}) than those of "
        f"{used} (hash {other.given_hash}), by which it was computed here."
    )
    if other.differing:
        differing = [f"{key} {then}, here {here}" for key, (then, here) in other.differing.items()]
        return f"{text} Recorded: {'; '.join(differing)}."
    return f"{text} `beltbox settings --save` keeps a box's settings in a file."


def _print_replayed(done: Replayed) -> None:
    if done.capture is not None:
        capture = done.capture
        say(
            f"{capture.good} sentences good, {capture.damaged} damaged, {capture.missing} missing"
            f"{f', {capture.repeated} repeated' if capture.repeated else ''}; "
            f"{counted(len(capture.measurements), 'measurements')}"
        )
        if capture.left_out:
            say(
                f"{capture.left_out} raw rows were left out: the capture lacks the start of their "
                "measurement."
            )
    for path, totals in zip(done.files, done.totals, strict=True):
        say(
            f"{path}: {units.format_duration((totals['t_ms'] or 0) / 1000)}, "
            f"{totals['distance_mm']} mm (forward {totals['forward_mm']}, "
            f"backward {totals['backward_mm']})"
        )
    if done.compared and not done.unequal:
        say(f"{done.compared} live sentences equal what the raw rows give.")
    if done.capture is not None and done.capture.not_comparable:
        missed = done.capture.not_comparable
        say(
            f"{missed} of {missed + done.compared} live sentences couldn't be compared, because "
            "rows are missing."
        )
