"""What a calibration has set on a box for its own time, noted until it is put back or kept.

A program that is killed puts nothing back. So the note is in a file before the box has the value,
and the next command that finds this box (`finding.find_box`) does what the note says. A port has
one user at a time: whoever has it open knows that the calibration that wrote the note is over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from beltbox.errors import BeltBoxError, LinkError
from beltbox.files import default_store_file, written_whole
from beltbox.link.box_settings import read_settings, write_settings
from beltbox.link.health import ask_health
from beltbox.link.link import BoxLink, CommandRefusedError

VERSION = 1
"""Of the file. Another one is left alone."""

Value = int | str


class UnfinishedError(BeltBoxError):
    """The note can't be written, so that nothing is changed on the box."""


@dataclass(frozen=True, slots=True)
class Change:
    """One setting's."""

    before: Value
    """What is to be put back."""
    meanwhile: tuple[Value, ...]
    """What was set, or was about to be: anything else on the box was set by somebody since."""


def notes_folder() -> Path:
    """Where the notes are, a file for each box: beside the default store."""
    return default_store_file().parent / "unfinished"


class Note:
    """What is to be put back on one box, in a file that is there only while something is."""

    def __init__(self, serial: str, box_name: str) -> None:
        """serial: the chip's; empty for a firmware that doesn't tell: then the name stands in."""
        self.path = notes_folder() / f"{quote(serial or f'name {box_name}', safe='')}.json"

    def changes(self) -> dict[str, Change]:
        """By setting. Empty, too, where the file isn't one that this program writes."""
        try:
            values: Any = json.loads(self.path.read_text(encoding="utf-8"))
            if values["unfinished"] != VERSION:
                return {}
            return {
                key: Change(change["before"], tuple(change["meanwhile"]))
                for key, change in values["settings"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def add(self, before: Mapping[str, Value], meanwhile: Mapping[str, Value]) -> None:
        """Note these before they are set. Raises UnfinishedError."""
        changes = self.changes()
        for key, value in meanwhile.items():
            had = changes.get(key, Change(before[key], ()))
            changes[key] = Change(had.before, (*had.meanwhile, value))
        self._write(changes)

    def drop(self, keys: Iterable[str]) -> None:
        """These are put back, or stay. Raises UnfinishedError."""
        changes = self.changes()
        gone = [key for key in keys if changes.pop(key, None) is not None]
        if gone:
            self._write(changes)

    def _write(self, changes: Mapping[str, Change]) -> None:
        try:
            if not changes:
                self.path.unlink(missing_ok=True)
                return
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnfinishedError(f"Can't write {self.path}: {error.strerror}.") from error
        settings = {
            key: {"before": change.before, "meanwhile": change.meanwhile}
            for key, change in changes.items()
        }
        with written_whole(self.path, error=UnfinishedError) as file:
            json.dump({"unfinished": VERSION, "settings": settings}, file, indent=2)


def put_back(link: BoxLink, tell: Callable[[str], None]) -> None:
    """Undo what a calibration that was killed has left on this box, and say so.

    Costs nothing while there is no note. Where the box doesn't answer, the note stays.
    """
    if link.identity is None or not any(notes_folder().glob("*.json")):
        return
    try:
        serial = link.identity.serial or _serial_by_health(link)
        note = Note(serial, link.identity.box_name)
        changes = note.changes()
        there = read_settings(link) if changes else {}
        if not changes.keys() <= there.keys():
            unknown = ", ".join(changes.keys() - there.keys())
            raise UnfinishedError(f"this version of beltbox knows no setting {unknown}.")
        before = {
            key: change.before for key, change in changes.items() if there[key] in change.meanwhile
        }
        write_settings(link, before)
        note.drop(changes)
    except (CommandRefusedError, UnfinishedError) as error:
        tell(f"A calibration was broken off, and its settings can't be put back: {error}")
    except LinkError:
        return  # the command that comes now will say what is wrong; the note waits
    else:
        if before:
            words = ", ".join(f"{key}={before[key]} (it was {there[key]})" for key in before)
            name = link.identity.box_name
            whose = "this box" if serial else f"a box named {name}, whose serial number is unknown,"
            tell(f"A calibration of {whose} was broken off; put back as before: {words}.")


def _serial_by_health(link: BoxLink) -> str:
    """What older firmware tells on `health` only; the meeting may have missed it."""
    health = ask_health(link)
    return "" if health is None else health.serial
