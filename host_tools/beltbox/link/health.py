"""How a box fares, as it says itself on `health`."""

from __future__ import annotations

from dataclasses import dataclass

from beltbox.errors import LinkError
from beltbox.link.link import BoxLink, CommandRefusedError
from beltbox.link.wire import Value, named

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Health:
    """The numbers of HLT and RST (firmware/PROTOCOL.md)."""

    machine: str
    """MicroPython's words for the board."""
    serial: str
    """The chip's own number, in hexadecimal: no other box has it."""
    power: int
    """How many power-ups there have been."""
    uptime_s: int
    ram_free: int
    """Bytes, as is `ram_used`."""
    ram_used: int
    flash_free_kb: int
    flash_kb: int
    tick_mean_us: int
    """Since the last time that somebody asked, as is `tick_worst_us`."""
    tick_worst_us: int
    resets: dict[str, int]
    """Starts by cause: powers, hards, watchdogs, sleeps, softs, unknowns."""
    crashes: int


def ask_health(link: BoxLink) -> Health | None:
    """Ask the box; None if its firmware is too old to know. Raises LinkError."""
    for _ in range(_TRIES):
        try:
            machine, sentences = link.ask("health", types=("HLT", "RST"))
        except CommandRefusedError as error:
            if error.is_kind("unknown_verb"):
                return None
            raise
        values: dict[str, Value] = {}
        for sentence in sentences:
            values |= named(sentence)
        if {"serial", "powers"} <= values.keys():
            return _health(machine, values)
    raise LinkError(f"What the box at {link.path} says of its health comes damaged: try again.")


def _health(machine: str, values: dict[str, Value]) -> Health:
    def number(name: str) -> int:
        value = values[name]
        return value if isinstance(value, int) else 0

    causes = ("powers", "hards", "watchdogs", "sleeps", "softs", "unknowns")
    return Health(
        machine=machine,
        serial=str(values["serial"]),
        power=number("power"),
        uptime_s=number("uptime_s"),
        ram_free=number("ram_free"),
        ram_used=number("ram_used"),
        flash_free_kb=number("flash_free_kb"),
        flash_kb=number("flash_kb"),
        tick_mean_us=number("tick_mean_us"),
        tick_worst_us=number("tick_worst_us"),
        resets={cause: number(cause) for cause in causes},
        crashes=number("crashes"),
    )
