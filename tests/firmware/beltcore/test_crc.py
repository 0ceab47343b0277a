"""CRC-16/CCITT-FALSE against CPython's own and against the catalogue's check value."""

from __future__ import annotations

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltcore import crc, plain

CHECK = b"123456789"


def by_table(buffer, start, end):
    return plain.crc16_by_table(buffer, start, end, crc._TABLE)


both = pytest.mark.parametrize("crc16", [crc.crc16, crc._crc16_by_table, by_table])


@both
def test_check_value(crc16):
    assert crc16(CHECK, 0, 9) == 0x29B1
    assert crc16(b"", 0, 0) == 0xFFFF


@both
@given(data=st.binary(max_size=150), ends=st.tuples(st.integers(0, 150), st.integers(0, 150)))
def test_any_part_of_any_buffer(crc16, data, ends):
    start, end = sorted(min(at, len(data)) for at in ends)
    expected = binascii.crc_hqx(data[start:end], 0xFFFF)
    assert crc16(data, start, end) == expected
    assert crc16(bytearray(data), start, end) == expected


def test_the_table_has_every_byte():
    assert len(crc._TABLE) == 512
    for byte in range(256):
        data = bytes([byte])
        assert by_table(data, 0, 1) == binascii.crc_hqx(data, 0xFFFF)


def test_cpython_takes_the_one_in_c():
    """A tenth of the time: a second of replay holds a hundred sentences."""
    assert crc.crc16 is crc._crc16_in_c
