"""From whatever is on a board to the running firmware: MicroPython if necessary, then the firmware.

What is done is shown on a Display, which the caller gives.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from beltbox.clock import CLOCK, Clock
from beltbox.errors import BeltBoxError, LinkError
from beltbox.flash import chips, flash, image, rom
from beltbox.flash.board import Board, BoardError, NotMicroPythonError
from beltbox.flash.chips import Chip
from beltbox.flash.firmware_files import Firmware, prepare
from beltbox.flash.flash import FlashError, Plan
from beltbox.link.finding import find_box
from beltbox.link.link import BoxLink, SafeModeError
from beltbox.link.meeting import Identity, NoProgramError
from beltbox.link.ports import PortError, candidates_unasked, ports_in_words

# MicroPython's first start makes its filesystem; a port on native USB goes and comes back.
_START_S = 45.0
_POLL_S = 0.3
_LAST_STEP = "start it, and ask its version"


class Work(Protocol):
    """A work that is being shown."""

    def show(self, done: float, of: float | None = None) -> None:
        """How many bytes are done, and of how many if that is known only now."""
        ...

    def advance(self, count: int) -> None:
        """So many bytes more are done."""
        ...


class Display(Protocol):
    """Where an installation shows what it does."""

    def remark(self, text: str) -> None:
        """A sentence about what is there and what comes next."""
        ...

    def work(self, words: str, of: float | None = None) -> AbstractContextManager[Work]:
        """A work that takes its time, of so many bytes if that is known."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be installed.

    port: the one that the person named, None for none. MicroPython is only written to a named one.
    folder: the firmware. image: a file of MicroPython, to be written before. erase: the whole
    flash before. dry_run: nothing is written; the board restarts all the same.
    """

    port: str | None
    folder: Path
    image: Path | None
    erase: bool
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Steps:
    """What would be done: the result of a dry run."""

    head: str
    steps: list[str]
    report: dict[str, object]


@dataclass(frozen=True, slots=True)
class Installed:
    """What was done."""

    identity: Identity
    plan: Plan
    report: dict[str, object]


def find_board_port() -> str:
    """The only port where a board may be, or that of the only running box. Raises PortError.

    A port that is part of the computer is never tried unless it is named: what esptool sends there
    isn't for whatever is at its other end.
    """
    boards = candidates_unasked()
    if len(boards) == 1:
        return boards[0].path
    if not boards:
        raise PortError(
            "No box was found: nothing is plugged in at USB. Use a cable that carries data. If the "
            f"board is at another port, name it: --port PORT. {ports_in_words()}"
        )
    try:
        with find_box(None) as link:
            return link.path
    except BeltBoxError as error:
        raise PortError(
            f"Which board is meant? Name its port: --port PORT. {ports_in_words()}"
        ) from error


def install(path: str, request: Request, display: Display) -> Installed | Steps:
    """Bring the board at `path` to the running firmware, or find out how. Raises BeltBoxError."""
    started_s = CLOCK.now_s()
    reached = _reach_micropython(path, request, display)
    if isinstance(reached, Steps):
        return reached
    board, chip, written = reached
    with board:
        return _install_firmware(board, chip, written, request, display, started_s)


def _reach_micropython(
    path: str, request: Request, display: Display
) -> tuple[Board, Chip, Path | None] | Steps:
    """(the board at MicroPython's prompt, its chip, the image that was written).

    The steps of a dry run in which MicroPython would be written first.
    """
    with display.work(f"Asking {path} …"):
        try:
            board = Board(path)
        except NotMicroPythonError:
            chip = rom.recognise(path)
            why = "no MicroPython answers on it"
        else:
            try:
                chip = _chip_of(board)
            except BaseException:
                board.reset()
                raise
            version = board.facts.version
            why = "--erase" if request.erase else "--image" if request.image else ""
            if not why and version < image.OLDEST:
                why = f"its MicroPython {_dotted(version)} is older than {_dotted(image.OLDEST)}"
            if not why:
                return board, chip, None
            board.reset()  # so that it runs if it doesn't come to writing
    if request.dry_run:
        return _image_steps(path, chip, why, request)
    written = _write_image(path, chip, why, request, display)
    board = _await_micropython(path, display)
    try:
        if _chip_of(board) != chip or board.facts.version < image.OLDEST:
            raise FlashError(
                f"{written} was written, and now {board.facts.machine} answers with MicroPython "
                f"{_dotted(board.facts.version)}. BeltBox needs {_dotted(image.OLDEST)} or newer "
                f"for the {chip.name}: name another file with --image."
            )
    except BaseException:
        board.close()
        raise
    return board, chip, written


def _chip_of(board: Board) -> Chip:
    facts = board.facts
    chip = chips.by_word(facts.machine) if facts.platform == "esp32" else None
    if chip is None:
        raise BoardError(
            f"At {board.path} is a {facts.machine or facts.platform}. There is no pin map for it: "
            f"BeltBox runs on the {chips.names()}."
        )
    return chip


def _image_steps(path: str, chip: Chip, why: str, request: Request) -> Steps:
    if request.image is not None:
        image.check(request.image, chip)
    name = request.image or image.is_kept(chip)
    steps = [] if name else [f"download {chip.image}-DATE-v{image.SERIES}.x.bin ({image.SITE})"]
    steps += ["erase the whole flash"] if request.erase else []
    steps += [
        f"write {name or 'it'} at {chip.offset:#x}",
        "copy the firmware, all of it",
        _LAST_STEP,
    ]
    return Steps(f"{path}: {chip.name}; {why}.", steps, {"chip": chip.name, "why": why})


def _write_image(path: str, chip: Chip, why: str, request: Request, display: Display) -> Path:
    """Write MicroPython's image; the file."""
    if request.port is None:
        raise FlashError(
            f"MicroPython would be written onto the {chip.name} at {path}, because {why}. If that "
            f"is the box, allow it by naming its port: --port {path}"
        )
    display.remark(f"{path}: {chip.name}; {why}: writing MicroPython ({chip.image}).")
    with display.work("Downloading") as work:
        file = image.find(chip, request.image, work.show)
    size_bytes = file.stat().st_size
    with display.work(f"Writing {file.name}", size_bytes) as work:
        rom.write(
            path,
            chip,
            file,
            lambda percent: work.show(percent / 100 * size_bytes),
            erase=request.erase,
        )
    return file


def _await_micropython(path: str, display: Display, clock: Clock = CLOCK) -> Board:
    deadline_s = clock.now_s() + _START_S
    with display.work("Waiting for MicroPython"):
        while True:
            try:
                return Board(path)
            except (BoardError, PortError) as error:
                if clock.now_s() > deadline_s:
                    raise FlashError(
                        f"MicroPython was written at {path}, but doesn't answer ({error}). Press "
                        "the board's reset button, then try again. If it still doesn't, wipe the "
                        "board: --erase."
                    ) from error
                clock.sleep(_POLL_S)


def _install_firmware(
    board: Board,
    chip: Chip,
    written: Path | None,
    request: Request,
    display: Display,
    started_s: float,
) -> Installed | Steps:
    """The firmware onto a board that runs MicroPython, to its identity."""
    path = board.path
    with _started_again_after(board):
        if not board.has_filesystem():
            raise FlashError(
                f"MicroPython runs at {path}, but can't read its filesystem: another program used "
                "that flash. Wipe the board, with all that is on it: beltbox flash --erase --port "
                f"{path}"
            )
        serial = board.serial_number()
        firmware = prepare(request.folder, board.facts.mpy)
        there, chosen = flash.look(board, firmware)
        before = flash.version_there(board, chosen)
        plan = flash.make_plan(firmware, there, chosen, keep_main=before is None)
        display.remark(
            f"{path}: {chip.name}, MicroPython {_dotted(board.facts.version)}, "
            f"{_change(before, firmware.version)}."
        )
        if not firmware.compiled:
            display.remark("Sent as sources: there is no compiler here for this MicroPython.")
        report = _report(plan, firmware, before)
        if request.dry_run:
            return Steps(f"{plan.send_bytes} bytes to send.", [*plan.steps, _LAST_STEP], report)
        with display.work("Copying the firmware", plan.send_bytes) as work:
            flash.carry_out(board, firmware, plan, work.advance)
    with display.work("Starting it"):
        identity = _identify(path, firmware, chip, serial)
    report = {
        "port": path,
        "chip": chip.name,
        "board": identity.board,
        "micropython": identity.micropython,
        "image": None if written is None else str(written),
        **report,
        "seconds": round(CLOCK.now_s() - started_s, 1),
    }
    return Installed(identity, plan, report)


@contextmanager
def _started_again_after(board: Board) -> Generator[None]:
    """However it ends, the board isn't left at its prompt, if it can still be reached."""
    try:
        yield
    finally:
        board.reset()


def _identify(
    path: str, firmware: Firmware, chip: Chip, serial: str, clock: Clock = CLOCK
) -> Identity:
    """Who answers now. Raises FlashError when it isn't what was put there.

    serial: the number of the chip that got the firmware; empty if it didn't tell.
    """
    identity = None
    deadline_s = clock.now_s() + _START_S
    while identity is None:
        try:
            with BoxLink(path, clock=clock) as link:
                link.command("identify")  # in safe mode it sends who it is, and answers nothing
                identity = link.identity
        except (PortError, LinkError) as error:
            if clock.now_s() > deadline_s or isinstance(error, NoProgramError | SafeModeError):
                raise FlashError(
                    f"Firmware {firmware.version} is on the board, but it doesn't start: {error}"
                ) from error
            clock.sleep(_POLL_S)
    if serial and identity.serial and identity.serial != serial:
        raise FlashError(
            f"Firmware {firmware.version} was put on the board with serial {serial}, and another "
            f"box answers at {path} now: {identity.in_words}. Plug the first one in again; "
            "`beltbox doctor` shows whether it starts."
        )
    if (identity.firmware, identity.board) != (firmware.version, chip.board):
        raise FlashError(
            f"Firmware {firmware.version} for {chip.board} was put on the board, and firmware "
            f"{identity.firmware} for {identity.board} answers. Press its reset button and try "
            "again."
        )
    return identity


def _report(plan: Plan, firmware: Firmware, before: str | None) -> dict[str, object]:
    return {
        "firmware": firmware.version,
        "before": before,
        "compiled_for": firmware.architecture if firmware.compiled else "source",
        "firmware_bytes": firmware.size_bytes,
        "sent_files": len(plan.send),
        "sent_bytes": plan.send_bytes,
        "unchanged_files": plan.kept + len(plan.copy),
        "removed_files": len(plan.stale),
    }


def _change(before: str | None, after: str) -> str:
    if before is None:
        return f"firmware {after} onto a board without"
    if before == after:
        return f"firmware {after} again"
    older = _parts(after) < _parts(before)
    return f"firmware {before} to {after}" + (", a downgrade" if older else "")


def _parts(version: str) -> list[int]:
    return [int(part) if part.isdigit() else 0 for part in version.split(".")]


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))
