"""`beltbox replay`."""

import csv
import json
from pathlib import Path

import pytest

from beltcore import settings as declared

HEADER = "t_us,count,rail_left,rail_right\n"


def test_what_was_exported_raw_is_replayed_to_what_was_exported(run, store: Path, tmp_path: Path):
    settings = tmp_path / "box.json"
    settings.write_text(json.dumps(declared.defaults()))
    raw, metrics, again = (tmp_path / name for name in ("raw.csv", "metrics.csv", "again.csv"))
    assert run("export", "--rows", "raw", "--out", raw, "--store", store).status == 0
    assert run("export", "--rows", "metrics", "--out", metrics, "--store", store).status == 0
    ran = run("replay", raw, "--settings", settings, "--out", again)
    assert ran.status == 0
    assert f"{again}: 0:00, 316 mm (forward 0, backward 316)" in ran.out
    exported = list(csv.DictReader(metrics.read_text().splitlines()))
    for row in exported:
        assert row.pop("box_flags") == ""  # what only the box saw isn't in the raw rows
        del row["segment"], row["utc"]  # a replay knows no session
    assert list(csv.DictReader(again.read_text().splitlines())) == exported


def test_a_capture_is_counted(run, walk, tmp_path: Path):
    capture, settings, out = (tmp_path / name for name in ("c.capture", "box.json", "m.csv"))
    lines = walk.capture.splitlines(keepends=True)
    lines[900] = lines[900].replace(b",", b".", 1)
    del lines[700:703]
    capture.write_bytes(b"".join(lines))
    settings.write_text(json.dumps(walk.session.segments[-1].settings))
    arguments = ("replay", capture, "--settings", settings, "--out", out)
    ran = run(*arguments)
    assert ran.status == 0
    assert " 1 damaged, 3 missing; " in ran.said
    assert "live sentences equal what the raw rows give." in ran.said
    found = json.loads(run(*arguments, "--json", "--overwrite").out)
    assert (found["damaged"], found["missing"], found["live_unequal"]) == (1, 3, 0)
    assert found["good"] + 4 >= len([line for line in lines if line.startswith(b"$")])
    assert found["live_not_compared"] > 0
    assert " live sentences couldn't be compared, because rows are missing." in ran.said


def test_live_rows_that_differ_are_said_and_the_file_is_there(run, walk, sentence, tmp_path: Path):
    capture, settings, out = (tmp_path / name for name in ("c.capture", "box.json", "m.csv"))
    lines = walk.capture.splitlines(keepends=True)
    place = next(i for i, line in enumerate(lines) if i > 900 and line.startswith(b"$DST,"))
    kind, *fields = lines[place][1:].split(b"*")[0].decode().split(",")
    fields[2] = str(int(fields[2]) + 1)
    lines[place] = sentence(kind, *fields)
    capture.write_bytes(b"".join(lines))
    settings.write_text(json.dumps(walk.session.segments[-1].settings))
    ran = run("replay", capture, "--settings", settings, "--out", out)
    assert ran.status == 1
    assert "1 live values differ from what the raw rows give; the first: DST at " in ran.said
    assert f"was written all the same: {out}" in ran.said
    assert out.exists()


def test_other_settings_than_those_of_the_recording_are_a_warning(run, store: Path, tmp_path: Path):
    raw, out = tmp_path / "raw.csv", tmp_path / "m.csv"
    assert run("export", "--rows", "raw", "--out", raw, "--store", store).status == 0
    # An export has its settings beside it: then none need be named.
    plain = run("replay", raw, "--out", out, "--json")
    assert (plain.status, plain.err) == (0, "")
    assert json.loads(plain.out)["other_settings"] == []

    recorded = json.loads((tmp_path / "raw.settings.json").read_text())
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps({**recorded, "belt_nm_per_count": 200_000}))
    ran = run("replay", raw, "--settings", mine, "--out", out, "--json", "--overwrite")
    hashes = [
        f"{declared.fingerprint({**recorded, 'belt_nm_per_count': nm}):04X}"
        for nm in (recorded["belt_nm_per_count"], 200_000)
    ]
    assert ran.status == 0
    for words in (*hashes, "other settings", "belt_nm_per_count 100000, here 200000", str(mine)):
        assert words in ran.err
    (other,) = json.loads(ran.out)["other_settings"]
    assert other == {
        "measurement": 1,
        "recorded_hash": hashes[0],
        "given_hash": hashes[1],
        "differing": {"belt_nm_per_count": [100_000, 200_000]},
    }

    (tmp_path / "raw.settings.json").unlink()
    ran = run("replay", raw, "--settings", mine, "--out", out, "--overwrite")
    assert ran.status == 0
    assert all(text in ran.err for text in hashes)
    ran = run("replay", raw, "--out", out)
    assert ran.status == 2
    assert "No settings are beside" in ran.err


def test_the_settings_file_is_not_written_over(run, tmp_path: Path):
    raw, settings = tmp_path / "raw.csv", tmp_path / "box.json"
    raw.write_text(HEADER + "1,2,3,4\n")
    settings.write_text("{}")
    ran = run("replay", raw, "--settings", settings, "--out", settings)
    assert ran.status == 1
    assert "box.json is the settings file itself" in ran.said
    assert settings.read_text() == "{}"


BAD = {
    "missing column": "t_us,count,rail_left\n1,2,3\n",
    "not a number": HEADER + "1,x,3,4\n",
    "24 bits": HEADER + "1,2,8388608,4\n",
    "backward": HEADER + "2,2,3,4\n1,2,3,4\n",
    "empty": "",
    "header only": HEADER,
    "fields": HEADER + "1,2\n",
    "nul": "\0\0\0",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_bad_recording_is_status_1_and_leaves_no_file(run, tmp_path: Path, text: str):
    raw, settings, out = (tmp_path / name for name in ("raw.csv", "box.json", "m.csv"))
    raw.write_text(text)
    settings.write_text("{}")
    ran = run("replay", raw, "--settings", settings, "--out", out)
    assert ran.status == 1
    assert ran.err.startswith(f"beltbox: {raw}")
    assert not out.exists()
