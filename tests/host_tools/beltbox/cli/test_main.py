"""The command line: what every command has, and those that need no box."""

import csv
import io
import json
import random
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

import beltbox
from beltbox.cli.sessions.sessions import sessions_table
from beltbox.store.store import open_store
from beltbox.walk.rows import MetricRow, RawRow
from beltcore import settings as declared

COMMANDS = (
    "live",
    "record",
    "pull",
    "settings",
    "doctor",
    "flash",
    "bundle",
    "calibrate",
    "sim",
    "sessions",
    "report",
    "export",
    "replay",
)
HEADER = "t_us,count,rail_left,rail_right\n"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with one walk of a second."""
    path = tmp_path / "walks.sqlite"
    with open_store(path) as opened:
        writer = opened.start_session(
            started_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
            box_name="b",
            board="esp32",
            firmware="1",
            protocol=1,
            person="Anna",
        )
        writer.start_segment(
            settings=declared.defaults(), boot_count=1, reason="start", first_t_us=None
        )
        for tick in range(80):
            writer.add_raw(RawRow(tick * 12_500, -40 * tick, None, None))
            if tick % 8 == 7:
                mm = 4 * tick
                writer.add_metric(
                    MetricRow(tick * 12_500 // 1000, -320, -320, mm, backward_mm=mm, forward_mm=0)
                )
        writer.close(datetime(2026, 3, 1, 12, 1, tzinfo=UTC), "stopped")
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_shows_an_example(run, command: str):
    ran = run(command, "--help")
    assert ran.status == 0
    assert f"Example: beltbox {command}" in ran.said
    assert "--help" in ran.out


def test_the_commands_are_listed_and_the_version_is_said(run):
    ran = run("-h")
    listed = re.findall(r"^  (\w+) {2,}\S", ran.out.partition("Commands:")[2], re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)
    assert run("--version").out == f"beltbox {beltbox.__version__}\n"


def test_the_help_names_every_exit_status(run):
    words = run("--help").said
    for status in ("0 done", "1 failed", "2 used wrongly", "130 stopped by Ctrl-C"):
        assert status in words


@pytest.mark.parametrize(
    "arguments",
    [
        ("nope",),
        ("--nope",),
        ("replay",),
        ("replay", "raw.csv"),
        ("replay", "raw.csv", "--settings", "s", "--out", "o", "--engine", "cobol"),
        ("report", "three"),
        ("export", "--format", "xml"),
        ("export", "--rows", "all"),
        ("sessions", "extra"),
        ("record", "--seconds", "x"),
        ("sim", "--speed", "fast"),
        ("sim", "--speed", "nan"),
        ("sim", "--scenario", "nope"),
        ("settings", "foo=1"),
        ("settings", "body_mass_g"),
        ("live", "--port", ""),
    ],
)
def test_wrong_use_is_status_2(run, arguments: tuple[str, ...]):
    ran = run(*arguments)
    assert ran.status == 2
    assert "Usage: " in ran.err


def test_sessions_are_listed(run, store: Path):
    ran = run("sessions", "--store", store)
    assert ran.status == 0
    assert "Anna" in ran.out
    assert "0.3 m" in ran.out
    assert len(ran.out.rstrip().splitlines()) == 2  # nothing wraps
    (session,) = json.loads(run("sessions", "--store", store, "--json").out)
    assert (session["id"], session["distance_mm"], session["person"]) == (1, 316, "Anna")
    assert session["started_at"] == "2026-03-01T12:00:00+00:00"


def test_sessions_fit_into_80_columns_and_files_have_a_line_each(store: Path):
    with open_store(store) as opened:
        (one,) = opened.sessions()
    long = replace(
        one,
        id=1234,
        totals=replace(
            one.totals, duration_ms=36_000_000, moving_ms=30_000_000, distance_mm=12_345_678
        ),
        person="Anna-Katharina von Hohenstein-Ohlsdorf",
        complete=False,
    )
    out = io.StringIO()
    Console(file=out, width=80, force_terminal=True, color_system=None).print(
        sessions_table([long, one])
    )
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert max(map(len, lines)) <= 80
    assert "…" not in out.getvalue()
    for words in ("1234*", "10:00:00", "12.35 km", "m/s", "hands off"):
        assert words in out.getvalue()


def test_a_mistyped_store_is_not_made(run, tmp_path: Path):
    ran = run("sessions", "--store", tmp_path / "nope.sqlite")
    assert ran.status == 1
    assert "There is no store at" in ran.said
    assert list(tmp_path.glob("nope*")) == []
    for store in (":memory:", "sqlite:///:memory:"):
        ran = run("sessions", "--store", store)
        assert ran.status == 1
        assert "names no file" in ran.said


def test_an_empty_store_and_an_unknown_session_are_said(run, apart, store: Path, tmp_path: Path):
    ran = run("sessions")
    assert ran.status == 0
    assert "No sessions in" in ran.out
    assert json.loads(run("sessions", "--json").out) == []
    for command in ("report", "export"):
        ran = run(command)
        assert ran.status == 1
        assert "No sessions in" in ran.said
        ran = run(command, 7, "--store", store)
        assert ran.status == 1
        assert "There is no session 7" in ran.said
        ran = run(command, "--store", tmp_path / "nope.sqlite")
        assert ran.status == 1
        assert "There is no store at" in ran.said
    assert not (tmp_path / "nope.sqlite").exists()
    assert list((apart / "data").iterdir()) == []


def test_a_report_is_written(run, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):  # its own name may be replaced
        assert run("report", "--store", store).out == "Report of session 1: session-1.html\n"
    assert "<html" in (tmp_path / "session-1.html").read_text()
    ran = run("report", 1, "--store", store, "--out", tmp_path / "nope" / "r.html")
    assert ran.status == 1
    assert "Can't write" in ran.said


@pytest.mark.parametrize("command", ["report", "export"])
def test_what_is_there_is_not_written_over(run, store: Path, tmp_path: Path, command: str):
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    ran = run(command, "--store", store, "--out", notes)
    assert ran.status == 1
    assert "notes.txt exists already" in ran.said
    assert notes.read_text() == "mine"
    assert run(command, "--store", store, "--out", notes, "--overwrite").status == 0
    assert notes.read_text() != "mine"
    ran = run(command, "--store", store, "--out", store, "--overwrite")
    assert ran.status == 1
    assert "walks.sqlite is the store itself" in ran.said
    assert len(json.loads(run("sessions", "--store", store, "--json").out)) == 1


def test_what_a_file_says_is_no_order_to_the_terminal(run, tmp_path: Path):
    raw, settings = tmp_path / "raw\x1b[2J.csv", tmp_path / "box.json"
    raw.write_text("rubbish")
    settings.write_text("{}")
    ran = run("replay", raw, "--settings", settings, "--out", tmp_path / "m.csv")
    assert ran.status == 1
    assert "\x1b" not in ran.err
    assert "raw\\x1b[2J.csv" in ran.err


@pytest.mark.parametrize(("rows", "count"), [("metrics", 80), ("live", 10), ("raw", 80)])
def test_a_session_is_exported(run, store: Path, tmp_path: Path, rows: str, count: int):
    out = tmp_path / "walk.csv"
    ran = run("export", 1, "--format", "csv", "--rows", rows, "--out", out, "--store", store)
    assert ran.status == 0
    with out.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == count
    ran = run("export", 1, "--rows", rows, "--out", out, "--store", store)
    assert ran.status == 1
    assert "exists already" in ran.said
    assert run("export", "--rows", rows, "-o", out, "--overwrite", "--store", store).status == 0


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
    found = json.loads(run(*arguments, "--json").out)
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


def test_words_are_said_whatever_the_terminal_can_show(store: Path, tmp_path: Path):
    """Dashes where there are only ASCII letters, and file names that are no text."""
    for arguments, status in (
        (("sessions", "--store", str(store)), 0),
        (("report", "--store", b"/nope/\xff\xfe.sqlite"), 1),
        (("replay", b"\xff.csv", "--settings", b"\xfe.json", "--out", "o"), 1),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "beltbox", *arguments],
            env={"PYTHONIOENCODING": "ascii", "HOME": str(tmp_path)},
            capture_output=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert b"Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error(store: Path):
    with subprocess.Popen(
        [sys.executable, "-m", "beltbox", "sessions", "--json", "--store", str(store)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_nothing_that_is_typed_gives_a_traceback(run, store: Path, tmp_path: Path, monkeypatch):
    """A little of everything; `run` fails for any exception that escapes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw.csv").write_text(HEADER + "1,2,3,4\n")
    (tmp_path / "box.json").write_text("{}")
    words = [
        *("--store", str(store), "--port", "/dev/null", "--out", "raw.csv", "--json", "--list"),
        *("--settings", "box.json", "--seconds", "1e9", "--rows", "raw", "--engine", "cpython"),
        *("-1", "0", "", " ", "\udcff", "ÿ", "9" * 30, "nan", ".", "..", "/", "~", "*", "=", "a=b"),
        *("box_name=", "schema=1", "--load", "--save", "--tare", "--format", "csv", "--", "-o"),
        *("sqlite://", "postgresql://x", "http://x", "--speed", "--seed", "--scenario", "nope"),
    ]
    choose = random.Random(7)
    for _ in range(80):
        command = choose.choice([one for one in COMMANDS if one not in ("live", "record", "sim")])
        ran = run(command, *choose.choices(words, k=choose.randint(0, 5)))
        assert ran.status in (0, 1, 2)
