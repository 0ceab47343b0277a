"""Real MicroPython for scripts, and recordings that other people made."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "firmware"
RECORDINGS = ROOT.parent / "shared" / "recordings"

_DEADLINE_S = 120
_RUN_64 = "import sys; from micropython_run import run_main; sys.exit(run_main(sys.argv))"
_RUN_32 = Path(__file__).with_name("micropython32.mjs")

Run = Callable[..., str]


def _command(engine: str, folder: Path) -> list[str]:
    if engine == "micropython":
        return [sys.executable, "-c", _RUN_64, "-X", "heapsize=64M", "script.py"]
    return ["node", str(_RUN_32), str(ROOT), str(FIRMWARE), str(folder)]


def _run_on(engine: str, folder: Path, script: str, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).write_text(text)
    # On the 32-bit one the runner puts both folders where these paths lead.
    shadows = "stubs" if engine == "micropython32" else str(folder)
    firmware = "firmware" if engine == "micropython32" else str(FIRMWARE)
    (folder / "script.py").write_text(
        f"import sys\nsys.path[:0] = [{shadows!r}, {firmware!r}]\n{script}\n"
    )
    done = subprocess.run(
        _command(engine, folder),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_DEADLINE_S,
        env={"PATH": os.environ["PATH"]},
        check=False,
    )
    assert done.returncode == 0, f"{engine} ended with {done.returncode}: {done.stderr[-3000:]}"
    assert not done.stderr, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(params=["micropython", "micropython32"])
def on_micropython(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """on_micropython(script, **files): what the script prints, on the 64-bit and the 32-bit one.

    `files` (name without its ".py" or other end: see `name=`) lie beside the script; the firmware
    can be imported. Fails when the script raises.
    """

    def run(script: str, files: dict[str, str] | None = None) -> str:
        return _run_on(request.param, tmp_path, script, files or {})

    return run


@pytest.fixture
def on_micropython64(tmp_path: Path) -> Run:
    """As `on_micropython`, on the 64-bit one only: it has native code and real files."""

    def run(script: str, files: dict[str, str] | None = None) -> str:
        return _run_on("micropython", tmp_path, script, files or {})

    return run


@pytest.fixture
def recording() -> Callable[[str], list[Any]]:
    """recording(name): rows (t_us, count, rail_left, rail_right), the settings, or stride rows."""

    def load(name: str) -> list[Any]:
        path = RECORDINGS / name
        if not path.exists():
            pytest.skip(f"no {name}: ../shared/recordings isn't beside the project")
        if name.endswith(".json"):
            return json.loads(path.read_text())
        if name.endswith(".txt"):
            return [tuple(map(float, line.split())) for line in path.read_text().splitlines()]
        with path.open() as file:
            return [
                tuple(int(text) if text else None for text in row)
                for row in list(csv.reader(file))[1:]
            ]

    return load
