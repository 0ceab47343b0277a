"""The commands that read and change settings. See verbs.py."""

from beltcore import settings
from beltcore.arguments import Refused, expect, numbers

from .rare import Rare


def do(console, verb, arguments):
    """As verbs.do."""
    app = console.app
    if verb == "get":
        expect(arguments, 1)
        settings.allowed(arguments[0])
        return "%s=%s" % (arguments[0], app.settings[arguments[0]])
    if verb == "set":
        expect(arguments, 2)
        key, text = arguments
        changes = {key: settings.parse(key, text)}
        _change(app, changes)
        return _in_words(changes)
    if verb == "settings":
        expect(arguments, 0)
        from beltcore import rare_writer

        return _send_all(app, app.settings, rare_writer)
    if verb == "prepare":
        expect(arguments, 0, 2)
        if arguments:
            key, text = arguments
            console.prepared[key] = settings.parse(key, text)
        else:
            console.prepared = {}
        return str(len(console.prepared))
    if verb == "apply":
        (count,) = numbers(arguments, 1)
        prepared = len(console.prepared)
        if count != prepared or not prepared:
            raise Refused("not_now", "%d settings are prepared and not %d" % (prepared, count))
        _change(app, console.prepared)
        console.prepared = {}
        return arguments[0]
    expect(arguments, 0)
    from .tare import Tare

    return _tare(console, Tare())


def _send_all(app, values, rare_writer):
    for key in settings.KEYS:
        rare_writer.setting(app.writer, key, str(values[key]))
        app.send()
        yield
    return str(len(settings.KEYS))


def _tare(console, tare):
    tare.step(console.core)
    while not tare.done:
        yield
        tare.step(console.core)
    changes = tare.result(console.app.settings)
    _change(console.app, changes)
    return _in_words(changes)


def _change(app, changes):
    """Change settings, all or none: keep them on the flash, and measure anew by them."""
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


def _in_words(changes):
    return " ".join("%s=%s" % (key, changes[key]) for key in changes)
