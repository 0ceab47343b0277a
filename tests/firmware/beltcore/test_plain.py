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
from beltcore import compat
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
