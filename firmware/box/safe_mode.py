"""Safe mode: whether the app must not start, and saying so. Used once a start: see rare.py."""

from time import sleep_ms

from machine import RTC, Pin

from . import boards, identity
from .guard import CRASHES, MARK, too_many


def why(guard, board):
    """Why the app must not start now, or None. board: its pin map, or None without one."""
    cause = identity.reset_cause()
    memory = RTC().memory()
    ours = False
    if len(memory) == 4 and memory[:2] == MARK and cause != "power":
        # A reset that neither Ctrl-C nor the button came before: the chip panicked.
        guard.crashes = memory[2] + (memory[3] == 1 and cause == "hard")
        # Tools that flash, and emulators, reset by a watchdog, too.
        ours = cause == "watchdog" and (memory[3] > 0 or memory[2] > 0)
    reason = None
    if board is not None and _held(board.BOOT_BUTTON) and not _held(board.FREE_PIN):
        reason = "the BOOT button is held. Let go and reset the box"
    elif ours:
        reason = "the watchdog had to reset the box. Reset it to start"
    elif guard.crashes >= CRASHES:
        reason = too_many("the chip itself")
    guard.remember(0 if reason else guard.crashes, 0)
    return reason


def say(text):
    """Send the sentence. Raises whatever comes of files that are broken."""
    from beltcore import settings
    from beltcore.writer import Writer

    from . import settings_file
    from .port import Port

    port = Port()
    writer = Writer()
    try:
        values = settings_file.load()[0]
        fingerprint = "%04X" % settings.fingerprint(values)
        boots = identity.count_boot()
        identity.write(writer, boots, boards.find().NAME, values["box_name"], fingerprint)
        port.send(writer)
    except (ValueError, OSError):
        pass  # what follows matters more
    writer.log(text)
    port.send(writer)


def _held(button):
    """Whether the pin is low for 50 ms; it has a pull-up."""
    pin = Pin(button, Pin.IN, Pin.PULL_UP)
    for _ in range(5):
        if pin.value():
            return False
        sleep_ms(10)
    return True
