"""`beltbox sim`."""

import csv
import json
import os
import signal
from pathlib import Path

import pytest

from beltbox.link.finding import find_box
from beltbox.sim import running_box as sim
from beltbox.virtualbox import builtin_names

SHORT = 'title = "Short"\nduration_s = 3\n[[walk]]\nat_s = 0.5\nmph = 1.0\n'


def test_the_scenarios_are_listed_with_their_titles(run):
    ran = run("sim", "--list")
    assert ran.status == 0
    assert [line.split()[0] for line in ran.out.splitlines()] == list(builtin_names())
    assert "A reset in mid-walk" in ran.out


def truth_rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_a_scenario_plays_to_its_end_with_link_and_truth(start, until, tmp_path: Path):
    (tmp_path / "short.toml").write_text(SHORT)
    link, truth = tmp_path / "port", tmp_path / "truth.csv"
    program = start(
        *("sim", "--scenario", tmp_path / "short.toml", "--speed", 2),
        *("--link", link, "--truth", truth, "--seed", 5),
    )
    until(link.exists, "the link")
    assert os.path.realpath(link).startswith("/dev/pts/")
    assert program.end() == 0
    assert "The scenario has ended; the virtual box is off." in program.said
    assert not link.is_symlink()
    rows = truth_rows(truth)
    assert len(rows) == pytest.approx(301, abs=2)
    assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_tidily_and_the_truth_is_whole(
    start, until, apart, tmp_path: Path, number
):
    link, truth = tmp_path / "port", tmp_path / "truth.csv"
    program = start("sim", "--scenario", "steady-1mph", "--link", link, "--truth", truth)
    program.says("Ctrl-C ends it.")
    assert link.exists()
    (announced,) = (apart / "run" / "beltbox").iterdir()
    assert os.path.realpath(announced) == os.path.realpath(link)
    until(lambda: truth.stat().st_size > 3000, "the truth")
    assert program.signal(number) == 0
    assert "The virtual box is off." in program.said
    assert not link.is_symlink()
    assert not announced.is_symlink()
    rows = truth_rows(truth)
    assert {len(row) for row in rows} == {len(rows[0])}
    assert truth.read_bytes().endswith(b"\n")


def test_it_is_found_by_the_other_commands(start, run, tmp_path: Path):
    program = start("sim", "--speed", 10)
    program.says("beltbox live")
    ran = run("record", "--store", tmp_path / "walks.sqlite", "--seconds", 2, "--json")
    assert ran.status == 0, ran.said
    assert "(virtual box)" in ran.err
    assert program.process.poll() is None
    assert program.signal(signal.SIGINT) == 0


def test_its_flash_and_its_number_are_kept_with_state(start, run, tmp_path: Path):
    """Settings stand for all that is on the flash; the number of starts shows that it is one."""
    said: list[tuple[object, ...]] = []
    for change in (("box_name=kept",), ()):
        program = start("sim", "--scenario", "steady-1mph", "--state", tmp_path / "box")
        program.says("beltbox record")
        ran = run("settings", *change, "--json")
        assert ran.status == 0, ran.said
        with find_box(None) as link:
            assert link.identity is not None
            said.append((json.loads(ran.out)["box_name"], link.identity.serial))
            boots = link.identity.boots
        assert program.signal(signal.SIGINT) == 0
    assert said[0] == said[1]
    assert said[0][0] == "kept"
    assert boots == 2


@pytest.mark.parametrize(("arguments", "stays"), [((), True), (("--scenario", "demo"), False)])
def test_without_a_scenario_it_stays_after_the_walk(
    run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], stays: bool
):
    played = []
    monkeypatch.setattr(sim, "_play", lambda box: played.append(box.scenario))
    assert run("sim", *arguments).status == 0
    assert played[0].title == "A beginner's retro-walk"
    assert (played[0].duration_s > 24 * 3600) == stays


def test_no_runtime_folder_is_no_trouble(start, tmp_path: Path):
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    del environment["XDG_RUNTIME_DIR"]
    program = start("sim", "--scenario", "steady-1mph", env=environment)
    said = program.says("beltbox record")
    assert len(said.splitlines()) == 2  # no warnings
    assert (tmp_path / f"beltbox-{os.getuid()}" / str(program.process.pid)).is_symlink()
    assert program.signal(signal.SIGINT) == 0


def test_what_is_wrong_is_said(run, tmp_path: Path):
    (tmp_path / "bad.toml").write_text('title = "x"\nduration_s = "long"\n')
    (tmp_path / "file").write_text("")
    for arguments, words in (
        (("--scenario", tmp_path / "bad.toml"), "bad.toml"),
        (("--scenario", tmp_path / "nope.toml"), "nope.toml"),
        (("--scenario", tmp_path), str(tmp_path)),
        (("--truth", tmp_path / "nope" / "t.csv"), "can't be written"),
        (("--truth", tmp_path / "file"), "file exists already"),
        (("--link", tmp_path / "nope" / "port"), "can't be made"),
        (("--link", tmp_path / "file"), "isn't a symbolic link"),
        (("--state", tmp_path / "file"), "Can't make the folder"),
        (("--serial", "12"), "12 hexadecimal digits"),
    ):
        ran = run("sim", "--speed", 0, *arguments)
        assert ran.status == 1, ran.said
        assert words in ran.said
        assert len(ran.err.splitlines()) == 1
    for arguments in (
        ("--speed", "-1"),
        ("--speed", "nan"),
        ("--speed", "1001"),
        ("--seed", "x"),
        ("--scenario", "nope"),
    ):
        assert run("sim", *arguments).status == 2
    assert (tmp_path / "file").read_text() == ""


def test_a_box_that_breaks_down_is_said_in_a_line(run, monkeypatch: pytest.MonkeyPatch):
    from beltbox.virtualbox import VirtualBox  # noqa: PLC0415

    monkeypatch.setattr(VirtualBox, "wait", lambda _self, _timeout=None: 1)
    monkeypatch.setattr(
        VirtualBox, "error_text", lambda _self: "Traceback …\n  x\nMemoryError: y\n"
    )
    ran = run("sim", "--scenario", "steady-1mph")
    assert ran.status == 1
    assert ran.err == "beltbox: The virtual box broke down: MemoryError: y\n"


def test_where_virtual_boxes_cannot_be_is_said(run, monkeypatch: pytest.MonkeyPatch):
    import builtins  # noqa: PLC0415

    real = builtins.__import__

    def without(name, *arguments, **options):
        if name.startswith("beltbox.virtualbox"):
            raise ImportError("No module named 'termios'", name="termios")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    ran = run("sim")
    assert ran.status == 1
    assert "needs Linux or macOS; here Python has no termios" in ran.said


def test_a_link_that_was_left_by_a_killed_process_of_this_number_is_replaced(tmp_path: Path):
    class Box:
        port = "/dev/pts/7"

    (tmp_path / str(os.getpid())).symlink_to("/dev/pts/3")
    with sim.announced(Box(), tmp_path):
        assert os.readlink(tmp_path / str(os.getpid())) == "/dev/pts/7"
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_replaced_by_the_link(run, tmp_path: Path):
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    ran = run("sim", "--link", notes)
    assert ran.status == 1
    assert "notes.txt exists already" in ran.said
    assert "Name another path with --link" in ran.said
    assert notes.read_text() == "mine"
