"""What really happened on the virtual treadmill, and what the box made of it."""

from __future__ import annotations

import csv
import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path

from beltbox.errors import BeltBoxError
from beltbox.replay.replay import computed_again
from beltbox.walk.comparison import Comparison
from beltbox.walk.rows import MetricRow
from beltbox.walk.session import Session
from beltbox.walk.zones import ZONES, zone_limits_permille

# The goals of the speed: 0.1 % of the mean, but no better than its last digit can be.
_SPEED_GOAL_SHARE = 0.001
_SPEED_GOAL_MM_S = 0.3
_MOVING_MM_S = 20.0
_LEFT_AT = 0.9
_FORCE_LAG_S = 0.06
_FIRST_ROWS = 120  # rows of the first 1.5 s
_SETTLED_US = 1_500_000  # the first second is a mean over less


class TruthError(BeltBoxError):
    """A truth file that can't be read, or doesn't belong to the session."""


class Truth:
    """The truth file of a virtual box: columns by name, a row for every 10 ms.

    Times are t_us as in the file: the box's clock, not wrapping.
    """

    def __init__(self, path: Path) -> None:
        """Read the file. Raises TruthError."""
        self._columns: dict[str, list[float]] = {}
        try:
            with path.open(encoding="ascii", newline="") as file:
                reader = csv.reader(file)
                header = next(reader)
                table = list(zip(*reader, strict=False))
            self._columns = {
                name: [float(text) for text in values]
                for name, values in zip(header, table, strict=True)
            }
            self.t_us = self._columns["t_us"]
        except (OSError, ValueError, KeyError, StopIteration) as error:
            raise TruthError(f"{path} isn't a whole truth file: {error}.") from error
        if len(self.t_us) < 2:
            raise TruthError(f"{path} has no rows: did the virtual box end at once?")

    def column(self, name: str) -> list[float]:
        """All values of a column."""
        return self._columns[name]

    def at(self, name: str, t_us: float) -> float:
        """A column's value at a moment, on the straight line between two rows."""
        times = self.t_us
        after = min(max(bisect_right(times, t_us), 1), len(times) - 1)
        share = (t_us - times[after - 1]) / (times[after] - times[after - 1])
        values = self._columns[name]
        return values[after - 1] + share * (values[after] - values[after - 1])

    def mean_speed_mm_s(self, t_us: float, over_us: float = 1_000_000) -> float:
        """The true mean speed of the time before t_us."""
        moved_mm = self.at("position_mm", t_us) - self.at("position_mm", t_us - over_us)
        return moved_mm / (over_us / 1e6)

    def between(self, start_us: float, end_us: float) -> range:
        """The rows of a stretch of time."""
        return range(bisect_right(self.t_us, start_us), bisect_right(self.t_us, end_us))


def rms(values: Sequence[float]) -> float:
    """The root of the mean square; 0 of nothing."""
    return math.sqrt(sum(value * value for value in values) / len(values)) if values else 0.0


def speed_errors_mm_s(
    rows: Sequence[MetricRow], clock_us: Sequence[int], truth: Truth
) -> list[float]:
    """`speed_mm_s` minus the true mean of the same second, for every row from 1.5 s on."""
    return [
        (row.speed_mm_s or 0) - truth.mean_speed_mm_s(t_us)
        for row, t_us in zip(rows, clock_us, strict=True)
        if t_us - clock_us[0] >= _SETTLED_US
    ]


def unwrapped_us(t_us: Sequence[int]) -> list[int]:
    """The clock of consecutive raw rows without its wraps."""
    unwrapped: list[int] = []
    high = 0
    before = 0
    for reading_us in t_us:
        if reading_us < before:
            high += 1 << 30
        before = reading_us
        unwrapped.append(reading_us + high)
    return unwrapped


def compare(session: Session, truth_file: Path) -> list[Comparison]:
    """The session's numbers beside the truth; both from the first row to the last.

    For a session of one segment on a virtual box whose clock hadn't wrapped when it began. Raises
    TruthError.
    """
    truth = Truth(truth_file)
    segment = next((segment for segment in session.segments if segment.raw), None)
    if segment is None or not segment.metrics or len(segment.raw) <= 2 * _FIRST_ROWS:
        raise TruthError(f"Session {session.summary.id} is too short to be held against the truth.")
    # Up to the last live row, which is where the session's sums end.
    clock_us = unwrapped_us([row.t_us for row in segment.raw])
    end_us = clock_us[0] + 1000 * (segment.metrics[-1].t_ms + 1)
    clock_us = clock_us[: bisect_left(clock_us, end_us)]
    rows = computed_again(segment.raw[: len(clock_us)], segment.settings)
    stretch = truth.between(clock_us[0], clock_us[-1])
    summary = session.summary

    position_mm = truth.column("position_mm")
    reliance = truth.column("reliance_permille")
    walked_mm = [abs(position_mm[i] - position_mm[i - 1]) for i in stretch]
    forward_mm = sum(max(0.0, position_mm[i] - position_mm[i - 1]) for i in stretch)
    distance_mm = sum(walked_mm)
    moving_s = sum(abs(truth.column("speed_mm_s")[i]) > _MOVING_MM_S for i in stretch) / 100
    weighted = sum(reliance[i] * mm for i, mm in zip(stretch, walked_mm, strict=True))
    permille = [reliance[i] for i in stretch]
    limits = zone_limits_permille(segment.settings)
    zones_mm, changes = _by_zone(permille, walked_mm, limits)
    late_limits = [_LEFT_AT * limit for limit in limits]
    zones_left_late_mm, _ = _by_zone(permille, walked_mm, late_limits)

    mean_mm_s = distance_mm / moving_s / 1000 if moving_s else 0.0
    comparisons = [
        _row("distance", "m", distance_mm / 1000, summary.totals.distance_mm / 1000, 0.01),
        _row("forward", "m", forward_mm / 1000, summary.totals.forward_mm / 1000, 0.01),
        _row(
            "backward",
            "m",
            (distance_mm - forward_mm) / 1000,
            summary.totals.backward_mm / 1000,
            0.01,
        ),
        _row("time walking", "s", moving_s, summary.totals.moving_s, 2.0),
        _row("mean speed", "m/s", mean_mm_s, (summary.totals.mean_speed_mm_s or 0) / 1000, 0.01),
        _row(
            "top speed, mean of a second",
            "m/s",
            max(abs(truth.mean_speed_mm_s(t)) for t in clock_us[_FIRST_ROWS:]) / 1000,
            max(abs(row.speed_mm_s or 0) for row in rows[_FIRST_ROWS:]) / 1000,
            0.002,
        ),
        _row(
            "speed, RMS error of all seconds",
            "mm/s",
            0.0,
            rms(speed_errors_mm_s(rows, clock_us, truth)),
            max(_SPEED_GOAL_MM_S, _SPEED_GOAL_SHARE * mean_mm_s * 1000),
        ),
    ]
    for side in ("left", "right"):
        name = f"rail_{side}_mn"
        truly = [truth.column(name)[i] for i in stretch]
        seen = [float(getattr(row, name)) for row in rows if getattr(row, name) is not None]
        comparisons.append(
            _row(f"rail {side}, mean", "N", _mean(truly) / 1000, _mean(seen) / 1000, 1.0)
        )
    comparisons.append(
        _row(
            "rail, mean of the distance",
            "% of weight",
            weighted / distance_mm / 10 if distance_mm else 0.0,
            (summary.totals.mean_reliance_permille or 0) / 10,
            1.0,
        )
    )
    measured_mm = summary.totals.zones_mm
    # The truth has plain limits; the box leaves a zone a tenth below its limit, and its force lags
    # at each change of zone. What these two can explain is the goal.
    lag_mm = _FORCE_LAG_S * mean_mm_s * 1000 * changes
    comparisons += [
        _row(
            f"distance {zone.name}",
            "m",
            true_mm / 1000,
            mm / 1000,
            (abs(true_mm - late_mm) + lag_mm) / 1000,
        )
        for zone, true_mm, late_mm, mm in zip(
            ZONES, zones_mm, zones_left_late_mm, measured_mm, strict=True
        )
    ]
    # How well these are counted depends on the walk and the encoder: a single one has no goal.
    comparisons += [
        _row(
            name,
            "",
            truth.column(name)[stretch[-1]] - truth.column(name)[stretch[0]],
            counted,
            None,
        )
        for name, counted in (("steps", summary.totals.steps), ("grabs", summary.totals.grabs))
        if counted is not None
    ]
    equal, total = live_equal_to_computed(session)
    comparisons.append(_row("live rows that raw rows give again", "rows", total, equal, 0))
    return comparisons


def _by_zone(
    permille: Sequence[float], walked_mm: Sequence[float], limits_permille: Sequence[float]
) -> tuple[list[float], int]:
    """The distance in each zone, and how often the zone changed."""
    zones_mm = [0.0, 0.0, 0.0, 0.0]
    changes = before = 0
    for reliance, mm in zip(permille, walked_mm, strict=True):
        zone = sum(reliance >= limit for limit in limits_permille)
        changes += zone != before
        before = zone
        zones_mm[zone] += mm
    return zones_mm, changes


def live_equal_to_computed(session: Session) -> tuple[int, int]:
    """How many of the live rows equal the rows computed again from raw, and of how many."""
    equal = total = 0
    for segment in session.segments:
        again = {row.t_ms: row for row in computed_again(segment.raw, segment.settings)}
        for live in segment.metrics:
            computed = again.get(live.t_ms)
            if computed is None:
                continue
            total += 1
            # The zones' sums are sent once a second, and kept until the next time.
            equal += _without_zones(live) == _without_zones(computed)
    return equal, total


def _without_zones(row: MetricRow) -> MetricRow:
    return row._replace(
        hands_off_mm=None, light_mm=None, supported_mm=None, heavy_mm=None, box_flags=None
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _row(
    name: str, unit: str, truth: float, measured: float, goal: float | str | None
) -> Comparison:
    return Comparison(
        name=name,
        unit=unit,
        truth=round(truth, 4),
        measured=round(measured, 4),
        difference=round(measured - truth, 4),
        goal=goal if goal is None or isinstance(goal, str) else round(goal, 4),
    )
