"""Grabs: sudden catches of the rails, by which a walker saves a lost balance."""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

from .compat import array, const

# Quantities and their units:
#   us     a clock of its own, in microseconds, modulo 2**29 (537 s)
#   sum    the force of both rails together, mN, 0 where it is negative
#   rise   how much the sum is above one of the last 200 ms, mN
_CLOCK_MASK = const(0x1FFFFFFF)  # half of 31 bits, so that a time can be added
_CHANGE_MOST_MN = const(0x3FFFFFF)  # three of them and a sum stay within 31 bits
_SUM_MOST_MN = const(0x1FFFFFFF)
_COUNT_MASK = const(0xFFFFF)  # a million: DST must fit its 100 bytes

# What a grab is (README.md, "What is measured").
_RISE_PER_CENT = const(8)  # of the body weight
_PER_CENT = const(100)
_WINDOW_US = const(200_000)
_PAUSE_US = const(1_000_000)  # without such a rise, before the next grab counts

# rails.py smooths samples that are at most so far apart, by a mean that moves a quarter of the way
# to its input. So the input is the present mean and three more of its changes.
_SLOW_US = const(40_000)
_UNSMOOTHED_CHANGES = const(3)
_SLOW_WINDOW_US = const(225_000)  # two samples of ten a second, seen a row or two late

# 32 sums, so far apart or more, are longer than the window also at 240 samples a second.
_RING_MASK = const(31)
_SPACING_US = const(7_000)

# The lowest sum of this quarter of a second and of the one before is a bound that is quick to find:
# lower than any of the window. From a quarter of a rise above it every sample is wanted.
_QUARTER_S_US = const(250_000)
_WATCH_SHIFT = const(2)


class Grabs:
    """`count`: how often the rails' sum rose by 8 % of body weight within 200 ms.

    The next one counts after a second without such a rise. Two samples in a row must show it:
    three spikes in five samples pass a median, but no hand lets go so soon.
    """

    def __init__(self, weight_mn):
        """weight_mn: the body's, up to 3 000 000."""
        self.count = 0
        self.watch_mn = 0  # from this sum on every sample is wanted
        self._rise_mn = (weight_mn * _RISE_PER_CENT + _PER_CENT - 1) // _PER_CENT
        self._times_us = array("i", [0] * (_RING_MASK + 1))
        self._sums_mn = array("i", [0] * (_RING_MASK + 1))
        self._us = 0
        self._rose_us = 0  # when there was such a rise,
        self._ready = True  # or over a second ago, by however many turns of the clock
        self.start()

    def start(self):
        """The sum was unknown: what it was before says nothing."""
        self._entries = 0
        self._head = 0  # the latest entry
        self._rose = False  # whether the sample before showed a rise
        self._quarter_us = 0
        self._lowest_mn = _SUM_MOST_MN
        self._lowest_before_mn = _SUM_MOST_MN

    def step(self, dt_us, sum_mn, change_mn):
        """A sum (0 .. 2**30-1), dt_us (0 .. 1 000 000) after the last one that was taken here.

        change_mn: since the sample before, which may have been left out.
        """
        us = (self._us + dt_us) & _CLOCK_MASK
        self._us = us
        if sum_mn > _SUM_MOST_MN:
            sum_mn = _SUM_MOST_MN
        if dt_us <= _SLOW_US and self._entries:
            # The smoothing undone: it would spread a catch over a longer time.
            if change_mn > _CHANGE_MOST_MN:
                change_mn = _CHANGE_MOST_MN
            elif change_mn < -_CHANGE_MOST_MN:
                change_mn = -_CHANGE_MOST_MN
            sum_mn += _UNSMOOTHED_CHANGES * change_mn
            if sum_mn < 0:
                sum_mn = 0
        quarter_us = self._quarter_us + dt_us
        if quarter_us >= _QUARTER_S_US:
            quarter_us = 0
            self._lowest_before_mn = self._lowest_mn
            self._lowest_mn = sum_mn
            if (us - self._rose_us) & _CLOCK_MASK >= _PAUSE_US:
                self._ready = True
        elif sum_mn < self._lowest_mn:
            self._lowest_mn = sum_mn
        self._quarter_us = quarter_us
        head = self._head
        if (us - self._times_us[head]) & _CLOCK_MASK >= _SPACING_US or not self._entries:
            head = (head + 1) & _RING_MASK
            self._head = head
            self._times_us[head] = us
            self._sums_mn[head] = sum_mn
            if self._entries <= _RING_MASK:
                self._entries += 1
        lowest_mn = self._lowest_mn
        if lowest_mn > self._lowest_before_mn:
            lowest_mn = self._lowest_before_mn
        rise_mn = self._rise_mn
        self.watch_mn = lowest_mn + (rise_mn >> _WATCH_SHIFT)
        if sum_mn - lowest_mn < rise_mn or not self._rises(us, sum_mn, dt_us):
            self._rose = False
            return
        # Slow samples aren't smoothed, and a catch may show in a single one.
        if self._rose or dt_us > _SLOW_US:
            if self._ready or (us - self._rose_us) & _CLOCK_MASK >= _PAUSE_US:
                self.count = self.count + 1 & _COUNT_MASK
            self._ready = False
            self._rose_us = us
        self._rose = True

    def _rises(self, us, sum_mn, dt_us):
        """Whether the sum is a rise above one of the window's."""
        window_us = _WINDOW_US if dt_us <= _SLOW_US else _SLOW_WINDOW_US
        times_us = self._times_us
        sums_mn = self._sums_mn
        at = self._head
        for _ in range(self._entries):
            if (us - times_us[at]) & _CLOCK_MASK > window_us:
                return False
            if sum_mn - sums_mn[at] >= self._rise_mn:
                return True
            at = (at - 1) & _RING_MASK
        return False
