"""ESP32-S3 DevKitC-1, image ESP32_GENERIC_S3, on either of its USB sockets."""

from micropython import const

NAME = "esp32_s3"

BOOT_BUTTON = const(0)
FREE_PIN = const(6)

ENCODER_BY = "pcnt"
ENCODER_A = const(4)
ENCODER_B = const(5)

# Not 13 for DOUT: with 11 and 12 that is the SPI's own set of pins, past the chip's matrix, and a
# second start of the driver (after a crash) would read nothing from it.
LEFT_CELL = (1, 12, 11, 14)
RIGHT_CELL = (2, 16, 17, 18)
