"""The quadrature encoder on the belt and the 16-bit counters (PCNT) that count it."""

import math

# MicroPython's Encoder on the ESP32 lets the counter run to this limit, where the hardware
# starts it again at zero and an interrupt adds the limit to a wider sum (esp32_pcnt.c).
_LIMIT = 32767


class EncoderShaft:
    """The signal source. `edges` numbers the quadrature states since power-up."""

    def __init__(self, mm_per_count, direction):
        self._mm_per_count = mm_per_count
        self._direction = direction
        self._lost = None
        self._lost_at = 0
        self._offset = 0
        self._slipped_mm = 0.0

    def edges(self, position_mm):
        """The number of the state that a decoder believes in, given what its wires tell it."""
        true = self._true(position_mm)
        if self._lost is not None:
            true = self._lost_at + self._wiggle(true)
        return true + self._offset

    def levels(self, position_mm):
        """Levels of A and B."""
        state = self._true(position_mm)
        a = 0 if self._lost == "a" else ((state + 1) >> 1) & 1
        b = 0 if self._lost == "b" else (state >> 1) & 1
        return a, b

    def lose(self, wire, position_mm):
        """Cut wire "a" or "b", or mend both with None."""
        before = self.edges(position_mm)
        self._lost = wire
        self._lost_at = self._true(position_mm)
        self._offset = 0
        # What was counted until now stays; only what follows is different.
        self._offset = before - self.edges(position_mm)

    def slip(self, way_mm):
        """The wheel stands still while the belt moves by so much: that is never counted."""
        self._slipped_mm += way_mm

    def _true(self, position_mm):
        return self._direction * math.floor((position_mm - self._slipped_mm) / self._mm_per_count)

    def _wiggle(self, state):
        # With one wire dead, the other's edges count up and down again: no way is made.
        return ((state if self._lost == "a" else state + 1) >> 1) & 1


class Counter:
    """One PCNT unit, extended by software as MicroPython's Encoder does."""

    def __init__(self, edges, edges_per_count, filter_ns=0):
        """filter_ns: shorter levels of a wire are none; each lasts two edges."""
        self._edges = edges
        self._filter_ns = filter_ns
        self._looked_us = 0
        self._edges_per_count = edges_per_count
        self._seen = self._now()
        self._hardware = 0
        self._limits = 0

    def value(self, now_us):
        """The extended count."""
        now = self._now()
        moved = now - self._seen
        self._seen = now
        if abs(moved) * self._edges_per_count * self._filter_ns > 2000 * (now_us - self._looked_us):
            moved = 0
        self._looked_us = now_us
        hardware = self._hardware + moved
        while hardware >= _LIMIT:
            hardware -= _LIMIT
            self._limits += 1
        while hardware <= -_LIMIT:
            hardware += _LIMIT
            self._limits -= 1
        self._hardware = hardware
        return self._limits * _LIMIT + hardware

    def _now(self):
        return self._edges() // self._edges_per_count
