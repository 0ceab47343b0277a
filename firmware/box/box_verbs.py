"""The commands about the box itself. See verbs.py."""

import sys

from beltcore.arguments import Refused, expect, numbers

# 2020-01-01, so that a clock in other units is noticed.
_EARLIEST_S = 1_577_836_800


def do(console, verb, arguments):
    """As verbs.do."""
    app = console.app
    if verb in ("identify", "stream", "raw", "begin", "totals"):
        raise Refused("usage")  # well written, the console carries them out itself
    if verb == "clock":
        (epoch_s,) = numbers(arguments, 1)
        if epoch_s < _EARLIEST_S:
            raise Refused("range", "clock takes seconds since 1970 (UTC)")
        from .clock import Clock

        Clock(app.power).set(epoch_s)
        return arguments[0]
    if verb == "crash":
        expect(arguments, 0, 1)
        from . import crash

        count, lines = crash.load()
        return _line(lines, arguments[0]) if arguments else "%d %d" % (count, len(lines))
    if verb == "health":
        expect(arguments, 0)
        from . import crash

        app.tell_health(crash.load()[0])
        return sys.implementation._machine  # pyright: ignore[reportAttributeAccessIssue]
    raise Refused("unknown_verb", "no verb %s; firmware/PROTOCOL.md has them all" % verb[:8])


def _line(lines, text):
    """lines[text], for a text that a host sent."""
    if not text.isdigit() or int(text) >= len(lines):
        raise Refused("range", "line %s of %d isn't there" % (text[:8], len(lines)))
    return lines[int(text)]
