"""Simulated time: what moves it, how fast it may run beside real time, what interrupts it."""

import time as _real_time

STEP_US = 1000
TICKS_MASK = (1 << 30) - 1
# A box that has fallen this far behind (the computer was busy, the port stalled) doesn't sprint.
_FORGIVEN_LAG_US = 100_000


class BoxReset(BaseException):
    """The processor starts again; argument: the reset's cause, a key of runner.RESETS."""


class BoxEnd(BaseException):
    """The scenario is over, or the supervisor has gone."""


class Clock:
    """Microseconds since power-up, moved by hardware calls only.

    The world is integrated one step ahead of `now_us`, so what a call sees inside a step can be
    interpolated exactly, and what happens doesn't depend on how the program slices its time.
    """

    def __init__(self):
        self.now_us = 0
        self.boot_us = 0
        self.horizon_us = 0
        # At this time `advance` has more to do than to add: the horizon, or 0 when interrupted.
        self._alarm_us = 0
        self._pending = None
        self._on_step = None
        self._on_pace = None
        self._speed = 1.0
        self._pace_at_us = 0
        self._anchor_us = 0
        self._real_anchor_us = 0
        self._new_object = None
        # Runs interrupts that are due; gives the time of the next.
        self.on_irq = None

    def start(self, start_us, on_step, on_pace):
        """Begin at `start_us`; `on_step(t_us)` integrates 1 ms, `on_pace()` looks at the host."""
        self.now_us = self.horizon_us = self._alarm_us = self._pace_at_us = start_us
        self._on_step = on_step
        self._on_pace = on_pace

    def set_speed(self, speed):
        """Simulated seconds in a real second at most; 0 for as fast as it goes."""
        self._speed = speed
        self._anchor()

    def ticks_us(self):
        """What time.ticks_us reads now: 0 .. 2**30 - 1."""
        return (self.now_us - self.boot_us) & TICKS_MASK

    def advance(self, cost_us):
        """Let time pass. Raises what `interrupt` asked for."""
        self.now_us += cost_us
        if self.now_us >= self._alarm_us:
            self._roll()
            if self._pending is not None:
                self._raise_pending()
            if self.on_irq is not None:
                self._alarm_us = min(self.on_irq(), self.horizon_us)

    def advance_quietly(self, cost_us):
        """Let time pass inside C code (the filesystem) that an exception must not cross."""
        end_us = self.now_us + cost_us
        while self.now_us < end_us:
            pending = self._pending
            self._pending = None
            self.now_us = end_us
            self._roll()
            if pending is not None:
                self.interrupt(pending)
                return

    def interrupt(self, exception):
        """Raise `exception` out of the hardware call in progress, or the next one.

        A reset or an end is raised again and again until the program has really stopped: on a
        chip no `except` or `finally` stands in its way.
        """
        if self._pending is None or isinstance(self._pending, KeyboardInterrupt):
            self._pending = exception
        self._alarm_us = 0

    def clear_interrupt(self):
        self._pending = None
        self._alarm_us = self.horizon_us

    def take_keyboard_interrupt(self):
        """Whether a Ctrl-C has come that no hardware call has raised yet; it is used up."""
        if not isinstance(self._pending, KeyboardInterrupt):
            return False
        self.clear_interrupt()
        return True

    def stopped(self):
        """Whether a reset or the end has come: from here on nothing that a program does counts."""
        return self._pending is not None and not isinstance(self._pending, KeyboardInterrupt)

    def _raise_pending(self):
        exception = self._pending
        if isinstance(exception, KeyboardInterrupt):
            self.clear_interrupt()
        raise exception

    def _roll(self):
        while self.now_us >= self.horizon_us:
            if self._pending is not None:
                # Interrupted in the middle of a long sleep: the rest of it doesn't happen.
                self.now_us = self.horizon_us
                return
            self._on_step(self.horizon_us)
            # A step's own memory, freed at its end, would be its successor's again and again, and
            # MicroPython's allocator searches from there through all of the world's garbage. A new
            # object takes its place: 40 times faster under a program that only waits.
            self._new_object = [self.horizon_us]
            self.horizon_us += STEP_US
            if self.horizon_us >= self._pace_at_us:
                self._pace()
        if self._pending is None:
            self._alarm_us = self.horizon_us

    def _pace(self):
        self._on_pace()
        if not self._speed:
            self._pace_at_us = self.horizon_us + 20 * STEP_US
            return
        self._pace_at_us = self.horizon_us + max(STEP_US, int(self._speed * STEP_US))
        real_us = _real_time.ticks_us() - self._real_anchor_us
        ahead_us = int((self.horizon_us - self._anchor_us) / self._speed) - real_us
        if ahead_us > 0:
            _real_time.sleep_us(ahead_us)
        elif ahead_us < -_FORGIVEN_LAG_US:
            self._anchor()

    def _anchor(self):
        self._anchor_us = self.horizon_us
        self._real_anchor_us = _real_time.ticks_us()


clock = Clock()
