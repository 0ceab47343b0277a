"""Lengths that are exact for ever: counts times size, with every remainder carried.

A length is metres, millimetres and nanometres, because 31 bits hold neither the nanometres of a
step nor the millimetres of a year. Metres wrap at 2**30 (a million kilometres).
"""

from .compat import const

_NM_IN_MM = const(1_000_000)
_METRES_HIGHEST = const(0x3FFFFFFF)


class Length:
    """A sum of lengths: `m` 0 .. 2**30-1, `mm` 0 .. 999, `nm` 0 .. 999 999."""

    def __init__(self):
        self.m = 0
        self.mm = 0
        self.nm = 0

    def add(self, m, mm, nm):
        """Add a length whose parts are within the same ranges."""
        nm += self.nm
        mm += self.mm
        if nm >= _NM_IN_MM:
            nm -= _NM_IN_MM
            mm += 1
        if mm >= 1000:
            mm -= 1000
            m += 1  # at most 2**30 - 2 before: see CountLength.set
        self.nm = nm
        self.mm = mm
        # The sum may be up to 2**31: compare before adding, so that no intermediate is.
        room = _METRES_HIGHEST - self.m
        self.m = self.m + m if m <= room else m - room - 1

    def in_mm(self):
        """Whole millimetres, to the nearest, as one of Python's integers: it may allocate."""
        mm = self.m * 1000 + self.mm
        if self.nm >= 500_000:
            mm += 1
        return mm % ((_METRES_HIGHEST + 1) * 1000)


class CountLength:
    """The length of a number of encoder counts, as the parts `m`, `mm`, `nm` of `Length`."""

    def __init__(self, nm_per_count):
        """nm_per_count: 1 .. 1 000 000 000."""
        # One count, 2**10 and 2**20 counts, so that no product below passes 2**30.
        self._mm_1 = nm_per_count // _NM_IN_MM
        self._nm_1 = nm_per_count % _NM_IN_MM
        self._m_2, self._mm_2, self._nm_2 = _times_1024(0, self._mm_1, self._nm_1)
        self._m_3, self._mm_3, self._nm_3 = _times_1024(self._m_2, self._mm_2, self._nm_2)
        self.m = 0
        self.mm = 0
        self.nm = 0

    def set(self, counts):
        """Take on the length of `counts`, 0 .. 3 * 2**28. Highest result: 805 306 368 m."""
        low = counts & 1023
        nm = low * self._nm_1
        mm = low * self._mm_1 + nm // _NM_IN_MM
        nm %= _NM_IN_MM
        m = 0
        if counts >= 1024:
            middle = (counts >> 10) & 1023
            high = counts >> 20
            part = middle * self._nm_2
            mm += middle * self._mm_2 + part // _NM_IN_MM
            nm += part % _NM_IN_MM
            part = high * self._nm_3
            mm += high * self._mm_3 + part // _NM_IN_MM
            nm += part % _NM_IN_MM
            mm += nm // _NM_IN_MM
            nm %= _NM_IN_MM
            m = middle * self._m_2 + high * self._m_3
        self.nm = nm
        self.mm = mm % 1000
        self.m = m + mm // 1000


def _times_1024(m, mm, nm):
    """1024 times a length: m up to 1024, mm up to 1000, nm below 1 000 000."""
    nm *= 1024
    mm = mm * 1024 + nm // _NM_IN_MM
    return m * 1024 + mm // 1000, mm % 1000, nm % _NM_IN_MM
