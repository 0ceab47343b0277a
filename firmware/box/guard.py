"""What keeps a box that fails reachable: the watchdog, the count of crashes in a row, safe mode."""

from machine import RTC, WDT
from micropython import const

from .rare import Rare

# Longer than any stall that the loop has to survive: 500 ms of a USB port whose host is gone, a
# session's file written on a full flash.
_PATIENCE_MS = const(10_000)
# The ESP32's watchdog can't be stopped, and outlasts a soft reset: at the REPL it gets an hour.
# Not more: one build of ESP-IDF counts it in microseconds of 32 bits.
_REPL_MS = const(3_600_000)

CRASHES = const(3)
# Feedings, ten a second: a crash after half a minute isn't one of a row.
_HEALTHY = const(300)

# In the memory of the RTC, which outlasts every reset but not the power: this mark, the crashes in
# a row, and 1 while the app runs in its first half minute, so that a chip that fell over is known
# from one that was reset; afterwards 2, so that a watchdog is ours only if the app ran.
MARK = b"BB"


class Guard:
    """One for all runs of the app since the start.

    `news`: what the next run is to tell a person, or ""; `crashes`: so many in a row.
    """

    def __init__(self):
        self.news = ""
        self._rtc = RTC()
        self._dog = None
        self._fed = 0
        self.crashes = 0

    def watch(self):
        """The app is about to loop: from now on it must `feed`."""
        self._fed = 0
        self.remember(self.crashes, 1)
        self._dog = WDT(timeout=_PATIENCE_MS)

    def feed(self):
        """The app has ticked; ten times a second."""
        self._dog.feed()  # pyright: ignore[reportOptionalMemberAccess]
        if self._fed < _HEALTHY:
            self._fed += 1
            if self._fed == _HEALTHY:
                self.crashes = 0
                self.remember(0, 2)

    def crashed(self, error):
        """Keep what happened. Why the app must not start again now, or None."""
        self.crashes += 1
        enough = self.crashes >= CRASHES
        self.remember(0 if enough else self.crashes, 0)
        text = "%s: %s" % (type(error).__name__, error)
        if self._dog is not None:
            self._dog.feed()  # keeping it takes a flash write
        try:
            with Rare():
                from . import crash

                self.news = "crash %d, started again: %s" % (crash.keep(error), text)
        except (OSError, ValueError, MemoryError, ImportError):
            self.news = "a crash, not kept, started again: %s" % text
        return too_many(text) if enough else None

    def rest(self):
        """Hand over to the REPL: whatever comes, the watchdog gives it time."""
        while True:
            try:
                self.remember(0, 0)
                if self._dog is not None:
                    WDT(timeout=_REPL_MS)
                return
            except KeyboardInterrupt:
                pass  # a second Ctrl-C

    def remember(self, crashes, running):
        """Keep over a reset: the crashes in a row, and 1 or 2 while the app runs."""
        self._rtc.memory(MARK + bytes((crashes, running)))


def too_many(last):
    """The reason of safe mode; last: what crashed last."""
    return "%d crashes in a row, the last: %s" % (CRASHES, last)
