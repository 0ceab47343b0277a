"""The figures of a whole walk, each with how sure it is: what its rows tell beyond the sums."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import islice

from beltbox.walk import since_last_walk as change
from beltbox.walk.session import Session, SessionSummary
from beltbox.walk.totals import as_one_walk
from beltbox.walk.uncertainty import Uncertainty, of_walk
from beltbox.walk.zone_uncertainty import Doubt


@dataclass(slots=True)
class WalkNumbers:
    """A session's summary, with standard uncertainties. None = unknown, or how sure is unknown."""

    summary: SessionSummary
    sure: Uncertainty
    doubt: Doubt = field(default_factory=Doubt)
    asymmetry_permille: float | None = None
    """The mean of all rows that know it (60 steps without a break)."""
    asymmetry_u_permille: float | None = None
    """Not less for a longer walk, as what shrinks a limp is the same all through."""
    longer_step_side: int | None = None
    """1 left, 2 right: where most of these rows tell one side, and none the other."""

    @property
    def u(self) -> dict[str, float | None]:
        """Of the summary's numbers, by their names and `_u`."""
        return self.sure.summary(self.summary, self.doubt)

    @property
    def cadence_spm(self) -> float | None:
        """The mean while the belt moved."""
        return change.cadence_spm(self.summary)

    @property
    def cadence_spm_u(self) -> float | None:
        """As sure as the steps are counted and the time is known in which the belt moved."""
        share = self._steps_share_u
        spm = self.cadence_spm
        if spm is None or share is None:
            return None
        return spm * math.hypot(share, self.sure.moving_share(self.summary.moving_s, self.doubt))

    @property
    def step_length_mm(self) -> float | None:
        """The mean way of a step."""
        return change.step_length_mm(self.summary)

    @property
    def step_length_mm_u(self) -> float | None:
        """As sure as the steps are counted and the belt is calibrated."""
        share = self._steps_share_u
        mm = self.step_length_mm
        way_u = self.sure.way(self.summary.distance_mm)
        if mm is None or share is None or way_u is None:
            return None
        return mm * math.hypot(share, way_u / self.summary.distance_mm)

    def as_json(self) -> dict[str, float | None]:
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
        }

    @property
    def _steps_share_u(self) -> float | None:
        steps = self.summary.steps
        u = self.sure.steps(steps, self.doubt)
        return None if u is None or not steps else u / steps


def walk_numbers(session: Session) -> WalkNumbers:
    """Look a session's rows through."""
    doubt = Doubt()
    asymmetries: list[tuple[int, int]] = []
    sides: list[int | None] = []
    rows = as_one_walk([segment.metrics for segment in session.segments])
    for segment in session.segments:
        sure = Uncertainty(segment.settings)
        for row in islice(rows, len(segment.metrics)):
            sure.take(row, doubt)
            if row.step_asymmetry_permille is not None and row.step_asymmetry_u_permille:
                asymmetries.append((row.step_asymmetry_permille, row.step_asymmetry_u_permille))
                sides.append(row.longer_step_side)
    found = WalkNumbers(
        session.summary, of_walk([segment.settings for segment in session.segments]), doubt
    )
    if asymmetries:
        found.asymmetry_permille = sum(one for one, _ in asymmetries) / len(asymmetries)
        found.asymmetry_u_permille = sum(u for _, u in asymmetries) / len(asymmetries)
        told = {side for side in sides if side is not None}
        if len(told) == 1 and 2 * sides.count(None) < len(sides):
            found.longer_step_side = told.pop()
    return found
