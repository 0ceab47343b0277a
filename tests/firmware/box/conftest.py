"""Stand-ins for the modules that only the device has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

_MACHINE = """
PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = range(1, 6)
cause = PWRON_RESET
# What the chips under the drivers do: tests put their own in.
chip = None
pin_levels = {}
rtc_memory = b""
watchdog = []


def reset_cause():
    return cause


def unique_id():
    return bytes((0xA0, 1, 2, 3, 4, 0xFF))


def disable_irq():
    chip.masked += 1
    return chip.masked


def enable_irq(state):
    assert state == chip.masked
    chip.masked -= 1


class Pin:
    IN, OUT, PULL_UP = range(3)

    def __init__(self, number, *args, value=None):
        self.number = number

    def value(self, value=None):
        if chip is None:
            return pin_levels.get(self.number, 1)
        if value is None:
            return chip.dout()
        chip.clock(value)


class RTC:
    def memory(self, data=None):
        global rtc_memory
        if data is None:
            return rtc_memory
        rtc_memory = bytes(data)


class WDT:
    def __init__(self, timeout):
        watchdog.append(timeout)

    def feed(self):
        watchdog.append("fed")


class SPI:
    def __init__(self, *args, **kwargs):
        pass

    def write(self, data):
        for byte in data:
            for bit in range(7, -1, -1):
                chip.clock(byte >> bit & 1)

    def write_readinto(self, data, into):
        for index, byte in enumerate(data):
            found = 0
            for bit in range(7, -1, -1):
                chip.clock(byte >> bit & 1)
                found = found << 1 | chip.dout()
            into[index] = found


class Encoder:
    raw = 0

    def __init__(self, *args, **kwargs):
        pass

    def value(self):
        return Encoder.raw
"""
_ESP32 = """
stored = {}


class NVS:
    def __init__(self, namespace):
        self._namespace = namespace
        self._new = {}

    def get_i32(self, key):
        if (self._namespace, key) not in stored:
            raise OSError("ESP_ERR_NVS_NOT_FOUND")
        return stored[self._namespace, key]

    def set_i32(self, key, value):
        self._new[self._namespace, key] = value

    def commit(self):
        stored.update(self._new)
"""


@pytest.fixture
def on_box(on_micropython64) -> Callable[..., list[str]]:
    """on_box(script, files): the lines that a script prints; `machine` and `esp32` stand in."""

    def run(script: str, files: dict[str, str] | None = None) -> list[str]:
        shadows = {"machine.py": _MACHINE, "esp32.py": _ESP32}
        return on_micropython64(script, shadows | (files or {})).splitlines()

    return run
