"""Power the board up, run the firmware, see to its resets. Entry point: `main`."""

import binascii
import builtins
import gc
import io
import json
import os
import select
import sys

import micropython
import vfs

from . import console
from .board import board
from .clock import BoxEnd, BoxReset, clock
from .flash import Flash
from .shadow import esp32 as _esp32
from .shadow import machine as _machine
from .shadow import time as _time
from .truth import Truth
from .uart import Uart
from .world import World

_HOST = "/_host"
_SETTINGS = "/settings.json"
_BOOT_US = 300_000
_SOFT_RESET_US = 50_000

# cause -> (machine.reset_cause(), what the ROM calls it)
RESETS = {
    "power": (_machine.PWRON_RESET, "rst:0x1 (POWERON_RESET)"),
    "button": (_machine.PWRON_RESET, "rst:0x1 (POWERON_RESET)"),
    "software": (_machine.HARD_RESET, "rst:0xc (SW_CPU_RESET)"),
    "watchdog": (_machine.WDT_RESET, "rst:0xc (SW_CPU_RESET)"),
}
_ROM_TEXT = """ets Jul 29 2019 12:21:46

%s,boot:0x13 (SPI_FAST_FLASH_BOOT)
configsip: 0, SPIWP:0xee
clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00
mode:DIO, clock div:2
load:0x3fff0030,len:4892
ho 0 tail 12 room 4
load:0x40078000,len:14896
load:0x40080400,len:4
load:0x40080404,len:3372
entry 0x400805b0
"""


class _Copy:
    """A module's names, some of them replaced: built-in modules can't be changed in place."""

    def __init__(self, module, replaced):
        for name in dir(module):
            if not name.startswith("__"):
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


def _shadow_modules():
    collector = _Collector()
    sys.modules["time"] = _time
    sys.modules["machine"] = _machine
    sys.modules["esp32"] = _esp32
    sys.modules["os"] = _Copy(os, {"sync": lambda: None})
    sys.modules["gc"] = _Copy(
        gc,
        {
            "enable": collector.enable,
            "disable": collector.disable,
            "isenabled": collector.isenabled,
        },
    )
    sys.modules["micropython"] = _Copy(
        micropython, {"alloc_emergency_exception_buf": lambda size: None}
    )
    uart = Uart(sys.stdout.buffer)
    sys.modules["sys"] = _Copy(sys, {"platform": "esp32", "stdout": uart})
    builtins.print = uart.print


class _Control:
    """The supervisor's side channel: JSON lines on an inherited file descriptor."""

    def __init__(self, descriptor, world):
        self._file = open(descriptor, "rb")  # noqa: SIM115
        self._poller = select.poll()
        self._poller.register(self._file, select.POLLIN)
        self._world = world

    def look(self):
        """Carry out what has arrived."""
        for _ in self._poller.ipoll(0):
            line = self._file.readline()
            if not line:
                clock.interrupt(BoxEnd("the supervisor has gone"))
                return
            self._world.do(json.loads(line))


def _mount(flash, config):
    """Make the flash the root, with the firmware and the settings on it. Factory work."""
    if config["flash_is_new"]:
        vfs.VfsLfs2.mkfs(flash)
    root = vfs.VfsLfs2(flash)
    host = vfs.VfsPosix(config["firmware"])
    vfs.umount("/")
    vfs.mount(root, "/")
    vfs.mount(host, _HOST)
    for name in config["files"]:
        _make_folders(name)
        _write_if_new("/" + name, _read(_HOST + "/" + name))
    if _read(_SETTINGS) is None:
        _write_if_new(_SETTINGS, json.dumps(config["settings"]).encode())
    vfs.umount(_HOST)
    os.chdir("/")


def _make_folders(name):
    parts = name.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        folder = "/" + "/".join(parts[:count])
        try:
            os.mkdir(folder)
        except OSError:
            os.stat(folder)  # raises if it is missing for another reason than being there


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _write_if_new(path, content):
    if _read(path) != content:
        with open(path, "wb") as file:
            file.write(content)


def _reset(cause):
    """Back to the state after a hard reset, with the ROM's words on the port."""
    code, rom_name = RESETS[cause]
    if cause == "watchdog":
        console.write("E (0) task_wdt: Task watchdog got triggered. Aborting.\n")
    console.write(_ROM_TEXT % rom_name)
    board.reset()
    board.reset_cause = code
    if cause != "power":
        clock.boot_us = clock.now_us
    board.world.boots += 1
    _pass(_BOOT_US)


def _pass(time_us):
    """Time in which no program runs that Ctrl-C could stop."""
    try:
        clock.advance(time_us)
    except KeyboardInterrupt:
        pass


def _run(path):
    """Run a file as the board does at start. False when it ended for good, True to start again."""
    text = _read(path)
    if text is None:
        return False
    try:
        exec(compile(text.decode(), path[1:], "exec"), {"__name__": "__main__", "__file__": path})
    except SystemExit:
        return True
    except (BoxReset, BoxEnd):
        raise
    except BaseException as error:
        buffer = io.StringIO()
        sys.print_exception(error, buffer)
        console.write(buffer.getvalue())
    return False


def _forget(modules_before):
    for name in list(sys.modules):
        if name not in modules_before:
            del sys.modules[name]
    gc.collect()


def _live():
    """The board's whole life. Ends with BoxEnd."""
    modules_before = set(sys.modules)
    cause = "power"
    while True:
        try:
            _reset(cause)
            while True:
                again = _run("/boot.py") or _run("/main.py")
                if not again:
                    console.idle()
                console.write("MPY: soft reboot\n")
                board.reset_cause = _machine.SOFT_RESET
                _forget(modules_before)
                _pass(_SOFT_RESET_US)
        except BoxReset as reset:
            cause = reset.args[0]
            clock.clear_interrupt()
            _forget(modules_before)


def main(config_path):
    """Run the box that the JSON file at `config_path` describes until its scenario ends."""
    with open(config_path) as file:
        config = json.load(file)
    start_us = config["clock_start_us"]
    truth = Truth(config["truth"], start_us) if config["truth"] else None
    world = World(config, clock, truth)
    control = _Control(config["control_fd"], world)
    flash = Flash(config["flash"], clock)
    board.flash = flash
    board.unique_id = binascii.unhexlify(config["serial_number"])
    board.tick_cost_us = config["tick_cost_us"]
    board.wire(world, config["pins"])
    _mount(flash, config)
    flash.timed = True
    sys.path[:] = ["", ".frozen", "/lib"]
    _shadow_modules()
    clock.start(start_us, world.step, control.look)
    world.begin(config["wait_for_host"])
    try:
        _live()
    except BoxEnd:
        pass
    finally:
        if truth is not None:
            truth.close()
