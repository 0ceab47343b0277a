"""`beltbox replay`: a recording computed again by the very code of the box."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from beltbox.capture import Capture, differences, is_capture, read_capture
from beltbox.engines import ENGINES
from beltbox.errors import BeltBoxError
from beltbox.raw_csv import raw_line, read_raw_csv
from beltbox.rows import MetricRow, RawRow
from beltcore.core import Core, metric_row

_LOOK_AT_BYTES = 1 << 16  # console text may come first in a capture
# Totals that the command prints of the last row.
_SHOWN = ("t_ms", "distance_mm", "forward_mm", "backward_mm")


class ReplayError(BeltBoxError):
    """A recording can't be computed again, or the result can't be written."""


@dataclass(slots=True)
class Replayed:
    """What a replay found: a file for each measurement, and for a capture how sound it was.

    `compared` live sentences were held against the computed rows; `unequal` says where they differ.
    """

    files: list[Path] = field(default_factory=list[Path])
    rows: int = 0
    totals: list[dict[str, int | None]] = field(default_factory=list[dict[str, int | None]])
    capture: Capture | None = None
    compared: int = 0
    unequal: list[str] = field(default_factory=list[str])


def compute_rows(
    raw: Sequence[RawRow], settings: Mapping[str, int | str], engine: str, metrics: Path
) -> None:
    """Write the metric rows of `raw` to the file `metrics`, whole or not at all.

    Raises ReplayError when it can't be written, EngineError when the interpreter fails.
    """
    try:
        with tempfile.TemporaryDirectory(
            dir=metrics.absolute().parent, prefix=".beltbox-replay-"
        ) as folder:
            rows = Path(folder) / "rows.csv"
            with rows.open("w", encoding="ascii", newline="") as file:
                file.writelines(map(raw_line, raw))
            part = Path(folder) / "metrics.csv"
            ENGINES[engine](settings, rows, part)
            os.replace(part, metrics)
    except OSError as error:
        raise ReplayError(
            f"Can't write {metrics}: {error.strerror}. Nothing was written there. Check that the "
            "folder exists, that you may write to it and that the disk has space."
        ) from error


def replay(
    source: Path, settings: Mapping[str, int | str], out: Path, engine: str = "cpython"
) -> Replayed:
    """Compute the raw rows or the capture at `source` again into `out`.

    A capture may hold several measurements (each `begin` and each start of the box makes one): the
    second goes to NAME-2.csv beside `out`, and so on. Raises BeltBoxError.
    """
    try:
        with source.open("rb") as file:
            start = file.read(_LOOK_AT_BYTES)
    except OSError as error:
        raise ReplayError(f"Can't read {source}: {error.strerror}. Check the path.") from error
    _check_target(source, out)
    done = Replayed()
    if is_capture(start):
        done.capture = read_capture(source)
        parts = [part.raw for part in done.capture.measurements]
    else:
        parts = [read_raw_csv(source)]
    for index, raw in enumerate(parts):
        path = out if index == 0 else out.with_name(f"{out.stem}-{index + 1}{out.suffix}")
        compute_rows(raw, settings, engine, path)
        done.files.append(path)
        done.rows += len(raw)
    _look_over(done)
    return done


def _check_target(source: Path, out: Path) -> None:
    """Nothing but an ordinary file is replaced, and not the recording itself."""
    if out.exists():
        if out.samefile(source):
            raise ReplayError(f"{out} is the recording itself. Name another file with --out.")
        if not out.is_file():
            raise ReplayError(f"{out} isn't an ordinary file. Name one with --out.")


def computed_again(raw: Sequence[RawRow], settings: Mapping[str, int | str]) -> list[MetricRow]:
    """The metric rows of `raw`, one for each, computed here and now."""
    core = Core(dict(settings))
    rows: list[MetricRow] = []
    for row in raw:
        core.step(*row)
        rows.append(MetricRow._make([*metric_row(core), None]))
    return rows


def _look_over(done: Replayed) -> None:
    """The totals of what was written, and whether the live sentences agree with it."""
    for index, path in enumerate(done.files):
        with path.open(encoding="ascii", newline="") as file:
            table = csv.reader(file)
            header = next(table)
            rows = list(table)
        last = _numbers(header, rows[-1])
        done.totals.append({name: last[name] for name in _SHOWN})
        if done.capture is None:
            continue
        part = done.capture.measurements[index]
        wanted = {sentence.values[0] for sentence in part.live}
        by_time = {int(row[0]): _numbers(header, row) for row in rows if int(row[0]) in wanted}
        done.compared += len(part.live)
        done.unequal += differences(part, by_time)


def _numbers(header: list[str], row: list[str]) -> dict[str, int | None]:
    return {name: int(text) if text else None for name, text in zip(header, row, strict=True)}
