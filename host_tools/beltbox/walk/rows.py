"""The two kinds of rows that a session is made of.

The field names are the column names of the CSV files, in their order. None means
unknown: the field is empty in a file and never shown as 0. Speeds are negative when
the walker walks backward.
"""

from __future__ import annotations

from typing import NamedTuple

CLOCK_PERIOD_US = 1 << 30
"""The box's clock begins again after so many microseconds."""


def us_between(before_us: int, after_us: int) -> int:
    """The time from one reading of the box's clock to a later one, over its wrap."""
    return (after_us - before_us) % CLOCK_PERIOD_US


class RawRow(NamedTuple):
    """What the sensors said at one tick, 20 to 500 times a second."""

    t_us: int
    """The box's clock, 0 .. 2**30-1, wrapping."""
    count: int  # pyright: ignore[reportIncompatibleMethodOverride] - the column's fixed name
    """The encoder's count, signed, within 31 bits; only differences matter."""
    rail_left: int | None
    """The left cell's sample, signed 24 bits; None when none was ready."""
    rail_right: int | None


class MetricRow(NamedTuple):
    """What the core made of the raw rows up to one moment.

    All but `t_ms` may be unknown. Times, distances, steps and grabs are totals since the
    segment's zero; they never fall within a segment.
    """

    t_ms: int
    belt_mm_s: int | None = None
    """The belt now, signed."""
    speed_mm_s: int | None = None
    """The mean of the last second, signed."""
    distance_mm: int | None = None
    """`forward_mm + backward_mm`."""
    forward_mm: int | None = None
    backward_mm: int | None = None
    rail_left_mn: int | None = None
    rail_right_mn: int | None = None
    reliance_permille: int | None = None
    """Of body weight."""
    zone: int | None = None
    """0 hands off, 1 light, 2 supported, 3 heavy."""
    hands_off_mm: int | None = None
    light_mm: int | None = None
    supported_mm: int | None = None
    heavy_mm: int | None = None
    steps: int | None = None
    cadence_spm_x10: int | None = None
    """Steps a minute, times 10."""
    step_length_mm: int | None = None
    grabs: int | None = None
    flags: int | None = None
    """The core's remarks on this row, as bits."""
    box_flags: int | None = None
    """The box's remarks on its sensors, as bits."""
    step_time_sd_ms: int | None = None
    """Of the last 64 steps, each side about its own mean."""
    step_asymmetry_permille: int | None = None
    """How much longer the steps of one side take, of their mean."""
    step_asymmetry_u_permille: int | None = None
    """The standard uncertainty of that."""
    longer_step_side: int | None = None
    """Whose steps take longer, where the rails' sway tells: 1 left, 2 right."""
