"""What session_store.py keeps, read for a host. Used now and then: see rare.py."""

import os

from beltcore import blocks
from beltcore.arguments import Refused

from .session_store import ACKNOWLEDGED, KEPT


class SessionReader:
    """Methods raise OSError when the flash fails, Refused for what isn't there."""

    def __init__(self, store):
        """store: the SessionStore."""
        self._store = store

    def acknowledged(self, number):
        """Whether a host has said that it has the session."""
        return self._store.kept[number]

    def blocks(self, number):
        """How many blocks the session has."""
        self._must_have(number)
        size = os.stat(self._store.path(number))[6]
        return max(0, (size - blocks.HEAD_BYTES) // blocks.BLOCK_BYTES)

    def head(self, number):
        """The head of the session's file, as it is there."""
        self._must_have(number)
        with open(self._store.path(number), "rb") as file:
            return file.read(blocks.HEAD_BYTES)

    def block(self, number, index):
        """A block, as it is there, damaged or not."""
        self._must_have(number)
        with open(self._store.path(number), "rb") as file:
            file.seek(blocks.HEAD_BYTES + index * blocks.BLOCK_BYTES)
            data = file.read(blocks.BLOCK_BYTES)
        if len(data) < blocks.BLOCK_BYTES:
            raise Refused("range", "session %d has no block %d" % (number, index))
        return data

    def acknowledge(self, number, count):
        """A host has all `count` blocks: from now on the session may be dropped before others."""
        kept = self.blocks(number)
        if count != kept:
            raise Refused("range", "session %d has %d blocks and not %d" % (number, kept, count))
        if not self._store.kept[number]:
            path = self._store.path(number)
            os.rename(path, path[: -len(KEPT)] + ACKNOWLEDGED)
            self._store.kept[number] = True

    def _must_have(self, number):
        if number not in self._store.kept:
            raise Refused("no_session", "there is no session %d" % number)
