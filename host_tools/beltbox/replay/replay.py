"""`beltbox replay`: a recording computed again by the very code of the box."""

from __future__ import annotations

import csv
import os
import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

from beltbox.errors import BeltBoxError
from beltbox.files import refuse_target
from beltbox.replay.capture import Capture, differences, is_capture, read_capture
from beltbox.replay.engines import ENGINES
from beltbox.replay.raw_csv import raw_line, read_raw_csv
from beltbox.replay.settings_file import (
    Settings,
    SettingsFileError,
    load_settings,
    settings_beside,
    settings_hash,
)
from beltbox.walk.rows import MetricRow, RawRow
from beltbox.walk.uncertainty import COLUMNS as uncertainty_columns
from beltbox.walk.uncertainty import Uncertainty
from beltbox.walk.zone_uncertainty import ZoneUncertainty
from beltcore.core import Core
from beltcore.host.metrics import COLUMNS, metric_row

# The places of a metric row's columns among the core's; what only the box sees is the None behind.
_PLACES = [COLUMNS.index(name) if name in COLUMNS else -1 for name in MetricRow._fields]
_in_row = itemgetter(*_PLACES)
# Totals that the command prints of the last row.
_SHOWN = ("t_ms", "distance_mm", "forward_mm", "backward_mm")


class ReplayError(BeltBoxError):
    """A recording can't be computed again, or the result can't be written."""


@dataclass(frozen=True, slots=True)
class OtherSettings:
    """A measurement that was recorded with other settings than those it was computed with."""

    measurement: int
    """1, 2, …"""
    recorded_hash: str
    given_hash: str
    differing: dict[str, tuple[int | str, int | str]]
    """By key: as recorded, and as given. Empty where only the hash is known of those recorded."""


@dataclass(slots=True)
class Replayed:
    """The result of a replay: a file for each measurement, and for a capture how sound it was.

    `compared` counts the live sentences that were compared with the computed rows; `unequal` lists
    where they differ.
    """

    files: list[Path] = field(default_factory=list[Path])
    rows: int = 0
    totals: list[dict[str, int | None]] = field(default_factory=list[dict[str, int | None]])
    capture: Capture | None = None
    compared: int = 0
    unequal: list[str] = field(default_factory=list[str])
    other_settings: list[OtherSettings] = field(default_factory=list[OtherSettings])
    """Of such measurements the live sentences aren't compared: they must differ."""


def replay(
    source: Path,
    settings: Mapping[str, int | str],
    out: Path,
    engine: str = "cpython",
    *,
    not_onto: Sequence[tuple[Path | str, str]] = (),
    overwrite: bool = False,
) -> Replayed:
    """Compute the raw rows or the capture at `source` again into `out`.

    A capture may hold several measurements (each `begin` and each start of the box makes one): the
    second goes to NAME-2.csv beside `out`, and so on. `not_onto`: files that none of these may be,
    each with what it is in words; `overwrite`: other files that are there may be replaced. All
    files are written, or none. Raises BeltBoxError.

    settings: what it is computed with, whatever it was recorded with: see `Replayed`.
    """
    replayed = Replayed()
    if is_capture(source):
        replayed.capture = read_capture(source)
        parts = [part.raw for part in replayed.capture.measurements]
        recorded = [part.settings_hash for part in replayed.capture.measurements]
    else:
        from_csv = read_raw_csv(source)
        parts = [part.rows for part in from_csv]
        recorded = [part.settings_hash for part in from_csv]
    replayed.other_settings = _other_settings(recorded, settings, settings_of(source))
    replayed.files = [
        out if index == 0 else out.with_name(f"{out.stem}-{index + 1}{out.suffix}")
        for index in range(len(parts))
    ]
    for path in replayed.files:
        refuse_target(
            path,
            error=ReplayError,
            not_onto=[(source, "the recording"), *not_onto],
            overwrite=overwrite,
        )
    _compute(parts, settings, engine, replayed)
    return replayed


def settings_of(recording: Path) -> Settings | None:
    """The settings that an export has put beside a recording; None where there are none."""
    path = settings_beside(recording)
    if not path.is_file():
        return None
    try:
        return load_settings(path)
    except SettingsFileError:
        return None


def _other_settings(
    recorded: Sequence[str | None], given: Mapping[str, int | str], beside: Settings | None
) -> list[OtherSettings]:
    """Which measurements were recorded with settings that aren't the given ones.

    recorded: the hash of each measurement's settings, None where the recording has none: then
    those `beside` it are what it was recorded with.
    """
    given_hash = settings_hash(given)
    beside_hash = None if beside is None else settings_hash(beside)
    found: list[OtherSettings] = []
    for number, own_hash in enumerate(recorded, 1):
        recorded_hash = own_hash or beside_hash
        if recorded_hash is None or given_hash is None or recorded_hash == given_hash:
            continue
        known = beside if beside is not None and recorded_hash == beside_hash else {}
        differing = {key: (known[key], given[key]) for key in known if known[key] != given[key]}
        found.append(OtherSettings(number, recorded_hash, given_hash, differing))
    return found


def _compute(
    parts: Sequence[Sequence[RawRow]],
    settings: Mapping[str, int | str],
    engine: str,
    replayed: Replayed,
) -> None:
    """Write `replayed.files`, once all of them are computed.

    Raises ReplayError when they can't be written, EngineError when the interpreter fails.
    """
    out = replayed.files[0]
    try:
        with tempfile.TemporaryDirectory(
            dir=out.absolute().parent, prefix=".beltbox-replay-"
        ) as folder:
            computed: list[Path] = []
            for number, raw in enumerate(parts, 1):
                rows = Path(folder) / "rows.csv"
                with rows.open("w", encoding="ascii", newline="") as file:
                    file.writelines(map(raw_line, raw))
                engines_own = Path(folder) / f"engine-{number}.csv"
                ENGINES[engine](settings, rows, engines_own)
                computed.append(Path(folder) / f"metrics-{number}.csv")
                _add_uncertainties(engines_own, computed[-1], Uncertainty(settings))
                replayed.rows += len(raw)
            _read_back(replayed, computed)
            for computed_file, path in zip(computed, replayed.files, strict=True):
                os.replace(computed_file, path)
    except OSError as error:
        raise ReplayError(
            f"Can't write {out}: {error.strerror}. Nothing was written there. Check that the "
            "folder exists, that you may write to it and that the disk has space."
        ) from error


def _add_uncertainties(metrics: Path, out: Path, uncertainty: Uncertainty) -> None:
    """The rows of an engine, each with the uncertainties of its numbers."""
    zone_uncertainty = ZoneUncertainty()
    with (
        metrics.open(encoding="ascii", newline="") as lines,
        out.open("w", encoding="ascii", newline="") as file,
    ):
        file.write(f"{next(lines).strip()},{','.join(uncertainty_columns)}\n")
        if uncertainty.nothing_known:
            empty = "," * len(uncertainty_columns) + "\n"
            file.writelines(line.rstrip() + empty for line in lines)
            return
        for line in lines:
            fields = line.strip().split(",")
            values = [int(text) if text else None for text in fields]
            uncertainties = uncertainty.row(_metric(values), zone_uncertainty)
            more = ",".join(["" if u is None else str(u) for u in uncertainties])
            file.write(f"{','.join(fields)},{more}\n")


def _metric(values: list[int | None]) -> MetricRow:
    """A row of the core's COLUMNS; what only the box sees is unknown."""
    return MetricRow._make(_in_row([*values, None]))


def computed_again(raw: Sequence[RawRow], settings: Mapping[str, int | str]) -> list[MetricRow]:
    """The metric rows of `raw`, one for each, computed here and now."""
    core = Core(dict(settings))
    rows: list[MetricRow] = []
    for row in raw:
        core.step(*row)
        rows.append(_metric(metric_row(core)))
    return rows


def _read_back(replayed: Replayed, computed: Sequence[Path]) -> None:
    """The totals of what was computed, and whether the live sentences agree with it."""
    for index, path in enumerate(computed):
        with path.open(encoding="ascii", newline="") as file:
            table = csv.reader(file)
            header = next(table)
            # Of a capture all are needed; of a long recording only the last.
            rows = list(table) if replayed.capture else [*deque(table, maxlen=1)]
        last = _numbers(header, rows[-1])
        replayed.totals.append({name: last[name] for name in _SHOWN})
        if replayed.capture is None:
            continue
        if any(other.measurement == index + 1 for other in replayed.other_settings):
            continue
        measurement = replayed.capture.measurements[index]
        wanted = {sentence.values[0] for sentence in measurement.live}
        by_time = {int(row[0]): _numbers(header, row) for row in rows if int(row[0]) in wanted}
        replayed.compared += len(measurement.live)
        replayed.unequal += differences(measurement, by_time)


def _numbers(header: list[str], row: list[str]) -> dict[str, int | None]:
    return {name: int(text) if text else None for name, text in zip(header, row, strict=True)}
