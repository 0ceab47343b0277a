"""A box with a belt and rails by a script, and a person who does what is asked, in no time."""

from __future__ import annotations

import io
import math
import random
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beltbox.calibrate import conversation
from beltbox.store.store import open_store

G = 9.80665
NN_PER_COUNT = 230_000
ZEROS = {"left": 84_210, "right": -31_570}
NOISE_COUNTS = 40
FULL_SCALE = 0x7FFFFF
# So long a step may take, of the clock that stands: then nobody waits for the next one any more.
PATIENCE_S = 300.0
REACTION_S = 0.3


class Rig:
    """What hangs on the rails and how the belt lies. It moves while the clock does."""

    def __init__(self, clock, nn_per_count: dict[str, int], *, mm_per_count: float, direction: int):
        self.noise_counts = {"left": NOISE_COUNTS, "right": NOISE_COUNTS}
        self.shaking_n = 0.0
        self.position_share = 0.0
        self.lost_channel = ""
        self._clock = clock
        self._nn_per_count = nn_per_count
        self._mm_per_count = mm_per_count
        self._direction = direction
        self._chance = random.Random(1)
        self._force_n = {"left": 0.0, "right": 0.0}
        self._failed: dict[str, deque[int]] = {}
        # Of the belt's last push: when, from where, where to, and how fast.
        self._pushed_s, self._from_mm, self._to_mm, self._mm_s = 0.0, 0.0, 0.0, 500.0

    def hang(self, kg: float, side: str = "left", place: float = 0.0) -> None:
        """place: -1 the front end, 0 the middle, 1 the rear end."""
        self._force_n[side] = kg * G * (1 + self.position_share * place)

    def fail(self, side: str, *last: int) -> None:
        """No samples any more, after these."""
        self._failed[side] = deque(last)

    def push(self, mm: float, slips_mm: float = 0.0, mm_s: float = 500.0) -> None:
        """Move the belt by hand; the encoder's wheel slips so much of it."""
        self._mm_s = mm_s
        self._from_mm = self._at_mm(self._clock.now_s())
        self._to_mm = self._from_mm + mm - math.copysign(slips_mm, mm)
        self._pushed_s = self._clock.now_s()

    def sample(self, side: str) -> int | None:
        """What the cell reads now."""
        if side in self._failed:
            return self._failed[side].popleft() if self._failed[side] else None
        force_n = self._force_n[side]
        force_n += self.shaking_n * math.sin(2 * math.pi * 0.9 * self._clock.now_s())
        counts = ZEROS[side] + force_n * 1e9 / self._nn_per_count[side]
        counts += self._chance.gauss(0, self.noise_counts[side])
        return max(-FULL_SCALE - 1, min(FULL_SCALE, round(counts)))

    def count(self) -> int:
        """What the encoder has counted."""
        count = self._direction * math.floor(
            self._at_mm(self._clock.now_s()) / self._mm_per_count + 1e-6
        )
        if not self.lost_channel:
            return count
        # With one of its two channels alone an encoder goes to and fro; they are an edge apart.
        return (count + (self.lost_channel == "b")) // 2 % 2

    def _at_mm(self, now_s: float) -> float:
        moved_mm = min(abs(self._to_mm - self._from_mm), self._mm_s * (now_s - self._pushed_s))
        return self._from_mm + math.copysign(moved_mm, self._to_mm - self._from_mm)


class Person:
    """Waits for words on the screen, one after the other, and does something at each."""

    is_terminal = True

    def __init__(self, clock) -> None:
        self.seen = ""
        self._clock = clock
        self._steps: deque[tuple[str, list[Callable[[], object]]]] = deque()
        self._looked = 0
        self._last_s = clock.now_s()
        self._acts_s: float | None = None
        self._typed: deque[str] = deque()

    def sees(self, words: str) -> Person:
        """Wait for these words, after those that were waited for before."""
        self._steps.append((words, []))
        return self

    def does(self, act: Callable[..., object], *arguments: object, **options: object) -> Person:
        """Do this when the words are seen."""
        self._steps[-1][1].append(lambda: act(*arguments, **options))
        return self

    def types(self, line: str) -> Person:
        """Type a line and Enter when the words are seen."""
        return self.does(self._typed.append, line)

    def look(self) -> None:
        """See what has come on the screen since, and do what is to be done, a moment later."""
        now_s = self._clock.now_s()
        if self._acts_s is not None and now_s >= self._acts_s:
            self._acts_s = None
            for act in self._steps.popleft()[1]:
                act()
        if self._steps and self._acts_s is None:
            words, actions = self._steps[0]
            at = self.seen.find(words, self._looked)
            if at >= 0:
                self._looked = at + len(words)
                self._last_s = now_s
                if actions:
                    self._acts_s = now_s + REACTION_S
                else:
                    self._steps.popleft()
        assert now_s - self._last_s < PATIENCE_S, (
            f"waited in vain for {self.left[:1]} after {self.seen[self._looked :]!r}"
        )

    @property
    def left(self) -> list[str]:
        """The words that weren't seen."""
        return [words for words, _ in self._steps]

    def line(self) -> str | None:
        """As a Keyboard has it."""
        return self._typed.popleft() if self._typed else None


class Screen(io.TextIOBase):
    """Passes on what is printed, and shows it to the person."""

    def __init__(self, person: Person, under: Any) -> None:
        self._person = person
        self._under = under

    def write(self, text: str) -> int:
        self._person.seen += text
        return self._under.write(text)

    def flush(self) -> None:
        self._under.flush()


class Workshop:
    """One box on a rig, and the command line in this process with a person before it."""

    def __init__(self, box, rig: Rig, person: Person, port, run, store: Path, monkeypatch) -> None:
        self.box = box
        self.rig = rig
        self.person = person
        self.port = port
        self._run = run
        self._store = store
        self._monkeypatch = monkeypatch
        self.words: list[object] = ["--port", port.path, "--store", store]

    def calibrate(self, *arguments: object):
        """`beltbox calibrate` with these, at this box and with the test's store; how it ended.

        The person saw everything that they waited for.
        """
        words = self.words[:2] if arguments[0] == "check" else self.words
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", Screen(self.person, sys.stdout))
            patch.setattr(sys, "stderr", Screen(self.person, sys.stderr))
            patch.setattr(conversation, "Keyboard", lambda: self.person)
            ran = self._run("calibrate", *arguments, *words)
        # What was shown last may not have been looked at.
        for _ in self.person.left:
            self.person.look()
        assert self.person.left == [], ran.said
        return ran

    def cards(self):
        """The newest cards."""
        from beltbox.calibrate.cards.card_store import CardStore  # noqa: PLC0415

        with open_store(self._store) as store:
            return CardStore(store.database).newest()


@pytest.fixture
def workshop(standing_clock, port, scripted_box, run, tmp_path: Path, monkeypatch):
    """workshop(**options): a calibrated box by a script, unless `settings` say otherwise."""

    def make(
        *,
        settings: dict[str, int | str] | None = None,
        left_nn_per_count: int = NN_PER_COUNT,
        mm_per_count: float = 0.1,
        direction: int = 1,
    ) -> Workshop:
        sizes = {"left": left_nn_per_count, "right": NN_PER_COUNT}
        rig = Rig(standing_clock, sizes, mm_per_count=mm_per_count, direction=direction)
        known: dict[str, int | str] = {}
        for side, zero in ZEROS.items():
            known |= {f"rail_{side}_zero": zero, f"rail_{side}_nn_per_count": sizes[side]}
        box = scripted_box(**known | (settings or {}))
        person = Person(standing_clock)

        def cell(side: str):
            # The box drives no cell that its settings don't name.
            return lambda _t_s: (
                rig.sample(side) if box.settings[f"rail_{side}_nn_per_count"] else None
            )

        box.count = lambda _t_s: rig.count()
        box.left, box.right = cell("left"), cell("right")
        box.meanwhile = person.look
        monkeypatch.setenv("COLUMNS", "200")
        store = tmp_path / "store.sqlite"
        return Workshop(box, rig, person, port(box), run, store, monkeypatch)

    return make
