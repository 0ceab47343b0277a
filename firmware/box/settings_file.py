"""The settings on the box's flash: /settings.json, and its copy in case that file is damaged."""

import json

from beltcore import settings

from . import whole_file

PATH = "/settings.json"
_COPY = ".copy"


def load():
    """(settings, reason): reason is None, or says what is used instead of a damaged file."""
    try:
        values = _read(PATH)
        if values is not None:
            return values, None
        wrong = "%s is missing" % PATH
    except (ValueError, OSError) as error:
        wrong = "%s: %s" % (PATH, error)
    try:
        values = _read(PATH + _COPY)
    except (ValueError, OSError) as error:
        return settings.defaults(), "defaults in use: %s; the copy: %s" % (wrong, error)
    if values is not None:
        return values, "the copy is in use: " + wrong
    if wrong.endswith("missing"):
        return settings.defaults(), None  # a new box
    return settings.defaults(), "defaults in use: " + wrong


def save(values):
    """Write the copy and then the file, each whole or not at all. Raises OSError.

    In this order, so that what couldn't be kept isn't in use after the next start either.
    """
    text = json.dumps(values)
    whole_file.write(PATH + _COPY, text)
    whole_file.write(PATH, text)


def _read(path):
    text = whole_file.read(path)
    return None if text is None else settings.complete(json.loads(text))
