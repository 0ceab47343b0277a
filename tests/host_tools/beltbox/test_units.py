"""Numbers as people read them."""

from datetime import UTC, datetime

import pytest

from beltbox import units


@pytest.mark.parametrize(
    ("mm_s", "text"),
    [
        (710, "0.71 m/s (1.6 mph)"),
        (-710, "0.71 m/s (1.6 mph)"),
        (447.04, "0.45 m/s (1.0 mph)"),
        (0, "0.00 m/s (0.0 mph)"),
        (None, units.UNKNOWN),
    ],
)
def test_speed(mm_s: float | None, text: str):
    assert units.format_speed(mm_s) == text


def test_a_mile_an_hour_is_447_04_mm_s():
    assert units.mph(-1341.12) == pytest.approx(-3, abs=1e-9)


@pytest.mark.parametrize(
    ("mm_s", "word"), [(-1, "backward"), (1, "forward"), (0, "still"), (None, units.UNKNOWN)]
)
def test_direction(mm_s: float | None, word: str):
    assert units.direction(mm_s) == word


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (59.99, "0:59"),
        (185, "3:05"),
        (3599, "59:59"),
        (3600, "1:00:00"),
        (36_061, "10:01:01"),
        (None, units.UNKNOWN),
    ],
)
def test_duration(seconds: float | None, text: str):
    assert units.format_duration(seconds) == text


@pytest.mark.parametrize(
    ("mm", "text"),
    [
        (0, "0.0 m (0.00 mi)"),
        (4_240, "4.2 m (0.00 mi)"),
        (99_949, "99.9 m (0.06 mi)"),
        (99_950, "100 m (0.06 mi)"),
        (1_609_344, "1609 m (1.00 mi)"),
        (9_999_499, "9999 m (6.21 mi)"),
        (9_999_500, "10.00 km (6.21 mi)"),
        (None, units.UNKNOWN),
    ],
)
def test_distance(mm: float | None, text: str):
    assert units.format_distance(mm) == text


def test_percent_share_and_force():
    assert units.format_percent(42) == "4.2 %"
    assert units.format_share(0.413) == "41 %"
    assert units.format_force(29_410) == "29.4 N"


def test_unknown_is_never_0():
    formats = [units.format_percent, units.format_share, units.format_force, units.speed_mph]
    assert {form(None) for form in formats} == {units.UNKNOWN}
    parts = [units.speed, units.distance, units.percent, units.share, units.force, units.steps]
    assert {part(None, 3).number for part in parts} == {units.UNKNOWN}
    assert {part(None, 3).whole for part in parts} == {units.UNKNOWN}
    assert {part(None, 3).uncertainty for part in parts} == {""}


@pytest.mark.parametrize(
    ("found", "parts"),
    [
        (units.speed(-713.4, 4), ("0.71", "± 0.01", "m/s", "1.6 mph")),
        (units.speed(None), (units.UNKNOWN, "", "m/s", f"{units.UNKNOWN} mph")),
        (units.distance(4_240), ("4.2", "", "m", "0.00 mi")),
        (units.distance(163_400, 1_100), ("163", "± 3", "m", "0.10 mi")),
        (units.distance(12_345_678, 61_000), ("12.35", "± 0.13", "km", "7.67 mi")),
        (units.distance(None), (units.UNKNOWN, "", "m", "")),
        (units.percent(42, 4.7), ("4.2", "± 1.0", "%", "")),
        (units.share(0.413, 0.031), ("41", "± 7", "%", "")),
        (units.force(29_410), ("29.4", "", "N", "")),
        (units.steps(312, 1.2), ("312", "± 3", "steps", "")),
        (units.steps(1), ("1", "", "step", "")),
    ],
)
def test_a_quantity_has_its_parts(found, parts):
    assert found == parts


def test_the_parts_of_a_quantity_are_joined():
    known = units.distance(163_400, 1_100)
    assert (known.si, known.whole) == ("163 ± 3 m", "163 ± 3 m (0.10 mi)")
    assert known.uncertainty == "± 3 m"
    bare = units.distance(163_400)
    assert (bare.si, bare.whole, bare.uncertainty) == ("163 m", "163 m (0.10 mi)", "")


def test_a_start_that_is_known_and_one_that_is_only_bounded():
    at = datetime(2026, 3, 1, 23, 5, tzinfo=UTC)
    local = at.astimezone()
    assert units.format_start(at) == local.strftime("%Y-%m-%d %H:%M")
    assert units.format_start(at, dated=False) == "before " + local.strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("u", "divisor", "digits", "expected"),
    [
        (None, 1000, 2, ""),
        (5, 1000, 2, "± 0.01"),
        (5.2, 1000, 2, "± 0.01"),  # a twentieth of the last digit more
        (5.3, 1000, 2, "± 0.02"),
        (0.1, 1000, 2, "± 0.01"),
        (0, 1000, 2, "± 0.01"),
        (2_600, 1000, 1, "± 5.2"),
        (2_600, 1000, 0, "± 6"),
    ],
)
def test_plus_minus_is_twice_u_rounded_up_to_the_numbers_own_digits(u, divisor, digits, expected):
    assert units.plus_minus(u, divisor, digits) == expected


def test_a_number_and_its_plus_minus_have_the_same_digits():
    assert units.format_speed(-713.4, 4) == "0.71 ± 0.01 m/s (1.6 mph)"
    assert units.format_distance(4_240, 30) == "4.2 ± 0.1 m (0.00 mi)"
    assert units.format_distance(163_400, 1_100) == "163 ± 3 m (0.10 mi)"
    assert units.format_distance(12_345_678, 61_000) == "12.35 ± 0.13 km (7.67 mi)"
    assert units.format_percent(42, 4.7) == "4.2 ± 1.0 %"
    assert units.format_share(0.413, 0.031) == "41 ± 7 %"
    assert units.format_force(29_410, 1_600) == "29.4 ± 3.2 N"
    assert units.format_steps(312, 1.2) == "312 ± 3 steps"
    assert units.format_cadence(96.4, 0.9) == "96 ± 2 a minute"
    assert units.format_step_length(422, 4) == "0.42 ± 0.01 m each"


def test_steps_grabs_and_evenness_in_words():
    assert units.format_steps(1) == "1 step"
    assert units.format_grabs(1) == "1 grab"
    assert units.format_grabs(0) == "0 grabs"
    assert units.format_unevenness(42, 14, None) == "uneven by 4 ± 3 %"
    assert units.format_unevenness(121, 14, 1) == "left steps longer by 12 ± 3 %"
    assert units.format_unevenness(121, 14, 2) == "right steps longer by 12 ± 3 %"
    assert units.format_unevenness(121, 14, 7) == "uneven by 12 ± 3 %"  # a box that is ahead of us
    assert units.format_unevenness(42, None, 1) == units.format_unevenness(None, 14, 1) == ""


@pytest.mark.parametrize(
    ("basis_mm", "whole_mm", "words"),
    [
        (16_000, 40_000, "over 16.0 m"),
        (0, 40_000, "over 0.0 m"),
        (39_901, 40_000, ""),
        (39_900, 40_000, "over 39.9 m"),
        (999_001, 1_000_000, ""),
        (999_000, 1_000_000, "over 999 m"),
        (0, 0, ""),
    ],
)
def test_a_basis_is_named_where_it_isnt_the_whole(basis_mm: int, whole_mm: int, words: str):
    assert units.over(basis_mm, whole_mm) == words
