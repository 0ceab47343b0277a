"""The chips that a box may have, by all the names that others give them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip with a pin map in firmware/box/boards.

    word: the last of MicroPython's `sys.implementation._machine`.
    name: what esptool calls it.
    board: its pin map, as the box's identity says it.
    image: the stem of its image's name, and its page at micropython.org/download.
    offset: where in the flash the image begins (deploy_options in MicroPython's
        ports/esp32/boards/ESP32_GENERIC*/board.json; the ROM starts its bootloader there).
    header_id: the chip in an image's extended header (ESP-IDF's esp_chip_id_t).
    """

    word: str
    name: str
    board: str
    image: str
    offset: int
    header_id: int


CHIPS = (
    Chip("ESP32", "ESP32", "esp32_devkit", "ESP32_GENERIC", 0x1000, 0),
    Chip("ESP32S3", "ESP32-S3", "esp32_s3", "ESP32_GENERIC_S3", 0, 9),
    Chip("ESP32C6", "ESP32-C6", "esp32_c6", "ESP32_GENERIC_C6", 0, 13),
    Chip("ESP32C3", "ESP32-C3", "esp32_c3", "ESP32_GENERIC_C3", 0, 5),
)


def by_word(machine: str) -> Chip | None:
    """The chip of MicroPython's words, such as "Generic ESP32S3 module with ESP32S3"."""
    word = machine.rsplit(" ", maxsplit=1)[-1]
    return next((chip for chip in CHIPS if chip.word == word), None)


def by_name(name: str) -> Chip | None:
    """The chip that esptool calls so."""
    return next((chip for chip in CHIPS if chip.name == name), None)


def names() -> str:
    """All of them, for a person."""
    return ", ".join(chip.name for chip in CHIPS)
