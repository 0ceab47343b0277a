"""The sentences that the box writes now and then, by a Writer: see sentence.py and writer.py.

A module of its own, so that the box needs it in RAM only while it writes one.
"""

from .writer import SENTENCE_MAX

_END_BYTES = 6  # of a sentence: the CRC and the end of the line


def identity(writer, protocol, boots, texts):
    """texts: firmware, board, box_name, reset_cause, settings_hash, micropython, serial.

    Where they are so long that MicroPython's version has no room, it is left out as unknown: of
    all fields it matters least, and one that is cut would name another version.
    """
    firmware, board, box_name, reset_cause, settings_hash, micropython, serial = texts
    serial = serial[:12]
    writer.start(b"ID")
    writer.put(protocol)
    writer.put_text(firmware, 10)
    writer.put_text(board, 12)
    writer.put_text(box_name, 20)
    writer.put(boots)
    writer.put_text(reset_cause, 8)
    writer.put_text(settings_hash, 4)
    room = SENTENCE_MAX - writer.length - len(",,") - len(serial) - _END_BYTES
    writer.put_text(micropython if len(micropython) <= room else "", 8)
    writer.put_text(serial, 12)
    writer.finish()


def session(writer, numbers, power, boots, started_s, settings_hash, version, random):
    """A session. numbers: its own, its blocks, its state.

    power, boots, started_s (since 1970), version, random None and settings_hash "" if unknown.
    """
    writer.start(b"SES")
    for number in numbers:
        writer.put(number)
    writer.put(power)
    writer.put(boots)
    if started_s is None:
        writer.put(None)
    else:
        writer.put_thousandths(started_s // 1000, started_s % 1000)
    writer.put_text(settings_hash, 4)
    writer.put(version)
    writer.put(random)
    writer.finish()


def setting(writer, key, value):
    """A setting; value: a text."""
    writer.start(b"SET")
    writer.put_text(key, 24)
    writer.put_text(value, 20)
    writer.finish()


def block(writer, session, block, part, data):
    """A part of a session's block; data: base64, at most 64 letters."""
    writer.start(b"BLK")
    writer.put(session)
    writer.put(block)
    writer.put(part)
    writer.put_text(data, 64)
    writer.finish()


def health(writer, serial, numbers):
    """serial: a text; numbers: the other eight, in their order, together at most 66 digits."""
    writer.start(b"HLT")
    writer.put_text(serial, 16)
    for number in numbers:
        writer.put(number)
    writer.finish()


def resets(writer, numbers):
    """How often the box started for each cause, and crashed: seven numbers."""
    writer.start(b"RST")
    for number in numbers:
        writer.put(number)
    writer.finish()
