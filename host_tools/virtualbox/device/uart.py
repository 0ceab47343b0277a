"""UART0 under `sys.stdout`: the time that writing takes the box."""

import time as _real_time

from .clock import clock

# 115200 baud, 8N1, and the transmitter's FIFO: a write waits until its last byte fits in.
_BYTE_NS = 86_806
_FIFO_NS = 128 * _BYTE_NS
# A write to the supervisor's pipe that takes longer was blocked by a stalled port.
_BLOCKED_US = 20_000


class _Bytes:
    """What the firmware takes for `sys.stdout.buffer`.

    At real-time pace or slower, real time spent blocked is the box's time, too. A faster box waits
    outside of time: there a slow host must not look like a stalled port.
    """

    def __init__(self, out):
        self._out = out
        self._sent_ns = 0

    def write(self, data, *part):
        """write(data), write(data, length), write(data, offset, length): the bytes written."""
        real_us = _real_time.ticks_us()
        written = self._out.write(data, *part)
        real_us = _real_time.ticks_us() - real_us
        if real_us > _BLOCKED_US and clock.real_time():
            clock.advance(real_us)
        now_ns = clock.now_us * 1000
        self._sent_ns = max(self._sent_ns, now_ns) + written * _BYTE_NS
        wait_ns = self._sent_ns - _FIFO_NS - now_ns
        if wait_ns > 0:
            clock.advance(wait_ns // 1000)
        return written


class Uart:
    """What the firmware takes for `sys.stdout`: text, with the line ends of a terminal."""

    def __init__(self, out):
        self.buffer = _Bytes(out)

    def write(self, text):
        """Write text or bytes; the number of its characters."""
        if isinstance(text, str):
            text = text.encode()
        self.buffer.write(text.replace(b"\n", b"\r\n"))
        return len(text)

    def print(self, *values, sep=" ", end="\n", file=None):
        """The built-in `print`, which writes past `sys.stdout`."""
        text = sep.join([str(value) for value in values]) + end
        (file or self).write(text)
