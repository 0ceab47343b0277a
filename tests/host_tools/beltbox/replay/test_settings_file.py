"""Settings files."""

import json
from pathlib import Path

import pytest

from beltbox.replay.settings_file import SettingsFileError, load_settings
from beltcore import settings as declared


def load(folder: Path, text: str | bytes):
    path = folder / "box.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(path)


def test_what_is_not_named_is_the_default(tmp_path: Path):
    expected = declared.defaults() | {"body_mass_g": 81_000, "box_name": "clinic 2"}
    text = '{"schema": 1, "body_mass_g": 81000, "box_name": "clinic 2"}'
    assert load(tmp_path, text) == expected
    assert load(tmp_path, b"\xef\xbb\xbf{}") == declared.defaults()


BAD = {
    "range": ('{"body_mass_g": 19999}', "body_mass_g is 19999; allowed: 20000 to 300000"),
    "direction": ('{"belt_direction": 0}', "belt_direction is 0; allowed: 1 or -1"),
    "unknown": ('{"colour": 1}', "'colour' is not a setting"),
    "newer": ('{"schema": 2, "colour": 1}', "schema is 2; this version reads up to 1: update it"),
    "schema 0": ('{"schema": 0}', "schema is 0; allowed: 1"),
    "text": ('{"body_mass_g": "70000"}', "body_mass_g is '70000'; allowed"),
    "fraction": ('{"body_mass_g": 70000.0}', "body_mass_g is 70000.0; allowed"),
    "truth": ('{"belt_direction": true}', "belt_direction is True; allowed"),
    "nothing": ('{"body_mass_g": null}', "body_mass_g is None; allowed"),
    "infinite": ('{"body_mass_g": 1e999}', "body_mass_g is inf; allowed"),
    "name": ('{"box_name": "a,b"}', "box_name is 'a,b'; allowed: 1 to 20 letters"),
    "a list": ("[1]", "settings must be a table of keys and values"),
    "a number": ("7", "settings must be a table of keys and values"),
    "not JSON": ('{"body_mass_g":\n 70000,}', "line 2, column 8: not JSON"),
    "empty": ("", "line 1, column 1: not JSON"),
    "binary": (b"\xff\xfe\x00", "isn't a settings file"),
    "long number": ('{"body_mass_g": ' + "9" * 10_000 + "}", "isn't a settings file"),
    "deep": ("[" * 100_000, "isn't a settings file"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_with_file_key_value_and_range(
    tmp_path: Path, text: str | bytes, words: str
):
    with pytest.raises(SettingsFileError) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "box.json"))
    assert words in str(caught.value)


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path):
    for path, words in ((tmp_path / "nope.json", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(SettingsFileError, match=f"Can't read {path}: {words}"):
            load_settings(path)


def test_what_a_box_was_given_can_be_read_again(tmp_path: Path):
    values = declared.complete({"rail_left_zero": -5})
    assert load(tmp_path, json.dumps(values)) == values
