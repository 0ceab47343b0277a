"""The pin maps against what each chip can do (its datasheet), and how a board finds its own."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

BOARDS = Path(__file__).parents[4] / "firmware" / "box" / "boards"

# Of each chip: pins that exist; those that can't be driven; those that select how it boots; those
# that its flash, its console and its USB have taken.
CHIPS = {
    "esp32_devkit": {
        "pins": {*range(20), 21, 22, 23, 25, 26, 27, *range(32, 37), 39},
        "input_only": {34, 35, 36, 39},
        "strapping": {0, 2, 5, 12, 15},
        "taken": {1, 3, *range(6, 12)},
        "spi": {1, 2},
    },
    "esp32_s3": {
        "pins": {*range(22), *range(26, 49)},
        "input_only": set(),
        "strapping": {0, 3, 45, 46},
        "taken": {19, 20, *range(26, 38), 43, 44},
        "spi": {1, 2},
    },
    "esp32_c6": {
        "pins": set(range(31)),
        "input_only": set(),
        "strapping": {4, 5, 8, 9, 15},
        "taken": {12, 13, 16, 17, *range(24, 31)},
        "spi": {1},
    },
    "esp32_c3": {
        "pins": set(range(22)),
        "input_only": set(),
        "strapping": {2, 8, 9},
        "taken": {*range(11, 20), 20, 21},
        "spi": {1},
    },
}


def pin_map(name: str) -> dict[str, Any]:
    """The constants of a board's file."""
    tree = ast.parse((BOARDS / f"{name}.py").read_text())
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value.args[0] if isinstance(node.value, ast.Call) else node.value
            found[node.targets[0].id] = ast.literal_eval(value)
    return found


def problems(board: dict[str, Any], chip: dict[str, set[int]]) -> list[str]:
    """What is wrong with a pin map; empty when nothing is."""
    inputs = [board["ENCODER_A"], board["ENCODER_B"]]
    outputs = []
    buses = []
    for cell in (board["LEFT_CELL"], board["RIGHT_CELL"]):
        bus, clock, sck, dout = cell
        if bus is not None:
            buses.append(bus)
            outputs.append(clock)
        outputs.append(sck)
        inputs.append(dout)
    used = [*inputs, *outputs, board["BOOT_BUTTON"], board["FREE_PIN"]]
    found = [f"pin {pin} is used twice" for pin in sorted(set(used)) if used.count(pin) > 1]
    found += [f"SPI {bus} is used twice" for bus in sorted(set(buses)) if buses.count(bus) > 1]
    found += [f"SPI {bus} doesn't exist" for bus in buses if bus not in chip["spi"]]
    found += [f"pin {pin} doesn't exist" for pin in used if pin not in chip["pins"]]
    found += [f"pin {pin} can't be driven" for pin in outputs if pin in chip["input_only"]]
    found += [f"pin {pin} is taken" for pin in used if pin in chip["taken"]]
    # The button is the board's own: it is the strapping pin's purpose.
    loaded = [pin for pin in (*inputs, *outputs, board["FREE_PIN"]) if pin in chip["strapping"]]
    found += [f"pin {pin} selects how the chip boots" for pin in loaded]
    if board["FREE_PIN"] in chip["input_only"]:
        found.append(f"pin {board['FREE_PIN']} has no pull-up")
    if board["BOOT_BUTTON"] not in chip["strapping"]:
        found.append("the BOOT button isn't a strapping pin")
    return found


@pytest.mark.parametrize("name", CHIPS)
def test_a_pin_map_is_sound(name):
    board = pin_map(name)
    assert problems(board, CHIPS[name]) == []
    assert board["NAME"] == name
    assert len(name) <= 15  # as long as the identity takes
    assert board["ENCODER_BY"] == ("irq" if name == "esp32_c3" else "pcnt")


def test_every_board_is_known_here():
    assert {path.stem for path in BOARDS.glob("*.py")} == {"__init__", *CHIPS}


def test_all_maps_declare_the_same():
    names = [sorted(pin_map(name)) for name in CHIPS]
    assert names == [names[0]] * len(names)


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ({"ENCODER_B": 34}, "pin 34 is used twice"),
        ({"BOOT_BUTTON": 18}, "pin 18 is used twice"),
        ({"LEFT_CELL": (2, 18, 23, 19)}, "SPI 2 is used twice"),
        ({"LEFT_CELL": (3, 18, 23, 19)}, "SPI 3 doesn't exist"),
        ({"LEFT_CELL": (1, 18, 36, 19)}, "pin 36 can't be driven"),
        ({"LEFT_CELL": (1, 39, 23, 19)}, "pin 39 can't be driven"),
        ({"LEFT_CELL": (None, None, 36, 19)}, "pin 36 can't be driven"),
        ({"ENCODER_A": 2}, "pin 2 selects how the chip boots"),
        ({"RIGHT_CELL": (2, 14, 12, 27)}, "pin 12 selects how the chip boots"),
        ({"ENCODER_A": 6}, "pin 6 is taken"),
        ({"ENCODER_A": 24}, "pin 24 doesn't exist"),
        ({"FREE_PIN": 35}, "pin 35 has no pull-up"),
        ({"FREE_PIN": 27}, "pin 27 is used twice"),
    ],
)
def test_planted_mistakes_are_found(planted, found):
    board = pin_map("esp32_devkit") | planted
    assert found in problems(board, CHIPS["esp32_devkit"])


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        ("Generic ESP32 module with ESP32", "esp32_devkit"),
        ("Generic ESP32 module with SPIRAM with ESP32", "esp32_devkit"),
        ("Generic ESP32S3 module with ESP32S3", "esp32_s3"),
        ("ESP32C6 module with ESP32C6", "esp32_c6"),
        ("ESP32C3 module with ESP32C3", "esp32_c3"),
        ("linux [GCC 14.2.1] version", "esp32_devkit"),
        ("Generic ESP32S2 module with ESP32S2", "ValueError: there is no pin map for the ESP32S2"),
    ],
)
def test_the_board_is_found_by_micropythons_words(on_box, machine, name):
    lines = on_box(
        f"""
from box import boards
class Implementation:
    _machine = {machine!r}
class Sys:
    implementation = Implementation
boards.sys = Sys
try:
    print(boards.find().NAME)
except ValueError as error:
    print("ValueError: %s" % error)
"""
    )
    assert lines == [name]
