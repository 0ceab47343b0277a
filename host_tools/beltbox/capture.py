"""A capture: the port's bytes as they came, taken apart into measurements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from beltbox.errors import BeltBoxError
from beltbox.rows import RawRow
from beltbox.wire import Sentence, named, raw_row, sentences
from beltcore.reader import Reader

_CHUNK_BYTES = 1 << 16


class CaptureError(BeltBoxError):
    """A capture that can't be read, or has no raw rows."""


@dataclass(slots=True)
class Measurement:
    """The raw rows from one zero of the box to the next, and what it said of them live.

    `from_zero` tells that the first row here was the first of the measurement, so that rows
    computed again must equal the live sentences; `lost` how many sentences are missing in it.
    """

    from_zero: bool
    raw: list[RawRow] = field(default_factory=list[RawRow])
    live: list[Sentence] = field(default_factory=list[Sentence])
    lost: int = 0


@dataclass(slots=True)
class Capture:
    """What a capture holds."""

    good: int
    damaged: int
    missing: int
    console: list[str]
    measurements: list[Measurement]


def is_capture(start: bytes) -> bool:
    """Whether a file that begins so is a capture and not a CSV of raw rows."""
    first = start.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    return b"t_us" not in first and b"$" in start


def read_capture(path: Path) -> Capture:
    """Read the capture at `path`. Raises CaptureError: unreadable, or no raw rows."""
    reader = Reader()
    taken = Capture(0, 0, 0, [], [])
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                _take(taken, reader, sentences(reader.feed(chunk)))
        _take(taken, reader, sentences(reader.finish()))
    except OSError as error:
        raise CaptureError(f"Can't read {path}: {error.strerror}. Check the path.") from error
    taken.good = reader.good
    taken.damaged = reader.damaged
    taken.missing = reader.missing
    taken.measurements = [part for part in taken.measurements if part.raw]
    if not taken.measurements:
        raise CaptureError(
            f"{path} holds {reader.good} good and {reader.damaged} damaged sentences, but no raw "
            "rows. Was `raw` on when it was captured? `beltbox record --capture` turns it on."
        )
    return taken


def _take(taken: Capture, reader: Reader, found: Iterable[Sentence]) -> None:
    for sentence in found:
        if sentence.type == "":
            taken.console.append(str(sentence.values[0]))
            continue
        if sentence.type == "BEG":
            taken.measurements.append(Measurement(from_zero=True))
        elif not taken.measurements:
            taken.measurements.append(Measurement(from_zero=False))
        part = taken.measurements[-1]
        part.lost += sentence.lost_before
        if sentence.type == "RAW":
            row = raw_row(sentence)
            if row is None:
                reader.damaged += 1
                reader.good -= 1
            else:
                # Raw was turned on in mid-measurement: live sentences came first.
                if not part.raw and part.live:
                    part.from_zero = False
                part.raw.append(row)
        elif sentence.type in ("NOW", "DST", "ZON"):
            part.live.append(sentence)


def differences(part: Measurement, computed: dict[int, dict[str, int | None]]) -> list[str]:
    """Where the live sentences of `part` differ from rows `computed` again, by t_ms.

    One line each: the moment, the field, live and computed. Empty where all are equal.
    """
    found: list[str] = []
    for sentence in part.live:
        fields = named(sentence)
        t_ms = fields.pop("t_ms")
        fields.pop("box_flags", None)
        row = computed.get(t_ms) if isinstance(t_ms, int) else None
        if row is None:
            found.append(f"{sentence.type} at {t_ms} ms has no raw row")
            continue
        found.extend(
            f"{sentence.type} at {t_ms} ms: {name} was {value}, computed {row[name]}"
            for name, value in fields.items()
            if row[name] != value
        )
    return found
