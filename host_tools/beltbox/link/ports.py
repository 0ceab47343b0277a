"""The serial ports that are here, and how one is opened, or refused in words."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import stat
import tempfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from beltbox.errors import BeltBoxError
from beltbox.words import clean

BAUD = 115_200
# A board that is reset by the opening of its port takes three seconds to say who it is.
PATIENCE_S = 4.0
_DESCRIPTION_LONGEST = 80  # letters; a USB device may call itself anything
_SOLDERED_PATIENCE_S = 1.5  # opening it resets nothing
_READ_TIMEOUT_S = 0.05
_WRITE_TIMEOUT_S = 2.0


def _port_failures() -> tuple[type[Exception], ...]:
    # TypeError is pyserial's own, when a port vanishes in mid-read; termios.error is no OSError.
    failures: list[type[Exception]] = [serial.SerialException, OSError, ValueError, TypeError]
    with contextlib.suppress(ImportError):  # Windows
        failures.append(importlib.import_module("termios").error)
    return tuple(failures)


PORT_FAILURES = _port_failures()
"""What using a port that vanishes, or isn't one, may raise."""


class PortTrouble(Enum):
    """Why there is no box at a port; the value says it in a few words, for a list of ports."""

    BUSY = "busy: another program has it open"
    FORBIDDEN = "may not be opened by this user"
    SILENT = "silent"
    FOREIGN = "something else"
    NO_PROGRAM = "MicroPython without the box's program"
    NEWER_PROTOCOL = "a box of a newer protocol: update this program"
    NO_ANSWER = "no answer"
    """All that isn't told apart: gone, not a port, a box that doesn't say who it is."""


class PortError(BeltBoxError):
    """A port that isn't there, is busy, or belongs to something else."""

    def __init__(self, message: str, trouble: PortTrouble = PortTrouble.NO_ANSWER) -> None:
        super().__init__(message)
        self.trouble = trouble


class ByteSink(Protocol):
    """What takes a capture's bytes."""

    def write(self, data: bytes, /) -> object:
        """Take them."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A port that might be a box's."""

    path: str
    description: str
    patience_s: float = PATIENCE_S
    """How long it may take to say who it is."""
    soldered: bool = False
    """Whether it is part of the computer, and no board's own."""


def virtual_ports_folder() -> Path:
    """Where running virtual boxes leave links to their ports, one named by each process.

    In the user's runtime folder, or, where the system gives none, in the temporary one.
    """
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    if given and _is_private(Path(given)):
        return Path(given) / "beltbox"
    user = getattr(os, "getuid", lambda: 0)()
    return Path(tempfile.gettempdir()) / f"beltbox-{user}"


def make_virtual_ports_folder() -> Path:
    """`virtual_ports_folder()`, there and for this user alone. Raises PortError."""
    folder = virtual_ports_folder()
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise PortError(
            f"Can't make the folder {folder} for the virtual box's port: {error.strerror}."
        ) from error
    if not _is_private(folder):
        raise PortError(
            f"{folder} isn't a folder of this user alone, so the virtual box's port can't be left "
            f"there. Remove it, or: chmod 700 {folder}"
        )
    return folder


def _is_private(folder: Path) -> bool:
    """Whether it is a folder that nobody else can put links into."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        return False
    if not hasattr(os, "getuid"):  # Windows: the temporary folder is the user's own
        return True
    return status.st_uid == os.getuid() and not status.st_mode & 0o077


def candidates_unasked() -> list[Candidate]:
    """The ports that may be asked though nobody named them: the virtual boxes' and USB.

    What is at a port that is part of the computer nobody knows: a modem, a console, a machine.
    """
    return [candidate for candidate in candidates() if not candidate.soldered]


def candidates() -> list[Candidate]:
    """Every port there is: the virtual boxes', then USB, then those of the computer itself."""
    ports = sorted(list_ports.comports(), key=lambda port: (port.vid is None, port.device))
    return [
        *virtual_candidates(virtual_ports_folder()),
        *(_candidate(port) for port in ports),
    ]


def _candidate(port: ListPortInfo) -> Candidate:
    called = clean(port.description or "", _DESCRIPTION_LONGEST)
    description = "serial port" if called in ("", "n/a") else called
    patience_s = _SOLDERED_PATIENCE_S if port.vid is None else PATIENCE_S
    return Candidate(port.device, description, patience_s, soldered=port.vid is None)


def virtual_candidates(folder: Path) -> list[Candidate]:
    """The virtual boxes that left a link in `folder`."""
    boxes: list[Candidate] = []
    if not _is_private(folder):
        return boxes
    for link in sorted(folder.iterdir()):
        if link.is_symlink() and not _alive(link.name):
            # Of a process that was killed: the port has gone, or is somebody else's by now.
            link.unlink(missing_ok=True)
        elif link.exists():
            boxes.append(Candidate(str(link), "virtual box"))
    return boxes


def _alive(process: str) -> bool:
    """Whether the process of this number, which named a link, still runs."""
    if not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def open_port(path: str) -> serial.Serial:
    """Open the port at `path` for this program alone, without resetting the board behind it.

    Raises PortError: there is no such port, it is in use, it may not be opened, it isn't a port.
    """
    if _is_own_terminal(path):
        raise PortError(
            f"{path} is the terminal that you type at, not a box's port. {ports_in_words()}"
        )
    port = serial.Serial()
    port.port = path
    port.baudrate = BAUD
    port.timeout = _READ_TIMEOUT_S
    port.write_timeout = _WRITE_TIMEOUT_S
    port.exclusive = True
    # With both lines low an auto-reset circuit keeps still while the port opens.
    port.dtr = False
    port.rts = False
    try:
        port.open()
    except PORT_FAILURES as error:
        raise _not_opened(path, error) from error
    with contextlib.suppress(OSError):  # a pseudo-terminal has no such line
        port.dtr = True  # native USB sends nothing without it
    return port


def _is_own_terminal(path: str) -> bool:
    """Whether it is this program's terminal, which would be unusable with a port's settings."""
    own = {"/dev/tty", "/dev/console"}
    for number in range(3):
        with contextlib.suppress(OSError, AttributeError):  # no terminal; Windows
            own.add(os.ttyname(number))
    try:
        return os.path.realpath(path) in own
    except ValueError:  # a zero byte
        return False


def _not_opened(path: str, error: Exception) -> PortError:
    number = getattr(error, "errno", None)
    said = str(error)
    if number in (errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.EIO) or (
        number is None and "FileNotFound" in said
    ):
        return PortError(f"There is no port {path}. {ports_in_words()}")
    if number in (errno.EAGAIN, errno.EBUSY) or "exclusively lock" in said:
        return PortError(
            f"Port {path} is busy: {holder(path) or 'another program'} has it open. Close that "
            "program, then try again.",
            PortTrouble.BUSY,
        )
    if number in (errno.EACCES, errno.EPERM) or "PermissionError" in said:
        return PortError(
            f"Port {path} may not be opened by this user, or another program has it. On Linux, add "
            "yourself to the group `dialout` and log in again.",
            PortTrouble.FORBIDDEN,
        )
    # pyserial drops the number of what a file, a pipe or another device answers to port settings.
    if number in (errno.ENOTTY, errno.EINVAL, errno.EISDIR) or "Could not configure" in said:
        return PortError(f"{path} isn't a serial port. {ports_in_words()}")
    reason = os.strerror(number) if isinstance(number, int) else said
    return PortError(f"Port {path} can't be opened: {reason}. {ports_in_words()}")


def holder(path: str, processes: Path = Path("/proc")) -> str:
    """The other program that has the port open, such as "minicom (process 812)".

    Empty where that can't be known: no Linux, or a program of another user.
    """
    real = os.path.realpath(path)
    for process in processes.glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                if os.path.realpath(descriptor) == real:
                    name = clean((process / "comm").read_text(errors="replace"), 40)
                    return f"{name} (process {process.name})"
    return ""


def ports_in_words() -> str:
    """The ports there are, as a sentence for a person."""
    here = candidates()
    if not here:
        return (
            "No serial port is here: plug the box in (a cable that carries data), or start "
            "`beltbox sim`."
        )
    names = ", ".join(f"{port.path} ({port.description})" for port in here[:8])
    return f"The ports here: {names}."
