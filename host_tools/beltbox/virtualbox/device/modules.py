"""MicroPython's own modules as a program on the board sees them."""

import builtins
import gc
import os
import sys
from collections import namedtuple

import micropython

from . import traceback
from .shadow import esp32 as _esp32
from .shadow import machine as _machine
from .shadow import select as _select
from .shadow import time as _time

RELEASE = "1.28.0"
_VERSION = "v1.28.0 (BeltBox's virtual box)"
PATH = ("", ".frozen", "/lib")

_Implementation = namedtuple("implementation", ("name", "version", "_machine", "_mpy", "_build"))
_Uname = namedtuple("uname", ("sysname", "nodename", "release", "version", "machine"))

# What only the unix port has.
_NOT_IN_OS = ("errno", "getenv", "putenv", "unsetenv", "system")
_NOT_IN_SYS = ("argv", "atexit", "executable")


class _Copy:
    """A module's names, some of them replaced: built-in modules can't be changed in place."""

    def __init__(self, module, replaced, without=()):
        for name in dir(module):
            if not name.startswith("__") and name not in without:
                setattr(self, name, getattr(module, name))
        for name, value in replaced.items():
            setattr(self, name, value)


class _Collector:
    """`gc` whose collector can't really be turned off: the world makes garbage, too."""

    def __init__(self):
        self._enabled = True

    def enable(self):
        self._enabled = True

    def disable(self):
        self._enabled = False

    def isenabled(self):
        return self._enabled


def banner(machine):
    """What the friendly prompt begins with. machine: MicroPython's words for the board."""
    return 'MicroPython %s; %s\r\nType "help()" for more information.\r\n' % (_VERSION, machine)


def replace(config, receiver, stdin, stdout, read_line):
    """Put the board's modules and functions in the place of the unix port's.

    `read_line(prompt)` is the built-in `input`.
    """
    machine = config["machine"]
    uname = _Uname("esp32", "esp32", RELEASE, _VERSION, machine)
    if not config["has_encoder"]:
        del _machine.Encoder
    collector = _Collector()

    def print_exception(error, file=stdout):
        file.write(traceback.text(error))

    def repl_print(value):
        if value is not None:
            builtins._ = value
            stdout.print(repr(value))

    def kbd_intr(byte):
        receiver.interrupt_byte = byte

    sys.modules["time"] = _time
    sys.modules["machine"] = _machine
    sys.modules["esp32"] = _esp32
    sys.modules["select"] = _select
    sys.modules["os"] = _Copy(os, {"sync": lambda: None, "uname": lambda: uname}, _NOT_IN_OS)
    sys.modules["gc"] = _Copy(
        gc,
        {
            "enable": collector.enable,
            "disable": collector.disable,
            "isenabled": collector.isenabled,
        },
    )
    sys.modules["micropython"] = _Copy(
        micropython, {"alloc_emergency_exception_buf": lambda size: None, "kbd_intr": kbd_intr}
    )
    # `_mpy` stays this interpreter's: native code for the ESP32 would not run here.
    implementation = _Implementation(
        "micropython", (1, 28, 0, ""), machine, sys.implementation._mpy, config["build"]
    )
    sys.modules["sys"] = _Copy(
        sys,
        {
            "platform": "esp32",
            "implementation": implementation,
            "version": "3.4.0; MicroPython " + _VERSION,
            "maxsize": 0x7FFFFFFF,
            "stdin": stdin,
            "stdout": stdout,
            "stderr": stdout,
            "print_exception": print_exception,
        },
        _NOT_IN_SYS,
    )
    builtins.print = stdout.print
    builtins.input = read_line
    builtins.__repl_print__ = repl_print
