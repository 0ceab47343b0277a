"""The belt's quadrature encoder on the ESP32's pulse counter."""

from machine import Encoder, Pin
from micropython import const

# Ringing on a long cable is shorter than 1 us; at 3 m/s and 0.1 mm a count an edge lasts 33 us.
_FILTER_NS = const(1_000)

_HALF = const(0x3FFFFFFF)


class BeltEncoder:
    """Counts every edge in hardware, whatever the loop does meanwhile.

    `MOST_HZ`: counts a second that it is sure to see. A level lasts two counts, and must outlast
    the filter also where the edges aren't evenly spaced: half of what would just pass.
    """

    MOST_HZ = 1_000_000_000 // _FILTER_NS

    def __init__(self, pin_a, pin_b):
        self._encoder = Encoder(
            0, Pin(pin_a, Pin.IN), Pin(pin_b, Pin.IN), filter_ns=_FILTER_NS, phases=4
        )

    def count(self):
        """The count since power-up, -2**30 .. 2**30-1, wrapping."""
        value = self._encoder.value()
        if value > _HALF or value < -_HALF:
            value = ((value + _HALF + 1) & 0x7FFFFFFF) - _HALF - 1
        return value
