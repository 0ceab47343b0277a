"""The sessions on the box's flash: a file each, the oldest dropped when there is no room.

/sessions/00000012.log, or .ack once a host has all of it. A block is appended and the file closed:
LittleFS then has it whole or not at all. beltcore/blocks.py has the layout.
"""

import os
from errno import EEXIST, ENOENT

from esp32 import NVS
from micropython import const

from beltcore import blocks

FOLDER = "/sessions"
_KEPT = ".log"
_ACKNOWLEDGED = ".ack"
_NEW = "/new"
_NAME_LENGTH = const(12)

# An eighth of the flash stays free for settings and new firmware; a session that is alone on it
# may go on until so many of the filesystem's blocks are left.
_RESERVE = const(8)
_LAST_BLOCKS = const(4)
# MicroPython's errno doesn't name it.
_ENOSPC = const(28)


class SessionStore:
    """The files. Methods raise OSError when the flash fails, ValueError for what isn't there."""

    def __init__(self):
        # number: whether it is acknowledged
        self._sessions = {}
        for name in _names():
            if len(name) == _NAME_LENGTH and name[:8].isdigit():
                if name[8:] in (_KEPT, _ACKNOWLEDGED):
                    self._sessions[int(name[:8])] = name[8:] == _ACKNOWLEDGED
        self._room_bytes = 0

    def numbers(self):
        """The numbers of all sessions, oldest first."""
        return sorted(self._sessions)

    def acknowledged(self, number):
        """Whether a host has said that it has the session."""
        return self._sessions[number]

    def new_number(self):
        """A number that no session of this box has had, 1 .. 99 999 999."""
        nvs = NVS("beltbox")
        try:
            number = nvs.get_i32("session")
        except OSError:
            number = 0
        number = max(number, max(self._sessions, default=0)) % 99_999_999 + 1
        nvs.set_i32("session", number)
        nvs.commit()
        return number

    def append(self, number, *parts):
        """Append parts (bytes) to the session's file, all or nothing; a first time makes it."""
        length = sum(len(part) for part in parts)
        if self._room_bytes < length:
            self._make_room(number)
        room_bytes = self._room_bytes - length
        self._room_bytes = 0  # unless it goes well
        path = self._path(number)
        # A file appears in LittleFS before its content does: a new one is made elsewhere.
        there = number in self._sessions
        with open(path if there else FOLDER + _NEW, "ab" if there else "wb") as file:
            for part in parts:
                file.write(part)
        if not there:
            os.rename(FOLDER + _NEW, path)
        self._room_bytes = room_bytes
        self._sessions[number] = False

    def blocks(self, number):
        """How many blocks the session has."""
        self._must_have(number)
        size = os.stat(self._path(number))[6]
        return max(0, (size - blocks.HEAD_BYTES) // blocks.BLOCK_BYTES)

    def head(self, number):
        """The head of the session's file, as it is there."""
        self._must_have(number)
        with open(self._path(number), "rb") as file:
            return file.read(blocks.HEAD_BYTES)

    def block(self, number, index):
        """A block, as it is there, damaged or not."""
        self._must_have(number)
        with open(self._path(number), "rb") as file:
            file.seek(blocks.HEAD_BYTES + index * blocks.BLOCK_BYTES)
            data = file.read(blocks.BLOCK_BYTES)
        if len(data) < blocks.BLOCK_BYTES:
            raise ValueError("session %d has no block %d" % (number, index))
        return data

    def acknowledge(self, number, count):
        """A host has all `count` blocks: from now on the session may be dropped before others."""
        found = self.blocks(number)
        if count != found:
            raise ValueError("session %d has %d blocks and not %d" % (number, found, count))
        if not self._sessions[number]:
            path = self._path(number)
            os.rename(path, path[: -len(_KEPT)] + _ACKNOWLEDGED)
            self._sessions[number] = True

    def _path(self, number):
        end = _ACKNOWLEDGED if self._sessions.get(number) else _KEPT
        return "%s/%08d%s" % (FOLDER, number, end)

    def _must_have(self, number):
        if number not in self._sessions:
            raise ValueError("there is no session %d" % number)

    def _make_room(self, current):
        """See to it that a block of the filesystem can be taken; in a walk every four minutes."""
        try:
            os.mkdir(FOLDER)
        except OSError as error:
            if error.errno != EEXIST:
                raise
        while True:
            found = os.statvfs(FOLDER)
            free = found[3]
            if free > found[2] // _RESERVE:
                break
            oldest = self._oldest(current)
            if oldest is None:
                if free <= _LAST_BLOCKS:
                    raise OSError(_ENOSPC)
                break
            try:
                os.remove(self._path(oldest))
            except OSError as error:
                if error.errno != ENOENT:
                    raise
            del self._sessions[oldest]
        self._room_bytes = found[0]

    def _oldest(self, current):
        """What to drop next: acknowledged sessions first; None if there is only the current one."""
        for acknowledged in (True, False):
            for number in self.numbers():
                if number != current and self._sessions[number] == acknowledged:
                    return number
        return None


def _names():
    try:
        return os.listdir(FOLDER)
    except OSError:
        return []  # no session yet
