"""The moment, as a view shows it."""

from __future__ import annotations

from dataclasses import dataclass, field

from beltbox.rows import MetricRow
from beltbox.totals import Totals


@dataclass(slots=True)
class Now:
    """The latest row, the walk's sums, and what the recorder is doing."""

    row: MetricRow | None = None
    totals: Totals = field(default_factory=Totals)
    session_id: int | None = None
    box_name: str = ""
    path: str = ""
    connected: bool = True
    silent: bool = False
    """The port is there, but nothing comes from it."""
    good: int = 0
    damaged: int = 0
    missing: int = 0
    body_mass_g: int = 0
