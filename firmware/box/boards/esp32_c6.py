"""ESP32-C6 DevKitC-1, image ESP32_GENERIC_C6."""

from micropython import const

NAME = "esp32_c6"

BOOT_BUTTON = const(9)
FREE_PIN = const(11)

ENCODER_BY = "pcnt"
ENCODER_A = const(2)
ENCODER_B = const(3)

# The chip has one SPI for us: the right cell is read pin by pin, and leaves less time in a tick.
LEFT_CELL = (1, 6, 7, 10)
RIGHT_CELL = (None, None, 18, 19)
