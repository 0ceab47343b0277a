"""A board at MicroPython's raw prompt, held by mpremote's transport, with an end to every wait."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import struct
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from mpremote.transport import TransportError  # pyright: ignore[reportMissingTypeStubs]
from mpremote.transport_serial import (  # pyright: ignore[reportMissingTypeStubs]
    SerialTransport,
)

from beltbox.errors import BeltBoxError
from beltbox.link.ports import PORT_FAILURES, open_port

# Longer than what a board does without a word: erasing sectors of a full flash, a hash of a file.
_PATIENCE_S = 15.0
# A board that is starting loses what comes meanwhile, so it is asked again.
_ENTER_S = 2.0
_ENTER_TRIES = 3
# In base64 a chunk is a third longer; as a literal of bytes compiled code is three times as long.
_CHUNK_BYTES = 1024

# What the board does by itself: names and hashes of a tree, a copy within its own flash.
_HELPERS = """
import os, sys
from binascii import a2b_base64 as _data, hexlify
from hashlib import sha256
def _pieces(file):
    buffer = bytearray(512)
    while True:
        count = file.readinto(buffer)
        if not count:
            return
        yield memoryview(buffer)[:count]
def _list(path):
    try:
        found = list(os.ilistdir(path))
    except OSError:
        return
    for entry in found:
        full = path + "/" + entry[0]
        if entry[1] & 0x4000:
            print(repr((full, None, 0)))
            _list(full)
        else:
            _hash(full)
def _hash(path):
    try:
        file = open(path, "rb")
    except OSError:
        return
    total = sha256()
    size = 0
    with file:
        for piece in _pieces(file):
            total.update(piece)
            size += len(piece)
    print(repr((path, hexlify(total.digest()).decode(), size)))
def _copy(source, target):
    with open(source, "rb") as read:
        with open(target, "wb") as written:
            for piece in _pieces(read):
                written.write(piece)
"""
_FACTS = """
print(repr((sys.platform, tuple(sys.implementation.version[:3]),
    getattr(sys.implementation, "_machine", ""), getattr(sys.implementation, "_mpy", 0))))
"""
_FREE = """
_all = os.statvfs("/")
print(repr((_all[0], _all[2], _all[4])))
"""


class BoardError(BeltBoxError):
    """The board can't be had, or was lost."""


class NotMicroPythonError(BoardError):
    """Nothing at the port answers like MicroPython's prompt."""


class FullError(BoardError):
    """The board's filesystem has no room."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What MicroPython says about itself; mpy is sys.implementation._mpy."""

    platform: str
    version: tuple[int, int, int]
    machine: str
    mpy: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A file on the board, or a folder (sha256 None)."""

    path: str
    sha256: str | None
    size: int


class _Transport(SerialTransport):
    """mpremote's, on a port that `open_port` opened: refused in words, no board reset, timeouts."""

    def __init__(self, path: str) -> None:
        self.in_raw_repl = False
        self.use_raw_paste = True
        self.device_name = path
        self.mounted = False
        self.is_pty = os.path.realpath(path).startswith("/dev/pts/")
        self.serial: Any = open_port(path)
        self.serial.timeout = _ENTER_S
        self.serial.write_timeout = _PATIENCE_S


class Board:
    """A board at its raw prompt. Files are named by their whole path.

    Raises, from every method: BoardError when the board is lost or refuses, FullError when its
    filesystem has no room.
    """

    def __init__(self, path: str) -> None:
        """Stop what runs at `path` and start MicroPython afresh, without its main.py.

        Raises PortError, and NotMicroPythonError when MicroPython doesn't answer.
        """
        self.path = path
        self._transport: Any = _Transport(path)  # mpremote has no types
        try:
            self._enter()
            self._run(_HELPERS)
            self.facts = Facts(*self._tell(_FACTS))
            self._transport.serial.timeout = _PATIENCE_S
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the port, with the board at its friendly prompt, which the next one knows."""
        with contextlib.suppress(*PORT_FAILURES):
            self._transport.serial.write(b"\r\x02")
            self._transport.close()

    def __enter__(self) -> Board:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def look(self, folders: Sequence[str], files: Sequence[str] = ()) -> dict[str, Entry]:
        """What is in the folders, in depth, and which of the files are there; by path."""
        calls = [f"_list({folder!r})" for folder in folders] + [
            f"_hash({path!r})" for path in files
        ]
        entries = [Entry(*ast.literal_eval(line)) for line in self._lines("\n".join(calls))]
        return {entry.path: entry for entry in entries}

    def read(self, path: str) -> bytes:
        """The file's content; empty if there is none."""
        code = f"try:\n with open({path!r}, 'rb') as _f: print(hexlify(_f.read()).decode())\n"
        return bytes.fromhex(self._run(code + "except OSError: print()").strip())

    def value(self, code: str, expression: str) -> Any:
        """The expression's value after `code`; None where that raises."""
        lines = self._lines(
            f"try:\n exec({code!r}); print(repr({expression}))\nexcept Exception: print('None')"
        )
        return ast.literal_eval(lines[-1])

    def serial_number(self) -> str:
        """The chip's, as the box's ID has it; empty where it can't be read."""
        number = self.value("import machine", "hexlify(machine.unique_id()).decode()")
        return str(number or "")

    def has_filesystem(self) -> bool:
        """Whether MicroPython could read, or make, its filesystem when it started."""
        status = self.value("", "os.statvfs('/')")
        return status is not None and status[0] > 0

    def space(self) -> tuple[int, int, int]:
        """(bytes in a block, blocks in all, blocks free)."""
        block_bytes, blocks, free = self._tell(_FREE)
        # Full to the last block, LittleFS counts its free ones below 0, and MicroPython wraps that.
        return block_bytes, blocks, free if free <= blocks else 0

    def write(self, path: str, content: bytes, wrote: Callable[[int], object]) -> None:
        """Write a file; wrote(how many bytes) as they arrive."""
        self._run(f"_file = open({path!r}, 'wb')")
        for start in range(0, len(content), _CHUNK_BYTES):
            chunk = content[start : start + _CHUNK_BYTES]
            self._run(f"_file.write(_data({b64encode(chunk)!r}))")
            wrote(len(chunk))
        self._run("_file.close()")

    def copy(self, source: str, target: str) -> None:
        """Copy a file within the board."""
        self._run(f"_copy({source!r}, {target!r})")

    def make_folder(self, path: str) -> None:
        """Make a folder where there is none."""
        self._run(f"try: os.mkdir({path!r})\nexcept OSError: os.stat({path!r})")

    def remove(self, path: str) -> None:
        """Remove a file."""
        self._run(f"os.remove({path!r})")

    def remove_folder_if_empty(self, path: str) -> None:
        """Remove a folder that nothing is in; others stay."""
        self._run(f"try: os.rmdir({path!r})\nexcept OSError: pass")

    def rename(self, source: str, target: str) -> None:
        """Put `source` in the place of `target`, at once (LittleFS)."""
        self._run(f"os.rename({source!r}, {target!r})")

    def reset(self) -> None:
        """Start the board anew, main.py and all, if it still listens; let go of the port."""
        quiet = contextlib.redirect_stdout(io.StringIO())
        with quiet, contextlib.suppress(TransportError, struct.error, *PORT_FAILURES):
            self._transport.serial.timeout = _ENTER_S
            # What it was doing may have broken off anywhere.
            self._transport.enter_raw_repl(soft_reset=False, timeout_overall=_ENTER_S)
            self._transport.exec_raw_no_follow("import machine; machine.reset()")
        self.close()

    def _enter(self) -> None:
        # What mpremote prints about a failure is no message for a person.
        with contextlib.redirect_stdout(io.StringIO()):
            for _ in range(_ENTER_TRIES):
                try:
                    self._transport.enter_raw_repl(timeout_overall=_ENTER_S)
                    return
                except TransportError:
                    continue
                except PORT_FAILURES as error:
                    raise self._lost() from error
        raise NotMicroPythonError(f"No MicroPython answers at {self.path}.")

    def _tell(self, code: str) -> Any:
        return ast.literal_eval(self._lines(code)[-1])

    def _lines(self, code: str) -> list[str]:
        return [line for line in self._run(code).splitlines() if line]

    def _run(self, code: str) -> str:
        """What the program printed."""
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                out: bytes
                error: bytes
                out, error = self._transport.exec_raw(code, timeout=_PATIENCE_S)
        except (TransportError, struct.error, *PORT_FAILURES) as cause:
            raise self._lost() from cause
        if not error:
            return out.decode(errors="replace")
        last = error.decode(errors="replace").strip().splitlines()[-1]
        # Errno 28: MicroPython names it, or gives the number alone.
        if "ENOSPC" in last or last == "OSError: 28":
            raise FullError(f"The filesystem of the board at {self.path} is full.")
        raise BoardError(f"The board at {self.path} refused: {last}. Reset it, then try again.")

    def _lost(self) -> BoardError:
        return BoardError(
            f"The board at {self.path} was lost. Is its cable firm? Doing the same again is safe, "
            "and goes on where this broke off."
        )
