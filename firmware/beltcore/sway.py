"""The sway of the weight between the rails: the belt's second witness of steps.

A walker who touches the rails leans to the left with one step and to the right with the next, so
the rails' difference repeats after two steps and is reversed after one. Means of it over any time
are differences of a running sum.
"""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

from .compat import array, const

_RING = const(127)  # 128 samples of 40 ms: three of the longest steps
_OLDEST = const(125)
_MOST_MN = const(0x3FFFF)  # 262 N; 128 of them stay within half of what the sums hold
_SUM_MASK = const(0x1FFFFFFF)
_SUM_HALF = const(0x10000000)
# The means of half a step of a cell with 1.5 N RMS of noise differ by 0.5 N RMS.
_LEAST_MN = const(1_000)


class Sway:
    """Samples k = 0, 1, 2 …, one each 40 ms, of the left rail's force less the right one's."""

    def __init__(self):
        self._sums_mn = array("i", [0] * (_RING + 1))
        self._sum_mn = 0
        self._k = 0
        self._since = 0  # the first sample of which something is known

    def take(self, k, left_mn, right_mn):
        """The forces at sample k; None, or a k that doesn't follow the last one: start anew."""
        if left_mn is None or right_mn is None:
            left_mn = right_mn = 0
            self._since = k
        elif k != self._k + 1:
            self._since = k
        self._k = k
        differ_mn = left_mn - right_mn
        if differ_mn > _MOST_MN:
            differ_mn = _MOST_MN
        elif differ_mn < -_MOST_MN:
            differ_mn = -_MOST_MN
        self._sum_mn = self._sum_mn + differ_mn & _SUM_MASK
        self._sums_mn[k & _RING] = self._sum_mn

    def mean_mn(self, start, end):
        """The mean of the samples after `start` up to `end`; None where that isn't known."""
        if end > self._k:
            end = self._k
        if not self._knows(start) or end <= start:
            return None
        return self._mean_mn(start, end)

    def alternates(self, lag):
        """Whether the last three steps of `lag` samples (9 .. 41) swayed to and fro."""
        k = self._k
        if not self._knows(k - 3 * lag):
            return False
        # Half a step each: those two apart are of opposite sides, whatever the sway's phase.
        a = self._mean_mn(k - 3 * lag, k - (5 * lag >> 1))
        b = self._mean_mn(k - (5 * lag >> 1), k - 2 * lag)
        c = self._mean_mn(k - 2 * lag, k - (3 * lag >> 1))
        d = self._mean_mn(k - (3 * lag >> 1), k - lag)
        e = self._mean_mn(k - lag, k - (lag >> 1))
        f = self._mean_mn(k - (lag >> 1), k)
        size_mn = abs(a - c) + abs(c - e) + abs(b - d) + abs(d - f) >> 2
        if size_mn < _LEAST_MN:
            return False
        # A stride apart they are the same; what is only noise looks so once in twenty times.
        return 2 * (abs(a - e) + abs(b - f)) < size_mn

    def _knows(self, start):
        return start >= self._since and start >= self._k - _OLDEST

    def _mean_mn(self, start, end):
        total_mn = self._sums_mn[end & _RING] - self._sums_mn[start & _RING] & _SUM_MASK
        if total_mn >= _SUM_HALF:
            total_mn = total_mn - _SUM_MASK - 1
        return total_mn // (end - start)
