"""The HX711's pin protocol, seen from a program on the board."""

from __future__ import annotations

import pytest

LEFT = 0x2A5F3C  # every shift of it differs, and its last bit is 0
RIGHT = -1_234_567

# read_pins(pulses) and read_spi(pulses) give the value and DOUT after the last pulse;
# ready() waits for DOUT low and gives the time since `since`.
DRIVER = """
import time
from machine import Pin, SPI
def cell(sck, dout):
    return Pin(sck, Pin.OUT, value=0), Pin(dout, Pin.IN)
def ready(dout, since):
    while dout():
        time.sleep_us(20)
        if time.ticks_diff(time.ticks_us(), since) > 900_000:
            return None
    return time.ticks_diff(time.ticks_us(), since)
def signed(raw):
    return raw - ((raw & 0x800000) << 1)
def read_pins(sck, dout, pulses=25):
    ready(dout, time.ticks_us())
    raw = 0
    for _ in range(24):
        sck(1)
        raw = raw << 1 | dout()
        sck(0)
    for _ in range(pulses - 24):
        sck(1)
        sck(0)
    return signed(raw), dout()
def read_spi(spi, dout, pulses=25):
    ready(dout, time.ticks_us())
    out = b'\\xaa' * 6 + {25: b'\\x80', 26: b'\\xa0', 27: b'\\xa8'}[pulses]
    got = bytearray(7)
    spi.write_readinto(out, got)
    raw = 0
    for byte in got[:6]:
        for shift in (6, 4, 2, 0):
            raw = raw << 1 | (byte >> shift) & 1
    return signed(raw), dout()
sck, dout = cell(23, 19)
sck2, dout2 = cell(13, 27)
"""
BY_SPI = """
spi = SPI(1, baudrate=1_000_000, sck=Pin(18), mosi=sck, miso=dout)
spi2 = SPI(2, baudrate=1_000_000, sck=Pin(14), mosi=sck2, miso=dout2)
"""
CELLS = {"left": {"zero_counts": LEFT}, "right": {"zero_counts": RIGHT}}


def test_both_chips_give_their_value_by_pins_and_by_spi(play, scenario):
    program = (
        DRIVER
        + "print(read_pins(sck, dout), read_pins(sck2, dout2))\n"
        + BY_SPI
        + "print(read_spi(spi, dout), read_spi(spi2, dout2))\n"
    )
    expected = f"({LEFT}, 1) ({RIGHT}, 1)"
    assert play(program, scenario(cells=CELLS)) == [expected, expected]


def test_the_number_of_pulses_chooses_the_next_gain(play, scenario):
    program = (
        DRIVER
        + BY_SPI
        + """
read_spi(spi, dout, 27)
print(read_spi(spi, dout, 27)[0], read_spi(spi, dout, 26)[0], read_spi(spi, dout, 25)[0],
      read_spi(spi, dout, 25)[0])
"""
    )
    # A64 is half of A128; nothing is wired to channel B.
    assert play(program, scenario(cells=CELLS)) == [f"{LEFT // 2} {LEFT // 2} 0 {LEFT}"]


def test_a_change_of_gain_settles_for_four_conversions(play, scenario):
    program = DRIVER + "read_pins(sck, dout, 26)\nprint(ready(dout, time.ticks_us()))\n"
    (waited_us,) = play(program, scenario(cells=CELLS))
    assert 49_000 < int(waited_us) < 51_500


@pytest.mark.parametrize(("rate", "wait_us"), [(80, 50_000), (10, 400_000)])
def test_a_clock_held_high_powers_the_chip_down(play, scenario, rate, wait_us):
    program = DRIVER + (
        "read_pins(sck, dout)\n"
        "sck(1)\ntime.sleep_us(100)\n"
        "print(dout())\ntime.sleep_ms(150)\nprint(dout())\n"
        "sck(0)\nprint(ready(dout, time.ticks_us()))\nprint(read_pins(sck, dout))\n"
    )
    down, still_down, waited_us, value = play(
        program, scenario(cells={"left": {"zero_counts": LEFT, "rate": rate}})
    )
    assert (down, still_down) == ("1", "1")
    assert abs(int(waited_us) - wait_us) < 0.02 * wait_us
    assert value == f"({LEFT}, 1)"


def test_a_short_high_clock_does_not_power_down(play, scenario):
    program = DRIVER + (
        "read_pins(sck, dout)\n"
        "sck(1)\ntime.sleep_us(40)\nsck(0)\n"
        "print(ready(dout, time.ticks_us()) < 52_000)\n"
        "read_pins(sck, dout)\nsck(1)\ntime.sleep_us(40)\nprint(dout())\nsck(0)\n"
    )
    # It counts as a 26th pulse, though: channel B is next.
    assert play(program, scenario(cells=CELLS)) == ["True", "1"]


def test_each_chip_converts_at_its_own_rate(play, scenario):
    program = DRIVER + (
        "def period(sck, dout):\n"
        "    read_pins(sck, dout)  # perhaps an old one\n"
        "    read_pins(sck, dout)\n"
        "    start = time.ticks_us()\n"
        "    for _ in range(40):\n"
        "        read_pins(sck, dout)\n"
        "    return time.ticks_diff(time.ticks_us(), start) // 40\n"
        "print(period(sck, dout))\nprint(period(sck2, dout2))\n"
    )
    periods_us = [int(line) for line in play(program, scenario(cells=CELLS))]
    assert [p for p in periods_us if not 12_375 <= p <= 12_625] == []
    assert periods_us[0] != periods_us[1]


def test_a_sample_left_unread_is_replaced_by_the_next(play, scenario):
    program = DRIVER + (
        "ready(dout, time.ticks_us())\ntime.sleep_ms(400)\n"
        "print(dout(), read_pins(sck, dout)[0], time.ticks_us())\n"
    )
    # The drift tells when a value was converted: 1 N/s is 1000 counts a ms.
    cells = {"left": {"zero_counts": 0, "nn_per_count": 1000, "drift_n_per_min": 60}}
    low, value, now_us = (int(text) for text in play(program, scenario(cells=cells))[0].split())
    assert low == 0
    assert 0 <= now_us - value < 13_000


def test_saturation_ends_at_24_bits(play, scenario):
    program = DRIVER + "values = [read_pins(sck, dout)[0] for _ in range(20)]\nprint(*values)\n"
    spikes = {"nn_per_count": 100, "spike_probability": 1, "spike_n": 2000}
    (line,) = play(program, scenario(cells={"left": spikes}))
    assert {int(value) for value in line.split()} == {0x7FFFFF, -0x800000}


def test_faults_of_the_script(play, scenario):
    program = DRIVER + (
        "def at(ms):\n"
        "    time.sleep_ms(max(0, ms - time.ticks_ms()))\n"
        "    read_pins(sck, dout)\n"
        "    waited_us = ready(dout, time.ticks_us())\n"
        "    return None if waited_us is None else read_pins(sck, dout)[0]\n"
        "print(at(700), at(1200), at(1700), at(2200), at(4700))\n"
    )
    events = [
        {"at_s": at_s, "kind": kind}
        for at_s, kind in (
            (0.9, "saturated_left"),
            (1.4, "stuck_left"),
            (1.9, "unplug_left"),
            (4.4, "plug_left"),
            (4.3, "mended_left"),
        )
    ]
    (line,) = play(program, scenario(cells=CELLS, event=events))
    assert line == f"{LEFT} {0x7FFFFF} 0 None {LEFT}"


def test_a_data_wire_may_lie_at_either_level(play, scenario):
    program = (
        DRIVER
        + BY_SPI
        + (
            "def at(ms):\n"
            "    time.sleep_ms(ms - time.ticks_ms())\n"
            "    levels = {dout() for _ in range(40)}\n"
            "    return sorted(levels), read_spi(spi, dout)\n"
            "print(at(700))\nprint(at(1700))\nprint(at(3700))\n"
        )
    )
    events = [
        {"at_s": at_s, "kind": kind}
        for at_s, kind in ((0.6, "dout_low_left"), (1.6, "dout_high_left"), (3.6, "mended_left"))
    ]
    assert play(program, scenario(cells=CELLS, event=events)) == [
        "([0], (0, 0))",
        "([1], (-1, 1))",
        f"([0], ({LEFT}, 1))",
    ]


def test_an_extra_clock_edge_spoils_one_sample_and_selects_channel_b(play, scenario):
    program = DRIVER + (
        "time.sleep_ms(1100 - time.ticks_ms())\n"
        "print(read_pins(sck, dout)[0], read_pins(sck, dout)[0], read_pins(sck, dout)[0])\n"
    )
    (line,) = play(program, scenario(cells=CELLS, event=[{"at_s": 1, "kind": "desync_left"}]))
    spoiled, channel_b, good = (int(value) for value in line.split())
    # Bits 1 .. 11 as they are, then bit 13 on, and DOUT's high after the last.
    assert spoiled == (LEFT >> 13) << 13 | (LEFT << 1 & 0x1FFF) | 1
    assert (channel_b, good) == (0, LEFT)


def test_a_missed_clock_edge_leaves_the_data_pin_low(play, scenario):
    program = DRIVER + (
        "time.sleep_ms(1100 - time.ticks_ms())\n"
        "print(read_pins(sck, dout)[1])\n"
        f"print(read_pins(sck, dout)[0] == {LEFT})\n"
        "sck(1)\ntime.sleep_us(100)\nsck(0)\nprint(read_pins(sck, dout))\n"
    )
    lines = play(program, scenario(cells=CELLS, event=[{"at_s": 1, "kind": "lost_clock_left"}]))
    assert lines == ["0", "False", f"({LEFT}, 1)"]
