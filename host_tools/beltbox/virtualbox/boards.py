"""The boards that a virtual box can be: what MicroPython calls them, and how they are wired."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Board:
    """`pins`: a cell read by SPI hangs on the bus's MOSI (sck) and MISO (dout)."""

    machine: str
    build: str
    has_encoder: bool
    pins: dict[str, int]


def _pins(
    encoder: tuple[int, int], left: tuple[int, int], right: tuple[int, int]
) -> dict[str, int]:
    names = ("encoder_a", "encoder_b", "left_sck", "left_dout", "right_sck", "right_dout")
    return dict(zip(names, (*encoder, *left, *right), strict=True))


DEFAULT = "esp32_devkit"
BOARDS = {
    DEFAULT: Board(
        "Generic ESP32 module with ESP32",
        "ESP32_GENERIC",
        has_encoder=True,
        pins=_pins((34, 35), (23, 19), (13, 27)),
    ),
    # No pulse counter: the encoder is counted by Pin.irq.
    "esp32_c3": Board(
        "ESP32C3 module with ESP32C3",
        "ESP32_GENERIC_C3",
        has_encoder=False,
        pins=_pins((0, 1), (6, 5), (7, 10)),
    ),
}
