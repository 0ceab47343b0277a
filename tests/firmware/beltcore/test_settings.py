"""Every setting at its limits and beyond them; what a damaged or a newer file gives."""

from __future__ import annotations

import binascii
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltcore import settings
from beltcore.settings import SettingsError

# What the design promises; the declaration is held against it.
DECLARED = {
    "belt_nm_per_count": (1, 1_000_000_000),
    "rail_left_zero": (-(2**23), 2**23 - 1),
    "rail_left_nn_per_count": (-60_000_000, 60_000_000),
    "rail_right_zero": (-(2**23), 2**23 - 1),
    "rail_right_nn_per_count": (-60_000_000, 60_000_000),
    "rail_noise_mn": (0, 50_000),
    "body_mass_g": (20_000, 300_000),
    "belt_u_ppm": (0, 1_000_000),
    "rail_left_u_ppm": (0, 1_000_000),
    "rail_right_u_ppm": (0, 1_000_000),
}
ALPHABET = string.ascii_letters + string.digits + " -_."
keys = pytest.mark.parametrize("key", settings.KEYS)


def test_the_declaration_is_that_of_the_design():
    declared = {key: (low, high) for key, _, low, high in settings.INTEGERS}
    assert declared == DECLARED | {"belt_direction": (-1, 1)}
    assert ("schema", "box_name", *(row[0] for row in settings.INTEGERS)) == settings.KEYS


@keys
def test_defaults_are_complete_and_allowed(key):
    values = settings.defaults()
    settings.check(key, values[key])
    assert tuple(values) == settings.KEYS
    assert settings.complete({}) == values
    assert values is not settings.defaults()


def test_default_values():
    assert settings.defaults() == {
        "schema": 1,
        "box_name": "beltbox",
        "belt_nm_per_count": 100_000,
        "belt_direction": 1,
        "rail_left_zero": 0,
        "rail_left_nn_per_count": 0,
        "rail_right_zero": 0,
        "rail_right_nn_per_count": 0,
        "rail_noise_mn": 0,
        "body_mass_g": 70_000,
        "belt_u_ppm": 0,
        "rail_left_u_ppm": 0,
        "rail_right_u_ppm": 0,
    }


@pytest.mark.parametrize("key", DECLARED)
def test_limits(key):
    low, high = DECLARED[key]
    assert settings.allowed(key) == f"{low} to {high}"
    for value in (low, high, (low + high) // 2):
        assert settings.complete({key: value})[key] == value
        assert settings.parse(key, str(value)) == value
    for value in (low - 1, high + 1, 2**40, -(2**40)):
        for refuse in (
            lambda value=value: settings.check(key, value),
            lambda value=value: settings.complete({key: value}),
            lambda value=value: settings.parse(key, str(value)),
        ):
            with pytest.raises(SettingsError) as caught:
                refuse()
            assert str(caught.value) == f"{key} is {value}; allowed: {low} to {high}"


def refusal(key, value):
    """What `check` says against the value; None if it is allowed."""
    try:
        settings.check(key, value)
    except SettingsError as error:
        return str(error)
    return None


@given(st.sampled_from(list(DECLARED)), st.integers(-(2**31), 2**31))
def test_any_integer_is_allowed_within_its_range_only(key, value):
    low, high = DECLARED[key]
    assert (refusal(key, value) is None) == (low <= value <= high)


@pytest.mark.parametrize("value", range(-3, 4))
def test_direction(value):
    expected = f"belt_direction is {value}; allowed: 1 or -1"
    assert refusal("belt_direction", value) == (None if value in (1, -1) else expected)


@keys
@pytest.mark.parametrize("wrong", [None, 1.0, True, False, [1], {}, b"1", "1.5", ""])
def test_wrong_types(key, wrong):
    if key == "box_name" and wrong == "1.5":
        return
    with pytest.raises(SettingsError, match=rf"^{key} is .*; allowed: "):
        settings.complete({key: wrong})


@given(st.text(max_size=25) | st.text(ALPHABET, max_size=25))
def test_names(name):
    if 1 <= len(name) <= 20 and all(letter in ALPHABET for letter in name):
        assert settings.parse("box_name", name) == name
    else:
        refused = refusal("box_name", name)
        assert refused
        assert refused.endswith("; allowed: 1 to 20 letters digits space - _ .")


@pytest.mark.parametrize("edge", ["/0", "9:", "@A", "Z[", "`a", "z{"])
def test_the_alphabet_ends_where_it_should(edge):
    for letter in edge:
        if letter.isalnum():
            settings.check("box_name", letter)
        else:
            with pytest.raises(SettingsError):
                settings.check("box_name", letter)


def test_schema():
    settings.check("schema", 1)
    assert settings.allowed("schema") == "1"
    for value in (0, -1):
        with pytest.raises(SettingsError, match=rf"^schema is {value}; allowed: 1$"):
            settings.check("schema", value)
    # A newer file may hold keys that mean nothing here: its schema is what is wrong with it.
    with pytest.raises(SettingsError, match="schema is 2; this version reads up to 1: update it"):
        settings.complete({"keys_of_tomorrow": 5, "schema": 2})


@pytest.mark.parametrize("key", ["belt", "", "Schema", 5, None])
def test_unknown_keys(key):
    for refuse in (
        lambda: settings.allowed(key),
        lambda: settings.check(key, 1),
        lambda: settings.complete({key: 1}),
        lambda: settings.parse(key, "1"),
    ):
        with pytest.raises(SettingsError, match=r"is not a setting$"):
            refuse()


@pytest.mark.parametrize("given_value", [[], "a", 5, None, [("schema", 1)]])
def test_settings_are_a_table(given_value):
    with pytest.raises(SettingsError, match="settings must be a table"):
        settings.complete(given_value)


@pytest.mark.parametrize("text", ["", "x", "1.0", "0x10", "--1", "1e3"])
def test_texts_that_are_no_number(text):
    with pytest.raises(SettingsError, match=r"^body_mass_g is '.*'; allowed: 20000 to 300000$"):
        settings.parse("body_mass_g", text)


@given(st.text(min_size=0, max_size=500))
def test_whatever_came_in_is_shown_short(text):
    with pytest.raises(SettingsError) as caught:
        settings.check("body_mass_g", text)
    shown = str(caught.value)[len("body_mass_g is ") : -len("; allowed: 20000 to 300000")]
    quoted = repr(text)
    assert shown == (quoted if len(quoted) <= 24 else quoted[:20] + "...")


@pytest.mark.parametrize(("letters", "cut"), [(22, False), (23, True)])
def test_24_signs_are_shown(letters, cut):
    shown = "'" + "x" * 19 + "..." if cut else "'" + "x" * 22 + "'"
    assert refusal("body_mass_g", "x" * letters).startswith(f"body_mass_g is {shown}; allowed")


complete_settings = st.fixed_dictionaries(
    {
        "box_name": st.text(ALPHABET, min_size=1, max_size=20),
        "belt_direction": st.sampled_from([1, -1]),
        **{key: st.integers(*limits) for key, limits in DECLARED.items()},
    }
)


@given(complete_settings)
def test_complete_keeps_what_is_given_and_copies(given_settings):
    before = dict(given_settings)
    values = settings.complete(given_settings)
    assert values == settings.defaults() | given_settings
    values["belt_direction"] = 0
    assert given_settings == before


@given(complete_settings)
def test_fingerprint(given_settings):
    values = settings.complete(given_settings)
    text = ",".join(
        f"{key}={values[key]}"
        for key in [
            "schema",
            "box_name",
            "belt_nm_per_count",
            "belt_direction",
            "rail_left_zero",
            "rail_left_nn_per_count",
            "rail_right_zero",
            "rail_right_nn_per_count",
            "rail_noise_mn",
            "body_mass_g",
        ]
    )
    for key in ("belt_u_ppm", "rail_left_u_ppm", "rail_right_u_ppm"):
        text += f",{key}={values[key]}" * (values[key] != 0)
    assert settings.fingerprint(values) == binascii.crc_hqx(text.encode(), 0xFFFF)
    shuffled = dict(reversed(values.items()))
    assert settings.fingerprint(shuffled) == settings.fingerprint(values)


def test_later_settings_leave_the_hash_of_before_alone():
    assert settings.LATER_KEYS == ("belt_u_ppm", "rail_left_u_ppm", "rail_right_u_ppm")
    values = settings.defaults()
    before = settings.fingerprint(values)
    seen = {before}
    for key in settings.LATER_KEYS:
        seen.add(settings.fingerprint(values | {key: 7}))
    assert len(seen) == 1 + len(settings.LATER_KEYS)
    # As a box of version 0.1.0 gave it, for these very defaults.
    assert before == 0xA2ED


ON_MICROPYTHON = """
from beltcore import settings
import json
for line in open("cases.txt"):
    key, value = json.loads(line)
    try:
        settings.complete({key: value})
        print(key, "good")
    except settings.SettingsError as error:
        print(error)
print(settings.fingerprint(settings.defaults()))
"""


def test_box_and_host_say_the_same(on_micropython):
    values = [0, 1, -1, 2, 20_000, 19_999, 300_001, 10**9 + 1, -(2**23) - 1, 1.5, True, None, "a b"]
    cases = [(key, value) for key in (*settings.KEYS, "nothing") for value in values]
    printed = on_micropython(
        ON_MICROPYTHON, {"cases.txt": "\n".join(json.dumps(case) for case in cases)}
    ).splitlines()
    for (key, value), line in zip(cases, printed, strict=False):
        try:
            settings.complete({key: value})
            expected = f"{key} good"
        except SettingsError as error:
            expected = str(error)
        assert line == expected
    assert printed[-1] == str(settings.fingerprint(settings.defaults()))
