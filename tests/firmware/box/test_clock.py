"""The date: what the host gave, for this power-up and for the ones before."""

from __future__ import annotations

PREPARE = """
from box import clock
clock.PATH = "clock.json"
now_s = 100
clock.time = lambda: now_s
box = clock.Clock(3)
"""
NOON = 1_700_000_000


def test_without_a_host_there_is_no_date(on_box):
    assert on_box(PREPARE + "print(box.date(3, 100))") == ["None"]


def test_dates_of_this_power_up_and_no_other(on_box):
    lines = on_box(
        PREPARE
        + f"""
box.set({NOON})
now_s = 500
print(box.date(3, 40), box.date(2, 40))
"""
    )
    assert lines == [f"{NOON - 60} None"]


def test_they_are_kept_over_the_next_power_up(on_box):
    lines = on_box(
        PREPARE
        + f"""
box.set({NOON})
box = clock.Clock(4)
print(box.date(3, 40), box.date(4, 40))
"""
    )
    assert lines == [f"{NOON - 60} None"]


def test_a_host_that_says_the_same_costs_no_write(on_box):
    lines = on_box(
        PREPARE
        + f"""
import os
box.set({NOON})
os.remove("clock.json")
box.set({NOON + 2})
print("clock.json" in os.listdir())
box.set({NOON + 3})
print("clock.json" in os.listdir(), box.date(3, 100))
"""
    )
    assert lines == ["False", f"True {NOON + 3}"]


def test_only_so_many_are_remembered(on_box):
    lines = on_box(
        PREPARE
        + f"""
for power in range(8, 70):
    clock.Clock(power).set({NOON})
box = clock.Clock(70)
print(box.date(19, 100), box.date(20, 100))
"""
    )
    assert lines == [f"None {NOON}"]


def test_a_damaged_file_costs_the_dates_and_nothing_else(on_box):
    for text in ("", "{", "[]", "5", '{"x": 1}', '{"1": "y"}', '{"1": null}'):
        told = on_box(PREPARE + "print(box.date(3, 100))", {"clock.json": text})
        assert told == ["None"]
