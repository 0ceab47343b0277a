"""`beltbox sim`: a virtual box in the foreground, found by the other commands like a real one."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType

from beltbox.ports import virtual_ports_folder
from virtualbox import VirtualBox, builtin_names, load

DEFAULT_SCENARIO = "demo"
_STAY_S = 7 * 24 * 3600.0


def list_scenarios() -> None:
    """Print the built-in scenarios with their titles."""
    for name in builtin_names():
        print(f"{name:<16} {load(name).title}")


def simulate(
    scenario: str | None,
    *,
    seed: int | None,
    speed: float,
    link: Path | None,
    truth: Path | None,
    wait: bool,
) -> None:
    """Run a virtual box until its scenario ends, or until Ctrl-C. Raises VirtualBoxError."""
    played = load(scenario or DEFAULT_SCENARIO)
    if scenario is None:
        # For trying things out: after the walk the box stays.
        played = replace(played, duration_s=_STAY_S)
    box = VirtualBox(
        played,
        seed=seed,
        speed=speed,
        link=link,
        truth=truth,
        wait_for_host=wait,
    )
    signal.signal(signal.SIGTERM, _end)
    with box, announced(box):
        print(
            f"A virtual box plays “{box.scenario.title}” at {box.port}. Ctrl-C ends it.", flush=True
        )
        print("In another terminal: beltbox live, or beltbox record", flush=True)
        try:
            status = box.wait()
        except KeyboardInterrupt:
            print("\nThe virtual box is off.")
            return
        print("The scenario has ended; the virtual box is off.")
        if status != 0:
            print(box.error_text(), file=sys.stderr)
            raise SystemExit(1)


@contextmanager
def announced(box: VirtualBox) -> Generator[None]:
    """Leave a link to the box's port where `find_box` looks for virtual boxes."""
    folder = virtual_ports_folder()
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / str(os.getpid())
    link.unlink(missing_ok=True)
    link.symlink_to(box.port)
    try:
        yield
    finally:
        with suppress(OSError):
            link.unlink()


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
