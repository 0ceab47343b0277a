"""Rare modules: there while they are used, gone afterwards, and no other with them."""

from __future__ import annotations

PREPARE = """
import sys, gc
from box.rare import Rare
import box
loaded = lambda: sorted(name for name in sys.modules if name.startswith(("box.", "beltcore.")))
"""


def test_what_was_imported_inside_is_gone_and_what_was_there_stays(on_box):
    lines = on_box(
        PREPARE
        + """
from box import crash
before = loaded()
with Rare():
    from box import crash, settings_file
    from beltcore import settings
    print("box.settings_file" in sys.modules, settings_file.load()[1])
print(loaded() == before, hasattr(box, "settings_file"), hasattr(box, "crash"))
print(settings_file.PATH, settings.KEYS[0])
"""
    )
    assert lines == ["True None", "True False True", "/settings.json schema"]


def test_one_inside_another_and_an_exception(on_box):
    lines = on_box(
        PREPARE
        + """
before = loaded()
try:
    with Rare():
        from box import identity
        with Rare():
            from box import tare, identity
        print("box.tare" in sys.modules, "box.identity" in sys.modules)
        raise OSError("planted")
except OSError as error:
    print(error)
print(loaded() == before)
"""
    )
    assert lines == ["False True", "planted", "True"]


def test_its_memory_is_free_again(on_box):
    """The second time no new names are kept either: nothing grows from use to use.

    The CRC is there from the start, as in the loop: native code is never given back.
    """
    lines = on_box(
        PREPARE
        + """
import beltcore.crc
def use():
    with Rare():
        from box import settings_file, verbs
    del settings_file, verbs
    gc.collect()
    return gc.mem_alloc()
used = [0] * 20
for time in range(20):
    used[time] = use()
# What looks like a pointer on the stack may keep a module once: the least of several says more.
print(min(used[10:]) - min(used[1:10]))
"""
    )
    assert int(lines[0]) < 500
