"""The commands about the stream, the measurement and the box itself. See verbs.py."""

import sys

from beltcore.arguments import Refused, expect, numbers

# 2020-01-01, so that a clock in other units is noticed.
_EARLIEST_S = 1_577_836_800


def do(console, verb, arguments):
    """As verbs.do."""
    app = console.app
    if verb == "identify":
        expect(arguments, 0)
        app.identify()
        return app.settings["box_name"]
    if verb in ("stream", "raw"):
        if arguments not in (["0"], ["1"]):
            raise Refused("usage")
        if verb == "raw":
            app.raw_on = arguments[0] == "1"
        else:
            app.stream_on = arguments[0] == "1"
        return arguments[0]
    if verb == "begin":
        expect(arguments, 0)
        app.begin()
        return ""
    if verb == "totals":
        expect(arguments, 0)
        app.totals_due = True
        return ""
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
