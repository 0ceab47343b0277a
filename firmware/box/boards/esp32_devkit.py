"""ESP32 DevKit (ESP32-WROOM-32, 30 or 38 pins), image ESP32_GENERIC."""

from micropython import const

NAME = "esp32_devkit"

# Held down while the box starts: safe mode. It is the board's own button.
BOOT_BUTTON = const(0)
# Nothing is wired to it, so that its pull-up reads high: where it doesn't, the chip's inputs can't
# be read at all (an emulator's), and a low BOOT_BUTTON says nothing.
FREE_PIN = const(4)

# "pcnt": counted in hardware; "irq": by interrupts, where the chip has no pulse counter.
ENCODER_BY = "pcnt"
# The encoder only needs inputs; 34 and 35 have no pull-ups: use a push-pull encoder or resistors.
ENCODER_A = const(34)
ENCODER_B = const(35)

# Each cell: (SPI id, clock, MOSI, MISO). By SPI the amplifier's PD_SCK is driven by MOSI and its
# DOUT read by MISO; SPI's own clock pin must exist, but nothing is wired to it. Where no SPI is
# left: (None, None, PD_SCK, DOUT), read pin by pin.
LEFT_CELL = (1, 18, 23, 19)
RIGHT_CELL = (2, 14, 13, 27)
