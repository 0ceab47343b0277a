"""The settings on the box's flash: /settings.json."""

import json
import os

from beltcore import settings

PATH = "/settings.json"
_NEW = "/settings.new"


def load():
    """(settings, reason): the file's and None, or the defaults and what is wrong with the file."""
    try:
        with open(PATH) as file:
            return settings.complete(json.load(file)), None
    except OSError:
        return settings.defaults(), None  # a new box
    except (ValueError, settings.SettingsError) as error:
        return settings.defaults(), "%s: %s" % (PATH, error)


def save(values):
    """Write the file whole or not at all: LittleFS renames atomically."""
    with open(_NEW, "w") as file:
        json.dump(values, file)
    os.rename(_NEW, PATH)
