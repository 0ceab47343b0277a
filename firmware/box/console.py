"""The console: one command a line, each answered by its id, safe to repeat."""

from beltcore.command import Damaged, decode_command

from .rare import Rare


class Console:
    """Carries out commands on the app. An id just answered is answered alike, not done again.

    `busy` while a command takes longer than one tick: then `step` is due. Such a command is a job:
    a generator that yields once a tick and returns the text of its answer. It may look at `rails`,
    those of the tick. The commands that are rare stand in verbs.py and session_verbs.py.
    """

    def __init__(self, app):
        self.app = app
        self.busy = False
        self._job = None
        self._job_verb = ""
        self.rails = None
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
            self.app.log("a command was damaged: %s" % error)
            return
        if identifier == self._last_id:
            self.app.answer(identifier, self._last_status, self._last_text)
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
        self.rails = rails
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
        self.app.answer(identifier, status, text)

    def _do(self, identifier, verb, arguments):
        """Carry out a command: the text of its answer, or None if that comes later."""
        app = self.app
        if self.busy and self._job_verb == "tare" and verb in ("set", "begin"):
            # Its forces must be of one calibration.
            raise ValueError("tare is under way: wait for its answer")
        if verb == "identify":
            expect(arguments, 0, "identify")
            app.identify()
            return app.settings["box_name"]
        if verb in ("stream", "raw"):
            expect(arguments, 1, verb + ",0 or 1")
            if arguments[0] not in ("0", "1"):
                raise ValueError("%s takes 0 or 1" % verb)
            if verb == "raw":
                app.raw_on = arguments[0] == "1"
            else:
                app.stream_on = arguments[0] == "1"
            return arguments[0]
        if verb == "begin":
            expect(arguments, 0, "begin")
            app.begin()
            return ""
        if verb == "totals":
            expect(arguments, 0, "totals")
            app.totals_due = True
            return ""
        with Rare():
            if verb in ("sessions", "read", "ack"):
                from . import session_verbs as verbs
            else:
                from . import verbs
            done = verbs.do(self, verb, arguments)
        if isinstance(done, str):
            return done
        return self._start(identifier, verb, done)


def expect(arguments, count, usage):
    """Raise ValueError unless there are `count` arguments."""
    if len(arguments) != count:
        raise ValueError("write it as: %s" % usage)


def _reason(error):
    if isinstance(error, OSError):
        return "the flash can't be written: %s" % error
    return str(error)
