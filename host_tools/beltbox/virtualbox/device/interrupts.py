"""Pin.irq as the ESP32 has it: soft handlers, run by the scheduler, late, in a short queue.

An edge puts the handler into a queue of 8, or is lost without a word; a handler takes about 50 us
and doesn't interrupt another. It runs when the hardware call in progress has ended, and never
inside the filesystem's; and because delays of up to 10 ms were seen on boards (MicroPython's issue
#3894), none runs in the first 10 ms of every 100.
"""

_QUEUE = 8
_HANDLER_US = 50
_EVERY_US = 100_000
_LATE_US = 10_000
_NEVER = 1 << 60


class Interrupts:
    """The handlers of one pin's edges, both rising and falling."""

    def __init__(self, clock):
        self._clock = clock
        self._handler = None
        self._pin = None
        self._edges_us = []
        self._queued = 0
        self._busy = False

    def watch(self, pin, handler):
        """Call handler(pin) for each edge from now on; None for no handler."""
        self._handler = handler
        self._pin = pin
        self._edges_us = []
        self._queued = 0
        self._clock.on_irq = None if handler is None else self._run

    def watched(self):
        return self._handler is not None

    def coming(self, edges_us):
        """Edges within the step that the clock is about to go through, in order."""
        self._edges_us += edges_us

    def _run(self):
        """Run what is due; when to be asked again."""
        if self._busy:
            return _NEVER
        clock = self._clock
        while True:
            edges_us = self._edges_us
            passed = 0
            while passed < len(edges_us) and edges_us[passed] <= clock.now_us:
                passed += 1
            del edges_us[:passed]
            self._queued = min(self._queued + passed, _QUEUE)
            into_us = clock.now_us % _EVERY_US
            late = into_us < _LATE_US
            if not self._queued:
                return edges_us[0] if edges_us else _NEVER
            if late:
                return clock.now_us - into_us + _LATE_US
            self._queued -= 1
            self._busy = True
            try:
                clock.advance(_HANDLER_US)
                self._handler(self._pin)
            finally:
                self._busy = False
