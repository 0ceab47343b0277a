"""A small random generator of our own: MicroPython's differs between builds."""

import math


class Rng:
    """Marsaglia's xorshift32: the same numbers everywhere for the same seed and stream."""

    def __init__(self, seed, stream):
        # Neighbouring seeds must not give neighbouring states, and zero is a trap state.
        state = (seed * 2654435761 + stream * 40503 + 0x9E3779B9) & 0xFFFFFFFF
        self._state = state or 1
        for _ in range(8):
            self.bits()

    def bits(self):
        """32 random bits."""
        x = self._state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self._state = x
        return x

    def uniform(self):
        """0.0 <= x < 1.0."""
        return self.bits() / 4294967296.0

    def gauss(self):
        """Mean 0, standard deviation 1 (Box and Muller)."""
        radius = math.sqrt(-2.0 * math.log((self.bits() + 1) / 4294967297.0))
        return radius * math.cos(6.283185307179586 * self.uniform())
