"""The firmware onto a board that runs MicroPython, so that a break leaves the old or the new one.

Two folders take turns, /firmware-a and /firmware-b. The new firmware is completed in the one that
isn't in use and checked there; then main.py, whose first line names the folder, is put in the place
of the old one by a rename, which LittleFS does at once or not at all. Until then the old firmware
starts, from then on the new one. What the old one leaves is removed last.

A plain copy by hand (main.py, beltcore/, box/ at the root) isn't touched before that rename either;
and main.py copied by hand over a flashed board names no folder, so the files at the root start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from beltbox.errors import BeltBoxError
from beltbox.flash.board import Board, Entry, FullError
from beltbox.flash.firmware_files import Firmware, digest

FOLDERS = ("/firmware-a", "/firmware-b")
_MAIN = "/main.py"
_NEW_MAIN = "/main.py.new"
_KEPT_MAIN = "/main.py.before"
_FIRST_LINE = 'import sys; sys.path.insert(0, "%s")  # beltbox flash keeps two, and chooses here\n'
_CHOSEN = re.compile(rb'import sys; sys\.path\.insert\(0, "(/firmware-[ab])"\)')
_MODULES = (".py", ".mpy")
# A folder takes two blocks of LittleFS, and so does its growing.
_FOLDER_BLOCKS = 2
# Blocks that LittleFS wants while it rewrites what points to the others, and that folders grow by.
_SPARE_BLOCKS = 10
# Smaller files share their folder's block (LittleFS keeps up to the cache's size inline).
_INLINE_BYTES = 64
# Of a session's name on the box, once a host has it (firmware/box/session_store.py).
_ACKNOWLEDGED = ".ack"


class FlashError(BeltBoxError):
    """The firmware isn't on the board as it should be."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, in this order.

    folder: where the new firmware goes; None when it is there already, complete.
    clear: files in it that don't belong there. copy: (from, to) within the board. send: path to
    content. kept: how many are there already. main: the content of main.py. keep_main: the main.py
    that is there is somebody's own, and is kept beside. stale: files to remove once the new
    firmware is chosen; folders: to remove then if they are empty.
    """

    folder: str | None
    clear: list[str]
    copy: list[tuple[str, str]]
    send: dict[str, bytes]
    kept: int
    main: bytes
    keep_main: bool
    stale: list[str]
    folders: list[str]

    @property
    def send_bytes(self) -> int:
        """How much goes over the cable."""
        return sum(map(len, self.send.values())) + (len(self.main) if self.folder else 0)

    @property
    def steps(self) -> list[str]:
        """The steps, a line each, for a person."""
        lines = [f"remove {path}" for path in self.clear]
        lines += [f"copy {source} to {target} on the board" for source, target in self.copy]
        lines += [f"send {path}, {len(content)} bytes" for path, content in self.send.items()]
        if self.keep_main:
            lines.append(f"copy {_MAIN}, which isn't the box's, to {_KEPT_MAIN} on the board")
        if self.folder is not None:
            lines += [
                f"check {self.folder} by its hashes",
                f"switch: rename {_NEW_MAIN} ({len(self.main)} bytes) to {_MAIN}",
            ]
        return lines + [f"remove {path}" for path in self.stale]


def look(board: Board, firmware: Firmware) -> tuple[dict[str, Entry], str | None]:
    """(what is on the board of any firmware, the folder that its main.py chooses)."""
    there = board.look([*FOLDERS, *_at_root(firmware)], [_MAIN, _NEW_MAIN])
    chosen = _CHOSEN.match(board.read(_MAIN))
    return there, None if chosen is None else chosen[1].decode()


def version_there(board: Board, chosen: str | None) -> str | None:
    """The version of the firmware that the board starts, None if there is none."""
    if chosen is None:
        if not board.look([], [_MAIN]):
            return None
        chosen = ""
    version = board.value(
        f"sys.path.insert(0, {chosen!r})\nfrom beltcore.version import FIRMWARE_VERSION",
        "FIRMWARE_VERSION",
    )
    return version if isinstance(version, str) else None


def make_plan(
    firmware: Firmware,
    there: Mapping[str, Entry],
    chosen: str | None,
    *,
    keep_main: bool = False,
) -> Plan:
    """How to get from what is `there`, of which main.py has `chosen` a folder, to the firmware."""
    if chosen is not None and _is_complete(firmware, there, chosen):
        folder, target = None, chosen
    else:
        folder = target = FOLDERS[1] if chosen == FOLDERS[0] else FOLDERS[0]
    by_hash = {entry.sha256: path for path, entry in there.items() if entry.sha256 is not None}
    wanted = {f"{target}/{path}": content for path, content in firmware.files.items()}
    clear: list[str] = []
    copy: list[tuple[str, str]] = []
    send: dict[str, bytes] = {}
    for path, content in wanted.items():
        sha256 = digest(content)
        entry = there.get(path)
        if entry is not None and entry.sha256 == sha256:
            continue
        source = by_hash.get(sha256)
        if source is None:
            send[path] = content
        else:
            copy.append((source, path))
        if entry is not None:
            clear.append(path)
    in_target = [path for path in _files(there) if path.startswith(target + "/")]
    clear += [path for path in in_target if path not in wanted]
    # What is about to be removed can't be copied from afterwards.
    for source, path in [pair for pair in copy if pair[0] in clear]:
        copy.remove((source, path))
        send[path] = wanted[path]
    stale = [path for path in _files(there) if path not in in_target and path.endswith(_MODULES)]
    stale = [path for path in stale if path != _MAIN]
    if folder is None and _NEW_MAIN in there:
        stale.append(_NEW_MAIN)
    folders = [path for path, entry in there.items() if entry.sha256 is None]
    roots = [*FOLDERS, *_at_root(firmware)]
    empty_later = {*folders, *roots} - {target} - _parents(wanted)
    return Plan(
        folder=folder,
        clear=clear,
        copy=copy,
        send=send,
        kept=len(wanted) - len(copy) - len(send),
        main=_main(firmware, target),
        keep_main=keep_main and _MAIN in there,
        stale=stale,
        folders=sorted(empty_later, key=lambda path: -path.count("/")),
    )


def carry_out(
    board: Board,
    firmware: Firmware,
    plan: Plan,
    wrote: Callable[[int], object] = lambda _count: None,
) -> None:
    """Do it. wrote(how many bytes) as they reach the board.

    Raises FullError, with the old firmware chosen and nothing of the new one left behind,
    BoardError when the board is lost, and FlashError when what was written reads back different.
    """
    if plan.folder is not None:
        try:
            _complete(board, firmware, plan, plan.folder, wrote)
        except FullError as error:
            _undo(board, plan.folder)
            raise FullError(f"{error} {_what_to_do(board)}") from error
        board.rename(_NEW_MAIN, _MAIN)
    for path in plan.stale:
        board.remove(path)
    for path in plan.folders:
        board.remove_folder_if_empty(path)


def _complete(
    board: Board,
    firmware: Firmware,
    plan: Plan,
    folder: str,
    wrote: Callable[[int], object],
) -> None:
    """Bring the firmware into `folder` and main.py beside the old one, whole and checked."""
    for path in plan.clear:
        board.remove(path)
    _require_space(board, firmware, plan)
    wanted = {f"{folder}/{path}": content for path, content in firmware.files.items()}
    for parent in sorted(_parents(wanted)):
        board.make_folder(parent)
    for source, target in plan.copy:
        board.copy(source, target)
    for path, content in plan.send.items():
        board.write(path, content, wrote)
    if plan.keep_main:
        board.copy(_MAIN, _KEPT_MAIN)
    board.write(_NEW_MAIN, plan.main, wrote)
    _check(board.look([folder], [_NEW_MAIN]), {**wanted, _NEW_MAIN: plan.main})


def _undo(board: Board, folder: str) -> None:
    """Leave the room to the old firmware."""
    there = board.look([folder], [_NEW_MAIN])
    for path in _files(there):
        board.remove(path)
    for path in sorted({*there, folder}, key=len, reverse=True):
        if path not in _files(there):
            board.remove_folder_if_empty(path)


def blocks_needed(firmware: Firmware, plan: Plan, block_bytes: int) -> int:
    """How many free blocks of the filesystem the plan wants, at most."""
    sizes = {path: len(firmware.files[_below(path)]) for _, path in plan.copy}
    sizes |= {path: len(content) for path, content in plan.send.items()}
    blocks = sum(-(-size // block_bytes) for size in sizes.values() if size > _INLINE_BYTES)
    return blocks + len(_parents(sizes)) * _FOLDER_BLOCKS + 1 + _SPARE_BLOCKS  # 1: main.py


def _require_space(board: Board, firmware: Firmware, plan: Plan) -> None:
    block_bytes, _blocks, free = board.space()
    needed = blocks_needed(firmware, plan, block_bytes)
    if needed > free:
        # Sessions that a host has: the box itself would drop them for the next one.
        for path in sorted(board.look(["/sessions"])):
            if path.endswith(_ACKNOWLEDGED):
                board.remove(path)
                free = board.space()[2]
                if needed <= free:
                    return
        raise FullError(
            f"The new firmware needs {needed * block_bytes // 1024} kB beside the old one, and the "
            f"board at {board.path} has {free * block_bytes // 1024} kB free."
        )


def _what_to_do(board: Board) -> str:
    sessions = sum(entry.size for entry in board.look(["/sessions"]).values())
    return (
        "The old firmware, if any, is still there and nothing else was touched. Make room: the "
        f"box's sessions take {sessions // 1024} kB; bring them to this computer with `beltbox "
        "pull`, and this drops as many as it must. Or remove what isn't the box's (mpremote fs ls, "
        "mpremote fs rm)."
    )


def _check(there: Mapping[str, Entry], wanted: Mapping[str, bytes]) -> None:
    """Raises FlashError where the board has something else."""
    hashes = {path: entry.sha256 for path, entry in there.items() if entry.sha256 is not None}
    if hashes != {path: digest(content) for path, content in wanted.items()}:
        different = sorted(
            path
            for path in {*hashes, *wanted}
            if path not in wanted or hashes.get(path) != digest(wanted[path])
        )
        raise FlashError(
            f"{different[0]} reads back different from what was sent, so the old firmware was "
            "left in charge. Try again; if this comes again, the board's flash is worn out."
        )


def _is_complete(firmware: Firmware, there: Mapping[str, Entry], folder: str) -> bool:
    hashes = {path: there[path].sha256 for path in _files(there) if path.startswith(folder + "/")}
    wanted = {f"{folder}/{path}": digest(content) for path, content in firmware.files.items()}
    main = there.get(_MAIN)
    return hashes == wanted and main is not None and main.sha256 == digest(_main(firmware, folder))


def _main(firmware: Firmware, folder: str) -> bytes:
    """main.py as it goes on the board: one line that chooses the folder, then the firmware's."""
    return (_FIRST_LINE % folder).encode() + firmware.main


def _files(there: Mapping[str, Entry]) -> list[str]:
    return [path for path, entry in there.items() if entry.sha256 is not None]


def _at_root(firmware: Firmware) -> list[str]:
    """The firmware's folders as a copy by hand has them: /beltcore, /box."""
    return sorted({"/" + path.split("/")[0] for path in firmware.files})


def _below(path: str) -> str:
    """A path on the board as the firmware names it: without /firmware-x/."""
    return path.split("/", 2)[2]


def _parents(paths: Mapping[str, object]) -> set[str]:
    """Every folder above the paths, but for the root."""
    return {str(parent) for path in paths for parent in PurePosixPath(path).parents} - {"/"}
