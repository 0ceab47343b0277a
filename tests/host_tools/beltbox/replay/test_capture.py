"""Captures taken apart."""

import gzip
from pathlib import Path

import pytest

from beltbox.replay.capture import CaptureError, differences, is_capture, read_capture
from beltbox.walk.rows import RawRow

EVENNESS = (
    "step_time_sd_ms",
    "step_asymmetry_permille",
    "step_asymmetry_u_permille",
    "longer_step_side",
)


def taken(folder: Path, data: bytes):
    path = folder / "port.capture"
    path.write_bytes(data)
    return read_capture(path)


def begin(sentence, seq, boots=1):
    return sentence("BEG", seq, boots, "ABCD")


def raw(sentence, seq, tick):
    return sentence("RAW", seq, 1000 + tick * 12_500, tick, None, None)


def now(sentence, seq, t_ms):
    return sentence("NOW", seq, t_ms, 0, 0, None, None, None, None, 0, 0)


def test_a_capture_is_told_from_a_csv(tmp_path: Path, sentence):
    path = tmp_path / "some.file"
    for data, is_one in (
        (b"ets Jul 29 2019\r\n" * 9000 + raw(sentence, 0, 0), True),
        (b"\x80\xff\x00" + raw(sentence, 0, 0), True),
        (b"t_us,count,rail_left,rail_right,note\n1,2,3,4,$NOW,1\n" + raw(sentence, 0, 0), False),
        (b"t,count,price\n1,2,$5\n", False),
        (b"$RAW,5,1,2,3,4*0000\n", False),
        (b"", False),
    ):
        path.write_bytes(data)
        assert is_capture(path) == is_one


def test_live_sentences_after_a_gap_are_counted_as_not_comparable(tmp_path: Path, sentence):
    found = taken(
        tmp_path,
        begin(sentence, 0)
        + raw(sentence, 1, 0)
        + now(sentence, 2, 0)
        + raw(sentence, 4, 2)  # the row between is lost
        + now(sentence, 5, 25)
        + raw(sentence, 6, 3)
        + now(sentence, 7, 100),  # raw is off here: nothing is missing
    )
    assert len(found.measurements[0].live) == 1
    assert found.not_comparable == 1


def test_measurements_go_from_zero_to_zero(tmp_path: Path, sentence):
    found = taken(
        tmp_path,
        b"boot text\r\n"
        + sentence("ID", 0, 1, "1", "b", "n", 1, "power", "ABCD", "1.28.0")
        + begin(sentence, 1)
        + b"".join(raw(sentence, 2 + tick, tick) for tick in range(3))
        + now(sentence, 5, 25)
        + begin(sentence, 6)
        + raw(sentence, 7, 4),
    )
    assert (found.good, found.damaged, found.missing) == (8, 0, 0)
    assert found.console == ["boot text"]
    first, second = found.measurements
    assert (first.whole, len(first.live), first.age_us) == (True, 1, 25_000)
    assert first.raw[:2] == [RawRow(1000, 0, None, None), RawRow(13_500, 1, None, None)]
    assert second.raw == [RawRow(51_000, 4, None, None)]


def test_what_is_lost_before_a_begin_belongs_to_the_measurement_before(tmp_path: Path, sentence):
    found = taken(
        tmp_path,
        begin(sentence, 0)
        + raw(sentence, 1, 0)
        + begin(sentence, 4)
        + raw(sentence, 5, 5)
        + now(sentence, 6, 0),
    )
    assert found.missing == 2
    assert [part.whole for part in found.measurements] == [False, True]
    assert len(found.measurements[1].live) == 1


def test_live_sentences_without_their_row_are_not_compared(tmp_path: Path, sentence):
    def rows(seq, first, last):
        ticks = enumerate(range(first, last))
        return b"".join(raw(sentence, seq + place, tick) for place, tick in ticks)

    answer = sentence("ANS", 1, 5, "ok", "1")
    turned_on_later = (
        begin(sentence, 0) + answer + rows(2, 5, 8) + now(sentence, 5, 87),
        begin(sentence, 0) + now(sentence, 1, 87) + rows(2, 8, 9) + now(sentence, 3, 100),
    )
    for data in turned_on_later:
        assert taken(tmp_path, data).measurements[0].live == []
    turned_off = begin(sentence, 0) + rows(1, 0, 3) + now(sentence, 4, 25) + now(sentence, 5, 100)
    missing = begin(sentence, 0) + rows(1, 0, 3) + now(sentence, 4, 25) + rows(6, 4, 5)
    for data in (turned_off, missing + now(sentence, 7, 50)):
        assert [one.seq for one in taken(tmp_path, data).measurements[0].live] == [4]


def test_the_age_goes_on_over_wraps_of_the_clock(tmp_path: Path, sentence):
    period, step, count = 2**30, 990_000, 2300
    assert count * step > 2 * period
    data = begin(sentence, 0) + b"".join(
        sentence("RAW", 1 + n, n * step % period, 0, None, None) for n in range(count)
    )
    last_us = (count - 1) * step
    part = taken(tmp_path, data + now(sentence, count + 1, last_us // 1000)).measurements[0]
    assert (part.age_us, len(part.live)) == (last_us, 1)


def test_a_clock_that_leaps_ahead_is_believed_if_the_next_row_goes_on_from_there(
    tmp_path: Path, sentence
):
    """One row alone of another moment is damage that a checksum let through."""
    ahead = 400_000_000
    alone = begin(sentence, 0) + b"".join(
        sentence("RAW", 1 + n, 12_500 * n + (ahead if n == 40 else 0), n, None, None)
        for n in range(80)
    )
    found = taken(tmp_path, alone)
    (part,) = found.measurements
    assert (found.damaged, len(part.raw), part.age_us) == (1, 79, 79 * 12_500)
    whole = begin(sentence, 0) + b"".join(
        sentence("RAW", 1 + n, 12_500 * n + (ahead if n >= 40 else 0), n, None, None)
        for n in range(80)
    )
    found = taken(tmp_path, whole)
    (part,) = found.measurements
    assert (found.damaged, len(part.raw), part.age_us) == (0, 80, 79 * 12_500 + ahead)


def test_a_start_of_the_box_separates_even_if_its_begin_is_lost(tmp_path: Path, sentence):
    found = taken(
        tmp_path,
        begin(sentence, 0)
        + raw(sentence, 1, 900)
        + sentence("ID", 0, 1, "1", "b", "n", 2, "hard", "ABCD", "1.28.0")
        + raw(sentence, 2, 0),
    )
    assert [part.whole for part in found.measurements] == [True, False]
    assert found.missing == 1


def test_rows_of_which_the_beginning_is_missing_are_left_out(tmp_path: Path, sentence):
    """Those that come between a host's turning raw on and its `begin`."""
    lead_in = b"".join(raw(sentence, tick, tick) for tick in range(5))
    walk = b"".join(raw(sentence, 6 + tick, 5 + tick) for tick in range(200))
    found = taken(tmp_path, lead_in + begin(sentence, 5) + walk)
    assert ([len(part.raw) for part in found.measurements], found.left_out) == ([200], 5)
    found = taken(tmp_path, lead_in)
    assert ([len(part.raw) for part in found.measurements], found.left_out) == ([5], 0)


def test_a_row_that_no_box_can_send_is_damaged(tmp_path: Path, sentence):
    found = taken(
        tmp_path,
        begin(sentence, 0)
        + raw(sentence, 1, 0)
        + sentence("RAW", 2, 1 << 30, 0, None, None)
        + raw(sentence, 3, 2),
    )
    assert (found.good, found.damaged, found.missing) == (3, 1, 0)
    assert (len(found.measurements[0].raw), found.measurements[0].whole) == (2, False)


def test_damaged_missing_and_cut_lines_are_counted_to_the_line(tmp_path: Path, walk):
    sound = taken(tmp_path, walk.capture)
    assert (sound.damaged, sound.missing) == (0, 0)

    lines = walk.capture.splitlines(keepends=True)
    damaged, dropped = (400, 700, 701, 1000), (500, 800, 801)
    for number in damaged:
        assert lines[number].startswith(b"$")
        lines[number] = lines[number].replace(b",", b";", 1)
    kept = [line for number, line in enumerate(lines) if number not in dropped]
    last = max(number for number, line in enumerate(kept) if line.startswith(b"$RAW"))
    data = b"".join(kept[: last + 1])[:-4]

    expected = taken(tmp_path, b"".join(lines[: last + 1 + len(dropped)])).good - len(dropped) - 1
    found = taken(tmp_path, data)
    assert found.damaged == len(damaged) + 1
    assert found.missing == len(dropped)
    assert found.good == expected
    # Nothing of a damaged line is half-used.
    good_raw = {row for part in sound.measurements for row in part.raw}
    assert {row for part in found.measurements for row in part.raw} < good_raw


def test_a_capture_without_raw_rows_or_that_cannot_be_read(tmp_path: Path, sentence):
    with pytest.raises(CaptureError, match="2 good and 0 damaged sentences, but no raw rows"):
        taken(tmp_path, begin(sentence, 0) + now(sentence, 1, 0))
    with pytest.raises(CaptureError, match=r"Can't read .*nope: No such file"):
        read_capture(tmp_path / "nope")


def test_differences_name_moment_field_and_both_values(tmp_path: Path, sentence):
    part = taken(
        tmp_path,
        begin(sentence, 0)
        + raw(sentence, 1, 0)
        + sentence("DST", 2, 0, 7, 9, *[None] * 8)
        + now(sentence, 3, 0),
    ).measurements[0]
    same = {
        **dict.fromkeys(("steps", "cadence_spm_x10", "step_length_mm", "grabs", *EVENNESS)),
        **dict.fromkeys(("rail_left_mn", "rail_right_mn", "reliance_permille", "zone")),
        **dict.fromkeys(("belt_mm_s", "speed_mm_s", "flags"), 0),
        "forward_mm": 7,
        "backward_mm": 9,
    }
    assert differences(part, {0: same}) == []
    assert differences(part, {0: same | {"backward_mm": 8, "zone": 0}}) == [
        "DST at 0 ms: backward_mm was 9, computed 8",
        "NOW at 0 ms: zone was None, computed 0",
    ]
    assert differences(part, {}) == ["DST at 0 ms has no raw row", "NOW at 0 ms has no raw row"]


def walked(sentence, seq, *, start_us, ticks, boots=1, from_tick=0, per_tick=1, zero=0):
    """A host's `raw`, some rows, its `begin`, and a walk from zero, as `record` captures it."""
    parts = [sentence("ID", seq, 1, "1", "b", "n", boots, "power", "ABCD", "1.28.0")]

    def row(tick):
        t_us = (start_us + tick * 12_500) % 2**30
        parts.append(sentence("RAW", (seq + len(parts)) % 10_000, t_us, zero + tick, None, None))

    for tick in range(from_tick, from_tick + 5):
        row(tick)
    parts.append(sentence("BEG", (seq + len(parts)) % 10_000, boots, "ABCD"))
    for tick in range(from_tick + 5, from_tick + 5 + ticks):
        row(tick)
        if (tick - from_tick - 4) % 8 == 0:
            t_ms = (tick - from_tick - 5) * 12_500 // 1000
            parts.append(now(sentence, (seq + len(parts)) % 10_000, t_ms))
    return b"".join(parts)


@pytest.mark.parametrize("seq", [0, 3, 300, 600, 3000, 5900, 9990])
@pytest.mark.parametrize("start_us", [5, 6_000_000, 2**29, 2**30 - 5])
@pytest.mark.parametrize("cut", [0, 40, 130, 200])
def test_two_captures_in_one_file_are_two_measurements(
    tmp_path: Path, sentence, seq, start_us, cut
):
    """As loggers append them: nothing of the way from one to the other belongs to either.

    Whatever the numbers and clocks at the joint, and wherever the first one ends.
    """
    first = walked(sentence, 1, start_us=100, ticks=400)
    first = b"".join(first.splitlines(keepends=True)[: 460 - cut // 4])[: -cut or None]
    second = walked(sentence, seq, start_us=start_us, ticks=400, boots=7, zero=-9_000_000)
    found = taken(tmp_path, first + b"\n" + second)
    one, two = found.measurements
    assert two.whole
    assert {row.count >= 0 for row in one.raw} == {True}
    assert one.raw == taken(tmp_path, first).measurements[0].raw
    assert two.raw == taken(tmp_path, second).measurements[0].raw
    assert two.raw[0].count == 5 - 9_000_000
    assert found.damaged <= 1
    assert 5 <= found.left_out <= 10


def test_a_later_part_of_another_walk_is_not_taken_for_a_gap(tmp_path: Path, sentence):
    """Its numbers and its moments go on as after a gap; only its clock says that it is another."""
    first = walked(sentence, 1, start_us=0, ticks=400).splitlines(keepends=True)
    second = walked(sentence, 600, start_us=500_000_000, ticks=2000, zero=-9_000_000)
    found = taken(tmp_path, b"".join(first + second.splitlines(keepends=True)[900:]))
    one, two = found.measurements
    assert one.raw == taken(tmp_path, b"".join(first)).measurements[0].raw
    assert {row.count < 0 for row in two.raw} == {True}


def test_a_gap_within_a_walk_stays_one_measurement(tmp_path: Path, sentence):
    """However long: its clock goes on as its moments do."""
    lines = walked(sentence, 1, start_us=2**30 - 900_000, ticks=4000).splitlines(keepends=True)
    for first, last in ((100, 101), (100, 400), (2000, 4000), (90, 99)):
        found = taken(tmp_path, b"".join(lines[:first] + lines[last:]))
        assert len(found.measurements) == 1
        assert found.missing == last - first
        rows = sum(line.startswith(b"$RAW") for line in lines[:first] + lines[last:])
        assert len(found.measurements[0].raw) == rows - 5


def test_a_moment_or_a_clock_that_runs_backward_is_not_believed(tmp_path: Path, sentence):
    """Sound by its checksum, and absurd: one in 65 536 damaged sentences is."""
    lines = walked(sentence, 1, start_us=9_000_000, ticks=300).splitlines(keepends=True)
    sound = taken(tmp_path, b"".join(lines))
    now_at = next(at for at in range(200, 300) if lines[at].startswith(b"$NOW"))
    raw_at = next(at for at in range(200, 300) if lines[at].startswith(b"$RAW"))
    for at, absurd in ((now_at, now(sentence, now_at + 1, 3)), (raw_at, raw(sentence, 201, 0))):
        found = taken(tmp_path, b"".join([*lines[:at], absurd, *lines[at + 1 :]]))
        (part,) = found.measurements
        assert (found.good, found.damaged) == (sound.good - 1, 1)
        assert part.age_us == sound.measurements[0].age_us
        assert len(part.raw) >= len(sound.measurements[0].raw) - 1


def test_a_clock_that_was_set_begins_another_measurement(tmp_path: Path, sentence):
    rows = [raw(sentence, 1 + tick, 1000 + tick) for tick in range(300)]
    rows += [raw(sentence, 301 + tick, tick) for tick in range(300)]
    found = taken(tmp_path, begin(sentence, 0) + b"".join(rows))
    assert [part.age_us for part in found.measurements] == [299 * 12_500, 298 * 12_500]


ENCODINGS = {
    "utf-16": lambda data: data.decode("latin-1").encode("utf-16"),
    "utf-16-le": lambda data: data.decode("latin-1").encode("utf-16-le"),
    "utf-16-be": lambda data: data.decode("latin-1").encode("utf-16-be"),
    "utf-8-sig": lambda data: data.decode("latin-1").encode("utf-8-sig"),
    "windows": lambda data: data.replace(b"\n", b"\r\n"),
    "doubled returns": lambda data: data.replace(b"\n", b"\r\r\n"),
    "old mac": lambda data: data.replace(b"\n", b"\r"),
    "gzip": gzip.compress,
    "coloured": lambda data: data.replace(b"$", b"\x1b[1;32m\x1b[K$").replace(b"\n", b"\x1b[0m\n"),
    "titled": lambda data: b"\x1b]0;COM3\x07" + data.replace(b"\n", b"\x1b]0;COM3\x1b\\\n"),
    "stamped": lambda data: data.replace(b"$", b"[12:00:01.123] RX<- $"),
    "quoted": lambda data: data.replace(b"$", b'12:00:01,"$').replace(b"\n", b'"\r\n'),
    "coloured in utf-16": lambda data: (
        data.replace(b"$", b"\x1b[32m$").decode("latin-1").encode("utf-16")
    ),
}


@pytest.mark.parametrize("saved", ENCODINGS.values(), ids=ENCODINGS)
def test_what_loggers_and_editors_make_of_a_capture_is_read(tmp_path: Path, sentence, saved):
    data = walked(sentence, 1, start_us=9_000_000, ticks=300)
    right = taken(tmp_path, data)
    (tmp_path / "port.capture").write_bytes(saved(data))
    assert is_capture(tmp_path / "port.capture")
    found = taken(tmp_path, saved(data))
    assert [part.raw for part in found.measurements] == [part.raw for part in right.measurements]
    assert (found.good, found.damaged, found.missing) == (right.good, 0, 0)


def test_a_capture_of_noise_keeps_little(tmp_path: Path, sentence):
    found = taken(tmp_path, b"noise\n" * 5000 + b"x" * 300_000 + b"\n" + raw(sentence, 1, 1))
    assert len(found.console) == 1000
