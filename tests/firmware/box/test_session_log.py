"""Sessions that the box keeps by itself: when they start and end, what their records hold."""

from __future__ import annotations

import binascii
import struct
from pathlib import Path

import pytest

from beltcore import blocks
from beltcore.host import block_fields

PREPARE = """
from beltcore import settings
from beltcore.core import Core
from box import session_log, session_store
session_store.FOLDER = "sessions"
session_log.time = lambda: 1234
session_log.urandom = lambda count: b"\\x01\\x02\\x03\\x04"[:count]
store = session_store.SessionStore()
log = session_log.SessionLog(store, 3, 7)
core = Core(settings.complete({"rail_left_nn_per_count": 1000000}))
t_us = 0
count = 0
told = []

def walk(seconds, mm_s, newtons=0, flags=0):
    # 0.1 mm a count, 20 rows a second
    global t_us, count
    for row in range(seconds * 20):
        t_us = (t_us + 50000) & 0x3FFFFFFF
        count += mm_s // 2
        second = core.seconds
        core.step(t_us, count, newtons * 1000, None)
        if core.seconds != second:
            session = log.session
            log.second(core, flags, 0xABCD)
            if log.session != session:
                told.append(log.session)

core.step(0, 0, 0, None)
"""


class Session:
    """A session's file taken apart by CPython's struct and the declaration."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        head = data[: blocks.HEAD_BYTES]
        self.head = dict(
            zip(block_fields.HEAD_FIELDS, struct.unpack(blocks.HEAD_CODES, head), strict=True)
        )
        assert self.head["crc"] == binascii.crc_hqx(head[:-2], 0xFFFF)
        rest = data[blocks.HEAD_BYTES :]
        assert len(rest) % blocks.BLOCK_BYTES == 0
        self.blocks = []
        self.rows: list[dict[str, int]] = []
        for start in range(0, len(rest), blocks.BLOCK_BYTES):
            block = rest[start : start + blocks.BLOCK_BYTES]
            assert struct.unpack("<H", block[blocks.CRC_AT :])[0] == binascii.crc_hqx(
                block[: blocks.CRC_AT], 0xFFFF
            )
            found = dict(
                zip(
                    block_fields.BLOCK_FIELDS,
                    struct.unpack_from(blocks.BLOCK_CODES, block),
                    strict=True,
                )
            )
            self.blocks.append(found)
            forward_mm = found["forward_m"] * 1000 + found["forward_mm"]
            backward_mm = found["backward_m"] * 1000 + found["backward_mm"]
            for index in range(found["records"]):
                at = blocks.RECORDS_AT + index * blocks.RECORD_BYTES
                values = struct.unpack_from(blocks.RECORD_CODES, block, at)
                row = dict(zip(block_fields.RECORD_FIELDS, values, strict=True))
                forward_mm += row["forward_mm"]
                backward_mm += row["backward_mm"]
                row |= {"t_s": found["t_s"] + row["after_s"]}
                row |= {"forward_sum_mm": forward_mm, "backward_sum_mm": backward_mm}
                self.rows.append(row)


@pytest.fixture
def sessions(on_box, tmp_path):
    """sessions(script): what it printed, and the session files that it left."""

    def run(script):
        printed = on_box(PREPARE + script)
        files = (
            sorted((tmp_path / "sessions").glob("*")) if (tmp_path / "sessions").exists() else []
        )
        return printed, [Session(path) for path in files]

    return run


def test_the_layout_adds_up():
    assert struct.calcsize(blocks.HEAD_CODES) == blocks.HEAD_BYTES
    assert struct.calcsize(blocks.BLOCK_CODES) == blocks.RECORDS_AT
    assert struct.calcsize(blocks.RECORD_CODES) == blocks.RECORD_BYTES <= 24
    assert blocks.RECORDS_AT + blocks.RECORDS * blocks.RECORD_BYTES == blocks.CRC_AT
    assert blocks.CRC_AT + 2 == blocks.BLOCK_BYTES
    # 20 hours in walks of 20 minutes, each with half a flash block that nobody uses.
    records = 20 * 3600
    assert records // 10 * blocks.BLOCK_BYTES + 60 * 2048 < 1_500_000


def test_a_walk_is_a_session(sessions):
    printed, found = sessions("walk(5, 0)\nwalk(100, -500)\nwalk(70, 0)\nprint(told)")
    assert printed == ["[1, 0]"]
    (session,) = found
    assert session.head == {
        "random": b"\x01\x02\x03",
        "version": 2,
        "session": 1,
        "power": 3,
        "boots": 7,
        "clock_s": 1234,
        "settings_hash": 0xABCD,
        "crc": session.head["crc"],
    }
    times = [row["t_s"] for row in session.rows]
    # From the first second with a mean of 20 mm/s to a minute after the last.
    assert times == list(range(6, times[-1] + 1))
    assert 164 <= times[-1] <= 167
    assert [block["records"] for block in session.blocks[:-1]] == [10] * (len(session.blocks) - 1)
    assert session.rows[-1]["backward_sum_mm"] == 50_000
    assert {row["forward_sum_mm"] for row in session.rows} == {0}
    assert {row["cadence_spm_x10"] for row in session.rows} == {0xFFFF}
    assert session.rows[50]["speed_mm_s"] == -500
    assert session.rows[50]["backward_mm"] == 500
    # Each block's sums are those of the one before it.
    assert (
        session.blocks[3]["backward_m"] * 1000 + session.blocks[3]["backward_mm"]
        == (session.rows[29]["backward_sum_mm"])
    )


def test_nobody_there_is_no_session(sessions):
    printed, found = sessions("walk(100, 0)\nwalk(100, 18)\nprint(told)")
    assert (printed, found) == (["[]"], [])


def test_a_short_rest_stays_in_the_session_and_a_long_one_ends_it(sessions):
    printed, found = sessions(
        "walk(20, 500)\nwalk(55, 0)\nwalk(20, 500)\nwalk(65, 0)\nwalk(20, 500)\nwalk(65, 0)\n"
        "print(told)"
    )
    assert printed == ["[1, 0, 2, 0]"]
    first, second = found
    assert first.rows[-1]["forward_sum_mm"] == 20_000
    # The second one's sums go on: they are the measurement's, as on the wire.
    assert second.blocks[0]["forward_m"] == 20
    assert second.rows[0]["forward_mm"] == 500
    assert second.rows[-1]["forward_sum_mm"] == 30_000


@pytest.mark.parametrize("rest_s", range(58, 64))
def test_walking_at_once_after_a_rest_loses_nothing(sessions, rest_s):
    """The session ends in the very second before the belt moves again, or isn't over yet."""
    _printed, found = sessions(f"walk(20, 500)\nwalk({rest_s}, 0)\nwalk(20, 500)\nwalk(65, 0)\n")
    assert found[-1].rows[-1]["forward_sum_mm"] == 20_000
    if len(found) > 1:
        head = found[-1].blocks[0]
        assert (head["forward_m"], head["forward_mm"]) == (10, 0)


def test_what_is_known_of_the_rails(sessions):
    _printed, (session,) = sessions("walk(20, 500)\nwalk(40, 500, 140, 0x21)\nwalk(65, 0)\n")
    row = session.rows[40]
    # 140 N of 70 kg, which is 686.5 N, rounded down.
    assert row["reliance_permille"] == 203
    assert row["zone"] == 3
    assert row["box_flags"] == 0x21
    assert session.rows[10]["zone"] == 0


def test_without_cells_reliance_and_zone_are_unknown(sessions):
    _printed, (session,) = sessions(
        "core = Core(settings.defaults())\ncore.step(0, 0, None, None)\n"
        "walk(20, 500)\nwalk(65, 0)\n"
    )
    assert {(row["zone"], row["reliance_permille"]) for row in session.rows} == {(0xFF, 0xFFFF)}


def test_a_new_measurement_ends_the_session(sessions):
    printed, found = sessions(
        "walk(15, 500)\nlog.begin()\n"
        "core = Core(settings.defaults())\ncore.step(t_us, count, None, None)\n"
        "walk(15, 500)\nlog.begin()\nprint(told)"
    )
    assert printed == ["[1, 2]"]
    first, second = found
    assert len(first.rows) == 15
    assert second.rows[0]["t_s"] == 1
    assert second.rows[-1]["forward_sum_mm"] == 7500


def test_a_jump_of_the_belt_is_carried_over(sessions):
    """100 m in a tick: more than a record holds."""
    _printed, (session,) = sessions("walk(5, 500)\ncount += 1000000\nwalk(10, 500)\nwalk(65, 0)\n")
    assert max(row["forward_mm"] for row in session.rows) == 0xFFFF
    assert session.rows[-1]["forward_sum_mm"] == 107_500


def test_records_far_apart_begin_a_block(sessions):
    """A loop that was held up again and again: a record's byte takes 255 s."""
    _printed, (session,) = sessions(
        "for _ in range(9):\n    walk(1, 500)\n    t_us += 57000000\nwalk(2, 500)\nlog.begin()\n"
    )
    assert session.blocks[0]["records"] < 10
    times = [row["t_s"] for row in session.rows]
    assert times == sorted(set(times))
    assert times[-1] - times[0] > 255


def test_a_flash_that_fails_costs_one_block(sessions):
    printed, (session,) = sessions(
        """
walk(15, 500)
real = store.append
def fail(*arguments):
    raise OSError(5)
store.append = fail
try:
    walk(10, 500)
except OSError as error:
    print("told", error.errno)
store.append = real
walk(20, 500)
log.begin()
"""
    )
    assert printed == ["told 5"]
    times = [row["t_s"] for row in session.rows]
    assert times[:10] == list(range(1, 11))
    assert times[10:] == list(range(21, times[-1] + 1))


def test_a_second_allocates_nothing(on_box):
    lines = on_box(
        PREPARE
        + """
import gc
walk(5, 500)
def seconds():
    for _ in range(4):
        log.second(core, 0, 0xABCD)
gc.collect()
gc.disable()
before = gc.mem_alloc()
seconds()
print(gc.mem_alloc() - before)
core.seconds = 0
log.begin()
before = gc.mem_alloc()
core.belt.speed_mm_s = 0
seconds()
print(gc.mem_alloc() - before)
"""
    )
    assert lines == ["0", "0"]


def test_a_session_has_a_random_number_that_older_files_lack(on_box):
    """As SES shows it: of a file of today, and of one that older firmware has written."""
    printed = on_box(
        PREPARE.replace("session_log.urandom", "unused")
        + """
from struct import pack_into
from beltcore.crc import crc16
from beltcore.writer import Writer
from box import session_verbs

class App:
    writer = Writer()
    session_log = log
    sessions = store
    def send(self):
        print(str(bytes(self.writer.buffer[: self.writer.length]), "ascii"), end="")

class NoClock:
    def date(self, power, clock_s):
        return None

walk(100, -500)
walk(70, 0)
walk(100, -500)
walk(70, 0)
old = bytearray(24)
pack_into("<3sBIIIIH", old, 0, b"BBS", 1, 3, 3, 7, 1234, 0xABCD)
pack_into("<H", old, 22, crc16(old, 0, 22))
store.append(3, old, bytes(180))
for number in (1, 2, 3):
    session_verbs.tell(App(), number, NoClock())
"""
    )
    first, second, older = (line[: line.index("*")].split(",")[2:] for line in printed)
    assert (first[7], second[7], older[7]) == ("2", "2", "1")
    assert 0 <= int(first[8]) < 2**24
    assert first[8] != second[8]
    assert older == ["3", "1", "1", "3", "7", "", "ABCD", "1", ""]
