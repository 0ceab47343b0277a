"""Who this box is: what its first sentence says."""

import sys

import machine
from esp32 import NVS

from beltcore.version import FIRMWARE_VERSION, PROTOCOL_VERSION

_CAUSES = (
    ("PWRON_RESET", "power"),
    ("HARD_RESET", "hard"),
    ("WDT_RESET", "watchdog"),
    ("DEEPSLEEP_RESET", "sleep"),
    ("SOFT_RESET", "soft"),
)


def count_boot():
    """The number of this start, 1 for the first, kept in the chip's key-value store."""
    store = NVS("beltbox")
    try:
        boots = store.get_i32("boots")
    except OSError:
        boots = 0
    boots = (boots + 1) & 0x3FFFFFFF
    store.set_i32("boots", boots)
    store.commit()
    return boots


def count_power():
    """Count this power-up, if it is one. Once a start of MicroPython."""
    if reset_cause() == "power":
        store = NVS("beltbox")
        store.set_i32("powers", (power() + 1) & 0x3FFFFFFF)
        store.commit()


def power():
    """The number of this power-up, 0 when none was counted."""
    try:
        return NVS("beltbox").get_i32("powers")
    except OSError:
        return 0


def reset_cause():
    """Why the chip started, in a word."""
    cause = machine.reset_cause()
    for name, word in _CAUSES:
        if getattr(machine, name, None) == cause:
            return word
    return "unknown"


def write(writer, boots, board, box_name, settings_hash):
    """Write the identity sentence: boots as count_boot gave it, the others texts."""
    version = sys.implementation.version
    texts = (
        FIRMWARE_VERSION,
        board,
        box_name,
        reset_cause(),
        settings_hash,
        "%d.%d.%d" % (version[0], version[1], version[2]),
    )
    writer.identity(PROTOCOL_VERSION, boots, texts)
