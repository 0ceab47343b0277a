"""One HX711, clock edge by clock edge (numbers: AVIA's data sheet of the HX711, pages 4 to 6)."""

from .cell_body import CellBody

_POWER_DOWN_US = 60
_SETTLING_PERIODS = 4  # 50 ms at 80 a second, 400 ms at 10
_MAX = 0x7FFFFF
_MIN = -0x800000
# Channel and gain by the number of pulses of a read.
_A128 = 25
_B32 = 26
_A64 = 27
# Where a glitch hits: in the middle of a read, where it hurts.
_GLITCH_PULSE = 11


class Hx711:
    """The chip and its load cell. `sck` and `dout` are its pins, at simulated times in us.

    Not in the data sheet and assumed here: a conversion that ends while the last one is being
    read replaces the rest of its bits; a pulse while no data is ready counts as one more of the
    last read.
    """

    def __init__(self, cell, rng, start_us):
        self._zero = cell["zero_counts"]
        self._nn_per_count = cell["nn_per_count"]
        self._noise = cell["noise_counts"]
        self._drift_nn_per_us = cell["drift_n_per_min"] * 1e9 / 60e6
        self._spike_probability = cell["spike_probability"]
        self._spike_counts = int(cell["spike_n"] * 1e9 / abs(cell["nn_per_count"] or 1))
        self._jump_counts = 0.0
        self._rng = rng
        self._body = CellBody(cell) if any(cell[name] for name in CellBody.FAULTS) else None
        # Every chip has its own oscillator, at most 1 % off.
        nominal_us = 1_000_000 // cell["rate"]
        self.period_us = int(nominal_us * (1.0 + 0.01 * (2.0 * rng.uniform() - 1.0)))
        self._start_us = start_us

        self.connected = cell["present"]
        self.stuck_at = None
        self.dout_held = None  # the level that its data wire is shorted to
        self.glitch = 0  # 1: the chip will see one pulse twice; -1: it will miss one

        self._sck = 0
        self._rise_us = 0
        self._down = False
        self._selected = _A128
        self._register = 0
        self._converted_us = -1
        self._converted = 0
        # Pulses since the data became ready: 0 ready, 1 .. 24 shifting, from 25 DOUT is high.
        self._pulses = _A128
        self._next_us = start_us + _SETTLING_PERIODS * self.period_us

    def prepare(self, from_us, until_us, force_mn):
        """Take the conversion, if one ends in from_us .. until_us, under `force_mn`."""
        self._refresh(from_us)
        if self._converted_us < 0 and not self._down and self._next_us < until_us:
            self._converted_us = self._next_us
            self._converted = self._convert(self._next_us, force_mn)
            self._next_us += self.period_us

    def sck(self, level, t_us):
        """Drive the clock pin."""
        if level == self._sck:
            return
        self._refresh(t_us)
        self._sck = level
        if level:
            self._rise_us = t_us
            self._pulse()
        elif self._down:
            self._restart(t_us)

    def dout(self, t_us):
        """Read the data pin. A cut wire is pulled high."""
        if self.dout_held is not None:
            return self.dout_held
        if not self.connected:
            return 1
        self._refresh(t_us)
        if self._down:
            return 1
        pulses = self._pulses
        if pulses == 0:
            return 0
        if pulses > 24:
            return 1
        return (self._register >> (24 - pulses)) & 1

    def hang(self, force_n, place):
        """Of what presses the rail, so much hangs at a place: -1 one end, 0 the middle, 1."""
        if self._body is not None:
            self._body.hang(force_n, place)

    def connect(self, connected, t_us):
        """Plug or unplug the cable; plugging powers the chip up."""
        self.connected = connected
        self._restart(t_us)

    def jump(self, force_n):
        """From now on the zero is by so much another one."""
        self._jump_counts += force_n * 1e9 / (self._nn_per_count or 1)

    def _pulse(self):
        if self.glitch and self._pulses == _GLITCH_PULSE:
            self._pulses += 1 + self.glitch
            self.glitch = 0
        else:
            self._pulses += 1

    def _refresh(self, t_us):
        """Let happen what happens by itself until `t_us`."""
        if self._sck and not self._down and t_us - self._rise_us > _POWER_DOWN_US:
            self._down = True
            if self._converted_us > self._rise_us + _POWER_DOWN_US:
                self._converted_us = -1
        if self._converted_us < 0 or self._converted_us > t_us:
            return
        self._converted_us = -1
        pulses = self._pulses
        if pulses >= _A128:
            wanted = min(pulses, _A64)
            if wanted != self._selected:
                # The channel was changed after the last read: what was converted meanwhile is
                # not settled and is never shown.
                self._selected = wanted
                self._next_us = self._rise_us + _SETTLING_PERIODS * self.period_us
                return
            self._pulses = 0
        self._register = self._converted & 0xFFFFFF

    def _restart(self, t_us):
        self._down = False
        self._selected = _A128
        self._pulses = _A128
        self._converted_us = -1
        self._next_us = t_us + _SETTLING_PERIODS * self.period_us

    def _convert(self, t_us, force_mn):
        if self.stuck_at is not None:
            return self.stuck_at
        noise = self._noise * self._rng.gauss()
        if self._selected == _B32:
            return int(noise)  # nothing is wired to channel B
        if self._body is not None:
            force_mn = self._body.felt_mn(force_mn, t_us)
        force_nn = force_mn * 1e6 + self._drift_nn_per_us * (t_us - self._start_us)
        counts = self._zero + self._jump_counts + noise
        if self._nn_per_count:
            counts += force_nn / self._nn_per_count
        if self._spike_probability and self._rng.uniform() < self._spike_probability:
            counts += self._spike_counts * (1 if self._rng.bits() & 1 else -1)
        if self._selected == _A64:
            counts /= 2
        return max(_MIN, min(_MAX, int(counts + 0.5) if counts >= 0 else -int(0.5 - counts)))
