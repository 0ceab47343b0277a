"""ESP32-C3 DevKitM-1 and the small boards with native USB, image ESP32_GENERIC_C3.

The chip has no pulse counter: its encoder is counted by interrupts, which lose counts above the
speed that box/encoder_irq.py states. Choose another chip for a fine encoder.
"""

from micropython import const

NAME = "esp32_c3"

BOOT_BUTTON = const(9)
FREE_PIN = const(3)

ENCODER_BY = "irq"
ENCODER_A = const(0)
ENCODER_B = const(1)

# The chip has one SPI for us: the right cell is read pin by pin, and leaves less time in a tick.
LEFT_CELL = (1, 4, 6, 5)
RIGHT_CELL = (None, None, 7, 10)
