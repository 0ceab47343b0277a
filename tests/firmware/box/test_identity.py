"""What the box says about itself."""

from __future__ import annotations

import ast
from pathlib import Path

from beltcore.host.reader import decode
from beltcore.version import FIRMWARE_VERSION, PROTOCOL_VERSION


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


def test_the_sentence(on_box):
    lines = on_box(
        """
from beltcore.writer import Writer
from box import identity
writer = Writer()
identity.write(writer, 7, "b", "n", "ABCD")
print(str(bytes(writer.buffer[: writer.length]), "ascii"), end="")
"""
    )
    name, seq, values = decode(lines[0].encode())
    assert (name, seq) == ("ID", 0)
    assert values[:7] == [PROTOCOL_VERSION, FIRMWARE_VERSION, "b", "n", 7, "power", "ABCD"]
    assert len(str(values[7]).split(".")) == 3
    assert values[8] == "a001020304ff"


def test_what_the_sentence_has_room_for():
    """flash compares firmware and board with what it installed: neither may be cut."""
    boards_folder = Path(__file__).parents[3] / "firmware/box/boards"
    names = [
        node.value.value
        for path in boards_folder.glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NAME"
    ]
    assert len(names) >= 4
    assert max(map(len, names)) <= 12
    assert len(FIRMWARE_VERSION) <= 10


def test_starts_are_counted_by_cause_and_told(on_box):
    lines = on_box(
        """
import machine
from beltcore.writer import Writer
from box import identity

for machine.cause in (1, 1, 2, 3, 5, 6, 1):
    identity.count_reset()
writer = Writer()
send = lambda: print(str(bytes(writer.buffer[: writer.length]), "ascii"), end="")
identity.write_health(writer, send, 9, 1500, 70000)
""",
        {"os.py": "def statvfs(path):\n    return (4096, 4096, 512, 100, 100, 0, 0, 0, 0, 255)"},
    )
    (health, resets) = (decode(line.encode()) for line in lines)
    assert health[0] == "HLT"
    serial, power, uptime_s, ram_free, ram_used, *rest = health[2]
    assert (serial, power, rest) == ("a001020304ff", 3, [400, 2048, 1500, 70000])
    assert uptime_s >= 0
    assert ram_free > 0
    assert ram_used > 0
    assert resets == ("RST", 1, [3, 1, 1, 0, 1, 1, 9])
