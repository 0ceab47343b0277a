"""The figures of a whole walk, each with its uncertainty; some need a look through the rows."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

from beltbox.walk.moments import Break, breaks
from beltbox.walk.session import Session, SessionSummary
from beltbox.walk.totals import as_one_walk
from beltbox.walk.uncertainty import Uncertainty, of_walk
from beltbox.walk.zone_uncertainty import ZoneUncertainty


@dataclass(slots=True)
class WalkNumbers:
    """A session's summary, with standard uncertainties. None = unknown, or not calibrated."""

    summary: SessionSummary
    uncertainty: Uncertainty
    zone_uncertainty: ZoneUncertainty = field(default_factory=ZoneUncertainty)
    asymmetry_permille: float | None = None
    """The mean of all rows that know it (60 steps without a break)."""
    asymmetry_u_permille: float | None = None
    """Not less for a longer walk, as what shrinks a limp is the same all through."""
    longer_step_side: int | None = None
    """1 left, 2 right: where most of these rows name one side, and none the other."""
    breaks: list[Break] = field(default_factory=list[Break])
    """The parts of the session of which there are no rows."""

    @property
    def u(self) -> dict[str, float | None]:
        """Of the totals' numbers, by their names and `_u`."""
        return self.uncertainty.of_totals(self.summary.totals, self.zone_uncertainty)

    @property
    def cadence_spm(self) -> float | None:
        """The mean while the belt moved."""
        return self.summary.totals.cadence_spm

    @property
    def cadence_spm_u(self) -> float | None:
        """From the uncertainty of the steps and of the time in which the belt moved."""
        totals = self.summary.totals
        share = self._share_u(totals.paced_steps)
        spm = self.cadence_spm
        if spm is None or share is None:
            return None
        moving_share_u = self.uncertainty.moving_share(totals.cadence_over_s, self.zone_uncertainty)
        return spm * math.hypot(share, moving_share_u)

    @property
    def step_length_mm(self) -> float | None:
        """The mean length of a step."""
        return self.summary.totals.step_length_mm

    @property
    def step_length_mm_u(self) -> float | None:
        """From the uncertainty of the steps and of the belt's calibration."""
        totals = self.summary.totals
        share = self._share_u(totals.steps)
        mm = self.step_length_mm
        steps_mm_u = self.uncertainty.distance(totals.steps_mm)
        if mm is None or share is None or steps_mm_u is None:
            return None
        return mm * math.hypot(share, steps_mm_u / totals.steps_mm)

    def as_json(self) -> dict[str, object]:
        """What these numbers add to the summary's."""
        return {
            **self.u,
            "cadence_spm": self.cadence_spm,
            "cadence_spm_u": self.cadence_spm_u,
            "step_length_mm": self.step_length_mm,
            "step_length_mm_u": self.step_length_mm_u,
            "step_asymmetry_permille": self.asymmetry_permille,
            "step_asymmetry_u_permille": self.asymmetry_u_permille,
            "longer_step_side": self.longer_step_side,
            "breaks": [
                {
                    "segment": pause.segment,
                    "begins_s": pause.begins_ms / 1000,
                    "began_at": self._moment(pause.begins_ms),
                    "lasted_s": pause.lasted_ms / 1000,
                    "measured": pause.measured,
                }
                for pause in self.breaks
            ],
        }

    def _moment(self, since_start_ms: int) -> str | None:
        """ISO 8601; None for a session that isn't dated."""
        if not self.summary.dated:
            return None
        return (self.summary.started_at + timedelta(milliseconds=since_start_ms)).isoformat()

    def _share_u(self, steps: int | None) -> float | None:
        """The standard uncertainty of a number of steps, as a part of it."""
        u = self.uncertainty.steps(steps, self.zone_uncertainty)
        return None if u is None or not steps else u / steps


def walk_numbers(session: Session) -> WalkNumbers:
    """Look a session's rows through."""
    zone_uncertainty = ZoneUncertainty()
    asymmetries: list[tuple[int, int]] = []
    sides: list[int | None] = []
    rows = as_one_walk([segment.metrics for segment in session.segments])
    for segment in session.segments:
        uncertainty = Uncertainty(segment.settings)
        for row in islice(rows, len(segment.metrics)):
            uncertainty.take(row, zone_uncertainty)
            if row.step_asymmetry_permille is not None and row.step_asymmetry_u_permille:
                asymmetries.append((row.step_asymmetry_permille, row.step_asymmetry_u_permille))
                sides.append(row.longer_step_side)
    numbers = WalkNumbers(
        session.summary,
        of_walk([segment.settings for segment in session.segments]),
        zone_uncertainty,
        breaks=breaks(session),
    )
    if asymmetries:
        numbers.asymmetry_permille = sum(permille for permille, _ in asymmetries) / len(asymmetries)
        numbers.asymmetry_u_permille = sum(u for _, u in asymmetries) / len(asymmetries)
        named = {side for side in sides if side is not None}
        if len(named) == 1 and 2 * sides.count(None) < len(sides):
            numbers.longer_step_side = named.pop()
    return numbers
