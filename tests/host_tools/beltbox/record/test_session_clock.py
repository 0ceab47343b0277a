"""What time it is in a session, while the computer's clock is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from beltbox.record.session_clock import SessionClock, jump_in_words


@pytest.mark.parametrize(
    "set_by", [timedelta(hours=-1), timedelta(hours=1), timedelta(days=4018), timedelta(seconds=2)]
)
def test_a_jump_is_seen_once_and_time_goes_on_from_there(clock, set_by: timedelta):
    session = SessionClock(clock)
    before = session.now()
    clock.sleep(60)
    clock.set_by = set_by
    assert session.now() == before + timedelta(seconds=60)
    assert session.jump() == set_by
    assert session.now() == before + timedelta(seconds=60) + set_by
    assert session.jump() is None


def test_a_time_server_that_corrects_slowly_is_no_jump(clock):
    session = SessionClock(clock)
    clock.set_by = timedelta(seconds=1.9)
    assert session.jump() is None
    clock.set_by = timedelta(seconds=-1.9)
    assert session.jump() is None


def test_a_clock_at_the_beginning_of_all_years_is_no_error(clock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clock, "utc", lambda: datetime(1, 1, 1, tzinfo=UTC))
    assert SessionClock(clock).now().year == 1


@pytest.mark.parametrize(
    ("set_by", "words"),
    [
        (timedelta(hours=-1), "set back by 1 h."),
        (timedelta(seconds=2.4), "set ahead by 2 s."),
        (timedelta(days=1, minutes=3, seconds=5), "set ahead by 1 day 3 min 5 s."),
        (timedelta(days=4018), "set ahead by 4018 days."),
    ],
)
def test_words_have_direction_and_size(set_by: timedelta, words: str):
    assert words in jump_in_words(set_by)
