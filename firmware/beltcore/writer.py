"""Writes the sentences that sentence.py declares: the box's end of the wire.

`$TYPE,seq,field,…*CRC\\n`: ASCII, CRC-16/CCITT-FALSE in four hex digits over everything between
`$` and `*`, at most 100 bytes. An empty field is an unknown value. See firmware/PROTOCOL.md.
"""

from .compat import const, put_number
from .crc import crc16

SENTENCE_MAX = const(100)
SEQUENCE_PERIOD = const(10_000)

# Of an answer's status, text and kind together, so that it fits beside the longest id.
_ANSWER_LETTERS = const(72)

_HALF_MM_IN_NM = const(500_000)
_METRES_HIGHEST = const(0x3FFFFFFF)

_COMMA = const(0x2C)
_ZERO = const(0x30)
_HEX = b"0123456789ABCDEF"
# What would end a field, a sentence or a line.
_FORBIDDEN = ",*$!\r\n"


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
        self.start(b"RAW")
        self.put(t_us)
        self.put(count)
        self.put(rail_left)
        self.put(rail_right)
        self.finish()

    def now(self, core, box_flags):
        """The metrics of this moment."""
        self.start(b"NOW")
        self.put_thousandths(core.seconds, core.microseconds // 1000)
        self.put(core.belt.belt_mm_s)
        self.put(core.belt.speed_mm_s)
        self.put(core.rails.left.force_mn)
        self.put(core.rails.right.force_mn)
        self.put(core.rails.reliance_permille)
        self.put(core.rails.zone)
        self.put(core.flags)
        self.put(box_flags)
        self.finish()

    def distance(self, core):
        """The sums of the belt, and the gait."""
        forward, backward = core.lengths()
        self.start(b"DST")
        self.put_thousandths(core.seconds, core.microseconds // 1000)
        self._put_length(forward)
        self._put_length(backward)
        gait = core.gait
        self.put(gait.steps)
        self.put(gait.cadence_spm_x10)
        self.put(gait.step_length_mm)
        grabs = core.rails.grabs
        self.put(None if grabs is None else grabs.count)
        even = gait.evenness
        self.put(even.step_time_sd_ms)
        self.put(even.asymmetry_permille)
        self.put(even.asymmetry_u_permille)
        self.put(even.longer_side)
        self.finish()

    def zones(self, core):
        """The sums by zone; empty in a box without cells."""
        lengths = core.zone_lengths()
        self.start(b"ZON")
        self.put_thousandths(core.seconds, core.microseconds // 1000)
        known = core.rails.left.present or core.rails.right.present
        for zone in range(4):
            if known:
                self._put_length(lengths[zone])
            else:
                self.put(None)
        self.finish()

    def begin(self, boots, settings_hash):
        """A new measurement."""
        self.start(b"BEG")
        self.put(boots)
        self.put_text(settings_hash, 4)
        self.finish()

    def answer(self, identifier, kind, text):
        """The answer to command `identifier`: kind of sentence.ANSWER_KINDS, and a text for people.

        A text that is too long ends in two dots, so that no number in it looks whole.
        """
        status = "ok" if kind == "ok" else "error"
        room = _ANSWER_LETTERS - len(status) - len(kind)
        self.start(b"ANS")
        self.put(identifier)
        self.put_text(status, 5)
        self.put_text(text if len(text) <= room else text[: room - 2] + "..", room)
        self.put_text(kind, 12)
        self.finish()

    def log(self, text):
        """A message for a person, cut to what fits."""
        self.start(b"LOG")
        self.put_text(text, 84)
        self.finish()

    def start(self, name):
        buffer = self.buffer
        buffer[0] = 0x24  # $
        at = 1
        for letter in name:
            buffer[at] = letter
            at += 1
        self.length = at
        self.put(self._sequence)
        self._sequence = (self._sequence + 1) % SEQUENCE_PERIOD

    def put(self, value):
        """A comma and the digits of value, -2**30 .. 2**30-1, or nothing for None."""
        at = self.length
        self.buffer[at] = _COMMA
        self.length = at + 1 if value is None else put_number(self.buffer, at + 1, value)

    def put_thousandths(self, whole, thousandths):
        """A comma and whole * 1000 + thousandths, which may be more than 31 bits hold."""
        if whole == 0:
            self.put(thousandths)
            return
        self.put(whole)
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
        self.put_thousandths(m, mm)

    def put_text(self, text, longest):
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

    def finish(self):
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
