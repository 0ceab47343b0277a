"""A box's settings, read and written all at once; one by one where its firmware is older."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from beltbox.link.link import BoxLink, CommandRefusedError, LinkError
from beltbox.link.wire import named
from beltcore import settings as declared

_TRIES = 3

Setting = int | str


def read_settings(link: BoxLink) -> dict[str, Setting]:
    """Every setting of the box, checked by the common declaration. Raises LinkError.

    A setting that an older box doesn't have is at its default, and in `link.unknown_settings`.
    """
    texts = _read_at_once(link)
    texts |= _read_one_by_one(link, [key for key in declared.KEYS if key not in texts])
    values: dict[str, Setting] = {}
    for key in declared.KEYS:
        if key not in texts:
            if key not in declared.LATER_KEYS:
                raise LinkError(f"The box at {link.path} has no setting {key}.")
            values[key] = declared.defaults()[key]
            link.unknown_settings.add(key)
            continue
        try:
            values[key] = declared.parse(key, texts[key])
        except declared.SettingsError as error:
            raise LinkError(f"The box at {link.path} has a bad setting: {error}.") from error
    return values


def write_settings(link: BoxLink, values: Mapping[str, Setting]) -> None:
    """Set these on the box: all or none, with one write to its flash and one new measurement.

    Raises CommandRefusedError with the box's reason, LinkError without an answer. Older firmware
    takes them one by one, so that those before a refused one stay set.
    """
    if len(values) > 1 and _knows_prepare(link):
        _write_at_once(link, values)
        return
    for key, value in values.items():
        link.command("set", key, value)


def _read_at_once(link: BoxLink) -> dict[str, str]:
    """The settings by their keys, as texts: all, or those that a bad cable let through.

    None of them where the box can't send all at once now.
    """
    texts: dict[str, str] = {}
    for _ in range(_TRIES):
        try:
            count, sentences = link.ask("settings", types=("SET",))
        except CommandRefusedError:
            return {}  # older firmware; or it is busy with what another program asked
        fields = [named(sentence) for sentence in sentences]
        texts |= {str(field["key"]): str(field["value"]) for field in fields}
        if count.isdigit() and len(texts) >= int(count):
            break
    return texts


def _read_one_by_one(link: BoxLink, keys: Sequence[str]) -> dict[str, str]:
    """The settings of these keys; those that the box doesn't have are left out."""
    texts: dict[str, str] = {}
    for key in keys:
        try:
            texts[key] = link.command("get", key).partition("=")[2]
        except CommandRefusedError:
            if key not in declared.LATER_KEYS:
                raise
    return texts


def _knows_prepare(link: BoxLink) -> bool:
    """Whether the box can set several at once; then nothing is prepared on it."""
    try:
        link.command("prepare")
    except CommandRefusedError as error:
        if error.is_kind("unknown_verb"):
            return False
        raise
    return True


def _write_at_once(link: BoxLink, values: Mapping[str, Setting]) -> None:
    for tries_left in reversed(range(_TRIES)):
        for key, value in values.items():
            link.command("prepare", key, value)
        try:
            link.command("apply", len(values))
        except CommandRefusedError as error:
            # A reset in between has made the box forget what was prepared.
            if not error.is_kind("not_now") or not tries_left:
                raise
            link.command("prepare")
        else:
            return
