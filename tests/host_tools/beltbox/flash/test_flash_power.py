"""A copy that is broken off anywhere leaves the old firmware starting, or the new one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from beltbox.flash import flash
from beltbox.flash.board import Board
from beltbox.flash.firmware_files import find_folder, prepare
from beltbox.link.link import BoxLink
from beltbox.virtualbox import VirtualBox
from beltcore.version import FIRMWARE_VERSION

OLD = "0.0.9"
FILESYSTEM_BYTES = 1 << 20
PARTS = 2


class WatchedBoard(Board):
    """A board of which the flash is noted after every program that it ran."""

    images: list[bytes]
    state: Path

    def _run(self, code: str) -> str:
        out = super()._run(code)
        if hasattr(self, "state"):
            self.images.append(self.state.read_bytes())
        return out


# Of the files, the first, the last and each third between them are other ones in the old firmware:
# a copy sends what differs, and what can be broken off is the sending.
EACH_CHANGED = 3


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A firmware of which main.py, the version and each third file differ from this one's."""
    folder = tmp_path / "old"
    shutil.copytree(find_folder(None), folder, ignore=shutil.ignore_patterns("__pycache__"))
    paths = sorted(folder.rglob("*.py"))
    for path in {*paths[::EACH_CHANGED], paths[-1], folder / "main.py"}:
        path.write_text(path.read_text() + "\n_OLD = 1\n")
    version = folder / "beltcore" / "version.py"
    version.write_text(version.read_text().replace(FIRMWARE_VERSION, OLD))
    return folder


def put(port: str, folder: Path, state: Path | None = None) -> list[bytes]:
    """Flash; the moments at which it could have been broken off, if `state` is the box's flash."""
    with WatchedBoard(port) as board:
        firmware = prepare(folder, board.facts.mpy)
        there, chosen = flash.look(board, firmware)
        plan = flash.make_plan(firmware, there, chosen)
        board.images = []
        if state is not None:
            board.state = state
        flash.carry_out(board, firmware, plan)
        board.reset()
        return board.images


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("before", ["flashed", "by hand"])
def test_power_may_go_at_any_moment(
    box: Callable[..., VirtualBox], old: Path, tmp_path: Path, before: str, part: int
):
    state = tmp_path / "flash.img"
    options: dict[str, Any] = {"state": state, "filesystem_bytes": FILESYSTEM_BYTES, "speed": 0}
    running = box(firmware=old, **options)
    if before == "flashed":
        put(running.port, old)
    moments = put(running.port, find_folder(None), state)
    running.stop()
    # Beside each file's two ends, in the middle of those that take more than one program to write.
    assert len(moments) > 100
    # Programs that only looked leave the flash as it was: what starts from it is the same.
    images = [image for image, _ in groupby(moments)]
    assert len(images) > 60
    seen = [start(box, tmp_path, image, n) for n, image in list(enumerate(images))[part::PARTS]]
    assert set(seen) == {OLD, FIRMWARE_VERSION}
    assert seen == sorted(seen)  # once new, always new


def start(box: Callable[..., VirtualBox], folder: Path, image: bytes, number: int) -> str:
    """The version that a box with this flash starts."""
    state = folder / f"{number}.img"
    state.write_bytes(image)
    again = box(
        blank=True, state=state, filesystem_bytes=FILESYSTEM_BYTES, speed=0, name=f"box{number}"
    )
    with BoxLink(again.port, patience_s=60) as link:
        assert link.identity is not None
        assert link.identity.reset_cause == "power"
        version = link.identity.firmware
    again.stop()
    state.unlink()
    return version
