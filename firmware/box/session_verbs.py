"""The commands about the box's own sessions: `sessions`, `read`, `ack`; and the sentence SES.

See verbs.py.
"""

from binascii import b2a_base64
from struct import unpack

from micropython import const

from beltcore import blocks, rare_writer
from beltcore.arguments import Refused, expect, numbers
from beltcore.crc import crc16

from . import session_reader
from .clock import Clock

# Blocks in one answer to `read`.
_READ_MOST = const(60)


def do(console, verb, arguments):
    """As verbs.do."""
    app = console.app
    if verb == "sessions":
        expect(arguments, 0)
        return _sessions(app, Clock(app.power))
    if verb == "read":
        session, block, *counts = numbers(arguments, 2, 3)
        count = counts[0] if counts else 1
        if not 1 <= count <= _READ_MOST:
            raise Refused("range", "read takes 1 to %d blocks" % _READ_MOST)
        return _read(app, session, block, count)
    session, count = numbers(arguments, 2)
    if session == app.session_log.session:
        raise Refused("not_now", "session %d is under way" % session)
    session_reader.SessionReader(app.sessions).acknowledge(session, count)
    return ""


def tell(app, number, clock):
    """Send what is known of a session. Raises OSError, Refused when there is none."""
    sessions = session_reader.SessionReader(app.sessions)
    state = blocks.UNDER_WAY
    if number == app.session_log.session:
        head = app.session_log.head
        count = sessions.blocks(number) if number in app.sessions.kept else 0
    else:
        head = sessions.head(number)
        count = sessions.blocks(number)
        state = blocks.ACKNOWLEDGED if sessions.acknowledged(number) else blocks.KEPT
    power = boots = started_s = version = random = None
    settings_hash = ""
    if len(head) == blocks.HEAD_BYTES:
        # Of whichever version: a newer firmware may have been here before.
        first, kept_version, _, kept_power, kept_boots, clock_s, fingerprint, crc = unpack(
            blocks.HEAD_CODES, head
        )
        if crc == crc16(head, 0, blocks.HEAD_BYTES - 2):
            version = kept_version
            power = kept_power
            boots = kept_boots
            started_s = clock.date(power, clock_s)
            settings_hash = "%04X" % fingerprint
            if version >= blocks.RANDOM_SINCE:
                random = int.from_bytes(first, "little")
    told = (power, boots, started_s, settings_hash, version, random)
    rare_writer.session(app.writer, (number, count, state), *told)
    app.send()


def _sessions(app, clock):
    kept = app.sessions.numbers()
    for number in kept:
        tell(app, number, clock)
        yield
    return str(len(kept))


def _read(app, session, block, count):
    sessions = session_reader.SessionReader(app.sessions)
    for index in range(block, block + count):
        data = sessions.block(session, index)
        for part in range(0, blocks.BLOCK_BYTES, blocks.PART_BYTES):
            text = str(b2a_base64(data[part : part + blocks.PART_BYTES])[:-1], "ascii")
            rare_writer.block(app.writer, session, index, part // blocks.PART_BYTES, text)
            app.send()
            yield
    return str(count)
