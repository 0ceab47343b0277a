"""The commands that are rare: settings, tare, health, crash, clock. See console.py and rare.py."""

import sys

from beltcore import settings

from .console import expect
from .rare import Rare

# 2020-01-01, so that a clock in other units is noticed.
_EARLIEST_S = 1_577_836_800


def do(console, verb, arguments):
    """Carry the command out: the text of its answer, or a job that returns it (see Console).

    Raises ValueError with a reason, OSError when the flash fails.
    """
    app = console.app
    if verb == "get":
        expect(arguments, 1, "get,key")
        settings.allowed(arguments[0])
        return "%s=%s" % (arguments[0], app.settings[arguments[0]])
    if verb == "set":
        expect(arguments, 2, "set,key,value")
        key, text = arguments
        return _change(app, {key: settings.parse(key, text)})
    if verb == "tare":
        expect(arguments, 0, "tare")
        from .tare import Tare

        return _tare(console, Tare())
    if verb == "health":
        expect(arguments, 0, "health")
        from . import crash

        app.tell_health(crash.load()[0])
        return sys.implementation._machine  # pyright: ignore[reportAttributeAccessIssue]
    if verb == "crash":
        if len(arguments) > 1:
            raise ValueError("write it as: crash or crash,line")
        from . import crash

        count, lines = crash.load()
        if not arguments:
            return "%d %d" % (count, len(lines))
        return _item(lines, arguments[0], "line")
    if verb == "clock":
        (epoch_s,) = numbers(arguments, 1, "clock,seconds since 1970")
        if epoch_s < _EARLIEST_S:
            raise ValueError("clock takes seconds since 1970 (UTC)")
        from .clock import Clock

        Clock(app.power).set(epoch_s)
        return arguments[0]
    raise ValueError("no verb %s; firmware/PROTOCOL.md has them all" % verb[:8])


def numbers(arguments, count, usage):
    """The arguments as `count` numbers of up to 10 digits; else ValueError."""
    expect(arguments, count, usage)
    for text in arguments:
        if not text.isdigit() or len(text) > 10:
            raise ValueError("write it as: %s" % usage)
    return [int(text) for text in arguments]


def _tare(console, tare):
    tare.step(console.rails)
    while not tare.done:
        yield
        tare.step(console.rails)
    return _change(console.app, tare.result(console.app.settings))


def _change(app, changes):
    """Change settings, keep them on the flash, and measure anew by them."""
    values = dict(app.settings)
    for key in changes:
        settings.check(key, changes[key])
        values[key] = changes[key]
    with Rare():
        from . import settings_file

        settings_file.save(values)
    app.settings = values
    app.fingerprint = settings.fingerprint(values)
    app.begin()
    return " ".join("%s=%s" % (key, changes[key]) for key in changes)


def _item(items, text, what):
    """items[text], for a text that a host sent."""
    if not text.isdigit() or int(text) >= len(items):
        raise ValueError("%s %s of %d isn't there" % (what, text[:8], len(items)))
    return items[int(text)]
