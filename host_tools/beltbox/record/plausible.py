"""Whether what a box says of time can be true.

A checksum of 16 bits lets one damaged sentence in 65 536 through. Time that leaps is believed only
where the next sentence goes on from there. Where sentences are missing, a leap is no wonder.
Pure: it is given rows and returns verdicts.
"""

from __future__ import annotations

from enum import Enum, auto

from beltbox.walk.rows import CLOCK_PERIOD_US, MetricRow, RawRow, us_between

_LEAP_MS = 10_000
_LEAP_US = 1_000_000
_SAME_MOMENT_MOST = 3  # sums are sent again at a `begin` and on `totals`


class Verdict(Enum):
    """What is to be done with a row."""

    BELIEVED = auto()
    """It is true, and so is the doubtful one before it, if there was one: `confirmed`."""
    DOUBTFUL = auto()
    """It leaps: the next row decides."""
    FALSE = auto()
    """It can't be true."""
    SET_BACK = auto()
    """Two rows agree that time went back: something has set the box's clock."""


class LiveTime:
    """The moments of metric rows of one measurement. `latest_ms`: of the latest that is believed.

    `confirmed`: the row that was doubtful until the latest verdict; it belongs before that row.
    `refuted`: how many doubtful rows the latest verdict showed to be false.
    """

    def __init__(self) -> None:
        self.latest_ms: int | None = None
        self.confirmed: MetricRow | None = None
        self.refuted = 0
        self._doubtful: MetricRow | None = None
        self._times = 0  # how often in a row the latest moment came

    def take(self, row: MetricRow, *, is_gap: bool) -> Verdict:
        """Judge the next row. is_gap: sentences are missing before it, or the box was away."""
        latest_ms, doubtful = self.latest_ms, self._doubtful
        self.confirmed, self._doubtful, self.refuted = None, None, 0
        if latest_ms is None or is_gap or 0 <= row.t_ms - latest_ms <= _LEAP_MS:
            self.refuted = int(doubtful is not None)
            return self._same_or_later(row)
        if doubtful is not None and 0 <= row.t_ms - doubtful.t_ms <= _LEAP_MS:
            if doubtful.t_ms < latest_ms:
                self.refuted = 1
                return Verdict.SET_BACK
            self.confirmed = doubtful
            return self._same_or_later(row)
        self.refuted = int(doubtful is not None)
        self._doubtful = row
        return Verdict.DOUBTFUL

    def _same_or_later(self, row: MetricRow) -> Verdict:
        self._times = self._times + 1 if row.t_ms == self.latest_ms else 1
        self.latest_ms = row.t_ms
        return Verdict.FALSE if self._times > _SAME_MOMENT_MOST else Verdict.BELIEVED


class RawTime:
    """The box's clock in raw rows: see `LiveTime`."""

    def __init__(self) -> None:
        self.confirmed: RawRow | None = None
        self.refuted = 0
        self._latest_us: int | None = None
        self._doubtful: RawRow | None = None

    def take(self, row: RawRow, *, is_gap: bool) -> Verdict:
        """Judge the next row, as `LiveTime.take` does."""
        latest_us, doubtful = self._latest_us, self._doubtful
        self.confirmed, self._doubtful, self.refuted = None, None, 0
        if latest_us is None or is_gap or us_between(latest_us, row.t_us) <= _LEAP_US:
            self.refuted = int(doubtful is not None)
            self._latest_us = row.t_us
            return Verdict.BELIEVED
        if doubtful is not None and us_between(doubtful.t_us, row.t_us) <= _LEAP_US:
            if us_between(latest_us, doubtful.t_us) >= CLOCK_PERIOD_US // 2:
                self.refuted = 1
                return Verdict.SET_BACK
            self.confirmed = doubtful
            self._latest_us = row.t_us
            return Verdict.BELIEVED
        self.refuted = int(doubtful is not None)
        self._doubtful = row
        return Verdict.DOUBTFUL
