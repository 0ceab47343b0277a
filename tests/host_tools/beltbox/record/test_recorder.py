"""Recording: starts and stops by itself, and loses nothing that came."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from beltbox.errors import StoreError
from beltbox.link.finding import find_box
from beltbox.link.link import Identity, LinkError, LinkEvent
from beltbox.link.wire import Sentence
from beltbox.record import recorder as module
from beltbox.record.recorder import Recorder
from beltbox.sim.truth import live_equal_to_computed
from beltbox.store.store import open_store
from beltcore import settings as declared

HASH = "ABCD"


class FakeLink:
    """A link to a box that plays a script of steps, with the host's clock in its hand.

    A step is a list of items that come, an item, a number of seconds in which nothing does, or a
    function of the link, such as `walk` and `stand`: 100 ms of the box. At the script's end the
    recording is stopped.
    """

    def __init__(self, script, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = "/dev/fake"
        self.identity = identity(boots=1)
        self.reader = SimpleNamespace(good=0, damaged=0, missing=0)
        self.commands: list[str] = []
        self.answers = True
        self.raw_on = False
        self.boots = 1
        self.settings_hash = HASH
        self.values = declared.defaults()
        self.at_s = 1000.0
        self.ended = False
        self._t_ms = 0
        self._mm = 0
        self._clock_us = 0
        self._count = 0
        self._queue: list[Sentence | LinkEvent] = []
        self._script = iter(script)
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.at_s))

    def command(self, verb: str, *arguments: object, tries: int = 0) -> str:
        self.commands.append(",".join([verb, *map(str, arguments)]))
        if not self.answers:
            raise LinkError(f"no answer to {verb}")
        if verb == "raw":
            self.raw_on = arguments[0] == 1
        if verb == "begin":
            self.begin()
        if verb == "totals":
            self.box_step(0)
        return ""

    def drop_waiting(self, types) -> None:
        self._queue = [item for item in self._queue if item.type not in types]

    def settings(self) -> dict[str, int | str]:
        if not self.answers:
            raise LinkError("no settings")
        return dict(self.values)

    def listen(self):
        while True:
            while self._queue:
                yield self._queue.pop(0)
            step = next(self._script, None)
            if step is None:
                self.ended = True
                self.at_s += 10
                yield None
            elif isinstance(step, (int, float)):
                self.at_s += step
                yield None
            elif callable(step):
                step(self)
            else:
                self._queue += step if isinstance(step, list) else [step]

    def begin(self) -> None:
        """What the box does on `begin`."""
        self._zero()
        self._queue.append(Sentence("BEG", 0, [self.boots, self.settings_hash]))

    def reset(self, *, said: str) -> None:
        """The box starts anew; of what it says then, "all", only its "BEG" or "nothing" comes."""
        self.boots += 1
        self.raw_on = False
        self._clock_us = self._count = 0
        if said == "all":
            self.identity = identity(self.boots)
            self._queue.append(LinkEvent("reset", "The box was reset (hard)."))
        if said == "nothing":
            self._zero()
        else:
            self.begin()

    def box_step(self, mm: int) -> None:
        """100 ms of walking so far backward."""
        self.at_s += 0.1
        self._clock_us += 100_000
        self._count -= 10 * mm
        self._mm += mm
        if self.raw_on:
            self._queue.append(Sentence("RAW", 0, [self._clock_us, self._count, None, None]))
        t_ms = self._t_ms
        speed = [-10 * mm, -10 * mm]
        self._queue += [
            Sentence("ZON", 0, [t_ms, None, None, None, None]),
            Sentence("DST", 0, [t_ms, 0, self._mm, *[None] * 8]),
            Sentence("NOW", 0, [t_ms, *speed, None, None, None, None, 0, 0]),
        ]
        self._t_ms += 100

    def _zero(self) -> None:
        self._t_ms = self._mm = 0


def identity(boots: int) -> Identity:
    return Identity(1, "1", "board", "fake", boots, "power", HASH, "1.28.0")


def walk(link: FakeLink) -> None:
    link.box_step(40)


def stand(link: FakeLink) -> None:
    link.box_step(0)


def walked(seconds: int) -> list:
    return [walk] * (10 * seconds)


def stood(seconds: int) -> list:
    return [stand] * (10 * seconds)


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """play(script, **options): recorder, link, told and sessions after the script is recorded."""

    def run(script, **options):
        link = FakeLink(script, monkeypatch)
        told: list[str] = []
        with open_store(tmp_path / "walks.sqlite") as store:
            recorder = Recorder(link, store, tell=told.append, stop=lambda: link.ended, **options)
            recorder.run()
            sessions = [store.load(number) for number in recorder.sessions]
        return SimpleNamespace(recorder=recorder, link=link, told=told, sessions=sessions)

    return run


class Own:
    """In place of HeardSessions: every number is new."""

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

    def begin(self) -> None:
        self.numbers.clear()


def test_the_boxs_own_sessions_are_noted_in_the_segment_that_they_lie_in(play, tmp_path: Path):
    own = Own()
    own.unheard = [8]
    done = play(
        [
            Sentence("SES", 0, [5, 0, 0, 1, 1, None, HASH, 1]),  # before anything is recorded
            *walked(10),
            Sentence("SES", 0, [6, 0, 0, 1, 1, None, HASH, 1]),
            *walked(3),
            FakeLink.begin,
            *walked(3),
            Sentence("SES", 0, [7, 0, 0, 1, 1, None, HASH, 1]),
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


def test_a_box_that_started_again_is_told_the_time_again(play):
    done = play([*walked(10), lambda link: link.reset(said="all"), *walked(2)])
    assert [one.partition(",")[0] for one in done.link.commands].count("clock") == 1


def test_after_the_port_was_gone_sums_are_unknown_until_they_come_again(play):
    alone = Sentence("NOW", 0, [9_950, -500, -500, None, None, None, None, 0, 0])
    gone = [LinkEvent("unplugged", "gone"), LinkEvent("returned", "back")]
    done = play([*walked(10), *gone, alone, *walked(2)])
    rows = {row.t_ms: row for row in done.sessions[0].segments[0].metrics}
    assert rows[9_950].distance_mm is None
    assert done.sessions[0].summary.totals.distance_mm == 4800


def test_a_session_starts_when_the_belt_moves_and_ends_after_a_minute_of_standing(play):
    done = play([*stood(5), *walked(10), *stood(65), *walked(10)])
    first, second = (one.summary for one in done.sessions)
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
    assert done.told[0] == "Recording session 1."
    assert done.link.commands[:3] == ["raw,1", "stream,1", "begin"]
    assert done.link.commands[-2:] == ["totals", "raw,0"]


def test_where_nobody_walks_it_begins_anew_now_and_then(play):
    done = play(stood(35))
    assert done.sessions == []
    assert done.link.commands.count("begin") == 4
    assert play([*stood(9), walk, walk, walk, *stood(15)]).sessions == []  # 12 cm: less than a step


def test_once_leaves_after_one_session_and_makes_no_second(play):
    done = play([*walked(10), *stood(90)], once=True)
    assert [one.summary.totals.distance_mm for one in done.sessions] == [4000]
    assert not done.link.ended
    assert "totals" not in done.link.commands


def test_seconds_start_at_once_and_stop_by_the_box_s_time(play):
    done = play(stood(60), seconds=20)
    assert not done.link.ended
    assert done.sessions[0].summary.totals.duration_s == pytest.approx(20, abs=0.2)


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
    came = range(10, 110, 10)
    assert all(now >= rows - 12 for now, rows in zip(seen, came, strict=True))
    assert seen[-1] > 85


def test_a_reset_makes_a_segment_and_the_sums_go_on(play):
    def reset(link: FakeLink) -> None:
        link.reset(said="all")
        walk(link)  # the box counts at once, before it is asked for raw rows
        link.raw_on = True
        walk(link)  # and these aren't from its zero on

    done = play([*walked(10), reset, *walked(5)])
    (session,) = done.sessions
    assert [(one.reason, one.boot_count) for one in session.segments] == [
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
    assert [one.reason for one in session.segments] == ["start", *reasons]
    assert session.summary.totals.distance_mm == 150 * 40
    # The raw rows are there again, from a zero, within two seconds.
    assert len(session.segments[-1].raw) > 28
    assert live_equal_to_computed(session)[1] > 100
    assert [event.kind for event in session.events].count("reset") == 1


def test_raw_rows_that_somebody_turned_off_are_asked_for_again(play):
    def turn_off(link: FakeLink) -> None:
        link.raw_on = False

    done = play([*walked(10), turn_off, *walked(5)])
    assert done.link.commands[3:6] == ["raw,1", "stream,1", "begin"]
    assert len(done.sessions[0].segments[-1].raw) > 28
    assert done.sessions[0].summary.totals.distance_mm == 150 * 40


def test_changed_settings_are_learnt_for_the_next_segment(play):
    def change(link: FakeLink) -> None:
        link.values["body_mass_g"] = 90_000
        link.settings_hash = "NEWX"
        link.begin()

    done = play([*walked(10), change, *walked(3)])
    masses = [one.settings["body_mass_g"] for one in done.sessions[0].segments]
    assert masses == [70_000, 90_000]


def test_settings_that_cannot_be_learnt_just_now_are_asked_for_again(play):
    def change(link: FakeLink) -> None:
        link.answers = False
        link.values["body_mass_g"] = 90_000
        link.settings_hash = "NEWX"
        link.begin()

    def answer(link: FakeLink) -> None:
        link.answers = True

    done = play([*walked(10), change, *walked(2), answer, *walked(3)])
    assert "no settings" in done.told
    last = done.sessions[0].segments[-1]
    assert last.settings["body_mass_g"] == 90_000
    assert len(last.raw) > 15


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
    def come_back(link: FakeLink) -> None:
        link._queue.append(LinkEvent(back, "here again"))
        # It has counted on, alone, until it is told to begin.
        link.box_step(50_000)

    done = play([*walked(10), LinkEvent(gone, "gone"), *[1] * 130, come_back, *walked(5)])
    assert [one.summary.end_reason for one in done.sessions] == [reason, "stopped"]
    assert [one.summary.totals.distance_mm for one in done.sessions] == [100 * 40, 50 * 40]


def test_lost_and_damaged_sentences_are_counted_in_the_session_to_its_end(play):
    def damage(link: FakeLink) -> None:
        link.reader.damaged += 2
        link.reader.missing += 5

    done = play([damage, 1, *walked(3), damage, *walked(3), damage])
    summary = done.sessions[0].summary
    assert (summary.damaged_count, summary.missing_count) == (4, 10)
    assert done.told.count("Of the box's sentences 2 came damaged and were skipped.") == 2
    assert done.told.count("Of the box's sentences 5 are missing.") == 2


def test_a_row_that_no_box_can_send_is_left_out(play):
    bad = [Sentence("RAW", 0, [1 << 30, 0, 0, 0]), Sentence("RAW", 0, [0, 0, 1 << 23, 0])]
    done = play([*walked(3), bad, *walked(2)], seconds=100)
    assert len(done.sessions[0].segments[0].raw) in (50, 51)


def test_an_error_keeps_what_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(_link) -> None:
        raise RuntimeError("out of the blue")

    link = FakeLink([*walked(5), fail], monkeypatch)
    with open_store(tmp_path / "walks.sqlite") as store:
        recorder = Recorder(link, store)
        with pytest.raises(RuntimeError, match="out of the blue"):
            recorder.run()
        session = store.load(recorder.sessions[0])
    assert (len(session.segments[0].raw), session.summary.end_reason) == (50, "error")


def test_a_full_disk_keeps_what_was_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    full: list[bool] = []
    link = FakeLink([*walked(5), 1, lambda _link: full.append(True), *walked(5)], monkeypatch)
    with open_store(tmp_path / "walks.sqlite") as store:
        real = store.database.writing

        def writing():
            if full:
                raise StoreError("The disk is full")
            return real()

        monkeypatch.setattr(store.database, "writing", writing)
        recorder = Recorder(link, store)
        with pytest.raises(StoreError, match="The disk is full"):
            recorder.run()
        full.clear()
        session = store.load(recorder.sessions[0])
    assert len(session.segments[0].raw) == 50
    assert not session.summary.complete


def test_a_live_view_keeps_nothing_and_asks_for_no_raw_rows(monkeypatch: pytest.MonkeyPatch):
    link = FakeLink([*walked(5)], monkeypatch)
    shown = []
    recorder = Recorder(
        link, None, stop=lambda: link.ended, show=lambda now: shown.append(now.totals.distance_mm)
    )
    recorder.run()
    assert recorder.sessions == []
    assert shown[-1] == 50 * 40
    assert link.commands[0] == "raw,0"


def test_a_walk_goes_on_through_unplugging_garbage_and_a_stall(record, monkeypatch):
    """On the virtual box: the sums are the box's own, so nothing of the way is lost."""
    done: set[str] = set()

    def trouble(box, recorder) -> bool:
        now_s = recorder.box_s
        if now_s > 4 and "garbage" not in done:
            done.add("garbage")
            box.inject(b"\xff\x00$NOW,1\r\n$RAW,7,7,7,7*0000\n")
        if now_s > 6 and "unplugged" not in done:
            done.add("unplugged")
            box.unplug()
        if not recorder.now.connected and "plugged" not in done:
            done.add("plugged")
            box.plug()
            # The first name is gone for good; the box has another port now.
            recorder._link.path = box.port
        if now_s > 10 and "stalled" not in done:
            done.add("stalled")
            box.stall(0.3)
        return False

    walk = record("steady-1mph", 14, trouble)
    kinds = [event.kind for event in walk.session.events]
    assert done == {"garbage", "unplugged", "plugged", "stalled"}
    assert kinds.index("unplugged") < kinds.index("returned")
    assert walk.session.summary.damaged_count >= 2
    assert "reset" not in kinds
    assert [one.reason for one in walk.session.segments] == ["start"], walk.told
    raw = walk.session.segments[-1].raw
    walked_mm = abs(raw[-1].count - raw[0].count) / 10
    assert walk.session.summary.totals.distance_mm == pytest.approx(walked_mm, abs=1)
    equal, total = live_equal_to_computed(walk.session)
    assert 0 < equal <= total


def test_it_starts_and_stops_by_itself_on_the_virtual_box(box, tmp_path: Path):
    """From standing over walking to a minute of standing, as fast as it goes."""
    running = box("steady-1mph", wait_for_host=True)
    stopped: list[bool] = []
    with open_store(tmp_path / "walks.sqlite") as store, find_box(str(tmp_path / "box")) as link:

        def stop_walking() -> bool:
            if recorder.now.totals.distance_mm > 1500 and not stopped:
                stopped.append(True)
                running.command({"do": "walk", "speed_m_s": 0, "ramp_s": 1})
            return False

        recorder = Recorder(link, store, once=True, stop=stop_walking)
        recorder.run()
        summary = store.load(recorder.sessions[0]).summary
    assert len(recorder.sessions) == 1
    assert summary.end_reason == "still for a minute"
    assert summary.totals.duration_s - summary.totals.moving_s > 55
    assert summary.totals.distance_mm > 1500


def test_what_a_box_that_just_started_began_by_itself_is_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    link = FakeLink(walked(3), monkeypatch)
    link.begin()
    walk(link)  # came while the settings were asked for
    link._queue.append(Sentence("LOG", 0, ["hello"]))
    told: list[str] = []
    with open_store(tmp_path / "walks.sqlite") as store:
        recorder = Recorder(link, store, seconds=100, tell=told.append, stop=lambda: link.ended)
        recorder.run()
        session = store.load(1)
    assert [one.reason for one in session.segments] == ["start"]
    assert session.summary.totals.distance_mm == 30 * 40
    assert "The box says: hello" in told


def test_a_reset_whose_beginning_was_damaged_has_raw_rows_again_within_seconds(play):
    def reset(link: FakeLink) -> None:
        link.reset(said="all")
        link._queue = [item for item in link._queue if not isinstance(item, Sentence)]

    done = play([*walked(10), reset, *walked(8)])
    (session,) = done.sessions
    assert session.summary.totals.distance_mm == 180 * 40
    assert len(session.segments[-1].raw) > 28
    assert session.segments[-1].boot_count == 2


def calibrate(link: FakeLink) -> None:
    link.values["belt_u_ppm"] = 3000
    link.settings_hash = "CALI"
    link.begin()


def test_the_view_learns_how_sure_the_boxs_numbers_are(play):
    shown: list[float | None] = []
    play(
        [*walked(4), calibrate, *walked(4)], show=lambda now: shown.append(now.sure.distance(1000))
    )
    assert shown[5] is None
    assert shown[-1] == pytest.approx(3, abs=0.1)


def test_starts_are_counted_on_over_a_reset_and_anew_for_a_new_walk(play):
    def reset(link: FakeLink) -> None:
        link.reset(said="all")

    on = play([*walked(5), reset, *walked(5), *stood(2), *walked(5)])
    assert on.recorder.now.doubt.starts == 2
    anew = play([*walked(5), *stood(70), *walked(5)])
    assert len(anew.sessions) == 2
    assert anew.recorder.now.doubt.starts == 1
