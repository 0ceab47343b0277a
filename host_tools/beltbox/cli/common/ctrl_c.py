"""Ctrl-C at any moment: one line on standard error and exit status 130, never a traceback.

Before a command begins and after it has ended, nothing is open. Then Ctrl-C ends the program at
once, from within the signal's handler. An exception wouldn't do there: Python prints a traceback
for one that is raised in some places of an import or of its own shutdown, and goes on.

While a command works, Ctrl-C is a KeyboardInterrupt, so that everything that is open is closed on
the way up. Its text, if it has one, is the line that is printed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

STATUS = 130
"""The exit status after Ctrl-C: 128 and the signal's number, as shells have it."""

_STOPPED = "Stopped."
# Long enough to leave the place where Python ignores exceptions; a person doesn't notice it.
_AGAIN_S = 0.05


def guard() -> None:
    """From now on Ctrl-C ends the program at once, except in `interruptible`.

    Where the program was started with Ctrl-C ignored, as shells do in the background, it stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end_at_once)
        sys.unraisablehook = _deliver_again


@contextmanager
def interruptible() -> Generator[None]:
    """A command's work: Ctrl-C raises KeyboardInterrupt in it, and SystemExit(130) leaves it."""
    guarded = signal.getsignal(signal.SIGINT) is _end_at_once
    try:
        if guarded:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        # Before Ctrl-C ends the program at once: nothing that was printed may be lost.
        sys.stdout.flush()
    except KeyboardInterrupt as stop:
        print(_line(str(stop) or _STOPPED), file=sys.stderr)
        sys.exit(STATUS)
    finally:
        with suppress(OSError):
            sys.stdout.flush()
        if guarded:
            signal.signal(signal.SIGINT, _end_at_once)


def _line(text: str) -> str:
    """The text on a line of its own: a terminal has just shown ^C."""
    return f"\n{text}" if os.isatty(2) else text


def _end_at_once(_number: int, _frame: FrameType | None) -> NoReturn:
    # Not by `print`, which may be what was interrupted.
    with suppress(OSError):
        os.write(2, f"{_line(_STOPPED)}\n".encode())
    os._exit(STATUS)


def _deliver_again(unraisable: UnraisableHookArgs) -> None:
    """Where Python ignores an exception, such as in `__del__`, Ctrl-C isn't lost: it comes again.

    All else that is ignored is printed as usual.
    """
    if unraisable.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(unraisable)
        return
    import threading  # noqa: PLC0415 - not on every start

    threading.Timer(_AGAIN_S, _interrupt, [threading.main_thread().ident]).start()


def _interrupt(thread: int) -> None:
    if sys.platform == "win32":
        import _thread  # noqa: PLC0415

        _thread.interrupt_main()
    else:  # wakes it, too, if it waits for something
        signal.pthread_kill(thread, signal.SIGINT)
