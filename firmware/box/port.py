"""The serial port as the box sees it: bytes out, never waiting twice; bytes in, as they come."""

import select
import sys
from time import ticks_diff, ticks_ms

from micropython import const

# A sentence takes 9 ms at 115200 baud. Native USB waits 200 ms (serial-JTAG) or 500 ms (TinyUSB)
# for a host that is gone, every time: after one such wait the port is left alone for a second.
_STALL_MS = const(60)
_LEAVE_ALONE_MS = const(1_000)

LINE_MAX = const(100)


class Port:
    """`lost`: sentences were dropped because the port took nothing; the reader clears it."""

    def __init__(self):
        self.lost = False
        self._stalled = False
        self._out = sys.stdout.buffer
        self._in = sys.stdin.buffer
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._byte = bytearray(1)
        self._line = bytearray(LINE_MAX)
        self._length = 0
        self._too_long = False
        self._since_ms = ticks_ms()

    def send(self, writer):
        """Send the writer's sentence, or drop it while the port is left alone."""
        now_ms = ticks_ms()
        if self._stalled and ticks_diff(now_ms, self._since_ms) < _LEAVE_ALONE_MS:
            self.lost = True
            return
        # MicroPython's own: an offset and a length, so that no slice is made.
        self._out.write(writer.buffer, 0, writer.length)  # pyright: ignore[reportCallIssue]
        after_ms = ticks_ms()
        self._stalled = ticks_diff(after_ms, now_ms) > _STALL_MS
        self._since_ms = after_ms

    def line(self):
        """A line that came in, as bytes without its end, or None. Takes at most 64 bytes a call."""
        for _ in range(64):
            for _event in self._poll.ipoll(0):
                break
            else:
                return None
            if not self._in.readinto(self._byte):  # pyright: ignore[reportAttributeAccessIssue]
                return None
            byte = self._byte[0]
            if byte in (0x0A, 0x0D):
                length = self._length
                too_long = self._too_long
                self._length = 0
                self._too_long = False
                if length and not too_long:
                    return bytes(self._line[:length])
            elif self._length < LINE_MAX:
                self._line[self._length] = byte
                self._length += 1
            else:
                self._too_long = True
        return None
