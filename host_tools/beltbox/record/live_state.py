"""The moment, as a view shows it."""

from __future__ import annotations

from dataclasses import dataclass, field

from beltbox.walk.rows import MetricRow
from beltbox.walk.totals import Totals
from beltbox.walk.uncertainty import Uncertainty
from beltbox.walk.zone_uncertainty import ZoneUncertainty


@dataclass(slots=True)
class Now:
    """The latest row, the walk's sums, and what the recorder is doing."""

    row: MetricRow | None = None
    totals: Totals = field(default_factory=Totals)
    sure: Uncertainty = field(default_factory=lambda: Uncertainty({}))
    """How sure numbers are under the box's settings."""
    doubt: ZoneUncertainty = field(default_factory=ZoneUncertainty)
    """Of the rows that `totals` sums up."""
    session_id: int | None = None
    box_name: str = ""
    path: str = ""
    connected: bool = True
    silent: bool = False
    """The port is there, but nothing comes from it."""
    good: int = 0
    damaged: int = 0
    missing: int = 0
