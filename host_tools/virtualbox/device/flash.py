"""The flash chip: a 2 MB filesystem area and, behind it, the area of the NVS, in one file."""

import json

BLOCK_BYTES = 4096
BLOCKS = 512
NVS_BYTES = 24576

# Typical times of a W25Q32: page program 0.4 ms for 256 bytes, sector erase 45 ms, reads 20 MB/s.
_PROGRAM_US_PER_256 = 400
_ERASE_US = 45_000
_READ_US_PER_256 = 13


class Flash:
    """A MicroPython block device (extended interface) on the image file at `path`."""

    def __init__(self, path, clock):
        self._file = open(path, "r+b")  # noqa: SIM115  (lives as long as the box)
        self._clock = clock
        # In the factory time is free: the box isn't running yet.
        self.timed = False

    def readblocks(self, block, buf, offset=0):
        self._file.seek(block * BLOCK_BYTES + offset)
        self._file.readinto(buf)
        self._spend(_READ_US_PER_256 * (len(buf) // 256 + 1))

    def writeblocks(self, block, buf, offset=0):
        self._file.seek(block * BLOCK_BYTES + offset)
        self._file.write(buf)
        self._spend(_PROGRAM_US_PER_256 * (len(buf) // 256 + 1))

    def ioctl(self, operation, argument):
        if operation == 4:
            return BLOCKS
        if operation == 5:
            return BLOCK_BYTES
        if operation == 6:
            self._spend(_ERASE_US)
            return 0
        return 0

    def read_nvs(self):
        """The committed NVS: {namespace: {key: int, or bytes as hex}}."""
        self._file.seek(BLOCKS * BLOCK_BYTES)
        text = self._file.read(NVS_BYTES).rstrip(b"\0")
        return json.loads(text) if text else {}

    def write_nvs(self, spaces):
        text = json.dumps(spaces).encode()
        if len(text) > NVS_BYTES:
            raise OSError(-0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
        self._file.seek(BLOCKS * BLOCK_BYTES)
        self._file.write(text + b"\0" * (NVS_BYTES - len(text)))
        self._spend(_PROGRAM_US_PER_256)

    def _spend(self, cost_us):
        if self.timed:
            self._clock.advance_quietly(cost_us)
