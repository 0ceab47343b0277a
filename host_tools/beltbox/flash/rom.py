"""The chip's own loader, spoken to by esptool: which chip it is, and MicroPython's image into it.

esptool is under the GPL (2 or later), this program under the MIT licence: it runs as a process of
its own and is never imported.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from beltbox.errors import BeltBoxError
from beltbox.flash import chips
from beltbox.flash.chips import Chip
from beltbox.link.ports import PORT_FAILURES, open_port

# Connecting takes up to seven resets of half a second and more each.
_RECOGNISE_S = 60.0
# 1.7 MB; at 115200 baud, without compression, it takes three minutes.
_WRITE_S = 600.0
# What bridge chips manage; MicroPython's own instructions use it.
_BAUD = 460_800
_CHIP = re.compile(r"Connected to (ESP32[\w-]*)|Detecting chip type\W+(ESP32[\w-]*)")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")


class RomError(BeltBoxError):
    """The chip's loader doesn't answer, or esptool failed."""


def recognise(path: str) -> Chip:
    """Which chip is at the port. Raises RomError; what it was doing is stopped."""
    status, said = _esptool(path, ["read-mac"], _RECOGNISE_S)
    matches = _CHIP.findall(said)
    if status != 0 or not matches:
        raise RomError(
            f"Neither MicroPython nor the loader of a chip answers at {path} "
            f"({_last_words(said)}). Is it an {chips.names()}? Hold its BOOT button, press and "
            "release RESET, let BOOT go, and try again."
        )
    name = "".join(matches[-1])
    chip = chips.by_name(name)
    if chip is None:
        raise RomError(
            f"The chip at {path} is an {name}. There is no pin map for it: BeltBox runs on the "
            f"{chips.names()}."
        )
    return chip


def write(
    path: str, chip: Chip, image: Path, progress: Callable[[float], object], *, erase: bool
) -> None:
    """Write the image, and start it. progress(percent). Raises RomError.

    erase: the whole flash before it. Without, what is on MicroPython's filesystem stays.
    """
    arguments = ["--chip", chip.name.replace("-", "").lower(), "--baud", str(_BAUD)]
    arguments += ["write-flash", *(["--erase-all"] if erase else []), hex(chip.offset), str(image)]
    status, said = _esptool(path, arguments, _WRITE_S, progress)
    if status != 0:
        raise RomError(
            f"esptool couldn't write {image.name} at {path}: {_last_words(said)} Nothing is lost "
            "by trying again."
        )


def has_reset_lines(path: str) -> bool:
    """Whether the port has DTR and RTS, which put a board into its loader. Raises PortError."""
    with open_port(path) as port:
        try:
            port.rts = False
        except PORT_FAILURES:
            return False
    return True


def _esptool(
    path: str,
    arguments: Sequence[str],
    patience_s: float,
    progress: Callable[[float], object] = lambda _percent: None,
) -> tuple[int, str]:
    """(exit status, what it said). Killed when it takes too long."""
    # Without these lines nothing can be reset: then the loader must run already.
    resets = [] if has_reset_lines(path) else ["--before", "no-reset", "--after", "no-reset"]
    process = subprocess.Popen(
        [sys.executable, "-m", "esptool", "--port", path, *resets, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "COLUMNS": "200"},
    )
    assert process.stdout is not None
    timer = threading.Timer(patience_s, process.kill)
    timer.start()
    said: list[str] = []
    try:
        with process:
            for line in process.stdout:
                said.append(line)
                percent = _PERCENT.search(line)
                if percent is not None:
                    progress(float(percent[1]))
    finally:
        timer.cancel()
        process.kill()
    return process.wait(), "".join(said)


def _last_words(said: str) -> str:
    """The last line that tells something."""
    lines = [" ".join(line.split()) for line in said.splitlines()]
    lines = [line for line in lines if len(line) > 3]
    wrong = [line for line in lines if "error" in line.lower()]
    return (wrong or lines or ["esptool left no word."])[-1]
