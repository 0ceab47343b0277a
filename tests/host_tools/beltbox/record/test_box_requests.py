"""What the box is asked for, at the start and after whatever happened to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from beltbox.link.link import LinkEvent
from beltbox.link.wire import Sentence
from beltbox.record.recorder import Recorder
from beltbox.sim.truth import live_equal_to_computed
from beltbox.store.store import open_store


def walked(seconds: int) -> list:
    return ["walk"] * (10 * seconds)


def test_a_box_that_started_again_is_told_the_time_again(play):
    done = play([*walked(10), lambda link: link.reset(said="all"), *walked(2)])
    assert [command.partition(",")[0] for command in done.link.commands].count("clock") == 1


def test_a_reset_makes_a_segment_and_the_sums_go_on(play):
    def reset(link) -> None:
        link.reset(said="all")
        link.walk()  # the box counts at once, before it is asked for raw rows
        link.raw_on = True
        link.walk()  # and these aren't from its zero on

    done = play([*walked(10), reset, *walked(5)])
    (session,) = done.sessions
    assert [(segment.reason, segment.boot_count) for segment in session.segments] == [
        ("start", 1),
        ("reset", 2),
        ("begin", 2),
    ]
    assert session.summary.totals.distance_mm == 100 * 40 + 2 * 40 + 50 * 40
    assert done.link.commands[3].startswith("clock,")
    assert done.link.commands[4:7] == ["raw,1", "stream,1", "begin"]
    assert session.segments[1].raw == []
    assert len(session.segments[2].raw) >= 50
    assert live_equal_to_computed(session)[1] > 140


@pytest.mark.parametrize(
    ("said", "reasons"), [("BEG", ["reset", "begin"]), ("nothing", ["begin", "reset"])]
)
def test_a_reset_whose_sentences_were_damaged_is_found_out(play, said: str, reasons: list[str]):
    done = play([*walked(10), lambda link: link.reset(said=said), *walked(5)])
    (session,) = done.sessions
    assert [segment.reason for segment in session.segments] == ["start", *reasons]
    assert session.summary.totals.distance_mm == 150 * 40
    # The raw rows are there again, from a zero, within two seconds.
    assert len(session.segments[-1].raw) > 28
    assert live_equal_to_computed(session)[1] > 100
    assert [event.kind for event in session.events].count("reset") == 1


def test_raw_rows_that_somebody_turned_off_are_asked_for_again(play):
    def turn_off(link) -> None:
        link.raw_on = False

    done = play([*walked(10), turn_off, *walked(5)])
    assert done.link.commands[3:6] == ["raw,1", "stream,1", "begin"]
    assert len(done.sessions[0].segments[-1].raw) > 28
    assert done.sessions[0].summary.totals.distance_mm == 150 * 40


def test_changed_settings_are_learnt_for_the_next_segment(play):
    def change(link) -> None:
        link.values["body_mass_g"] = 90_000
        link.settings_hash = "NEWX"
        link.begin()

    done = play([*walked(10), change, *walked(3)])
    masses = [segment.settings["body_mass_g"] for segment in done.sessions[0].segments]
    assert masses == [70_000, 90_000]


def test_settings_that_cannot_be_learnt_just_now_are_asked_for_again(play):
    def change(link) -> None:
        link.answers = False
        link.values["body_mass_g"] = 90_000
        link.settings_hash = "NEWX"
        link.begin()

    def answer(link) -> None:
        link.answers = True

    done = play([*walked(10), change, *walked(2), answer, *walked(3)])
    assert "no settings" in done.lines
    last = done.sessions[0].segments[-1]
    assert last.settings["body_mass_g"] == 90_000
    assert len(last.raw) > 15


def test_what_a_box_that_just_started_began_by_itself_is_not_recorded(
    tmp_path: Path, scripted_link, noted_view
):
    link = scripted_link(walked(3))
    link.begin()
    link.walk()  # arrived while the settings were asked for
    link.arrive(Sentence("LOG", 0, ["hello"]))
    view = noted_view()
    with open_store(tmp_path / "walks.sqlite") as store:
        Recorder(
            link, store, seconds=100, views=[view], stop=lambda: link.ended, now_s=link.now_s
        ).run()
        session = store.load(1)
    assert [segment.reason for segment in session.segments] == ["start"]
    assert session.summary.totals.distance_mm == 30 * 40
    assert "The box says: hello" in view.lines


def test_a_reset_whose_beginning_was_damaged_has_raw_rows_again_within_seconds(play):
    def reset(link) -> None:
        link.reset(said="all")
        link.queue = [item for item in link.queue if not isinstance(item, Sentence)]

    done = play([*walked(10), reset, *walked(8)])
    (session,) = done.sessions
    assert session.summary.totals.distance_mm == 180 * 40
    assert len(session.segments[-1].raw) > 28
    assert session.segments[-1].boot_count == 2


def test_the_last_sums_are_those_of_the_answer_to_totals(play):
    """The script's end comes in the middle of a tenth of a second, whose sums came before."""
    done = play([*walked(3), Sentence("NOW", 0, [3000, 0, 0, None, None, None, None, 0, 0])])
    assert done.link.commands[-2:] == ["totals", "raw,0"]
    rows = done.sessions[0].segments[-1].metrics
    assert rows[-1].t_ms == 3000
    assert rows[-1].distance_mm == 30 * 40


def test_without_an_answer_to_totals_it_gives_up_after_a_moment(play):
    def stop_answering(link) -> None:
        link.answers = False

    done = play([*walked(3), stop_answering])
    assert done.link.commands[-2:] == ["totals", "raw,0"]
    assert done.sessions[0].summary.end_reason == "stopped"


def test_totals_that_get_lost_are_waited_for_a_moment_only(play):
    """The script ends before a NOW comes: the link says nothing for ten seconds at a time."""

    def lose(link) -> None:
        link.box_step = lambda _mm: None

    done = play([*walked(3), lose])
    assert done.sessions[0].summary.totals.distance_mm == 30 * 40


def test_a_box_that_is_away_at_the_end_is_asked_nothing(play):
    done = play([*walked(3), LinkEvent("unplugged", "gone"), 1])
    assert done.link.commands[-1] == "begin"
    assert done.sessions[0].summary.end_reason == "stopped"
