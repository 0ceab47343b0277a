"""The host's end of the wire: reads sentences, makes commands.

Nothing that fails its CRC, its declaration or its numbers is used, not even in part.
"""

from ..command import Damaged, checked_body
from ..crc import crc16
from ..writer import SENTENCE_MAX, SEQUENCE_PERIOD
from .sentence import LATER_FIELDS, NEVER_EMPTY, NUMBER_FIELDS, TEXT_FIELDS, TYPES

COMMAND_MAX = 100
LINE_MAX = 1000  # longer than any sentence or traceback line: what comes beyond is cut into lines

# What a USB port sends at once. A fault of the port sends the same packet twice.
_PACKET_BYTES = 64
_CRC_BYTES = 5  # with its star
# So many of the latest sentences are remembered: more than a packet, or a longer one of 512, holds.
_REMEMBERED = 16
# Of a line without its beginning: fewer letters could be anybody's.
_TAIL_LEAST = 3
# Damaged lines in a row that may still turn out to be parts of a repeated packet.
_FRAGMENTS_MOST = 4


def _declared():
    """By the bytes of the type: its name, and for each field its limits.

    A number: (lowest, highest, whether it may be empty). A text: (most letters, None, None).
    """
    declared = {}
    for name, fields in TYPES.items():
        limits = []
        for field in fields:
            if field in TEXT_FIELDS:
                limits.append((TEXT_FIELDS[field], None, None))
            else:
                lowest, highest, _unit = NUMBER_FIELDS[field]
                limits.append((lowest, highest, field not in NEVER_EMPTY.get(name, ())))
        declared[name.encode()] = (name, tuple(limits))
    return declared


_DECLARED = _declared()


def decode(line: bytes) -> tuple[str, int, list[int | str | None]]:
    """The sentence in `line` (bytes, without the newline) as (type, seq, values).

    type: a key of TYPES, or the type's name as it came when unknown here (values is then empty);
    values: int, str or None for each declared field, all within the limits that sentence.py
    declares; unknown trailing fields are dropped, and those that an older box doesn't send are
    None. Raises Damaged.
    """
    parts = checked_body(line).split(b",")
    declared = _DECLARED.get(parts[0])
    try:
        sequence = parts[1]
        if not sequence.isdigit() or len(sequence) > 4:
            raise Damaged("its number isn't one of 0 to 9999")
        if declared is None:
            return _unknown_type(parts[0]), int(sequence), []
        name, limits = declared
        if len(parts) < len(limits) + 2:
            _fill_up(parts, name, len(limits))
        values = []
        at = 2
        # This runs a hundred times a second for each box, and 100 000 times in a second of a
        # capture: no call for a number.
        for lowest, highest, may_be_empty in limits:
            part = parts[at]
            at += 1
            if highest is None:
                values.append(_text_of(part, lowest))
            elif part:
                # As the box writes it; int() alone would take b" +1_0", too.
                if not (part.isdigit() or (part[:1] == b"-" and part[1:].isdigit())):
                    raise Damaged("a field isn't what its type declares")
                value = int(part)
                if not lowest <= value <= highest:
                    raise Damaged("a number is beyond what its field can be")
                values.append(value)
            elif may_be_empty:
                values.append(None)
            else:
                raise Damaged("a field is empty that never is")
        return name, int(sequence), values
    except (ValueError, IndexError) as error:
        if isinstance(error, Damaged):
            raise
        raise Damaged("a field isn't what its type declares")


def _unknown_type(name):
    """The name of a type that is unknown here: 2 to 4 capital letters."""
    if not 2 <= len(name) <= 4:
        raise Damaged("its type isn't 2 to 4 capital letters")
    for byte in name:
        if not 65 <= byte <= 90:
            raise Damaged("its type isn't 2 to 4 capital letters")
    return str(name, "ascii")


def _text_of(part, longest):
    """A text field: printable ASCII, without what would end a field, a sentence or a line."""
    if len(part) > longest:
        raise Damaged("a text is longer than its field can be")
    for byte in part:
        if not 32 <= byte < 127 or byte in b"*$!":
            raise Damaged("a text holds what no text of a box holds")
    return str(part, "ascii")


def _fill_up(parts, name, count):
    """Add the fields that an older box doesn't send, empty. Raises Damaged if it should have."""
    missing = count + 2 - len(parts)
    if missing > LATER_FIELDS.get(name, 0):
        raise Damaged("%s has %d fields of %d" % (name, len(parts) - 2, count))
    parts += [b""] * missing


class Reader:
    """Bytes in, lines out; counts what arrived `good`, `damaged`, `repeated`, what is `missing`.

    `feed` takes whatever came and gives a list of (type, seq, values, lost): `lost` sentences are
    missing before this one; -1 where the numbers begin anew without a start of the box, as where
    two captures meet in one file. What isn't a sentence comes as ("", -1, [text], 0): the box's
    console. After a boot's "ID" the sequence starts anew.

    A sentence that arrives twice is given once. So is a USB packet of which the port sends 64 bytes
    twice, which begins and ends in mid-sentence: each line of it counts as `repeated`.
    """

    def __init__(self):
        self.good: int = 0
        self.damaged: int = 0
        self.missing: int = 0
        self.repeated: int = 0
        self._rest = b""
        self._expected = -1
        self._damaged_before = 0
        self._latest = []  # the lines of the latest sentences
        self._fragments = []  # damaged lines since the latest sentence
        self._repeated_before = 0

    def feed(self, data: bytes) -> list[tuple[str, int, list[int | str | None], int]]:
        """Take bytes, give what they completed."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LINE_MAX:
            lines.append(self._rest)
            self._rest = b""
        found = []
        for line in lines:
            self._line(line, found)
        return found

    def finish(self) -> list[tuple[str, int, list[int | str | None], int]]:
        """What an unfinished last line holds, at the end of a capture."""
        lines = self.feed(b"\n") if self._rest else []
        return lines

    def disbelieve(self) -> None:
        """Count a sentence that was given as damaged after all: what it says can't be true."""
        self.good -= 1
        self.damaged += 1

    def _line(self, line, found):
        start = line.rfind(b"$")
        if start < 0:
            self._console(line, found)
            return
        text = line[start:].rstrip()
        sentence = None
        try:
            sentence = decode(text)
        except Damaged:
            whole = _without_rest(text) or _without_repeat(text)
            if whole is not None:
                try:
                    sentence = decode(whole)
                    self.repeated += not text.startswith(whole)
                    text = whole
                except Damaged:
                    pass
        # What stands before it was cut short, or is console text. However many pieces a damaged
        # line is in, one sentence came damaged: what else is gone shows in the sequence.
        before = line[:start]
        first = before.find(b"$")
        if sentence is None or first >= 0:
            self.damaged += 1
            if len(self._fragments) < _FRAGMENTS_MOST:
                fragment = before if sentence is not None else line
                self._fragments.append(fragment[first if first >= 0 else start :].rstrip())
        self._console(before if first < 0 else before[:first], found)
        if sentence is None:
            return
        seq = sentence[1]
        if seq != self._expected and text in self._latest:
            self.repeated += 1
            return
        self._sentence(sentence, text, found)

    def _sentence(self, sentence, text, found):
        """Count a sentence that is new, and what is missing before it."""
        name, seq, values = sentence
        self.good += 1
        if name == "ID" and seq == 0:
            self._expected = -1  # a start: what was under way before it never came
        lost = (seq - self._expected) % SEQUENCE_PERIOD if self._expected >= 0 else 0
        if self._fragments:
            if lost == 0 and self._expected >= 0:
                self._count_seams(text)
            self._fragments.clear()
        if lost >= SEQUENCE_PERIOD // 2:
            lost = -1  # backward: two captures in one file, or a start of which the ID is lost
        # One that came damaged is in the gap too: it isn't missing as well.
        self.missing += max(0, lost - (self.damaged - self._damaged_before))
        self._damaged_before = self.damaged
        self._repeated_before = self.repeated
        self._expected = (seq + 1) % SEQUENCE_PERIOD
        self._latest.append(text)
        if len(self._latest) > 2 * _REMEMBERED:
            self._latest = self._latest[-_REMEMBERED:]
        found.append((name, seq, values, lost))

    def _count_seams(self, text):
        """Count the damaged lines as repeated that are where a packet ended and came once more.

        Nothing is missing before the sentence in `text`, so they were none of their own. Such a
        line is the beginning of this sentence, and after it the end of one before.
        """
        for fragment in self._fragments:
            same = 0
            while same < len(fragment) and same < len(text) and fragment[same] == text[same]:
                same += 1
            while same and not self._goes_on(fragment[same:]):
                same -= 1
            if same:
                self.damaged -= 1
                self.repeated += 1

    def _goes_on(self, rest):
        """Whether a packet that is repeated goes on like this after the beginning of a sentence."""
        return self._is_tail(rest) if rest else self.repeated > self._repeated_before

    def _is_tail(self, text):
        """Whether the text is the end of one of the latest sentences."""
        return any(line.endswith(text) for line in self._latest)

    def _console(self, text, found):
        text = text.strip()
        if not text:
            return
        if len(text) >= _TAIL_LEAST and self._latest and self._is_tail(text):
            self.repeated += 1  # a packet that began in mid-sentence, once more
            return
        for at in range(0, len(text), LINE_MAX):
            found.append(("", -1, [_text(text[at : at + LINE_MAX])], 0))


def _without_rest(text):
    """A sentence without what a logger has put behind it; None if there is nothing."""
    end = text.find(b"*") + _CRC_BYTES
    return text[:end] if _CRC_BYTES <= end < len(text) else None


def _without_repeat(text):
    """A sentence within which a packet was repeated, without the repetition; None if none was."""
    if len(text) > SENTENCE_MAX + _PACKET_BYTES:
        return None
    for at in range(len(text) - 2 * _PACKET_BYTES + 1):
        middle = at + _PACKET_BYTES
        if text[at:middle] == text[middle : middle + _PACKET_BYTES]:
            return text[:at] + text[middle:]
    return None


def encode_command(identifier: int, verb: str, *arguments: object) -> bytes:
    """The bytes of a command to the box. Raises ValueError when it is too long or holds `,*\\n`."""
    fields = [str(identifier), verb]
    fields.extend(str(argument) for argument in arguments)
    for field in fields:
        for letter in field:
            if letter in ",*!$" or not 32 <= ord(letter) < 127:
                raise ValueError("a command can't hold %r" % letter)
    body = ",".join(fields).encode()
    line = b"!" + body + b"*%04X\n" % crc16(body, 0, len(body))
    if len(line) > COMMAND_MAX:
        raise ValueError("a command fits %d bytes, not %d" % (COMMAND_MAX, len(line)))
    return line


def _text(data):
    """Console bytes as text, whatever they are."""
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in data)
