"""Ten seconds with a box that is a script: what is taken from them, whatever happens meanwhile."""

from __future__ import annotations

from itertools import islice

import pytest

from beltbox.doctor.examination import DoctorError, examine
from beltbox.link.link import BoxLink
from beltbox.link.wire import Sentence


@pytest.fixture
def sound(scripted_box):
    """A box with a left cell that reads 50 000 counts, and a belt that moves a count a tick."""
    box = scripted_box(rail_left_nn_per_count=230_000)
    box.left = lambda t_s: 50_000
    box.count = lambda t_s: round(80 * t_s)
    return box


def test_ten_seconds_of_the_boxs_time(port, clock, sound):
    sound.crash = ["Traceback (most recent call last):", "ZeroDivisionError: divide by zero"]
    shown: list[float] = []
    with BoxLink(port(sound).path, clock=clock) as link:
        seen = examine(link, show=shown.append)
    assert seen.seconds == pytest.approx(10, abs=0.1)
    assert len(seen.rows) == pytest.approx(800, abs=10)
    assert (seen.cells["right"], seen.cells["left"].samples) == (None, len(seen.rows))
    assert shown == sorted(shown)
    assert shown[-1] == 1
    assert (seen.damaged, seen.missing) == (0, 0)
    assert (seen.crash_count, seen.crash_lines) == (1, sound.crash)
    assert seen.events == []
    assert sound.heard[-2:] == ["raw,0", "health"]


def test_ctrl_c_turns_the_raw_rows_off_again(port, clock, sound):
    def interrupt(_share: float) -> None:
        raise KeyboardInterrupt

    with BoxLink(port(sound).path, clock=clock) as link:
        with pytest.raises(KeyboardInterrupt):
            examine(link, show=interrupt)
        link.drop_waiting(("RAW",))
        heard = [item.type for item in islice(link.listen(), 200) if isinstance(item, Sentence)]
    assert "NOW" in heard
    assert "RAW" not in heard


def test_after_a_reset_only_what_comes_then_is_judged(port, clock, sound):
    """The belt's count jumps there: together with what was before, it would be a fault."""
    at_reset: list[float] = []

    def reset(share: float) -> None:
        if share > 0.5 and not at_reset:
            at_reset.append(sound.t_s)
            sound.reset("watchdog")

    with BoxLink(port(sound).path, clock=clock) as link:
        seen = examine(link, show=reset)
    assert seen.events == ["The box was reset (watchdog)."]
    # Ten seconds of them, though a box that starts sends none by itself.
    assert seen.seconds == pytest.approx(10, abs=0.1)
    assert all(row.t_us >= 1e6 * at_reset[0] for row in seen.rows)


def test_a_box_that_is_back_is_listened_to_for_the_whole_time(port, clock, sound):
    at = port(sound)

    def unplug(share: float) -> None:
        if 0.5 < share < 0.6 and not seen_at:
            seen_at.append(share)
            at.unplug(back_in_s=2)

    seen_at: list[float] = []
    with BoxLink(at.path, clock=clock) as link:
        seen = examine(link, show=unplug)
    assert [event.split(".")[0] for event in seen.events] == [
        f"The box at {at.path} was unplugged",
        f"The box is back at {at.path}",
    ]
    assert seen.seconds == pytest.approx(10, abs=0.1)


def test_a_box_without_rows_is_an_error_after_twenty_five_seconds(port, clock, sound):
    with BoxLink(port(sound).path, clock=clock) as link:
        sound._tick = lambda tick: b""
        began_s = clock.now_s()
        with pytest.raises(DoctorError, match="answers, but sends no raw rows"):
            examine(link)
    assert clock.now_s() - began_s == pytest.approx(25, abs=0.2)


def test_a_box_in_whose_place_another_was_plugged_in_isnt_said_to_be_sound(
    port, clock, sound, scripted_box
):
    at = port(sound)
    other = scripted_box(rail_left_nn_per_count=230_000)

    def swap(share: float) -> None:
        if share > 0.5:
            at.unplug(back_in_s=1)
            at.peer = other

    words = r"was unplugged.* Another box was plugged in .* come back within the examination"
    with BoxLink(at.path, clock=clock) as link, pytest.raises(DoctorError, match=words):
        examine(link, show=swap)
    assert "raw,1" not in other.heard
