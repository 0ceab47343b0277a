"""The doctor: ten seconds with a box, and what they showed. `findings` says it in words."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from beltbox.doctor.sensors import Belt, Cell, examine_belt, examine_cell, span_s
from beltbox.errors import BeltBoxError, LinkError
from beltbox.link.box_settings import read_settings
from beltbox.link.health import Health, ask_health
from beltbox.link.link import BoxLink
from beltbox.link.meeting import Identity, LinkEvent
from beltbox.link.wire import named, raw_row
from beltbox.walk.rows import RawRow, us_between

SECONDS = 10.0
_CONSOLE_LINES_MOST = 1000  # of a box that says the same over and over
_PATIENCE = 2.5  # times as long here as on the box, then what there is must do


class DoctorError(BeltBoxError):
    """The box can't be examined."""


@dataclass(slots=True)
class Examination:
    """What was found out in ten seconds."""

    identity: Identity
    health: Health | None
    """None for a firmware that is too old to tell."""
    settings: dict[str, int | str]
    seconds: float
    rows: list[RawRow]
    cells: dict[str, Cell | None]
    """By side; None for one that the settings don't name."""
    belt: Belt
    good: int
    """Sentences that came whole, as `damaged` and `missing` are the others."""
    damaged: int
    missing: int
    repeated: int
    """Those that arrived a second time, which the others don't count."""
    flags: int
    """All bits of beltcore.host.flags that were set meanwhile, as `box_flags`."""
    box_flags: int
    crash_count: int
    crash_lines: list[str]
    console: list[str]
    events: list[str]
    """What happened to the link: unplugged, reset."""

    def as_json(self) -> dict[str, object]:
        """All but the raw rows, ready for JSON."""
        return {
            "identity": asdict(self.identity),
            "health": self.health and asdict(self.health),
            "settings": self.settings,
            "seconds": round(self.seconds, 3),
            "cells": {side: cell and asdict(cell) for side, cell in self.cells.items()},
            "belt": asdict(self.belt),
            "sentences": {
                "good": self.good,
                "damaged": self.damaged,
                "missing": self.missing,
                "repeated": self.repeated,
            },
            "flags": self.flags,
            "box_flags": self.box_flags,
            "crash": {"count": self.crash_count, "lines": self.crash_lines},
            "events": self.events,
        }


def examine(
    link: BoxLink, *, seconds: float = SECONDS, show: Callable[[float], None] = lambda _share: None
) -> Examination:
    """Listen to a box for `seconds` of its time. show: told of progress, 0 .. 1.

    Raises LinkError when it doesn't answer, DoctorError when no rows come.
    """
    ask_health(link)  # the times of its ticks count from now
    settings = read_settings(link)
    crash_count, crash_lines = _crash(link)
    reader = link.reader
    before = (reader.good, reader.damaged, reader.missing, reader.repeated)
    heard = _listen(link, seconds, show)
    after = (reader.good, reader.damaged, reader.missing, reader.repeated)
    if len(heard.rows) < 2 and not link.connected:
        raise DoctorError(
            f"{' '.join(heard.events)} It didn't come back within the examination: plug it in, and "
            "start the doctor again."
        )
    if len(heard.rows) < 2:
        raise DoctorError(
            f"The box at {link.path} answers, but sends no raw rows: its loop doesn't tick. Press "
            "its reset button and try again; if it stays so, put the firmware on it again: "
            "beltbox flash."
        )
    health = ask_health(link)
    if link.identity is None:
        raise LinkError(f"The box at {link.path} doesn't say who it is.")
    return Examination(
        identity=link.identity,
        health=health,
        settings=settings,
        seconds=span_s(heard.rows),
        rows=heard.rows,
        cells={
            side: examine_cell(heard.rows, side, settings)
            if settings[f"rail_{side}_nn_per_count"]
            else None
            for side in ("left", "right")
        },
        belt=examine_belt(heard.rows, settings),
        good=after[0] - before[0],
        damaged=after[1] - before[1],
        missing=after[2] - before[2],
        repeated=after[3] - before[3],
        flags=heard.flags,
        box_flags=heard.box_flags,
        crash_count=crash_count,
        crash_lines=crash_lines,
        console=heard.console,
        events=heard.events,
    )


@dataclass(slots=True)
class _Heard:
    rows: list[RawRow] = field(default_factory=list[RawRow])
    console: list[str] = field(default_factory=list[str])
    events: list[str] = field(default_factory=list[str])
    flags: int = 0
    box_flags: int = 0


def _listen(link: BoxLink, seconds: float, show: Callable[[float], None]) -> _Heard:
    link.command("stream", 1)
    link.command("raw", 1)
    try:
        return _heard(link, seconds, show)
    finally:
        with contextlib.suppress(LinkError):
            link.command("raw", 0, tries=2)


def _heard(link: BoxLink, seconds: float, show: Callable[[float], None]) -> _Heard:
    heard = _Heard()
    link.drop_waiting(("RAW", "NOW"))
    elapsed_us = 0
    deadline = link.clock.now_s() + seconds * _PATIENCE
    for item in link.listen():
        if isinstance(item, LinkEvent):
            heard.events.append(item.text)
            if item.kind in ("reset", "unplugged"):
                # Another clock and another count from here on: only what comes now is judged.
                heard.rows.clear()
                elapsed_us = 0
            if item.kind in ("reset", "returned"):
                link.command("raw", 1)  # a box that starts sends none
        elif item is not None and item.type == "RAW":
            row = raw_row(item)
            if row is not None:
                if heard.rows:
                    elapsed_us += us_between(heard.rows[-1].t_us, row.t_us)
                heard.rows.append(row)
                show(min(1.0, elapsed_us / 1e6 / seconds))
        elif item is not None and item.type == "NOW":
            fields = named(item)
            heard.flags |= _bits(fields["flags"])
            heard.box_flags |= _bits(fields["box_flags"])
        elif item is not None and item.type in ("", "LOG"):
            heard.console += [str(item.values[0])][: _CONSOLE_LINES_MOST - len(heard.console)]
        if elapsed_us >= seconds * 1e6 or link.clock.now_s() > deadline:
            break
    return heard


def _crash(link: BoxLink) -> tuple[int, list[str]]:
    count, lines = (int(number) for number in link.command("crash").split())
    return count, [link.command("crash", line) for line in range(lines)]


def _bits(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 30 else 0
