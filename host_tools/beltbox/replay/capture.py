"""A capture: the port's bytes as they arrived, read into measurements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from beltbox.errors import BeltBoxError
from beltbox.link.wire import Sentence, named, raw_row, sentences
from beltbox.record.plausible import RawTime, Verdict
from beltbox.replay.recording_file import recording_chunks
from beltbox.walk.rows import (
    CLOCK_PERIOD_US,
    LIVE_SENTENCES,
    MetricRow,
    RawRow,
    us_between,
)
from beltcore.host.metrics import COLUMNS
from beltcore.host.reader import Reader

_FIRST_LINE_BYTES = 1 << 16
_LEAD_IN_US = 2_000_000
_BEGUN_US = 1_000_000  # a shorter one is the rows between a `begin` and the same one repeated
# What raw rows and live sentences say of the time may differ by so much, where some are missing.
_APART_US = 1_000_000
_CONSOLE_LINES_MOST = 1000
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
    begun: bool = False
    """Whether its zero is here: the box said that it begins."""
    raw: list[RawRow] = field(default_factory=list[RawRow])
    live: list[Sentence] = field(default_factory=list[Sentence])
    age_us: int = 0
    """From the first raw row to the last, over all wraps of the clock."""
    settings_hash: str | None = None
    """Of the settings it was measured with, four hex digits; None where no sentence says it."""
    skipped_ms: list[int] = field(default_factory=list[int])
    """The moments of the live sentences that aren't in `live`."""
    latest_ms: int | None = None
    """The moment of the latest live sentence."""
    raw_time: RawTime = field(default_factory=RawTime)
    """Judges the clock of the raw rows."""
    _zero_us: int | None = None  # the age at zero, by the latest live sentence; modulo the clock
    _rows_until_gap: int | None = None  # of `raw`, while it isn't known what those behind belong to
    _age_at_gap_us: int = 0

    def add(self, row: RawRow) -> None:
        """Take in the next raw row."""
        if self.raw:
            self.age_us += us_between(self.raw[-1].t_us, row.t_us)
        self.raw.append(row)

    def begin_gap(self) -> None:
        """Sentences are missing here: the rows to come may be of another measurement."""
        self.whole = False
        if self._rows_until_gap is None:
            self._rows_until_gap = len(self.raw)
            self._age_at_gap_us = self.age_us

    @property
    def has_gap(self) -> bool:
        """Whether it isn't known what the rows behind the latest gap belong to."""
        return self._rows_until_gap is not None

    def agrees(self, t_ms: int) -> bool:
        """Whether a live sentence of this moment belongs to this measurement; it is the latest.

        By the box's clock, which both it and the raw rows follow. False after a gap only.
        """
        zero_us = (self.age_us - 1000 * t_ms) % CLOCK_PERIOD_US
        if self._rows_until_gap is not None:
            if self.latest_ms is not None and t_ms < self.latest_ms:
                return False
            if len(self.raw) > self._rows_until_gap:
                if self._rows_until_gap and self._zero_us is not None:
                    apart_us = (zero_us - self._zero_us) % CLOCK_PERIOD_US
                    if min(apart_us, CLOCK_PERIOD_US - apart_us) > _APART_US:
                        return False
                self._rows_until_gap = None
        self.latest_ms = t_ms
        self._zero_us = zero_us if self.raw else None
        return True

    def split(self) -> Measurement:
        """Cut off the rows behind a gap that no live sentence has shown to belong here.

        A measurement of their own, without any where there are none, or nothing to judge them by.
        """
        rest = Measurement(whole=False)
        at, self._rows_until_gap = self._rows_until_gap, None
        if at is None or not at or (self._zero_us is None and not self._runs_backward(at)):
            return rest
        for row in self.raw[at:]:
            rest.add(row)
        del self.raw[at:]
        self.age_us = self._age_at_gap_us
        return rest

    def _runs_backward(self, at: int) -> bool:
        return at < len(self.raw) and not _is_forward(self.raw[at - 1], self.raw[at])


def _is_forward(before: RawRow, after: RawRow) -> bool:
    """Whether the box's clock goes forward between two rows, by less than half its period."""
    return us_between(before.t_us, after.t_us) < CLOCK_PERIOD_US // 2


@dataclass(slots=True)
class Capture:
    """What a capture holds.

    `left_out` counts the raw rows between the host's commands `raw` and `begin`, and those between
    two captures in one file: they are the end of a measurement whose beginning isn't here.
    `console`: the first thousand lines.
    """

    good: int
    damaged: int
    missing: int
    console: list[str]
    measurements: list[Measurement]
    left_out: int = 0
    repeated: int = 0

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

    However much else comes first, such as what a board says when it starts. Raises CaptureError:
    it can't be read, or has sentences of which none is sound.
    """
    reader = Reader()
    is_first = True
    for chunk in recording_chunks(path, error=CaptureError):
        if is_first and b"t_us" in chunk.lstrip()[:_FIRST_LINE_BYTES].partition(b"\n")[0]:
            return False
        is_first = False
        reader.feed(chunk)
        if reader.good:
            return True
    reader.finish()
    return reader.good > 0


def read_capture(path: Path) -> Capture:
    """Read the capture at `path`. Raises CaptureError: unreadable, or no raw rows."""
    reader = Reader()
    capture = Capture(0, 0, 0, [], [])
    for chunk in recording_chunks(path, error=CaptureError):
        _take(capture, reader, sentences(reader.feed(chunk)))
    _take(capture, reader, sentences(reader.finish()))
    if capture.measurements:
        capture.measurements.append(capture.measurements[-1].split())
    capture.good = reader.good
    capture.damaged = reader.damaged
    capture.missing = reader.missing
    capture.repeated = reader.repeated
    longest_us = max((measurement.age_us for measurement in capture.measurements), default=0)
    kept = [part for part in capture.measurements if _is_kept(part, longest_us)]
    rows = sum(len(measurement.raw) for measurement in capture.measurements)
    capture.left_out = rows - sum(len(measurement.raw) for measurement in kept)
    capture.measurements = [measurement for measurement in kept if measurement.raw]
    if not capture.measurements:
        raise CaptureError(
            f"{path} holds {reader.good} good and {reader.damaged} damaged sentences, but no raw "
            "rows. Was `raw` on when it was captured? `beltbox record --capture` turns it on."
        )
    return capture


def _is_kept(measurement: Measurement, longest_us: int) -> bool:
    """Whether it is no lead-in; where a capture has nothing longer, all is kept."""
    least_us = _BEGUN_US if measurement.begun else _LEAD_IN_US
    return longest_us < _LEAD_IN_US or measurement.age_us >= least_us


def _take(capture: Capture, reader: Reader, arrived: Iterable[Sentence]) -> None:
    for sentence in arrived:
        if sentence.type == "":
            if len(capture.console) < _CONSOLE_LINES_MOST:
                capture.console.append(str(sentence.values[0]))
            continue
        # A start of the box, whose BEG may have been lost; another capture, which a logger has
        # appended to this one; or the first sentence of all.
        is_start = sentence.type == "ID" and sentence.seq == 0
        if not capture.measurements or is_start or sentence.lost_before < 0:
            _begin(capture, Measurement(whole=False))
        if sentence.lost_before > 0:
            capture.measurements[-1].begin_gap()
        if sentence.type == "ID":
            _note_settings(capture.measurements[-1], sentence)
        elif sentence.type == "BEG":
            _begin(capture, Measurement(whole=True, begun=True))
            _note_settings(capture.measurements[-1], sentence)
        elif sentence.type == "RAW":
            row = raw_row(sentence)
            if row is not None:
                _take_raw(capture, reader, row)
        elif sentence.type in LIVE_SENTENCES:
            _take_live(capture, reader, sentence)


def _begin(capture: Capture, measurement: Measurement) -> None:
    if capture.measurements:
        capture.measurements.append(capture.measurements[-1].split())
    capture.measurements.append(measurement)


def _note_settings(measurement: Measurement, sentence: Sentence) -> None:
    settings_hash = named(sentence)["settings_hash"]
    if settings_hash and measurement.settings_hash is None:
        measurement.settings_hash = str(settings_hash)


def _take_raw(capture: Capture, reader: Reader, row: RawRow) -> None:
    measurement = capture.measurements[-1]
    verdict = measurement.raw_time.take(row, is_gap=measurement.has_gap)
    for _ in range(measurement.raw_time.refuted):
        reader.disbelieve()
    if verdict is Verdict.BELIEVED:
        if measurement.raw_time.confirmed is not None:
            measurement.add(measurement.raw_time.confirmed)
        measurement.add(row)
    elif verdict is Verdict.SET_BACK:
        # The clock goes on from there: something has set it, and what follows is by itself.
        reader.disbelieve()
        _begin(capture, Measurement(whole=False))
        capture.measurements[-1].raw_time.take(row, is_gap=True)
        capture.measurements[-1].add(row)


def _take_live(capture: Capture, reader: Reader, sentence: Sentence) -> None:
    measurement = capture.measurements[-1]
    t_ms = sentence.values[0]
    if not isinstance(t_ms, int):
        return
    latest_ms = measurement.latest_ms
    if latest_ms is not None and t_ms < latest_ms and not measurement.has_gap:
        reader.disbelieve()  # nothing is missing here, and no measurement began
        return
    if not measurement.agrees(t_ms):
        _begin(capture, measurement.split())
        measurement = capture.measurements[-1]
        measurement.agrees(t_ms)
    # Its row isn't there before raw is turned on, nor after it is turned off.
    row_is_here = bool(measurement.raw) and t_ms == measurement.age_us // 1000
    measurement.whole = measurement.whole and row_is_here
    if measurement.whole:
        measurement.live.append(sentence)
    else:
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
