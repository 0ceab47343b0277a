"""From power-up to the app, and from the app to the REPL: safe mode, crashes, Ctrl-C.

There is no boot.py: on chips with native USB it runs before the port is up, where nobody could
stop it. The app is imported late, so that a file of it that is missing or broken is a crash like
any other, and ends at the REPL.
"""

import gc
import sys

from .guard import Guard
from .rare import Rare


def run():
    """Start the app, again after a crash. Returns after Ctrl-C or in safe mode: to the REPL."""
    guard = Guard()
    reason = None
    try:
        reason = _prepare(guard)
        while reason is None:
            reason = _run_app(guard)
    except KeyboardInterrupt:
        pass
    guard.rest()
    if reason:
        _say("safe mode: " + reason)


def _prepare(guard):
    """Count the start. Why the app must not start, or None."""
    with Rare():
        from . import boards, identity, safe_mode

        try:
            board = boards.find()
        except ValueError:
            board = None  # a chip without a pin map: the app will say so
        reason = safe_mode.why(guard, board)
        identity.count_reset()
    return reason


def _run_app(guard):
    """Run the app until it crashes. Why it isn't to run again, or None."""
    try:
        from .app import App

        App(_board()).run(guard)
    except Exception as error:
        sys.print_exception(error)
        reason = guard.crashed(error)
    gc.collect()
    return reason


def _board():
    with Rare():
        from . import boards

        return boards.find()


def _say(text):
    try:
        from . import safe_mode

        safe_mode.say(text)
    except Exception:
        print(text)  # the files that sentences are made by are broken themselves
