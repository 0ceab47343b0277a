"""The handrails: from raw samples to force, reliance, zone.

One `Rail` a side turns samples into a force; `Rails` adds them up, relates the sum to the body
weight and finds the zone. What isn't known is None, never 0.
"""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

from .compat import array, const, felt_mn
from .grabs import Grabs
from .zero import ZeroFollower

_SAMPLE_HIGHEST = const(0x7FFFFF)  # what an HX711 gives when its input is out of range
_SAMPLE_LOWEST = const(-0x800000)

_SILENT_US = const(500_000)  # also a chip at 10 samples a second, once restarted, is back by then
_SLOW_US = const(40_000)  # further apart than this, samples aren't smoothed: it would hide a catch
_MEDIAN_OF_3 = const(1)  # what `felt_mn` is told
_ANEW = const(2)
_GRABS_US = const(25_000)  # so often a sum is enough, as long as it doesn't rise

_SUM_LIMIT_MN = const(0x3FFFFFFF)

# Where the zones begin, as parts of body weight: 1 %, 5 %, 15 %.
_PER_LIGHT = const(100)
_PER_SUPPORTED = const(20)
_HEAVY_TWENTIETHS = const(3)

# ZeroFollower reads the forces at every third tick: often enough for a tremor, a third of the work.
_READING_US = const(31_000)

# What `Rail.fault` tells; the bits of the left side in beltcore.host.flags.
_SILENT = const(1)
_SATURATED = const(4)

_HANDS_OFF = const(0)
_LIGHT = const(1)
_SUPPORTED = const(2)
_HEAVY = const(3)


class Rail:
    """One side: `force_mn`, positive when pressed, None while unknown; `fault`, 0 when good.

    ZeroFollower (zero.py) sets `zero_mn`, how far the zero has been followed from the settings' one
    (it is already taken off the force), and `lasting`, the faults that show over seconds;
    `taken` counts samples for it.

    A median of five removes what one or two samples do alone (spikes come singly, and at 1 % of
    the samples now and then in pairs); a mean with a weight of a quarter takes the noise down to
    0.4 of it. Together they lag a step by some 55 ms at 80 samples a second.
    """

    def __init__(self, zero, nn_per_count):
        """zero: raw counts; nn_per_count: -60 000 000 .. 60 000 000, 0 = no such cell."""
        self.present = nn_per_count != 0
        self.force_mn = None
        self.fault = 0
        self.zero_mn = 0
        self.lasting = 0
        self.taken = 0
        self._since_us = 0
        self._good = 0  # samples in a row, up to 5
        size = nn_per_count if nn_per_count >= 0 else -nn_per_count
        # For `felt_mn`: the four samples before the present one, the newest first; four times the
        # mean; the zero; nN a count in digits of base 1000, the lowest first; whether below 0.
        digits = [size % 1000, size // 1000 % 1000, size // 1_000_000]
        self._cell = array("i", [0] * 5 + [zero + 0x800000] + digits + [int(nn_per_count < 0)])

    def step(self, dt_us, sample):
        """Take a row: the time since the row before (0 .. 2**29 us), and the sample or None."""
        since_us = self._since_us + dt_us
        if sample is None or sample >= _SAMPLE_HIGHEST or sample <= _SAMPLE_LOWEST:
            self._without(since_us, sample is not None)
            return
        self._since_us = 0
        self.fault = self.lasting
        self.taken += 1
        good = self._good
        if good == 5 and since_us <= _SLOW_US:
            self.force_mn = felt_mn(self._cell, sample, 0, self.zero_mn)
            return
        how = _ANEW if since_us > _SLOW_US else 0
        if good < 5 or since_us > _SILENT_US:
            good = 1 if since_us > _SILENT_US else good + 1
            self._good = good
            how |= _MEDIAN_OF_3
            if good == 3:
                how |= _ANEW
        force_mn = felt_mn(self._cell, sample, how, self.zero_mn)
        # One of the first five samples: the force is known from the third.
        self.force_mn = force_mn if good >= 3 else None

    def _without(self, since_us, saturated):
        """A row without a usable sample."""
        if saturated:
            self.fault = _SATURATED
        if since_us > _SILENT_US:
            since_us = _SILENT_US + 1
            self.force_mn = None
            self._good = 0
            if not self.fault:
                self.fault = _SILENT
        self._since_us = since_us


class Rails:
    """Both sides: `reliance_permille` of body weight and `zone` (0 .. 3), None while unknown.

    `grabs` (Grabs) counts the catches; None without a cell.

    Weight left on the rails presses them down: a sum that pulls up counts as no reliance.
    """

    def __init__(self, left, right, body_mass_g, noise_mn):
        """left, right: Rail. body_mass_g 20 000 .. 300 000, noise_mn 0 .. 50 000."""
        self.left = left
        self.right = right
        self.reliance_permille = None
        self.zone = None
        self._weight_mn = weight_mn(body_mass_g)
        light_mn = self._weight_mn // _PER_LIGHT
        supported_mn = self._weight_mn // _PER_SUPPORTED
        if noise_mn > light_mn:
            light_mn = noise_mn if noise_mn < supported_mn else supported_mn
        heavy_mn = self._weight_mn * _HEAVY_TWENTIETHS // 20
        self._from_mn = array("i", (light_mn, supported_mn, heavy_mn))
        self.grabs = Grabs(self._weight_mn) if left.present or right.present else None
        self._grabs_us = 0  # since the last sum they had
        self._sum_mn = 0  # of the sample before
        self._follower = ZeroFollower(left, right, self._weight_mn)
        self._reading_us = 0
        self._low_mn = 0  # the present zone is kept from here to below there
        self._high_mn = 0

    def step(self, dt_us, left_sample, right_sample):
        """Take a row, as `Rail.step`."""
        left = self.left
        right = self.right
        left_mn = 0
        right_mn = 0
        if left.present:
            left.step(dt_us, left_sample)
            left_mn = left.force_mn
        if right.present:
            right.step(dt_us, right_sample)
            right_mn = right.force_mn
        reading_us = self._reading_us + dt_us
        if reading_us >= _READING_US:
            self._follower.step(reading_us)
            reading_us = 0
        self._reading_us = reading_us
        grabs = self.grabs
        if left_mn is None or right_mn is None or grabs is None:
            if self.zone is not None and grabs is not None:
                self.zone = None
                self.reliance_permille = None
                grabs.start()
            return
        sum_mn = left_mn + right_mn
        if sum_mn < 0:
            sum_mn = 0
        dt_us += self._grabs_us
        if (left_sample if left.present else right_sample) is not None:
            change_mn = sum_mn - self._sum_mn
            self._sum_mn = sum_mn
            if dt_us >= _GRABS_US or sum_mn >= grabs.watch_mn:
                grabs.step(dt_us if dt_us < 1_000_000 else 1_000_000, sum_mn, change_mn)
                dt_us = 0
        self._grabs_us = dt_us if dt_us < 1_000_000 else 1_000_000
        # Quotient and remainder twice, because 1000 * sum passes 31 bits.
        weight_mn = self._weight_mn
        rest = sum_mn * 100 if sum_mn < weight_mn else sum_mn % weight_mn * 100
        self.reliance_permille = (
            sum_mn // weight_mn * 1000 + rest // weight_mn * 10 + rest % weight_mn * 10 // weight_mn
        )
        if self.zone is None or sum_mn < self._low_mn or sum_mn >= self._high_mn:
            self._enter(sum_mn)

    def _enter(self, sum_mn):
        """Find the zone: up at a threshold, down a tenth below it, so that noise can't chatter."""
        from_mn = self._from_mn
        zone = _HANDS_OFF if self.zone is None else self.zone
        while zone < _HEAVY and sum_mn >= from_mn[zone]:
            zone += 1
        while zone > _HANDS_OFF and sum_mn < from_mn[zone - 1] - from_mn[zone - 1] // 10:
            zone -= 1
        self.zone = zone
        self._low_mn = from_mn[zone - 1] - from_mn[zone - 1] // 10 if zone > _HANDS_OFF else 0
        self._high_mn = from_mn[zone] if zone < _HEAVY else _SUM_LIMIT_MN


def weight_mn(body_mass_g):
    """The weight of a mass of 20 000 .. 300 000 g, in mN: times 9.80665 m/s2 (standard gravity)."""
    # 0.80665 = 80665 / 100 000, taken in two parts to stay within 31 bits.
    part = body_mass_g // 100 * 80_665 // 1000
    rest = body_mass_g // 100 * 80_665 % 1000
    return body_mass_g * 9 + part + (rest * 100 + body_mass_g % 100 * 80_665) // 100_000
