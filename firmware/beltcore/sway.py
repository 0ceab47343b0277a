"""The sway of the weight between the rails: a second witness of steps, beside the belt.

A walker who touches the rails leans to the left with one step and to the right with the next. So
the difference of the rails repeats after two steps (a stride), and is reversed after one.
"""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

from .compat import array, const

# Quantities and their units:
#   k           a sample's number; there is one each 40 ms
#   lag         the time of a step, in samples
#   difference  left less right, mN
# What is kept is the running sum of the differences, modulo 2**29: the mean over any time is a
# difference of two sums.
_RING_MASK = const(127)  # 128 sums: three of the longest steps (41 samples) and some more
_OLDEST = const(125)  # samples ago
_DIFFERENCE_MOST_MN = const(0x3FFFF)  # 262 N; 128 of them stay within half of what the sums hold
_SUM_MASK = const(0x1FFFFFFF)
_SUM_HALF = const(0x10000000)
# The means of half a step of a cell with 1.5 N RMS of noise differ by 0.5 N RMS.
_SWAY_LEAST_MN = const(1_000)
# What changes from stride to stride is at most a quarter of the sway: 2 sums of it are less than
# 4 of the sway's. Of what is only noise, one in twenty looks so.
_MEAN_OF_4_SHIFT = const(2)
_STRIDES_DIFFER = const(2)


class Sway:
    """Takes the samples k = 0, 1, 2 … of both forces."""

    def __init__(self):
        self._sums_mn = array("i", [0] * (_RING_MASK + 1))
        self._sum_mn = 0
        self._k = 0  # of the latest sample
        self._since = 0  # the first sample after which the differences are known

    def take(self, k, left_mn, right_mn):
        """The forces at sample k. None, or a k that doesn't follow the one before: start anew."""
        if left_mn is None or right_mn is None:
            left_mn = right_mn = 0
            self._since = k
        elif k != self._k + 1:
            self._since = k
        self._k = k
        difference_mn = left_mn - right_mn
        if difference_mn > _DIFFERENCE_MOST_MN:
            difference_mn = _DIFFERENCE_MOST_MN
        elif difference_mn < -_DIFFERENCE_MOST_MN:
            difference_mn = -_DIFFERENCE_MOST_MN
        self._sum_mn = self._sum_mn + difference_mn & _SUM_MASK
        self._sums_mn[k & _RING_MASK] = self._sum_mn

    def mean_mn(self, start, end):
        """The mean of the samples after `start` up to `end`; None where that isn't known."""
        if end > self._k:
            end = self._k
        if not self._knows(start) or end <= start:
            return None
        return self._mean_mn(start, end)

    def alternates(self, lag):
        """Whether the weight swayed to and fro with the last three steps of `lag` (9 .. 41)."""
        k = self._k
        if not self._knows(k - 3 * lag):
            return False
        # Half a step each: a, c, e and b, d, f are a step apart, so they sway to opposite sides,
        # whatever the phase of the sway.
        a = self._mean_mn(k - 3 * lag, k - (5 * lag >> 1))
        b = self._mean_mn(k - (5 * lag >> 1), k - 2 * lag)
        c = self._mean_mn(k - 2 * lag, k - (3 * lag >> 1))
        d = self._mean_mn(k - (3 * lag >> 1), k - lag)
        e = self._mean_mn(k - lag, k - (lag >> 1))
        f = self._mean_mn(k - (lag >> 1), k)
        sway_mn = abs(a - c) + abs(c - e) + abs(b - d) + abs(d - f) >> _MEAN_OF_4_SHIFT
        if sway_mn < _SWAY_LEAST_MN:
            return False
        # a and e, b and f are a stride apart.
        return _STRIDES_DIFFER * (abs(a - e) + abs(b - f)) < sway_mn

    def _knows(self, start):
        return start >= self._since and start >= self._k - _OLDEST

    def _mean_mn(self, start, end):
        sums_mn = self._sums_mn
        total_mn = sums_mn[end & _RING_MASK] - sums_mn[start & _RING_MASK] & _SUM_MASK
        if total_mn >= _SUM_HALF:
            total_mn = total_mn - _SUM_MASK - 1  # in this order: 2**29 itself
        return total_mn // (end - start)
