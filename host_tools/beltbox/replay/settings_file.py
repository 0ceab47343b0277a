"""The box's settings as a file on the host: JSON, checked by the box's own declaration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beltbox.errors import BeltBoxError
from beltbox.files import written_whole
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


def settings_beside(recording: Path) -> Path:
    """Where an export puts the settings of a recording: `walk.csv` has `walk.settings.json`."""
    return recording.with_suffix(".settings.json")


def save_settings(
    path: Path, settings: Mapping[str, int | str], *, error: type[BeltBoxError]
) -> None:
    """Write settings as a file that `load_settings` reads. Raises `error`."""
    with written_whole(path, error=error) as file:
        file.write(json.dumps(dict(settings), indent=2) + "\n")


def settings_hash(settings: Mapping[str, int | str]) -> str | None:
    """The hash of settings, as the box sends it: four hex digits.

    None where not all are known, as of a session that a newer BeltBox has recorded.
    """
    if declared.NAME_KEY not in settings:
        return None
    try:
        return f"{declared.fingerprint(declared.complete(dict(settings))):04X}"
    except declared.SettingsError:
        return None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table of JSON; json.loads alone would keep the last of two values without a word."""
    settings: dict[str, Any] = {}
    for key, value in pairs:
        if key in settings:
            raise declared.SettingsError(f"{key!r} is there twice; keep one")
        settings[key] = value
    return settings
