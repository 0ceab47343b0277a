"""`kill -9` at fifty moments of `record`, of `pull` and of `flash`: what is left is whole.

The moments are drawn by a seed, in real time: where a busy computer is by then doesn't matter, as
any moment must do.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from beltbox.link.link import BoxLink
from beltbox.store.store import open_store
from beltbox.virtualbox import VirtualBox
from beltbox.walk.totals import totals_of
from beltcore.version import FIRMWARE_VERSION

TIMES = 50
LONG_S = 36_000


def is_summed_up(path: Path) -> int:
    """Hold every session's sums against its rows: how many sessions there are."""
    with open_store(path) as store:
        summaries = store.sessions()
        for summary in summaries:
            session = store.load(summary.id)
            totals = totals_of(segment.metrics for segment in session.segments)
            assert totals.sums() == summary.totals.sums(), summary.id
    return len(summaries)


def test_record(
    box: Callable[..., VirtualBox],
    start: Callable[..., Any],
    run: Callable[..., Any],
    tmp_path: Path,
    figures: Callable[[str], None],
):
    draw = random.Random("record")
    path = tmp_path / "walks.sqlite"
    box("steady-1mph", speed=20, wait_for_host=True)
    recording = 0
    for number in range(TIMES):
        program = start("record", "--port", tmp_path / "box", "--store", path, "--seconds", LONG_S)
        if number % 2:
            program.says("Recording session")
        time.sleep(draw.uniform(0, 1.5))
        recording += "Recording session" in program.said
        assert program.signal(signal.SIGKILL) == -signal.SIGKILL
    sessions = is_summed_up(path)
    assert sessions >= recording > TIMES // 4
    again = run("record", "--port", tmp_path / "box", "--store", path, "--seconds", 2)
    assert again.status == 0, again.said
    assert is_summed_up(path) == sessions + 1
    checked = run("store", "check", "--store", path)
    assert checked.status == 0, checked.said
    figures(f"{TIMES} kills, {recording} of them while a session was written: all stores whole")


def test_pull(
    box: Callable[..., VirtualBox],
    start: Callable[..., Any],
    run: Callable[..., Any],
    walked: Path,
    tmp_path: Path,
    figures: Callable[[str], None],
):
    """What a pull that was killed has acknowledged to the box is in the store."""
    draw = random.Random("pull")
    options = {"state": tmp_path / "box.img", "name": "box", "speed": 20}

    def powered() -> VirtualBox:
        shutil.copy(walked, tmp_path / "box.img")
        return box("steady-1mph", **options)

    def pulled(path: Path) -> list[tuple[object, ...]]:
        ran = run("pull", "--port", tmp_path / "box", "--store", path)
        assert ran.status == 0, ran.said
        listed = json.loads(run("sessions", "--store", path, "--json").out)
        # What the box walks now, with somebody looking on, differs from time to time.
        return sorted(
            (session["distance_mm"], session["duration_s"])
            for session in listed
            if session["duration_s"] > 60
        )

    running = powered()
    whole = pulled(tmp_path / "whole.sqlite")
    running.stop()
    assert len(whole) == 1
    in_the_middle = 0
    for number in range(TIMES):
        path = tmp_path / f"{number}.sqlite"
        running = powered()
        program = start("pull", "--port", tmp_path / "box", "--store", path)
        time.sleep(draw.uniform(0.5, 4))
        in_the_middle += program.process.poll() is None
        program.signal(signal.SIGKILL)
        assert pulled(path) == whole, number
        assert is_summed_up(path) >= 1
        running.stop()
        path.unlink()
    assert in_the_middle > TIMES // 4
    figures(f"{TIMES} kills, {in_the_middle} before its end: every walk once in the store")


def test_flash(
    box: Callable[..., VirtualBox],
    start: Callable[..., Any],
    run: Callable[..., Any],
    tmp_path: Path,
    old_firmware: Path,
    figures: Callable[[str], None],
):
    draw = random.Random("flash")
    running = box(blank=True)
    put = ("flash", "--port", tmp_path / "box")
    assert run(*put, "--firmware", old_firmware).status == 0
    versions: list[str] = []
    in_the_middle = 0
    for number in range(TIMES):
        program = start(*put, *(("--firmware", old_firmware) if number % 2 else ()))
        time.sleep(draw.uniform(0.5, 4))
        in_the_middle += program.process.poll() is None
        program.signal(signal.SIGKILL)
        # Killed on the host, the board stays at its prompt: as a person does, press reset.
        running.reset()
        with BoxLink(running.port, patience_s=120) as link:
            assert link.identity is not None
            versions.append(link.identity.firmware)
    assert run(*put).status == 0
    with BoxLink(running.port, patience_s=120) as link:
        assert link.identity is not None
        assert link.identity.firmware == FIRMWARE_VERSION
    assert in_the_middle > TIMES // 4
    figures(
        f"{TIMES} kills, {in_the_middle} before its end: each time a firmware started, "
        f"{versions.count(FIRMWARE_VERSION)} times the new one"
    )
