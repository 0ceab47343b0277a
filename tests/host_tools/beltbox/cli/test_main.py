"""The command line: what every command has, and those that need no box."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

import beltbox

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
    "store",
)
HEADER = "t_us,count,rail_left,rail_right\n"


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


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_help_is_wider_than_the_terminal(run, monkeypatch, columns):
    """Or the terminal breaks its words. `calibrate belt` has options too long for 40 columns."""
    monkeypatch.setenv("COLUMNS", str(columns))
    commands = [(), *((name,) for name in COMMANDS)]
    commands += [("calibrate", name) for name in ("rail", "check", "show")]
    for command in commands:
        # The tests' own name for the program is longer than `beltbox`.
        shown = run(*command, "--help").out.partition("\n\n")[2]
        assert [line for line in shown.splitlines() if len(line) > columns] == [], command
