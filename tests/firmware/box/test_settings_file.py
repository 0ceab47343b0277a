"""The settings' file: whole, damaged, newer, missing; written whole or not at all."""

from __future__ import annotations

import json

import pytest

from beltcore import settings

# The file beside the script: the box has the root of its flash for it.
PREPARE = (
    "from box import settings_file\nsettings_file.PATH = 's.json'\nsettings_file._NEW = 's.new'\n"
)
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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
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
    ],
)
def test_damage_gives_defaults_and_a_reason(text, reason, on_box):
    values, found = on_box(LOAD, {"s.json": text})
    assert values == shown(settings.defaults())
    assert found.startswith(reason)


def test_saved_is_loaded(on_box):
    lines = on_box(
        PREPARE
        + """
import os
values = settings_file.load()[0]
values["rail_left_zero"] = -5
settings_file.save(values)
print(settings_file.load() == (values, None), "s.new" in os.listdir())
"""
    )
    assert lines == ["True False"]


def test_a_write_that_fails_keeps_the_old_file(on_box):
    """Power fails, or the flash is full, at any write: the old settings stay."""
    lines = on_box(
        PREPARE
        + """
import os, json
class Full:
    def dump(self, values, file):
        file.write('{"box_na')
        raise OSError(28)
settings_file.json = Full()
try:
    settings_file.save({"box_name": "new"})
except OSError as error:
    print(error.errno)
settings_file.json = json
print(settings_file.load()[0]["box_name"], settings_file.load()[1])
""",
        {"s.json": '{"box_name": "old"}'},
    )
    assert lines == ["28", "old None"]
