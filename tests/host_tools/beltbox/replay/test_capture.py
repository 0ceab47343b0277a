"""Captures taken apart."""

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
    period, step = 2**30, 2**29 - 1
    data = begin(sentence, 0) + b"".join(
        sentence("RAW", 1 + n, n * step % period, 0, None, None) for n in range(6)
    )
    part = taken(tmp_path, data + now(sentence, 7, 5 * step // 1000)).measurements[0]
    assert (part.age_us, len(part.live)) == (5 * step, 1)


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
        begin(sentence, 0) + raw(sentence, 1, 0) + sentence("RAW", 2, 1 << 30, 0, None, None),
    )
    assert (found.good, found.damaged) == (2, 1)
    assert (len(found.measurements[0].raw), found.measurements[0].whole) == (1, False)


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
