"""The console: one command a line, each answered by its id, safe to repeat."""

from beltcore.command import Damaged, Refused, decode_command

from .rare import Rare


class Console:
    """Carries out commands on the app. An id just answered is answered alike, not done again.

    The commands are in verbs.py, setting_verbs.py and session_verbs.py, loaded when they are used.

    `busy` while a command takes longer than one tick: then `step` is due. Such a command is a job:
    a generator that yields once a tick and returns the text of its answer. It may look at `rails`,
    those of the tick. `prepared`: settings that wait for the command `apply`.
    """

    def __init__(self, app):
        self.app = app
        self.busy = False
        self.prepared = {}
        self._job = None
        self._job_verb = ""
        self.rails = None
        self._pending = -1
        self._last_id = -1
        self._last_kind = ""
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
            self.app.answer(identifier, self._last_kind, self._last_text)
            return
        if identifier == self._pending:
            return  # its answer is on the way
        try:
            text = self._do(identifier, verb, arguments)
        except (ValueError, OSError) as error:
            self._refuse(identifier, error)
            return
        if text is not None:
            self._finish(identifier, "ok", text)

    def step(self, rails):
        """A tick has passed: go on with what takes longer than one."""
        self.rails = rails
        try:
            next(self._job)  # pyright: ignore[reportArgumentType]
            return
        except StopIteration as done:
            self._finish(self._end_job(), "ok", done.value)
        except (ValueError, OSError) as error:
            self._refuse(self._end_job(), error)

    def _start(self, identifier, verb, job):
        if self.busy:
            self._refuse_busy()
        self._job = job
        self._job_verb = verb
        self._pending = identifier
        self.busy = True

    def _end_job(self):
        """The id of the command whose job is over."""
        identifier = self._pending
        self._job = None
        self._pending = -1
        self.busy = False
        return identifier

    def _finish(self, identifier, kind, text):
        self._last_id = identifier
        self._last_kind = kind
        self._last_text = text
        self.app.answer(identifier, kind, text)

    def _refuse(self, identifier, error):
        text = "the flash failed: %s" % error if isinstance(error, OSError) else str(error)
        self._finish(identifier, getattr(error, "kind", "failed"), text)

    def _refuse_busy(self):
        raise Refused("busy", "%s is under way: wait for its answer" % self._job_verb)

    def _do(self, identifier, verb, arguments):
        """Carry out a command: the text of its answer, or None if that comes later."""
        if self.busy and self._job_verb == "tare" and verb in ("set", "apply", "begin"):
            self._refuse_busy()  # the tare's forces must be of one calibration
        with Rare():
            from beltcore import command_forms

            command_forms.check(verb, arguments)
            if verb in ("sessions", "read", "ack"):
                from . import session_verbs as verbs
            elif verb in ("get", "set", "settings", "prepare", "apply", "tare"):
                from . import setting_verbs as verbs
            else:
                from . import verbs
            done = verbs.do(self, verb, arguments)
        if isinstance(done, str):
            return done
        return self._start(identifier, verb, done)
