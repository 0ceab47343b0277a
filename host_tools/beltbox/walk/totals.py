"""What a walk adds up to, and several segments read as one walk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace

from beltbox.walk.rows import RUNNING_COLUMNS, MetricRow

_RUNNING_INDEXES = tuple(MetricRow._fields.index(name) for name in RUNNING_COLUMNS)
_TIME = RUNNING_COLUMNS.index("t_ms")
_DISTANCE = RUNNING_COLUMNS.index("distance_mm")


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
    """Time in which the belt moved."""
    reliance_permille_mm: int = 0
    """The sum of reliance times the distance that it was held for."""
    reliance_mm: int = 0
    """The distance for which the reliance is known."""
    rail_mn_mm: int = 0
    """The sum of the rails' force, left and right, times the distance that it was held for."""
    rail_mm: int = 0
    """The distance for which a rail's force is known."""
    _last: list[int | None] = field(default_factory=lambda: [None] * len(RUNNING_COLUMNS))

    def start_segment(self) -> None:
        """The rows to come count on from a new zero."""
        self._last = [None] * len(RUNNING_COLUMNS)

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
        # A slow, coarse belt gives no count in some rows, though it moves.
        if walked_mm or row.belt_mm_s:
            self.moving_ms += grown[_TIME] or 0
        if row.reliance_permille is not None:
            self.reliance_permille_mm += row.reliance_permille * walked_mm
            self.reliance_mm += walked_mm
        rail_mn = rails_sum_mn(row)
        if rail_mn is not None:
            self.rail_mn_mm += rail_mn * walked_mm
            self.rail_mm += walked_mm

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
        return {name: getattr(self, name) for name in _JSON_NAMES}

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
    def mean_speed_mm_s(self) -> float | None:
        """Distance over the time in which the belt moved, >= 0; None if it never moved."""
        return 1000 * self.distance_mm / self.moving_ms if self.moving_ms else None

    @property
    def cadence_spm(self) -> float | None:
        """Steps a minute, the mean while the belt moved; None without steps."""
        return self.steps * 60 / self.moving_s if self.steps and self.moving_ms else None

    @property
    def step_length_mm(self) -> float | None:
        """The mean length of a step; None without steps."""
        return self.distance_mm / self.steps if self.steps else None

    @property
    def mean_reliance_permille(self) -> float | None:
        """Of body weight, weighted by distance; None if unknown or nothing was walked."""
        return self.reliance_permille_mm / self.reliance_mm if self.reliance_mm else None

    @property
    def mean_rail_mn(self) -> float | None:
        """Both rails together, weighted by distance; None if unknown or nothing was walked."""
        return self.rail_mn_mm / self.rail_mm if self.rail_mm else None

    @property
    def hands_off_share(self) -> float | None:
        """The part, 0 .. 1, of the distance with a known zone that was walked hands off."""
        zoned_mm = self.hands_off_mm + self.light_mm + self.supported_mm + self.heavy_mm
        return self.hands_off_mm / zoned_mm if zoned_mm else None


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
)


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


def as_one_walk(segments: Sequence[Iterable[MetricRow]]) -> Iterator[MetricRow]:
    """The rows of all segments, with times and totals running on across them.

    The time that a reset took isn't in it, as nothing was measured then. A value that is unknown
    stays unknown.
    """
    base = [0] * len(RUNNING_COLUMNS)
    for rows in segments:
        last = [0] * len(RUNNING_COLUMNS)
        for row in rows:
            values = list(row)
            for place, index in enumerate(_RUNNING_INDEXES):
                value = values[index]
                if value is not None:
                    last[place] = value
                    values[index] = base[place] + value
            yield MetricRow(*values)  # pyright: ignore[reportArgumentType]
        base = [before + after for before, after in zip(base, last, strict=True)]
