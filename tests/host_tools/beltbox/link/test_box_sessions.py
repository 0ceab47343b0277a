"""Blocks of a box's sessions, made by the words of PROTOCOL.md and read back."""

from __future__ import annotations

import struct
from binascii import crc_hqx

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltbox.link.box_sessions import (
    BlockError,
    box_session,
    decode_block,
    follows,
    metric_rows,
    stated_crc,
)
from beltbox.link.wire import Sentence

U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFFFFFF)


def encoded(t_s, forward_m, forward_mm, backward_m, backward_mm, records) -> bytes:
    """A block as PROTOCOL.md has it. records: nine numbers each, in the order of its table."""
    data = struct.pack(
        "<BBIIHIH", len(records), 0, t_s, forward_m, forward_mm, backward_m, backward_mm
    )
    data += b"".join(struct.pack("<BBHHhHHHH", *one) for one in records)
    data = data.ljust(178, b"\0")
    return data + struct.pack("<H", crc_hqx(data, 0xFFFF))


def walked(t_s=1, count=10, forward_m=0, backward_m=0, zone=0, reliance=20) -> bytes:
    """A second a record, each 700 mm backward."""
    records = [(i, zone, 0, 700, -700, reliance, 0xFFFF, 0, 0) for i in range(count)]
    return encoded(t_s, forward_m, 0, backward_m, 0, records)


@st.composite
def blocks(draw) -> tuple:
    count = draw(st.integers(1, 10))
    times = sorted(draw(st.sets(st.integers(0, 255), min_size=count, max_size=count)))
    zones = st.sampled_from([0, 1, 2, 3, 255])
    speed = st.integers(-0x8000, 0x7FFF)
    rest = st.tuples(zones, U16, U16, speed, U16, U16, U16, U16)
    records = [(at, *draw(rest)) for at in times]
    mm = st.integers(0, 1000)
    return draw(U32), draw(U32), draw(mm), draw(U32), draw(mm), records


@given(blocks())
def test_every_number_of_a_block_comes_back(made):
    t_s, forward_m, forward_mm, backward_m, backward_mm, records = made
    block = decode_block(encoded(*made))
    forward = block.forward_mm
    backward = block.backward_mm
    assert (forward, backward) == (1000 * forward_m + forward_mm, 1000 * backward_m + backward_mm)
    assert len(block.records) == len(records)
    for got, wanted in zip(block.records, records, strict=True):
        after_s, zone, fore, back, speed, reliance, cadence, flags, box_flags = wanted
        forward += fore
        backward += back
        assert got == (
            t_s + after_s,
            None if zone == 255 else zone,
            forward,
            backward,
            speed,
            None if reliance == 0xFFFF else reliance,
            None if cadence == 0xFFFF else cadence,
            flags,
            box_flags,
        )


@given(blocks())
def test_rows_have_the_sums_of_the_records(made):
    *_, records = made
    block = decode_block(encoded(*made))
    rows = metric_rows([block], from_start=True)
    assert rows[0].t_ms == 1000
    assert rows[-1].t_ms == 1000 * (1 + records[-1][0] - records[0][0])
    walked_mm = sum(fore + back for _, _, fore, back, *_ in records)
    assert rows[-1].distance_mm == walked_mm
    assert rows[-1].forward_mm == sum(one[2] for one in records)
    by_zone = [sum(one[2] + one[3] for one in records if one[1] == zone) for zone in range(4)]
    last = [getattr(rows[-1], f"{name}_mm") for name in ("hands_off", "light", "supported")]
    if all(one[1] == 255 for one in records):
        assert last == [None] * 3
    else:
        assert [*last, rows[-1].heavy_mm] == by_zone
    absolute = metric_rows([block])
    assert absolute[-1].backward_mm == block.backward_mm + sum(one[3] for one in records)
    assert absolute[0].t_ms == 1000 * (made[0] + records[0][0])


@given(blocks(), st.integers(0, 179), st.integers(1, 255))
def test_a_changed_byte_is_noticed(made, at, change):
    data = bytearray(encoded(*made))
    data[at] ^= change
    with pytest.raises(BlockError):
        decode_block(bytes(data))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (walked()[:-1], "179 bytes"),
        (b"\xff" * 180, "checksum"),
        (b"\0" * 180, "checksum"),
        (encoded(1, 0, 0, 0, 0, []), "0 records"),
        (encoded(1, 0, 0, 0, 0, [(5, 0, 0, 0, 0, 0, 0, 0, 0)] * 2), "times don't rise"),
    ],
)
def test_what_no_box_writes_is_refused(data, why):
    with pytest.raises(BlockError, match=why):
        decode_block(data)


def test_eleven_records_are_refused():
    data = bytearray(walked()[:178])
    data[0] = 11
    with pytest.raises(BlockError, match="11 records"):
        decode_block(bytes(data) + struct.pack("<H", crc_hqx(data, 0xFFFF)))


def test_blocks_that_go_back_dont_follow():
    first = decode_block(walked(backward_m=0))
    assert follows(None, first)
    assert follows(first, decode_block(walked(11, backward_m=7)))
    assert follows(first, decode_block(walked(500, forward_m=3, backward_m=7)))
    assert not follows(first, decode_block(walked(10, backward_m=7)))
    assert not follows(first, decode_block(walked(11, backward_m=6)))
    forward = decode_block(walked(1, forward_m=1))
    assert not follows(forward, decode_block(walked(11, forward_m=0, backward_m=7)))


def test_what_was_walked_in_a_missing_block_counts_for_no_zone():
    rows = metric_rows([decode_block(walked(1)), decode_block(walked(21, backward_m=14))])
    assert rows[-1].distance_mm == 14_000 + 7000
    assert rows[-1].hands_off_mm == 14_000
    assert [rows[9].t_ms, rows[10].t_ms] == [10_000, 21_000]


def test_the_checksum_that_a_block_states():
    data = walked()
    assert stated_crc(data) == crc_hqx(data[:178], 0xFFFF)
    assert stated_crc(b"\0" * 178 + b"\x34\x12") == 0x1234


def test_a_session_as_the_box_lists_it():
    one = box_session(Sentence("SES", 0, [12, 9, 1, 3, 4, 1_760_000_000, "AB12", 2, 77]))
    assert one is not None
    assert (one.number, one.blocks, one.state, one.power, one.boots) == (12, 9, 1, 3, 4)
    assert (one.started_s, one.settings_hash) == (1_760_000_000, "AB12")
    assert (one.version, one.random) == (2, 77)
    damaged_head = box_session(Sentence("SES", 0, [12, 9, 1, None, None, None, None, None, None]))
    assert damaged_head is not None
    assert (damaged_head.boots, damaged_head.started_s, damaged_head.settings_hash) == (
        None,
        None,
        "",
    )
    assert damaged_head.random is None
    assert box_session(Sentence("SES", 0, [None, 9, 1, 3, 4, None, "", 1, None])) is None
    for nonsense in (-5, 1_000_000, 1 << 40):
        one = box_session(Sentence("SES", 0, [12, 9, 1, 3, 4, nonsense, "", 1, None]))
        assert one is not None
        assert one.started_s is None


def test_a_newer_version_is_told_from_an_unknown_one():
    for version, is_newer in ((None, False), (1, False), (2, False), (3, True), (255, True)):
        one = box_session(Sentence("SES", 0, [12, 9, 1, 3, 4, None, "AB12", version, None]))
        assert one is not None
        assert (one.version, one.is_newer) == (version, is_newer)
