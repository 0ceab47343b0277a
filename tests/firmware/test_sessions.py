"""The box alone on the virtual treadmill: it keeps a walk, and a host brings it home."""

from __future__ import annotations

import base64
import binascii
import struct

from beltcore import blocks

WALK = [{"at_s": 2, "m_s": 0.5, "ramp_s": 1}, {"at_s": 25, "m_s": 0, "ramp_s": 1}]


def states(host):
    """Wait until a session has ended: the state of each SES until then, and the last one."""
    sessions = []
    while not sessions or sessions[-1][2] != 1:
        sessions.append(host.sentence("SES"))
    return [values[:3] for values in sessions], sessions[-1]


def read(host, identifier, session, count):
    """`count` blocks of a session, put together."""
    parts = {}
    at = len(host.heard)
    assert host.ask(identifier, "read", session, 0, count)[1:] == ["ok", str(count), "ok"]
    for name, _seq, values, _lost in host.heard[at:]:
        if name == "BLK":
            assert values[0] == session
            parts[values[1], values[2]] = base64.b64decode(values[3])
    data = [b"".join(parts[block, part] for part in range(4)) for block in range(count)]
    for block in data:
        (crc,) = struct.unpack_from("<H", block, blocks.CRC_AT)
        assert crc == binascii.crc_hqx(block[: blocks.CRC_AT], 0xFFFF)
    return data


def test_a_walk_is_kept_dated_pulled_and_acknowledged(boxes):
    _box, host = boxes(walk=WALK)
    told, last = states(host)
    assert told[0] == [1, 0, 0]
    session, count, _state, power, boots, started_s, _hash, version, random = last
    assert (session, power, boots, started_s, version) == (1, 1, 1, None, blocks.VERSION)
    assert 8 <= count <= 10

    assert host.ask(1, "clock", 1_760_000_000)[1] == "ok"
    assert host.ask(2, "sessions")[1:] == ["ok", "1", "ok"]
    (listed,) = [values for name, _, values, _ in host.heard if name == "SES" and values[5]]
    assert listed[8] == random < 2**24  # made with the file
    assert 1_760_000_000 - 300 < listed[5] < 1_760_000_000 - 60

    data = read(host, 3, session, count)
    assert read(host, 4, session, count) == data
    walked_mm = records = 0
    for block in data:
        number, _spare, _t_s, forward_m, forward_mm, *_ = struct.unpack_from(
            blocks.BLOCK_CODES, block
        )
        records += number
        assert (forward_m, forward_mm) == (0, 0)
        for index in range(number):
            at = blocks.RECORDS_AT + index * blocks.RECORD_BYTES
            walked_mm += struct.unpack_from(blocks.RECORD_CODES, block, at)[3]
    assert 80 <= records <= 90
    host.ask(5, "totals")
    backward_mm = host.sentence("DST")[2]
    assert abs(walked_mm - backward_mm) <= 10
    assert 10_000 < walked_mm < 13_000

    assert host.ask(6, "ack", session, count)[1] == "ok"
    host.ask(7, "sessions")
    assert [values[2] for name, _, values, _ in host.heard if name == "SES"][-1] == 2


def test_a_session_outlasts_a_reset_and_what_follows_is_another(boxes):
    box, host = boxes(walk=[{"at_s": 2, "m_s": 0.5, "ramp_s": 1}])
    host.until(lambda name, values: name == "NOW" and values[0] > 16_000)
    box.reset()
    host.until(lambda name, values: name == "ID" and values[4] == 2)
    assert host.sentence("SES")[:3] == [2, 0, 0]
    assert host.ask(1, "sessions")[1] == "ok"
    first = next(values for name, _, values, _ in host.heard if name == "SES" and values[2] == 1)
    assert first[0] == 1
    assert first[1] >= 1


def test_begin_ends_a_session(boxes):
    _box, host = boxes(walk=[{"at_s": 2, "m_s": 0.5, "ramp_s": 1}])
    assert host.sentence("SES")[:3] == [1, 0, 0]
    host.until(lambda name, values: name == "NOW" and values[0] > 8000)
    assert host.ask(1, "begin")[1] == "ok"
    assert [v[:3] for name, _, v, _ in host.heard if name == "SES"][-1] == [1, 1, 1]
    assert host.sentence("SES")[:3] == [2, 0, 0]


def test_a_stray_ctrl_c_costs_a_walk_some_seconds(boxes):
    """The byte 0x03 as noise on a power bank: what was walked before it is kept to the second."""
    _box, host = boxes(walk=[{"at_s": 2, "m_s": 0.5, "ramp_s": 1}])
    host.until(lambda name, values: name == "NOW" and values[0] >= 25_000)
    host.send(b"\x03")
    host.text("Nothing came: BeltBox starts again.")
    host.until(lambda name, values: name == "NOW" and 15_000 <= values[0] < 25_000)
    assert host.ask(1, "sessions")[1:3] == ["ok", "2"]
    kept = [values for name, _, values, _ in host.heard if name == "SES"][-2:]
    assert [values[3:5] for values in kept] == [[1, 1], [1, 2]], "one power-up, two starts"
    (first, count), (second, _) = (values[:2] for values in kept)
    data = read(host, 2, first, count)
    records, _spare, t_s = struct.unpack_from("<BBI", data[-1])
    t_s += data[-1][blocks.RECORDS_AT + (records - 1) * blocks.RECORD_BYTES]
    assert t_s >= 24
    data = read(host, 3, second, 1)
    assert struct.unpack_from("<I", data[0], 2)[0] <= 2, "the second session begins at once"
