"""What happened in a session, in words."""

from __future__ import annotations

from collections.abc import Sequence

from beltbox import units
from beltbox.walk.session import Event
from beltbox.words import printable

_EVENT_WORDS = {
    "reset": ("The box started again", "restart of the box", "restarts of the box"),
    "gap": ("Sentences missing", "sentence missing", "sentences missing"),
    "damaged": ("Damaged sentence", "damaged sentence", "damaged sentences"),
    "lost": (
        "Lost on the box",
        "block of ten seconds damaged on the box",
        "blocks of ten seconds damaged on the box",
    ),
    "hole": (
        "Damaged in the store",
        "damaged place in the store",
        "damaged places in the store",
    ),
    "unplugged": ("The box was unplugged", "time unplugged", "times unplugged"),
}
_OTHER_EVENT_WORDS = {
    "note": "Note",
    "console": "The box said",
    "filled": "Filled from the box, in seconds",
}


def troubles(events: Sequence[Event]) -> list[str]:
    """What went wrong, counted: "1 restart of the box", "12 sentences missing"."""
    counts = dict.fromkeys(_EVENT_WORDS, 0)
    for event in events:
        if event.kind in counts:
            counts[event.kind] += event.count
    return [
        f"{count} {_EVENT_WORDS[kind][1 if count == 1 else 2]}"
        for kind, count in counts.items()
        if count
    ]


def event_row(event: Event) -> tuple[str, str, str]:
    """Time, what happened and its text."""
    words = _EVENT_WORDS.get(event.kind)
    what = words[0] if words else _OTHER_EVENT_WORDS.get(event.kind, event.kind.capitalize())
    if event.count != 1:
        what += f" ({event.count})"
    return units.format_duration(event.t_ms / 1000), what, printable(event.text)
