"""Raw rows from CSV files."""

import gzip
from pathlib import Path

import pytest

from beltbox.replay.raw_csv import RawFileError, raw_line, read_raw_csv
from beltbox.walk.rows import RawRow

HEADER = "t_us,count,rail_left,rail_right\n"


def read(folder: Path, text: str | bytes) -> list[RawRow]:
    path = folder / "raw.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (part,) = read_raw_csv(path)
    return part.rows


def test_rows_come_as_they_stand(tmp_path: Path):
    assert read(tmp_path, HEADER + "0,-5,1,\n12500,7,,-8388608\n") == [
        RawRow(0, -5, 1, None),
        RawRow(12500, 7, None, -8388608),
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + HEADER.encode() + b"1,2,3,4\n",
        b"t_us,count,rail_left,rail_right\r\n1,2,3,4\r\n\r\n",
        b"note,rail_right,count, t_us ,rail_left\n\xff\xfe,4, 2 ,1,3\n",
        b'"t_us","count","rail_left","rail_right"\n"1","2","3","4"',
        (HEADER + "1,2,3,4\n").encode("utf-16"),
        (HEADER + "1,2,3,4\n").encode("utf-16-be"),
        (HEADER + "1,2,3,4\n").encode("utf-32"),
        (HEADER + "1,2,3,4\n").replace("\n", "\r").encode(),
        gzip.compress((HEADER + "1,2,3,4\n").encode("utf-16")),
    ],
    ids=[
        "mark",
        "windows",
        "other order and columns",
        "quoted and cut",
        "utf-16",
        "utf-16 without a mark",
        "utf-32",
        "old Mac",
        "gzip",
    ],
)
def test_what_spreadsheets_make_of_it_is_read(tmp_path: Path, text: bytes):
    assert read(tmp_path, text) == [RawRow(1, 2, 3, 4)]


def test_the_limits_are_allowed_and_the_clock_may_wrap(tmp_path: Path):
    rows = [
        RawRow(2**30 - 1, 2**30 - 1, 2**23 - 1, -(2**23)),
        RawRow(5, -(2**30), None, None),
        # Just under half a period: forward.
        RawRow(5 + 2**29 - 1, 0, 0, 0),
    ]
    assert read(tmp_path, HEADER + "".join(map(raw_line, rows))) == rows


BAD = {
    "empty": ("", "raw.csv is empty"),
    "header only": (HEADER, "raw.csv has a header but no rows"),
    "missing column": ("t_us,count,rail_left\n1,2,3\n", "line 1: column rail_right is missing"),
    "column twice": (
        "t_us,t_us,count,rail_left,rail_right\n1,1,2,3,4\n",
        "line 1: column t_us is there twice",
    ),
    "not a number": (HEADER + "1,2,3,4\n2,2,x,4\n", "line 3, column rail_left: 'x'"),
    "fraction": (HEADER + "1.5,2,3,4\n", "line 2, column t_us: '1.5'"),
    "underscore": (HEADER + "1,2_0,3,4\n", "line 2, column count: '2_0'"),
    "other digits": (HEADER + "1,٣,3,4\n", "line 2, column count: '٣'"),
    "empty count": (HEADER + "1,,3,4\n", "line 2, column count: empty"),
    "24 bits": (
        HEADER + "1,2,3,8388608\n",
        "line 2, column rail_right: 8388608 is outside -8388608 to 8388607",
    ),
    "24 bits below": (HEADER + "1,2,-8388609,4\n", "column rail_left: -8388609 is outside"),
    "31 bits": (HEADER + "1,1073741824,3,4\n", "column count: 1073741824 is outside"),
    "clock": (HEADER + "1073741824,1,3,4\n", "column t_us: 1073741824 is outside"),
    "long": (HEADER + "1," + "9" * 5000 + ",3,4\n", "line 2, column count: '999"),
    "backward": (
        HEADER + "1,2,3,4\n500,2,3,4\n499,2,3,4\n",
        "line 4, column t_us: the clock runs backward, from 500 to 499",
    ),
    "half a period": (HEADER + f"0,2,3,4\n{2**29},2,3,4\n", "line 3, column t_us: the clock runs"),
    "fields": (HEADER + "1,2,3\n", "line 2: 3 fields where the header has 4"),
    "cut": (HEADER + "1,2,3,4\n2,2,3,4\n3,2", "line 4: 2 fields"),
    "nul": (HEADER + "1,2,3\0,4\n", "line 2, column rail_left: '3\\x00'"),
    "not utf-8": (HEADER.encode() + b"1,2,3,4\n2,\xff,3,4\n", "line 3, column count: '\\\\xff'"),
    "something else": ("name,price\n1,2\n", "neither raw rows nor a capture: its first line isn't"),
    "zip": (b"PK\x03\x04" + bytes(50), "raw.csv is a zip archive. Unpack it"),
    "store": (b"SQLite format 3\0" + bytes(50), "raw.csv is a store. Write its raw rows to a file"),
    "cut gzip": (gzip.compress(HEADER.encode() * 999)[:-20], "compressed by gzip, and damaged"),
    "no lines": (HEADER.encode() + b"1" * 3_000_000, "a line of more than 1048576 bytes"),
    "huge field": (HEADER + "1,2,3," + "x" * 200_000 + "\n", "line 2: field larger than"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_with_file_line_and_column(
    tmp_path: Path, text: str | bytes, words: str
):
    with pytest.raises(RawFileError) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "raw.csv") in str(caught.value)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path):
    for path, words in ((tmp_path / "nope.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(RawFileError, match=f"Can't read {path}: {words}"):
            read_raw_csv(path)


def test_files_put_one_behind_the_other_are_parts(tmp_path: Path):
    """Their clocks and counts have nothing to do with each other."""
    path = tmp_path / "raw.csv"
    first, second = "900,5,,\n13400,6,,\n", "100,77777,,\n"
    both = [[RawRow(900, 5, None, None), RawRow(13400, 6, None, None)]]
    both.append([RawRow(100, 77777, None, None)])
    path.write_text(HEADER + first + HEADER + HEADER + second)
    assert [part.rows for part in read_raw_csv(path)] == both
    # A marked file behind another one, and one with its columns in another order.
    path.write_text(HEADER + first + "\ufeffcount,t_us,rail_right,rail_left\n77777,100,,\n")
    assert [part.rows for part in read_raw_csv(path)] == both
    # What an export writes behind them says it, too, where the second header was cut off.
    header = "t_us,count,rail_left,rail_right,segment,utc,settings_hash\n"
    for ends in (("1,,0x12E4", "2,,0x12E4"), ("1,,0x12E4", "1,,0xABCD")):
        rows = [line + "," + ends[0] for line in first.split()]
        path.write_text(header + "\n".join([*rows, f"{second.strip()},{ends[1]}"]))
        parts = read_raw_csv(path)
        assert [part.rows for part in parts] == both
        assert [part.settings_hash for part in parts] == [end[-4:] for end in ends]


def test_a_column_that_is_missing_in_the_second_header_is_named_with_its_line(tmp_path: Path):
    with pytest.raises(RawFileError, match="line 3: 3 fields where the header has 4"):
        read(tmp_path, HEADER + "1,2,3,4\nt_us,count,rail_left\n")
