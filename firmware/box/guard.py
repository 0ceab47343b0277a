"""What keeps a box that fails reachable: the watchdog, the count of crashes in a row, safe mode."""

from time import sleep_ms

from machine import RTC, WDT, Pin
from micropython import const

from . import crash
from .identity import reset_cause

# Longer than any stall that the loop has to survive: 500 ms of a USB port whose host is gone, a
# session's file written on a full flash.
_PATIENCE_MS = const(10_000)
# The ESP32's watchdog can't be stopped, and outlasts a soft reset: at the REPL it gets an hour.
# Not more: one build of ESP-IDF counts it in microseconds of 32 bits.
_REPL_MS = const(3_600_000)

_CRASHES = const(3)
# Feedings, ten a second: a crash after half a minute isn't one of a row.
_HEALTHY = const(300)

# In the memory of the RTC, which outlasts every reset but not the power: this mark, the crashes in
# a row, and 1 while the app runs, so that a chip that fell over is known from one that was reset.
_MARK = b"BB"


class Guard:
    """One for all runs of the app since the start.

    `news`: what the next run is to tell a person, or "".
    """

    def __init__(self):
        self.news = ""
        self._rtc = RTC()
        self._dog = None
        self._fed = 0
        self._crashes = 0

    def why_safe(self, board):
        """Why the app must not start now, or None. board: its pin map, or None without one."""
        cause = reset_cause()
        memory = self._rtc.memory()
        if len(memory) == 4 and memory[:2] == _MARK and cause != "power":
            # A reset that neither Ctrl-C nor the button came before: the chip panicked.
            self._crashes = memory[2] + (memory[3] and cause == "hard")
        reason = None
        if board is not None and _held(board.BOOT_BUTTON) and not _held(board.FREE_PIN):
            reason = "the BOOT button is held. Let go and reset the box"
        elif cause == "watchdog":
            reason = "the watchdog had to reset the box. Reset it to start"
        elif self._crashes >= _CRASHES:
            reason = _too_many("the chip itself")
        self._remember(0 if reason else self._crashes, 0)
        return reason

    def watch(self):
        """The app is about to loop: from now on it must `feed`."""
        self._fed = 0
        self._remember(self._crashes, 1)
        self._dog = WDT(timeout=_PATIENCE_MS)

    def feed(self):
        """The app has ticked; ten times a second."""
        self._dog.feed()  # pyright: ignore[reportOptionalMemberAccess]
        if self._fed < _HEALTHY:
            self._fed += 1
            if self._fed == _HEALTHY:
                self._crashes = 0
                self._remember(0, 0)

    def crashed(self, error):
        """Keep what happened. Why the app must not start again now, or None."""
        self._crashes += 1
        too_many = self._crashes >= _CRASHES
        self._remember(0 if too_many else self._crashes, 0)
        text = "%s: %s" % (type(error).__name__, error)
        if self._dog is not None:
            self._dog.feed()  # keeping it takes a flash write
        try:
            self.news = "crash %d, started again: %s" % (crash.keep(error), text)
        except (OSError, ValueError, MemoryError):
            self.news = "a crash, not kept, started again: %s" % text
        return _too_many(text) if too_many else None

    def rest(self):
        """Hand over to the REPL: whatever comes, the watchdog gives it time."""
        while True:
            try:
                self._remember(0, 0)
                if self._dog is not None:
                    WDT(timeout=_REPL_MS)
                return
            except KeyboardInterrupt:
                pass  # a second Ctrl-C

    def _remember(self, crashes, running):
        self._rtc.memory(_MARK + bytes((crashes, running)))


def _too_many(last):
    return "%d crashes in a row, the last: %s" % (_CRASHES, last)


def _held(button):
    """Whether the pin is low for 50 ms; it has a pull-up."""
    pin = Pin(button, Pin.IN, Pin.PULL_UP)
    for _ in range(5):
        if pin.value():
            return False
        sleep_ms(10)
    return True
