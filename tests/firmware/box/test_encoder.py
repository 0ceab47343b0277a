"""The encoder's count, within 31 bits whatever the hardware's has come to."""

from __future__ import annotations


def test_the_count_wraps_within_31_bits(on_box):
    values = [
        0,
        5,
        -5,
        2**30 - 1,
        2**30,
        -(2**30) + 1,
        -(2**30),
        -(2**30) - 1,
        2**31 - 1,
        2**31 + 5,
    ]
    lines = on_box(
        f"""
from box.encoder import BeltEncoder
import machine
encoder = BeltEncoder(34, 35)
for machine.Encoder.raw in {values}:
    print(encoder.count())
"""
    )
    wrapped = [(value + 2**30) % 2**31 - 2**30 for value in values]
    assert [int(line) for line in lines] == wrapped
