"""The console: one command a line, each answered by its id, safe to repeat."""

from beltcore import settings
from beltcore.reader import Damaged, decode_command

from . import crash, settings_file
from .tare import Tare

_VERBS = "identify stream raw get set tare begin totals crash"


class Console:
    """Carries out commands on the app. An id just answered is answered alike, not done again.

    `busy` while a command takes longer than one tick: then `step` is due.
    """

    def __init__(self, app):
        self._app = app
        self.busy = False
        self._tare = None
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
        tare = self._tare
        if tare is None:
            return
        tare.step(rails)
        if not tare.done:
            return
        self._tare = None
        self.busy = False
        identifier = self._pending
        self._pending = -1
        try:
            text = self._change(tare.result(self._app.settings))
        except (ValueError, OSError) as error:
            self._finish(identifier, "error", _reason(error))
        else:
            self._finish(identifier, "ok", text)

    def _finish(self, identifier, status, text):
        self._last_id = identifier
        self._last_status = status
        self._last_text = text
        self._app.answer(identifier, status, text)

    def _do(self, identifier, verb, arguments):
        """Carry out a command: the text of its answer, or None if that comes later."""
        app = self._app
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
            if self.busy:
                raise ValueError("a tare is under way")
            self._tare = Tare()
            self.busy = True
            self._pending = identifier
            return None
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
        raise ValueError("no verb %s; try %s" % (verb[:8], _VERBS))

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


def _item(items, text, what):
    """items[text], for a text that a host sent."""
    if not text.isdigit() or int(text) >= len(items):
        raise ValueError("%s %s of %d isn't there" % (what, text[:8], len(items)))
    return items[int(text)]


def _reason(error):
    if isinstance(error, OSError):
        return "the flash can't be written: %s" % error
    return str(error)
