"""The last seconds of a rail's force: whether the rail is still, and faults that show over seconds.

A hand isn't still. It trembles at 8 to 12 Hz, and it sways with the stride or with the balance of
the person. A zero that drifts does neither: it moves by newtons in minutes. So two measures are
taken of the last 3.6 s, in which slow drift hardly shows: how far the means of 0.3 s are spread
(sway), and the second differences of the readings (tremor). A rail is still when noise alone
explains the spread, and when the second differences are near the smallest ones seen, which are the
noise of the cell.

The faults are noisy, slow and sign flipped. What a single sample shows (silent, saturated) is found
by rails.py; a zero that jumped, by zero.py.
"""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

from .compat import array, const

# Quantities and their units:
#   reading   the force as the settings' zero gives it, mN, every 37.5 ms (at 80 rows a second)
#   block     8 readings, 0.3 s
#   window    the last 12 blocks, 3.6 s
#   tremor    the mean absolute second difference of the readings in the window, mN
#   floor     the smallest tremor seen, in 1/256 mN
#   spread    the sum of squares of the blocks' means about their mean, mN2
#   loudness  a block's sum of absolute second differences, mN
_BLOCK_SHIFT = const(3)  # a block is 2**3 readings; zero.py counts them
_WINDOW_BLOCKS = const(12)  # the same in zero.py
_WINDOW_READINGS = const(96)

# Limits of the arithmetic. Sums and squares of 12 blocks stay within 31 bits.
_FORCE_MOST_MN = const(80_000_000)  # a reading is cut there
_CURVE_MOST_MN = const(10_000)  # a second difference is cut there
_TREMOR_MOST_MN = const(5_000)  # more is never still
_RANGE_MOST_MN = const(8_000)  # of the blocks' means; more is never still

# Sway. Of white noise with a tremor of m the means of blocks have a variance of 0.55 m2. By chance
# 2.8 times that is exceeded once in a thousand times (chi squared, 11 degrees of freedom). Always
# allowed are 0.2 N RMS, for 1/f noise and a frame that shakes.
_SPREAD_MN2 = const(480_000)  # 12 * 200 * 200
_SPREAD_PER_TREMOR2 = const(18)  # 12 * 2.8 * 0.55
# A spread is at most 12 / 4 times the square of the range: half at one end, half at the other.
_SPREAD_PER_RANGE2 = const(3)

# Tremor may be 1 + 1/2 + 1/8 of the floor. Always allowed are 20 mN: a hand's tremor of 0.04 N.
_TREMOR_MN = const(20)
_HALF_SHIFT = const(1)
_EIGHTH_SHIFT = const(3)
_FLOOR_UNKNOWN = const(0x3FFFFFFF)
_FLOOR_SHIFT = const(8)
# In each block the floor falls by an eighth of the way, or rises by 1/8192 of itself: by a factor
# of e in 40 minutes, so that a cell that has become noisier is still again some day.
_FALL_SHIFT = const(3)
_RISE_SHIFT = const(13)

# What `Rail.lasting` holds, of a left side: bits of beltcore.host.flags, which the box lacks.
_NOISY = const(256)
_SLOW = const(1024)
_FLIPPED = const(4096)

# Noisy. 6 N RMS of noise in the samples leave 2 N RMS in the force and a loudness of 9 N. A wheel
# that rolls shakes its cells by half of that (the recording wheel_pushes).
_LOUD_MN = const(9_000)
_LOUD_FORCE_SHIFT = const(3)  # and an eighth of the force: a heavy hand trembles by newtons
# Hands that push and catch are loud for moments; noise is at least so loud in each block.
_LOUD_LEAST_MN = const(6_000)
# A loud block counts up, another one down. The fault comes after 24 loud blocks, 7.2 s, and leaves
# when the count, which stops at 48, is down at 8.
_LOUD_ON_BLOCKS = const(24)
_LOUD_OFF_BLOCKS = const(8)
_LOUD_MOST_BLOCKS = const(48)

# Slow: fewer than 40 samples a second.
_SAMPLE_LONGEST_US = const(25_000)

# Flipped: no hand pulls up for 6 s by a twentieth of the body weight, and by 15 N at least.
_PULL_WEIGHT_PARTS = const(20)
_PULL_LEAST_MN = const(15_000)
_FLIPPED_BLOCKS = const(20)


class ForceWindow:
    """One rail's window. Sets and clears the bits of its faults in `Rail.lasting`.

    After `end_block`: `still`; and, while still, `level_mn`, the mean of the window, by the
    settings' zero. `tremor_mn` is that of the window once it is full. `steepest_mn` is the most
    that the force changed within two readings since somebody set it to 0.
    """

    def __init__(self, rail, weight_mn):
        """rail: Rail. weight_mn: the body's, 196 133 .. 2 941 995."""
        self.rail = rail
        self.still = False
        self.level_mn = 0
        self.tremor_mn = 0
        self.steepest_mn = 0
        self._means_mn = array("i", [0] * _WINDOW_BLOCKS)
        self._loudnesses_mn = array("i", [0] * _WINDOW_BLOCKS)  # 0 where there is no block
        self._loudness_sum_mn = 0
        self._sum_mn = 0  # of the present block
        self._loudness_mn = 0
        self._last_mn = 0  # the latest reading, and how much it differed from the one before
        self._change_mn = 0
        self._floor = _FLOOR_UNKNOWN
        self._pull_mn = weight_mn // _PULL_WEIGHT_PARTS
        if self._pull_mn < _PULL_LEAST_MN:
            self._pull_mn = _PULL_LEAST_MN
        self._loud_blocks = 0
        self._pulled_blocks = 0

    def read(self, first):
        """Take the force as it is now, which must be known. first: there is no reading before."""
        rail = self.rail
        force_mn = rail.force_mn + rail.zero_mn
        if force_mn > _FORCE_MOST_MN:
            force_mn = _FORCE_MOST_MN
        elif force_mn < -_FORCE_MOST_MN:
            force_mn = -_FORCE_MOST_MN
        before_mn = self._change_mn
        change_mn = 0 if first else force_mn - self._last_mn
        curve_mn = change_mn - before_mn
        if curve_mn < 0:
            curve_mn = -curve_mn
        steep_mn = change_mn + before_mn
        if steep_mn < 0:
            steep_mn = -steep_mn
        if steep_mn > self.steepest_mn:
            self.steepest_mn = steep_mn
        self._last_mn = force_mn
        self._change_mn = change_mn
        self._sum_mn += force_mn
        self._loudness_mn += curve_mn if curve_mn < _CURVE_MOST_MN else _CURVE_MOST_MN

    def start(self):
        """Start the window anew."""
        self.still = False
        self._change_mn = 0
        self._sum_mn = 0
        self._loudness_mn = 0
        self._loudness_sum_mn = 0
        self._pulled_blocks = 0
        self.rail.taken = 0
        for block in range(_WINDOW_BLOCKS):
            self._loudnesses_mn[block] = 0

    def end_block(self, at, full):
        """The block at this place of the window has ended. full: no place is empty any more."""
        mean_mn = self._sum_mn >> _BLOCK_SHIFT
        loudness_mn = self._loudness_mn
        self._sum_mn = 0
        self._loudness_mn = 0
        self._means_mn[at] = mean_mn
        self._loudness_sum_mn += loudness_mn - self._loudnesses_mn[at]
        self._loudnesses_mn[at] = loudness_mn
        self.still = full and self._is_still()
        self._find_faults(mean_mn - self.rail.zero_mn, loudness_mn)

    def end_window(self, window_us):
        """The samples since this was called before were taken within so long."""
        rail = self.rail
        if rail.taken < window_us // _SAMPLE_LONGEST_US:
            rail.lasting |= _SLOW
        else:
            rail.lasting &= ~_SLOW
        rail.taken = 0

    def mean_mn(self):
        """The mean of the window, still or not."""
        return sum(self._means_mn) // _WINDOW_BLOCKS

    def spread_mn2(self):
        """The sum of the squares by which the blocks' means differ from `level_mn`."""
        level_mn = self.level_mn
        squares_mn2 = 0
        for mean_mn in self._means_mn:
            mean_mn -= level_mn
            squares_mn2 += mean_mn * mean_mn
        return squares_mn2

    def _is_still(self):
        """Whether the full window shows neither sway nor tremor."""
        tremor_mn = self._loudness_sum_mn // _WINDOW_READINGS
        self.tremor_mn = tremor_mn
        if tremor_mn > _TREMOR_MOST_MN:
            return False
        floor = self._floor
        tremor = tremor_mn << _FLOOR_SHIFT
        if floor == _FLOOR_UNKNOWN:
            floor = tremor
        elif tremor < floor:
            floor -= floor - tremor >> _FALL_SHIFT
        else:
            floor += (floor >> _RISE_SHIFT) + 1
        self._floor = floor
        most = floor + (floor >> _HALF_SHIFT) + (floor >> _EIGHTH_SHIFT)
        if tremor_mn > _TREMOR_MN and tremor > most:
            return False
        means_mn = self._means_mn
        range_mn = max(means_mn) - min(means_mn)
        if range_mn > _RANGE_MOST_MN:
            return False
        self.level_mn = self.mean_mn()
        most_mn2 = _SPREAD_MN2 + _SPREAD_PER_TREMOR2 * tremor_mn * tremor_mn
        # The range is quicker to find, and mostly so small that it is enough.
        return _SPREAD_PER_RANGE2 * range_mn * range_mn <= most_mn2 or self.spread_mn2() <= most_mn2

    def _find_faults(self, force_mn, loudness_mn):
        """Noisy and flipped. Both of a block; the force by the zero as followed."""
        rail = self.rail
        if force_mn > self._pull_mn:
            rail.lasting &= ~_FLIPPED
        if force_mn >= -self._pull_mn or self.still:
            self._pulled_blocks = 0
        elif self._pulled_blocks < _FLIPPED_BLOCKS:
            self._pulled_blocks += 1
            if self._pulled_blocks == _FLIPPED_BLOCKS:
                rail.lasting |= _FLIPPED

        if force_mn < 0:
            force_mn = -force_mn
        loud_mn = _LOUD_MN + (force_mn >> _LOUD_FORCE_SHIFT)
        if loudness_mn > loud_mn and min(self._loudnesses_mn) > _LOUD_LEAST_MN:
            if self._loud_blocks < _LOUD_MOST_BLOCKS:
                self._loud_blocks += 1
                if self._loud_blocks == _LOUD_ON_BLOCKS:
                    rail.lasting |= _NOISY
        elif self._loud_blocks:
            self._loud_blocks -= 1
            if self._loud_blocks == _LOUD_OFF_BLOCKS:
                rail.lasting &= ~_NOISY
