"""`machine` of the ESP32 (MicroPython 1.26 and newer): what the box uses of it."""

from ..board import board
from ..clock import BoxReset, clock
from ..treadmill.encoder import Counter

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

# Costs in us, as one finds them with bytecode at 160 MHz.
_PIN_US = 3
_SPI_CALL_US = 25
_ENCODER_US = 10
_CALL_US = 5

_advance = clock.advance


def _number(pin, default):
    if pin is None:
        return default
    return pin.id if isinstance(pin, Pin) else pin


class Pin:
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None):  # noqa: A002  (MicroPython's name)
        self.id = id
        self._cell_sck = board.cell_at_sck(id)
        self._cell_dout = board.cell_at_dout(id)
        self._encoder = (board.pins["encoder_a"], board.pins["encoder_b"])
        self._level = 0
        self._driven = False
        self._pull = -1
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None):
        if mode == Pin.OUT and 34 <= self.id <= 39:
            raise ValueError("pin can only be input")
        if mode != -1:
            self._driven = mode == Pin.OUT
        if pull != -1:
            self._pull = pull
        if value is not None:
            self.value(value)

    def value(self, level=None):
        _advance(_PIN_US)
        if level is None:
            return self._read()
        self._level = 1 if level else 0
        if self._cell_sck is not None:
            self._cell_sck.sck(self._level, clock.now_us)
        return None

    def __call__(self, level=None):
        return self.value(level)

    def irq(self, handler=None, trigger=IRQ_RISING | IRQ_FALLING, wake=None):
        """Soft, as on the ESP32, which knows no `hard`; here on the encoder's A, for both edges."""
        if self.id != self._encoder[0] or trigger != Pin.IRQ_RISING | Pin.IRQ_FALLING:
            raise NotImplementedError("only both edges of the encoder's A")
        board.world.interrupts.watch(self, handler)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(not self._level)

    def __repr__(self):
        return "Pin(%d)" % self.id

    def _read(self):
        if self._cell_dout is not None:
            return self._cell_dout.dout(clock.now_us)
        if self.id in self._encoder:
            return board.world.encoder_levels()[self._encoder.index(self.id)]
        outside = board.world.pin_levels.get(self.id)
        if outside is not None:
            return outside
        if self._driven:
            return self._level
        return 1 if self._pull == Pin.PULL_UP else 0


class SPI:
    """A hardware SPI. MOSI keeps the level of its last bit, as on the ESP32."""

    MSB = 0
    LSB = 1

    def __init__(
        self,
        id,  # noqa: A002
        baudrate=500_000,
        *,
        polarity=0,
        phase=0,
        bits=8,
        firstbit=0,
        sck=None,
        mosi=None,
        miso=None,
    ):
        if id not in (1, 2):
            raise ValueError("SPI(%s) doesn't exist" % id)
        if bits != 8 or firstbit != SPI.MSB:
            raise NotImplementedError("only 8 bits, most significant first")
        self._baudrate = baudrate
        self._sck_cell = board.cell_at_sck(_number(mosi, 13 if id == 1 else 23))
        self._dout_cell = board.cell_at_dout(_number(miso, 12 if id == 1 else 19))

    def init(self, baudrate=None, **_kwargs):
        if baudrate is not None:
            self._baudrate = baudrate

    def deinit(self):
        pass

    def write(self, out):
        self._transfer(out, None)

    def readinto(self, buf, write=0):
        self._transfer(bytes([write]) * len(buf), buf)

    def write_readinto(self, out, buf):
        if len(out) != len(buf):
            raise ValueError("buffers must be the same length")
        self._transfer(out, buf)

    def _transfer(self, out, buf):
        _advance(_SPI_CALL_US)
        start_us = clock.now_us
        baudrate = self._baudrate
        sck_cell = self._sck_cell
        dout_cell = self._dout_cell
        bit = 0
        last = -1
        for index in range(len(out)):
            byte = out[index]
            got = 0
            for shift in range(7, -1, -1):
                t_us = start_us + bit * 1_000_000 // baudrate
                bit += 1
                level = (byte >> shift) & 1
                if level != last and sck_cell is not None:
                    sck_cell.sck(level, t_us)
                    last = level
                got <<= 1
                if dout_cell is not None:
                    got |= dout_cell.dout(t_us)
            if buf is not None:
                buf[index] = got
        _advance(bit * 1_000_000 // baudrate)


class Encoder:
    """PCNT quadrature decoder with the signature of the ESP32."""

    def __init__(self, id, phase_a=None, phase_b=None, *, filter_ns=0, phases=4):  # noqa: A002
        if not 0 <= id < 8:
            raise ValueError("invalid encoder id")
        if phases not in (1, 2, 4):
            raise ValueError("phases must be 1, 2 or 4")
        self._phases = phases
        self._zero = 0
        a = _number(phase_a, -1)
        b = _number(phase_b, -1)
        wired = (board.pins["encoder_a"], board.pins["encoder_b"])
        if (a, b) == wired:
            edges = board.world.edges
        elif (b, a) == wired:
            edges = _edges_reversed
        else:
            edges = _no_edges
        self._counter = Counter(edges, 4 // phases, filter_ns)

    def init(self, **_kwargs):
        self._zero = self._counter.value(clock.now_us)

    def deinit(self):
        self._counter = Counter(_no_edges, 1)

    def phases(self):
        return self._phases

    def value(self, new=None):
        _advance(_ENCODER_US + board.tick_cost_us)
        count = self._counter.value(clock.now_us)
        value = count - self._zero
        if new is not None:
            self._zero = count - new
        return value


def _edges_reversed():
    return -board.world.edges()


def _no_edges():
    return 0


class RTC:
    """Its memory outlasts every reset, but not the power."""

    def memory(self, data=None):
        _advance(_CALL_US)
        if data is None:
            return board.rtc_memory
        board.rtc_memory = bytes(data)
        return None


class WDT:
    def __init__(self, id=0, timeout=5000):  # noqa: A002
        if timeout < 1000:
            raise ValueError("WDT timeout too short")
        board.watchdog_timeout_us = timeout * 1000
        self.feed()

    def feed(self):
        _advance(_CALL_US)
        board.world.watchdog_at_us = clock.now_us + board.watchdog_timeout_us


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id, **kwargs):  # noqa: A002
        raise NotImplementedError("the virtual box has no machine.Timer yet")


def reset():
    clock.interrupt(BoxReset("software"))
    _advance(_CALL_US)


def soft_reset():
    raise SystemExit


def reset_cause():
    return board.reset_cause


def unique_id():
    return board.unique_id


def freq(_hz=None):
    return 160_000_000


def idle():
    _advance(_CALL_US)


def disable_irq():
    _advance(1)
    return 0


def enable_irq(_state):
    _advance(1)
