"""The prompt that answers when no program runs: what MicroPython's pyexec.c does, byte for byte.

mpremote speaks to the raw REPL, in its raw paste mode; people to the friendly one (line.py).
"""

from . import traceback
from .clock import BoxEnd, BoxReset, clock
from .line import CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E, Editor, needs_more

FRIENDLY = 0
RAW = 1

# Half of MICROPY_REPL_STDIN_BUFFER_MAX: the host may send two windows ahead.
_WINDOW_BYTES = 128


class Repl:
    """Runs what it is sent as `__main__`, whose names are the dict `names`.

    `mode`, FRIENDLY or RAW, outlasts a soft reset, as it does on the board: in RAW mode main.py is
    not to be run.
    """

    def __init__(self, receiver, stdout, names, banner):
        self.mode = FRIENDLY
        self._receiver = receiver
        self._out = stdout
        self._names = names
        self._banner = banner.encode()
        self._say = stdout.buffer.write
        self._editor = Editor(receiver, self._say)

    def run(self):
        """Answer until a soft reset is asked for. Raises BoxReset and BoxEnd."""
        leave = False
        while not leave:
            try:
                leave = self._raw() if self.mode == RAW else self._friendly()
            except KeyboardInterrupt:
                pass  # came when its program had just ended

    def read_line(self, prompt=""):
        """The built-in `input`: a line without its end. Raises EOFError at Ctrl-D."""
        line, ended_by = self._editor.read(prompt)
        if ended_by == CTRL_C:
            raise KeyboardInterrupt
        if ended_by == CTRL_D:
            raise EOFError
        return line

    def execute(self, source, kind="exec", name="<stdin>", end=b""):
        """Run a program, tell its exception; True when it wants a soft reset.

        `end` is written after its output, and again after its exception.
        """
        try:
            self._receiver.interrupt_byte = CTRL_C
            exec(compile(source, name, kind), self._names)
            error = None
        except (BoxReset, BoxEnd):
            raise
        except BaseException as raised:
            error = raised
        self._receiver.interrupt_byte = -1
        if clock.take_keyboard_interrupt() and error is None:
            error = KeyboardInterrupt()
        return self._tell(error, end)

    def _tell(self, error, end):
        self._say(end)
        leave = isinstance(error, SystemExit)
        if error is not None and not leave:
            self._out.write(traceback.text(error))
        self._say(end)
        return leave

    def _raw(self):
        """True for a soft reset, False when the mode has changed."""
        self._say(b"raw REPL; CTRL-B to exit\r\n>")
        line = bytearray()
        while True:
            byte = self._receiver.byte()
            if byte == CTRL_A:
                if len(line) == 2 and line[0] == CTRL_E:
                    if self._raw_paste(line[1]):
                        return True
                    self._say(b">")
                else:
                    self._say(b"raw REPL; CTRL-B to exit\r\n>")
                line = bytearray()
            elif byte == CTRL_B:
                self._say(b"\r\n")
                self.mode = FRIENDLY
                return False
            elif byte == CTRL_C:
                line = bytearray()
            elif byte == CTRL_D:
                self._say(b"OK")
                if not line:
                    self._say(b"\r\n")
                    return True
                if self.execute(bytes(line), end=b"\x04"):
                    return True
                self._say(b">")
                line = bytearray()
            else:
                line.append(byte)

    def _raw_paste(self, kind):
        """Take a program, telling the host whenever a window is free, and run it."""
        if kind != ord("A"):
            self._say(b"R\x00")
            return False
        self._say(b"R\x01" + bytes([_WINDOW_BYTES & 0xFF, _WINDOW_BYTES >> 8, 1]))
        source = bytearray()
        while True:
            byte = self._receiver.byte()
            if byte in (CTRL_C, CTRL_D):
                self._say(b"\x04")
                break
            source.append(byte)
            if len(source) % _WINDOW_BYTES == 0:
                self._say(b"\x01")
        if byte == CTRL_C:
            return self._tell(KeyboardInterrupt(), b"\x04")
        return self.execute(bytes(source), end=b"\x04")

    def _friendly(self):
        """True for a soft reset, False when the mode has changed."""
        self._say(self._banner)
        while True:
            line, ended_by = self._editor.read(">>> ")
            if ended_by is not None:
                self._say(b"\r\n")
            if ended_by == CTRL_A:
                self.mode = RAW
                return False
            if ended_by == CTRL_B:
                self._say(self._banner)
            elif ended_by == CTRL_D:
                return True
            elif ended_by == CTRL_E:
                source = self._editor.paste()
                if source is not None and self.execute(source):
                    return True
            elif ended_by is None and line:
                source = self._statement(line)
                if source is not None and self.execute(source, "single"):
                    return True

    def _statement(self, source):
        """The statement that begins with the line `source`, to its end; None if given up."""
        while needs_more(source):
            line, ended_by = self._editor.read("... ")
            if ended_by == CTRL_C:
                self._say(b"\r\n")
                return None
            source += "\n" + line
            if ended_by == CTRL_D:
                self._say(b"\r\n")
                break
        return source
