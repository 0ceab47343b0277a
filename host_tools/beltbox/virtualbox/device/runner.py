"""Power the board up, run its boot.py and main.py, see to its resets. Entry point: `main`."""

import binascii
import gc
import json
import os
import select
import sys

import vfs

from . import factory, modules
from .board import board
from .clock import BoxEnd, BoxReset, clock
from .flash import Flash
from .line import CTRL_C
from .repl import FRIENDLY, Repl
from .shadow import machine as _machine
from .treadmill.truth import Truth
from .treadmill.world import World
from .uart import Input, Output, Receiver

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


class _Control:
    """The supervisor's side channel: JSON lines on an inherited file descriptor."""

    def __init__(self, descriptor, world):
        self._file = open(descriptor, "rb")  # noqa: SIM115
        self._poller = select.poll()
        self._poller.register(self._file, select.POLLIN)
        self._world = world

    def watch(self, poller):
        """Have `poller` see what arrives."""
        poller.register(self._file, select.POLLIN)

    def look(self):
        """Carry out what has arrived."""
        for _ in self._poller.ipoll(0):
            line = self._file.readline()
            if not line:
                clock.interrupt(BoxEnd("the supervisor has gone"))
                return
            self._world.do(json.loads(line))


class _Life:
    """The board from power-up to the scenario's end; `names` are those of `__main__`."""

    def __init__(self, config, receiver, stdout, names):
        self._config = config
        self._receiver = receiver
        self._stdout = stdout
        self._names = names
        self._repl = Repl(receiver, stdout, names, modules.banner(config["machine"]))
        self._first_modules = ()

    def live(self):
        """Ends with BoxEnd."""
        modules.replace(
            self._config,
            self._receiver,
            Input(self._receiver),
            self._stdout,
            self._repl.read_line,
        )
        self._first_modules = set(sys.modules)
        cause = "power"
        while True:
            try:
                self._reset(cause)
                while True:
                    if not self._start():
                        self._repl.run()
                    self._soft_reset()
            except BoxReset as reset:
                cause = reset.args[0]
                clock.clear_interrupt()

    def _start(self):
        """Run boot.py and main.py as the board does; True when one of them wants a soft reset."""
        if self._run("boot.py"):
            return True
        if self._repl.mode != FRIENDLY:
            return False
        if self._receiver.take_out(CTRL_C):
            # On the chip it would have been lost with what else came too early, and mpremote would
            # wait for ever; a person tries again.
            clock.interrupt(KeyboardInterrupt())
        return self._run("main.py")

    def _run(self, name):
        source = factory.read("/" + name)
        if source is None:
            return False
        self._names["__file__"] = name
        return self._repl.execute(source, name=name)

    def _soft_reset(self):
        self._stdout.write("MPY: soft reboot\n")
        board.reset_cause = _machine.SOFT_RESET
        self._forget()
        clock.advance(_SOFT_RESET_US)

    def _reset(self, cause):
        """Back to the state after a hard reset, with the ROM's words on the port."""
        code, rom_name = RESETS[cause]
        self._receiver.interrupt_byte = -1
        self._receiver.clear()
        self._repl.mode = FRIENDLY
        board.flash = board.flash.successor()
        self._forget()
        vfs.umount("/")
        vfs.mount(vfs.VfsLfs2(board.flash), "/")
        os.chdir("/")
        board.flash.timed = True
        if cause == "watchdog":
            self._stdout.write("E (0) task_wdt: Task watchdog got triggered. Aborting.\n")
        self._stdout.write(_ROM_TEXT % rom_name)
        board.reset()
        board.reset_cause = code
        if cause != "power":
            clock.boot_us = clock.now_us
        board.world.boots += 1
        clock.advance(_BOOT_US)

    def _forget(self):
        """Memory as after a start: no names, no modules, nothing mounted but the root."""
        self._names.clear()
        self._names["__name__"] = "__main__"
        for name in list(sys.modules):
            if name not in self._first_modules:
                del sys.modules[name]
        sys.path[:] = modules.PATH
        self._receiver.interrupt_byte = -1
        os.chdir("/")
        for _, place in vfs.mount():
            if place != "/":
                vfs.umount(place)
        gc.collect()


def main(config_path):
    """Run the box that the JSON file at `config_path` describes until its scenario ends.

    What goes wrong in the virtual box itself is told on stderr, with status 1.
    """
    try:
        _run_box(config_path)
    except Exception as error:
        sys.print_exception(error, sys.stderr)
        sys.exit(1)


def _run_box(config_path):
    import __main__

    with open(config_path) as file:
        config = json.load(file)
    start_us = config["clock_start_us"]
    truth = Truth(config["truth"], start_us) if config["truth"] else None
    world = World(config, clock, truth)
    control = _Control(config["control_fd"], world)
    board.flash = Flash(open(config["flash"], "r+b"), config["flash_blocks"], clock)  # noqa: SIM115
    board.unique_id = binascii.unhexlify(config["serial_number"])
    board.tick_cost_us = config["tick_cost_us"]
    board.wire(world, config["pins"])
    factory.prepare(board.flash, config)
    receiver = Receiver(sys.stdin.buffer)
    stdout = Output(receiver, sys.stdout.buffer)

    def look():
        control.look()
        if receiver.look():
            world.do_start()
        if world.started and not config["stop_when_idle"]:
            receiver.on_idle = None

    if config["wait_for_host"] or config["stop_when_idle"]:
        # A program that can only wait for the host's byte stops the clock until it is there.
        coming = select.poll()
        coming.register(sys.stdin.buffer, select.POLLIN)
        control.watch(coming)
        receiver.on_idle = coming.poll
    clock.start(start_us, world.step, look)
    world.begin(config["wait_for_host"])
    # The virtual box's own modules are none of the board's.
    for name in list(sys.modules):
        if name.split(".")[0] == __name__.split(".")[0]:
            del sys.modules[name]
    try:
        _Life(config, receiver, stdout, __main__.__dict__).live()
    except BoxEnd:
        pass
    finally:
        if truth is not None:
            truth.close()
