"""The loop: encoder and cells, one step, sentences. It never waits for the host."""

import gc
from time import sleep_ms, ticks_diff, ticks_us

from micropython import const

from beltcore import flags, settings
from beltcore.core import Core
from beltcore.sentence import Writer

from . import identity, settings_file
from .console import Console
from .hx711 import OUT_OF_STEP, STUCK
from .port import Port

_PERIOD_US = const(12_500)
# A cell that leads the ticks is waited for a little longer than its period, then the timer ticks.
_PATIENCE_US = const(14_000)
# A DOUT that is always low must not make more ticks than there is time for.
_SHORTEST_US = const(10_000)

# Of 80 ticks a second: DST and NOW ten times, ZON once.
_NOW_TICKS = const(8)
_ZONES_TICKS = const(80)


class App:
    """The box at work. The console changes `settings`, `raw_on`, `stream_on`, `totals_due`."""

    def __init__(self, board):
        self.raw_on = False
        self.stream_on = True
        self.totals_due = False
        self.settings, self._damage = settings_file.load()
        self._board = board
        self._boots = identity.count_boot()
        self._port = Port()
        self._writer = Writer()
        self._console = Console(self)
        self._encoder = _encoder(board)
        self._left = None
        self._right = None
        self._core = Core(self.settings)
        self._ticks = 0
        self._ticked_us = ticks_us()
        self._find_cells()

    def run(self, guard):
        """For ever, or until Ctrl-C. guard: told of ticks, so that a loop without any is reset."""
        self.identify()
        for text in (guard.news, self._damage):
            if text:
                self.log(text)
        self.begin()
        gc.collect()
        guard.watch()
        while True:
            now_us = ticks_us()
            if self._due(now_us):
                self._tick(now_us)
                if self._ticks % _NOW_TICKS == 0:
                    guard.feed()
            else:
                sleep_ms(1)
            line = self._port.line()
            if line is not None:
                self._console.take(line)

    def identify(self):
        """Send the identity."""
        identity.write(
            self._writer, self._boots, self._board.NAME, self.settings["box_name"], self._hash()
        )
        self._port.send(self._writer)

    def begin(self):
        """Measure anew: all sums at zero, and the next row is the first."""
        self._find_cells()
        self._core = Core(self.settings)
        self._ticks = 0
        self._writer.begin(self._boots, self._hash())
        self._port.send(self._writer)

    def answer(self, identifier, status, text):
        """Answer a command."""
        self._writer.answer(identifier, status, text)
        self._port.send(self._writer)

    def log(self, text):
        """Tell a person."""
        self._writer.log(text)
        self._port.send(self._writer)

    def _hash(self):
        return "%04X" % settings.fingerprint(self.settings)

    def _find_cells(self):
        """Drivers for the cells that the settings name."""
        if self._left is None and self.settings["rail_left_nn_per_count"]:
            self._left = self._driver(self._board.LEFT_CELL)
        if self._right is None and self.settings["rail_right_nn_per_count"]:
            self._right = self._driver(self._board.RIGHT_CELL)

    def _driver(self, pins):
        if pins[0] is None:
            from .hx711_pins import HX711Pins

            return HX711Pins(pins)
        from .hx711_spi import HX711Spi

        return HX711Spi(pins)

    def _due(self, now_us):
        """Whether the next tick has come: the leading cell's sample, or the time."""
        since_us = ticks_diff(now_us, self._ticked_us)
        lead = self._right if self._left is None else self._left
        if lead is None:
            return since_us >= _PERIOD_US
        return since_us >= _PATIENCE_US or (since_us >= _SHORTEST_US and lead.ready())

    def _tick(self, now_us):
        """Read, step, write. Allocates nothing."""
        self._ticked_us = now_us
        t_us = ticks_us()
        count = self._encoder.count()
        left = self._left
        right = self._right
        left_sample = None if left is None else left.sample(now_us)
        right_sample = None if right is None else right.sample(now_us)

        core = self._core
        core.step(t_us, count, left_sample, right_sample)  # pyright: ignore[reportArgumentType]

        writer = self._writer
        port = self._port
        if self.raw_on:
            writer.raw(t_us, count, left_sample, right_sample)
            port.send(writer)
        self._ticks += 1
        ticks = self._ticks
        totals = self.totals_due
        if totals or self.stream_on:
            # The sums first, so that NOW completes what a reader knows of this moment.
            if totals or ticks % _ZONES_TICKS == 0:
                writer.zones(core)
                port.send(writer)
            if totals or ticks % _NOW_TICKS == 0:
                writer.distance(core)
                port.send(writer)
                lost = port.lost
                port.lost = False
                writer.now(core, self._box_flags(lost))
                port.send(writer)
        self.totals_due = False
        if ticks >= _ZONES_TICKS:
            self._ticks = 0
        if self._console.busy:
            self._console.step(core.rails)

    def _box_flags(self, lost):
        found = flags.SETTINGS_DAMAGED if self._damage else 0
        if lost:
            found |= flags.PORT_STALLED
        if self._left is not None and self._left.fault:
            if self._left.fault == OUT_OF_STEP:
                found |= flags.LEFT_OUT_OF_STEP
            elif self._left.fault == STUCK:
                found |= flags.LEFT_STUCK
        if self._right is not None and self._right.fault:
            if self._right.fault == OUT_OF_STEP:
                found |= flags.RIGHT_OUT_OF_STEP
            elif self._right.fault == STUCK:
                found |= flags.RIGHT_STUCK
        return found


def _encoder(board):
    """The driver that the board's chip has the hardware for."""
    if board.ENCODER_BY == "pcnt":
        from .encoder import BeltEncoder

        return BeltEncoder(board.ENCODER_A, board.ENCODER_B)
    from .encoder_irq import BeltEncoderIrq

    return BeltEncoderIrq(board.ENCODER_A, board.ENCODER_B)
