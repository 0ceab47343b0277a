"""The box's end of the wire: reads commands.

Nothing that fails its CRC or isn't a command is used, not even in part.
"""

from .crc import crc16


class Damaged(ValueError):
    """A line that looks like a sentence or a command but isn't a sound one; the text says why."""


def decode_command(line: bytes) -> tuple[int, str, list[str]]:
    """(identifier, verb, arguments) of a command line (bytes, without the newline).

    identifier is 0 .. 999 999 999. Raises Damaged.
    """
    body = checked_body(line)
    for byte in body:
        if not 32 <= byte < 127:  # MicroPython's "ascii" takes any UTF-8
            raise Damaged("the command isn't ASCII")
    parts = str(body, "ascii").split(",")
    if len(parts) < 2:
        raise Damaged("a command is an id and a verb")
    if not parts[0].isdigit() or len(parts[0]) > 9:
        raise Damaged("the id isn't a number of up to 9 digits")
    return int(parts[0]), parts[1], parts[2:]


def checked_body(line):
    """What stands between the mark and the `*`, its CRC checked."""
    if len(line) < 7 or line[-5:-4] != b"*":
        raise Damaged("no CRC at the end")
    body = line[1:-5]
    if b"%04X" % crc16(body, 0, len(body)) != line[-4:]:
        raise Damaged("the CRC is wrong")
    return body
