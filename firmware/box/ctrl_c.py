"""After a Ctrl-C: the REPL for whoever follows it up, and the app again where nobody does.

The byte 0x03 may be the noise of a bridge whose supply sags, on a power bank far from a computer.
mpremote and its like go on within a second, a person reads a line and presses a key. Loaded only
after a Ctrl-C, and it needs built-in modules alone: the others may have been loaded by halves.
"""

import gc
import select
import sys
from time import ticks_add, ticks_diff, ticks_ms

from machine import RTC, WDT
from micropython import const

_QUIET_MS = const(10_000)
# Each Ctrl-C meanwhile begins the time anew; noise that never ends mustn't stop the box for good.
_LONGEST_MS = const(30_000)
# A Ctrl-C that comes between two `try` leads to the REPL after all. Then the watchdog starts the
# app, because the time at the REPL is set only when somebody is there.
_WATCHDOG_MS = const(60_000)
_REPL_MS = const(3_600_000)  # as guard.py has it


def wait():
    """Return to the REPL if anything comes within ten seconds; else SystemExit, a soft reset.

    What comes isn't read: it is for the REPL.
    """
    RTC().memory(b"")  # no crash of the app's, and no watchdog's reset of it: see guard.py
    WDT(timeout=_WATCHDOG_MS)
    gc.collect()
    print(
        "\nCtrl-C: BeltBox is stopped. Press Enter within %d s for MicroPython's prompt, or it "
        "starts again." % (_QUIET_MS // 1000)
    )
    if not _anything_comes():
        print("Nothing came: BeltBox starts again.")
        raise SystemExit
    WDT(timeout=_REPL_MS)
    print("BeltBox is stopped. Ctrl-D starts it again.")


def _anything_comes():
    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN)
    now_ms = ticks_ms()
    last_ms = ticks_add(now_ms, _LONGEST_MS)
    end_ms = ticks_add(now_ms, _QUIET_MS)
    while True:
        try:
            left_ms = ticks_diff(end_ms, ticks_ms())
            if poll.poll(max(left_ms, 0)):
                return True
            if left_ms <= 0:
                return False
        except KeyboardInterrupt:
            end_ms = ticks_add(ticks_ms(), _QUIET_MS)
            if ticks_diff(last_ms, end_ms) < 0:
                end_ms = last_ms
