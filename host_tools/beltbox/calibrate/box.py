"""A box while it is calibrated: its raw rows with their time, and settings that can be undone."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from types import TracebackType
from typing import Self

from beltbox.errors import CalibrationError, LinkError
from beltbox.link.box_settings import read_settings, write_settings
from beltbox.link.finding import BACK_S, patiently, wait_until_back
from beltbox.link.health import ask_health
from beltbox.link.link import BoxLink, CommandRefusedError, SafeModeError
from beltbox.link.meeting import Identity, LinkEvent
from beltbox.link.unfinished import Note
from beltbox.link.wire import raw_row
from beltbox.walk.rows import RawRow, us_between

_MOMENT_S = 0.1
SIDES = ("left", "right")


class LinkLostError(CalibrationError):
    """The box was unplugged, was reset, or fell silent in the middle: see `wait_until_back`."""


class BoxGoneError(CalibrationError):
    """The box didn't come back, or isn't the same any more: what was measured can't be gone on."""


class CalibrateBox:
    """A box under calibration. In a `with`: what isn't kept is undone at the block's end.

    A cell that the settings don't name isn't driven by the box, so it needs a provisional
    sensitivity before it can be calibrated: that is on the box's flash until it is undone. Where
    the box was unplugged before that, the end of the block waits a minute for it to come back.
    Readings that were taken before a blip of the cable stand: the cell's counts, and the settings
    on the flash, outlast a reset. What is to be undone is noted in a file first:
    `unfinished.put_back` does it where this can't.
    """

    def __init__(self, link: BoxLink, tell: Callable[[str], None] = lambda _text: None) -> None:
        """Learns settings and number of the box. Raises LinkError. tell: what is waited for."""
        self.link = link
        self._tell = tell
        self.settings = read_settings(link)
        health = ask_health(link)
        self.serial = "" if health is None else health.serial
        if link.identity is None:
            raise LinkError(f"The box at {link.path} doesn't say who it is.")
        self.identity: Identity = link.identity
        self._before: dict[str, int | str] = {}
        self._note = Note(self.serial, self.identity.box_name)
        self._raw_on = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        try:
            self.undo()
        finally:
            self.quiet()

    def change(self, values: Mapping[str, int | str]) -> None:
        """Set what differs; `undo` takes it back.

        Raises UnfinishedError with nothing set, LinkError with all or none of it set (on a box
        with older firmware: some of it).
        """
        differ = {
            key: value
            for key, value in values.items()
            if self.settings[key] != value and key not in self.link.unknown_settings
        }
        if not differ:
            return
        # Also when no answer comes it may have been done: what is to be undone is noted first.
        self._note.add(self.settings, differ)
        for key in differ:
            self._before.setdefault(key, self.settings[key])
        patiently(self.link, lambda: write_settings(self.link, differ), self._tell)
        self.settings |= differ

    def wait_until_back(self, why: LinkLostError) -> None:
        """Wait for the box after a LinkLostError, so that what was measured before can be gone on.

        Raises BoxGoneError where it doesn't come back within a minute, or isn't the same any
        more; SafeModeError.
        """
        self._raw_on = False  # a box that starts sends none
        try:
            wait_until_back(self.link, str(why), self._tell)
            # What happened until now is known: it was waited for.
            self._take_for_a_moment()
            health = ask_health(self.link)
            there = read_settings(self.link)
        except (CommandRefusedError, SafeModeError):
            raise
        except LinkError as error:
            raise BoxGoneError(str(error)) from error
        if self.serial and health is not None and health.serial != self.serial:
            raise BoxGoneError(
                f"Another box is at {self.link.path} now: its number is {health.serial}, and "
                f"{self.serial} was calibrated. Plug that one in, and begin again."
            )
        others = [key for key, value in self.settings.items() if there[key] != value]
        if changed := [key for key in others if key not in self._before]:
            raise BoxGoneError(
                f"The box came back with other settings ({', '.join(changed)}), so that the "
                "readings before can't be used. Begin again."
            )

    def keep(self, keys: Iterable[str]) -> None:
        """What was changed of these stays. Raises UnfinishedError."""
        kept = [key for key in keys if self._before.pop(key, None) is not None]
        self._note.drop(kept)

    def undo(self) -> None:
        """Put back what was changed and not kept. Raises CalibrationError where that fails."""
        if not self._before:
            return
        try:
            if not self.link.connected:
                self._wait_for_return()
            write_settings(self.link, self._before)
            self.settings |= self._before
            self._note.drop(self._before)
            self._before.clear()
        except (LinkError, TimeoutError, KeyboardInterrupt) as error:
            rest = " ".join(f"{key}={value}" for key, value in self._before.items())
            raise CalibrationError(
                "The box isn't there, so a setting for the time of the calibration stays on it. "
                "The next beltbox command on this computer that finds the box puts it back; on "
                f"another one: beltbox settings {rest}"
            ) from error

    def quiet(self) -> None:
        """No raw rows any more, if the box can be asked."""
        if self._raw_on and self.link.connected:
            self._raw_on = False
            try:
                self.link.command("raw", 0, tries=2)
            except LinkError:
                return  # a box that is gone is quiet, too

    def idle(self) -> None:
        """Take what comes for a moment, and forget it: nothing is measured now.

        What happens to the box is told; `rows` finds it out if it isn't back by then.
        """
        self.quiet()
        for event in self._take_for_a_moment():
            self._tell(event.text)

    def _take_for_a_moment(self) -> list[LinkEvent]:
        events: list[LinkEvent] = []
        deadline = self.link.clock.now_s() + _MOMENT_S
        for item in self.link.listen():
            if isinstance(item, LinkEvent):
                events.append(item)
            if item is None or self.link.clock.now_s() > deadline:
                break
        return events

    def rows(self) -> Generator[tuple[float, RawRow] | None]:
        """Raw rows from now on, each with the box's time since the first in seconds.

        None when nothing came for a moment. Raises LinkLostError, LinkError.
        """
        if not self.link.connected:
            raise LinkLostError("The box is unplugged.")
        if not self._raw_on:
            try:
                self.link.command("raw", 1)
            except LinkError as error:
                if self.link.connected:
                    raise
                raise LinkLostError(str(error)) from error
            self._raw_on = True
        # What waits was measured before.
        self.link.drop_waiting(("RAW",))
        at_s = 0.0
        before_us: int | None = None
        for item in self.link.listen():
            if isinstance(item, LinkEvent):
                _happened(item)
            elif item is None:
                yield None
            elif item.type == "RAW":
                row = raw_row(item)
                if row is not None:
                    if before_us is not None:
                        at_s += us_between(before_us, row.t_us) / 1e6
                    before_us = row.t_us
                    yield at_s, row

    def _wait_for_return(self) -> None:
        self._tell(
            f"The box was unplugged. Plug it in again within {BACK_S:.0f} s, so that its settings "
            "are put back as they were."
        )
        deadline = self.link.clock.now_s() + BACK_S
        for item in self.link.listen():
            if isinstance(item, LinkEvent) and item.kind == "returned":
                return
            if isinstance(item, LinkEvent) and item.kind == "another":
                self._tell(item.text)
            if self.link.clock.now_s() > deadline:
                raise TimeoutError


def sample_of(row: RawRow, side: str) -> int | None:
    """The side's sample."""
    return row.rail_left if side == "left" else row.rail_right


def _happened(event: LinkEvent) -> None:
    if event.kind == "unplugged":
        raise LinkLostError("The box was unplugged.")
    if event.kind in ("reset", "silent"):
        raise LinkLostError(event.text)
