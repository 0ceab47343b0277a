"""What a view shows of a recording at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from beltbox.walk.rows import MetricRow
from beltbox.walk.totals import Totals
from beltbox.walk.uncertainty import Uncertainty
from beltbox.walk.zone_uncertainty import ZoneUncertainty
from beltbox.walk.zones import LIMITS_PERMILLE, zone_limits_permille


@dataclass(slots=True)
class LiveState:
    """The latest row, the session's sums, the box, and what was lost on the way."""

    row: MetricRow | None = None
    """The latest of the measurement; None until one arrives."""
    totals: Totals = field(default_factory=Totals)
    """Of the session; before it starts, of the measurement."""
    uncertainty: Uncertainty = field(default_factory=lambda: Uncertainty({}))
    """Of single numbers, under the box's settings."""
    zone_uncertainty: ZoneUncertainty = field(default_factory=ZoneUncertainty)
    """Of the rows that `totals` sums up."""
    zone_limits_permille: tuple[float, float, float] = LIMITS_PERMILLE
    """Of body weight, under the box's settings: where light, supported and heavy begin."""
    session_id: int | None = None
    """Of the session in the store; None while nothing is recorded, or the store hasn't taken it."""
    is_recording: bool = False
    waiting: str = ""
    """What waits in memory for the store and why, in a line; empty while it takes everything."""
    box_name: str = ""
    path: str = ""
    """The port."""
    connected: bool = True
    silent: bool = False
    """The port is there, but nothing arrives from it."""
    good: int = 0
    """Sentences that arrived sound; `damaged` arrived damaged, `missing` didn't arrive."""
    damaged: int = 0
    missing: int = 0
    repeated: int = 0
    """Sentences that arrived a second time, and were dropped."""

    @property
    def is_heard(self) -> bool:
        """Whether the box is there and sends."""
        return self.connected and not self.silent

    def take_settings(self, settings: Mapping[str, int | str]) -> None:
        """Show by these settings of the box from now on."""
        self.uncertainty = Uncertainty(settings)
        self.zone_limits_permille = zone_limits_permille(settings)
