"""The sentences of the wire: declared once, for both ends.

`$TYPE,seq,field,…*CRC\\n`: ASCII, CRC-16/CCITT-FALSE in four hex digits over everything between
`$` and `*`, at most 100 bytes. An empty field is an unknown value. See firmware/PROTOCOL.md.
"""

from .compat import const, put_number
from .crc import crc16

SENTENCE_MAX = const(100)
SEQUENCE_PERIOD = const(10_000)

# Every type and its fields, in order. New fields go to the end: readers skip what they don't know.
TYPES = {
    # First after start, and on request: who speaks.
    "ID": (
        "protocol",
        "firmware",
        "board",
        "box_name",
        "boots",
        "reset_cause",
        "settings_hash",
        "micropython",
    ),
    # The measurement starts anew: the next RAW row is its first.
    "BEG": ("boots", "settings_hash"),
    # One raw row.
    "RAW": ("t_us", "count", "rail_left", "rail_right"),
    # The metrics of that moment, ten times a second.
    "NOW": (
        "t_ms",
        "belt_mm_s",
        "speed_mm_s",
        "rail_left_mn",
        "rail_right_mn",
        "reliance_permille",
        "zone",
        "flags",
        "box_flags",
    ),
    # Sums since the start, before each NOW.
    "DST": (
        "t_ms",
        "forward_mm",
        "backward_mm",
        "steps",
        "cadence_spm_x10",
        "step_length_mm",
        "grabs",
        "step_time_sd_ms",
        "step_asymmetry_permille",
        "step_asymmetry_u_permille",
    ),
    # Metres by zone, before every tenth DST.
    "ZON": ("t_ms", "hands_off_mm", "light_mm", "supported_mm", "heavy_mm"),
    # The answer to a command.
    "ANS": ("id", "status", "text"),
    # Something that a person may want to know.
    "LOG": ("text",),
    # A session that the box keeps.
    "SES": ("session", "blocks", "state", "power", "boots", "started_s", "settings_hash"),
    # A part of a block of a session: beltcore/blocks.py.
    "BLK": ("session", "block", "part", "data"),
}
TEXT_FIELDS = (
    "firmware",
    "board",
    "box_name",
    "reset_cause",
    "settings_hash",
    "micropython",
    "status",
    "text",
    "data",
)
# The states of SES.
UNDER_WAY = const(0)
KEPT = const(1)
ACKNOWLEDGED = const(2)
# So many bytes of a block are in a BLK (fewer in the last), in base64.
PART_BYTES = const(48)

_HALF_MM_IN_NM = const(500_000)
_METRES_HIGHEST = const(0x3FFFFFFF)

_COMMA = const(0x2C)
_ZERO = const(0x30)
_HEX = b"0123456789ABCDEF"
# What would end a field, a sentence or a line.
_FORBIDDEN = ",*$!\r\n"

_ID_ = b"ID"
_BEG = b"BEG"
_RAW = b"RAW"
_NOW = b"NOW"
_DST = b"DST"
_ZON = b"ZON"
_ANS = b"ANS"
_LOG = b"LOG"
_SES = b"SES"
_BLK = b"BLK"


class Writer:
    """Writes one sentence at a time into `buffer`; `length` bytes of it are to be sent.

    Nothing is allocated by `raw`, `now`, `distance`, `zones`. The others make texts, for rare use.
    """

    def __init__(self):
        self.buffer = bytearray(SENTENCE_MAX)
        self.length = 0
        self._sequence = 0

    def raw(self, t_us, count, rail_left, rail_right):
        """A raw row: integers within 31 bits; a rail may be None."""
        self._start(_RAW)
        self._put(t_us)
        self._put(count)
        self._put(rail_left)
        self._put(rail_right)
        self._finish()

    def now(self, core, box_flags):
        """The metrics of this moment."""
        self._start(_NOW)
        self._put_thousandths(core.seconds, core.microseconds // 1000)
        self._put(core.belt.belt_mm_s)
        self._put(core.belt.speed_mm_s)
        self._put(core.rails.left.force_mn)
        self._put(core.rails.right.force_mn)
        self._put(core.rails.reliance_permille)
        self._put(core.rails.zone)
        self._put(core.flags)
        self._put(box_flags)
        self._finish()

    def distance(self, core):
        """The sums of the belt, and the gait."""
        core.settle()
        self._start(_DST)
        self._put_thousandths(core.seconds, core.microseconds // 1000)
        self._put_length(core.forward)
        self._put_length(core.backward)
        gait = core.gait
        self._put(gait.steps)
        self._put(gait.cadence_spm_x10)
        self._put(gait.step_length_mm)
        grabs = core.rails.grabs
        self._put(None if grabs is None else grabs.count)
        even = gait.evenness
        self._put(even.step_time_sd_ms)
        self._put(even.asymmetry_permille)
        self._put(even.asymmetry_u_permille)
        self._finish()

    def zones(self, core):
        """The sums by zone; empty in a box without cells."""
        core.settle()
        self._start(_ZON)
        self._put_thousandths(core.seconds, core.microseconds // 1000)
        known = core.rails.left.present or core.rails.right.present
        for zone in range(4):
            if known:
                self._put_length(core.zone_lengths[zone])
            else:
                self._put(None)
        self._finish()

    def identity(self, protocol, boots, texts):
        """texts: firmware, board, box_name, reset_cause, settings_hash, micropython."""
        firmware, board, box_name, reset_cause, settings_hash, micropython = texts
        self._start(_ID_)
        self._put(protocol)
        self._put_text(firmware, 12)
        self._put_text(board, 15)
        self._put_text(box_name, 20)
        self._put(boots)
        self._put_text(reset_cause, 8)
        self._put_text(settings_hash, 4)
        self._put_text(micropython, 8)
        self._finish()

    def begin(self, boots, settings_hash):
        """A new measurement."""
        self._start(_BEG)
        self._put(boots)
        self._put_text(settings_hash, 4)
        self._finish()

    def answer(self, identifier, status, text):
        """The answer to command `identifier`: status "ok" or "error", and a text."""
        self._start(_ANS)
        self._put(identifier)
        self._put_text(status, 5)
        self._put_text(text, 68)
        self._finish()

    def log(self, text):
        """A message for a person, cut to what fits."""
        self._start(_LOG)
        self._put_text(text, 84)
        self._finish()

    def session(self, session, blocks, state, power, boots, started_s, settings_hash):
        """A session; power, boots, started_s (since 1970) None and settings_hash "" if unknown."""
        self._start(_SES)
        self._put(session)
        self._put(blocks)
        self._put(state)
        self._put(power)
        self._put(boots)
        if started_s is None:
            self._put(None)
        else:
            self._put_thousandths(started_s // 1000, started_s % 1000)
        self._put_text(settings_hash, 4)
        self._finish()

    def block(self, session, block, part, data):
        """A part of a session's block; data: base64, at most 64 letters."""
        self._start(_BLK)
        self._put(session)
        self._put(block)
        self._put(part)
        self._put_text(data, 64)
        self._finish()

    def _start(self, name):
        buffer = self.buffer
        buffer[0] = 0x24  # $
        at = 1
        for letter in name:
            buffer[at] = letter
            at += 1
        self.length = at
        self._put(self._sequence)
        self._sequence = (self._sequence + 1) % SEQUENCE_PERIOD

    def _put(self, value):
        """A comma and the digits of value, -2**30 .. 2**30-1, or nothing for None."""
        at = self.length
        self.buffer[at] = _COMMA
        self.length = at + 1 if value is None else put_number(self.buffer, at + 1, value)

    def _put_thousandths(self, whole, thousandths):
        """A comma and whole * 1000 + thousandths, which may be more than 31 bits hold."""
        if whole == 0:
            self._put(thousandths)
            return
        self._put(whole)
        buffer = self.buffer
        at = self.length
        buffer[at] = _ZERO + thousandths // 100
        buffer[at + 1] = _ZERO + thousandths // 10 % 10
        buffer[at + 2] = _ZERO + thousandths % 10
        self.length = at + 3

    def _put_length(self, length):
        """A comma and a Length in whole millimetres, rounded as `Length.in_mm` does."""
        m = length.m
        mm = length.mm
        if length.nm >= _HALF_MM_IN_NM:
            mm += 1
            if mm == 1000:
                mm = 0
                m = m + 1 if m < _METRES_HIGHEST else 0
        self._put_thousandths(m, mm)

    def _put_text(self, text, longest):
        buffer = self.buffer
        at = self.length
        buffer[at] = _COMMA
        at += 1
        for letter in text[:longest]:
            code = ord(letter)
            if letter == ",":
                code = 0x3B  # ;
            elif letter in _FORBIDDEN or not 32 <= code < 127:
                code = 0x3F  # ?
            buffer[at] = code
            at += 1
        self.length = at

    def _finish(self):
        buffer = self.buffer
        at = self.length
        crc = crc16(buffer, 1, at)
        buffer[at] = 0x2A  # *
        buffer[at + 1] = _HEX[crc >> 12]
        buffer[at + 2] = _HEX[crc >> 8 & 15]
        buffer[at + 3] = _HEX[crc >> 4 & 15]
        buffer[at + 4] = _HEX[crc & 15]
        buffer[at + 5] = 0x0A
        self.length = at + 6
