"""Whole files: what they hold, and what stands between an old one and a new one."""

from __future__ import annotations


def test_text_comes_back_whatever_its_end(on_box):
    lines = on_box(
        """
from box import whole_file
for text in ("", "a", "a b\\tc", "two\\nlines", "\\u00e4" * 3):
    whole_file.write("x", text)
    print(whole_file.read("x") == text)
"""
    )
    assert lines == ["True"] * 5


def test_no_file_is_none_and_a_flash_that_fails_is_told(on_box):
    lines = on_box(
        """
from box import whole_file
import os
print(whole_file.read("x"))
os.mkdir("folder")
try:
    whole_file.read("folder")
except OSError as error:
    print("told")
"""
    )
    assert lines == ["None", "told"]


def test_a_file_left_over_from_a_cut_is_written_over(on_box):
    lines = on_box(
        "from box import whole_file\nwhole_file.write('x', 'new')\nprint(whole_file.read('x'))",
        {"x": "old", "x.new": "half" * 100},
    )
    assert lines == ["new"]
