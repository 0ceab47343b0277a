"""Steps counted from the dips of the belt's speed: their number, cadence, length and evenness.

A belt dips with each stance. Four modules make steps of that; why so, with figures, stands in
firmware/README.md ("Gait").

1. dips.py samples the belt's place every 40 ms and sees the belt set off and stop.
2. rhythm.py finds the time of a step: the lag at which the ripple of the belt's speed repeats.
3. dips.py then goes through the walk from its start on and finds each dip.
4. Here dips become steps once three intervals in a row were even; the dips before them count, too.
   evenness.py describes how even the last 64 steps were.

The quantities of these modules, and their units:

- `sample`, the number of a sample. A lag, a window and an age are numbers of samples (40 ms).
- `..._x256`, the time of a dip or the interval between two: in 1/256 of a sample (156 us), so that
  an interval of one step is 256 * lag.
- `..._um`, a place of the belt, modulo 2**29 um (537 m), or a distance, the difference of two.
- *ripple*, the mean speed of 0.12 s over that of the second around it, less 1: in 1/1280.
- *excess*, the mean speed of the middle half of a step's time over that of the whole, less 1: in
  1/1024. It is negative in a dip; the dip's *depth* is the lowest excess, without its sign.
- `..._16um`, the length of a step as it is stored: in 16 um.
"""

from .compat import array, const
from .evenness import Evenness

_PLACE_RING = const(255)  # as in dips.py
_PLACE_MASK = const(0x1FFFFFFF)
_STEPS_MASK = const(0x3FFFFFF)  # 67 million: a DST sentence must fit its 100 bytes

# Above that size of a count a coasting belt's edges look like steps (measured, firmware/README.md):
# what is seen while the belt slows down is held back.
_HOLD_BACK_NM = const(2_500_000)
_LONGEST_STEP_UM = const(1_500_000)  # no walker's step is longer
_DISTANCE_MOST_UM = const(6_000_000)  # four of them; more is the belt going backward, modulo 2**29

# In 1/256 of a step's time: times the lag, an interval.
_HALF_STEP_X256 = const(128)  # after so short a time it is the same dip, seen twice
_MISSED_X256 = const(420)  # 1.64 steps, more than a limp or a stumble makes: a dip didn't show
# When no dip came for so long the rhythm is lost:
_LOST_X256 = const(640)  # 2.5 steps: two dips in a row didn't show;
_LOST_SLOWING_X256 = const(900)  # 3.5 steps, which get longer while the belt slows down;
_LOST_SET_OFF_X256 = const(1152)  # 4.5 steps, as the ramp of setting off may hide the first ones.
# How far an interval may be from the one before the last, which is of the same foot:
_EVEN_X256 = const(26)  # 10 %;
_EVEN_COARSE_X256 = const(38)  # 15 %, as a coarse encoder shows dips less exactly;
_EVEN_TRUSTED_X256 = const(77)  # 30 %, once dips are trusted.

_EVEN_NEEDED = const(3)  # even intervals in a row, from which on dips are trusted to be steps
_STOPPING_STEPS = const(2)  # held back at a stop that may count; more were seen on a coasting belt
_STILL_SAMPLES = const(10)  # as in dips.py: how long the belt has stood when it is called still
_STOP_LATE_X256 = const(7680)  # 1.2 s: after a longer time without a step the belt coasted

# The belt slows down when the last steps went less far than as many before, by more than …
_SLOWING_SHIFT = const(2)  # … a quarter
_STEADY_SHIFT = const(5)  # … 3 %: it is slower than it was, held against a whole stride

# The mean of the last steps: of an even number, so that a limp doesn't show.
_RING = const(15)  # 16 steps are stored
_MEAN_STEPS = const(12)
_MEAN_SPAN_X256 = const(38_400)  # 6 s
_MINUTE_X256_X10 = const(3_840_000)  # ten minutes, for a cadence in tenths
_OFF_RHYTHM = const(12)  # a mean interval is off by 1/12 (8 %) of the lag or more


class Gait:
    """`steps`, a running count; what isn't known now is None.

    `cadence_spm_x10` and `step_length_mm` are the mean of up to twelve steps of the last six
    seconds. `evenness` describes the last 64. `trusted`: whether dips are steps by now;
    `last_x256`: the time of the last dip; `waiting`: the steps of which that isn't known yet.
    """

    def __init__(self, nm_per_count, fine, places, sway):
        """fine: the encoder's edges hardly show; places: the ring of Dips; sway: Sway or None."""
        self.steps = 0
        self.cadence_spm_x10 = None
        self.step_length_mm = None
        self.evenness = Evenness(fine)
        self.trusted = False
        self.last_x256 = 0
        self.waiting = 0
        self._fine = fine
        self._holds_back = nm_per_count > _HOLD_BACK_NM
        self._places = places
        self._sway = sway
        self._last_um = 0  # the belt's place at the last dip
        self._interval_x256 = 0  # the last one,
        self._interval_before_x256 = 0  # and the one before it
        self._even = 0  # how many were even, 0 .. 3; each uneven one takes one off
        self._intervals_x256 = array("h", [0] * (_RING + 1))
        self._lengths_16um = array("i", [0] * (_RING + 1))
        self._stored = 0  # steps in both: up to 15 their number, then 16 .. 31 for a full ring

    def begin(self, dip_x256, place_um, lag, steps):
        """A walk is gone through from `place_um` on, where the belt was at `dip_x256`.

        steps: 1 if the belt was set off by a step there, else 0.
        """
        self.last_x256 = dip_x256
        self.waiting = steps
        self._last_um = place_um
        self._interval_x256 = lag << 8
        self._interval_before_x256 = lag << 8
        self._even = 0

    def distrust(self):
        """There is no rhythm, or none to trust."""
        self.trusted = False
        self._stored = 0
        self.cadence_spm_x10 = None
        self.step_length_mm = None
        self.evenness.start()

    def step(self, dip_x256, lag, sign, sample):
        """The belt dipped. lag: a step's time in samples; sign: the belt's direction."""
        interval_x256 = dip_x256 - self.last_x256
        if interval_x256 < lag * _HALF_STEP_X256:
            return
        place_um = self._places[dip_x256 >> 8 & _PLACE_RING]
        distance_um = (place_um - self._last_um) * sign & _PLACE_MASK
        self.last_x256 = dip_x256
        self._last_um = place_um
        steps = 1
        if interval_x256 > lag * _MISSED_X256:
            steps = (interval_x256 + lag * _HALF_STEP_X256) // (lag << 8)
            interval_x256 //= steps
        differs_x256 = interval_x256 - self._interval_before_x256
        self._interval_before_x256 = self._interval_x256
        self._interval_x256 = interval_x256
        self.waiting += steps
        # Uneven ones as well: the mean of the even ones alone wouldn't be that of the walk.
        for _ in range(steps):
            at = self._stored & _RING
            self._intervals_x256[at] = interval_x256
            self._lengths_16um[at] = (
                distance_um if distance_um < _DISTANCE_MOST_UM else 0
            ) // steps >> 4
            self._stored = self._stored + 1 if self._stored < 2 * _RING + 1 else _RING + 1
        if self.trusted:
            limit_x256 = lag * _EVEN_TRUSTED_X256
        else:
            limit_x256 = lag * (_EVEN_X256 if self._fine else _EVEN_COARSE_X256)
        if not -limit_x256 <= differs_x256 <= limit_x256 or distance_um >= _LONGEST_STEP_UM * steps:
            self.evenness.start()
            if self.trusted and self._even:
                self._even -= 1
            else:
                self._even = 0
                self.distrust()
            return
        if steps == 1:
            self.evenness.step(self._places, dip_x256, lag, sign, self._sway)
        else:
            self.evenness.start()
        self._even += 1
        if self.trusted or self._even == _EVEN_NEEDED:
            self.trusted = True
            self._even = _EVEN_NEEDED
            # What was seen while the belt slowed down waits until a stride goes as far as before.
            if not self._holds_back or not self._slowed(2, _STEADY_SHIFT, lag, sign, sample):
                self.steps = self.steps + self.waiting & _STEPS_MASK
                self.waiting = 0
            self._average(lag)

    def lost(self, since_x256, set_off, lag, sign, sample):
        """No dip for more than two steps, since_x256: whether the rhythm is lost.

        set_off: whether the walk began from standing.
        """
        self.cadence_spm_x10 = None
        self.step_length_mm = None
        if set_off and self.waiting == 1:
            most = _LOST_SET_OFF_X256
        else:
            slows = self.slows_down(lag, sign, sample)
            most = _LOST_SLOWING_X256 if slows else _LOST_X256
        return since_x256 > lag * most

    def slows_down(self, lag, sign, sample):
        """Whether a trusted walk slows down, by a quarter from the step before to the last one."""
        return self.trusted and self._slowed(1, _SLOWING_SHIFT, lag, sign, sample)

    def finish(self, sample, lag):
        """The belt has stood for ten samples by now: a last dip that nothing followed."""
        if self.waiting <= _STOPPING_STEPS:
            self.steps = self.steps + self.waiting & _STEPS_MASK
        # The ramp hides what came last: a step that the rhythm asks for, if the belt didn't coast.
        since_x256 = (sample - _STILL_SAMPLES << 8) - self.last_x256
        if lag * _HALF_STEP_X256 <= since_x256 < (lag << 8) + _STOP_LATE_X256:
            self.steps = self.steps + 1 & _STEPS_MASK

    def _slowed(self, steps, shift, lag, sign, sample):
        """Whether the last steps went less than as many before, by more than 1/2**shift of them."""
        places = self._places
        span = steps * lag
        middle_um = places[sample - span & _PLACE_RING]
        last_um = (places[sample & _PLACE_RING] - middle_um) * sign & _PLACE_MASK
        before_um = (middle_um - places[sample - 2 * span & _PLACE_RING]) * sign & _PLACE_MASK
        return last_um < before_um - (before_um >> shift)

    def _average(self, lag):
        """Cadence and step length of the last steps, of which three at least are stored."""
        intervals_x256 = self._intervals_x256
        lengths_16um = self._lengths_16um
        at = self._stored
        most = at if at < _MEAN_STEPS else _MEAN_STEPS
        steps = 0
        span_x256 = 0
        distance_16um = 0
        while steps + 2 <= most:
            stride_x256 = intervals_x256[at - 1 & _RING] + intervals_x256[at - 2 & _RING]
            if span_x256 + stride_x256 > _MEAN_SPAN_X256:
                break
            span_x256 += stride_x256
            distance_16um += lengths_16um[at - 1 & _RING] + lengths_16um[at - 2 & _RING]
            at -= 2
            steps += 2
        off_x256 = span_x256 - (steps * lag << 8)
        if not self._fine and not -span_x256 < _OFF_RHYTHM * off_x256 < span_x256:
            # Dips that don't keep the time at which the ripple repeats: edges are among them.
            self.cadence_spm_x10 = None
            self.step_length_mm = None
        else:
            self.cadence_spm_x10 = (_MINUTE_X256_X10 * steps + (span_x256 >> 1)) // span_x256
            self.step_length_mm = (distance_16um << 1) // (steps * 125)  # 16 um are 2/125 mm
