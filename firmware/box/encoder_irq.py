"""The belt's quadrature encoder by interrupts, for chips without a pulse counter (ESP32-C3).

Its limits: 1500 counts a second, at 3 m/s no less than 2 mm a count; and 100 counts a second while
the flash is written. MicroPython runs Pin.irq handlers soft, up to 10 ms late, and keeps 8 waiting;
more are lost without a word. So only the edges of A interrupt (8 in 10 ms are 800 a second, two
counts each), and B is looked at only when the edge before is so long ago that a late look can't see
B's next edge: a belt that turns round comes to rest first. Writing a session's block holds handlers
up for 50 to 100 ms every ten seconds: 16 counts of that time are kept.
"""

from time import ticks_add, ticks_diff, ticks_us

from machine import Pin
from micropython import const

# Between two edges of A, B has one, about halfway: twice the delay, and as much again, because a
# belt that starts gets faster from edge to edge.
_SLOW_US = const(50_000)
# The app asks for the count in every tick. When it hasn't for so long, the flash was written, and a
# long time since the edge before doesn't mean that the belt is slow; nor in the next few ticks.
_HELD_UP_US = const(25_000)
_TIMELY = const(8)
_HALF = const(0x20000000)


class BeltEncoderIrq:
    """Counts as the pulse counter does, two at a time.

    `MOST_HZ`: counts a second that it is sure to see.
    """

    MOST_HZ = 1_500

    def __init__(self, pin_a, pin_b):
        self._a = Pin(pin_a, Pin.IN)
        self._b = Pin(pin_b, Pin.IN)
        self._count = 0
        self._step = 2
        self._edge_us = ticks_us()
        self._asked_us = self._edge_us
        self._timely = 0  # asked so often in time, one after the other
        self._slow = True
        self._a.irq(self._edge, Pin.IRQ_RISING | Pin.IRQ_FALLING)

    def count(self):
        """The count since power-up, -2**29 .. 2**29-1, wrapping: only differences matter."""
        now_us = ticks_us()
        if ticks_diff(now_us, self._asked_us) > _HELD_UP_US:
            self._timely = 0
            self._slow = False
        elif self._timely < _TIMELY:
            self._timely += 1
        elif ticks_diff(now_us, self._edge_us) > _SLOW_US:
            self._slow = True
            # It goes along with the clock, which would have wrapped after nine minutes of rest.
            self._edge_us = ticks_add(now_us, -_SLOW_US - 1)
        self._asked_us = now_us
        return self._count

    def _edge(self, _pin):
        now_us = ticks_us()
        if self._slow and ticks_diff(now_us, self._asked_us) < _HELD_UP_US:
            self._slow = False
            self._step = 2 if self._a.value() != self._b.value() else -2
        self._edge_us = now_us
        count = self._count + self._step
        # Step by step: 2**30 itself would be a long integer.
        if count >= _HALF:
            count = count - _HALF - _HALF
        elif count < -_HALF:
            count = count + _HALF + _HALF
        self._count = count
