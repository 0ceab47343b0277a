"""The sessions that a box keeps by itself: the layout of their files, declared once for both ends.

A file is a head and then blocks, each of ten records, one record a second; little-endian, in the
codes of Python's `struct`. The last field of a head and the last two bytes of a block are the
CRC-16 of what stands before them in it. Every length is the file's: a reader refuses a `version`
that it doesn't know. See firmware/PROTOCOL.md.
"""

from .compat import const

VERSION = const(1)
MAGIC = b"BBS"

# power: how often the box had been powered up; clock_s: its clock at the start, of no known epoch.
HEAD_CODES = "<3sBIIIIHH"
HEAD_FIELDS = (
    "magic",
    "version",
    "session",
    "power",
    "boots",
    "clock_s",
    "settings_hash",
    "crc",
)
HEAD_BYTES = const(24)

# t_s: the first record's time. The lengths, each in metres and a rest of 0 to 1000 mm, are those
# before the first record. Both since the measurement's first row, like those of NOW and DST.
BLOCK_CODES = "<BBIIHIH"
BLOCK_FIELDS = (
    "records",
    "spare",
    "t_s",
    "forward_m",
    "forward_mm",
    "backward_m",
    "backward_mm",
)
RECORDS_AT = const(18)
RECORDS = const(10)

# after_s: since the block's t_s; forward_mm, backward_mm: since the record before. The others are
# those of NOW, at that moment.
RECORD_CODES = "<BBHHhHHHH"
RECORD_FIELDS = (
    "after_s",
    "zone",
    "forward_mm",
    "backward_mm",
    "speed_mm_s",
    "reliance_permille",
    "cadence_spm_x10",
    "flags",
    "box_flags",
)
RECORD_BYTES = const(16)
NO_ZONE = const(0xFF)
# For reliance_permille and cadence_spm_x10.
UNKNOWN = const(0xFFFF)

CRC_AT = const(178)
BLOCK_BYTES = const(180)
