"""UART0 under `sys.stdin` and `sys.stdout`: what is on its way, and the time that it takes."""

import io
import time as _real_time

from .board import board
from .clock import clock

# 115200 baud, 8N1.
_BYTE_NS = 86_806
# The transmitter's FIFO: a write waits until its last byte fits in.
_FIFO_NS = 128 * _BYTE_NS
# The receiver's buffer on the ESP32; there is no flow control, what comes when it is full is lost.
_BUFFER_BYTES = 260
# A write to the supervisor's pipe that takes longer was blocked by a stalled port.
_BLOCKED_US = 20_000
_READ_US = 2
# How long native USB waits for a host that takes nothing, in each write, and the bytes that its
# FIFO still takes in: the C3's serial-JTAG then drops the rest though it reports it written,
# TinyUSB writes short. A UART behind a stalled adapter waits until the host is back.
_GONE_US = {"jtag": 200_000, "usb": 500_000}
_USB_FIFO = 64
_WAIT_US = 1000

# MicroPython's stream protocol.
_IOCTL_POLL = 3
_POLL_IN = 1
_POLL_OUT = 4
_EINVAL = 22


class Receiver:
    """The receiving half; `source` is a stream that never blocks.

    Bytes come no faster than the baud rate. The interrupt byte (Ctrl-C while a program runs, -1 for
    none) never gets into the buffer: it interrupts.

    `on_idle`, None for nothing: called when a program can only wait for a byte.
    """

    def __init__(self, source):
        self.interrupt_byte = -1
        self.on_idle = None
        self._source = source
        self._coming = bytearray(4096)
        self._buffer = b""
        self._next = 0
        self._looked_us = 0

    def look(self):
        """Take in what has come since the last look: whether there was anything."""
        elapsed_us = clock.horizon_us - self._looked_us
        self._looked_us = clock.horizon_us
        most = min(elapsed_us * 1000 // _BYTE_NS, len(self._coming))
        count = self._source.readinto(self._coming, most)
        if not count:
            return False
        data = bytes(self._coming[:count])
        if self.interrupt_byte >= 0 and self.interrupt_byte in data:
            data = data.replace(bytes([self.interrupt_byte]), b"")
            clock.interrupt(KeyboardInterrupt())
        # Between two looks the program had no chance to read: what came meanwhile is kept whole.
        if self.waiting() < _BUFFER_BYTES:
            self._buffer = self._buffer[self._next :] + data
            self._next = 0
        return True

    def waiting(self):
        """How many bytes can be read at once."""
        return len(self._buffer) - self._next

    def byte(self):
        """The next byte, 0 to 255; time goes on until there is one."""
        while self._next >= len(self._buffer):
            self.idle()
            clock.advance(_WAIT_US)
        self._next += 1
        return self._buffer[self._next - 1]

    def idle(self):
        """A program only waits for a byte: real time may pass until one comes."""
        if self.on_idle is not None:
            self.on_idle()

    def take_out(self, byte):
        """Remove all of this byte that wait in the buffer: whether there was one."""
        buffer = self._buffer[self._next :]
        self._buffer = buffer.replace(bytes([byte]), b"")
        self._next = 0
        return len(self._buffer) != len(buffer)

    def clear(self):
        """Forget what waits in the buffer."""
        self._buffer = b""
        self._next = 0


class _Stream(io.IOBase):
    """What sys.stdin and sys.stdout have in common: on the chip they are one object."""

    def __init__(self, receiver):
        self._receiver = receiver
        self.idle = receiver.idle

    def ioctl(self, request, argument):
        if request != _IOCTL_POLL:
            return -_EINVAL
        ready = _POLL_OUT
        if self._receiver.waiting():
            ready |= _POLL_IN
        return ready & argument


class InputBytes(_Stream):
    """What the firmware takes for `sys.stdin.buffer`. Every call waits for all it is asked for."""

    def read(self, count=-1):
        clock.advance(_READ_US)
        data = bytearray()
        while len(data) != count:
            data.append(self._receiver.byte())
        return bytes(data)

    def readinto(self, buf, count=None):
        clock.advance(_READ_US)
        count = len(buf) if count is None else count
        for index in range(count):
            buf[index] = self._receiver.byte()
        return count

    def readline(self):
        clock.advance(_READ_US)
        data = bytearray()
        while not data or data[-1] != 0x0A:
            data.append(self._receiver.byte())
        return bytes(data)


class Input(_Stream):
    """What the firmware takes for `sys.stdin`: text, where the Enter key ends a line."""

    def __init__(self, receiver):
        super().__init__(receiver)
        self.buffer = InputBytes(receiver)

    def read(self, count=-1):
        clock.advance(_READ_US)
        data = bytearray()
        while len(data) != count:
            data.append(self._letter())
        return bytes(data).decode()

    def readline(self):
        clock.advance(_READ_US)
        data = bytearray()
        while not data or data[-1] != 0x0A:
            data.append(self._letter())
        return bytes(data).decode()

    def _letter(self):
        byte = self._receiver.byte()
        return 0x0A if byte == 0x0D else byte


class OutputBytes(_Stream):
    """What the firmware takes for `sys.stdout.buffer`.

    At real-time pace or slower, real time spent blocked is the box's time, too. A faster box waits
    outside of time: there a slow host must not look like a stalled port.
    """

    def __init__(self, receiver, out):
        super().__init__(receiver)
        self._out = out
        self._sent_ns = 0
        self._room = _USB_FIFO

    def write(self, data, *part):
        """write(data), write(data, length), write(data, offset, length): the bytes written."""
        gone = board.world.port_gone()
        while gone == "uart":
            clock.advance(_WAIT_US)
            gone = board.world.port_gone()
        if gone:
            return self._write_to_nobody(gone, data, *part)
        self._room = _USB_FIFO
        real_us = _real_time.ticks_us()
        written = self._out.write(data, *part)
        real_us = _real_time.ticks_us() - real_us
        if real_us > _BLOCKED_US and board.world.real_time():
            clock.advance(real_us)
        now_ns = clock.now_us * 1000
        self._sent_ns = max(self._sent_ns, now_ns) + written * _BYTE_NS
        wait_ns = self._sent_ns - _FIFO_NS - now_ns
        if wait_ns > 0:
            clock.advance(wait_ns // 1000)
        return written

    def _write_to_nobody(self, gone, data, *part):
        start = part[0] if len(part) == 2 else 0
        length = min(part[-1] if part else len(data), len(data) - start)
        taken = min(length, self._room)
        self._room -= taken
        # What is in the FIFO goes out when the host is back: before all that follows, so now.
        self._out.write(data, start, taken)
        if taken == length:
            return length
        clock.advance(_GONE_US[gone])
        return length if gone == "jtag" else taken


class Output(_Stream):
    """What the firmware takes for `sys.stdout`: text, with the line ends of a terminal."""

    def __init__(self, receiver, out):
        super().__init__(receiver)
        self.buffer = OutputBytes(receiver, out)

    def write(self, text):
        """Write text or bytes; the number of its characters."""
        data = text.encode() if isinstance(text, str) else bytes(text)
        self.buffer.write(data.replace(b"\n", b"\r\n"))
        return len(text)

    def print(self, *values, sep=" ", end="\n", file=None):
        """The built-in `print`, which writes past `sys.stdout`."""
        text = sep.join([str(value) for value in values]) + end
        (file or self).write(text)
