"""`beltbox sim`: a virtual box in the foreground, found by the other commands like a real one."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from beltbox.errors import BeltBoxError
from beltbox.files import refuse_store
from beltbox.link.ports import make_virtual_ports_folder
from beltbox.signals import end_signals
from beltbox.words import clean, printable

if TYPE_CHECKING:
    from beltbox.virtualbox import VirtualBox

DEFAULT_SCENARIO = "demo"
_STAY_S = 7 * 24 * 3600.0


class SimError(BeltBoxError):
    """A virtual box can't be had, can't start, or ended badly."""


@contextmanager
def plain_words() -> Generator[None]:
    """Turn the virtual box's errors, and its absence, into SimErrors."""
    try:
        from beltbox.virtualbox.errors import VirtualBoxError  # noqa: PLC0415 - not on Windows
    except ImportError as error:
        raise SimError(
            f"The virtual box needs Linux or macOS; here Python has no {error.name}."
        ) from error
    try:
        yield
    except VirtualBoxError as error:
        raise SimError(str(error)) from error


def list_scenarios() -> None:
    """Print the built-in scenarios with their titles. Raises SimError."""
    with plain_words():
        from beltbox.virtualbox import builtin_names, load  # noqa: PLC0415

        names = builtin_names()
        width = max(map(len, names))
        for name in names:
            print(f"{name:<{width}} {load(name).title}")


def is_scenario(scenario: str) -> bool:
    """Whether it names a built-in scenario, or what looks like a file. Raises SimError."""
    with plain_words():
        from beltbox.virtualbox import builtin_names  # noqa: PLC0415

        path = Path(scenario)
        return scenario in builtin_names() or path.suffix == ".toml" or path.exists()


def simulate(
    scenario: str | None,
    *,
    seed: int | None,
    speed: float,
    link: Path | None,
    truth: Path | None,
    wait: bool,
    state: Path | None = None,
    serial: str | None = None,
) -> None:
    """Run a virtual box until its scenario ends, or until Ctrl-C. Raises BeltBoxError.

    state: a folder, made where it is missing, that keeps the box's flash and its serial number
    from run to run. serial: that number, 12 hexadecimal digits; without one, each box has its own.
    """
    if link is not None and link.exists() and not link.is_symlink():
        raise SimError(
            f"{link} exists already and isn't a symbolic link, so it is left as it is. Name "
            "another path with --link, or remove it first."
        )
    if link is not None:
        refuse_store(link, error=SimError)
    with plain_words():
        from beltbox.virtualbox import VirtualBox, load  # noqa: PLC0415

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
            state=None if state is None else _flash_file(state),
            serial_number=serial,
        )
        for number in end_signals():
            signal.signal(number, _end)
        try:
            with box, announced(box, make_virtual_ports_folder()):
                _play(box)
        except KeyboardInterrupt:
            print("\nThe virtual box is off.")


def _flash_file(folder: Path) -> Path:
    """The flash in a folder of --state, which is made. Raises SimError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SimError(
            f"Can't make the folder {folder} for the virtual box's flash: {error.strerror}. Name "
            "another with --state."
        ) from error
    return folder / "flash.img"


def _play(box: VirtualBox) -> None:
    title = clean(box.scenario.title)
    print(f"A virtual box plays “{title}” at {printable(str(box.port))}. Ctrl-C ends it.")
    print("In another terminal: beltbox live, or beltbox record", flush=True)
    status = box.wait()
    if status != 0:
        raise SimError(f"The virtual box broke down: {why_it_ended(box)}")
    print("The scenario has ended; the virtual box is off.")


def why_it_ended(box: VirtualBox) -> str:
    """The last line of what the virtual box complained about."""
    lines = box.error_text().strip().splitlines()
    return lines[-1] if lines else "it left no word."


@contextmanager
def announced(box: VirtualBox, folder: Path) -> Generator[None]:
    """Leave a link to the box's port in `folder`, where virtual boxes are looked for."""
    link = folder / str(os.getpid())
    link.unlink(missing_ok=True)
    link.symlink_to(box.port)
    try:
        yield
    finally:
        with suppress(OSError):
            link.unlink()


def _end(_number: int, _frame: FrameType | None) -> None:
    # Once: what follows is the tidying up, and it's short.
    for number in end_signals():
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
