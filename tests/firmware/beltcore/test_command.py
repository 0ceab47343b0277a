"""Commands: what a host makes of them is what the box takes, and nothing else is."""

from __future__ import annotations

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltcore.command import Damaged, decode_command
from beltcore.host.reader import COMMAND_MAX, encode_command


def framed(body):
    return b"!" + body + b"*%04X\n" % binascii.crc_hqx(body, 0xFFFF)


ARGUMENT = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=",*!$"), max_size=20
)


@given(st.integers(0, 999_999_999), ARGUMENT, st.lists(ARGUMENT, max_size=3))
def test_commands_round_trip(identifier, verb, arguments):
    line = encode_command(identifier, verb, *arguments)
    body = ",".join([str(identifier), verb, *arguments]).encode()
    assert line == framed(body)
    assert len(line) <= COMMAND_MAX
    assert 0x03 not in line
    assert decode_command(line[:-1]) == (identifier, verb, arguments)


def test_arguments_may_be_numbers():
    assert encode_command(5, "set", "body_mass_g", 70_000) == framed(b"5,set,body_mass_g,70000")


@pytest.mark.parametrize("letter", [*",*!$\r\n\t\x03\x1f\x7f\x80é", "\u1234"])
def test_commands_refuse_what_would_break_them(letter):
    with pytest.raises(ValueError, match="a command can't hold"):
        encode_command(1, "set", "box_name", f"a{letter}b")
    with pytest.raises(ValueError, match="a command can't hold"):
        encode_command(1, letter)


def test_a_command_has_100_bytes_at_most():
    fixed = len(encode_command(1, "set", ""))
    assert len(encode_command(1, "set", "x" * (100 - fixed))) == 100
    with pytest.raises(ValueError, match="a command fits 100 bytes, not 101"):
        encode_command(1, "set", "x" * (101 - fixed))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no CRC|an id and a verb"),
        (b"5", "an id and a verb"),
        (b"x,get", "the id isn't a number of up to 9 digits"),
        (b"-1,get", "the id isn't a number"),
        (b",get", "the id isn't a number"),
        (b"1234567890,get", "the id isn't a number"),
        (b"1,get,\xff", "isn't ASCII"),
        (b"1,get,\x1f", "isn't ASCII"),
        (b"1,get,\x7f", "isn't ASCII"),
        (b"1,get,\xc3\xa9", "isn't ASCII"),
    ],
)
def test_damaged_commands(body, reason):
    with pytest.raises(Damaged, match=reason):
        decode_command(framed(body)[:-1])


def test_an_id_has_up_to_9_digits():
    assert decode_command(framed(b"999999999,get")[:-1]) == (999_999_999, "get", [])


@given(st.integers(0, 999), st.data())
def test_no_flipped_bit_makes_another_command(identifier, data):
    line = bytearray(encode_command(identifier, "set", "body_mass_g", "70000")[:-1])
    place = data.draw(st.integers(1, len(line) - 1))
    line[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        decoded = decode_command(bytes(line))
    except Damaged:
        return
    assert decoded == (identifier, "set", ["body_mass_g", "70000"])
