"""A capture: the port's bytes as they arrived, read into measurements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from beltbox.errors import BeltBoxError
from beltbox.link.wire import Sentence, named, raw_row, sentences
from beltbox.walk.rows import LIVE_SENTENCES, MetricRow, RawRow, us_between
from beltcore.host.metrics import COLUMNS
from beltcore.host.reader import Reader

_CHUNK_BYTES = 1 << 16
_LEAD_IN_US = 2_000_000
# What raw rows don't give again.
_ONLY_THE_BOX = tuple(name for name in MetricRow._fields if name not in COLUMNS)


class CaptureError(BeltBoxError):
    """A capture that can't be read, or has no raw rows."""


@dataclass(slots=True)
class Measurement:
    """The raw rows from one zero of the box to the next, and its live sentences about them.

    `live` are the sentences that the raw rows, computed again, must give. Sentences after a missing
    row aren't among them: `whole` is false then, as it is where the zero itself is missing.
    """

    whole: bool
    raw: list[RawRow] = field(default_factory=list[RawRow])
    live: list[Sentence] = field(default_factory=list[Sentence])
    age_us: int = 0
    """From the first raw row to the last, over all wraps of the clock."""
    settings_hash: str | None = None
    """Of the settings it was measured with, four hex digits; None where that sentence is lost."""
    skipped_ms: list[int] = field(default_factory=list[int])
    """The moments of the live sentences that aren't in `live`."""

    def add(self, row: RawRow) -> None:
        """Take in the next raw row."""
        if self.raw:
            self.age_us += us_between(self.raw[-1].t_us, row.t_us)
        self.raw.append(row)


@dataclass(slots=True)
class Capture:
    """What a capture holds.

    `left_out` counts the raw rows between the host's commands `raw` and `begin`: they are the end
    of a measurement whose beginning isn't here.
    """

    good: int
    damaged: int
    missing: int
    console: list[str]
    measurements: list[Measurement]
    left_out: int = 0

    @property
    def not_comparable(self) -> int:
        """How many live sentences have raw rows around them, but not all of those before."""
        return sum(
            t_ms <= measurement.age_us // 1000
            for measurement in self.measurements
            for t_ms in measurement.skipped_ms
        )


def is_capture(path: Path) -> bool:
    """Whether the file is a capture and not a CSV of raw rows: it holds a sound sentence.

    However much else comes first, such as what a board says when it starts. Raises CaptureError.
    """
    reader = Reader()
    try:
        with path.open("rb") as file:
            if b"t_us" in file.readline(_CHUNK_BYTES):
                return False
            file.seek(0)
            while not reader.good and (chunk := file.read(_CHUNK_BYTES)):
                reader.feed(chunk)
    except OSError as error:
        raise CaptureError(f"Can't read {path}: {error.strerror}. Check the path.") from error
    if not reader.good:
        reader.finish()
    return reader.good > 0


def read_capture(path: Path) -> Capture:
    """Read the capture at `path`. Raises CaptureError: unreadable, or no raw rows."""
    reader = Reader()
    capture = Capture(0, 0, 0, [], [])
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                _take(capture, reader, sentences(reader.feed(chunk)))
        _take(capture, reader, sentences(reader.finish()))
    except OSError as error:
        raise CaptureError(f"Can't read {path}: {error.strerror}. Check the path.") from error
    capture.good = reader.good
    capture.damaged = reader.damaged
    capture.missing = reader.missing
    longest_us = max((measurement.age_us for measurement in capture.measurements), default=0)
    least_us = _LEAD_IN_US if longest_us >= _LEAD_IN_US else 0
    kept = [measurement for measurement in capture.measurements if measurement.age_us >= least_us]
    rows = sum(len(measurement.raw) for measurement in capture.measurements)
    capture.left_out = rows - sum(len(measurement.raw) for measurement in kept)
    capture.measurements = [measurement for measurement in kept if measurement.raw]
    if not capture.measurements:
        raise CaptureError(
            f"{path} holds {reader.good} good and {reader.damaged} damaged sentences, but no raw "
            "rows. Was `raw` on when it was captured? `beltbox record --capture` turns it on."
        )
    return capture


def _take(capture: Capture, reader: Reader, arrived: Iterable[Sentence]) -> None:
    for sentence in arrived:
        if sentence.type == "":
            capture.console.append(str(sentence.values[0]))
            continue
        # A start of the box, whose BEG may have been lost, or the first sentence of all.
        if not capture.measurements or (sentence.type == "ID" and sentence.seq == 0):
            capture.measurements.append(Measurement(whole=False))
        measurement = capture.measurements[-1]
        if sentence.lost_before:
            measurement.whole = False
        if sentence.type == "BEG":
            settings_hash = str(named(sentence)["settings_hash"])
            capture.measurements.append(Measurement(whole=True, settings_hash=settings_hash))
        elif sentence.type == "RAW":
            row = raw_row(sentence)
            if row is None:
                reader.damaged += 1
                reader.good -= 1
                measurement.whole = False
            else:
                measurement.add(row)
        elif sentence.type in LIVE_SENTENCES:
            # Its row isn't there before raw is turned on, nor after it is turned off.
            t_ms = named(sentence)["t_ms"]
            row_is_here = bool(measurement.raw) and t_ms == measurement.age_us // 1000
            measurement.whole = measurement.whole and row_is_here
            if measurement.whole:
                measurement.live.append(sentence)
            elif isinstance(t_ms, int):
                measurement.skipped_ms.append(t_ms)


def differences(measurement: Measurement, computed: dict[int, dict[str, int | None]]) -> list[str]:
    """Where the live sentences of `measurement` differ from rows `computed` again, by t_ms.

    One line each: the moment, the field, live and computed. Empty where all are equal.
    """
    unequal: list[str] = []
    for sentence in measurement.live:
        fields = named(sentence)
        t_ms = fields.pop("t_ms")
        row = computed.get(t_ms) if isinstance(t_ms, int) else None
        if row is None:
            unequal.append(f"{sentence.type} at {t_ms} ms has no raw row")
            continue
        unequal.extend(
            f"{sentence.type} at {t_ms} ms: {name} was {value}, computed {row[name]}"
            for name, value in fields.items()
            if name not in _ONLY_THE_BOX and row[name] != value
        )
    return unequal
