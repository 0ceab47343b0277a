"""The HX711 load cell amplifier: what reading it by pins and by SPI have in common.

Datasheet (Avia Semiconductor): DOUT low = a sample is ready; 24 pulses on PD_SCK shift it out,
high bit first; the 25th selects channel A with gain 128 and must leave DOUT high; PD_SCK high for
over 60 us powers the chip down, low again starts it anew (50 ms at 80 samples a second, 400 ms at
10).
"""

from time import ticks_diff, ticks_us

from micropython import const

# The left cell's bits of flags.BOX; the box doesn't load their words.
_OUT_OF_STEP = const(1)
_STUCK = const(4)

# A working chip's last bits are noise: one second of equal samples is no measurement.
_STUCK_SAMPLES = const(80)
# A fault stays visible for half a second of good samples.
_CLEAR_SAMPLES = const(40)
_SILENT_US = const(500_000)
_HIGHEST = const(0x7FFFFF)
_LOWEST = const(-0x800000)


class HX711:
    """One amplifier. `fault` is 0, flags.LEFT_OUT_OF_STEP or LEFT_STUCK until it is good again."""

    def __init__(self, dout):
        """dout: the Pin that reads DOUT."""
        self.fault = 0
        self.restarts = 0
        self._dout = dout
        self._last = None
        self._equal = 0
        self._good = 0
        self._heard_us = ticks_us()
        self._power_cycle()

    def ready(self):
        """Whether a sample waits."""
        return not self._dout.value()

    def sample(self, now_us):
        """The signed 24-bit sample, or None where none is ready or it can't be trusted."""
        if self._dout.value():
            # A chip that is silent for long is started anew, again and again.
            if ticks_diff(now_us, self._heard_us) > _SILENT_US:
                self._begin_again(now_us)
            return None
        self._heard_us = now_us
        value = self._transfer()
        if value < 0:
            # DOUT stayed low: a pulse too few was seen, or the wire is shorted to ground.
            self.fault = _OUT_OF_STEP
            self._begin_again(now_us)
            return None
        if value & 0x800000:
            value -= 0x1000000
        if value == self._last:
            self._equal += 1
            # At an end of its range it is saturated, which the core tells.
            if self._equal >= _STUCK_SAMPLES and _LOWEST < value < _HIGHEST:
                if self._equal % _STUCK_SAMPLES == 0:
                    self.fault = _STUCK
                    self._begin_again(now_us)
                return None
        else:
            self._last = value
            self._equal = 0
        if self.fault:
            self._good += 1
            if self._good >= _CLEAR_SAMPLES:
                self.fault = 0
        return value

    def _begin_again(self, now_us):
        self._good = 0
        self._heard_us = now_us
        self.restarts += 1
        self._power_cycle()

    # What the two ways of wiring supply.

    def _transfer(self):
        """Clock out the 24 bits and the 25th pulse: 0 .. 0xFFFFFF; -1 if DOUT isn't high then."""
        raise NotImplementedError

    def _power_cycle(self):
        """Hold PD_SCK high for over 60 us, then low: the chip starts anew."""
        raise NotImplementedError
