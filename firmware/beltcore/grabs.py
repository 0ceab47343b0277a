"""Grabs: sudden catches of the rails, the saves of a balance that was lost."""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

from .compat import array, const

_CLOCK_MASK = const(0x1FFFFFFF)  # half of 31 bits, so that a time can be added
_WINDOW_US = const(200_000)
_SLOW_WINDOW_US = const(225_000)  # two samples of ten a second, seen a row or two late
_PAUSE_US = const(1_000_000)
_SLOW_US = const(40_000)  # as Rail: samples further apart aren't smoothed
_RING_MASK = const(31)
_ENTRY_US = const(7_000)  # 32 entries, so far apart or more, are longer than the window
_BLOCK_US = const(250_000)
_CHANGE_MOST_MN = const(0x3FFFFFF)
_SUM_MOST_MN = const(0x1FFFFFFF)
_COUNT_MASK = const(0xFFFFF)  # a million: DST must fit its 100 bytes


class Grabs:
    """`count`: how often the rails' sum rose by 8 % of body weight within 200 ms.

    The next one counts after a second without such a rise. Two samples in a row must show it:
    three spikes in five samples pass a median, but no hand lets go so soon.
    """

    def __init__(self, weight_mn):
        """weight_mn: the body's, up to 3 000 000."""
        self.count = 0
        self.watch_mn = 0  # from this sum on every sample is wanted
        self._least_mn = (weight_mn * 8 + 99) // 100
        self._times_us = array("i", [0] * (_RING_MASK + 1))
        self._sums_mn = array("i", [0] * (_RING_MASK + 1))
        self._us = 0
        self._rise_us = 0  # the last one,
        self._ready = True  # over a second ago
        self.start()

    def start(self):
        """The sum was unknown: what it was before tells nothing."""
        self._known = 0
        self._head = 0
        self._rose = False
        self._block_us = 0
        self._lowest_mn = _SUM_MOST_MN  # of this block of time and of the one before: at least
        self._lowest_before_mn = _SUM_MOST_MN  # the window, so a quick lower bound for it

    def step(self, dt_us, sum_mn, change_mn):
        """A sum (0 .. 2**30-1), dt_us (0 .. 1 000 000) after the last one that was taken here.

        change_mn: since the sample before, which may have been left out.
        """
        us = (self._us + dt_us) & _CLOCK_MASK
        self._us = us
        if sum_mn > _SUM_MOST_MN:
            sum_mn = _SUM_MOST_MN
        if dt_us <= _SLOW_US and self._known:
            # The smoothing of rails.py undone: it would spread a catch over a longer time.
            if change_mn > _CHANGE_MOST_MN:
                change_mn = _CHANGE_MOST_MN
            elif change_mn < -_CHANGE_MOST_MN:
                change_mn = -_CHANGE_MOST_MN
            sum_mn += 3 * change_mn
            if sum_mn < 0:
                sum_mn = 0
        block_us = self._block_us + dt_us
        if block_us >= _BLOCK_US:
            block_us = 0
            self._lowest_before_mn = self._lowest_mn
            self._lowest_mn = sum_mn
            if not self._ready and (us - self._rise_us) & _CLOCK_MASK >= _PAUSE_US:
                self._ready = True
        elif sum_mn < self._lowest_mn:
            self._lowest_mn = sum_mn
        self._block_us = block_us
        head = self._head
        if (us - self._times_us[head]) & _CLOCK_MASK >= _ENTRY_US or not self._known:
            head = (head + 1) & _RING_MASK
            self._head = head
            self._times_us[head] = us
            self._sums_mn[head] = sum_mn
            if self._known <= _RING_MASK:
                self._known += 1
        lowest_mn = self._lowest_mn
        if lowest_mn > self._lowest_before_mn:
            lowest_mn = self._lowest_before_mn
        least_mn = self._least_mn
        self.watch_mn = lowest_mn + (least_mn >> 2)
        if sum_mn - lowest_mn < least_mn or not self._rises(us, sum_mn, dt_us):
            self._rose = False
            return
        if self._rose or dt_us > _SLOW_US:
            if self._ready or (us - self._rise_us) & _CLOCK_MASK >= _PAUSE_US:
                self.count = self.count + 1 & _COUNT_MASK
            self._ready = False
            self._rise_us = us
        self._rose = True

    def _rises(self, us, sum_mn, dt_us):
        """Whether one of the sums of the last 200 ms was lower by 8 % of body weight."""
        window_us = _WINDOW_US if dt_us <= _SLOW_US else _SLOW_WINDOW_US
        times_us = self._times_us
        sums_mn = self._sums_mn
        at = self._head
        for _ in range(self._known):
            if (us - times_us[at]) & _CLOCK_MASK > window_us:
                return False
            if sum_mn - sums_mn[at] >= self._least_mn:
                return True
            at = (at - 1) & _RING_MASK
        return False
