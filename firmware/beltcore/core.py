"""One step a row: the whole of what the box computes, in the order in which the data flows."""

from .belt import BeltSpeed
from .compat import array, const
from .dips import Dips
from .length import CountLength, Length
from .rails import Rail, Rails

_CLOCK_MASK = const(0x3FFFFFFF)
_CLOCK_HALF = const(0x20000000)
_COUNT_MASK = const(0x3FFFFFFF)
_COUNT_HALF = const(0x20000000)
_GAP_US = const(1_000_000)

# Those of flags.py, which the box doesn't load: words cost RAM.
_ROW_GAP = const(16)
_BELT_JUMP = const(32)
_ENCODER_ONE_SIDED = const(16384)

# Where `_counts` keeps what isn't yet in a Length: forward, backward, then the zones.
_FORWARD = const(0)
_BACKWARD = const(1)
_ZONES = const(2)
_PAST_ZONES = const(6)
_SETTLE_COUNTS = const(0x10000000)


class Core:
    """A measurement from its first row on. A new measurement is a new Core.

    After each `step`: `belt` (BeltSpeed), `rails` (Rails), `gait` (Gait), `seconds` and
    `microseconds` since the first row, `flags` (flags.CORE). Lengths: `lengths()` and
    `zone_lengths()`.
    """

    def __init__(self, settings: dict[str, int | str]) -> None:
        """settings: a complete, checked dict as `settings.complete` gives."""
        self.seconds = 0  # 2**30 of them are 34 years
        self.microseconds = 0  # 0 .. 999 999
        self.belt = BeltSpeed(settings["belt_nm_per_count"])
        self.rails = Rails(
            Rail(settings["rail_left_zero"], settings["rail_left_nn_per_count"]),
            Rail(settings["rail_right_zero"], settings["rail_right_nn_per_count"]),
            settings["body_mass_g"],
            settings["rail_noise_mn"],
        )
        self.flags = 0
        two_rails = self.rails.left.present and self.rails.right.present
        self._dips = Dips(settings["belt_nm_per_count"], two_rails)
        self.gait = self._dips.gait
        self._due_us = self._dips.lag_us  # until the belt's next sample for the gait
        self._counts = array("i", [0] * 6)  # of `_totals`
        self._lengths = (Length(), Length())
        self._zone_lengths = (Length(), Length(), Length(), Length())
        self._totals = self._lengths + self._zone_lengths
        self._length = CountLength(settings["belt_nm_per_count"])
        self._backwards = settings["belt_direction"] == -1
        self._started = False
        self._t_us = 0
        self._count = 0

    def step(self, t_us: int, count: int, rail_left: int | None, rail_right: int | None) -> None:
        """Take one row.

        t_us: the clock, 0 .. 2**30-1, wrapping; a step of half a period or more (the
            clock ran backward) reads as none, and speed starts anew.
        count: -2**30 .. 2**30-1; only differences matter, within 2**29, and it may wrap.
        rail_left, rail_right: -2**23 .. 2**23-1, or None when no sample was ready.
        """
        if not self._started:
            self._started = True
            self._t_us = t_us
            self._count = count & _COUNT_MASK
            self.belt.start(t_us)
            self.rails.step(0, rail_left, rail_right)
            self.flags = self.rails.left.fault | self.rails.right.fault << 1
            return

        dt_us = (t_us - self._t_us) & _CLOCK_MASK
        belt_us = dt_us
        if dt_us >= _CLOCK_HALF:
            dt_us = 0
            belt_us = _GAP_US + 1  # unknown: its track only goes forward, and begins anew
        self._t_us = t_us
        microseconds = self.microseconds + dt_us
        if microseconds >= 1_000_000:
            self.seconds += microseconds // 1_000_000
            microseconds %= 1_000_000
        self.microseconds = microseconds

        # Modulo 2**30, which both a counter of 30 and one of 31 bits agree with.
        count &= _COUNT_MASK
        counts = (count - self._count) & _COUNT_MASK
        self._count = count
        if counts >= _COUNT_HALF:
            counts = counts - _COUNT_MASK - 1  # in this order: 2**30 itself is too much
        if self._backwards:
            counts = -counts

        rails = self.rails
        rails.step(dt_us, rail_left, rail_right)
        found = rails.left.fault | rails.right.fault << 1
        if counts:
            # Counting is exact and cheap; lengths are made of the counts when they are read.
            n = counts if counts > 0 else -counts
            pending = self._counts
            direction = _FORWARD if counts > 0 else _BACKWARD
            pending[direction] += n
            if pending[direction] > _SETTLE_COUNTS:
                self._settle(_FORWARD, _ZONES)
            zone = rails.zone
            if zone is not None:
                pending[_ZONES + zone] += n
                if pending[_ZONES + zone] > _SETTLE_COUNTS:
                    self._settle(_ZONES, _PAST_ZONES)
        belt = self.belt
        belt.step(t_us, belt_us, counts)
        if belt.jumped:
            found |= _BELT_JUMP
        if belt.one_sided:
            found |= _ENCODER_ONE_SIDED
        if belt_us > _GAP_US:
            found |= _ROW_GAP
        if belt.jumped or belt_us > _GAP_US:
            self._dips.start()
            self._due_us = self._dips.lag_us
        else:
            due_us = self._due_us - belt_us
            if due_us <= 0:
                due_us = self._dips.take(belt, rails, t_us, due_us, belt_us)
            self._due_us = due_us
        self.flags = found

    def lengths(self):
        """The distance walked (forward, backward) up to the last row, as Lengths.

        The same two objects every time; nothing is allocated.
        """
        self._settle(_FORWARD, _ZONES)
        return self._lengths

    def zone_lengths(self):
        """The distance by zone, 0 to 3, as four Lengths: see `lengths`."""
        self._settle(_ZONES, _PAST_ZONES)
        return self._zone_lengths

    def _settle(self, first, past):
        """Make Lengths of the counts at `first` up to `past`."""
        pending = self._counts
        for index in range(first, past):
            counts = pending[index]
            if counts:
                length = self._length
                length.set(counts)
                self._totals[index].add(length.m, length.mm, length.nm)
                pending[index] = 0
