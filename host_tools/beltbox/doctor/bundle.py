"""The bundle: a zip with all that helps to find a bug, and without names of people."""

from __future__ import annotations

import csv
import getpass
import io
import json
import platform
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import cast

from beltbox.doctor.examination import Examination
from beltbox.doctor.findings import judge
from beltbox.errors import BeltBoxError
from beltbox.files import written_whole_bytes
from beltbox.store.store import open_store
from beltbox.walk.rows import RawRow, us_between
from beltbox.walk.session import Session, summary_json

_LAST_US = 180_000_000
# What a person named: a box may be called after its owner, a session after its walker.
_NAMING = ("person", "title", "box_name")
_REMOVED = "(removed)"
_SHORTEST_NAME = 2
# What a box is called that nobody has named, and words that mean something in a report.
_OURS = {"beltbox", "box", "belt", "left", "right", "cell", "rail", "good", "note", "bad", "the"}

# What may be in a bundle, and what it is: README.txt lists those that are.
_MEMBERS = {
    "versions.json": "this program, Python, the system",
    "doctor.json": "what `beltbox doctor` saw in ten seconds",
    "raw.csv": "those ten seconds, raw",
    "console.txt": "what the box said besides",
    "session.json": "the latest recording: its sums, its settings, what happened",
    "session_raw.csv": "its last three minutes, raw",
    "problems.txt": "why the box, or the recording, is missing",
}


def _readme(members: Iterable[str]) -> str:
    """The text that lists these members."""
    width = max(map(len, _MEMBERS))
    lines = [f"{name:<{width}} {_MEMBERS[name]}" for name in members]
    return "\n".join(
        [
            "BeltBox bundle: for a bug report.",
            "",
            *lines,
            "",
            "Names of people, of the box and of this computer's user are removed.",
            "Look through it before you send it.",
            "",
        ]
    )


class BundleError(BeltBoxError):
    """A bundle that can't be written."""


def write_bundle(
    path: Path, examine: Callable[[], Examination], store: str | None = None
) -> tuple[list[str], list[str]]:
    """Write the bundle to `path`: the box that `examine` examines, and the store's latest session.

    The names of its members, and why the box or the store isn't in it, which it tells, too.
    Raises BundleError.
    """
    members = {"versions.json": _json(_versions())}
    names = {_user(), Path.home().name}
    session = None
    problems: list[str] = []
    try:
        session = _latest(store)
    except BeltBoxError as error:
        problems.append(f"The store: {error}")
    if session is not None:
        problems += [f"The store: {text}." for text in session.summary.damage]
        names |= {str(getattr(session.summary, name) or "") for name in _NAMING}
    try:
        seen = examine()
    except BeltBoxError as error:
        problems.append(f"The box: {error}")
    else:
        names.add(seen.identity.box_name)
        # The box is named in a finding's sentence, too.
        seen.identity = replace(seen.identity, box_name=_REMOVED)
        seen.settings = {**seen.settings, "box_name": _REMOVED}
        findings = [asdict(finding) for finding in judge(seen)]
        members["doctor.json"] = _json(_clean({**seen.as_json(), "findings": findings}, names))
        members["raw.csv"] = _csv(seen.rows)
        members["console.txt"] = _without("\n".join([*seen.console, ""]), names)
    if session is not None:
        members["session.json"] = _json(_clean(_told(session), names))
        members["session_raw.csv"] = _csv(_last_minutes(session))
    if problems:
        members["problems.txt"] = _without("\n".join([*problems, ""]), names)
    members = {"README.txt": _readme(members), **members}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    with written_whole_bytes(path, error=BundleError) as file:
        file.write(packed.getvalue())
    return list(members), problems


def _versions() -> dict[str, object]:
    packages = ("beltbox", "pyserial", "mpremote", "esptool", "sqlalchemy", "rich", "typer")
    versions: dict[str, object] = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
    for package in packages:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return versions


def _latest(store: str | None) -> Session | None:
    with open_store(store, read_only=True) as opened:
        latest = opened.latest_id()
        return None if latest is None else opened.load(latest)


def _told(session: Session) -> dict[str, object]:
    return {
        "summary": summary_json(session.summary),
        "segments": [
            {
                "settings": segment.settings,
                "boot_count": segment.boot_count,
                "reason": segment.reason,
                "raw_rows": len(segment.raw),
                "metric_rows": len(segment.metrics),
            }
            for segment in session.segments
        ],
        # A note is a person's own words, which nobody can clean.
        "events": [
            {"kind": event.kind, "t_ms": event.t_ms, "count": event.count, "text": event.text}
            for event in session.events
            if event.kind != "note"
        ],
    }


def _last_minutes(session: Session) -> list[RawRow]:
    """The end of the last segment that has raw rows."""
    recorded = [part.raw for part in session.segments if part.raw]
    rows = recorded[-1] if recorded else []
    since_us = 0
    for at in range(len(rows) - 1, 0, -1):
        since_us += us_between(rows[at - 1].t_us, rows[at].t_us)
        if since_us > _LAST_US:
            return rows[at:]
    return rows


def _csv(rows: list[RawRow]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(RawRow._fields)
    writer.writerows(rows)
    return out.getvalue()


def _clean(value: object, names: set[str]) -> object:
    """The same without what people named, at any depth; keys are ours and stay."""
    if isinstance(value, dict):
        return {
            key: _REMOVED if key in _NAMING and item is not None else _clean(item, names)
            for key, item in cast(dict[str, object], value).items()
        }
    if isinstance(value, list):
        return [_clean(item, names) for item in cast(list[object], value)]
    return _without(value, names) if isinstance(value, str) else value


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _without(text: str, names: set[str]) -> str:
    """The text without these names, whole and word by word, however they are written."""
    words = names | {word for name in names for word in re.split(r"\W+", name)}
    for name in sorted(words, key=len, reverse=True):
        if len(name) >= _SHORTEST_NAME and name.lower() not in _OURS:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", _REMOVED, text, flags=re.IGNORECASE)
    return text
