"""The last crash: its lines fit answers, its count goes on, a damaged file is none."""

from __future__ import annotations

PREPARE = """
from box import crash
crash.PATH = "c.json"

def fail(depth, text):
    if depth:
        fail(depth - 1, text)
    raise ValueError(text)

def keep(depth, text):
    try:
        fail(depth, text)
    except ValueError as error:
        return crash.keep(error)
"""


def test_counted_and_kept(on_box):
    lines = on_box(
        PREPARE
        + """
print(crash.load())
print(keep(0, "first"), keep(0, "second"))
count, lines = crash.load()
print(count)
print("\\n".join(lines))
"""
    )
    assert lines[:3] == ["(0, [])", "1 2", "2"]
    assert lines[3] == "Traceback (most recent call last):"
    assert lines[4].startswith('  File "script.py", line ')
    assert lines[-1] == "ValueError: second"


def test_long_lines_are_wrapped_and_of_many_the_last_kept(on_box):
    lines = on_box(
        PREPARE
        + """
keep(40, "x" * 100 + "end")
count, lines = crash.load()
print(len(lines), max(len(line) for line in lines), lines[-1][-3:])
"""
    )
    assert lines == ["16 68 end"]


def test_a_damaged_file_is_no_crash(on_box):
    for text in ("", "{", "[]", "5", '{"count": 1}'):
        assert on_box(PREPARE + "print(crash.load())", {"c.json": text}) == ["(0, [])"]
