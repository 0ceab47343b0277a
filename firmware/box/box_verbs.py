"""The commands about the stream, the measurement and the box itself. See verbs.py."""

import sys

from beltcore.command_forms import numbers, wrong_usage
from beltcore.refused import Refused

# 2020-01-01, so that a clock in other units is noticed.
_EARLIEST_S = 1_577_836_800


def do(console, verb, arguments):
    """As verbs.do."""
    app = console.app
    if verb == "identify":
        app.identify()
        return app.settings["box_name"]
    if verb in ("stream", "raw"):
        if arguments[0] not in ("0", "1"):
            raise wrong_usage(verb)
        if verb == "raw":
            app.raw_on = arguments[0] == "1"
        else:
            app.stream_on = arguments[0] == "1"
        return arguments[0]
    if verb == "begin":
        app.begin()
        return ""
    if verb == "totals":
        app.totals_due = True
        return ""
    if verb == "clock":
        (epoch_s,) = numbers(verb, arguments)
        if epoch_s < _EARLIEST_S:
            raise Refused("range", "clock takes seconds since 1970 (UTC)")
        from .clock import Clock

        Clock(app.power).set(epoch_s)
        return arguments[0]
    from . import crash

    count, lines = crash.load()
    if verb == "crash":
        return _line(lines, arguments[0]) if arguments else "%d %d" % (count, len(lines))
    app.tell_health(count)
    return sys.implementation._machine  # pyright: ignore[reportAttributeAccessIssue]


def _line(lines, text):
    """lines[text], for a text that a host sent."""
    if not text.isdigit() or int(text) >= len(lines):
        raise Refused("range", "line %s of %d isn't there" % (text[:8], len(lines)))
    return lines[int(text)]
