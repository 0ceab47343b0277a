"""The uncertainty of a walk's sums that only its rows show: metres near a zone's limit, and starts.

The rail's force decides the zone. A metre may belong to the zone beyond a limit if twice the
standard uncertainty of its reliance, all to one side, would have put it there. The zero and the
scale are off by the same amount all through a walk, so all such metres may belong there together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from beltbox.walk.rows import MetricRow

_START_MM = 150  # of belt: less isn't a start of a walk, but a belt that trembles
_LIMITS = 3
_KEPT = 0.9  # of its limit: a zone is kept from there (beltcore.rails, hysteresis)


class ZoneUncertainty:
    """Kept up row by row with `add`. `starts`: how often the belt set off."""

    def __init__(self) -> None:
        self.starts = 0
        # Of each limit: metres (in mm) that count below it and above it, and may be the other's.
        self._below_mm = [0] * _LIMITS
        self._above_mm = [0] * _LIMITS
        self._last_mm = 0
        self._stood_at_mm = 0
        self._set_off = False

    def start_segment(self) -> None:
        """The rows to come count on from a new zero."""
        self._stood_at_mm -= self._last_mm
        self._last_mm = 0

    def add(
        self, row: MetricRow, limits_permille: Sequence[float], reliance_u: float | None
    ) -> None:
        """Take in the next row.

        limits_permille: of body weight, where the zones above hands off begin. reliance_u: the
        standard uncertainty of this row's reliance; None = unknown: no metre is uncertain then.
        """
        if row.distance_mm is None:
            return
        grown_mm = max(0, row.distance_mm - self._last_mm)
        self._last_mm = row.distance_mm
        if not row.belt_mm_s:
            self._stood_at_mm = row.distance_mm
            self._set_off = False
        elif not self._set_off and row.distance_mm - self._stood_at_mm >= _START_MM:
            self._set_off = True
            self.starts += 1
        if not grown_mm or reliance_u is None or row.zone is None or row.reliance_permille is None:
            return
        for number, limit in enumerate(limits_permille):
            if row.zone > number:
                if row.reliance_permille - _KEPT * limit < 2 * reliance_u:
                    self._above_mm[number] += grown_mm
            elif limit - row.reliance_permille < 2 * reliance_u:
                self._below_mm[number] += grown_mm

    def zone_mm_u(self, zone: int) -> float:
        """What the limits of a zone (0 .. 3) add to the standard uncertainty of its distance."""
        # Metres that enter over one limit and leave over the other cancel in part: never more
        # than this.
        return math.hypot(self._limit_mm_u(zone - 1), self._limit_mm_u(zone))

    def _limit_mm_u(self, limit: int) -> float:
        if not 0 <= limit < _LIMITS:
            return 0.0
        return max(self._below_mm[limit], self._above_mm[limit]) / 2
