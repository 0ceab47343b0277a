"""The HX711 read by SPI: MOSI drives PD_SCK, MISO reads DOUT, two SPI bits a pulse.

Immune to interrupts, because hardware shapes the pulses (the way of robert-hh/hx711).
"""

from machine import SPI, Pin

from .hx711 import HX711

# 24 pulses and the 25th, each 1 us high and 1 us low at 1 MHz; then rest, to read DOUT again.
_PULSES = b"\xaa\xaa\xaa\xaa\xaa\xaa\x80"
_BAUD = 1_000_000
# 12 bytes of ones: 96 us high, then low.
_POWER_CYCLE = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00"


def _make_nibbles():
    """For a byte as read: its bits 6, 4, 2, 0 (sampled while PD_SCK is low) as one number."""
    return bytes(
        (byte >> 3 & 8) | (byte >> 2 & 4) | (byte >> 1 & 2) | (byte & 1) for byte in range(256)
    )


_NIBBLES = _make_nibbles()


class HX711Spi(HX711):
    """pins: (SPI id, clock, MOSI, MISO), as in the board's file."""

    def __init__(self, pins):
        spi_id, clock, mosi, miso = pins
        dout = Pin(miso, Pin.IN, Pin.PULL_UP)  # a missing wire reads as not ready
        self._spi = SPI(
            spi_id, baudrate=_BAUD, polarity=0, phase=0, sck=Pin(clock), mosi=Pin(mosi), miso=dout
        )
        self._bits = bytearray(len(_PULSES))
        super().__init__(dout)

    def _transfer(self):
        bits = self._bits
        self._spi.write_readinto(_PULSES, bits)
        # Only while the 25th pulse ends: soon after it the next sample may be ready.
        if not bits[6] & 0x40:
            return -1
        nibbles = _NIBBLES
        return (
            nibbles[bits[0]] << 20
            | nibbles[bits[1]] << 16
            | nibbles[bits[2]] << 12
            | nibbles[bits[3]] << 8
            | nibbles[bits[4]] << 4
            | nibbles[bits[5]]
        )

    def _power_cycle(self):
        self._spi.write(_POWER_CYCLE)
