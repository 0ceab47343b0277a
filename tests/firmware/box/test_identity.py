"""What the box says about itself."""

from __future__ import annotations

from beltcore.version import FIRMWARE_VERSION


def test_boots_are_counted_and_kept(on_box):
    lines = on_box(
        """
from box import identity
import esp32
print([identity.count_boot() for _ in range(3)])
print(esp32.stored)
esp32.stored["beltbox", "boots"] = 0x3FFFFFFF
print(identity.count_boot())
"""
    )
    assert lines == ["[1, 2, 3]", "{('beltbox', 'boots'): 3}", "0"]


def test_reset_causes(on_box):
    lines = on_box(
        """
from box import identity
import machine
for machine.cause in range(1, 7):
    print(identity.reset_cause())
"""
    )
    assert lines == ["power", "hard", "watchdog", "sleep", "soft", "unknown"]


def test_texts(on_box):
    lines = on_box("from box import identity\nprint(identity.texts('b', 'n', 'ABCD'))")
    version = lines[0].rsplit("'", 2)[1]
    assert lines[0] == f"('{FIRMWARE_VERSION}', 'b', 'n', 'power', 'ABCD', '{version}')"
    assert len(version.split(".")) == 3
