"""The host's end of the wire: reads sentences, makes commands.

Nothing that fails its CRC, its declaration or its numbers is used, not even in part.
"""

from ..command import Damaged, checked_body
from ..crc import crc16
from ..writer import SEQUENCE_PERIOD
from .sentence import LATER_FIELDS, TEXT_FIELDS, TYPES

COMMAND_MAX = 100
LINE_MAX = 1000  # longer than any sentence or traceback line: what comes beyond is cut into lines

# By the bytes of the type: its name, and for each field whether it is a text.
_DECLARED = {
    name.encode(): (name, tuple(field in TEXT_FIELDS for field in fields))
    for name, fields in TYPES.items()
}
_NUMBERS_ONLY = {
    name.encode(): (name, len(fields))
    for name, fields in TYPES.items()
    if not any(field in TEXT_FIELDS for field in fields)
}


def decode(line: bytes) -> tuple[str, int, list[int | str | None]]:
    """The sentence in `line` (bytes, without the newline) as (type, seq, values).

    type: a key of TYPES, or the type's name as it came when unknown here (values is then empty);
    values: int, str or None for each declared field; unknown trailing fields are dropped, and
    those that an older box doesn't send are None.
    Raises Damaged.
    """
    parts = checked_body(line).split(b",")
    numbers = _NUMBERS_ONLY.get(parts[0])
    try:
        if numbers is not None:
            name, count = numbers
            if len(parts) < count + 2:
                _fill_up(parts, name, count)
            return (
                name,
                _sequence(parts[1]),
                [_number(part) if part else None for part in parts[2 : count + 2]],
            )
        declared = _DECLARED.get(parts[0])
        if declared is None:
            return str(parts[0], "ascii"), _sequence(parts[1]), []
        name, texts = declared
        if len(parts) < len(texts) + 2:
            _fill_up(parts, name, len(texts))
        values = []
        for index in range(len(texts)):
            part = parts[index + 2]
            if texts[index]:
                values.append(str(part, "ascii"))
            else:
                values.append(_number(part) if part else None)
        return name, _sequence(parts[1]), values
    except (ValueError, IndexError) as error:
        if isinstance(error, Damaged):
            raise
        raise Damaged("a field isn't what its type declares")


def _fill_up(parts, name, count):
    """Add the fields that an older box doesn't send, empty. Raises Damaged if it should have."""
    missing = count + 2 - len(parts)
    if missing > LATER_FIELDS.get(name, 0):
        raise Damaged("%s has %d fields of %d" % (name, len(parts) - 2, count))
    parts += [b""] * missing


class Reader:
    """Bytes in, lines out; counts what came `good`, what came `damaged` and what is `missing`.

    `feed` takes whatever came and gives a list of (type, seq, values, lost): `lost` sentences are
    missing before this one. What isn't a sentence comes as ("", -1, [text], 0): the box's console.
    After a boot's "ID" the sequence starts anew.
    """

    def __init__(self):
        self.good: int = 0
        self.damaged: int = 0
        self.missing: int = 0
        self._rest = b""
        self._expected = -1
        self._damaged_before = 0

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

    def _line(self, line, found):
        start = line.rfind(b"$")
        if start < 0:
            self._console(line, found)
            return
        sentence = None
        try:
            sentence = decode(line[start:].rstrip())
        except Damaged:
            pass
        # What stands before it was cut short, or is console text. However many pieces a damaged
        # line is in, one sentence came damaged: what else is gone shows in the sequence.
        before = line[:start]
        first = before.find(b"$")
        if sentence is None or first >= 0:
            self.damaged += 1
        self._console(before if first < 0 else before[:first], found)
        if sentence is None:
            return
        self.good += 1
        seq = sentence[1]
        if sentence[0] == "ID" and seq == 0:
            self._expected = -1  # a start: what was under way before it never came
        lost = (seq - self._expected) % SEQUENCE_PERIOD if self._expected >= 0 else 0
        if lost >= SEQUENCE_PERIOD // 2:
            lost = 0  # backward: two captures in one file, or a sentence that came twice
        # One that came damaged is in the gap too: it isn't missing as well.
        self.missing += max(0, lost - (self.damaged - self._damaged_before))
        self._damaged_before = self.damaged
        self._expected = (seq + 1) % SEQUENCE_PERIOD
        found.append((sentence[0], seq, sentence[2], lost))

    def _console(self, text, found):
        text = text.strip()
        if text:
            found.append(("", -1, [_text(text)], 0))


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


def _number(part):
    """A decimal integer as the box writes it; int() alone would take b" +1_0", too."""
    if not (part.isdigit() or (part[:1] == b"-" and part[1:].isdigit())):
        raise ValueError
    return int(part)


def _sequence(part):
    if not part.isdigit() or len(part) > 4:
        raise ValueError
    return int(part)


def _text(data):
    """Console bytes as text, whatever they are."""
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in data)
