"""The board's flash as a file, and the chip's serial number beside it."""

from __future__ import annotations

import fcntl
import secrets
from pathlib import Path
from typing import IO

from .errors import VirtualBoxError
from .scenario import checked_serial

# The filesystem's blocks and the NVS area behind them (device/flash.py).
_BLOCK_BYTES = 4096
_NVS_BYTES = 24576
_FEWEST_BLOCKS = 8
_MOST_BLOCKS = 4096
# What the addresses of many ESP32 begin with.
_SERIAL_START = "30aea4"


class FlashImage:
    """The flash of one board: in `state` from run to run, or else in a folder that goes.

    `blocks`: of its filesystem. `serial_number`: the chip's; of a kept board known after `take`.
    """

    def __init__(
        self, state: Path | None, filesystem_bytes: int, serial_number: str | None
    ) -> None:
        """serial_number: None for that kept with `state`, or a random one.

        Raises VirtualBoxError for what isn't allowed.
        """
        self.blocks, rest = divmod(filesystem_bytes, _BLOCK_BYTES)
        if rest or not _FEWEST_BLOCKS <= self.blocks <= _MOST_BLOCKS:
            raise VirtualBoxError(
                f"filesystem_bytes is {filesystem_bytes}; allowed: multiples of {_BLOCK_BYTES} "
                f"from {_FEWEST_BLOCKS * _BLOCK_BYTES} to {_MOST_BLOCKS * _BLOCK_BYTES}."
            )
        self._is_told = serial_number is not None
        self.serial_number = (
            _SERIAL_START + secrets.token_hex(3)
            if serial_number is None
            else checked_serial(serial_number)
        )
        self._state = state
        self._path = state
        self._lock: IO[bytes] | None = None

    @property
    def path(self) -> Path:
        """The file. There after `take` and `make`."""
        assert self._path is not None
        return self._path

    def take(self, folder: Path) -> None:
        """Take it for one box alone, and learn the serial number. Raises VirtualBoxError.

        folder: for a flash that isn't kept. Two boxes on one flash would spoil it.
        """
        if self._state is None:
            self._path = folder / "flash.img"
            return
        kept = self._state.with_name(self._state.name + ".serial")
        try:
            self._lock = kept.open("a+b")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            serial = kept.read_text(encoding="ascii", errors="replace").strip()
            if serial and not self._is_told:
                self.serial_number = checked_serial(serial)
            else:
                kept.write_text(self.serial_number + "\n", encoding="ascii")
        except BlockingIOError as error:
            raise VirtualBoxError(
                f"{self._state}: another virtual box runs with this flash. End that one, or give "
                "this one another state."
            ) from error
        except VirtualBoxError as error:
            raise VirtualBoxError(f"{kept}: {error} Remove it, or give a serial number.") from error
        except OSError as error:
            raise VirtualBoxError(f"{kept}: can't be written: {error.strerror}.") from error

    def release(self) -> None:
        """Let another box have it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def make(self) -> bool:
        """Make the image where there is none: whether there was none.

        Raises OSError; VirtualBoxError where it is of another size.
        """
        image_bytes = self.blocks * _BLOCK_BYTES + _NVS_BYTES
        if not self.path.exists():
            with self.path.open("wb") as image:
                image.truncate(image_bytes)
            return True
        if self.path.stat().st_size != image_bytes:
            raise VirtualBoxError(
                f"{self.path}: is {self.path.stat().st_size} bytes long, not {image_bytes}: it was "
                "made with another filesystem_bytes. Give the same again, or another state file."
            )
        return False
