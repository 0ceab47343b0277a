"""The box alone: a session from the belt's first move to a minute of rest, a record a second.

Ten records are gathered in RAM and written at once: a flash write holds the loop up for some
50 ms (LittleFS copies the file's last block into a fresh one, and erasing that takes 45 ms). So
a power cut costs at most the last ten seconds.
"""

from os import urandom
from struct import pack_into
from time import time

from micropython import const

from beltcore import blocks
from beltcore.crc import crc16

# The mean of a second; below it the belt creeps under its own slope, or someone touches it.
_MOVING_MM_S = const(20)
_REST_S = const(60)
_LONGEST_AFTER_S = const(255)
_MOST_MM = const(0xFFFF)


class SessionLog:
    """`session` is the number of the session under way, or 0; `head` is its file's head.

    `second` allocates nothing, except when a session starts or ends and when a block is written.
    """

    def __init__(self, store, power, boots):
        """store: SessionStore; power, boots: the numbers of this power-up and this start."""
        self.session = 0
        self.head = bytearray(blocks.HEAD_BYTES)
        self._headless = False
        self._store = store
        self._power = power
        self._boots = boots
        self._block = bytearray(blocks.BLOCK_BYTES)
        self._records = 0
        self._t_s = 0
        self._moved_s = 0
        # What the last record's lengths add up to.
        self._forward_m = 0
        self._forward_mm = 0
        self._backward_m = 0
        self._backward_mm = 0

    def second(self, core, box_flags, settings_hash):
        """A second has passed. Raises OSError when a block can't be kept: it is lost then."""
        speed_mm_s = core.belt.speed_mm_s
        moving = speed_mm_s >= _MOVING_MM_S or speed_mm_s <= -_MOVING_MM_S
        if moving:
            self._moved_s = core.seconds
        if not self.session:
            if not moving:
                forward, backward = core.lengths()
                self._forward_m = forward.m
                self._forward_mm = forward.mm
                self._backward_m = backward.m
                self._backward_mm = backward.mm
                return
            self._start(settings_hash)
        self._record(core, box_flags)
        if self._records == blocks.RECORDS:
            self._write()
        if core.seconds - self._moved_s >= _REST_S:
            self._end()

    def begin(self):
        """The measurement starts anew: its clock and its lengths are at zero. Raises OSError."""
        self._forward_m = self._forward_mm = self._backward_m = self._backward_mm = 0
        self._moved_s = 0
        self._end()

    def _end(self):
        try:
            self._write()
        finally:
            self._records = 0
            self.session = 0

    def _start(self, settings_hash):
        self.session = self._store.new_number()
        head = self.head
        values = (self.session, self._power, self._boots, time(), settings_hash)
        random = urandom(blocks.RANDOM_BYTES)
        pack_into(blocks.HEAD_CODES, head, 0, random, blocks.VERSION, *values, 0)
        crc = crc16(head, 0, blocks.HEAD_BYTES - 2)
        pack_into("<H", head, blocks.HEAD_BYTES - 2, crc)
        self._headless = True
        self._records = 0

    def _record(self, core, box_flags):
        seconds = core.seconds
        if self._records and seconds - self._t_s > _LONGEST_AFTER_S:
            self._write()  # a clock that jumped
        block = self._block
        if not self._records:
            self._t_s = seconds
            pack_into(
                blocks.BLOCK_CODES,
                block,
                0,
                0,
                0,
                seconds,
                self._forward_m,
                self._forward_mm,
                self._backward_m,
                self._backward_mm,
            )
        forward, backward = core.lengths()
        forward_mm = _apart_mm(forward, self._forward_m, self._forward_mm)
        backward_mm = _apart_mm(backward, self._backward_m, self._backward_mm)
        rails = core.rails
        zone = rails.zone
        reliance = rails.reliance_permille
        cadence = core.gait.cadence_spm_x10
        pack_into(
            blocks.RECORD_CODES,
            block,
            blocks.RECORDS_AT + self._records * blocks.RECORD_BYTES,
            seconds - self._t_s,
            blocks.NO_ZONE if zone is None else zone,
            forward_mm,
            backward_mm,
            min(max(core.belt.speed_mm_s, -0x8000), 0x7FFF),
            blocks.UNKNOWN if reliance is None else min(reliance, blocks.UNKNOWN - 1),
            blocks.UNKNOWN if cadence is None else cadence,
            core.flags,
            box_flags,
        )
        mm = self._forward_mm + forward_mm
        self._forward_m += mm // 1000
        self._forward_mm = mm % 1000
        mm = self._backward_mm + backward_mm
        self._backward_m += mm // 1000
        self._backward_mm = mm % 1000
        self._records += 1
        block[0] = self._records

    def _write(self):
        """Write the block, after the head if it is the session's first; begin the next one."""
        if not self._records:
            return
        block = self._block
        for index in range(blocks.RECORDS_AT + self._records * blocks.RECORD_BYTES, blocks.CRC_AT):
            block[index] = 0
        pack_into("<H", block, blocks.CRC_AT, crc16(block, 0, blocks.CRC_AT))
        self._records = 0
        if self._headless:
            self._store.append(self.session, self.head, block)
            self._headless = False
        else:
            self._store.append(self.session, block)


def _apart_mm(length, m, mm):
    """How far `length` is ahead of m and mm; what is more than a record holds is left for the next.

    A measurement's lengths only grow, and wrap with their metres at 2**30.
    """
    metres = (length.m - m) & 0x3FFFFFFF
    if metres > 65:
        return _MOST_MM
    return min(metres * 1000 + length.mm - mm, _MOST_MM)
