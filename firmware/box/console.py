"""The console: one command a line, each answered by its id, safe to repeat."""

import sys
from binascii import b2a_base64

from micropython import const

from beltcore import blocks, settings
from beltcore.reader import Damaged, decode_command
from beltcore.sentence import PART_BYTES

from . import crash, settings_file
from .tare import Tare

# Blocks in one answer to `read`; 2020-01-01, so that a clock in other units is noticed.
_READ_MOST = const(60)
_EARLIEST_S = 1_577_836_800


class Console:
    """Carries out commands on the app. An id just answered is answered alike, not done again.

    `busy` while a command takes longer than one tick: then `step` is due. Such a command is a
    generator that yields once a tick and returns the text of its answer.
    """

    def __init__(self, app):
        self._app = app
        self.busy = False
        self._job = None
        self._job_verb = ""
        self._rails = None
        self._pending = -1
        self._last_id = -1
        self._last_status = ""
        self._last_text = ""

    def take(self, line):
        """A line from the host."""
        if not line.startswith(b"!"):
            return  # someone types at a terminal: not for us
        try:
            identifier, verb, arguments = decode_command(line)
        except Damaged as error:
            self._app.log("a command was damaged: %s" % error)
            return
        if identifier == self._last_id:
            self._app.answer(identifier, self._last_status, self._last_text)
            return
        if identifier == self._pending:
            return  # its answer is on the way
        try:
            text = self._do(identifier, verb, arguments)
        except (ValueError, OSError) as error:
            self._finish(identifier, "error", _reason(error))
            return
        if text is not None:
            self._finish(identifier, "ok", text)

    def step(self, rails):
        """A tick has passed: go on with what takes longer than one."""
        self._rails = rails
        status = "error"
        try:
            next(self._job)  # pyright: ignore[reportArgumentType]
            return
        except StopIteration as done:
            status = "ok"
            text = done.value
        except (ValueError, OSError) as error:
            text = _reason(error)
        identifier = self._pending
        self._job = None
        self._pending = -1
        self.busy = False
        self._finish(identifier, status, text)

    def _start(self, identifier, verb, job):
        if self.busy:
            raise ValueError("%s is under way: wait for its answer" % self._job_verb)
        self._job = job
        self._job_verb = verb
        self._pending = identifier
        self.busy = True

    def _finish(self, identifier, status, text):
        self._last_id = identifier
        self._last_status = status
        self._last_text = text
        self._app.answer(identifier, status, text)

    def _do(self, identifier, verb, arguments):
        """Carry out a command: the text of its answer, or None if that comes later."""
        app = self._app
        if self.busy and self._job_verb == "tare" and verb in ("set", "begin"):
            # Its forces must be of one calibration.
            raise ValueError("tare is under way: wait for its answer")
        if verb == "identify":
            _expect(arguments, 0, "identify")
            app.identify()
            return app.settings["box_name"]
        if verb in ("stream", "raw"):
            _expect(arguments, 1, verb + ",0 or 1")
            if arguments[0] not in ("0", "1"):
                raise ValueError("%s takes 0 or 1" % verb)
            if verb == "raw":
                app.raw_on = arguments[0] == "1"
            else:
                app.stream_on = arguments[0] == "1"
            return arguments[0]
        if verb == "get":
            _expect(arguments, 1, "get,key")
            settings.allowed(arguments[0])
            return "%s=%s" % (arguments[0], app.settings[arguments[0]])
        if verb == "set":
            _expect(arguments, 2, "set,key,value")
            key, text = arguments
            return self._change({key: settings.parse(key, text)})
        if verb == "tare":
            _expect(arguments, 0, "tare")
            return self._start(identifier, verb, self._tare())
        if verb == "begin":
            _expect(arguments, 0, "begin")
            app.begin()
            return ""
        if verb == "totals":
            _expect(arguments, 0, "totals")
            app.totals_due = True
            return ""
        if verb == "crash":
            if len(arguments) > 1:
                raise ValueError("write it as: crash or crash,line")
            count, lines = crash.load()
            if not arguments:
                return "%d %d" % (count, len(lines))
            return _item(lines, arguments[0], "line")
        if verb == "health":
            _expect(arguments, 0, "health")
            app.tell_health(crash.load()[0])
            return sys.implementation._machine  # pyright: ignore[reportAttributeAccessIssue]
        if verb == "sessions":
            _expect(arguments, 0, "sessions")
            return self._start(identifier, verb, self._sessions())
        if verb == "read":
            if len(arguments) == 2:
                arguments.append("1")
            session, block, count = _numbers(arguments, 3, "read,session,block,count")
            if not 1 <= count <= _READ_MOST:
                raise ValueError("read takes 1 to %d blocks" % _READ_MOST)
            return self._start(identifier, verb, self._read(session, block, count))
        if verb == "ack":
            session, count = _numbers(arguments, 2, "ack,session,blocks")
            if session == app.under_way():
                raise ValueError("session %d is under way" % session)
            app.sessions.acknowledge(session, count)
            return ""
        if verb == "clock":
            (epoch_s,) = _numbers(arguments, 1, "clock,seconds since 1970")
            if epoch_s < _EARLIEST_S:
                raise ValueError("clock takes seconds since 1970 (UTC)")
            app.clock.set(epoch_s)
            return arguments[0]
        raise ValueError("no verb %s; firmware/PROTOCOL.md has them all" % verb[:8])

    def _tare(self):
        tare = Tare()
        tare.step(self._rails)
        while not tare.done:
            yield
            tare.step(self._rails)
        return self._change(tare.result(self._app.settings))

    def _sessions(self):
        numbers = self._app.sessions.numbers()
        for number in numbers:
            self._app.send_session(number)
            yield
        return str(len(numbers))

    def _read(self, session, block, count):
        for index in range(block, block + count):
            data = self._app.sessions.block(session, index)
            for part in range(0, blocks.BLOCK_BYTES, PART_BYTES):
                text = str(b2a_base64(data[part : part + PART_BYTES])[:-1], "ascii")
                self._app.send_part(session, index, part // PART_BYTES, text)
                yield
        return str(count)

    def _change(self, changes):
        """Change settings, keep them on the flash, and measure anew by them."""
        values = dict(self._app.settings)
        for key in changes:
            settings.check(key, changes[key])
            values[key] = changes[key]
        settings_file.save(values)
        self._app.settings = values
        self._app.begin()
        return " ".join("%s=%s" % (key, changes[key]) for key in changes)


def _expect(arguments, count, usage):
    if len(arguments) != count:
        raise ValueError("write it as: %s" % usage)


def _numbers(arguments, count, usage):
    _expect(arguments, count, usage)
    for text in arguments:
        if not text.isdigit() or len(text) > 10:
            raise ValueError("write it as: %s" % usage)
    return [int(text) for text in arguments]


def _item(items, text, what):
    """items[text], for a text that a host sent."""
    if not text.isdigit() or int(text) >= len(items):
        raise ValueError("%s %s of %d isn't there" % (what, text[:8], len(items)))
    return items[int(text)]


def _reason(error):
    if isinstance(error, OSError):
        return "the flash can't be written: %s" % error
    return str(error)
