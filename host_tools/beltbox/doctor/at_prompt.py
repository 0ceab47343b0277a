"""A box whose program doesn't run: started again, or what its flash still tells."""

from __future__ import annotations

import contextlib
import json
from typing import Any, cast

from beltbox.clock import CLOCK, Clock
from beltbox.doctor.examination import DoctorError
from beltbox.errors import LinkError
from beltbox.flash.board import Board, BoardError
from beltbox.link.link import BoxLink, SafeModeError
from beltbox.link.meeting import NoProgramError
from beltbox.link.ports import PortError
from beltbox.words import counted

# MicroPython's start, and the three crashes in a row that lead to safe mode.
_START_S = 15.0
_POLL_S = 0.3
_LINES = 6


def started_again(path: str, *, clock: Clock = CLOCK) -> BoxLink:
    """Reset the board that is at MicroPython's prompt at `path`: the link to its box.

    Raises DoctorError when its program doesn't run then either, with what the board tells.
    """
    with Board(path) as board:
        board.reset()
    deadline = clock.now_s() + _START_S
    while True:
        try:
            link = BoxLink(path, clock=clock)
        except (PortError, LinkError) as error:
            if isinstance(error, NoProgramError) or clock.now_s() > deadline:
                raise at_the_prompt(path, str(error)) from error
            clock.sleep(_POLL_S)
            continue
        try:
            link.command("identify")
            return link
        except SafeModeError as error:
            link.close()
            raise at_the_prompt(path, str(error)) from error
        except BaseException:
            link.close()
            raise


def at_the_prompt(path: str, why: str) -> DoctorError:
    """What is known of a box that stays at its prompt, and what to do."""
    lines = [why]
    with contextlib.suppress(PortError, BoardError), Board(path) as board:
        version = ".".join(map(str, board.facts.version))
        lines.append(f"MicroPython {version} on {board.facts.machine} answers.")
        if not board.look([], ["/main.py"]):
            lines.append("There is no main.py: put the firmware on it with `beltbox flash`.")
        lines += _crash(board.read("/crash.json"))
    return DoctorError("\n".join(lines))


def _crash(kept: bytes) -> list[str]:
    """The last crash, as the box keeps it (firmware/box/crash.py)."""
    try:
        crash: Any = json.loads(kept)
        count, lines = crash["count"], [str(line) for line in cast(list[object], crash["lines"])]
    except (ValueError, KeyError, TypeError):
        return []
    frames = [f"    {line}" for line in lines if not line.startswith("Traceback ")]
    return [f"It has crashed {counted(count, 'times')}; the last time:", *frames[-_LINES:]]
