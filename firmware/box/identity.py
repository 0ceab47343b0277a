"""Who this box is and how it fares: its first sentence, and the answer to `health`."""

import gc
import os
import sys
from binascii import hexlify
from time import ticks_ms

import machine
from esp32 import NVS

from beltcore import rare_writer
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
    boots = (_kept(store, "boots") + 1) & 0x3FFFFFFF
    store.set_i32("boots", boots)
    store.commit()
    return boots


def count_reset():
    """Count this start by its cause. Once a start of MicroPython."""
    store = NVS("beltbox")
    key = reset_cause() + "s"
    store.set_i32(key, (_kept(store, key) + 1) & 0x3FFFFFFF)
    store.commit()


def power():
    """The number of this power-up, 0 when none was counted."""
    return _kept(NVS("beltbox"), "powers")


def serial():
    """The chip's own number, twelve hexadecimal digits: no other box has it."""
    return str(hexlify(machine.unique_id()), "ascii")


def write_health(writer, send, crashes, tick_mean_us, tick_worst_us):
    """Write how the box fares, in two sentences; `send` is called after each.

    Collects garbage, which holds a tick up for some milliseconds.
    """
    gc.collect()
    block_bytes, _, blocks, free_blocks = os.statvfs("/")[:4]
    numbers = (
        power(),
        ticks_ms() // 1000,  # pyright: ignore[reportOperatorIssue]
        gc.mem_free(),
        gc.mem_alloc(),
        free_blocks * (block_bytes // 1024),
        blocks * (block_bytes // 1024),
        tick_mean_us,
        tick_worst_us,
    )
    rare_writer.health(writer, serial(), numbers)
    send()
    store = NVS("beltbox")
    rare_writer.resets(
        writer,
        [_kept(store, word + "s") for _, word in _CAUSES] + [_kept(store, "unknowns"), crashes],
    )
    send()


def _kept(store, key):
    try:
        return store.get_i32(key)
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
        serial(),
    )
    rare_writer.identity(writer, PROTOCOL_VERSION, boots, texts)
