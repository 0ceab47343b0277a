"""Sentences as they are written, taken apart here without beltcore's reader."""

from __future__ import annotations

import base64
import binascii
import re
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beltcore import rare_writer, settings
from beltcore.blocks import PART_BYTES
from beltcore.host.sentence import (
    ANSWER_KINDS,
    NEVER_EMPTY,
    NUMBER_FIELDS,
    TEXT_FIELDS,
    TYPES,
)
from beltcore.writer import SENTENCE_MAX, SEQUENCE_PERIOD, Writer

SMALL = st.sampled_from([-(2**30), -1, 0, 9, 10, 2**30 - 1]) | st.integers(-(2**30), 2**30 - 1)
FORCE = st.none() | st.sampled_from([-(2**29) + 1, 2**29 - 1]) | st.integers(-(2**29), 2**29 - 1)
# No step of a belt that is believed is longer than a metre (belt.py), and rows come 2 ms apart.
SPEED = st.sampled_from([-(10**6), 10**6]) | st.integers(-(10**6), 10**6)
SAMPLE = st.none() | st.integers(-(2**23), 2**23 - 1)
METRES = st.sampled_from([0, 1, 2**30 - 1]) | st.integers(0, 2**30 - 1)
LENGTH = st.builds(
    lambda m, mm, nm: SimpleNamespace(m=m, mm=mm, nm=nm),
    METRES,
    st.sampled_from([0, 9, 99, 999]) | st.integers(0, 999),
    st.sampled_from([0, 499_999, 500_000, 999_999]) | st.integers(0, 999_999),
)
ANY_TEXT = st.text(max_size=120)
HIGHEST_MM = 2**30 * 1000


def taken_apart(writer):
    """(type, seq, fields) of what the writer holds, by the wire's rules alone."""
    data = bytes(writer.buffer[: writer.length])
    assert len(data) <= 100
    shape = re.fullmatch(rb"\$([^*$!\r\n]*)\*([0-9A-F]{4})\n", data)
    assert shape, data
    body, crc = shape.groups()
    assert int(crc, 16) == binascii.crc_hqx(body, 0xFFFF)
    assert all(32 <= byte < 127 for byte in body)
    name, seq, *fields = body.decode().split(",")
    assert len(fields) == len(TYPES[name])
    for field, text in zip(TYPES[name], fields, strict=True):
        assert_within(name, field, text)
    return name, int(seq), fields


def assert_within(name, field, text):
    """No box sends what its reader would take for damage."""
    if field in TEXT_FIELDS:
        assert len(text) <= TEXT_FIELDS[field]
        assert not set(text) & set(",*$!")
    elif text == "":
        assert field not in NEVER_EMPTY.get(name, ())
    else:
        lowest, highest, _unit = NUMBER_FIELDS[field]
        assert lowest <= int(text) <= highest, field


def shown(*values):
    return ["" if value is None else str(value) for value in values]


def in_mm(length):
    return (length.m * 1000 + length.mm + (length.nm >= 500_000)) % HIGHEST_MM


def gait_like(steps, cadence, length, evenness):
    sd, asymmetry, uncertainty, side = evenness
    return SimpleNamespace(
        steps=steps,
        cadence_spm_x10=cadence,
        step_length_mm=length,
        evenness=SimpleNamespace(
            step_time_sd_ms=sd,
            asymmetry_permille=asymmetry,
            asymmetry_u_permille=uncertainty,
            longer_side=side,
        ),
    )


def core_like(**given_values):
    values = {
        "seconds": 0,
        "microseconds": 0,
        "belt": SimpleNamespace(belt_mm_s=0, speed_mm_s=0),
        "rails": SimpleNamespace(
            left=SimpleNamespace(force_mn=None, present=True),
            right=SimpleNamespace(force_mn=None, present=False),
            reliance_permille=None,
            zone=None,
            grabs=None,
        ),
        "gait": gait_like(0, None, None, (None, None, None, None)),
        "flags": 0,
    }
    return SimpleNamespace(**values | given_values)


def test_limits_of_the_design():
    assert SENTENCE_MAX == 100
    assert SEQUENCE_PERIOD == 10_000


@given(st.integers(0, 2**30 - 1), SMALL, SAMPLE, SAMPLE)
@example(0, 0, None, None)
def test_raw(t_us, count, left, right):
    writer = Writer()
    writer.raw(t_us, count, left, right)
    assert taken_apart(writer) == ("RAW", 0, shown(t_us, count, left, right))


@given(
    METRES,
    st.integers(0, 999_999),
    SPEED,
    SPEED,
    FORCE,
    FORCE,
    st.none() | st.integers(0, 5_500_000),
    st.none() | st.integers(0, 3),
    st.integers(0, 63),
    st.integers(0, 63),
)
def test_now(seconds, us, belt, speed, left, right, reliance, zone, flags, box_flags):
    core = core_like(
        seconds=seconds,
        microseconds=us,
        belt=SimpleNamespace(belt_mm_s=belt, speed_mm_s=speed),
        rails=SimpleNamespace(
            left=SimpleNamespace(force_mn=left, present=True),
            right=SimpleNamespace(force_mn=right, present=True),
            reliance_permille=reliance,
            zone=zone,
        ),
        flags=flags,
    )
    writer = Writer()
    writer.now(core, box_flags)
    t_ms = seconds * 1000 + us // 1000
    expected = shown(t_ms, belt, speed, left, right, reliance, zone, flags, box_flags)
    assert taken_apart(writer) == ("NOW", 0, expected)


FOUR_DIGITS = st.none() | st.integers(0, 9999)


@given(
    METRES,
    st.integers(0, 999_999),
    LENGTH,
    LENGTH,
    st.integers(0, 2**26 - 1),
    st.tuples(FOUR_DIGITS, FOUR_DIGITS),
    st.none() | st.integers(0, 2**20 - 1),
    st.tuples(FOUR_DIGITS, FOUR_DIGITS, FOUR_DIGITS, st.none() | st.integers(1, 2)),
)
@example(
    *(2**30 - 1, 999_999, *[SimpleNamespace(m=2**30 - 1, mm=999, nm=0)] * 2),
    *(2**26 - 1, (9999, 9999), 2**20 - 1, (9999, 9999, 9999, 2)),
)
def test_distance(seconds, us, forward, backward, steps, means, grabs, evenness):
    writer = Writer()
    core = core_like(
        seconds=seconds,
        microseconds=us,
        lengths=lambda: (forward, backward),
        gait=gait_like(steps, *means, evenness),
        rails=SimpleNamespace(grabs=None if grabs is None else SimpleNamespace(count=grabs)),
    )
    writer.distance(core)
    assert writer.length <= SENTENCE_MAX
    t_ms = seconds * 1000 + us // 1000
    expected = shown(t_ms, in_mm(forward), in_mm(backward), steps, *means, grabs, *evenness)
    assert taken_apart(writer) == ("DST", 0, expected)


@given(METRES, st.integers(0, 999_999), st.tuples(LENGTH, LENGTH, LENGTH, LENGTH))
@pytest.mark.parametrize("cells", [(True, True), (True, False), (False, True), (False, False)])
def test_zones(cells, seconds, us, lengths):
    rails = SimpleNamespace(
        left=SimpleNamespace(present=cells[0]), right=SimpleNamespace(present=cells[1])
    )
    writer = Writer()
    core = core_like(
        seconds=seconds,
        microseconds=us,
        rails=rails,
        zone_lengths=lambda: lengths,
    )
    writer.zones(core)
    sums = [in_mm(length) if any(cells) else None for length in lengths]
    expected = ("ZON", 0, shown(seconds * 1000 + us // 1000, *sums))
    assert taken_apart(writer) == expected


def as_sent(text, longest):
    """Commas become semicolons, what would break the wire a question mark, and it is cut."""
    sent = "".join(
        ";" if letter == "," else letter if " " <= letter <= "~" and letter not in "*$!" else "?"
        for letter in text
    )
    return sent[:longest]


@given(st.integers(0, 9), st.integers(0, 2**30 - 1), st.tuples(*[ANY_TEXT] * 7))
@example(9, 2**30 - 1, ("x" * 100,) * 7)
def test_identity(protocol, boots, texts):
    writer = Writer()
    rare_writer.identity(writer, protocol, boots, texts)
    firmware, board, box_name, cause, settings_hash, micropython, serial = texts
    name, seq, fields = taken_apart(writer)
    assert (name, seq) == ("ID", 0)
    assert fields[:7] == [
        str(protocol),
        as_sent(firmware, 10),
        as_sent(board, 12),
        as_sent(box_name, 20),
        str(boots),
        as_sent(cause, 8),
        as_sent(settings_hash, 4),
    ]
    assert fields[7] in (as_sent(micropython, 8), "")
    assert fields[8] == as_sent(serial, 12)
    if fields[7] == "" and micropython:
        assert writer.length + len(micropython) > 100


@pytest.mark.parametrize(
    ("boots", "micropython", "sent"),
    [
        # With a nine-figure count of starts all others of today's box may be at their longest.
        (2**29, "1.28.0", "1.28.0"),
        (2**30 - 1, "1.28.0", ""),
        (2**30 - 1, "1.9.0", "1.9.0"),
    ],
)
def test_the_identity_leaves_out_micropython_before_it_cuts_it(boots, micropython, sent):
    writer = Writer()
    writer._sequence = SEQUENCE_PERIOD - 1
    texts = ("0.2.0", "esp32_devkit", "a" * 20, "watchdog", "ABCD", micropython, "30aea4b0c0de")
    rare_writer.identity(writer, 1, boots, texts)
    assert writer.length <= 100
    assert taken_apart(writer)[2][7:] == [sent, "30aea4b0c0de"]


@given(st.integers(0, 2**30 - 1), ANY_TEXT)
def test_begin(boots, settings_hash):
    writer = Writer()
    writer.begin(boots, settings_hash)
    assert taken_apart(writer) == ("BEG", 0, [str(boots), as_sent(settings_hash, 4)])


@given(st.integers(0, 999_999_999), st.sampled_from(sorted(ANSWER_KINDS)), ANY_TEXT)
@example(999_999_999, "ok", "x" * 68)
@example(999_999_999, "ok", "x" * 69)
@example(999_999_999, "range", "x" * 62)
@example(999_999_999, "range", "x" * 63)
def test_answer(identifier, kind, text):
    """A text that is cut ends in two dots; the kind is whole in any case."""
    writer = Writer()
    writer._sequence = 9999
    writer.answer(identifier, kind, text)
    assert writer.length <= SENTENCE_MAX
    status = "ok" if kind == "ok" else "error"
    room = 72 - len(status + kind)
    sent = as_sent(text, 100)
    if len(sent) > room:
        sent = sent[: room - 2] + ".."
    assert taken_apart(writer) == ("ANS", 9999, [str(identifier), status, sent, kind])


def test_an_answer_says_as_much_as_before_there_were_kinds():
    writer = Writer()
    writer.answer(1, "ok", "x" * 68)  # a line of a traceback: crash.LINE_MAX
    assert taken_apart(writer)[2][2] == "x" * 68


@pytest.mark.parametrize("key", settings.KEYS)
def test_every_setting_fits_its_sentence(key):
    writer = Writer()
    rare_writer.setting(writer, key, "x" * 20)
    assert taken_apart(writer) == ("SET", 0, [key, "x" * 20])


@given(ANY_TEXT)
@example("x" * 100)
@example(",*$!\r\n\x00\x7f~ é")
def test_log(text):
    writer = Writer()
    writer.log(text)
    assert taken_apart(writer) == ("LOG", 0, [as_sent(text, 84)])


@given(ANY_TEXT, st.lists(st.integers(0, 9_999_999), min_size=8, max_size=8))
@example("x" * 100, [2**30 - 1] + [10**7 - 1] * 3 + [10**5 - 1] * 2 + [10**8 - 1] * 2)
def test_health(serial, numbers):
    writer = Writer()
    rare_writer.health(writer, serial, numbers)
    assert taken_apart(writer) == ("HLT", 0, [as_sent(serial, 16), *map(str, numbers)])


@given(st.lists(st.integers(0, 2**30 - 1), min_size=7, max_size=7))
@example([2**30 - 1] * 7)
def test_resets(numbers):
    writer = Writer()
    rare_writer.resets(writer, numbers)
    assert taken_apart(writer) == ("RST", 0, [str(number) for number in numbers])


def test_the_longest_sentences_fit_at_the_highest_sequence():
    writer = Writer()
    for _ in range(SEQUENCE_PERIOD - 1):
        writer.begin(0, "")
    longest = "x" * 200
    writer.answer(999_999_999, max(ANSWER_KINDS, key=len), longest)
    assert writer.length == 100
    assert taken_apart(writer)[1] == SEQUENCE_PERIOD - 1
    for write in (
        lambda: rare_writer.identity(writer, 1, 2**30 - 1, (longest,) * 7),
        lambda: writer.log(longest),
    ):
        writer._sequence = SEQUENCE_PERIOD - 1
        write()
        assert writer.length == 100
        taken_apart(writer)


def test_sequence_counts_all_types_and_wraps():
    writer = Writer()
    for number in range(2 * SEQUENCE_PERIOD + 5):
        if number % 3:
            writer.raw(number, -number, None, 5)
        else:
            writer.log("a longer text than the row before it")
        assert taken_apart(writer)[1] == number % SEQUENCE_PERIOD


def test_text_fields_are_fields():
    fields = [field for names in TYPES.values() for field in names]
    assert set(TEXT_FIELDS) <= set(fields)
    for names in TYPES.values():
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("m", "mm", "nm", "sent"),
    [
        (0, 0, 499_999, "0"),
        (0, 0, 500_000, "1"),
        (0, 999, 500_000, "1000"),
        (7, 999, 499_999, "7999"),
        (2**30 - 2, 999, 500_000, "1073741823000"),
        (2**30 - 1, 999, 499_999, "1073741823999"),
        (2**30 - 1, 999, 500_000, "0"),
    ],
)
def test_millimetres_are_rounded_over_metres_and_the_wrap(m, mm, nm, sent):
    length = SimpleNamespace(m=m, mm=mm, nm=nm)
    writer = Writer()
    backward = SimpleNamespace(m=0, mm=0, nm=0)
    writer.distance(core_like(lengths=lambda: (length, backward)))
    assert taken_apart(writer)[2][1:3] == [sent, "0"]


# session, blocks, state, power, boots, version, random
HIGHEST = (99_999_999, 65_535, 2, 2**30 - 1, 2**30 - 1, 255, 2**24 - 1)


@given(
    st.tuples(
        st.integers(1, 99_999_999),
        st.integers(0, 65_535),
        st.integers(0, 2),
        *[st.none() | st.integers(0, highest) for highest in HIGHEST[3:]],
    ),
    st.none() | st.integers(1000, 2**32),
    ANY_TEXT,
)
@example(HIGHEST, 2**32, "ABCD")
def test_session(numbers, started_s, settings_hash):
    writer = Writer()
    writer._sequence = SEQUENCE_PERIOD - 1
    *of_it, power, boots, version, random = numbers
    rare_writer.session(writer, of_it, power, boots, started_s, settings_hash, version, random)
    expected = [*shown(*of_it, power, boots, started_s), as_sent(settings_hash, 4)]
    assert taken_apart(writer) == ("SES", SEQUENCE_PERIOD - 1, expected + shown(version, random))
    assert writer.length <= 100


@given(st.binary(min_size=1, max_size=PART_BYTES))
@example(b"\xff" * PART_BYTES)
def test_a_part_of_a_block_fits(part):
    writer = Writer()
    writer._sequence = SEQUENCE_PERIOD - 1
    text = base64.b64encode(part).decode()
    rare_writer.block(writer, 99_999_999, 65_535, 3, text)
    name, _seq, fields = taken_apart(writer)
    assert (name, fields[:3]) == ("BLK", ["99999999", "65535", "3"])
    assert base64.b64decode(fields[3]) == part
