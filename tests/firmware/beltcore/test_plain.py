"""Digits against str(), and the native twins against these on real MicroPython."""

from __future__ import annotations

import random

from hypothesis import example, given
from hypothesis import strategies as st

from beltcore.plain import best_lag, correlate, put_number

numbers = st.integers(-(2**30), 2**30 - 1)
EDGES = [
    *(0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 2**30 - 1, 2**30 - 2, 2**29),
    *(-1, -9, -10, -11, -99, -100, -101, -(2**30), -(2**30) + 1),
]


@given(numbers | st.sampled_from(EDGES), st.integers(0, 20))
@example(-(2**30), 0)
def test_digits(value, at):
    buffer = bytearray(b"#" * 40)
    end = put_number(buffer, at, value)
    text = str(value).encode()
    assert end == at + len(text)
    # Nothing beside them is touched.
    assert buffer == b"#" * at + text + b"#" * (40 - end)


def test_every_number_of_up_to_four_digits():
    for value in range(-10_000, 10_001):
        buffer = bytearray(6)
        assert buffer[: put_number(buffer, 0, value)] == str(value).encode()


TWINS = """
from beltcore import crc, plain, viper
for line in open("numbers.txt"):
    value = int(line)
    for at in (0, 7):
        a = bytearray(30)
        b = bytearray(30)
        assert plain.put_number(a, at, value) == viper.put_number(b, at, value), value
        assert a == b, value
        assert a[at:at + len(str(value))] == str(value).encode()
data = open("data.bin", "rb").read()
for start in range(0, 1000, 7):
    for end in (start, start + 1, start + 100):
        args = (data, start, end, crc._TABLE)
        assert plain.crc16_by_table(*args) == viper.crc16_by_table(*args)
assert viper.crc16_by_table(b"123456789", 0, 9, crc._TABLE) == 0x29B1
from array import array
ripple = array("i", [int(line) % 1601 - 800 for line in open("numbers.txt")][:64])
a = array("i", [0] * 43)
b = array("i", [0] * 43)
found = []
for at in range(400):
    ripple[at & 63] = ripple[(at * 7 + 3) & 63] if at % 5 else 790 - at * 31 % 1580
    plain.correlate(ripple, at & 63, a)
    viper.correlate(ripple, at & 63, b)
    assert a == b, at
    assert plain.best_lag(a) == viper.best_lag(a)
    found.append(plain.best_lag(a))
assert len(set(found)) > 3

numbers = [int(line) for line in open("numbers.txt")]
places = []
for turn, start in enumerate(numbers[:300]):
    # A track that wraps with its clock and its places; the belt goes by steps of every size.
    a = array("i", [0] * 260)
    t_us = -turn * 1000
    place_um = start
    for entry in range(128):
        a[entry] = t_us & 0x3FFFFFFF
        a[entry + 128] = place_um & 0x1FFFFFFF
        t_us += 8000 + turn * 300
        place_um += numbers[(turn * 7 + entry) % len(numbers)] >> turn % 30
    a[256 + turn % 3] = turn & 127
    a[259] = turn + 90 & 127
    b = array("i", a)
    for past in (0, 1, 40, 89):
        t_us = a[turn + past & 127] + 5000 & 0x3FFFFFFF
        now_um = 0 if turn & 1 else place_um + past & 0x1FFFFFFF
        places.append(plain.moved_since(a, 256 + turn % 3, t_us, now_um))
        assert places[-1] == viper.moved_since(b, 256 + turn % 3, t_us, now_um), (turn, past)
        assert a == b, (turn, past)
assert len(set(places)) > 900 and min(places) < 0

forces = []
for turn, value in enumerate(numbers):
    digits = [(turn * 331) % 1000, (turn * 77) % 1000, turn % 60]
    a = array("i", [0] * 5 + [(value >> 7) + 0x800000] + digits + [turn & 1])
    b = array("i", a)
    for sample in numbers[turn % 50 : turn % 50 + 30]:
        arguments = (sample >> 7 + sample % 9, sample & 3, (value >> 14) * (turn % 3))
        forces.append(plain.felt_mn(a, *arguments))
        assert forces[-1] == viper.felt_mn(b, *arguments), (turn, sample)
        assert a == b, (turn, sample)
assert len(set(forces)) > 5000 and max(forces) == 0x1FFFFFFF == -min(forces)

from beltcore import compat
assert compat.moved_since is viper.moved_since and compat.felt_mn is viper.felt_mn
assert compat.correlate is viper.correlate and compat.best_lag is viper.best_lag
assert compat.put_number is viper.put_number and compat.crc16_by_table is viper.crc16_by_table
print("equal")
"""


def test_viper_equals_plain(on_micropython64):
    chance = random.Random(1)
    several = EDGES + [
        chance.randrange(-(2**30), 2**30) >> chance.randrange(30) for _ in range(500)
    ]
    files = {
        "numbers.txt": "\n".join(map(str, several)),
        "data.bin": "".join(chr(chance.randrange(1, 128)) for _ in range(1200)),
    }
    assert on_micropython64(TWINS, files) == "equal\n"


def test_a_rhythm_is_found_and_its_double_is_not():
    for lag in range(10, 41):
        sums = [0] * 43
        ripples = [0] * 64
        for at in range(300):
            # Sharp dips, every other one deeper.
            ripples[at & 63] = -600 if at % (2 * lag) < 3 else -400 if at % lag < 3 else 60
            correlate(ripples, at & 63, sums)
        assert abs(best_lag(sums) - lag) <= 1, lag


def test_sums_stay_within_their_bound():
    sums = [0] * 43
    for ripple in (800, -800):
        for at in range(1000):
            correlate([ripple] * 64, at & 63, sums)
        assert max(map(abs, sums)) <= 800 * 800 * 64
