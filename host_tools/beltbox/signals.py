"""The signals by which a person or the system asks a program to end."""

from __future__ import annotations

import signal
from types import FrameType


def end_signals() -> list[signal.Signals]:
    """Ctrl-C, `kill`, and, where there is such a thing, the closing of the terminal."""
    signals = [signal.SIGINT, signal.SIGTERM]
    # Ignored under `nohup`: then the terminal's closing isn't to end the program.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signals.append(signal.SIGHUP)
    return signals


class Stopper:
    """The end signals as a wish to end well; a second Ctrl-C ends at once.

    by_ctrl_c: whether the wish came from Ctrl-C.
    """

    def __init__(self) -> None:
        self.wished = False
        self.by_ctrl_c = False

    def __call__(self) -> bool:
        """Whether the end is wished for."""
        return self.wished

    def listen(self) -> None:
        """From now on, signals are wishes."""
        for number in end_signals():
            signal.signal(number, self._wish)

    def _wish(self, number: int, _frame: FrameType | None) -> None:
        if self.wished and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.wished = True
        self.by_ctrl_c = number == signal.SIGINT
