"""What differs between the interpreters, and nothing else.

The only module of beltcore that imports from outside it.
"""

from array import array

try:
    from micropython import const  # pyright: ignore[reportAssignmentType] (two of one name)
except ImportError:  # CPython has no such module: a constant is then just its value

    def const(value):
        return value


try:
    # C on CPython; the same polynomial and bit order as CRC-16/CCITT-FALSE (checked by tests).
    from binascii import crc_hqx  # pyright: ignore[reportAttributeAccessIssue] (CPython's)
except ImportError:  # stock MicroPython has none: crc.py computes it by table
    crc_hqx = None

try:
    from .viper import best_lag, correlate, crc16_by_table, felt_mn, moved_since, put_number
except (NameError, SyntaxError):  # CPython; MicroPython without a native emitter
    from .plain import best_lag, correlate, crc16_by_table, felt_mn, moved_since, put_number

__all__ = (
    "array",
    "best_lag",
    "const",
    "correlate",
    "crc16_by_table",
    "crc_hqx",
    "felt_mn",
    "moved_since",
    "put_number",
)
