"""`beltbox doctor` and `beltbox bundle` on the virtual box."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import serial

from beltbox.link.finding import find_box
from beltbox.link.meeting import NoProgramError
from beltbox.virtualbox import load

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
    shutil.copytree(Path(__file__).parents[5] / "firmware", firmware)
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
        port.write(b"\x03\r")
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
