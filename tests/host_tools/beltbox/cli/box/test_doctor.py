"""`beltbox doctor` and `beltbox bundle` on the virtual box."""

from __future__ import annotations

import csv
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
import serial

from beltbox.link.finding import find_box
from beltbox.link.meeting import NoProgramError
from beltbox.store.store import open_store
from beltbox.virtualbox import load
from beltbox.walk.rows import RawRow
from beltcore import settings as declared

HANDS_OFF = 'title = "A belt, and nobody at the rails"\nduration_s = 1\n'
# Back and forth for as long as a box is up.
TO_AND_FRO = "".join(
    f'[[walk]]\nat_s = {at}\nm_s = 0.3\nramp_s = 0.5\ndirection = "{way}"\n'
    for at in range(0, 1000, 4)
    for way in [("forward", "backward")[at // 4 % 2]]
)


@pytest.fixture
def scenario(tmp_path: Path):
    def make(*lines: str, duration_s: int = 1000):
        file = tmp_path / "made.toml"
        head = HANDS_OFF.replace("duration_s = 1", f"duration_s = {duration_s}")
        file.write_text(head + "\n".join(lines))
        return load(file)

    return make


def test_a_sound_box(box, run, scenario, tmp_path: Path):
    box(scenario(TO_AND_FRO))
    ran = run("doctor", "--port", tmp_path / "box")
    assert ran.status == 0, ran.said
    assert "Nothing is bad." in ran.said
    assert "counts both ways" in ran.said
    assert "80 samples a second" in ran.said or "79 samples a second" in ran.said
    assert "MicroPython 1.28" in ran.said
    assert "0 damaged, 0 missing" in ran.said
    ran = run("doctor", "--port", tmp_path / "box", "--json", "--seconds", 2)
    told = json.loads(ran.out)
    assert told["seconds"] == pytest.approx(2, abs=0.1)
    assert told["cells"]["left"]["noise_n"] == pytest.approx(40 * 230_000e-9, rel=0.4)
    assert {finding["level"] for finding in told["findings"]} <= {"good", "note"}


def test_bad_cells_are_named_and_the_status_says_so(box, run, scenario, tmp_path: Path):
    running = box(scenario("[cells.right]", "rate = 10"))
    running.command({"do": "saturated_left"})
    ran = run("doctor", "--port", tmp_path / "box")
    assert ran.status == 1
    assert "BAD left cell" in ran.said
    assert "E+ and E-" in ran.said
    assert "10 samples a second The amplifier's RATE pin is low" in ran.said
    assert "things are bad" in ran.said


def test_a_crash_is_told_with_its_traceback(box, run, scenario, tmp_path: Path):
    running = box(scenario(), firmware=_crashing(tmp_path, "if not guard.news: 1 // 0"))
    ran = run("doctor", "--port", tmp_path / "box", "--seconds", 1)
    assert ran.status == 1
    assert "crashes 1 of the program, the last: ZeroDivisionError: divide by zero" in ran.said
    assert "The last crash:" in ran.said
    assert running.running


def _crashing(tmp_path: Path, statement: str) -> Path:
    """The firmware with a statement before its loop."""
    import shutil  # noqa: PLC0415

    firmware = tmp_path / "firmware"
    shutil.copytree(Path(__file__).parents[4] / "firmware", firmware)
    app = firmware / "box" / "app.py"
    loop = "        while True:\n"
    text = app.read_text()
    assert text.count(loop) == 1
    app.write_text(text.replace(loop, f"        {statement}\n{loop}"))
    return firmware


def test_a_box_at_its_prompt_is_started_again_and_examined(box, run, scenario, tmp_path: Path):
    box(scenario())
    with find_box(str(tmp_path / "box")):
        pass  # it runs
    with serial.Serial(str(tmp_path / "box"), timeout=30) as port:
        port.write(b"\x03")
        assert port.read_until(b">>> ").endswith(b">>> ")
    with pytest.raises(NoProgramError):
        find_box(str(tmp_path / "box"))
    ran = run("doctor", "--port", tmp_path / "box", "--seconds", 2)
    assert "MicroPython 1.28" in ran.said
    assert ran.status == 0, ran.said


def test_safe_mode_is_told_with_its_reason_and_the_crash(box, run, scenario, tmp_path: Path):
    box(scenario(), firmware=_crashing(tmp_path, "1 // 0"))
    ran = run("doctor", "--port", tmp_path / "box")
    assert ran.status == 1
    assert "safe mode: 3 crashes in a row; the last: ZeroDivisionError" in ran.said
    assert "It has crashed" in ran.said
    assert 'File "box/app.py"; line' in ran.said or 'File "box/app.py", line' in ran.said


def test_a_board_without_firmware_is_told_to_be_flashed(box, run, scenario, tmp_path: Path):
    box(scenario(), blank=True)
    ran = run("doctor", "--port", tmp_path / "box")
    assert ran.status == 1
    assert "There is no main.py: put the firmware on it with `beltbox flash`" in ran.said
    # It is left as it was found, so that the next command knows it.
    assert "MicroPython answers" in run("settings", "--port", tmp_path / "box").said
    assert "There is no main.py" in run("doctor", "--port", tmp_path / "box").said


def test_a_raw_prompt_that_another_program_left_is_one(box, run, scenario, tmp_path: Path):
    box(scenario())
    with find_box(str(tmp_path / "box")):
        pass  # it runs
    with serial.Serial(str(tmp_path / "box"), timeout=30) as port:
        port.write(b"\r\x03\x01")
        assert port.read_until(b"raw REPL; CTRL-B to exit\r\n>").endswith(b">")
    assert "MicroPython answers" in run("settings", "--port", tmp_path / "box").said


def test_no_box_is_told_in_a_sentence(run):
    ran = run("doctor")
    assert ran.status == 1
    assert "No BeltBox was found" in ran.said
    assert run("doctor", "--seconds", 0).status == 2


def walked(store: Path) -> None:
    """A session of a person with a name, in a store."""
    with open_store(store) as opened:
        writer = opened.start_session(
            started_at=datetime(2026, 1, 2, tzinfo=UTC),
            box_name="Anna's box",
            board="esp32_devkit",
            firmware="0.1.0",
            protocol=1,
            person="Anna Virtanen",
            title="After the operation",
        )
        writer.start_segment(
            settings=declared.defaults(), boot_count=1, reason="start", first_t_us=0
        )
        for at in range(20_000):
            writer.add_raw(RawRow(at * 12_500, at, 5, None))
        writer.add_event("console", "hello Anna Virtanen, from the console")
        writer.add_event("note", "Anna's knee hurts")
        writer.close(datetime(2026, 1, 2, 1, tzinfo=UTC), "a test")


def members(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.usefixtures("standing_clock")
def test_a_bundle_holds_all_and_no_names(port, scripted_box, run, tmp_path: Path):
    store = tmp_path / "store.sqlite"
    walked(store)
    out = tmp_path / "bundle.zip"
    at = port(scripted_box(box_name="Li"))
    words = ("--port", at.path, "--store", store, "--out", out)
    ran = run("bundle", *words)
    assert ran.status == 0, ran.said
    held = members(out)
    assert {"doctor.json", "raw.csv", "session.json", "versions.json"} <= held.keys()
    everything = "".join(held.values())
    for name in ("Anna", "Virtanen", "operation", "Li:", '"Li"', "knee"):
        assert name not in everything
    assert "hello (removed)" in held["session.json"]
    assert "from the console" in held["session.json"]
    rows = list(csv.DictReader(held["raw.csv"].splitlines()))
    assert len(rows) == pytest.approx(800, abs=10)
    recorded = list(csv.DictReader(held["session_raw.csv"].splitlines()))
    assert recorded[-1]["count"] == "19999"
    assert len(recorded) == 180 * 80 + 1
    assert json.loads(held["doctor.json"])["settings"]["box_name"] == "(removed)"

    before = out.read_bytes()
    ran = run("bundle", *words)
    assert ran.status == 1
    assert "exists already" in ran.said
    assert out.read_bytes() == before


def test_a_bundle_without_a_box_and_a_store_says_so(run, tmp_path: Path):
    out = tmp_path / "bundle.zip"
    ran = run("bundle", "--out", out)
    assert ran.status == 0
    assert "No BeltBox was found" in ran.err
    held = members(out)
    assert "The box: No BeltBox was found" in held["problems.txt"]
    assert "The store: " in held["problems.txt"]
    assert held["README.txt"].startswith("BeltBox bundle")
    assert '"beltbox"' in held["versions.json"]
    assert run("bundle", "--out", tmp_path / "nowhere" / "b.zip").status == 1
