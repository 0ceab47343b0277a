"""`time` of the ESP32 on simulated time."""

import time as _real

from ..clock import TICKS_MASK, clock

_TICKS_US = 2
_HALF = (TICKS_MASK + 1) // 2
# The ESP32's epoch is 2000-01-01, the unix port's 1970-01-01.
_EPOCH_S = 946_684_800

_advance = clock.advance


def ticks_us():
    _advance(_TICKS_US)
    return (clock.now_us - clock.boot_us) & TICKS_MASK


def ticks_ms():
    _advance(_TICKS_US)
    return ((clock.now_us - clock.boot_us) // 1000) & TICKS_MASK


def ticks_cpu():
    _advance(_TICKS_US)
    return ((clock.now_us - clock.boot_us) * 160) & TICKS_MASK


def ticks_diff(end, start):
    return ((end - start + _HALF) & TICKS_MASK) - _HALF


def ticks_add(ticks, delta):
    return (ticks + delta) & TICKS_MASK


def sleep_us(us):
    _advance(max(us, 0) + 1)


def sleep_ms(ms):
    _advance(max(ms, 0) * 1000 + 1)


def sleep(seconds):
    _advance(int(max(seconds, 0) * 1_000_000) + 1)


def time():
    _advance(_TICKS_US)
    return clock.now_us // 1_000_000


def time_ns():
    _advance(_TICKS_US)
    return clock.now_us * 1000


def gmtime(seconds=None):
    return _real.gmtime((time() if seconds is None else seconds) + _EPOCH_S)


def mktime(date):
    return _real.mktime(date) - _EPOCH_S


localtime = gmtime
