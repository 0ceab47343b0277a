"""From power-up to the app: safe mode, crashes. What follows a Ctrl-C is in main.py and ctrl_c.py.

There is no boot.py: on chips with native USB it runs before the port is up, where nobody could
stop it. The app is imported late, so that a file of it that is missing or broken is a crash like
any other, and ends at the REPL.
"""

import gc
import sys

from .guard import Guard
from .rare import Rare


def run():
    """Start the app, again after a crash. Returns in safe mode: to the REPL."""
    guard = Guard()
    reason = _prepare(guard)
    while reason is None:
        reason = _run_app(guard)
    guard.rest()
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
    app = None
    try:
        from .app import App

        app = App(_board())
        app.run(guard)
    except KeyboardInterrupt:
        if app is not None:
            _keep_session(app.session_log)
        raise
    except Exception as error:
        sys.print_exception(error)
        reason = guard.crashed(error)
    gc.collect()
    return reason


def _keep_session(log):
    """Nobody may be there: what was walked since the last block isn't to be lost."""
    try:
        log.begin()
    except OSError:
        pass  # a flash that is full; who follows the Ctrl-C up mustn't wait


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
