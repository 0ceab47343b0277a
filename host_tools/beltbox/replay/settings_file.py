"""The box's settings as a file on the host: JSON, checked by the box's own declaration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from beltbox.errors import BeltBoxError
from beltcore import settings as declared

Settings = dict[str, int | str]


class SettingsFileError(BeltBoxError):
    """A settings file that can't be read, or holds what isn't allowed."""


def load_settings(path: Path) -> Settings:
    """Every setting: the file's, and the defaults of those that it doesn't name.

    Raises SettingsFileError naming the file and the line, or the key, its value and its range.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        given: Any = json.loads(text, object_pairs_hook=_each_once)
    except OSError as error:
        raise SettingsFileError(f"Can't read {path}: {error.strerror}. Check the path.") from error
    except json.JSONDecodeError as error:
        raise SettingsFileError(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg})."
        ) from error
    except declared.SettingsError as error:
        raise SettingsFileError(f"{path}: {error}.") from error
    except (ValueError, RecursionError) as error:  # not text; too deep; a number too long
        raise SettingsFileError(f"{path} isn't a settings file: it must be JSON text.") from error
    try:
        return declared.complete(given)
    except declared.SettingsError as error:
        raise SettingsFileError(f"{path}: {error}.") from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table of JSON; json.loads alone would keep the last of two values without a word."""
    settings: dict[str, Any] = {}
    for key, value in pairs:
        if key in settings:
            raise declared.SettingsError(f"{key!r} is there twice; keep one")
        settings[key] = value
    return settings
