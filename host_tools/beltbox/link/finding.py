"""Finding the box by asking who is there, whatever its port is called."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from beltbox.clock import CLOCK, Clock
from beltbox.errors import LinkError
from beltbox.link.link import BoxLink, CommandRefusedError, SafeModeError
from beltbox.link.meeting import NoProgramError, ProtocolError
from beltbox.link.ports import (
    ByteSink,
    Candidate,
    PortError,
    PortTrouble,
    candidates,
    candidates_unasked,
)
from beltbox.link.unfinished import put_back
from beltbox.words import printable

T = TypeVar("T")

BACK_S = 60.0
"""So long a box that was unplugged is waited for."""
_QUICK_TRIES = 2


def find_box(
    path: str | None,
    *,
    capture: ByteSink | None = None,
    tell: Callable[[str], None] = lambda _text: None,
    among: Sequence[Candidate] | None = None,
    clock: Clock = CLOCK,
) -> BoxLink:
    """The link to the box at `path`, or, without one, to the only box that is here.

    Asks every port on USB, or only those of `among`, who it is. What a calibration that was killed
    has left on the box is put back, and reported on the standard error. Raises PortError when there
    is none, or more than one.
    """
    link = _find(path, capture, tell, among, clock)
    try:
        put_back(link, _warn)
    except BaseException:
        link.close()
        raise
    return link


def _find(
    path: str | None,
    capture: ByteSink | None,
    tell: Callable[[str], None],
    among: Sequence[Candidate] | None,
    clock: Clock,
) -> BoxLink:
    if path is not None:
        return BoxLink(path, capture=capture, clock=clock)
    links: list[BoxLink] = []
    refusals: list[str] = []
    without_program: list[NoProgramError] = []
    held: list[PortError] = []
    try:
        for candidate in candidates_unasked() if among is None else among:
            tell(f"Asking {candidate.path} ({candidate.description}) …")
            try:
                links.append(BoxLink(candidate.path, patience_s=candidate.patience_s, clock=clock))
            except (PortError, LinkError) as error:
                if isinstance(error, NoProgramError):
                    without_program.append(error)
                if _trouble(error) in (PortTrouble.BUSY, PortTrouble.FORBIDDEN):
                    held.append(PortError(str(error), _trouble(error)))
                refusals.append(f"{candidate.path} ({_trouble(error).value})")
        if len(links) == 1:
            link = links.pop()
            link.capture_to(capture)
            return link
        if links:
            names = ", ".join(f"{link.path} ({_name(link)})" for link in links)
            raise PortError(
                f"{len(links)} boxes are here: {names}. Name one: --port {links[0].path}"
            )
        if len(without_program) == 1:
            raise without_program[0]
        if len(held) == len(refusals) == 1:
            raise held[0]
        asked = f" Asked: {'; '.join(refusals)}." if refusals else ""
        if among is None:
            asked += _not_asked()
        if held:
            raise PortError(
                f"No BeltBox was found at a port that can be asked. {held[0]} If the box is at "
                f"another one, plug it in with a cable that carries data.{asked}"
            )
        raise PortError(
            "No BeltBox was found. Plug it in with a cable that carries data, or start one without "
            f"hardware: beltbox sim.{asked}"
        )
    finally:
        for link in links:
            link.close()


def _not_asked() -> str:
    """The ports that are asked only by name, as a sentence; empty without any."""
    soldered = [candidate.path for candidate in candidates() if candidate.soldered]
    if not soldered:
        return ""
    names = ", ".join(soldered[:4]) + (", …" if len(soldered) > 4 else "")
    return (
        f" Not asked, because they are part of the computer: {names}. If the box is at one, name "
        "it: --port PORT."
    )


def wait_until_back(link: BoxLink, why: str, tell: Callable[[str], None]) -> None:
    """Wait until the box answers again, wherever it is plugged in.

    why: what happened to it, a sentence. Raises LinkError after a minute; SafeModeError.
    """
    tell(f"{why} Waiting for it for {BACK_S:.0f} s.")
    deadline_s = link.clock.now_s() + BACK_S
    for _ in link.listen():
        if link.connected and _answers(link):
            tell("The box is back.")
            return
        if link.clock.now_s() > deadline_s:
            raise LinkError(f"The box at {link.path} didn't come back within {BACK_S:.0f} s.")


def patiently(link: BoxLink, action: Callable[[], T], tell: Callable[[str], None]) -> T:
    """What `action` gives; where the box is unplugged meanwhile, it is done again once it is back.

    Raises what `action` raises for another reason, and what `wait_until_back` raises.
    """
    while True:
        try:
            return action()
        except (CommandRefusedError, SafeModeError):
            raise
        except LinkError as error:
            if link.connected:
                raise
            wait_until_back(link, str(error), tell)


def _answers(link: BoxLink) -> bool:
    try:
        link.command("identify", tries=_QUICK_TRIES)
    except (CommandRefusedError, SafeModeError):
        raise
    except LinkError:
        return False
    return True


def _warn(text: str) -> None:
    print(printable(text), file=sys.stderr)


def _trouble(error: PortError | LinkError) -> PortTrouble:
    if isinstance(error, PortError):
        return error.trouble
    if isinstance(error, ProtocolError):
        return PortTrouble.NEWER_PROTOCOL
    return PortTrouble.NO_ANSWER


def _name(link: BoxLink) -> str:
    if link.identity is None:
        return "unknown"
    serial = link.identity.serial
    return link.identity.box_name + (f", serial {serial}" if serial else "")
