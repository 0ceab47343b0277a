"""Whether the three engines give the same bytes for the same raw rows."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from beltbox.replay.engines import ENGINES
from beltbox.replay.raw_csv import raw_line
from beltbox.walk.rows import RawRow


@dataclass(frozen=True, slots=True)
class Compared:
    """So many rows by every engine, and how many of them aren't the same by all."""

    rows: int
    differ: int


def compare(raw: Sequence[RawRow], settings: Mapping[str, int | str]) -> Compared:
    """Compute the rows by every engine. Raises EngineError."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.csv"
        rows.write_text("".join(map(raw_line, raw)), encoding="ascii")
        results: list[list[bytes]] = []
        for name, engine in ENGINES.items():
            metrics = Path(folder) / f"{name}.csv"
            engine(settings, rows, metrics)
            results.append(metrics.read_bytes().split(b"\n"))
    return Compared(len(raw), differing(results))


def differing(results: Sequence[Sequence[bytes]]) -> int:
    """How many lines aren't the same in all; those that one lacks are among them."""
    same = sum(len(set(lines)) == 1 for lines in zip(*results, strict=False))
    return max(map(len, results)) - same
