"""`beltbox record`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console

from beltbox import units
from beltbox.cli.box.live import set_clock
from beltbox.cli.common.options import (
    MAX_S,
    JsonOption,
    OverwriteOption,
    PortOption,
    StoreOption,
    a_number,
)
from beltbox.cli.common.output import print_json, sound_name
from beltbox.cli.common.remarks import remarks_on
from beltbox.errors import BeltBoxError
from beltbox.files import refuse_target
from beltbox.link.finding import find_box
from beltbox.link.link import BoxLink
from beltbox.record.own_sessions import OwnSessions
from beltbox.record.recorder import Recorder
from beltbox.record.view import View
from beltbox.show.terminal import PlainView, view_for
from beltbox.signals import Stopper
from beltbox.store.store import Store, open_store
from beltbox.store.waiting_file import waiting_words
from beltbox.walk.figures import WalkNumbers, walk_numbers
from beltbox.walk.session import summary_json


class CaptureFileError(BeltBoxError):
    """The capture can't be written."""


class CaptureFile:
    """A file that gets the port's bytes; its errors are a person's.

    What is there is replaced when the first byte arrives: not where no box is found.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_new = True
        try:
            self._file: BinaryIO = path.open("ab", buffering=0)
        except OSError as error:
            raise CaptureFileError(self._why(error)) from error

    def write(self, data: bytes) -> int:
        """Write through to the file. Raises CaptureFileError."""
        try:
            if self._is_new:
                self._file.truncate(0)
                self._is_new = False
            return self._file.write(data)
        except OSError as error:
            raise CaptureFileError(self._why(error)) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _why(self, error: OSError) -> str:
        return (
            f"Can't write the capture {self._path}: {error.strerror}. Check the folder and the "
            "disk's space. What was recorded until now is kept."
        )


def record_command(
    port: PortOption = None,
    store: StoreOption = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=MAX_S,
            help="Start at once, and stop after this many seconds.",
            callback=a_number,
        ),
    ] = None,
    capture: Annotated[
        Path | None,
        typer.Option(help="Also save every byte that the box sends, unchanged, to this file."),
    ] = None,
    person: Annotated[str | None, typer.Option(help="The walker's name.")] = None,
    overwrite: OverwriteOption = False,
    once: Annotated[
        bool,
        typer.Option("--once", help="Exit after one session instead of waiting for the next."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Record walks: each one becomes a session in the store.

    A session starts when the belt moves, and ends after a minute of standing still. Ctrl-C ends
    the recording and keeps everything. A box that is unplugged is waited for: for two minutes in
    the same session. Another box that is plugged in meanwhile is never recorded.

    While the store can't be written (another program has locked it, the disk is full), what is
    measured waits in memory; what still waits at the end goes into a file beside the store, for
    `beltbox store add`.

    Example: beltbox record --person Anna
    """
    # With --json the only thing on the standard output is the JSON.
    console = Console(stderr=as_json)
    remark = remarks_on(console)
    with ExitStack() as stack:
        opened = stack.enter_context(open_store(store))
        for text in waiting_words(opened.where):
            remark(text)
        captured = None
        if capture is not None:
            refuse_target(
                capture,
                error=CaptureFileError,
                not_onto=[(opened.where, "the store")],
                overwrite=overwrite,
            )
            captured = CaptureFile(capture)
            stack.callback(captured.close)
        link = stack.enter_context(find_box(port, capture=captured, tell=remark))
        set_clock(link, remark)
        view: View = PlainView(console) if as_json else view_for(console)
        stopper = Stopper()
        stopper.listen()
        recorder = Recorder(
            link,
            opened,
            seconds=seconds,
            once=once,
            person=None if person is None else sound_name(person),
            own=_own_sessions(link),
            views=[view],
            stop=stopper,
        )
        try:
            with view:
                if seconds is None:
                    view.notify("Ready: the session starts when the belt moves. Ctrl-C ends it.")
                recorder.run()
        except BaseException:
            with suppress(BeltBoxError):  # the first error is the one to report
                if recorder.sessions and not as_json:
                    console.print("What was recorded until then is kept:", highlight=False)
                _print_what_was_kept(opened, recorder.sessions, as_json, console)
            raise
        _print_what_was_kept(opened, recorder.sessions, as_json, console)
        if not recorder.sessions and not as_json:
            console.print("Nothing was recorded: the belt didn't move.", highlight=False)


def _own_sessions(link: BoxLink) -> OwnSessions | None:
    if link.identity is None or not link.identity.serial:
        return None  # its firmware is too old to keep any
    return OwnSessions(link, link.identity.serial)


def _print_what_was_kept(store: Store, ids: Sequence[int], as_json: bool, console: Console) -> None:
    kept = [walk_numbers(store.load(session_id, with_raw=False)) for session_id in ids]
    if as_json:
        print_json(
            [{**summary_json(numbers.summary), **numbers.as_json()} for numbers in reversed(kept)]
        )
        return
    for numbers in kept:
        # Into a file or a pipe it is one line; a terminal's are broken between words.
        soft = not console.is_terminal
        console.print(summary_line(numbers), markup=False, highlight=False, soft_wrap=soft)


def summary_line(numbers: WalkNumbers) -> str:
    """A session in a line."""
    session, u = numbers.summary, numbers.u
    totals = session.totals
    rail = units.format_percent(totals.mean_reliance_permille, u["mean_reliance_permille_u"])
    hands_off = units.format_share(totals.hands_off_share, u["hands_off_share_u"])
    over = units.over(totals.reliance_mm, totals.distance_mm) if totals.reliance_mm else ""
    zoned_mm = totals.hands_off_share_over_mm
    known = " with a known zone" if zoned_mm and units.over(zoned_mm, totals.distance_mm) else ""
    steps = f", {units.format_steps(totals.steps, u['steps_u'])}" if totals.steps else ""
    return (
        f"Session {session.id}: {units.format_duration(totals.duration_s)}, "
        f"{units.format_distance(totals.distance_mm, u['distance_mm_u'])}, "
        f"{units.format_speed(totals.mean_speed_mm_s, u['mean_speed_mm_s_u'])}, "
        f"rail {f'{rail} of body weight {over}'.strip()}, "
        f"hands off {hands_off} of the distance{known}{steps}. "
        f"See it: beltbox report {session.id}"
    )
