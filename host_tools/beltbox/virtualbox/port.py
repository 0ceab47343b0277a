"""The host's end: a pseudo-terminal that comes and goes like a USB serial port."""

from __future__ import annotations

import os
import select
import termios
import threading
import tty
from fcntl import ioctl
from pathlib import Path

from .errors import VirtualBoxError


class Port:
    """A PTY, optionally under a symbolic link. Safe to use from two threads."""

    def __init__(self, link: Path | None) -> None:
        self._link = link
        self._lock = threading.RLock()
        self._master = -1
        self._path = ""

    @property
    def path(self) -> str:
        """Where the host opens it. Raises VirtualBoxError while unplugged."""
        if not self._path:
            raise VirtualBoxError("The virtual box is unplugged: it has no port now.")
        return self._path

    def open(self) -> None:
        """Make the PTY and the link. Raises VirtualBoxError."""
        with self._lock:
            if self._master >= 0:
                return
            master, slave = os.openpty()
            # Raw: no echo, no line buffering. The settings outlast the closing of the slave.
            tty.setraw(slave)
            path = os.ttyname(slave)
            os.close(slave)
            os.set_blocking(master, False)
            try:
                self._make_link(path)
            except OSError as error:
                os.close(master)
                raise VirtualBoxError(f"{self._link}: can't be made: {error.strerror}.") from error
            self._master = master
            self._path = path

    def close(self) -> None:
        """Take the link and the PTY away; whoever has the port open sees a hang-up."""
        with self._lock:
            if self._master < 0:
                return
            link = self._link
            # Another box may have taken the link over.
            if link is not None and link.is_symlink() and os.readlink(link) == self._path:
                link.unlink()
            os.close(self._master)
            self._master = -1
            self._path = ""

    def descriptor(self) -> int:
        """The master's file descriptor, -1 while unplugged."""
        return self._master

    def has_reader(self) -> bool:
        """Whether somebody has the port open."""
        with self._lock:
            if self._master < 0:
                return False
            poller = select.poll()
            poller.register(self._master, 0)
            return not any(events & select.POLLHUP for _, events in poller.poll(0))

    def write(self, data: bytes) -> int:
        """How many of the bytes the port took: 0 when it is full or unplugged."""
        with self._lock:
            if self._master < 0:
                return 0
            try:
                return os.write(self._master, data)
            except (BlockingIOError, OSError):
                return 0

    def read(self) -> bytes:
        """What the host has written, empty if nothing."""
        with self._lock:
            if self._master < 0:
                return b""
            try:
                return os.read(self._master, 4096)
            except OSError:  # nothing there, or nobody has the port open
                return b""

    def unread(self) -> int:
        """How many bytes wait in the port for the host to read them."""
        with self._lock:
            if self._master < 0 or not self.has_reader():
                return 0
            try:
                slave = os.open(self._path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
            except OSError:
                return 0
            try:
                # What was written may be on its way inside the kernel: asking for events has it
                # delivered first.
                poller = select.poll()
                poller.register(slave, select.POLLIN)
                poller.poll(0)
                waiting = ioctl(slave, termios.FIONREAD, b"\0\0\0\0")
            finally:
                os.close(slave)
            return int.from_bytes(waiting, "little")

    def _make_link(self, path: str) -> None:
        if self._link is None:
            return
        if self._link.is_symlink():
            self._link.unlink()  # left by a box that was killed, or taken over from one
        self._link.symlink_to(path)
