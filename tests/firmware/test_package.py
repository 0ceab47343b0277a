"""package.json: the real mpremote installs the same firmware from it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from beltbox.link.link import BoxLink
from beltbox.virtualbox import VirtualBox
from beltbox.virtualbox.scenario import parse
from beltcore.version import FIRMWARE_VERSION

pytestmark = pytest.mark.slow

FIRMWARE = Path(__file__).parents[2] / "firmware"
README = FIRMWARE.parent / "host_tools" / "beltbox" / "flash" / "README.md"
# Nothing rests on it: only what hangs takes so long.
HANGS_S = 180


@pytest.fixture
def mip():
    """mip(box): the folder installed on it as README.md says."""

    def install(box: VirtualBox) -> None:
        command = [sys.executable, "-m", "mpremote", "connect", box.port]
        command += ["mip", "install", "firmware/package.json", "+", "reset"]
        done = subprocess.run(
            command,
            cwd=FIRMWARE.parent,
            capture_output=True,
            text=True,
            timeout=HANGS_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return install


def test_it_names_every_module_of_the_box_and_main_last():
    package = json.loads((FIRMWARE / "package.json").read_text())
    modules = sorted(
        path.relative_to(FIRMWARE).as_posix()
        for path in FIRMWARE.rglob("*.py")
        if path.parent not in (FIRMWARE, FIRMWARE / "beltcore" / "host")
    )
    # mip installs below /lib; the firmware is at the root, where a copy by hand has it.
    assert package["urls"] == [[f"../{path}", path] for path in [*modules, "main.py"]]
    assert package["version"] == FIRMWARE_VERSION


def test_the_copy_by_hand_types_no_path():
    """mpremote up to 1.23 makes the folders that are typed, and the box finds nothing at its root.

    Tried with 0.4.0, 1.22.0, 1.23.0, 1.24.1, 1.25.0 and 1.29.0 on a blank virtual box.
    """
    text = README.read_text()
    block = next(part for part in text.split("```") if "mpremote cp -r" in part)
    lines = block.splitlines()[1:]
    assert lines[0] == "cd firmware"
    words = lines[1].split()
    assert [word for word in words if "/" in word] == []
    assert words[-2:] == ["+", "reset"]
    sources = {word for word in words if (FIRMWARE / word).exists()}
    assert sources == {"beltcore", "box", "main.py"}


@pytest.mark.parametrize("before", ["nothing", "a copy by hand", "a flash"])
def test_what_mip_installs_starts(mip, tmp_path, before):
    played = parse({"title": "t", "duration_s": 100_000}, tmp_path / "t.toml")
    blank = before != "a copy by hand"
    with VirtualBox(played, speed=20, blank=blank, stop_when_idle=True) as box:
        if before == "a flash":
            command = [sys.executable, "-m", "beltbox", "flash", "--port", box.port]
            subprocess.run(command, timeout=HANGS_S, check=True, capture_output=True)
        mip(box)
        with BoxLink(box.port) as link:
            assert link.identity is not None
            assert link.identity.firmware == FIRMWARE_VERSION
