"""A box at MicroPython's prompt is started again, and waited for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from beltbox.doctor import at_prompt
from beltbox.doctor.at_prompt import at_the_prompt, started_again
from beltbox.doctor.examination import DoctorError
from beltbox.flash.board import NotMicroPythonError


class FakeBoard:
    """A board at its prompt, which `after_reset` is called for."""

    files: dict[str, bytes]

    def __init__(self, path: str) -> None:
        self.facts = SimpleNamespace(version=(1, 28, 0), machine="Generic ESP32 module with ESP32")

    def __enter__(self):
        return self

    def __exit__(self, *_exception: object) -> None:
        pass

    def reset(self) -> None:
        self.after_reset()

    def after_reset(self) -> None:
        pass

    def look(self, folders, files):
        return {path: None for path in files if path in self.files}

    def read(self, path: str) -> bytes:
        return self.files.get(path, b"")


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> type[FakeBoard]:
    made = type("Made", (FakeBoard,), {"files": {"/main.py": b""}})
    monkeypatch.setattr(at_prompt, "Board", made)
    return made


def test_it_is_waited_for_until_it_is_back(port, clock, scripted_box, board):
    at = port(scripted_box())
    board.after_reset = lambda _self: at.unplug(back_in_s=12)
    began_s = clock.now_s()
    with started_again(at.path, clock=clock) as link:
        assert link.identity.box_name == "virtual"
    assert clock.now_s() - began_s == pytest.approx(12, abs=0.5)


def test_one_that_doesnt_come_back_is_told_after_fifteen_seconds(port, clock, scripted_box, board):
    at = port(scripted_box())
    board.after_reset = lambda _self: at.unplug()
    began_s = clock.now_s()
    with pytest.raises(DoctorError, match=f"There is no port {at.path}"):
        started_again(at.path, clock=clock)
    assert clock.now_s() - began_s == pytest.approx(15, abs=0.5)


def test_one_whose_program_doesnt_run_then_either_is_told_at_once(port, clock, board):
    at = port.stranger(lambda heard: b">>> " + heard)
    began_s = clock.now_s()
    with pytest.raises(DoctorError, match=r"MicroPython 1\.28\.0 on Generic ESP32") as told:
        started_again(at.path, clock=clock)
    assert "main.py" not in str(told.value)
    assert clock.now_s() - began_s == pytest.approx(4, abs=0.1)


def test_safe_mode_is_told_with_the_crash(port, clock, scripted_box, sentence, board):
    board.files["/crash.json"] = (
        b'{"count": 3, "lines": ["Traceback (most recent call last):", "  File x", "KeyError"]}'
    )
    box = scripted_box()
    # It says who it is once, in the meeting, and answers nothing.
    box.before = lambda command: (
        None if len(box.heard) < 2 else sentence("LOG", 1, "safe mode: 3 crashes in a row")
    )
    with pytest.raises(DoctorError) as told:
        started_again(port(box).path, clock=clock)
    said = str(told.value)
    assert "safe mode: 3 crashes in a row" in said
    assert said.endswith("It has crashed 3 times; the last time:\n      File x\n    KeyError")


def test_what_cant_be_asked_any_more_isnt_told(monkeypatch):
    def refuse(path: str):
        raise NotMicroPythonError("No MicroPython answers.")

    monkeypatch.setattr(at_prompt, "Board", refuse)
    assert str(at_the_prompt("/dev/x", "It is gone.")) == "It is gone."
