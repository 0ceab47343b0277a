"""`make demo`, in short."""

import dataclasses
import io
import json
import math
from pathlib import Path

import pytest
from rich.console import Console

from beltbox.errors import BeltBoxError
from beltbox.link.ports import make_virtual_ports_folder
from beltbox.sim import demo
from beltbox.store.store import open_store
from beltbox.virtualbox import VirtualBox, load

NOWHERE = Path("nowhere")


@pytest.fixture
def short(apart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's first twenty seconds, as fast as they go."""
    played = dataclasses.replace(load("demo"), duration_s=20)
    monkeypatch.setattr(demo, "load", lambda _name: played)
    monkeypatch.setattr(demo, "_SPEED", 0)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("terminal", [False, True])
def test_it_leaves_what_it_promises_also_the_second_time(tmp_path: Path, terminal: bool):
    folder = tmp_path / "build" / "demo"
    for _ in range(2):
        out = io.StringIO()
        console = Console(file=out, force_terminal=terminal, width=80, height=24)
        comparisons = demo.run(folder, NOWHERE, console)
        said = out.getvalue()
        summary = json.loads((folder / "summary.json").read_text())
        assert len(summary) == len(comparisons) > 10
        for one in summary:
            assert list(one) == ["name", "unit", "truth", "measured", "difference", "goal"]
            assert math.isclose(one["difference"], one["measured"] - one["truth"], abs_tol=1e-3)
        distance = summary[0]
        assert (distance["name"], distance["unit"]) == ("distance", "m")
        assert distance["truth"] > 4
        assert abs(distance["difference"]) < 0.01
        assert "<html" in (folder / "report.html").read_text()
        with open_store(folder / "store.sqlite", create=False) as store:
            assert len(store.sessions()) == 1
        assert "Report: " in said
        assert "The real recordings aren't here" in said
        assert ("\x1b[" in said) == terminal
        assert "live rows that raw rows" in said


@pytest.mark.slow
@pytest.mark.usefixtures("short")
def test_it_asks_no_box_but_its_own(tmp_path: Path, speaker):
    folder = make_virtual_ports_folder()
    stranger = speaker()
    (folder / "1").symlink_to(stranger.path)
    demo.run(tmp_path / "demo", NOWHERE, Console(file=io.StringIO()))
    assert stranger.heard == b""


@pytest.mark.usefixtures("short")
def test_a_box_that_breaks_down_ends_it_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(VirtualBox, "running", lambda _self: False)
    monkeypatch.setattr(VirtualBox, "error_text", lambda _self: "MemoryError: x\n")
    monkeypatch.setattr(VirtualBox, "wait", lambda _self, _timeout=None: 1)
    with pytest.raises(BeltBoxError, match="broke down: MemoryError: x"):
        demo.run(tmp_path / "demo", NOWHERE, Console(file=io.StringIO()))


@pytest.mark.slow
def test_a_real_recording_is_shown_beside_what_is_stated(tmp_path: Path):
    recordings = Path(__file__).parents[5] / "shared" / "recordings"
    if not recordings.is_dir():
        pytest.skip(f"the real recordings aren't here: {recordings}")
    out = io.StringIO()
    demo._real_recording(Console(file=out, width=120), tmp_path, recordings)
    lines = [line for line in out.getvalue().splitlines() if "wheel_pushes" in line]
    assert [line.count("✓") for line in lines] == [1, 1]
