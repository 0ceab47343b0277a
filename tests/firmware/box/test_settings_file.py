"""The settings' file: whole, damaged, newer, missing; written whole or not at all."""

from __future__ import annotations

import binascii
import json

import pytest

from beltcore import settings

# The file beside the script: the box has the root of its flash for it.
PREPARE = "from box import settings_file\nsettings_file.PATH = 's.json'\n"
LOAD = (
    PREPARE + "values, reason = settings_file.load()\nprint(sorted(values.items()))\nprint(reason)"
)


def shown(values):
    return str(sorted(values.items()))


def test_a_new_box_has_defaults(on_box):
    assert on_box(LOAD) == [shown(settings.defaults()), "None"]


def test_what_is_there_is_taken_and_completed(on_box):
    lines = on_box(LOAD, {"s.json": json.dumps({"box_name": "a b", "body_mass_g": 81_500})})
    assert lines == [
        shown(settings.defaults() | {"box_name": "a b", "body_mass_g": 81_500}),
        "None",
    ]


DAMAGE = [
    ("", "s.json: "),
    ("{", "s.json: "),
    ('{"box_name": "a"', "s.json: "),
    ("[]", "s.json: settings must be a table"),
    ("5", "s.json: settings must be a table"),
    ("null", "s.json: settings must be a table"),
    ('{"schema": 2, "new": 5}', "s.json: schema is 2; this version reads up to 1: update it"),
    ('{"new": 5}', "s.json: 'new' is not a setting"),
    ('{"body_mass_g": 5}', "s.json: body_mass_g is 5; allowed: 20000 to 300000"),
    ('{"body_mass_g": 70000.5}', "s.json: body_mass_g is 70000.5; allowed"),
    ('{"box_name": "a,b"}', "s.json: box_name is 'a,b'; allowed: 1 to 20"),
    ("{}\n" + " " * 16, "s.json: the checksum is wrong"),
    ("{}\n" + " " * 15, "s.json: the checksum is cut off"),
]


@pytest.mark.parametrize(("text", "reason"), DAMAGE)
def test_damage_without_a_copy_gives_defaults_and_a_reason(text, reason, on_box):
    values, found = on_box(LOAD, {"s.json": text})
    assert values == shown(settings.defaults())
    assert found.startswith("defaults in use: " + reason)


@pytest.mark.parametrize(("text", "reason"), DAMAGE)
def test_damage_is_named_and_the_copy_used(text, reason, on_box):
    values, found = on_box(LOAD, {"s.json": text, "s.json.copy": '{"box_name": "kept"}'})
    assert values == shown(settings.defaults() | {"box_name": "kept"})
    assert found.startswith("the copy is in use: " + reason)


def test_a_file_that_is_gone_is_named_too(on_box):
    values, found = on_box(LOAD, {"s.json.copy": '{"box_name": "kept"}'})
    assert values == shown(settings.defaults() | {"box_name": "kept"})
    assert found == "the copy is in use: s.json is missing"


def test_both_damaged_gives_defaults_and_both_reasons(on_box):
    values, found = on_box(LOAD, {"s.json": "{", "s.json.copy": '{"new": 1}'})
    assert values == shown(settings.defaults())
    assert found.startswith("defaults in use: s.json: ")
    assert found.endswith("; the copy: 'new' is not a setting")


def test_saved_is_loaded(on_box):
    lines = on_box(
        PREPARE
        + """
import os
values = settings_file.load()[0]
values["rail_left_zero"] = -5
settings_file.save(values)
print(settings_file.load() == (values, None))
os.remove("s.json")
print(settings_file.load() == (values, "the copy is in use: s.json is missing"))
print(sorted(name for name in os.listdir() if name.startswith("s.j")))
"""
    )
    assert lines == ["True", "True", "['s.json.copy']"]


def test_the_checksum_is_that_of_the_text_and_yesterdays_reader_skips_it(on_box, tmp_path):
    on_box(PREPARE + "settings_file.save(settings_file.load()[0])")
    data = (tmp_path / "s.json").read_bytes()
    assert json.loads(data) == settings.defaults()
    text, bits = data[:-16], data[-16:]
    assert text.endswith(b"}\n")
    stated = int(bits.replace(b" ", b"0").replace(b"\t", b"1"), 2)
    assert stated == binascii.crc_hqx(text, 0xFFFF)


def test_every_flipped_bit_is_noticed(on_box):
    """One bit of the settings or of their checksum: never other settings, always a reason."""
    lines = on_box(
        PREPARE
        + """
values = settings_file.load()[0]
values["body_mass_g"] = 81234
settings_file.save(values)
with open("s.json", "rb") as file:
    data = bytearray(file.read())
bad = 0
for place in range(len(data)):
    for bit in range(8):
        data[place] ^= 1 << bit
        with open("s.json", "wb") as file:
            file.write(data)
        data[place] ^= 1 << bit
        found, reason = settings_file.load()
        if found != values or not reason or not reason.startswith("the copy is in use: s.json: "):
            bad += 1
            print(place, bit, reason)
print(len(data) > 200, bad)
"""
    )
    assert lines == ["True 0"]


def test_a_write_that_fails_keeps_the_old_file(on_box):
    """The flash is full at any write: the old settings stay (power cuts: test_power_cut.py)."""
    lines = on_box(
        PREPARE
        + """
import os
os.mkdir("s.json.new")
try:
    settings_file.save({"box_name": "new"})
except OSError as error:
    print("told")
print(settings_file.load()[0]["box_name"], settings_file.load()[1])
""",
        {"s.json": '{"box_name": "old"}'},
    )
    assert lines == ["told", "old None"]
