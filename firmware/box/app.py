"""The loop: encoder and cells, one step, sentences. It never waits for the host."""

import gc
from time import sleep_ms, ticks_diff, ticks_us

from micropython import const

from beltcore.core import Core
from beltcore.writer import Writer

from .console import Console
from .port import Port
from .rare import Rare
from .session_log import SessionLog
from .session_store import SessionStore

_PERIOD_US = const(12_500)
# A cell that leads the ticks is waited for a little longer than its period, then the timer ticks.
_PATIENCE_US = const(14_000)
# A DOUT that is always low must not make more ticks than there is time for.
_SHORTEST_US = const(10_000)

# Of 80 ticks a second: DST and NOW ten times, ZON once.
_NOW_TICKS = const(8)
_ZONES_TICKS = const(80)

# Those of flags.py, which the box doesn't load: words cost RAM.
_PORT_STALLED = const(16)
_SETTINGS_DAMAGED = const(32)
_ENCODER_TOO_FAST = const(64)

# The sum of their times stays a small integer; it is halved with their number from here on.
_TOOK_MOST_US = const(0x1FFFFFFF)


class App:
    """The box at work.

    Commands change `settings` with their `fingerprint`, `raw_on`, `stream_on`, `totals_due`; ask
    `sessions` (a SessionStore), `session_log` and `power` (the number of this power-up); and
    `send` what they wrote with `writer`.
    """

    def __init__(self, board):
        self.raw_on = False
        self.stream_on = True
        self.totals_due = False
        self._board = board
        with Rare():
            from beltcore import settings

            from . import identity, settings_file

            self.settings, self._damage = settings_file.load()
            self.fingerprint = settings.fingerprint(self.settings)
            self._boots = identity.count_boot()
            self.power = identity.power()
        self.sessions = SessionStore()
        self.session_log = SessionLog(self.sessions, self.power, self._boots)
        self.writer = Writer()
        self._log_failed = False
        self._second = 0
        self._port = Port()
        self._console = Console(self)
        self._encoder = _encoder(board)
        self._left = None
        self._right = None
        self._core = Core(self.settings)
        self._too_fast_mm_s = 0
        self._too_fast = False
        self._ticks = 0
        self._ticked_us = ticks_us()
        self._last_us = 0  # the last row's clock and count
        self._last_count = 0
        # How long ticks took since `tell_health`: their sum, their number, the longest.
        self._took_us = 0
        self._took_ticks = 0
        self._worst_us = 0
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
                self._took(ticks_diff(ticks_us(), now_us))
                if self._ticks % _NOW_TICKS == 0:
                    guard.feed()
                if self._core.seconds != self._second:
                    self._second = self._core.seconds
                    self._keep_second()
            else:
                sleep_ms(1)
            line = self._port.line()
            if line is not None:
                self._console.take(line)

    def identify(self):
        """Send the identity."""
        with Rare():
            from . import identity

            identity.write(
                self.writer, self._boots, self._board.NAME, self.settings["box_name"], self._hash()
            )
        self.send()

    def begin(self):
        """Measure anew: all sums at zero, and the next row is the first."""
        core = self._core
        begun = bool(core.seconds or core.microseconds)
        if begun and self.stream_on:
            self._tell(core, True)  # what was walked since the last NOW isn't lost
        session = self.session_log.session
        try:
            self.session_log.begin()
        except OSError as error:
            self._not_kept(error)
        self._tell_of_session(session)
        self._find_cells()
        self._core = Core(self.settings)
        nm = int(self.settings["belt_nm_per_count"])
        self._too_fast_mm_s = min(self._encoder.MOST_HZ * nm // 1_000_000, 0x3FFFFFFF)
        self._too_fast = False
        self._ticks = 0
        self._second = 0
        self.writer.begin(self._boots, self._hash())
        self.send()
        if begun:
            # The last row of the measurement before is the first of this one: what is walked
            # while the flash is written belongs to this.
            self._core.step(self._last_us, self._last_count, None, None)  # pyright: ignore[reportArgumentType]
            if self.raw_on:
                self.writer.raw(self._last_us, self._last_count, None, None)
                self.send()

    def send(self):
        """Send what the writer has written."""
        self._port.send(self.writer)

    def answer(self, identifier, kind, text):
        """Answer a command; kind: one of sentence.ANSWER_KINDS."""
        self.writer.answer(identifier, kind, text)
        self.send()

    def log(self, text):
        """Tell a person."""
        self.writer.log(text)
        self.send()

    def tell_health(self, crashes):
        """Send how the box fares; the times of ticks count from here anew."""
        mean_us = self._took_us // max(1, self._took_ticks)
        with Rare():
            from . import identity

            identity.write_health(self.writer, self.send, crashes, mean_us, self._worst_us)
        self._took_us = 0
        self._took_ticks = 0
        self._worst_us = 0

    def _keep_second(self):
        """Let the session have this second; tell when a session starts or ends."""
        session = self.session_log.session
        try:
            self.session_log.second(self._core, self._box_flags(False), self.fingerprint)
        except OSError as error:
            self._not_kept(error)
        if self.session_log.session != session:
            self._tell_of_session(session or self.session_log.session)

    def _tell_of_session(self, number):
        if number and (number == self.session_log.session or number in self.sessions.kept):
            try:
                with Rare():
                    from . import clock, session_verbs

                    session_verbs.tell(self, number, clock.Clock(self.power))
            except (OSError, ValueError) as error:
                self._not_kept(error)

    def _not_kept(self, error):
        """Once until the next start, not every ten seconds."""
        if not self._log_failed:
            self._log_failed = True
            self.log("ten seconds of the session couldn't be kept on the flash: %s" % error)

    def _hash(self):
        return "%04X" % self.fingerprint

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

        self._last_us = t_us
        self._last_count = count
        core = self._core
        core.step(t_us, count, left_sample, right_sample)  # pyright: ignore[reportArgumentType]

        writer = self.writer
        port = self._port
        if self.raw_on:
            writer.raw(t_us, count, left_sample, right_sample)
            port.send(writer)
        self._ticks += 1
        ticks = self._ticks
        totals = self.totals_due
        if totals or self.stream_on:
            if totals or ticks % _NOW_TICKS == 0:
                self._tell(core, totals or ticks % _ZONES_TICKS == 0)
        self.totals_due = False
        if ticks >= _ZONES_TICKS:
            self._ticks = 0
        if self._console.busy:
            self._console.step(core)

    def _took(self, us):
        """A tick took so long, its sentences included."""
        self._took_us += us
        self._took_ticks += 1
        self._worst_us = max(self._worst_us, us)
        if self._took_us > _TOOK_MOST_US:
            self._took_us >>= 1
            self._took_ticks >>= 1

    def _tell(self, core, zones):
        """The sums first, so that NOW completes what a reader knows of this moment."""
        writer = self.writer
        port = self._port
        if zones:
            writer.zones(core)
            port.send(writer)
        writer.distance(core)
        port.send(writer)
        lost = port.lost
        port.lost = False
        writer.now(core, self._box_flags(lost))
        port.send(writer)

    def _box_flags(self, lost):
        found = _SETTINGS_DAMAGED if self._damage else 0
        if lost:
            found |= _PORT_STALLED
        if abs(self._core.belt.belt_mm_s) > self._too_fast_mm_s:
            self._too_fast = True
        if self._too_fast:
            # Until the next measurement: the counts that this one lost stay lost.
            found |= _ENCODER_TOO_FAST
        if self._left is not None:
            found |= self._left.fault
        if self._right is not None:
            found |= self._right.fault << 1
        return found


def _encoder(board):
    """The driver that the board's chip has the hardware for."""
    if board.ENCODER_BY == "pcnt":
        from .encoder import BeltEncoder

        return BeltEncoder(board.ENCODER_A, board.ENCODER_B)
    from .encoder_irq import BeltEncoderIrq

    return BeltEncoderIrq(board.ENCODER_A, board.ENCODER_B)
