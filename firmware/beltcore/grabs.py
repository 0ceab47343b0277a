"""Grabs: sudden catches of the rails, the saves of a balance that was lost."""

from .compat import array, const

_CLOCK_MASK = const(0x3FFFFFFF)
_WINDOW_US = const(200_000)
_PAUSE_US = const(1_000_000)
_ENTRY_US = const(10_000)
_SLOW_US = const(40_000)  # as Rail: samples further apart aren't smoothed
_RING_MASK = const(31)  # 32 entries, 10 ms apart or more: longer than the window
_BLOCKS_US = const(250_000)
_CHANGE_MOST_MN = const(0x3FFFFFF)
_COUNT_MASK = const(0xFFFFF)  # a million: DST must fit its 100 bytes


class Grabs:
    """`count`: how often the rails' sum rose by 8 % of body weight within 200 ms.

    The next one counts after a second without such a rise. The rise must be seen in two samples
    in a row, so that three spikes in five samples, which pass a median, aren't a hand.
    """

    def __init__(self, weight_mn):
        """weight_mn: the body's, up to 3 000 000."""
        self.count = 0
        self._least_mn = (weight_mn * 8 + 99) // 100
        self._times_us = array("i", [0] * (_RING_MASK + 1))
        self._sums_mn = array("i", [0] * (_RING_MASK + 1))
        self._us = 0
        self.start()

    def start(self):
        """The sum was unknown: what it was before tells nothing."""
        self._known = 0
        self._head = 0
        self._rose = False
        self._since_rise_us = _PAUSE_US
        self._since_us = 0
        self._block_us = 0
        self._lowest_mn = 0  # of this block of time and of the one before: a quick lower bound
        self._lowest_before_mn = 0
        self._last_mn = 0

    def step(self, dt_us, sum_mn):
        """A new sum (0 .. 2**30-1), dt_us (0 .. 2**29) after the one before."""
        us = (self._us + dt_us) & _CLOCK_MASK
        self._us = us
        change_mn = sum_mn - self._last_mn
        self._last_mn = sum_mn
        since_us = self._since_rise_us
        self._since_rise_us = since_us + dt_us if since_us < _PAUSE_US else since_us
        if not self._known:
            self._known = 1
            self._lowest_mn = sum_mn
            self._lowest_before_mn = sum_mn
            self._times_us[0] = us
            self._sums_mn[0] = sum_mn
            return
        # The smoothing of a quarter (rails.py) undone: it would hide a part of a catch.
        if dt_us <= _SLOW_US:
            if change_mn > _CHANGE_MOST_MN:
                change_mn = _CHANGE_MOST_MN
            elif change_mn < -_CHANGE_MOST_MN:
                change_mn = -_CHANGE_MOST_MN
            if sum_mn < 0x1FFFFFFF:
                sum_mn += 3 * change_mn
            if sum_mn < 0:
                sum_mn = 0
        self._keep(us, sum_mn, dt_us)
        lowest_mn = self._lowest_mn
        if self._lowest_before_mn < lowest_mn:
            lowest_mn = self._lowest_before_mn
        if sum_mn - lowest_mn < self._least_mn or not self._rises(us, sum_mn):
            self._rose = False
            return
        if self._rose or dt_us > _SLOW_US:
            if self._since_rise_us >= _PAUSE_US:
                self.count = self.count + 1 & _COUNT_MASK
            self._since_rise_us = 0
        self._rose = True

    def _keep(self, us, sum_mn, dt_us):
        if dt_us > _BLOCKS_US:
            dt_us = _BLOCKS_US
        block_us = self._block_us + dt_us
        if block_us >= _BLOCKS_US:
            block_us = 0
            self._lowest_before_mn = self._lowest_mn
            self._lowest_mn = sum_mn
        elif sum_mn < self._lowest_mn:
            self._lowest_mn = sum_mn
        self._block_us = block_us
        head = self._head
        if (us - self._times_us[head]) & _CLOCK_MASK >= _ENTRY_US:
            head = (head + 1) & _RING_MASK
            self._head = head
            self._times_us[head] = us
            self._sums_mn[head] = sum_mn
            if self._known <= _RING_MASK:
                self._known += 1
        elif sum_mn < self._sums_mn[head]:
            self._sums_mn[head] = sum_mn

    def _rises(self, us, sum_mn):
        """Whether one of the sums of the last 200 ms was lower by 8 % of body weight."""
        times_us = self._times_us
        sums_mn = self._sums_mn
        at = self._head
        for _ in range(self._known):
            if (us - times_us[at]) & _CLOCK_MASK > _WINDOW_US:
                return False
            if sum_mn - sums_mn[at] >= self._least_mn:
                return True
            at = (at - 1) & _RING_MASK
        return False
