"""What the endurance tests have in common: their figures, for tests/README.md."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beltbox.flash.firmware_files import find_folder
from beltbox.virtualbox import VirtualBox
from beltcore.version import FIRMWARE_VERSION

_FILE = Path(__file__).parents[4] / "build" / "endure.txt"


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """figures(text): keep a line in build/endure.txt, which `make endure` prints at its end."""

    def note(text: str) -> None:
        _FILE.parent.mkdir(parents=True, exist_ok=True)
        with _FILE.open("a", encoding="utf-8") as file:
            file.write(f"{request.node.name}: {text}\n")

    return note


@pytest.fixture
def walked(box: Callable[..., VirtualBox], until: Callable[..., Any], tmp_path: Path) -> Path:
    """The flash of a box that kept ten minutes of walking by itself, ended by the power."""
    state, truth = tmp_path / "walked.img", tmp_path / "truth.csv"
    running = box("steady-1mph", state=state, truth=truth, name="walked")
    until(lambda: truth.exists() and truth.stat().st_size > 4_000_000, "a walk")
    running.power_cut()
    return state


@pytest.fixture
def old_firmware(tmp_path: Path) -> Path:
    """A firmware of which every file differs from this one's."""
    folder = tmp_path / "old"
    shutil.copytree(find_folder(None), folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in folder.rglob("*.py"):
        path.write_text(path.read_text() + "\n_OLD = 1\n")
    version = folder / "beltcore" / "version.py"
    version.write_text(version.read_text().replace(FIRMWARE_VERSION, "0.0.9"))
    return folder
