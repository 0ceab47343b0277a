"""The cable pulled at fifty moments of `record`, of `pull` and of `flash`, and put back."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beltbox.link.link import BoxLink
from beltbox.store.store import open_store
from beltbox.virtualbox import VirtualBox

TIMES = 50


def test_record(
    box: Callable[..., VirtualBox],
    start: Callable[..., Any],
    tmp_path: Path,
    figures: Callable[[str], None],
):
    """One walk, with a cable that fifty times comes off: what the box counted is all there."""
    draw = random.Random("record")
    path = tmp_path / "walks.sqlite"
    running = box("steady-1mph", speed=5, wait_for_host=True)
    program = start("record", "--port", tmp_path / "box", "--store", path)
    program.says("Recording session 1")
    for number in range(TIMES):
        time.sleep(draw.uniform(0.05, 1))
        running.unplug()
        program.says_so_often("was unplugged", number + 1)
        time.sleep(draw.uniform(0, 0.5))
        running.plug()
        program.says_so_often("is back at", number + 1)
    time.sleep(1)
    assert program.signal(2) == 0
    with open_store(path) as store:
        (summary,) = store.sessions()
        session = store.load(summary.id)
    (segment,) = session.segments
    nm_per_count = int(segment.settings["belt_nm_per_count"])
    walked_mm = abs(segment.raw[-1].count - segment.raw[0].count) * nm_per_count / 1e6
    assert summary.totals.distance_mm == pytest.approx(walked_mm, abs=150)
    assert [event.kind for event in session.events].count("unplugged") == TIMES
    figures(
        f"{TIMES} unplugs in one session: {summary.totals.distance_mm / 1000:.2f} m, by the "
        f"counts {walked_mm / 1000:.2f} m"
    )


def test_pull(
    box: Callable[..., VirtualBox],
    start: Callable[..., Any],
    run: Callable[..., Any],
    walked: Path,
    tmp_path: Path,
    figures: Callable[[str], None],
):
    draw = random.Random("pull")
    failed = 0
    kept: set[int] = set()
    for number in range(TIMES):
        path = tmp_path / f"{number}.sqlite"
        shutil.copy(walked, tmp_path / "box.img")
        running = box("steady-1mph", state=tmp_path / "box.img", speed=20)
        program = start("pull", "--port", tmp_path / "box", "--store", path)
        time.sleep(draw.uniform(0.3, 2))
        running.unplug()
        failed += program.end() != 0
        running.plug()
        ran = run("pull", "--port", tmp_path / "box", "--store", path)
        assert ran.status == 0, ran.said
        with open_store(path) as store:
            long = [one.totals.distance_mm for one in store.sessions() if one.totals.moving_s > 60]
        assert len(long) == 1, number
        kept |= {*long}
        running.stop()
        path.unlink()
    assert len(kept) == 1
    figures(f"{TIMES} unplugs, {failed} before its end: every walk once in the store")


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
    failed = 0
    for number in range(TIMES):
        program = start(*put, *(("--firmware", old_firmware) if number % 2 else ()))
        time.sleep(draw.uniform(0.5, 4))
        running.unplug()
        failed += program.end() != 0
        running.plug()
        running.reset()
        with BoxLink(running.port, patience_s=120) as link:
            assert link.identity is not None
    assert run(*put).status == 0
    figures(f"{TIMES} unplugs, {failed} before its end: each time a firmware started")
