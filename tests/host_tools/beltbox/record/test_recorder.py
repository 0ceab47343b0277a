"""Recording: starts and stops by itself, and loses nothing that came."""

from __future__ import annotations

import itertools
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from beltbox.link.link import LinkEvent
from beltbox.link.wire import Sentence
from beltbox.record.recorder import Recorder
from beltbox.replay.replay import computed_again
from beltbox.sim.truth import live_equal_to_computed
from beltbox.store.store import open_store
from beltbox.walk.moments import breaks
from beltbox.walk.rows import MetricRow, RawRow
from beltcore import settings as declared
from beltcore.host.sentence import TYPES

HASH = "ABCD"


def walked(seconds: int) -> list:
    return ["walk"] * (10 * seconds)


def stood(seconds: int) -> list:
    return ["stand"] * (10 * seconds)


class Own:
    """In place of OwnSessions: every number is new."""

    serial = "30ae"

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.unheard: list[int] = []

    def take(self, sentence: Sentence, boots: int) -> int:
        assert boots == 1
        self.numbers.append(sentence.values[0])
        return sentence.values[0]

    def ask(self, boots: int) -> list[int]:
        assert boots == 1
        return self.unheard

    def about(self, number: int) -> None:
        return None

    def begin(self) -> None:
        self.numbers.clear()


def test_the_boxs_own_sessions_are_noted_in_the_segment_that_they_lie_in(play, tmp_path: Path):
    own = Own()
    own.unheard = [8]
    done = play(
        [
            Sentence("SES", 0, [5, 0, 0, 1, 1, None, HASH, 2, 99]),  # before anything is recorded
            *walked(10),
            Sentence("SES", 0, [6, 0, 0, 1, 1, None, HASH, 2, 99]),
            *walked(3),
            "begin",
            *walked(3),
            Sentence("SES", 0, [7, 0, 0, 1, 1, None, HASH, 2, 99]),
            LinkEvent("unplugged", "gone"),
            LinkEvent("returned", "back"),
            *walked(3),
        ],
        own=own,
    )
    (session,) = done.sessions
    assert session.summary.serial == "30ae"
    assert len(session.segments) == 2
    with sqlite3.connect(tmp_path / "walks.sqlite") as db:
        noted = db.execute(
            "SELECT segment_id, number, boots, pulled FROM beltbox_box_session ORDER BY id"
        ).fetchall()
    db.close()
    assert noted == [(1, 5, 1, 0), (1, 6, 1, 0), (2, 7, 1, 0), (2, 8, 1, 0)]


def test_after_the_port_was_gone_sums_are_unknown_until_they_come_again(play):
    alone = Sentence("NOW", 0, [9_950, -500, -500, None, None, None, None, 0, 0])
    gone = [LinkEvent("unplugged", "gone"), LinkEvent("returned", "back")]
    done = play([*walked(10), *gone, alone, *walked(2)])
    rows = {row.t_ms: row for row in done.sessions[0].segments[0].metrics}
    assert rows[9_950].distance_mm is None
    assert done.sessions[0].summary.totals.distance_mm == 4800


def test_a_session_starts_when_the_belt_moves_and_ends_after_a_minute_of_standing(play):
    done = play([*stood(5), *walked(10), *stood(65), *walked(10)])
    first, second = (session.summary for session in done.sessions)
    assert (first.totals.distance_mm, first.complete, first.end_reason) == (
        4000,
        True,
        "still for a minute",
    )
    # What came before the first step is in it, too.
    assert first.totals.duration_s == pytest.approx(5 + 10 + 60, abs=0.3)
    assert len(done.sessions[0].segments[0].raw) == pytest.approx(750, abs=3)
    assert (second.totals.backward_mm, second.end_reason) == (4000, "stopped")
    assert second.totals.duration_s == pytest.approx(5 + 10, abs=0.5)
    assert done.lines[0] == "Recording session 1."
    assert done.link.commands[:3] == ["raw,1", "stream,1", "begin"]
    assert done.link.commands[-2:] == ["totals", "raw,0"]


def test_where_nobody_walks_it_begins_anew_now_and_then(play):
    done = play(stood(35))
    assert done.sessions == []
    assert done.link.commands.count("begin") == 4
    assert play([*stood(9), *["walk"] * 3, *stood(15)]).sessions == []  # 12 cm: less than a step


def test_once_leaves_after_one_session_and_makes_no_second(play):
    done = play([*walked(10), *stood(90)], once=True)
    assert [session.summary.totals.distance_mm for session in done.sessions] == [4000]
    assert not done.link.ended
    assert "totals" not in done.link.commands


def test_seconds_start_at_once_and_stop_by_the_box_s_time(play):
    done = play(stood(60), seconds=20)
    assert not done.link.ended
    assert done.sessions[0].summary.totals.duration_s == pytest.approx(20, abs=0.2)


@pytest.mark.parametrize("options", [{"once": True}, {"seconds": 1000}])
def test_a_box_that_stays_away_ends_what_was_to_be_one_session(play, options):
    done = play([*walked(10), LinkEvent("unplugged", "gone"), *[1] * 130], **options)
    assert not done.link.ended
    assert [session.summary.end_reason for session in done.sessions] == ["the box was unplugged"]


def test_seconds_stop_here_if_the_box_is_away(play):
    gone = LinkEvent("unplugged", "gone")
    done = play([*stood(3), gone, *[0.5] * 100], seconds=20)
    assert not done.link.ended
    assert done.sessions[0].summary.totals.duration_s == pytest.approx(3, abs=0.2)


def test_what_came_is_committed_every_second(play, tmp_path: Path):
    seen: list[int] = []

    def look(_link) -> None:
        with open_store(tmp_path / "walks.sqlite") as other:
            seen.append(len(other.load(1).segments[0].raw))

    play([step for _ in range(10) for step in (*walked(1), look)], seconds=100)
    expected = range(10, 110, 10)
    assert all(kept >= arrived - 12 for kept, arrived in zip(seen, expected, strict=True))
    assert seen[-1] > 85


@pytest.mark.parametrize(
    ("gone", "back", "reason"),
    [
        ("unplugged", "returned", "the box was unplugged"),
        ("silent", "heard", "the box was gone"),
    ],
)
def test_a_box_that_stays_away_ends_the_session_and_its_return_begins_another(
    play, gone: str, back: str, reason: str
):
    def come_back(link) -> None:
        link.arrive(LinkEvent(back, "here again"))
        # It has counted on, alone, until it is told to begin.
        link.box_step(50_000)

    done = play([*walked(10), LinkEvent(gone, "gone"), *[1] * 130, come_back, *walked(5)])
    assert [session.summary.end_reason for session in done.sessions] == [reason, "stopped"]
    assert [session.summary.totals.distance_mm for session in done.sessions] == [100 * 40, 50 * 40]


def test_lost_and_damaged_sentences_are_counted_in_the_session_to_its_end(play):
    def damage(link) -> None:
        link.reader.damaged += 2
        link.reader.missing += 5

    done = play([damage, 1, *walked(3), damage, *walked(3), damage])
    summary = done.sessions[0].summary
    assert (summary.damaged_count, summary.missing_count) == (4, 10)
    assert done.lines.count("Of the box's sentences 2 came damaged and were skipped.") == 2
    assert done.lines.count("Of the box's sentences 5 are missing.") == 2


def test_sentences_that_came_twice_are_counted(play):
    def repeat(link) -> None:
        link.reader.repeated += 3

    done = play([*walked(3), repeat, *walked(3)])
    (event,) = [one for one in done.sessions[0].events if one.kind == "repeated"]
    assert (event.count, "3 arrived twice" in event.text) == (3, True)
    assert done.recorder.state.repeated == 3


@pytest.mark.parametrize("kind", ["LOG", ""])
def test_of_a_flood_of_text_fifty_lines_a_second_are_kept(play, kind: str):
    flood = [Sentence(kind, 0, [f"line {number}"]) for number in range(5000)]
    done = play([*walked(3), flood, *walked(15), flood[:50], *walked(15)])
    events = [one for one in done.sessions[0].events if "line" in one.text]
    assert len(events) == 50 + 1 + 50
    assert "4950 lines were left out" in events[50].text


def test_a_clock_that_is_set_back_credits_nothing_twice(play):
    """The walk until then would have been credited once more, within no time."""

    def set_back(link) -> None:
        link._t_ms = 0

    done = play([*walked(30), set_back, *walked(30)])
    (session,) = done.sessions
    # A second of it is lost until the box has begun anew, and nothing is there twice.
    assert 57 * 400 <= session.summary.totals.distance_mm <= 60 * 400
    assert 57_000 <= session.summary.totals.duration_ms <= 60_000
    assert [segment.reason for segment in session.segments] == ["start", "begin"]
    assert session.summary.damaged_count >= 2
    assert any("its sums leapt" in event.text for event in session.events)


def test_losses_in_the_last_part_of_a_second_are_counted_too(play):
    def damage(link) -> None:
        link.reader.damaged += 2

    done = play([*["stand"] * 15, damage, *stood(2)], seconds=1.6)
    assert not done.link.ended
    assert done.sessions[0].summary.damaged_count == 2


def test_a_row_that_no_box_can_send_is_left_out(play):
    bad = [Sentence("RAW", 0, [1 << 30, 0, 0, 0]), Sentence("RAW", 0, [0, 0, 1 << 23, 0])]
    done = play([*walked(3), bad, *walked(2)], seconds=100)
    assert len(done.sessions[0].segments[0].raw) in (50, 51)


def test_an_error_keeps_what_arrived(tmp_path: Path, scripted_link):
    def fail(_link) -> None:
        raise RuntimeError("out of the blue")

    link = scripted_link([*walked(5), fail])
    with open_store(tmp_path / "walks.sqlite") as store:
        recorder = Recorder(link, store, now_s=link.now_s)
        with pytest.raises(RuntimeError, match="out of the blue"):
            recorder.run()
        session = store.load(recorder.sessions[0])
    assert (len(session.segments[0].raw), session.summary.end_reason) == (50, "error")


def test_a_live_view_keeps_nothing_and_asks_for_no_raw_rows(scripted_link, noted_view):
    link = scripted_link(walked(5))
    view = noted_view(lambda state: state.totals.distance_mm)
    recorder = Recorder(link, None, views=[view], stop=lambda: link.ended, now_s=link.now_s)
    recorder.run()
    assert recorder.sessions == []
    assert view.looks[-1] == 50 * 40
    assert link.commands[0] == "raw,0"


def test_a_walk_goes_on_through_unplugging_garbage_and_a_stall(record, monkeypatch):
    """On the virtual box: the sums are the box's own, so nothing of the way is lost."""
    done: set[str] = set()
    stalled_s: list[float] = []

    def trouble(box, recorder) -> bool:
        now_s = recorder.box_s
        if now_s > 4 and "garbage" not in done:
            done.add("garbage")
            box.inject(b"\xff\x00$NOW,1\r\n$RAW,7,7,7,7*0000\n")
        if now_s > 6 and "unplugged" not in done:
            done.add("unplugged")
            box.unplug()
        if not recorder.state.connected and "plugged" not in done:
            done.add("plugged")
            box.plug()
        if "plugged" in done and recorder.state.connected and "stalled" not in done:
            done.add("stalled")
            box.stall(0.3)
            stalled_s.append(now_s)
        return bool(stalled_s) and now_s > stalled_s[0] + 4

    # However far the box gets while a slow host looks for it.
    walk = record("steady-1mph", 10_000, trouble)
    kinds = [event.kind for event in walk.session.events]
    assert done == {"garbage", "unplugged", "plugged", "stalled"}
    assert kinds.index("unplugged") < kinds.index("returned")
    assert walk.session.summary.damaged_count >= 2
    assert "reset" not in kinds
    assert [segment.reason for segment in walk.session.segments] == ["start"], walk.told
    raw = walk.session.segments[-1].raw
    walked_mm = abs(raw[-1].count - raw[0].count) / 10
    assert walk.session.summary.totals.distance_mm == pytest.approx(walked_mm, abs=1)
    equal, total = live_equal_to_computed(walk.session)
    assert 0 < equal <= total


def test_it_starts_and_stops_by_itself_with_the_cores_own_numbers(play):
    """From standing over two seconds of walking and a second of coasting to standing still."""
    # In counts of 0.1 mm at each tick of 12.5 ms: 1 m/s is 125.
    speeds = [0] * 80 + [125] * 160 + [*range(124, 0, -2), 4] + [0] * 80 * 62
    settings = declared.defaults() | {"belt_nm_per_count": 100_000}
    raw = [
        RawRow(12_500 * tick, -count, None, None)
        for tick, count in enumerate(itertools.accumulate(speeds))
    ]
    metrics = computed_again(raw, settings)
    ticks = [raw_sentence(row) for row in raw]
    script = [
        [*ticks[tick - 8 : tick], *live_sentences(metrics[tick - 1])]
        for tick in range(8, len(ticks), 8)
    ]
    done = play(script, once=True)
    (session,) = done.sessions
    assert not done.link.ended  # by the script's end
    assert session.summary.end_reason == "still for a minute"
    assert session.summary.totals.duration_s - session.summary.totals.moving_s > 55
    assert session.summary.totals.distance_mm == sum(speeds) // 10 > 1500


def raw_sentence(row: RawRow) -> Sentence:
    return Sentence("RAW", 0, [*row])


def live_sentences(row: MetricRow) -> list[Sentence]:
    """The three sentences that the box sends of the row."""
    return [
        Sentence(kind, 0, [getattr(row, name) for name in TYPES[kind]])
        for kind in ("ZON", "DST", "NOW")
    ]


def test_starts_are_counted_on_over_a_reset_and_anew_for_a_new_walk(play):
    def reset(link) -> None:
        link.reset(said="all")

    on = play([*walked(5), reset, *walked(5), *stood(2), *walked(5)])
    assert on.recorder.state.zone_uncertainty.starts == 2
    anew = play([*walked(5), *stood(70), *walked(5)])
    assert len(anew.sessions) == 2
    assert anew.recorder.state.zone_uncertainty.starts == 1


class BrokenView:
    """A view that fails when it has shown a second."""

    name = "the page"

    def __init__(self) -> None:
        self.shown = 0

    def show(self, _state) -> None:
        self.shown += 1
        if self.shown > 10:
            raise OSError("the browser is gone")

    def notify(self, _text: str) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_exception: object) -> None:
        pass


def test_a_view_that_fails_doesnt_end_the_recording(play):
    broken = BrokenView()
    done = play(walked(10), views=[broken])
    (session,) = done.sessions
    assert (session.summary.totals.distance_mm, session.summary.end_reason) == (4000, "stopped")
    assert broken.shown == 11
    text = "Nothing more is shown in the page, which failed: the browser is gone"
    assert done.lines.count(text) == 1
    assert [(event.kind, event.text) for event in session.events] == [("note", text)]
    assert len(done.looks) > 100  # the other view goes on


def test_a_live_view_ends_when_nobody_is_left_to_watch(scripted_link):
    link = scripted_link(walked(10))
    recorder = Recorder(link, None, views=[BrokenView()], now_s=link.now_s)
    with pytest.raises(OSError, match="the browser is gone"):
        recorder.run()
    assert recorder.box_s < 2


def test_a_fault_of_a_views_program_keeps_what_arrived(tmp_path: Path, scripted_link, noted_view):
    link = scripted_link(walked(10))

    def look(state) -> None:
        assert state.totals.duration_ms < 5000

    with open_store(tmp_path / "walks.sqlite") as store:
        recorder = Recorder(link, store, views=[noted_view(look)], now_s=link.now_s)
        with pytest.raises(AssertionError):
            recorder.run()
        session = store.load(1)
    assert session.summary.end_reason == "error"
    assert session.summary.totals.duration_s == 5


def test_another_box_leaves_the_recording_as_it_is_and_waiting(play):
    """The link takes nothing from it; what is left is to say so, and to end whole in time."""
    other = LinkEvent("another", "Another box was plugged in.")
    done = play(
        [*walked(10), LinkEvent("unplugged", "gone"), 1, 1, other, *[1] * 130],
        look=lambda state: state.connected,
    )
    (session,) = done.sessions
    assert session.summary.end_reason == "the box was unplugged"
    assert session.summary.totals.distance_mm == 4000
    assert other.text in done.lines
    assert ("another", other.text) in [(event.kind, event.text) for event in session.events]
    assert done.looks[-1] is False


def test_a_clock_that_is_set_moves_the_session_and_is_given_to_the_box(play, clock):
    """To one that is unplugged just then, when it is back."""

    def set_clock(_link) -> None:
        clock.set_by += timedelta(hours=-1)

    gone = LinkEvent("unplugged", "The box was unplugged.")
    back = LinkEvent("returned", "The box is back.")
    script = [*walked(5), set_clock, *walked(5), gone, set_clock, 3, back, *walked(5)]
    done = play(script, clock=clock)
    (session,) = done.sessions
    jumps = [event for event in session.events if event.kind == "clock"]
    assert len(jumps) == 2
    assert [event.text in done.lines for event in jumps] == [True, True]
    assert session.summary.ended_at is not None
    assert session.summary.ended_at == clock.utc()
    assert session.summary.started_at <= session.summary.ended_at
    assert len([said for said in done.link.commands if said.startswith("clock,")]) == 2


def test_a_reset_leaves_a_break_of_its_length(play, clock):
    def away(link) -> None:
        clock.sleep(34)
        link.reset(said="all")

    (session,) = play([*walked(30), away, *walked(20)], clock=clock).sessions
    (pause,) = breaks(session)
    assert (pause.lasted_ms, pause.measured) == (34_000, False)
