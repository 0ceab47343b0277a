"""`select` of MicroPython on simulated time, for the serial port and for streams in Python."""

from ..clock import clock

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16

_IOCTL_POLL = 3
_CALL_US = 2
_TURN_US = 1000
_EINVAL = 22


class _Poll:
    def __init__(self):
        self._watched = {}

    def register(self, stream, eventmask=POLLIN | POLLOUT):
        if not hasattr(stream, "ioctl"):
            raise OSError(_EINVAL)
        self._watched[id(stream)] = (stream, eventmask)

    def unregister(self, stream):
        del self._watched[id(stream)]

    def modify(self, stream, eventmask):
        if id(stream) not in self._watched:
            raise OSError(2)
        self._watched[id(stream)] = (stream, eventmask)

    def poll(self, timeout=-1):
        """[(stream, events)] as soon as there is one, at the latest after `timeout` ms."""
        clock.advance(_CALL_US)
        end_us = clock.now_us + timeout * 1000
        while True:
            ready = []
            for stream, mask in self._watched.values():
                events = stream.ioctl(_IOCTL_POLL, mask | POLLERR | POLLHUP)
                if events:
                    ready.append((stream, events))
            if ready or 0 <= timeout and clock.now_us >= end_us:
                return ready
            for stream, mask in self._watched.values():
                if mask & POLLIN and hasattr(stream, "idle"):
                    stream.idle()
            clock.advance(_TURN_US if timeout < 0 else min(_TURN_US, end_us - clock.now_us))

    def ipoll(self, timeout=-1, _flags=0):
        return iter(self.poll(timeout))


def poll():
    return _Poll()
