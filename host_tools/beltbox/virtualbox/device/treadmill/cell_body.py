"""What the metal of a load cell does wrong: it bows, has play, creeps, and minds the place."""

import math

_FULL_MN = 500_000.0
_CREEP_US = 60e6


class CellBody:
    """Turns what presses the rail into what the bridge feels."""

    FAULTS = (
        "nonlinearity_percent",
        "hysteresis_percent",
        "creep_percent",
        "position_percent",
    )

    def __init__(self, cell):
        self._bow = cell["nonlinearity_percent"] / 100.0
        self._play_mn = cell["hysteresis_percent"] / 100.0 * _FULL_MN
        self._creep = cell["creep_percent"] / 100.0
        self._position = cell["position_percent"] / 100.0
        self._lever_mn = 0.0
        self._held_mn = 0.0  # where the play holds the reading
        self._crept_mn = 0.0
        self._t_us = None

    def hang(self, force_n, place):
        """A weight hangs at a place from -1 to 1."""
        self._lever_mn = force_n * 1000.0 * self._position * place

    def felt_mn(self, force_mn, t_us):
        """What the bridge feels at `t_us`, which never falls."""
        force_mn += self._lever_mn
        # A parabola: nothing at 0 and at full load, most at half.
        bowed_mn = force_mn + 4.0 * self._bow * force_mn * (1.0 - force_mn / _FULL_MN)
        half_mn = self._play_mn / 2.0
        self._held_mn = max(bowed_mn - half_mn, min(bowed_mn + half_mn, self._held_mn))
        if self._t_us is not None:
            part = 1.0 - math.exp((self._t_us - t_us) / _CREEP_US)
            self._crept_mn += (self._creep * bowed_mn - self._crept_mn) * part
        self._t_us = t_us
        return self._held_mn + self._crept_mn
