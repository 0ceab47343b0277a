"""The firmware's RAM on 32-bit MicroPython, and the size of its compiled files.

Counted is what a running box has on its heap: everything imported, the app made with two cells and
looping, sessions and console included; what the start alone needs has left by then. Built-in
modules, the stub hardware and garbage aren't counted. On an ESP32 beltcore/plain.py gives way to
native code outside the heap, so that a little less is in use there.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from beltbox.bench.cost import BenchError, run
from beltbox.bench.table import Line
from beltbox.flash.firmware_files import prepare, source_paths
from beltbox.replay.engines import find_micropython
from beltbox.virtualbox.box import default_firmware

_DEVICE = Path(__file__).parent / "device"
_ENGINES = Path(__file__).parents[1] / "replay" / "engines"
_WASM = _ENGINES / "node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs"
_RAM_GOAL = 56 * 1024  # where a stock ESP32's heap would double
_FILES_GOAL = 64 * 1024
# What the stock ESP32_GENERIC 1.28.0 image has free at its start.
_ESP32_HEAP = 163_872
_TWO_CELLS = {"rail_left_nn_per_count": 230_000, "rail_right_nn_per_count": 230_000}
# sys.implementation._mpy: .mpy files of version 6.3 without native code (so that the plain twins
# are chosen), and with the ESP32's. They lie in a folder as `beltbox flash` puts them.
_MPY = 0x0306
_FOLDER = "firmware-a"
_MPY_ESP32 = _MPY | 10 << 10


def ram(report: Callable[[str], None]) -> list[Line]:
    """The RAM in use, the most that a start takes, and the files' size."""
    report("RAM …")
    with tempfile.TemporaryDirectory() as folder:
        compiled = lay_out(Path(folder) / "compiled", compiled=True)
        plain = lay_out(Path(folder) / "plain", compiled=False)
        used = used_bytes(compiled)
        used_plain = used_bytes(plain)
        report("the least heap for a start …")
        least = _least_heap(plain)
        # 64-bit MicroPython keeps the same objects in words twice as wide.
        least_32 = round(least * used_plain / _used_64(plain))
        size = _compiled_size()
    return [
        Line(
            "RAM of the looping firmware, 32-bit MicroPython",
            f"{used:,} bytes ({used_plain:,} from .py files)",
            f"{_RAM_GOAL:,} bytes",
            used < _RAM_GOAL,
            "–",
        ),
        Line(
            "heap for a start from .py files, 32-bit (estimate)",
            f"{least_32:,} bytes",
            f"{_ESP32_HEAP:,} bytes",
            least_32 < _ESP32_HEAP,
            "–",
        ),
        Line(
            "the compiled files together",
            f"{size:,} bytes",
            f"{_FILES_GOAL:,} bytes",
            size < _FILES_GOAL,
            "–",
        ),
    ]


def used_bytes(root: Path) -> int:
    """What the firmware under `root` has in use on the 32-bit MicroPython while it loops."""
    node = shutil.which("node")
    if node is None or not _WASM.exists():
        raise BenchError("The 32-bit MicroPython isn't installed. Run `make setup`.")
    statements = ("import ram", "ram.mark()", "ram.loop()", "ram.mark()", "ram.report()")
    return int(run([node, str(_DEVICE / "top_level.mjs"), str(_WASM), str(root), *statements]))


def _used_64(root: Path) -> int:
    command = _on_64(root, 1 << 20, "ram.mark(); ram.loop(); ram.mark(); ram.report()")
    return int(run(command))


def _least_heap(root: Path) -> int:
    """The smallest heap, to the kilobyte, in which 64-bit MicroPython starts and loops."""
    low, high = 0, 1024
    while high - low > 1:
        middle = (low + high) // 2
        command = _on_64(root, middle << 10, "ram.loop()")
        started = subprocess.run(command, capture_output=True, check=False).returncode == 0
        low, high = (low, middle) if started else (middle, high)
    return high << 10


def _on_64(root: Path, heap: int, statement: str) -> list[str]:
    prepare = f"import os, sys; os.chdir({str(root)!r}); sys.path.insert(0, ''); import ram; "
    return [*find_micropython(), "-X", f"heapsize={heap}", "-c", prepare + statement]


def lay_out(root: Path, *, compiled: bool) -> Path:
    """Make `root` that of a box's flash, with the stub hardware and the script; give it back."""
    firmware = default_firmware()
    shutil.copytree(_DEVICE / "stub", root / "stub")
    shutil.copy(_DEVICE / "ram.py", root)
    (root / "settings.json").write_text(json.dumps(_TWO_CELLS))
    kept = prepare(firmware, _MPY).files if compiled else _sources(firmware)
    for path, data in kept.items():
        target = root / _FOLDER / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return root


def _sources(firmware: Path) -> dict[str, bytes]:
    return {path: (firmware / path).read_bytes() for path in source_paths(firmware)}


def _compiled_size() -> int:
    """All files that go on a box, as `beltbox flash` compiles them for the ESP32."""
    prepared = prepare(default_firmware(), _MPY_ESP32)
    return len(prepared.main) + sum(map(len, prepared.files.values()))
