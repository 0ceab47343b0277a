"""Lines typed by a person at the friendly prompt: echo, backspace, where a statement ends.

The cursor keys are swallowed: no history, no moving in the line, no completion, no auto-indent.
"""

CTRL_A = 1
CTRL_B = 2
CTRL_C = 3
CTRL_D = 4
CTRL_E = 5
_BACKSPACE = (0x08, 0x7F)
_TAB = 0x09
_ENTER = 0x0D
_ESCAPE = 0x1B

_COMPOUND = ("if", "while", "for", "try", "with", "def", "class", "async")
_OPEN = "([{"
_CLOSE = ")]}"


class Editor:
    """Reads from `receiver`, echoes with `say(bytes)`."""

    def __init__(self, receiver, say):
        self._receiver = receiver
        self._say = say

    def read(self, prompt):
        """(line, what ended it): None for Enter, CTRL_C, or CTRL_A to CTRL_E in an empty line."""
        self._say(prompt.encode())
        line = bytearray()
        while True:
            byte = self._receiver.byte()
            if byte == CTRL_C or (CTRL_A <= byte <= CTRL_E and not line):
                return "", byte
            if byte == _ENTER:
                self._say(b"\r\n")
                return _text(line), None
            if byte in _BACKSPACE:
                self._erase(line)
            elif byte == _TAB:
                line.extend(b"    ")
                self._say(b"    ")
            elif byte == _ESCAPE:
                self._swallow_key()
            elif byte >= 0x20:
                line.append(byte)
                self._say(bytes([byte]))

    def paste(self):
        """A program up to Ctrl-D, echoed; None if given up by Ctrl-C."""
        self._say(b"paste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ")
        source = bytearray()
        while True:
            byte = self._receiver.byte()
            if byte in (CTRL_C, CTRL_D):
                self._say(b"\r\n")
                return _text(source) if byte == CTRL_D else None
            source.append(0x0A if byte == _ENTER else byte)
            self._say(b"\r\n=== " if byte == _ENTER else bytes([byte]))

    def _erase(self, line):
        """Take the last letter away, which may have several bytes."""
        if not line:
            return
        while len(line) > 1 and line[-1] & 0xC0 == 0x80:
            line[:] = line[:-1]
        line[:] = line[:-1]
        self._say(b"\b \b")

    def _swallow_key(self):
        """ESC [ parameters letter, or ESC letter."""
        byte = self._receiver.byte()
        if byte in (ord("["), ord("O")):
            while self._receiver.byte() < 0x40:
                pass


def _text(line):
    try:
        return bytes(line).decode()
    except UnicodeError:
        return "".join([chr(byte) for byte in line])


def needs_more(source):
    """Whether a statement that begins so goes on: as MicroPython's mp_repl_continue_with_input."""
    quote = ""
    depth = 0
    index = 0
    while index < len(source):
        letter = source[index]
        if letter in "'\"":
            triple = source[index : index + 3] == letter * 3
            if triple and quote in ("", letter * 3):
                quote = "" if quote else letter * 3
                index += 2
            elif quote in ("", letter):
                quote = "" if quote else letter
        elif letter == "\\" and quote:
            index += 1
        elif not quote:
            depth += (letter in _OPEN) - (letter in _CLOSE)
        index += 1
    if len(quote) == 3 or (depth > 0 and not quote) or source.endswith("\\"):
        return True
    return _is_compound(source) and not source.endswith("\n")


def _is_compound(source):
    if source.startswith("@"):
        return True
    for word in _COMPOUND:
        after = source[len(word) : len(word) + 1]
        if source.startswith(word) and not (after.isalpha() or after.isdigit() or after == "_"):
            return True
    return False
