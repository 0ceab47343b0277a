"""The thread that carries bytes between the box's pipes and the port."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import termios
import threading
import time
from pathlib import Path
from typing import Any

from .port import Port

_CTRL_C = b"\x03"
_CHUNK = 1024
# A small pipe, so that a slow host is felt by the box at once and no stale data piles up.
_PIPE_BYTES = 4096
# At a speed of 1 or less: a host that has the port open but takes nothing for this long loses what
# comes after. A faster box waits for its host as long as it takes.
_PATIENCE_S = 5.0
_READS_NO_MORE_S = 1.0
_TURN_S = 0.02
# A box that takes no input in so much of its own processor time after a Ctrl-C is busy without
# touching the hardware.
_INTERRUPT_S = 0.2


class Relay:
    """Owns the box's pipes: `box_in` and `control` are their writing ends.

    Methods may be called from any thread.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        port: Port,
        box_in: int,
        control: int,
        *,
        waits_for_host: bool,
    ) -> None:
        assert process.stdout is not None
        self._process = process
        self._port = port
        self._box_in = box_in
        self._box_out = process.stdout.fileno()
        self._control = control
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._box_in, False)
        os.set_blocking(self._box_out, False)
        os.set_blocking(self._wake_write, False)
        fcntl.fcntl(self._box_out, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

        self._lock = threading.Lock()
        self._injected = b""
        self._stalled_until = 0.0
        self._waits_for_host = waits_for_host
        self._closing = False
        self._box_has_ended = threading.Event()
        self._drained = threading.Event()

        self._to_host = b""
        self._to_box = b""
        self._taken_at = time.monotonic()
        self._sent = 0
        self._taken_in = 0
        # The box's processor time at which to insist on a Ctrl-C that hasn't arrived; None = there
        # is none.
        self._interrupt_by_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="virtualbox", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Make the thread look again now."""
        with contextlib.suppress(BlockingIOError):  # enough wake-ups are waiting
            os.write(self._wake_write, b"w")

    def inject(self, garbage: bytes) -> None:
        with self._lock:
            self._injected += garbage
        self.wake()

    def stall(self, seconds: float) -> None:
        self._stalled_until = time.monotonic() + seconds
        self.wake()

    def wait_for_host(self, waits: bool) -> None:
        """Whether a host that has the port open and doesn't read holds the box up for ever."""
        self._waits_for_host = waits

    def control(self, action: dict[str, Any]) -> None:
        """Send one action over the side channel."""
        with self._lock:
            if self._control < 0:
                return
            with contextlib.suppress(BrokenPipeError):  # the box has ended
                os.write(self._control, json.dumps(action).encode() + b"\n")

    def close_control(self) -> None:
        """Tell the box to end; what it still writes is lost, so that no slow host holds it up."""
        with self._lock:
            if self._control >= 0:
                os.close(self._control)
                self._control = -1

    def drain(self) -> None:
        """Wait until the host has read all that an ended box wrote, or reads no more."""
        unread = None
        while not self._drained.wait(_READS_NO_MORE_S):
            before = unread
            unread = (self._box_has_ended.is_set(), len(self._to_host), self._port.unread())
            if unread[0] and unread == before:
                return

    def drained(self) -> bool:
        """Whether the box has ended and the host has read all that it wrote."""
        return self._drained.is_set()

    def close(self) -> None:
        """Stop the thread and close the pipes. The box must have ended."""
        self._closing = True
        self.wake()
        self._thread.join()
        self.close_control()
        assert self._process.stdout is not None
        self._process.stdout.close()
        os.close(self._box_in)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _run(self) -> None:
        while not self._closing:
            self._wait()
            self._from_box()
            self._into_port()
            self._insist_on_interrupt()
            self._from_port()
            self._into_box()
            if self._box_has_ended.is_set() and not self._to_host and not self._port.unread():
                self._drained.set()

    def _wait(self) -> None:
        poller = select.poll()
        poller.register(self._wake_read, select.POLLIN)
        if len(self._to_host) < _CHUNK and not self._box_has_ended.is_set():
            poller.register(self._box_out, select.POLLIN)
        master = self._port.descriptor()
        stalled = time.monotonic() < self._stalled_until
        if master >= 0 and self._port.has_reader():
            wants_room = bool(self._to_host) and not stalled
            poller.register(master, select.POLLIN | (select.POLLOUT if wants_room else 0))
        for descriptor, _ in poller.poll(_TURN_S * 1000):
            if descriptor == self._wake_read:
                os.read(self._wake_read, 4096)

    def _from_box(self) -> None:
        with self._lock:
            self._to_host += self._injected
            self._injected = b""
        if len(self._to_host) >= _CHUNK or self._box_has_ended.is_set():
            return
        try:
            data = os.read(self._box_out, _CHUNK)
        except BlockingIOError:
            return
        if data:
            self._to_host += data
        else:
            self._box_has_ended.set()

    def _into_port(self) -> None:
        now = time.monotonic()
        if not self._to_host:
            self._taken_at = now
            return
        if not self._port.has_reader() or self._control < 0:
            # Nobody listens: the bytes are gone, as on a UART.
            self._to_host = b""
            return
        if now < self._stalled_until:
            self._taken_at = now
            return
        taken = self._port.write(self._to_host)
        if taken:
            self._to_host = self._to_host[taken:]
            self._taken_at = now
        elif now - self._taken_at > _PATIENCE_S and not self._waits_for_host:
            self._to_host = b""

    def _from_port(self) -> None:
        data = self._port.read()
        if not data:
            return
        if _CTRL_C in data:
            self._interrupt_by_s = self._busy_s() + _INTERRUPT_S
        self._to_box += data

    def _into_box(self) -> None:
        if not self._to_box:
            return
        try:
            taken = os.write(self._box_in, self._to_box)
        except BlockingIOError:
            return
        except BrokenPipeError:
            taken = len(self._to_box)
        self._to_box = self._to_box[taken:]
        self._sent += taken

    def _insist_on_interrupt(self) -> None:
        """Stop a program that is busy without touching the hardware: it takes no input in."""
        if self._interrupt_by_s is None:
            return
        waiting = fcntl.ioctl(self._box_in, termios.FIONREAD, b"\0\0\0\0")
        unread = int.from_bytes(waiting, "little")
        taken_in = self._sent - unread
        if taken_in != self._taken_in:
            self._taken_in = taken_in
            self._interrupt_by_s = self._busy_s() + _INTERRUPT_S
        if not unread and not self._to_box:
            self._interrupt_by_s = None
        elif self._busy_s() >= self._interrupt_by_s:
            self._interrupt_by_s = None
            self._process.send_signal(signal.SIGINT)

    def _busy_s(self) -> float:
        """The processor time that the box has used; real time where the system doesn't tell."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return time.monotonic()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
