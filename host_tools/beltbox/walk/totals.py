"""What a walk adds up to, and several segments read as one walk.

Not every figure is known all along. Where rows are missing (a gap), the box counted on: distance,
metres by zone and steps are complete, but nobody knows for how long the belt moved or how much of
the weight was on the rails. Rows that a pull filled in have no steps and no force of each rail. So
each mean is computed on the part in which both of its numbers are known, its basis, and the basis
is a figure itself (`..._over_mm`, `..._over_s`). Parts add up to the whole: what belongs to no zone
is `zone_unknown_mm`, and a time of which nobody knows whether the belt moved `motion_unknown_s`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import cast

from beltbox.walk.rows import GAP_MS, RUNNING_COLUMNS, MetricRow
from beltbox.walk.zones import ZONES

_RUNNING_INDEXES = tuple(MetricRow._fields.index(name) for name in RUNNING_COLUMNS)
_TIME = RUNNING_COLUMNS.index("t_ms")
_DISTANCE = RUNNING_COLUMNS.index("distance_mm")
_STEPS = RUNNING_COLUMNS.index("steps")
_ZONE_INDEXES = tuple(MetricRow._fields.index(zone.column) for zone in ZONES)
_DISTANCE_INDEX = MetricRow._fields.index("distance_mm")

SUMS_VERSION = 2
"""The version of the rules by which `Totals.add` sums up. A store whose sums are older makes them
anew from the rows. 1: gaps counted as time in motion, and their metres for the row behind them."""


@dataclass(slots=True)
class Totals:
    """The sums of a walk, kept up row by row with `add`.

    Times in ms, distances in mm, all >= 0. A session's totals are the sums, over its segments, of
    each segment's last totals.
    """

    duration_ms: int = 0
    distance_mm: int = 0
    forward_mm: int = 0
    backward_mm: int = 0
    hands_off_mm: int = 0
    light_mm: int = 0
    supported_mm: int = 0
    heavy_mm: int = 0
    steps: int | None = None
    grabs: int | None = None
    moving_ms: int = 0
    """Time in which the belt moved, without gaps."""
    reliance_permille_mm: int = 0
    """The sum of reliance times the distance that it was held for."""
    reliance_mm: int = 0
    """The distance for which the reliance is known."""
    rail_mn_mm: int = 0
    """The sum of the rails' force, left and right, times the distance that it was held for."""
    rail_mm: int = 0
    """The distance for which a rail's force is known."""
    gap_ms: int = 0
    """Time of the gaps in which the belt moved: nobody knows for how long."""
    gap_mm: int = 0
    """The distance in these gaps."""
    steps_mm: int = 0
    """The distance for which steps are known."""
    paced_steps: int = 0
    """The steps without those in gaps, and"""
    paced_ms: int = 0
    """the time in which the belt moved meanwhile."""
    _unstepped_mm: int = 0  # since the last row with known steps
    _unpaced_ms: int = 0  # since the last step
    _unstepped_gap: bool = False
    _last: list[int | None] = field(default_factory=lambda: [None] * len(RUNNING_COLUMNS))

    def start_segment(self) -> None:
        """The rows to come count on from a new zero."""
        self._last = [None] * len(RUNNING_COLUMNS)
        self._unstepped_mm = self._unpaced_ms = 0
        self._unstepped_gap = False

    def add(self, row: MetricRow) -> None:
        """Take in the next row of the segment."""
        grown = self._growth(row)
        for place, name in _RUNNING_SUMS:
            added = grown[place]
            if added is not None:
                before = getattr(self, name)
                if added or before is None:
                    setattr(self, name, (before or 0) + added)
        walked_mm = grown[_DISTANCE] or 0
        elapsed_ms = grown[_TIME] or 0
        moving_ms = 0
        is_gap = elapsed_ms > GAP_MS and walked_mm > 0
        if is_gap:
            self.gap_ms += elapsed_ms
            self.gap_mm += walked_mm
        # A slow, coarse belt gives no count in some rows, though it moves.
        elif walked_mm or (row.belt_mm_s and elapsed_ms <= GAP_MS):
            moving_ms = elapsed_ms
            self.moving_ms += moving_ms
        self._add_steps(row, grown[_STEPS] or 0, walked_mm, moving_ms, is_gap=is_gap)
        if is_gap:
            return
        if row.reliance_permille is not None:
            self.reliance_permille_mm += row.reliance_permille * walked_mm
            self.reliance_mm += walked_mm
        rail_mn = rails_sum_mn(row)
        if rail_mn is not None:
            self.rail_mn_mm += rail_mn * walked_mm
            self.rail_mm += walked_mm

    def _add_steps(
        self, row: MetricRow, steps: int, walked_mm: int, moving_ms: int, *, is_gap: bool
    ) -> None:
        """The distance and the time that belong to the steps of a row.

        Their count runs on, so the steps of rows without it are in the next row that has it. Steps
        are counted late, the first ones after five seconds: time counts once they are there.
        """
        self._unstepped_mm += walked_mm
        self._unpaced_ms += moving_ms
        self._unstepped_gap |= is_gap
        if row.steps is None:
            return
        self.steps_mm += self._unstepped_mm
        if steps and not self._unstepped_gap:
            self.paced_steps += steps
            self.paced_ms += self._unpaced_ms
        if steps or self._unstepped_gap:
            self._unpaced_ms = 0
        self._unstepped_mm = 0
        self._unstepped_gap = False

    def copy(self) -> Totals:
        """The sums as they are now."""
        return replace(self, _last=list(self._last))

    def since(self, earlier: Totals) -> Totals:
        """What was added after `earlier`, a copy of this, was made."""
        grown = Totals()
        for name in SUM_NAMES:
            now = getattr(self, name)
            setattr(grown, name, None if now is None else now - (getattr(earlier, name) or 0))
        return grown

    def sums(self) -> dict[str, int | None]:
        """The sums by their names (`SUM_NAMES`), as the store keeps them."""
        return {name: getattr(self, name) for name in SUM_NAMES}

    def as_json(self) -> dict[str, float | None]:
        """What people and scripts read of it, by name, in its order."""
        values: dict[str, float | None] = {
            name: getattr(self, _KEPT_AS.get(name, name)) for name in _JSON_NAMES
        }
        values.update((zone.column, mm) for zone, mm in zip(ZONES, self.zones_mm, strict=True))
        return values

    def _growth(self, row: MetricRow) -> list[int | None]:
        grown: list[int | None] = []
        for place, index in enumerate(_RUNNING_INDEXES):
            now = row[index]
            if now is None:
                grown.append(None)
                continue
            grown.append(max(0, now - (self._last[place] or 0)))
            self._last[place] = now
        return grown

    @property
    def duration_s(self) -> float:
        """The time that was measured, without the time that resets took."""
        return self.duration_ms / 1000

    @property
    def moving_s(self) -> float:
        """The part of it in which the belt moved."""
        return self.moving_ms / 1000

    @property
    def motion_unknown_s(self) -> float:
        """The part of it in gaps in which something was walked. The rest, the belt stood still."""
        return self.gap_ms / 1000

    @property
    def mean_speed_mm_s(self) -> float | None:
        """Distance over the time in which the belt moved, >= 0; None if it never moved."""
        return 1000 * self.mean_speed_over_mm / self.moving_ms if self.moving_ms else None

    @property
    def mean_speed_over_mm(self) -> int:
        """The basis of the mean speed: the distance without that in gaps."""
        return self.distance_mm - self.gap_mm

    @property
    def cadence_spm(self) -> float | None:
        """Steps a minute, the mean while the belt moved; None without steps."""
        return (
            self.paced_steps * 60_000 / self.paced_ms
            if self.paced_steps and self.paced_ms
            else None
        )

    @property
    def cadence_over_s(self) -> float:
        """The basis of the cadence: the time in motion up to the last step known before a gap."""
        return self.paced_ms / 1000

    @property
    def step_length_mm(self) -> float | None:
        """The mean length of a step; None without steps."""
        return self.steps_mm / self.steps if self.steps and self.steps_mm else None

    @property
    def mean_reliance_permille(self) -> float | None:
        """Of body weight, weighted by distance; None if unknown or nothing was walked."""
        return self.reliance_permille_mm / self.reliance_mm if self.reliance_mm else None

    @property
    def mean_rail_mn(self) -> float | None:
        """Both rails together, weighted by distance; None if unknown or nothing was walked."""
        return self.rail_mn_mm / self.rail_mm if self.rail_mm else None

    @property
    def zones_mm(self) -> tuple[int, ...]:
        """The distance in each of `ZONES`; together never more than the distance."""
        return within_distance(
            (self.hands_off_mm, self.light_mm, self.supported_mm, self.heavy_mm), self.distance_mm
        )

    @property
    def zone_unknown_mm(self) -> int:
        """The distance that belongs to no zone."""
        return self.distance_mm - self.hands_off_share_over_mm

    @property
    def hands_off_share_over_mm(self) -> int:
        """The basis of the share hands off: the distance with a known zone."""
        return sum(self.zones_mm)

    @property
    def hands_off_share(self) -> float | None:
        """The part, 0 .. 1, of the distance with a known zone that was walked hands off."""
        over_mm = self.hands_off_share_over_mm
        return self.zones_mm[0] / over_mm if over_mm else None


SUM_NAMES = tuple(field.name for field in fields(Totals) if not field.name.startswith("_"))
"""The names of the sums that `Totals` keeps, in their order."""

# Which running columns are summed up, by their places, and the names of their sums.
_RUNNING_SUMS = tuple(
    (place, "duration_ms" if name == "t_ms" else name)
    for place, name in enumerate(RUNNING_COLUMNS)
    if name == "t_ms" or name in SUM_NAMES
)

# A fixed order: scripts read it.
_JSON_NAMES = (
    "duration_s",
    "moving_s",
    "distance_mm",
    "forward_mm",
    "backward_mm",
    "hands_off_mm",
    "light_mm",
    "supported_mm",
    "heavy_mm",
    "mean_speed_mm_s",
    "mean_reliance_permille",
    "mean_rail_mn",
    "hands_off_share",
    "steps",
    "grabs",
    "cadence_spm",
    "step_length_mm",
    "zone_unknown_mm",
    "motion_unknown_s",
    "mean_speed_over_mm",
    "mean_reliance_over_mm",
    "mean_rail_over_mm",
    "hands_off_share_over_mm",
    "steps_over_mm",
    "cadence_over_s",
)
# The bases that are sums, under the names of the figures they belong to.
_KEPT_AS = {
    "mean_reliance_over_mm": "reliance_mm",
    "mean_rail_over_mm": "rail_mm",
    "steps_over_mm": "steps_mm",
}


def totals_of(segments: Iterable[Iterable[MetricRow]]) -> Totals:
    """The totals of a walk with these segments."""
    totals = Totals()
    for rows in segments:
        totals.start_segment()
        for row in rows:
            totals.add(row)
    return totals


def rails_sum_mn(row: MetricRow) -> int | None:
    """Left and right together; one cell alone counts as the whole; None when neither is known."""
    known = [force for force in (row.rail_left_mn, row.rail_right_mn) if force is not None]
    return sum(known) if known else None


def zones_of(row: Sequence[int | None]) -> Sequence[int | None]:
    """The metres by zone in a row; their columns are side by side."""
    return row[_ZONE_INDEXES[0] : _ZONE_INDEXES[-1] + 1]


def within_distance(zones_mm: Sequence[int], distance_mm: int) -> tuple[int, ...]:
    """The metres by zone, cut to the distance where together they are more.

    Each was rounded by itself, so they may be 3 mm too many; what an older BeltBox filled into a
    gap may be some metres too much. The largest gives way.
    """
    excess_mm = sum(zones_mm) - distance_mm
    if excess_mm <= 0:
        return tuple(zones_mm)
    cut = list(zones_mm)
    while excess_mm > 0 and any(cut):
        largest = cut.index(max(cut))
        part_mm = min(excess_mm, cut[largest])
        cut[largest] -= part_mm
        excess_mm -= part_mm
    return tuple(cut)


def as_one_walk(segments: Sequence[Iterable[MetricRow]]) -> Iterator[MetricRow]:
    """The rows of all segments, with times and totals running on across them.

    The time that a reset took isn't in it, as nothing was measured then. A value that is unknown
    stays unknown. The last row's totals are those of `totals_of`, where they are known.
    """
    sums = [0] * len(RUNNING_COLUMNS)
    for rows in segments:
        last = [0] * len(RUNNING_COLUMNS)
        for row in rows:
            values = list(row)
            for place, index in enumerate(_RUNNING_INDEXES):
                value = values[index]
                if value is not None:
                    sums[place] += max(0, value - last[place])
                    last[place] = value
                    values[index] = sums[place]
            _keep_within_distance(values)
            yield MetricRow(*values)  # pyright: ignore[reportArgumentType]


def _keep_within_distance(values: list[int | None]) -> None:
    """See within_distance."""
    distance_mm = values[_DISTANCE_INDEX]
    zones_mm = zones_of(values)
    if distance_mm is None or None in zones_mm:
        return
    known_mm = cast(Sequence[int], zones_mm)
    if sum(known_mm) > distance_mm:
        for index, mm in zip(_ZONE_INDEXES, within_distance(known_mm, distance_mm), strict=True):
            values[index] = mm
