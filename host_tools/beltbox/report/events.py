"""What happened in a session, in words."""

from __future__ import annotations

from collections.abc import Sequence

from beltbox import units
from beltbox.walk.moments import Break
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
    "unplugged": ("The box was unplugged", "time unplugged", "times unplugged"),
}
_OTHER_EVENT_WORDS = {
    "note": "Note",
    "console": "The box said",
    "repeated": "Sentences that arrived twice",
    "filled": "Filled from the box, in seconds",
    "another": "Another box was plugged in",
    "clock": "The computer\N{RIGHT SINGLE QUOTATION MARK}s clock was set",
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


def event_row(event: Event, at_ms: int) -> tuple[str, str, str]:
    """Time, what happened and its text. at_ms: since the session's start, breaks included."""
    words = _EVENT_WORDS.get(event.kind)
    what = words[0] if words else _OTHER_EVENT_WORDS.get(event.kind, event.kind.capitalize())
    if event.count != 1:
        what += f" ({event.count})"
    return units.format_duration(at_ms / 1000), what, printable(event.text)


def break_row(pause: Break) -> tuple[str, str, str]:
    """When it began, how long it lasted, and what is known of it."""
    return (
        units.format_duration(pause.begins_ms / 1000),
        units.format_duration(pause.lasted_ms / 1000),
        pause.in_words.capitalize(),
    )


def breaks_in_words(breaks: Sequence[Break]) -> str:
    """All of them: "a break of 0:34", "2 breaks of 1:02 together"; "" without one."""
    if not breaks:
        return ""
    lasted = units.format_duration(sum(pause.lasted_ms for pause in breaks) / 1000)
    return (
        f"a break of {lasted}" if len(breaks) == 1 else f"{len(breaks)} breaks of {lasted} together"
    )
