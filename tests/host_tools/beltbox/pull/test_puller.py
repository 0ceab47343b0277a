"""Pulling from a scripted box: what comes damaged, what vanishes, what is killed in between."""

from __future__ import annotations

import base64
import itertools
import json
import signal
import sqlite3
import struct
from binascii import crc_hqx
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltbox.errors import LinkError, StoreError
from beltbox.link import clock as box_time
from beltbox.link.box_sessions import BoxSession
from beltbox.link.link import BoxLink, CommandRefusedError
from beltbox.pull import puller as pull
from beltbox.pull.box_store import Known
from beltbox.pull.puller import Puller, PullError, start_times
from beltbox.store.store import open_store
from beltbox.store.waiting_file import add_file
from beltbox.walk.rows import MetricRow
from beltcore import settings as declared

SERIAL = "30aea4b0c0de"
NOW_S = int(datetime.now(UTC).timestamp())


def block(index: int, count: int = 10, first_s: int = 1) -> bytes:
    """The index-th ten seconds of walking a metre a second backward, hands off."""
    seconds = 10 * index
    data = struct.pack("<BBIIHIH", count, 0, first_s + seconds, 0, 0, seconds, 0)
    for after_s in range(count):
        data += struct.pack("<BBHHhHHHH", after_s, 0, 0, 1000, -1000, 5, 0xFFFF, 0, 0)
    data = data.ljust(178, b"\0")
    return data + struct.pack("<H", crc_hqx(data, 0xFFFF))


class FakeBox:
    """A box as its protocol says, that can spoil what it sends."""

    def __init__(self, sentence: Callable[..., bytes], sessions: dict[int, dict] | None = None):
        numbers = itertools.count(1)  # as a box numbers them: the same one twice is a repetition
        self._sentence = lambda kind, _seq, *fields: sentence(kind, next(numbers) % 10_000, *fields)
        self._rest = b""
        self.sessions: dict[int, dict] = {}
        for number, told in (sessions or {}).items():
            self.sessions[number] = {
                "blocks": [block(0), block(1, 5)],
                "state": 1,
                "power": 1,
                "boots": 1,
                "started_s": NOW_S - 1000 + 100 * number,
                "hash": "ABCD",
                "reads": 0,
            } | told
        self.commands: list[str] = []
        # line, one BLK -> what is sent instead
        self.spoil: Callable[[int, int, int, bytes], bytes] = lambda _s, _b, _p, line: line
        self.before: Callable[[str], bytes | None] = lambda _command: None

    def __call__(self, heard: bytes) -> bytes:
        *lines, self._rest = (self._rest + heard).split(b"\n")
        return b"".join(self._answer(line.decode()) for line in lines)

    def _answer(self, line: str) -> bytes:
        number, _, command = line[1:].partition("*")[0].partition(",")
        self.commands.append(command)
        instead = self.before(command)
        if instead is not None:
            return instead
        try:
            said, text = self._do(*command.split(","))
        except ValueError as error:
            return self._sentence("ANS", 0, number, "error", error)
        return said + self._sentence("ANS", 0, number, "ok", text)

    def _do(self, verb: str, *arguments: str) -> tuple[bytes, str]:
        send = self._sentence
        if verb == "identify":
            return send("ID", 0, 1, "0.1.0", "esp32", "Lab", 2, "power", "ABCD", "1.28.0"), "Lab"
        if verb == "health":
            health = send("HLT", 0, SERIAL, 2, 500, 1, 1, 1, 1, 1, 1)
            return health + send("RST", 0, 2, 0, 0, 0, 0, 0, 0), "ESP32"
        if verb == "settings":
            raise ValueError("no verb settings")
        if verb == "get":
            return b"", f"{arguments[0]}={declared.defaults()[arguments[0]]}"
        if verb in ("raw", "stream", "clock"):
            return b"", arguments[0]
        if verb == "sessions":
            return b"".join(map(self._told, self.sessions)), str(len(self.sessions))
        number = int(arguments[0])
        if number not in self.sessions:
            raise ValueError(f"there is no session {number}")
        one = self.sessions[number]
        if verb == "read":
            first, count = int(arguments[1]), int(arguments[2])
            one["reads"] += 1
            return b"".join(
                self._part(number, index, part)
                for index in range(first, first + count)
                for part in range(4)
            ), str(count)
        assert verb == "ack"
        assert int(arguments[1]) == len(one["blocks"])
        one["state"] = 2
        return b"", ""

    def _told(self, number: int) -> bytes:
        one = self.sessions[number]
        told = [one[name] for name in ("state", "power", "boots", "started_s", "hash")]
        # Older firmware doesn't tell these.
        told += [one[name] for name in ("version", "random") if name in one]
        return self._sentence("SES", 0, number, len(one["blocks"]), *told)

    def _part(self, number: int, index: int, part: int) -> bytes:
        data = self.sessions[number]["blocks"][index][48 * part : 48 * part + 48]
        text = base64.b64encode(data).decode()
        return self.spoil(number, index, part, self._sentence("BLK", 0, number, index, part, text))

    @property
    def reads(self) -> list[str]:
        return [one for one in self.commands if one.startswith("read")]

    @property
    def acknowledged(self) -> list[int]:
        return [number for number, one in self.sessions.items() if one["state"] == 2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "walks.sqlite"


@pytest.fixture
def fetch(port, clock, path: Path) -> Callable:
    """fetch(box, **options): what a pull from it did."""

    def make(box: FakeBox, **options):
        with (
            open_store(path, busy_timeout_s=0.05) as store,
            BoxLink(port.stranger(box).path, clock=clock) as link,
        ):
            return Puller(link, store, **options).run()

    return make


def loaded(path: Path) -> list:
    with open_store(path) as store:
        return [store.load(one.id) for one in reversed(store.sessions())]


def test_sessions_come_once_and_are_acknowledged(sentence, fetch, path: Path):
    box = FakeBox(sentence, {1: {}, 2: {"state": 2, "hash": "1234"}, 3: {"state": 0}})
    done = fetch(box)
    assert [(one.number, one.filled_s, one.damaged_blocks) for one in done.brought] == [
        (1, None, 0),
        (2, None, 0),
    ]
    assert (done.here, done.under_way, done.left) == (0, 3, 0)
    assert box.acknowledged == [1, 2]
    assert box.commands[-1] == "stream,1"
    assert [one for one in box.commands if one.startswith("clock")]
    first, second = loaded(path)
    assert first.summary.started_at == datetime.fromtimestamp(NOW_S - 900, UTC)
    assert second.summary.started_at == datetime.fromtimestamp(NOW_S - 800, UTC)
    summary = first.summary
    assert (summary.totals.duration_s, summary.totals.moving_s, summary.totals.distance_mm) == (
        15,
        15,
        15_000,
    )
    assert (summary.totals.backward_mm, summary.totals.hands_off_mm) == (15_000, 15_000)
    assert (summary.totals.mean_reliance_permille, summary.totals.mean_rail_mn) == (5, None)
    assert (summary.dated, summary.serial, summary.source) == (True, SERIAL, "pulled")
    assert (summary.complete, summary.box_name) == (True, "Lab")
    # Those of the box now are those of then only if its hash was the same.
    assert first.segments[0].settings == declared.defaults()
    assert first.events == []
    assert second.segments[0].settings == {}
    assert "other settings then (hash 1234)" in second.events[0].text

    box.sessions[3]["state"] = 1
    again = fetch(box)
    assert [one.number for one in again.brought] == [3]
    assert again.here == 2
    assert fetch(box).here == 3
    assert len(loaded(path)) == 3


def test_what_two_computers_pulled_from_a_box_is_once_in_the_store_of_both(
    sentence, fetch, path: Path, tmp_path: Path
):
    box = FakeBox(sentence, {1: {}, 2: {"state": 2}})
    fetch(box)
    other = path.rename(tmp_path / "other.sqlite")
    for session in box.sessions.values():
        session["started_s"] += 1  # as each computer reckons it
    fetch(box)
    before = loaded(path)
    with open_store(path) as store:
        added = add_file(store.database, other)
    assert [(one.is_new, one.rows) for one in added] == [(False, 0), (False, 0)]
    assert loaded(path) == before


def test_a_session_of_newer_firmware_is_left_on_the_box_by_name(sentence, fetch, path: Path):
    box = FakeBox(sentence, {1: {"version": 1}, 2: {"version": 3}, 3: {}, 4: {"version": None}})
    done = fetch(box)
    assert [one.number for one in done.brought] == [1, 3, 4]
    assert [(one.number, one.version) for one in done.newer] == [(2, 3)]
    assert done.why_newer() == [
        "Session 2 on the box was written by newer firmware (format 3; this beltbox reads 2): it "
        "stays there. Update beltbox, and pull again."
    ]
    assert box.acknowledged == [1, 3, 4]
    assert not [one for one in box.reads if one.startswith("read,2")]
    # It is named each time, and the others aren't brought again.
    again = fetch(box)
    assert (again.brought, len(again.newer), again.here) == ([], 1, 3)


def test_the_command_names_it_and_fails(sentence, port, run, path: Path):
    box = FakeBox(sentence, {1: {}, 12: {"version": 3}})
    ran = run("pull", "--port", port.stranger(box).path, "--store", path, "--json")
    assert ran.status == 1
    told = json.loads(ran.out)
    assert [one["box_session"] for one in told["brought"]] == [1]
    assert told["newer"] == [{"box_session": 12, "version": 3}]
    assert "Session 12 on the box was written by newer firmware (format 3; this" in ran.said


def test_what_came_damaged_is_asked_for_again(sentence, fetch, path: Path):
    box = FakeBox(sentence, {1: {"blocks": [block(0), block(1), block(2)]}})
    garbled = base64.b64encode(b"x" * 48).decode()

    def spoil(number: int, index: int, part: int, line: bytes) -> bytes:
        reads = box.sessions[1]["reads"]
        if index == 0 and part == 2 and reads == 1:
            return line.replace(b"BLK", b"BLX")  # its CRC fails: it is skipped
        if index == 2 and part == 1 and reads <= 2:
            return sentence("BLK", 0, number, index, part, garbled)  # its CRC is right
        return line

    box.spoil = spoil
    assert fetch(box).brought[0].damaged_blocks == 0
    assert box.reads == ["read,1,0,3", "read,1,0,1", "read,1,2,1"]
    assert loaded(path)[0].summary.totals.distance_mm == 30_000
    assert box.acknowledged == [1]


def test_a_block_damaged_on_the_flash_is_a_gap_that_is_told(sentence, fetch, path: Path):
    bad = bytearray(block(1))
    bad[50] ^= 1
    box = FakeBox(sentence, {1: {"blocks": [block(0), bytes(bad), block(2)]}})
    told: list[str] = []
    done = fetch(box, tell=told.append)
    assert done.brought[0].damaged_blocks == 1
    assert box.reads == ["read,1,0,3", *["read,1,1,1"] * 3]
    assert "1 of its 3 blocks" in told[1]
    (session,) = loaded(path)
    assert session.summary.totals.distance_mm == 30_000
    assert session.summary.totals.hands_off_mm == 20_000
    assert [one.t_ms for one in session.segments[0].metrics[9:11]] == [10_000, 21_000]
    assert [(one.kind, one.count) for one in session.events if one.kind == "lost"] == [("lost", 1)]
    assert box.acknowledged == [1]
    assert fetch(box).here == 1


def test_a_session_without_a_sound_block_is_still_told_of(sentence, fetch, path: Path):
    box = FakeBox(sentence, {1: {"blocks": [b"\xff" * 180]}})
    fetch(box)
    (session,) = loaded(path)
    assert (session.summary.totals.duration_s, session.segments[0].metrics) == (0, [])
    assert session.events[0].kind == "lost"
    assert fetch(box).here == 1


def test_parts_that_never_come_are_the_cables_fault_and_nothing_is_kept(sentence, fetch, path):
    box = FakeBox(sentence, {1: {}, 2: {}})
    box.spoil = lambda number, index, part, line: b"" if (number, part) == (2, 3) else line
    with pytest.raises(PullError, match="Block 0 of the box's session 2 came damaged 4 times"):
        fetch(box)
    assert [one.summary.totals.distance_mm for one in loaded(path)] == [15_000]
    assert box.acknowledged == [1]
    assert box.commands[-1] == "stream,1"
    box.spoil = lambda _n, _i, _p, line: line
    done = fetch(box)
    assert ([one.number for one in done.brought], done.here) == ([2], 1)


def test_a_list_that_came_damaged_is_asked_for_again(sentence, fetch):
    box = FakeBox(sentence, {1: {}, 2: {}})
    told = box._told
    asked: list[int] = []

    def tell(number: int) -> bytes:
        asked.append(number)
        return b"$SES,damaged*0000\n" if len(asked) == 1 else told(number)

    box._told = tell
    assert [one.number for one in fetch(box).brought] == [1, 2]
    box._told = lambda _number: b""
    with pytest.raises(PullError, match="list of sessions"):
        fetch(box)


def test_a_session_that_the_box_drops_meanwhile_is_told(sentence, fetch):
    box = FakeBox(sentence, {1: {}, 2: {}})

    def drop(command: str) -> None:
        if command.startswith("read,1"):
            box.sessions.pop(1, None)

    box.before = drop
    done = fetch(box)
    assert (done.dropped, [one.number for one in done.brought]) == ([1], [2])


def test_a_box_that_still_answers_somebody_else_is_waited_for(sentence, fetch):
    box = FakeBox(sentence, {1: {}})
    busy = ["read is under way: wait for its answer"] * 2
    do = box._do

    def refuse(verb: str, *arguments: str):
        if verb == "sessions" and busy:
            raise ValueError(busy.pop())
        return do(verb, *arguments)

    box._do = refuse
    assert len(fetch(box).brought) == 1
    assert busy == []


def test_the_last_words_to_a_pull_that_was_killed_are_no_session(sentence, fetch):
    """The last parts of a block that somebody else had asked for come before the list."""
    box = FakeBox(sentence, {1: {}})
    do = box._do

    def with_a_block(verb: str, *arguments: str):
        said, text = do(verb, *arguments)
        if verb == "sessions":
            said = box._sentence("BLK", 0, 1, 29, 3, "AAAIAAAAuQFG") + said
        return said, text

    box._do = with_a_block
    assert [one.number for one in fetch(box).brought] == [1]


def test_a_box_that_stays_busy_is_waited_for_fifteen_seconds(sentence, fetch, clock):
    box = FakeBox(sentence, {1: {}})
    do = box._do

    def refuse(verb: str, *arguments: str):
        if verb == "sessions":
            raise ValueError("read is under way: wait for its answer")
        return do(verb, *arguments)

    box._do = refuse
    began_s = clock.now_s()
    with pytest.raises(CommandRefusedError, match="read is under way"):
        fetch(box)
    assert clock.now_s() - began_s == pytest.approx(15, abs=0.2)


@pytest.mark.parametrize("verb", ["health", "sessions"])
def test_firmware_that_keeps_no_sessions_is_named(sentence, fetch, verb: str):
    box = FakeBox(sentence)
    do = box._do

    def refuse(asked: str, *arguments: str):
        if asked == verb:
            raise ValueError(f"no verb {asked}")
        return do(asked, *arguments)

    box._do = refuse
    with pytest.raises(PullError, match=r"firmware 0\.1\.0, which keeps no sessions"):
        fetch(box)


def test_a_computer_with_a_wrong_clock_is_told_before_anything_is_dated(
    sentence, fetch, monkeypatch: pytest.MonkeyPatch
):
    box = FakeBox(sentence, {1: {}})
    monkeypatch.setattr(box_time, "time", type("Time", (), {"time": staticmethod(lambda: 9e8)}))
    with pytest.raises(PullError, match="clock says 1998-07-09"):
        fetch(box)
    assert not [one for one in box.commands if one.startswith("clock")]
    assert box.acknowledged == []


def test_nothing_is_acknowledged_that_the_store_didnt_take(sentence, fetch, path: Path):
    box = FakeBox(sentence, {1: {}})
    open_store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            fetch(box)
        db.rollback()
    db.close()
    assert box.acknowledged == []
    assert box.commands[-1] == "stream,1"
    assert len(fetch(box).brought) == 1


def test_it_is_in_the_store_for_good_when_it_is_acknowledged(sentence, fetch, path: Path):
    box = FakeBox(sentence, {1: {}})
    seen: list[float] = []

    def look(command: str) -> None:
        if command.startswith("ack"):
            seen.extend(one.summary.totals.distance_mm for one in loaded(path))

    box.before = look
    fetch(box)
    assert seen == [15_000]


def test_a_pull_killed_between_store_and_acknowledgement(sentence, speaker, start, fetch, path):
    box = FakeBox(sentence, {1: {}, 2: {}})
    programs = []

    def kill(command: str) -> bytes | None:
        if command.startswith("ack"):
            programs[0].process.kill()
            return b""
        return None

    box.before = kill
    programs.append(start("pull", "--port", speaker(b"", box).path, "--store", path))
    assert programs[0].end() < 0
    assert box.acknowledged == []
    assert len(loaded(path)) == 1
    box.before = lambda _command: None
    done = fetch(box)
    assert ([one.number for one in done.brought], done.here) == ([2], 1)
    assert box.acknowledged == [1, 2]
    assert len(loaded(path)) == 2


def test_a_box_whose_numbers_began_anew_isnt_taken_for_the_old_one(sentence, fetch, path: Path):
    fetch(FakeBox(sentence, {1: {}}))
    erased = FakeBox(sentence, {1: {"blocks": [block(0, first_s=5), block(1, 5, first_s=5)]}})
    assert [one.number for one in fetch(erased).brought] == [1]
    assert fetch(FakeBox(sentence, {1: {"boots": 9, "started_s": None}})).here == 0
    assert fetch(FakeBox(sentence, {1: {"blocks": [block(0)], "state": 2}})).here == 0
    assert len(loaded(path)) == 4


@pytest.mark.parametrize(("days_ago", "filled_s"), [(0, 11), (2, None)])
def test_what_was_heard_of_live_is_laid_over_if_it_is_of_that_day(
    sentence, fetch, path: Path, days_ago: int, filled_s: int | None
):
    """A box whose flash was erased counts starts and sessions from 1 again."""
    with open_store(path) as store:
        writer = store.start_session(
            started_at=datetime.fromtimestamp(NOW_S - 900, UTC) - timedelta(days=days_ago),
            box_name="Lab",
            board="esp32",
            firmware="0.1.0",
            protocol=1,
            serial=SERIAL,
        )
        writer.start_segment(settings={}, boot_count=1, reason="start", first_t_us=None)
        writer.add_box_session(SERIAL, 1, 1)
        for t_ms in range(100, 4100, 100):
            writer.add_metric(MetricRow(t_ms, -1000, -1000, t_ms, 0, t_ms))
        writer.close(datetime.now(UTC), "stopped")
    box = FakeBox(sentence, {1: {}})
    assert [one.filled_s for one in fetch(box).brought] == [filled_s]
    assert len(loaded(path)) == (1 if days_ago == 0 else 2)
    assert box.acknowledged == [1]
    assert fetch(box).here == 1


TODAY = {"version": 2, "random": 77}
LIVE_S = 900
"""So long ago the recording began that `recorded_live` makes; it took 15 s."""


def recorded_live(path: Path, **noted: int | None) -> None:
    """A recording in which the box's session 1 of its start 1 was noted, with what it said."""
    started_at = datetime.fromtimestamp(NOW_S - LIVE_S, UTC)
    with open_store(path) as store:
        writer = store.start_session(
            started_at=started_at,
            box_name="Lab",
            board="esp32",
            firmware="0.1.0",
            protocol=1,
            serial=SERIAL,
        )
        writer.start_segment(settings={}, boot_count=1, reason="start", first_t_us=None)
        writer.add_box_session(SERIAL, 1, 1, **noted)
        for t_ms in range(100, 4100, 100):
            writer.add_metric(MetricRow(t_ms, -1000, -1000, t_ms, 0, t_ms))
        writer.close(started_at + timedelta(seconds=15), "stopped")


TODAYS = {"power": 1, "random": 77}
OLDER = {"power": 1}
OLDEST: dict[str, int | None] = {}
CAME = pytest.mark.parametrize(
    ("noted", "came", "is_the_same"),
    [
        (TODAYS, TODAY, True),
        (TODAYS, TODAY | {"random": 78}, False),
        # The clock was set right in between: the number decides.
        (TODAYS, TODAY | {"started_s": NOW_S - LIVE_S - 3600}, True),
        (TODAYS, TODAY | {"started_s": None}, True),
        (TODAYS, TODAY | {"boots": 2}, False),
        (TODAYS, TODAY | {"power": 2}, False),
        # A file of older firmware, or a sentence of one.
        (TODAYS, {"version": 1, "random": None}, False),
        (TODAYS, {}, False),
        # Of a damaged head nothing is known: not even that it is the same.
        (TODAYS, {"boots": None, "power": None, "started_s": None, "hash": ""}, False),
        *(
            (noted, came | seconds, is_the_same)
            for noted in (OLDER, OLDEST)
            for came in ({}, TODAY)
            for seconds, is_the_same in (
                ({"started_s": NOW_S - LIVE_S}, True),
                ({"started_s": NOW_S - LIVE_S - 60}, True),
                ({"started_s": NOW_S - LIVE_S + 100}, True),
                ({"started_s": NOW_S - LIVE_S + 600}, False),
                ({"started_s": NOW_S - LIVE_S - 600}, False),
                ({"started_s": None}, False),
            )
        ),
        (OLDER, {"power": 2}, False),
    ],
)


@CAME
def test_a_recording_is_filled_from_its_own_session_and_no_other(
    sentence, fetch, path: Path, noted, came, is_the_same
):
    """Numbers and starts begin anew when a flash is erased, and so does `power`."""
    recorded_live(path, **noted)
    box = FakeBox(sentence, {1: {"started_s": NOW_S - LIVE_S} | came})
    (brought,) = fetch(box).brought
    assert brought.filled_s == (11 if is_the_same else None)
    live, *pulled = sorted(loaded(path), key=lambda session: session.summary.id)
    assert len(pulled) == (0 if is_the_same else 1)
    assert live.summary.totals.distance_mm == (15_000 if is_the_same else 4000)
    assert fetch(box).here == 1


def test_a_pulled_session_isnt_taken_for_one_after_the_flash_was_erased(
    sentence, fetch, path: Path
):
    """Also not where another computer has fetched the new one already: then it says state 2."""
    fetch(FakeBox(sentence, {1: TODAY}))
    later = {"started_s": NOW_S - 300, "state": 2}
    assert len(fetch(FakeBox(sentence, {1: TODAY | later | {"random": 78}})).brought) == 1
    assert len(loaded(path)) == 2
    # Without random numbers the dates tell, and then the first block's checksum.
    again = {"version": 1, "started_s": NOW_S - 100, "state": 2, "boots": 2}
    fetch(FakeBox(sentence, {1: again | {"started_s": NOW_S - 5000}}))
    other = {"blocks": [block(0, first_s=3), block(1, 5, first_s=3)]}
    assert len(fetch(FakeBox(sentence, {1: again | other})).brought) == 1
    assert len(loaded(path)) == 4


def test_undated_sessions_of_an_erased_flash_are_later_than_those_before(sentence, fetch, path):
    """Known sessions of higher numbers were there before the flash was erased: no bounds."""
    day_s = 24 * 3600
    old = {
        number: TODAY | {"random": number, "started_s": NOW_S - day_s * (40 - number), "boots": 9}
        for number in range(1, 31)
    }
    fetch(FakeBox(sentence, old))
    fetch(FakeBox(sentence, {1: TODAY | {"random": 99, "started_s": None}}))
    newest = loaded(path)[-1].summary
    assert newest.started_at > datetime.fromtimestamp(NOW_S - 3600, UTC)
    assert not newest.dated


def test_a_block_that_says_what_was_before_is_left_out(sentence, fetch, path: Path):
    """Its checksum is right; no box has written it there."""
    box = FakeBox(sentence, {1: {"blocks": [block(0), block(0), block(2)]}})
    assert fetch(box).brought[0].damaged_blocks == 1
    assert loaded(path)[0].summary.totals.distance_mm == 30_000


def test_stopping_leaves_whole_sessions_and_the_next_pull_goes_on(sentence, fetch, path: Path):
    box = FakeBox(sentence, {1: {}, 2: {}, 3: {}})
    progress: list[tuple[int, int]] = []
    done = fetch(
        box,
        progress=lambda count, of: progress.append((count, of)),
        stop=lambda: len(progress) == 2,
    )
    assert progress == [(2, 6), (4, 6)]
    assert ([one.number for one in done.brought], done.left) == ([1, 2], 1)
    assert box.acknowledged == [1, 2]
    assert box.commands[-1] == "stream,1"
    again = fetch(box)
    assert ([one.number for one in again.brought], again.here) == ([3], 2)


def test_ctrl_c_ends_it_with_whole_sessions_and_says_what_is_left(
    sentence, speaker, start, fetch, path: Path
):
    box = FakeBox(sentence, {1: {}, 2: {}})
    programs = []

    def interrupt(command: str) -> None:
        if command.startswith("read,1"):
            programs[0].process.send_signal(signal.SIGINT)

    box.before = interrupt
    programs.append(start("pull", "--port", speaker(b"", box).path, "--store", path))
    assert programs[0].end() == 130
    said = " ".join(programs[0].said.split())
    assert "1 session copied, 0 already in the store." in said
    assert "Stopped: sessions that are still only on the box: 1." in said
    assert box.acknowledged == [1]
    box.before = lambda _command: None
    assert [one.number for one in fetch(box).brought] == [2]


def test_a_port_that_vanishes_in_mid_session(
    sentence, port, clock, path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pull, "_BLOCKS_AT_ONCE", 1)
    at = port.stranger(FakeBox(sentence, {1: {"blocks": [block(0), block(1), block(2, 5)]}}))
    with open_store(path) as store, BoxLink(at.path, clock=clock) as link:
        puller = Puller(link, store, progress=lambda _done, _of: at.unplug())
        with pytest.raises(LinkError, match="unplugged"):
            puller.run()
        assert (puller.pulled.brought, puller.pulled.left) == ([], 1)
        assert store.sessions() == []
    at.plug()
    with open_store(path) as store, BoxLink(at.path, clock=clock) as link:
        done = Puller(link, store).run()
        assert [one.number for one in done.brought] == [1]
        (summary,) = store.sessions()
    assert summary.totals.distance_mm == 25_000


def session(number: int, started_s: int | None, blocks: int = 3) -> BoxSession:
    return BoxSession(number, blocks, 1, 1, 1, started_s, "ABCD")


def known(number: int, started_at: datetime) -> Known:
    return Known(1, number, 1, 1, 3, "ABCD", 7, True, 1, started_at, True)


POWERED = datetime(2026, 3, 1, tzinfo=UTC)


def test_sessions_without_a_date_were_before_all_that_came_after():
    dated_s = int((POWERED - timedelta(days=3)).timestamp())
    starts = start_times(
        [session(1, None), session(2, None, 30), session(3, dated_s), session(4, None)],
        [],
        POWERED,
    )
    assert starts[3] == (POWERED - timedelta(days=3), True)
    assert starts[4] == (POWERED - timedelta(seconds=21), False)
    assert starts[2] == (starts[3][0] - timedelta(seconds=291), False)
    assert starts[1] == (starts[2][0] - timedelta(seconds=21), False)
    # what is in the store bounds them, too: a session that was dropped, a live one
    earlier = POWERED - timedelta(days=9)
    starts = start_times([session(1, None)], [known(2, earlier)], POWERED)
    assert starts[1][0] < earlier


@given(
    st.dictionaries(st.integers(1, 50), st.tuples(st.integers(0, 40), st.booleans()), min_size=1),
    st.sets(st.integers(1, 50)),
)
def test_the_order_of_moments_is_the_order_of_numbers(made, stored):
    """Whatever has a date, as long as the dates themselves are in order."""
    at = POWERED - timedelta(days=100)
    sessions = [
        session(
            number,
            int((at + timedelta(days=number)).timestamp()) if dated else None,
            blocks,
        )
        for number, (blocks, dated) in made.items()
    ]
    known_ones = [known(number, at + timedelta(days=number)) for number in stored - set(made)]
    starts = start_times(sessions, known_ones, POWERED)
    moments = [
        *((number, start) for number, (start, _) in starts.items()),
        *((one.number, one.started_at) for one in known_ones),
    ]
    ordered = [start for _, start in sorted(moments)]
    assert all(before < after for before, after in pairwise(ordered))
    assert {number: dated for number, (_, dated) in starts.items()} == {
        number: dated for number, (_, dated) in made.items()
    }


def test_undated_sessions_are_stored_in_their_order(sentence, fetch, run, path: Path):
    box = FakeBox(
        sentence, {1: {"started_s": None}, 2: {"started_s": None}, 3: {}, 4: {"started_s": None}}
    )
    # The first try ends in the middle: the order holds across pulls, too.
    count: list[int] = []
    fetch(box, progress=lambda done, _of: count.append(done), stop=lambda: bool(count))
    fetch(box)
    first, second, third, fourth = loaded(path)
    with sqlite3.connect(path) as db:
        numbers = db.execute(
            "SELECT number FROM beltbox_box_session ORDER BY segment_id"
        ).fetchall()
    db.close()
    assert numbers == [(1,), (2,), (3,), (4,)]
    assert [one.summary.id for one in (first, second, third, fourth)] == [1, 2, 3, 4]
    assert [one.summary.dated for one in (first, second, third, fourth)] == [
        False,
        False,
        True,
        False,
    ]
    said = run("sessions", "--store", path).out
    assert said.count("before 20") == 3


def test_a_locked_store_is_waited_for_and_nothing_acknowledged_before(
    sentence, fetch, clock, path: Path
):
    open_store(path).close()
    box = FakeBox(sentence, {1: {}, 2: {}})
    other = sqlite3.connect(path, isolation_level=None)
    told: list[tuple[str, list[int]]] = []

    def progress(done: int, _of: int) -> None:
        if done == 2:
            other.execute("BEGIN IMMEDIATE")

    def tell(text: str) -> None:
        told.append((text, box.acknowledged))
        if text.startswith("Waiting"):
            other.execute("ROLLBACK")

    done = fetch(box, progress=progress, tell=tell)
    (waiting,) = [heard for heard in told if heard[0].startswith("Waiting")]
    assert "walks.sqlite is locked by another program" in waiting[0]
    assert waiting[1] == []
    assert [one.number for one in done.brought] == box.acknowledged == [1, 2]
    assert len(loaded(path)) == 2
    other.close()
