"""What happened, in words."""

from datetime import UTC, datetime

from beltbox.report.events import event_row, troubles
from beltbox.walk.session import Event

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def event(kind: str, count: int = 1, text: str = "") -> Event:
    return Event(kind, text, count, 65_000, NOON, 1)


def test_troubles_are_counted_in_a_fixed_order_and_notes_are_none():
    events = [event("gap", 3), event("reset"), event("note"), event("gap"), event("unplugged", 2)]
    assert troubles(events) == ["1 restart of the box", "4 sentences missing", "2 times unplugged"]
    assert troubles([]) == []


def test_an_event_is_its_time_its_kind_and_its_text():
    assert event_row(event("gap", 3, "7 to 9"), 65_900) == (
        "1:05",
        "Sentences missing (3)",
        "7 to 9",
    )
    assert event_row(event("console", text="ets\x01"), 65_900) == (
        "1:05",
        "The box said",
        "ets\\x01",
    )
    assert event_row(event("unheard-of"), 65_900) == ("1:05", "Unheard-of", "")
