"""The dips of the belt's speed, found in its place alone.

gait.py describes how this module fits in, and its quantities and units.

The belt stands, or moves while its rhythm is searched for, or is walked on while its rhythm is
followed. Once there is a rhythm the walk is gone through from its start: at each sample the middle
half of a step's time is held against the whole, and where the belt went less far than its share, it
dipped. (Half a step's time is blind to twice the step's rhythm, a whole one to the rhythm itself
and nearly to the stride's.)

The rails' sway, where there are two, is a second witness: of a rhythm that a coarse encoder's edges
might have made, and of which side a step belongs to.
"""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

from .belt import lag_us
from .compat import array, const
from .gait import Gait
from .rhythm import FADED, FOUND, Rhythm
from .sway import Sway

_SAMPLE_US = const(40_000)
_ROW_SHIFT = const(3)  # the time between rows is a mean of about eight
_CLOCK_MASK = const(0x3FFFFFFF)  # ticks_us wraps at 2**30
_PLACE_MASK = const(0x1FFFFFFF)  # as BeltSpeed.place_um
_PLACE_HALF = const(0x10000000)

# Up to 1 mm a count the ripple is seen as it is; above, it is mostly the encoder's edges, of which
# a mean of four places leaves a third.
_FINE_NM = const(1_000_000)
_MEAN_RING = const(3)  # four places
_MEAN_SHIFT = const(2)

_PLACE_RING = const(255)  # 256 places are 10.24 s
_BACK_SAMPLES = const(225)  # so far a walk is looked back at: no place in use is overwritten
# A day of samples, 2**21: then half of them are taken off, so that no time overflows 31 bits. That
# is a multiple of the ring's length, so that each place stays where it is.
_DAY_SAMPLES = const(0x200000)
_HALF_DAY_SAMPLES = const(0x100000)

_STILL_SAMPLES = const(10)
_STILL_UM = const(12_000)  # in these 0.4 s, 30 mm/s: the belt stands
_SPEED_SAMPLES = const(25)  # a second
_MOVING_UM = const(80_000)  # in that second: it moves
_CREEP_SAMPLES = const(100)  # after 4 s neither of both: it creeps, and wasn't set off by a step

_SEARCH_MASK = const(7)  # every 8th sample a rhythm is searched for
_CATCH_UP = const(8)  # samples gone through in one: a walk of 9 s in 1.3 s

_STEP_LEAST_UM = const(15_000)  # in a step's time: less is no speed to compare with
_STEP_MOST_UM = const(8_000_000)  # more is the belt going backward, modulo 2**29
_EVEN_SPEED = const(1024)  # the excess is in 1/1024
# A dip is deeper, and its end higher, than 35 % of the usual one and a part of what edges make.
_DIP_PERCENT = const(35)
_FINE_FLOOR_FIFTHS = const(2)
_COARSE_FLOOR_PART = const(10)  # a tenth: the mean of four places leaves less of the edges
_DEPTH_SHIFT = const(2)  # the usual depth is a mean of about four
_DEPTH_LEAST = const(5)  # 0.5 %
_LATE_X256 = const(512)  # two steps, in 1/256 of one: there is no cadence to show any more

_STANDING = const(0)
_SEARCHING = const(1)
_WALKING = const(2)


class Dips:
    """Samples of a belt; each dip is given to `gait` (Gait), which counts steps.

    `lag_us`: how long ago a sample was, in us: there the edges before and behind are known.
    """

    def __init__(self, nm_per_count, two_rails):
        """nm_per_count: 1 .. 1 000 000 000; two_rails: whether both have a cell."""
        self.lag_us = 2 * lag_us(nm_per_count)
        self._fine = nm_per_count <= _FINE_NM
        self._latest_um = array("i", [0] * (_MEAN_RING + 1))
        self._places = array("i", [0] * (_PLACE_RING + 1))
        self._sway = Sway() if two_rails else None
        self._rhythm = Rhythm(nm_per_count, self._fine, self._places, self._sway)
        self.gait = Gait(nm_per_count, self._fine, self._places, self._sway)
        self._sample = 0  # its number
        self._sign = 1  # the belt's direction
        self._state = _STANDING
        self._since = 0  # the sample at which the walk began,
        self._set_off = True  # from standing
        self._lag = 0  # a step's time, once there was a rhythm
        self._examined = 0  # the last sample that was gone through, and its excess
        self._excess = 0
        self._depth = 0  # of a usual dip
        self._in_dip = False
        self._lowest = 0  # the lowest excess in it
        self._fell_x256 = 0  # when the excess last passed 0, which each dip does twice
        self._rose_x256 = 0

    def start(self):
        """The belt's track begins anew. What was counted stays."""
        self._sample = 0
        self._stop(0)

    def take(self, belt, rails, t_us, due_us, row_us):
        """Take samples of `belt` (BeltSpeed) and the sway of `rails` (Rails) after a step at t_us.

        When the next is due, in us.

        due_us: when it was due after t_us, 0 or less; row_us: the time since the row before.
        """
        rhythm = self._rhythm
        rhythm.row_us += row_us - rhythm.row_us >> _ROW_SHIFT
        t_us = (t_us - self.lag_us) & _CLOCK_MASK
        sway = self._sway
        while due_us <= 0:
            self._take(belt.place_um((t_us + due_us) & _CLOCK_MASK))
            if sway is not None:
                sway.take(self._sample, rails.left.force_mn, rails.right.force_mn)
            due_us += _SAMPLE_US
        return due_us

    def _take(self, place_um):
        """Take the next sample."""
        places = self._places
        sample = self._sample + 1
        if not self._fine:
            place_um = self._smoothed(sample, place_um)
        if sample == 1:
            for index in range(_PLACE_RING + 1):
                places[index] = place_um
        elif sample > _DAY_SAMPLES:
            sample -= _HALF_DAY_SAMPLES
            self._stop(sample)
            self._set_off = False
        self._sample = sample
        places[sample & _PLACE_RING] = place_um
        sign = self._sign
        moved_um = (place_um - places[sample - _STILL_SAMPLES & _PLACE_RING]) * sign & _PLACE_MASK
        if self._state == _STANDING:
            if moved_um < _STILL_UM or moved_um > _PLACE_MASK - _STILL_UM:
                self._since = sample
                self._set_off = True
                return
            if not self._moves(sample, place_um):
                return
            sign = self._sign
        elif moved_um < _STILL_UM or moved_um >= _PLACE_HALF:
            gait = self.gait
            if gait.trusted:
                # Twice: what is left is at most half a step and the places of one sample.
                self._follow(sample)
                self._follow(sample)
                gait.finish(sample, self._lag)
            self._stop(sample)
            return

        rhythm = self._rhythm
        rhythm.take(sample, sign, sample - self._since)
        if not sample & _SEARCH_MASK:
            self._search(sample, sign)
        if self._state == _WALKING:
            self._follow(sample)

    def _smoothed(self, sample, place_um):
        """The mean of the last four places."""
        latest_um = self._latest_um
        if sample == 1:
            for index in range(_MEAN_RING + 1):
                latest_um[index] = place_um
        latest_um[sample & _MEAN_RING] = place_um
        behind_um = 0
        for before_um in latest_um:
            before_um = place_um - before_um & _PLACE_MASK
            behind_um += before_um - _PLACE_MASK - 1 if before_um >= _PLACE_HALF else before_um
        return place_um - (behind_um >> _MEAN_SHIFT) & _PLACE_MASK

    def _stop(self, sample):
        self._state = _STANDING
        self._since = sample
        self._set_off = True
        self.gait.distrust()

    def _moves(self, sample, place_um):
        """Whether the belt has set off by now."""
        sign = 1
        moved_um = (place_um - self._places[sample - _SPEED_SAMPLES & _PLACE_RING]) & _PLACE_MASK
        if moved_um >= _PLACE_HALF:
            sign = -1
            moved_um = _PLACE_MASK - moved_um + 1
        if moved_um < _MOVING_UM:
            if sample - self._since > _CREEP_SAMPLES:
                self._since = sample - _SPEED_SAMPLES
                self._set_off = False
            return False
        self._sign = sign
        self._state = _SEARCHING
        self._rhythm.start(self._since)
        return True

    def _search(self, sample, sign):
        """Follow what the rhythm shows now."""
        rhythm = self._rhythm
        walking = self._state == _WALKING
        found = rhythm.search(sample, sign, walking)
        if found == FOUND:
            before = self._lag
            lag = rhythm.lag
            self._lag = lag
            # Dips that were looked for at another rhythm (2/3 of it, 5/3) are looked for anew.
            other = not self.gait.trusted and not 2 * before < 3 * lag < 5 * before
            if not walking or other:
                self._depth = rhythm.depth
                self._begin(sample)
        elif found == FADED and not self.gait.slows_down(self._lag, sign, sample):
            self._lose(sample)

    def _begin(self, sample):
        """Go through the walk from its start."""
        at = self._since
        self._state = _WALKING
        self._in_dip = False
        self._excess = 0
        dip_x256 = at << 8
        if at < sample - _BACK_SAMPLES:
            at = sample - _BACK_SAMPLES
            self._set_off = False
            dip_x256 = at - self._lag << 8
        self._examined = at
        # A belt without a motor is set off by a step.
        steps = 1 if self._set_off else 0
        self.gait.begin(dip_x256, self._places[at & _PLACE_RING], self._lag, steps)

    def _lose(self, sample):
        """The rhythm is gone: look for another, from the last step on."""
        gait = self.gait
        self._state = _SEARCHING
        if gait.trusted:
            self._since = gait.last_x256 >> 8
            self._set_off = False
        self._rhythm.start(sample - _SPEED_SAMPLES)
        gait.distrust()

    def _follow(self, sample):
        """Go through the samples up to this one, a few at a time."""
        at = self._examined
        lag = self._lag
        half = lag + 1 >> 1
        quarter = lag + 2 >> 2
        last = at + _CATCH_UP
        if last > sample - half:
            last = sample - half
        while at < last:
            at += 1
            self._examine(at, half, quarter)
        self._examined = at
        gait = self.gait
        since_x256 = (at << 8) - gait.last_x256
        if since_x256 > lag * _LATE_X256 and gait.lost(
            since_x256, self._set_off, lag, self._sign, sample
        ):
            self._lose(sample)

    def _examine(self, at, half, quarter):
        """Whether the belt dips at a sample; half, quarter: of a step's time."""
        places = self._places
        sign = self._sign
        whole_um = places[at + half & _PLACE_RING] - places[at - half & _PLACE_RING]
        whole_um = whole_um * sign & _PLACE_MASK
        middle_um = places[at + quarter & _PLACE_RING] - places[at - quarter & _PLACE_RING]
        middle_um = middle_um * sign & _PLACE_MASK
        if not _STEP_LEAST_UM < whole_um < _STEP_MOST_UM or middle_um > whole_um:
            return
        # 1024 * (middle / quarter) / (whole / half) - 1024, within 31 bits.
        excess = (middle_um * half << 2) // (whole_um * quarter >> 8) - _EVEN_SPEED
        before = self._excess
        self._excess = excess
        if excess < 0 <= before:
            self._fell_x256 = (at << 8) - (-excess << 8) // (before - excess)
        elif before < 0 <= excess:
            self._rose_x256 = (at << 8) - (excess << 8) // (excess - before)
        limit = self._depth * _DIP_PERCENT // 100
        floor = self._rhythm.floor
        least = floor * _FINE_FLOOR_FIFTHS // 5 if self._fine else floor // _COARSE_FLOOR_PART
        if limit < least:
            limit = least
        if self._in_dip:
            if excess < self._lowest:
                self._lowest = excess
            if excess > limit:
                self._in_dip = False
                depth = self._depth
                depth += -self._lowest - depth >> _DEPTH_SHIFT
                self._depth = depth if depth > _DEPTH_LEAST else _DEPTH_LEAST
                middle_x256 = self._fell_x256 + self._rose_x256 >> 1
                self.gait.step(middle_x256, self._lag, sign, self._sample)
        elif excess < -limit:
            self._in_dip = True
            self._lowest = excess
