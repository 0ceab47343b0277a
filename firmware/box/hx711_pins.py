"""The HX711 read pin by pin, where no SPI is free.

Interrupts are masked for the high half of each pulse only: that half must stay below 60 us, or
the chip powers down. A read takes about 4 ms on an ESP32 in bytecode: one such cell, not two, fits
into a tick beside the rest (an estimate from instruction counts, see firmware/README.md).
"""

from time import sleep_us

from machine import Pin, disable_irq, enable_irq

from .hx711 import HX711


class HX711Pins(HX711):
    """pins: (unused, unused, PD_SCK, DOUT): the same wires as by SPI."""

    def __init__(self, pins):
        self._sck = Pin(pins[2], Pin.OUT, value=0)
        super().__init__(Pin(pins[3], Pin.IN, Pin.PULL_UP))

    def _transfer(self):
        sck = self._sck
        dout = self._dout
        raw = 0
        for _ in range(24):
            state = disable_irq()
            sck.value(1)
            sck.value(0)
            enable_irq(state)
            raw = raw << 1 | dout.value()
        state = disable_irq()
        sck.value(1)
        sck.value(0)
        enable_irq(state)
        return raw if dout.value() else -1

    def _power_cycle(self):
        self._sck.value(1)
        sleep_us(100)
        self._sck.value(0)
