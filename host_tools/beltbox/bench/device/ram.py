"""RAM of the running firmware: see ../ram.py, which calls these in the root of a box's flash.

The 32-bit MicroPython collects only between two statements of top_level.mjs: each function is one.
"""

import gc
import sys

sys.path[0:0] = ["stub", "firmware-a"]

# The 32-bit build has Python files over some built-in modules, whose names would take RAM that the
# ESP32's don't take: here are the built-in ones themselves.
for _name in ("binascii", "io", "os"):
    sys.modules[_name] = __import__("u" + _name)


class _Os:
    """The built-in one, with what this build lacks and the ESP32 has."""

    @staticmethod
    def urandom(count):
        return bytes(count)


for _name in dir(sys.modules["os"]):
    if not hasattr(_Os, _name):
        setattr(_Os, _name, getattr(sys.modules["os"], _name))
sys.modules["os"] = _Os


class _Time:
    """Simulated: what the firmware does, and so keeps, mustn't depend on how busy a computer is."""

    def __init__(self):
        self._us = 0

    def ticks_us(self):
        self._us = (self._us + 20) & 0x3FFFFFFF
        return self._us

    def ticks_ms(self):
        return self.ticks_us() // 1000

    def ticks_diff(self, end, start):
        return end - start

    def ticks_add(self, ticks, delta):
        return ticks + delta

    def sleep_us(self, us):
        self._us += us

    def sleep_ms(self, ms):
        self._us += ms * 1000

    def time(self):
        return self._us // 1_000_000


sys.modules["time"] = _Time()

import esp32  # noqa: E402, F401
import machine  # noqa: E402, F401

_FEEDINGS = 3
_alive = []
_used = []


def mark():
    """Note what is in use now."""
    gc.collect()
    _used.append(gc.mem_alloc())


def loop():
    """Start the box as main.py does, let it loop, and stop it as Ctrl-C does; all stays alive."""
    from box import app, guard, start

    app.App = _kept(app.App)
    start.Guard = _kept(start.Guard)
    guard.Guard.crashed = _fail
    guard.WDT = _Dog
    try:
        start.run()
    except KeyboardInterrupt:
        pass
    gc.collect()


def report():
    """What came into use between the marks, in bytes, after what the box wrote."""
    print("\n%d" % (_used[1] - _used[0]))


class _Dog:
    """Stops the loop as Ctrl-C does."""

    def __init__(self, **_options):
        self._left = _FEEDINGS

    def feed(self):
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt


def _fail(_guard, error):
    """A crash is none that the box survives here, and isn't written to this machine's disk."""
    raise error


def _kept(kind):
    def make(*arguments):
        made = kind(*arguments)
        _alive.append(made)
        return made

    return make
