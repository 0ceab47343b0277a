"""The sessions that a box keeps by itself: the layout of their files, declared once for both ends.

A file is a head and then blocks, each of ten records, one record a second; little-endian, in the
codes of Python's `struct`. The last field of a head and the last two bytes of a block are the
CRC-16 of what stands before them in it. The head has the same fields in every `version`, but for
its first three bytes; the blocks are what the version is of, and a reader refuses one that it
doesn't know. The fields' names stand in block_fields.py, because names cost the box RAM. See
firmware/PROTOCOL.md.
"""

from .compat import const

VERSION = const(2)

# The first three bytes are a random number, made with the file: numbers and boots begin anew when a
# flash is erased, and this tells such sessions from the ones before. In version 1 they are the
# letters BBS, so that older firmware reads today's files, and today's firmware older ones.
RANDOM_BYTES = const(3)
RANDOM_SINCE = const(2)

# power: how often the box had been powered up; clock_s: its clock at the start, of no known epoch.
HEAD_CODES = "<3sBIIIIHH"
HEAD_BYTES = const(24)

# t_s: the first record's time. The lengths, each in metres and a rest of 0 to 1000 mm, are those
# before the first record. Both since the measurement's first row, like those of NOW and DST.
BLOCK_CODES = "<BBIIHIH"
RECORDS_AT = const(18)
RECORDS = const(10)

# after_s: since the block's t_s; forward_mm, backward_mm: since the record before. The others are
# those of NOW, at that moment.
RECORD_CODES = "<BBHHhHHHH"
RECORD_BYTES = const(16)
NO_ZONE = const(0xFF)
# For reliance_permille and cadence_spm_x10.
UNKNOWN = const(0xFFFF)

CRC_AT = const(178)
BLOCK_BYTES = const(180)

# The states of a session, in SES.
UNDER_WAY = const(0)
KEPT = const(1)
ACKNOWLEDGED = const(2)
# So many bytes of a block are in a BLK (fewer in the last), in base64.
PART_BYTES = const(48)
