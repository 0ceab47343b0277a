"""`beltbox flash`: from whatever is on a board to the running firmware."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

from beltbox.cli.options import JsonOption, PortOption, print_json
from beltbox.clock import CLOCK, Clock
from beltbox.errors import BeltBoxError, LinkError
from beltbox.flash import chips, flash, image, rom
from beltbox.flash.board import Board, BoardError, NotMicroPythonError
from beltbox.flash.chips import Chip
from beltbox.flash.firmware_files import Firmware, find_folder, prepare, read_version
from beltbox.flash.flash import FlashError, Plan
from beltbox.link.finding import find_box
from beltbox.link.link import BoxLink, SafeModeError
from beltbox.link.meeting import Identity, NoProgramError
from beltbox.link.ports import PortError, candidates, ports_in_words

# MicroPython's first start makes its filesystem; a port on native USB goes and comes back.
_START_S = 45.0
_POLL_S = 0.3


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for."""

    port: str | None
    image: Path | None
    erase: bool
    dry_run: bool
    as_json: bool


def flash_command(
    port: PortOption = None,
    image_file: Annotated[
        Path | None,
        typer.Option("--image", help="MicroPython's image, to be written before the firmware."),
    ] = None,
    erase: Annotated[
        bool,
        typer.Option(
            "--erase",
            help="Wipe the board first, settings and sessions too, and write MicroPython anew.",
        ),
    ] = False,
    firmware: Annotated[
        Path | None, typer.Option(help="Another folder of firmware; else this program's own.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done. The board restarts.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Put the firmware on a box, and MicroPython before it where it is missing or too old.

    Settings and sessions stay. Broken off at any point, the old firmware or the new one starts;
    then just do it again. Only what has changed is sent.

    Example: beltbox flash --port /dev/ttyUSB0
    """
    folder = find_folder(firmware)
    read_version(folder)  # a folder that isn't one is refused before anything is touched
    wish = _Wish(port, image_file, erase, dry_run, as_json)
    path = port or _only_port()
    started_s = CLOCK.now_s()
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
        # What is printed goes above the bar, but into a file when that is where it goes.
        redirect_stdout=sys.stdout.isatty(),
    )
    with progress:
        board, chip, written = _with_micropython(path, wish, progress)
        if board is None:
            return
        with board:
            _put(board, chip, folder, written, wish, progress, started_s)


def _only_port() -> str:
    """The only port that a board may be at, or that of the only box that runs.

    Raises PortError.
    """
    found = candidates()
    boards = [one for one in found if not one.soldered] or found
    if len(boards) == 1:
        return boards[0].path
    try:
        with find_box(None) as link:
            return link.path
    except BeltBoxError as error:
        raise PortError(
            f"Which board is meant? Name its port: --port PORT. {ports_in_words()}"
        ) from error


def _with_micropython(
    path: str, wish: _Wish, progress: Progress
) -> tuple[Board | None, Chip, Path | None]:
    """(the board at MicroPython's prompt, its chip, the image that was written).

    No board when all that is wanted are the steps, and MicroPython would be written first.
    """
    waiting = progress.add_task(f"Asking {path} …", total=None)
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
        why = "--erase" if wish.erase else "--image" if wish.image else ""
        if not why and version < image.OLDEST:
            why = f"its MicroPython {_dotted(version)} is older than {_dotted(image.OLDEST)}"
        if not why:
            progress.remove_task(waiting)
            return board, chip, None
        board.reset()  # so that it runs if it doesn't come to writing
    progress.remove_task(waiting)
    written = _write_image(path, chip, why, wish, progress)
    if wish.dry_run:
        return None, chip, None
    board = _await_micropython(path, progress)
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


def _write_image(path: str, chip: Chip, why: str, wish: _Wish, progress: Progress) -> Path | None:
    """Write MicroPython's image, or say what would be done; the file."""
    if wish.dry_run:
        if wish.image is not None:
            image.check(wish.image, chip)
        name = wish.image or image.is_kept(chip)
        steps = [] if name else [f"download {chip.image}-DATE-v{image.SERIES}.x.bin ({image.SITE})"]
        steps += ["erase the whole flash"] if wish.erase else []
        steps += [
            f"write {name or 'it'} at {chip.offset:#x}",
            "copy the firmware, all of it",
            "start it, and ask its version",
        ]
        _say_steps(f"{path}: {chip.name}; {why}.", steps, {"chip": chip.name, "why": why}, wish)
        return None
    if wish.port is None:
        raise FlashError(
            f"MicroPython would be written onto the {chip.name} at {path}, because {why}. If that "
            f"is the box, allow it by naming its port: --port {path}"
        )
    _tell(f"{path}: {chip.name}; {why}: writing MicroPython ({chip.image}).", wish)
    task = progress.add_task("Downloading", total=None)
    file = image.find(
        chip, wish.image, lambda done, of: progress.update(task, completed=done, total=of)
    )
    progress.remove_task(task)
    size_bytes = file.stat().st_size
    task = progress.add_task(f"Writing {file.name}", total=size_bytes)
    rom.write(
        path,
        chip,
        file,
        lambda percent: progress.update(task, completed=percent / 100 * size_bytes),
        erase=wish.erase,
    )
    progress.remove_task(task)
    return file


def _await_micropython(path: str, progress: Progress, clock: Clock = CLOCK) -> Board:
    task = progress.add_task("Waiting for MicroPython", total=None)
    deadline_s = clock.now_s() + _START_S
    while True:
        try:
            board = Board(path)
        except (BoardError, PortError) as error:
            if clock.now_s() > deadline_s:
                raise FlashError(
                    f"MicroPython was written at {path}, but doesn't answer ({error}). Press the "
                    "board's reset button, then try again. If it still doesn't, wipe the board: "
                    "--erase."
                ) from error
            clock.sleep(_POLL_S)
        else:
            progress.remove_task(task)
            return board


def _put(
    board: Board,
    chip: Chip,
    folder: Path,
    written: Path | None,
    wish: _Wish,
    progress: Progress,
    started_s: float,
) -> None:
    """The firmware onto a board that runs MicroPython, to its identity."""
    path = board.path
    with _started_again_after(board):
        if not board.has_filesystem():
            raise FlashError(
                f"MicroPython runs at {path}, but can't read its filesystem: another program used "
                "that flash. Wipe the board, with all that is on it: beltbox flash --erase --port "
                f"{path}"
            )
        firmware = prepare(folder, board.facts.mpy)
        there, chosen = flash.look(board, firmware)
        before = flash.version_there(board, chosen)
        plan = flash.make_plan(firmware, there, chosen, keep_main=before is None)
        _tell(
            f"{path}: {chip.name}, MicroPython {_dotted(board.facts.version)}, "
            f"{_change(before, firmware.version)}.",
            wish,
        )
        if not firmware.compiled:
            _tell("Sent as sources: there is no compiler here for this MicroPython.", wish)
        if wish.dry_run:
            steps = [*plan.steps, "start it, and ask its version"]
            _say_steps(
                f"{plan.send_bytes} bytes to send.", steps, _report(plan, firmware, before), wish
            )
        else:
            task: TaskID = progress.add_task("Copying the firmware", total=plan.send_bytes)
            flash.carry_out(board, firmware, plan, lambda count: progress.advance(task, count))
            progress.remove_task(task)
    if wish.dry_run:
        return
    task = progress.add_task("Starting it", total=None)
    identity = _identify(path, firmware, chip)
    progress.remove_task(task)
    if wish.as_json:
        print_json(
            {
                "port": path,
                "chip": chip.name,
                "board": identity.board,
                "micropython": identity.micropython,
                "image": None if written is None else str(written),
                **_report(plan, firmware, before),
                "seconds": round(CLOCK.now_s() - started_s, 1),
            }
        )
    else:
        sent = f"{len(plan.send)} files sent ({plan.send_bytes} bytes)"
        print(
            f"{identity.box_name} runs firmware {identity.firmware} on {identity.board}: {sent}, "
            f"{plan.kept + len(plan.copy)} unchanged, {len(plan.stale)} stale ones removed."
        )
        if plan.keep_main:
            print("The main.py that was there, not the box's, is kept as main.py.before.")


@contextmanager
def _started_again_after(board: Board) -> Generator[None]:
    """However it ends, the board isn't left at its prompt, if it can still be reached."""
    try:
        yield
    finally:
        board.reset()


def _identify(path: str, firmware: Firmware, chip: Chip, clock: Clock = CLOCK) -> Identity:
    """Who answers now. Raises FlashError when it isn't what was put there."""
    identity = None
    deadline_s = clock.now_s() + _START_S
    while identity is None:
        try:
            with BoxLink(path, clock=clock) as link:
                link.command("identify")  # in safe mode it says who it is, and answers nothing
                identity = link.identity
        except (PortError, LinkError) as error:
            if clock.now_s() > deadline_s or isinstance(error, NoProgramError | SafeModeError):
                raise FlashError(
                    f"Firmware {firmware.version} is on the board, but it doesn't start: {error}"
                ) from error
            clock.sleep(_POLL_S)
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


def _say_steps(head: str, steps: list[str], report: dict[str, object], wish: _Wish) -> None:
    if wish.as_json:
        print_json({**report, "steps": steps})
        return
    print(f"{head} The steps:")
    for number, step in enumerate(steps, 1):
        print(f"{number:4}. {step}")


def _tell(text: str, wish: _Wish) -> None:
    print(text, file=sys.stderr if wish.as_json else sys.stdout, flush=True)
