"""RAM of the running firmware on the 32-bit MicroPython: see ../ram.py, which calls these.

Its collector runs only between two statements of top_level.mjs, so each function is one of them.
"""

import gc
import sys

sys.path[0:0] = ["/stub", ""]

# This build puts Python files over some built-in modules, whose names would take RAM that the
# ESP32's don't take: here are the built-in ones themselves.
for _name in ("binascii", "io", "os", "time"):
    sys.modules[_name] = __import__("u" + _name)

import esp32  # noqa: E402, F401
import machine  # noqa: E402, F401

_FEEDINGS = 3
_alive = []
_used = []


def mark():
    """Note what is in use now."""
    _used.append(gc.mem_alloc())
    gc.collect()  # at the end of the statement


def name(module):
    """Import a module."""
    __import__(module)
    gc.collect()


def loop():
    """Start the box as main.py does, let it loop, and stop it as Ctrl-C does; all stays alive."""
    from box import app, guard, start

    app.App = _kept(app.App)
    start.Guard = _kept(start.Guard)
    guard.WDT = _Dog
    start.run()
    gc.collect()


def report():
    """The differences between the marks, in bytes."""
    print("\n%s" % [_used[at] - _used[at - 1] for at in range(1, len(_used))])


class _Dog:
    """Stops the loop as Ctrl-C does."""

    def __init__(self, **_options):
        self._left = _FEEDINGS

    def feed(self):
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt


def _kept(kind):
    def make(*arguments):
        made = kind(*arguments)
        _alive.append(made)
        return made

    return make
