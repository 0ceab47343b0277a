"""The talk with a person, or with a script: says, shows what is waited for, asks, takes answers."""

from __future__ import annotations

import queue
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO, TypeVar

from rich.console import Console
from rich.control import Control
from rich.live import Live
from rich.text import Text

from beltbox.calibrate.cards.card import Card
from beltbox.clock import CLOCK, Clock
from beltbox.errors import CalibrationError
from beltbox.words import printable

T = TypeVar("T")

# A status in a log: one now and then, or it would be all there is.
_LOGGED_S = 1.0
LEAVE = ("q", "quit", "leave", "exit")
# What arrow keys and the like send to a program that doesn't know them (ECMA-48, 5.4).
_KEYS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[@-~]|.)?")


class LeaveError(Exception):
    """The person doesn't want to go on: nothing is wrong, and nothing is stored."""


class Keyboard:
    """Lines that a person types, or a pipe brings, taken while something else is listened to."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._ended = False
        self._stream = sys.stdin if stream is None else stream
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for line in self._stream:
                self._lines.put(line)
        except (OSError, ValueError):  # closed, or not text
            pass
        self._lines.put(None)

    @property
    def is_terminal(self) -> bool:
        """Whether a person types, and no script."""
        return self._stream.isatty()

    def line(self) -> str | None:
        """The next line without its end, or None if there is none yet. Raises CalibrationError."""
        if not self._ended:
            try:
                text = self._lines.get_nowait()
            except queue.Empty:
                return None
            if text is not None:
                typed = _KEYS.sub("", text)
                return "".join(char for char in typed if char.isprintable()).strip()
            self._ended = True
        raise CalibrationError(
            "The input has ended, and there is a question left. In a script, give the options, "
            "--answers FILE, or --yes."
        )


class Answers:
    """Answers from a file: a line for each, `key = value`; a question that comes again has two.

    Empty lines and lines that begin with # don't count.
    """

    def __init__(self, path: Path, keys: Mapping[str, str]) -> None:
        """Raises CalibrationError for what isn't an answer; `keys` are those that there are."""
        self._path = path
        self._left: dict[str, deque[str]] = {}
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CalibrationError(f"Can't read the answers in {path}: {error}.") from error
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            key, equals, value = (part.strip() for part in line.partition("="))
            if not equals or key not in keys:
                raise CalibrationError(
                    f"{path}, line {number}: {printable(line.strip())!r} isn't an answer. Write "
                    f"KEY = VALUE; the keys: {', '.join(keys)}."
                )
            self._left.setdefault(key, deque()).append(value)

    @property
    def left(self) -> list[str]:
        """The keys of answers that weren't taken yet."""
        return [key for key, left in self._left.items() if left]

    def take(self, key: str) -> str | None:
        """The next answer to this question."""
        left = self._left.get(key)
        return left.popleft() if left else None


class Talk:
    """One conversation. Answers come from the file, then from `--yes`, then from the keyboard."""

    def __init__(
        self,
        console: Console,
        *,
        answers: Answers | None = None,
        yes: bool = False,
        keyboard: Keyboard | None = None,
        clock: Clock = CLOCK,
    ) -> None:
        """yes: take what is offered. keyboard: made when it is first needed, unless given."""
        self.console = console
        self.scripted = yes or answers is not None
        """Nobody is there to press keys or to be asked twice."""
        self.kept: list[Card] = []
        """What was accepted and stored."""
        self._answers = answers
        self._yes = yes
        self._keyboard = keyboard
        self._clock = clock
        self._live: Live | None = None
        self._status = ""
        self._logged_at = 0.0

    def say(self, text: str, style: str = "") -> None:
        """A line that stays."""
        self.console.print(
            Text(printable(text)),
            style=style,
            highlight=False,
            soft_wrap=not self.console.is_terminal,  # words aren't broken at its edge
            markup=False,
        )

    def status(self, text: str) -> None:
        """What is waited for, in a line that is written over; into a file, now and then a line."""
        if text == self._status:
            return
        if not self.console.is_terminal:
            at = self._clock.now_s()
            if at - self._logged_at >= _LOGGED_S:
                self._logged_at = at
                self._status = text
                self.say(f"  … {text}")
            return
        self._status = text
        if self._live is None:
            self._live = Live(console=self.console, auto_refresh=False, transient=True)
            self._live.start()
        shown = Text(f"  … {printable(text)}", no_wrap=True, overflow="ellipsis", style="cyan")
        self._live.update(shown, refresh=True)

    def quiet(self) -> None:
        """No status any more."""
        self._status = ""
        self._logged_at = 0.0
        if self._live is not None:
            self._live.stop()
            self._live = None

    @property
    def keyboard(self) -> Keyboard:
        """The person's."""
        if self._keyboard is None:
            self._keyboard = Keyboard()
        return self._keyboard

    def pressed(self) -> bool:
        """Whether Enter was pressed since it was last asked; once for each. Raises LeaveError."""
        line = self.keyboard.line()
        if line is None:
            return False
        if self._live is not None:
            # The terminal's echo has moved on by a line, and the status doesn't know.
            self.console.control(Control.move(0, -1))
        if line.lower() in LEAVE:
            self.quiet()
            raise LeaveError
        return True

    def heed(self) -> None:
        """While no answer is waited for: what is typed means nothing, but for "q", which leaves.

        Nor does it answer the next question.
        """
        if not self.scripted and self.keyboard.is_terminal:
            self.pressed()

    def ask(
        self,
        key: str,
        question: str,
        parse: Callable[[str], T],
        *,
        default: str | None = None,
        by_yes: str | None = None,
        idle: Callable[[], object],
    ) -> T:
        """The answer, as `parse` has it; asked again while it raises ValueError with the reason.

        default: what Enter alone means, and `--yes`. by_yes: what `--yes` means where Enter, which
        may be pressed once too often, means nothing. idle: called while the person thinks. Raises
        CalibrationError where nobody can answer, LeaveError where "leave" is the answer.
        """
        self.quiet()
        while True:
            text = self._given(key, question, by_yes or default if self._yes else default)
            given = text is not None
            if text is None:
                self._prompt(question, default)
                text = self._typed(idle) or (default or "")
            if text.lower() in LEAVE:
                raise LeaveError
            try:
                return parse(text)
            except ValueError as error:
                said = str(error).rstrip(".")
                if given:
                    raise CalibrationError(
                        f"The answer {text!r} to {question!r} won't do: {said}."
                    ) from error
                self.say(f"{said[:1].upper()}{said[1:]}.", "yellow")

    def must_have(self, key: str, words: str) -> None:
        """Raise CalibrationError where only an answer in the file could answer what will be asked.

        Before anybody hangs a weight.
        """
        if self._answers is not None and not self._yes and key not in self._answers.left:
            raise CalibrationError(
                f"The answers file has no answer to {words!r}. Give it ({key} = …), or --yes."
            )

    @property
    def unused(self) -> list[str]:
        """The keys of answers that nobody asked for."""
        return [] if self._answers is None else self._answers.left

    def _given(self, key: str, question: str, default: str | None) -> str | None:
        """An answer that needs nobody, said for the record; None if a person is to be asked."""
        text = None if self._answers is None else self._answers.take(key)
        if text is None and self.scripted:
            text = default
        if text is None and self.scripted:
            raise CalibrationError(
                f"Nobody answers {question!r}. Give it in the answers file ({key} = …) or as an "
                "option (--help)."
            )
        if text is not None:
            self.say(f"{question} {text}")
        return text

    def _prompt(self, question: str, default: str | None) -> None:
        offered = f" [{default}]" if default else ""
        self.console.print(
            Text(f"{question}{offered} ", style="bold"),
            end="",
            soft_wrap=not self.console.is_terminal,
        )

    def _typed(self, idle: Callable[[], object]) -> str:
        while True:
            idle()
            line = self.keyboard.line()
            if line is not None:
                return line


def yes_or_no(text: str) -> bool:
    """Parse "y", "no" and the like. Raises ValueError."""
    if text.lower() in ("y", "yes"):
        return True
    if text.lower() in ("n", "no"):
        return False
    raise ValueError(f"{text!r} is neither yes nor no")


def one_of(*choices: str) -> Callable[[str], str]:
    """Parses one of these words, or the beginning of just one. Raises ValueError."""

    def parse(text: str) -> str:
        matches = [choice for choice in choices if text and choice.startswith(text.lower())]
        if len(matches) != 1:
            said = f"{text!r} isn't one of" if text else "type one of"
            raise ValueError(f"{said}: {', '.join(choices)}")
        return matches[0]

    return parse


def number(text: str) -> float:
    """Parse a number, with a point or a comma. Raises ValueError."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        said = f"{text!r} isn't a number; write it without its unit" if text else "type a number"
        raise ValueError(said) from None


def positive(text: str) -> float:
    """Parse a number above 0. Raises ValueError."""
    value = number(text)
    if not 0 < value < float("inf"):
        raise ValueError(f"{text} isn't a number above 0")
    return value


def kilograms(text: str) -> list[float]:
    """Parse "5,10,20" or "5 kg, 10 kg", with points for decimals. Raises ValueError."""
    return [number(part) for part in re.split(r"[,;\s]+|kg", text.lower()) if part]
