"""CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, no reflection, no final xor.

Check value: 0x29B1 over b"123456789" (the catalogue of parametrised CRC algorithms).
"""

from .compat import const, crc16_by_table, crc_hqx  # pyright: ignore[reportAttributeAccessIssue]

_POLYNOMIAL = const(0x1021)
_START = const(0xFFFF)


def _make_table():
    """The 256 remainders, high byte first, as bytes: two table reads cost no allocation."""
    table = bytearray(512)
    for index in range(256):
        remainder = index << 8
        for _ in range(8):
            remainder <<= 1
            if remainder & 0x10000:
                remainder ^= _POLYNOMIAL
            remainder &= 0xFFFF
        table[2 * index] = remainder >> 8
        table[2 * index + 1] = remainder & 0xFF
    return bytes(table)


_TABLE = _make_table()


def _crc16_by_table(buffer, start, end):
    return crc16_by_table(buffer, start, end, _TABLE)


def _crc16_in_c(buffer, start, end):
    return crc_hqx(buffer[start:end], _START)


# CRC of buffer[start:end], 0 .. 0xFFFF.
crc16 = _crc16_by_table if crc_hqx is None else _crc16_in_c
