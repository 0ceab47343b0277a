"""The sessions on the box's flash: a file each, the oldest dropped when there is no room.

/sessions/00000012.log, or .ack once a host has all of it. A block is appended and the file closed:
LittleFS then has it whole or not at all. beltcore/blocks.py has the layout.
"""

import os
from errno import EEXIST, ENOENT

from esp32 import NVS
from micropython import const

FOLDER = "/sessions"
KEPT = ".log"
ACKNOWLEDGED = ".ack"
_NEW = "/new"
_NAME_LENGTH = const(12)

# A sixth of the flash stays free for settings and new firmware; a session that is alone on it
# may go on until so many of the filesystem's blocks are left.
_RESERVE = const(6)
_LAST_BLOCKS = const(4)
# MicroPython's errno doesn't name it.
_ENOSPC = const(28)


class SessionStore:
    """The files, written; session_reader.py reads them. Methods raise OSError when the flash fails.

    `kept`: the numbers of the sessions, and of each whether it is acknowledged.
    """

    def __init__(self):
        self.kept = {}
        for name in _names():
            if len(name) == _NAME_LENGTH and name[:8].isdigit():
                if name[8:] in (KEPT, ACKNOWLEDGED):
                    self.kept[int(name[:8])] = name[8:] == ACKNOWLEDGED
        self._room_bytes = 0

    def numbers(self):
        """The numbers of all sessions, oldest first."""
        return sorted(self.kept)

    def new_number(self):
        """A number that no session of this box has had, 1 .. 99 999 999."""
        nvs = NVS("beltbox")
        try:
            number = nvs.get_i32("session")
        except OSError:
            number = 0
        number = max(number, max(self.kept, default=0)) % 99_999_999 + 1
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
        path = self.path(number)
        # A file appears in LittleFS before its content does: a new one is made elsewhere.
        there = number in self.kept
        with open(path if there else FOLDER + _NEW, "ab" if there else "wb") as file:
            for part in parts:
                file.write(part)
        if not there:
            os.rename(FOLDER + _NEW, path)
        self._room_bytes = room_bytes
        self.kept[number] = False

    def path(self, number):
        """The session's file."""
        end = ACKNOWLEDGED if self.kept.get(number) else KEPT
        return "%s/%08d%s" % (FOLDER, number, end)

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
                os.remove(self.path(oldest))
            except OSError as error:
                if error.errno != ENOENT:
                    raise
            del self.kept[oldest]
        self._room_bytes = found[0]

    def _oldest(self, current):
        """What to drop next: acknowledged sessions first; None if there is only the current one."""
        for acknowledged in (True, False):
            for number in self.numbers():
                if number != current and self.kept[number] == acknowledged:
                    return number
        return None


def _names():
    try:
        return os.listdir(FOLDER)
    except OSError:
        return []  # no session yet
