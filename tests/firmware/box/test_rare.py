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
    """The second time no new names are kept either: nothing grows from use to use."""
    lines = on_box(
        PREPARE
        + """
def use():
    with Rare():
        from box import settings_file, verbs
    del settings_file, verbs
    gc.collect()
    return gc.mem_alloc()
use()
print(max(use() for _ in range(20)) - use() < 500)
"""
    )
    assert lines == ["True"]
