"""The serial ports that are here, and how one is opened, or refused in words."""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import serial
from serial.tools import list_ports

from beltbox.errors import BeltBoxError

BAUD = 115_200
_READ_TIMEOUT_S = 0.05


class PortError(BeltBoxError):
    """A port that isn't there, is busy, or belongs to something else."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A port that might be a box's."""

    path: str
    description: str


def virtual_ports_folder() -> Path:
    """Where running virtual boxes leave links to their ports, one named by each process."""
    return Path(platformdirs.user_runtime_dir("beltbox", appauthor=False)) / "virtual"


def candidates(*, only_virtual: bool = False) -> list[Candidate]:
    """Every port worth asking: the virtual boxes', then USB, then what else there is."""
    found: list[Candidate] = []
    folder = virtual_ports_folder()
    if folder.is_dir():
        for link in sorted(folder.iterdir()):
            if link.exists():
                found.append(Candidate(str(link), "virtual box"))
            elif link.is_symlink() and not _alive(link.name):
                link.unlink(missing_ok=True)  # of a process that was killed
    if only_virtual:
        return found
    ports = sorted(list_ports.comports(), key=lambda port: (port.vid is None, port.device))
    found.extend(Candidate(port.device, port.description or "serial port") for port in ports)
    return found


def _alive(process: str) -> bool:
    if not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def open_port(path: str) -> serial.Serial:
    """Open the port at `path` for this program alone, without resetting the board behind it.

    Raises PortError: there is no such port, it is in use, it may not be opened, it isn't a port.
    """
    port = serial.Serial()
    port.port = path
    port.baudrate = BAUD
    port.timeout = _READ_TIMEOUT_S
    port.write_timeout = 2
    port.exclusive = True
    # With both lines low an auto-reset circuit keeps still while the port opens.
    port.dtr = False
    port.rts = False
    try:
        port.open()
    except (serial.SerialException, OSError, ValueError) as error:
        raise PortError(_why(path, error)) from error
    with contextlib.suppress(OSError):  # a pseudo-terminal has no such line
        port.dtr = True  # native USB sends nothing without it
    return port


def _why(path: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.ENOENT or (number is None and "FileNotFound" in str(error)):
        return f"There is no port {path}. {ports_in_words()}"
    if number in (errno.EAGAIN, errno.EBUSY) or "exclusively lock" in str(error):
        return (
            f"Port {path} is busy: another program has it open. Close that program, then try again."
        )
    if number in (errno.EACCES, errno.EPERM) or "PermissionError" in str(error):
        return (
            f"Port {path} may not be opened by this user, or another program has it. On Linux, add "
            "yourself to the group `dialout` and log in again."
        )
    if number in (errno.ENOTTY, errno.EINVAL, errno.EISDIR) or Path(path).is_file():
        return f"{path} isn't a serial port. {ports_in_words()}"
    reason = os.strerror(number) if isinstance(number, int) else str(error)
    return f"Port {path} can't be opened: {reason}. {ports_in_words()}"


def ports_in_words() -> str:
    """The ports there are, as a sentence for a person."""
    found = candidates()
    if not found:
        return (
            "No serial port is here: plug the box in (a cable that carries data), or start "
            "`beltbox sim`."
        )
    names = ", ".join(f"{port.path} ({port.description})" for port in found[:8])
    return f"The ports here: {names}."
