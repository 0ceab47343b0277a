"""`esp32` of MicroPython: NVS, the key and value store in flash.

Stricter than the chip: what isn't committed is always lost at a reset.
"""

import binascii

from ..board import board

_NOT_FOUND = (-0x1102, "ESP_ERR_NVS_NOT_FOUND")
_KEY_TOO_LONG = (-0x1109, "ESP_ERR_NVS_KEY_TOO_LONG")
_INVALID_LENGTH = (-0x110C, "ESP_ERR_NVS_INVALID_LENGTH")
_MAX_KEY = 15


def _checked(key):
    if len(key) > _MAX_KEY:
        raise OSError(*_KEY_TOO_LONG)
    return key


class NVS:
    def __init__(self, namespace):
        self._space = board.nvs.setdefault(_checked(namespace), {})

    def _get(self, key, kind):
        value = self._space.get(_checked(key))
        if not isinstance(value, kind):
            raise OSError(*_NOT_FOUND)
        return value

    def get_i32(self, key):
        return self._get(key, int)

    def set_i32(self, key, value):
        if not -0x80000000 <= value <= 0x7FFFFFFF:
            raise OverflowError("overflow converting int to i32")
        self._space[_checked(key)] = value

    def get_blob(self, key, buffer):
        value = binascii.unhexlify(self._get(key, str))
        if len(value) > len(buffer):
            raise OSError(*_INVALID_LENGTH)
        buffer[: len(value)] = value
        return len(value)

    def set_blob(self, key, value):
        self._space[_checked(key)] = binascii.hexlify(value).decode()

    def erase_key(self, key):
        if self._space.pop(_checked(key), None) is None:
            raise OSError(*_NOT_FOUND)

    def commit(self):
        board.flash.write_nvs(board.nvs)
