"""The flash chip: the filesystem's area and, behind it, that of the NVS, in one file."""

import json

BLOCK_BYTES = 4096
NVS_BYTES = 24576

# Typical times of a W25Q32: page program 0.4 ms for 256 bytes, sector erase 45 ms, reads 20 MB/s.
_PROGRAM_US_PER_256 = 400
_ERASE_US = 45_000
_READ_US_PER_256 = 13


class Flash:
    """A MicroPython block device (extended interface) on `file`, the open image.

    One lives from a hard reset to the next. When a reset has come, what files left open by the
    program still write goes nowhere: on the chip they vanish with its memory.
    """

    def __init__(self, file, blocks, clock):
        self._file = file
        self._blocks = blocks
        self._clock = clock
        # Before the program starts time is free.
        self.timed = False
        self._retired = False
        self._memory = None

    def successor(self):
        """The same flash after a reset; this object writes no more."""
        self._retired = True
        return Flash(self._file, self._blocks, self._clock)

    def readblocks(self, block, buf, offset=0):
        self._file.seek(block * BLOCK_BYTES + offset)
        self._file.readinto(buf)
        self._spend(_READ_US_PER_256 * (len(buf) // 256 + 1))

    def writeblocks(self, block, buf, offset=0):
        if self._dead():
            return
        self._file.seek(block * BLOCK_BYTES + offset)
        self._file.write(buf)
        self._spend(_PROGRAM_US_PER_256 * (len(buf) // 256 + 1))

    def ioctl(self, operation, argument):
        if operation == 4:
            return self._blocks
        if operation == 5:
            return BLOCK_BYTES
        if operation == 6:
            self._spend(_ERASE_US)
            return 0
        return 0

    def read_nvs(self):
        """The committed NVS: {namespace: {key: int, or bytes as hex}}."""
        self._file.seek(self._blocks * BLOCK_BYTES)
        text = self._file.read(NVS_BYTES).rstrip(b"\0")
        return json.loads(text) if text else {}

    def write_nvs(self, spaces):
        text = json.dumps(spaces).encode()
        if len(text) > NVS_BYTES:
            raise OSError(-0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
        if self._dead():
            return
        self._file.seek(self._blocks * BLOCK_BYTES)
        self._file.write(text + b"\0" * (NVS_BYTES - len(text)))
        self._spend(_PROGRAM_US_PER_256)

    def _dead(self):
        return self._retired or self._clock.stopped()

    def _spend(self, cost_us):
        if not self.timed:
            return
        try:
            self._memory = [cost_us]
        except MemoryError:
            # The collector closes a file that was left open; the world needs memory to go on.
            return
        self._clock.advance_quietly(cost_us)
