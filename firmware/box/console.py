"""The console: one command a line, each answered by its id, safe to repeat."""

from beltcore.command import Damaged, decode_command

from .rare import Rare


class Console:
    """Carries out commands on the app. An id just answered is answered alike, not done again.

    The commands that come in every session are carried out here. To load a module takes a tenth of
    a second, in which the loop stands still. `verbs.py`, loaded when it is used, knows all others.

    `busy` while a command takes longer than one tick: then `step` is due. Such a command is a job:
    a generator that yields once a tick and returns the text of its answer. It may look at `core`,
    that of the tick. `job_verb`: its verb, or empty. `prepared`: settings that wait for `apply`.
    """

    def __init__(self, app):
        self.app = app
        self.busy = False
        self.job_verb = ""
        self.prepared = {}
        self.core = None
        self._job = None
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
            answer = self._at_once(verb, arguments)
            if answer is None:
                with Rare():
                    from . import verbs

                    answer = verbs.do(self, verb, arguments)
        except (ValueError, OSError) as error:
            self._refuse(identifier, error)
            return
        if isinstance(answer, str):
            self._finish(identifier, "ok", answer)
            return
        self._job = answer
        self._pending = identifier
        self.job_verb = verb
        self.busy = True

    def _at_once(self, verb, arguments):
        """The answer of a command that needs no module; None for others, and for a wrong form."""
        app = self.app
        if verb in ("raw", "stream"):
            if arguments not in (["0"], ["1"]):
                return None
            if verb == "raw":
                app.raw_on = arguments[0] == "1"
            else:
                app.stream_on = arguments[0] == "1"
            return arguments[0]
        if arguments:
            return None
        if verb == "identify":
            app.identify()
            return app.settings["box_name"]
        if verb == "totals":
            app.totals_due = True
            return ""
        # A tare's forces must be of one calibration.
        if verb == "begin" and self.job_verb != "tare":
            app.begin()
            return ""
        return None

    def step(self, core):
        """A tick has passed: go on with what takes longer than one."""
        self.core = core
        try:
            next(self._job)  # pyright: ignore[reportArgumentType]
            return
        except StopIteration as done:
            self._finish(self._end_job(), "ok", done.value)
        except (ValueError, OSError) as error:
            self._refuse(self._end_job(), error)

    def _end_job(self):
        """The id of the command whose job is over."""
        identifier = self._pending
        self._job = None
        self._pending = -1
        self.job_verb = ""
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
