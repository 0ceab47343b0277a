"""Small files that are written whole or not at all, with a checksum that readers of the text skip.

The last line of such a file is 16 spaces and tabs: the CRC-16 of all bytes before it, high bit
first, a tab for a one. JSON readers skip white space at the end, so older firmware, the host and
people's scripts read the file as before. A file without that line (made by hand, or by older
firmware) is taken as it is.
"""

import os
from errno import ENOENT

from beltcore.crc import crc16

_BITS = 16
_ONE = 0x09
_ZERO = 0x20


def read(path):
    """The text of the file at `path`, its checksum line taken off; None if there is no file.

    Raises ValueError (what is wrong) for a damaged file and OSError for a flash that fails.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        if error.errno == ENOENT:
            return None
        raise
    text = data.rstrip()
    line = data[len(text) :]
    if not line.strip(b"\r\n"):
        return str(text, "utf-8")
    if len(line) != _BITS + 1:
        raise ValueError("the checksum is cut off")
    stated = 0
    for byte in line[1:]:
        stated = stated << 1 | (byte == _ONE)
    if stated != crc16(data, 0, len(text) + 1):
        raise ValueError("the checksum is wrong")
    return str(text, "utf-8")


def write(path, text):
    """Write `text` and its checksum; a power cut leaves the old file or the new one.

    LittleFS renames atomically; the file that a cut leaves beside is written over next time.
    """
    data = text.encode() + b"\n"
    crc = crc16(data, 0, len(data))
    new = path + ".new"
    with open(new, "wb") as file:
        file.write(data)
        file.write(bytes(_ONE if crc >> bit & 1 else _ZERO for bit in range(_BITS - 1, -1, -1)))
    os.rename(new, path)
