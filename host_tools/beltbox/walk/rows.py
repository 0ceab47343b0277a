"""The two kinds of rows that a session is made of, and the table of their columns.

The field names are the column names of the CSV files. None means unknown: the field is empty in a
file and never shown as 0. Speeds are negative when the walker walks backward.

A new column of metric rows is one line at the end of `MetricRow`, with its `Column` and the next
`since`. What follows from it: the rows themselves, the columns that run on across segments
(`RUNNING_COLUMNS`), the merging of sentences, the filling of gaps, the store's blocks and the
header of CSV files. Where the box computes it, its name stands in beltcore/host/metrics.py, too,
and in beltcore/host/sentence.py if it is sent live; tests hold these and this table together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple, get_type_hints

from beltbox import units
from beltcore.host.sentence import TYPES

CLOCK_PERIOD_US = 1 << 30
"""The box's clock begins again after so many microseconds."""

LIVE_SENTENCES = tuple(kind for kind, fields in TYPES.items() if fields[0] == "t_ms")
"""The sentences that carry metric columns."""


GAP_MS = 1000
"""Up to so long between two rows, nothing is missing; more is a gap."""


def us_between(before_us: int, after_us: int) -> int:
    """The time from one reading of the box's clock to a later one, over its wrap."""
    return (after_us - before_us) % CLOCK_PERIOD_US


class RawRow(NamedTuple):
    """What the sensors gave at one tick, 20 to 500 times a second."""

    t_us: int
    """The box's clock, 0 .. 2**30-1, wrapping."""
    count: int  # pyright: ignore[reportIncompatibleMethodOverride] - the column's fixed name
    """The encoder's count, signed, within 31 bits; only differences matter."""
    rail_left: int | None
    """The left cell's sample, signed 24 bits; None when none was ready."""
    rail_right: int | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of metric rows: whole numbers in `unit`."""

    unit: str
    """Such as "mm/s"; "" for counts, codes and bits."""
    shown: units.Scale | None = None
    """The unit and digits in which people read it; None where they read words."""
    running: bool = False
    """It counts on from the segment's zero and never falls within a segment."""
    since: int = 1
    """The version of the rows' format that first had it. Older blocks and files lack it."""
    name: str = ""
    """Its field of `MetricRow`."""
    sentence: str | None = None
    """The type of the sentence that carries it; None where hosts compute it."""


_SPEED = Column("mm/s", units.SPEED)
_LENGTH = Column("mm", units.METRES, running=True)
_FORCE = Column("mN", units.FORCE)
_SHARE = Column("permille", units.PERCENT)


class MetricRow(NamedTuple):
    """What the core made of the raw rows up to one moment.

    All but `t_ms` may be unknown. Times, distances, steps and grabs are totals since the
    segment's zero. Stored blocks have the columns by their place: new ones go to the end.
    """

    t_ms: Annotated[int, Column("ms", running=True)]
    belt_mm_s: Annotated[int | None, _SPEED] = None
    """The belt now, signed."""
    speed_mm_s: Annotated[int | None, _SPEED] = None
    """The mean of the last second, signed."""
    distance_mm: Annotated[int | None, _LENGTH] = None
    """`forward_mm + backward_mm`."""
    forward_mm: Annotated[int | None, _LENGTH] = None
    backward_mm: Annotated[int | None, _LENGTH] = None
    rail_left_mn: Annotated[int | None, _FORCE] = None
    rail_right_mn: Annotated[int | None, _FORCE] = None
    reliance_permille: Annotated[int | None, _SHARE] = None
    """Of body weight."""
    zone: Annotated[int | None, Column("")] = None
    """The place in `zones.ZONES`: 0 hands off, 1 light, 2 supported, 3 heavy."""
    hands_off_mm: Annotated[int | None, _LENGTH] = None
    light_mm: Annotated[int | None, _LENGTH] = None
    supported_mm: Annotated[int | None, _LENGTH] = None
    heavy_mm: Annotated[int | None, _LENGTH] = None
    steps: Annotated[int | None, Column("", units.COUNT, running=True)] = None
    cadence_spm_x10: Annotated[int | None, Column("spm/10", units.CADENCE)] = None
    """Steps a minute, times 10."""
    step_length_mm: Annotated[int | None, Column("mm", units.STEP_LENGTH)] = None
    grabs: Annotated[int | None, Column("", units.COUNT, running=True)] = None
    flags: Annotated[int | None, Column("")] = None
    """The core's remarks on this row, as bits."""
    box_flags: Annotated[int | None, Column("")] = None
    """The box's remarks on its sensors, as bits."""
    step_time_sd_ms: Annotated[int | None, Column("ms", since=2)] = None
    """Of the last 64 steps, each side about its own mean."""
    step_asymmetry_permille: Annotated[int | None, replace(_SHARE, since=2)] = None
    """How much longer the steps of one side take, of their mean."""
    step_asymmetry_u_permille: Annotated[int | None, replace(_SHARE, since=2)] = None
    """The standard uncertainty of that."""
    longer_step_side: Annotated[int | None, Column("", since=2)] = None
    """Whose steps take longer, where the rails' sway shows it: 1 left, 2 right."""


def _columns() -> tuple[Column, ...]:
    sentence_of = {field: kind for kind in LIVE_SENTENCES for field in TYPES[kind][1:]}
    hints = get_type_hints(MetricRow, include_extras=True)
    columns: list[Column] = []
    for name in MetricRow._fields:
        declared: Column = hints[name].__metadata__[0]
        columns.append(replace(declared, name=name, sentence=sentence_of.get(name)))
    return tuple(columns)


COLUMNS = _columns()
"""The table: the columns of `MetricRow`, in their order."""

RUNNING_COLUMNS = tuple(column.name for column in COLUMNS if column.running)
"""The columns that count on from the segment's zero."""
