"""From power-up to the app, and from the app to the REPL: safe mode, crashes, Ctrl-C.

There is no boot.py: on chips with native USB it runs before the port is up, where nobody could
stop it. The app is imported late, so that a file of it that is missing or broken is a crash like
any other, and ends at the REPL.
"""

import gc
import sys

from . import boards, identity
from .guard import Guard


def run():
    """Start the app, again after a crash. Returns after Ctrl-C or in safe mode: to the REPL."""
    guard = Guard()
    reason = None
    try:
        reason = guard.why_safe(_board())
        identity.count_reset()
        while reason is None:
            reason = _run_app(guard)
    except KeyboardInterrupt:
        pass
    guard.rest()
    if reason:
        _say("safe mode: " + reason)


def _board():
    """The board's pin map, or None for a chip without one (the app will say so)."""
    try:
        return boards.find()
    except ValueError:
        return None


def _run_app(guard):
    """Run the app until it crashes. Why it isn't to run again, or None."""
    try:
        from .app import App

        App(boards.find()).run(guard)
    except Exception as error:
        sys.print_exception(error)
        reason = guard.crashed(error)
    gc.collect()
    return reason


def _say(text):
    """One sentence on the port, after the identity if that is still to be had."""
    try:
        from beltcore import settings
        from beltcore.sentence import Writer

        from . import settings_file
        from .port import Port

        port = Port()
        writer = Writer()
        try:
            values = settings_file.load()[0]
            fingerprint = "%04X" % settings.fingerprint(values)
            boots = identity.count_boot()
            identity.write(writer, boots, boards.find().NAME, values["box_name"], fingerprint)
            port.send(writer)
        except (ValueError, OSError):
            pass  # what follows matters more
        writer.log(text)
        port.send(writer)
    except Exception:
        print(text)  # the files that sentences are made by are broken themselves
