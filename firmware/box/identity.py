"""Who this box is: what its first sentence says."""

import sys

import machine
from esp32 import NVS

from beltcore.version import FIRMWARE_VERSION

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


def reset_cause():
    """Why the chip started, in a word."""
    cause = machine.reset_cause()
    for name, word in _CAUSES:
        if getattr(machine, name, None) == cause:
            return word
    return "unknown"


def texts(board, box_name, settings_hash):
    """The texts of the identity sentence, in its order."""
    version = sys.implementation.version
    return (
        FIRMWARE_VERSION,
        board,
        box_name,
        reset_cause(),
        settings_hash,
        "%d.%d.%d" % (version[0], version[1], version[2]),
    )
