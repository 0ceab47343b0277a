"""The amplifier's bits, by SPI and by pins, and what becomes of a chip that misbehaves."""

from __future__ import annotations

import pytest

# A chip that answers to its clock: high bit first on rising edges, DOUT high from the 25th on.
CHIP = """
import machine

class Chip:
    def __init__(self):
        self.raw = 0
        self.is_ready = True
        self.short = False  # DOUT stays low after the last pulse
        self.masked = 0
        self.pulses = 0
        self.high_in_a_row = 0
        self.power_cycles = 0
        self.masked_when_high = []
        self._level = 0

    def dout(self):
        if self.pulses == 0:
            return 0 if self.is_ready else 1
        if self.pulses <= 24:
            return self.raw >> (24 - self.pulses) & 1
        return 0 if self.short else 1

    def clock(self, level):
        if level:
            self.high_in_a_row += 1
            if not self._level:
                self.pulses += 1
                self.masked_when_high.append(self.masked)
        elif self.high_in_a_row >= 90:
            self.power_cycles += 1
            self.pulses = 0
            self.high_in_a_row = 0
        else:
            self.high_in_a_row = 0
        self._level = level

    def again(self, raw):
        self.raw = raw & 0xFFFFFF
        self.pulses = 0
        self.high_in_a_row = 0
        self._level = 0
        self.masked_when_high.clear()

chip = machine.chip = Chip()
"""
SPI = "from box.hx711_spi import HX711Spi\ncell = HX711Spi((1, 18, 23, 19))\nchip.again(0)\n"
PINS = """
from box import hx711_pins
from box.hx711_pins import HX711Pins
def slept(us):
    # The pin stays high for as long as is slept: a microsecond is as long as an SPI bit.
    for _ in range(us):
        chip.high_in_a_row += 1
hx711_pins.sleep_us = slept
cell = HX711Pins((1, 18, 23, 19))
chip.again(0)
"""

both = pytest.mark.parametrize("driver", [SPI, PINS], ids=["spi", "pins"])


@both
def test_every_nibble_at_every_place_comes_back(driver, on_box):
    lines = on_box(
        CHIP
        + driver
        + """
good = 0
now_us = 0
for place in range(0, 24, 4):
    for nibble in range(16):
        for others in (0, 0xFFFFFF, 0x5A5A5A, 0xA5A5A5):
            raw = others & ~(15 << place) | nibble << place
            chip.again(raw)
            now_us += 12500
            expected = raw - 0x1000000 if raw & 0x800000 else raw
            found = cell.sample(now_us)
            assert found == expected, (hex(raw), found)
            assert chip.pulses == 25, chip.pulses
            good += 1
for raw in (0, 1, 0x7FFFFF, 0x800000, 0xFFFFFF, 0x123456, 0xFEDCBA):
    chip.again(raw)
    assert cell.sample(now_us) & 0xFFFFFF == raw
print(good, cell.fault, cell.restarts)
"""
    )
    assert lines == ["384 0 0"]


@both
def test_the_chip_is_started_at_first(driver, on_box):
    assert on_box(CHIP + driver + "print(chip.power_cycles)") == ["1"]


def test_interrupts_are_masked_while_the_clock_is_high(on_box):
    lines = on_box(
        CHIP + PINS + "chip.again(5)\ncell.sample(0)\nprint(chip.masked_when_high, chip.masked)"
    )
    assert lines == [f"{[1] * 25} 0"]


@both
def test_no_sample_is_none_and_silence_starts_the_chip_anew(driver, on_box):
    lines = on_box(
        CHIP
        + driver
        + """
chip.again(77)
print(cell.ready(), cell.sample(0))
chip.again(0)
chip.is_ready = False
print(cell.ready())
for now_us in (12_500, 500_000, 500_001, 512_500, 1_000_001, 1_000_002):
    chip.pulses = 0
    print(now_us, cell.sample(now_us), cell.restarts, chip.power_cycles)
"""
    )
    assert lines == [
        "True 77",
        "False",
        "12500 None 0 1",
        "500000 None 0 1",
        "500001 None 1 2",
        "512500 None 1 2",
        "1000001 None 1 2",
        "1000002 None 2 3",
    ]


@both
def test_a_chip_out_of_step_is_restarted_and_the_fault_fades(driver, on_box):
    lines = on_box(
        CHIP
        + driver
        + """
now_us = 0
chip.again(1000)
chip.short = True
print(cell.sample(now_us), cell.fault, cell.restarts, chip.power_cycles)
chip.short = False
for number in range(41):
    chip.again(1000 + number)
    now_us += 12500
    assert cell.sample(now_us) == 1000 + number
    if number in (0, 38, 39, 40):
        print(number, cell.fault)
"""
    )
    assert lines == ["None 1 1 2", "0 1", "38 1", "39 0", "40 0"]


@both
def test_a_stuck_chip_is_told_from_a_steady_one(driver, on_box):
    """Eighty equal samples after the first: then none is believed until another comes."""
    lines = on_box(
        CHIP
        + driver
        + """
now_us = 0
believed = 0
for number in range(400):
    chip.again(5000)
    now_us += 12500
    if cell.sample(now_us) is not None:
        believed += 1
print(believed, cell.fault, cell.restarts)
chip.again(5001)
print(cell.sample(now_us + 12500), cell.fault)
"""
    )
    assert lines == ["80 4 4", "5001 4"]


@both
@pytest.mark.parametrize("end", [0x7FFFFF, -0x800000])
def test_an_end_of_the_range_is_no_stuck_value(driver, end, on_box):
    """Saturated has a name of its own: the core must see the samples."""
    lines = on_box(
        CHIP
        + driver
        + f"""
now_us = 0
for number in range(200):
    chip.again({end})
    now_us += 12500
    assert cell.sample(now_us) == {end}
print(cell.fault, cell.restarts)
"""
    )
    assert lines == ["0 0"]
