"""The sentences that the box writes now and then, by a Writer: see sentence.py and writer.py.

A module of its own, so that the box needs it in RAM only while it writes one.
"""


def identity(writer, protocol, boots, texts):
    """texts: firmware, board, box_name, reset_cause, settings_hash, micropython."""
    firmware, board, box_name, reset_cause, settings_hash, micropython = texts
    writer.start(b"ID")
    writer.put(protocol)
    writer.put_text(firmware, 12)
    writer.put_text(board, 15)
    writer.put_text(box_name, 20)
    writer.put(boots)
    writer.put_text(reset_cause, 8)
    writer.put_text(settings_hash, 4)
    writer.put_text(micropython, 8)
    writer.finish()


def session(writer, numbers, power, boots, started_s, settings_hash, version):
    """A session. numbers: its own, its blocks, its state.

    power, boots, started_s (since 1970), version None and settings_hash "" if unknown.
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
