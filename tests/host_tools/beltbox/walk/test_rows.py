"""The table of columns, held against what the box declares and against what was stored before."""

from __future__ import annotations

import pytest

from beltbox.walk.rows import COLUMNS, LIVE_SENTENCES, RUNNING_COLUMNS, MetricRow
from beltcore.host import metrics
from beltcore.host.sentence import LATER_FIELDS, TYPES

# Files and blocks have these columns in this order: written once, never changed.
FIRST_VERSION = """
t_ms belt_mm_s speed_mm_s distance_mm forward_mm backward_mm rail_left_mn rail_right_mn
reliance_permille zone hands_off_mm light_mm supported_mm heavy_mm steps cadence_spm_x10
step_length_mm grabs flags box_flags
"""
SECOND_VERSION = """
step_time_sd_ms step_asymmetry_permille step_asymmetry_u_permille longer_step_side
"""
UNITS = {
    "_mm_s": "mm/s",
    "_mm": "mm",
    "_ms": "ms",
    "_mn": "mN",
    "_permille": "permille",
    "_x10": "spm/10",
}
# Unit of the rows, unit of people, and how many of the first are one of the second.
SHOWN = {
    ("mm/s", "m/s", 1000),
    ("mm", "m", 1000),
    ("mm", "m each", 1000),
    ("mN", "N", 1000),
    ("permille", "%", 10),
    ("spm/10", "a minute", 10),
    ("", "", 1),
}


def test_columns_that_files_and_blocks_have_keep_their_places():
    names = [column.name for column in COLUMNS]
    assert names == list(MetricRow._fields)
    assert names[:24] == (FIRST_VERSION + SECOND_VERSION).split()
    assert [column.since for column in COLUMNS[:24]] == [1] * 20 + [2] * 4
    assert all(column.since > 2 for column in COLUMNS[24:])
    assert [column.since for column in COLUMNS] == sorted(column.since for column in COLUMNS)


def test_columns_of_the_core_are_all_but_what_only_the_box_sees():
    expected = tuple(name for name in MetricRow._fields if name != "box_flags")
    assert expected == metrics.COLUMNS


def test_each_column_has_its_sentence_and_each_field_of_a_live_sentence_its_column():
    assert LIVE_SENTENCES == ("NOW", "DST", "ZON")
    by_name = {column.name: column for column in COLUMNS}
    for kind in LIVE_SENTENCES:
        assert all(by_name[field].sentence == kind for field in TYPES[kind][1:])
    assert [column.name for column in COLUMNS if column.sentence is None] == [
        "t_ms",  # in each of them
        "distance_mm",  # the sum of two
    ]


@pytest.mark.parametrize("kind", LIVE_SENTENCES)
def test_what_older_boxes_dont_send_isnt_of_the_first_version(kind):
    fields = TYPES[kind][1:]
    later = [column.name for column in COLUMNS if column.name in fields and column.since > 1]
    assert later == list(fields[len(fields) - LATER_FIELDS.get(kind, 0) :])


def test_what_runs_on_across_segments():
    assert " ".join(RUNNING_COLUMNS) == (
        "t_ms distance_mm forward_mm backward_mm hands_off_mm light_mm supported_mm heavy_mm "
        "steps grabs"
    )


def test_units_are_those_in_the_names():
    for column in COLUMNS:
        suffix = next((suffix for suffix in UNITS if column.name.endswith(suffix)), None)
        assert column.unit == UNITS.get(suffix or "", ""), column.name
        if column.shown is not None:
            assert (column.unit, column.shown.unit, column.shown.divisor) in SHOWN, column.name
