"""A box that plays a script, for recordings without a port and without waiting."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from beltbox.link.link import Identity, LinkError, LinkEvent
from beltbox.link.wire import Sentence
from beltbox.record.recorder import Recorder
from beltbox.store.store import open_store
from beltcore import settings as declared
from beltcore.host.reader import Reader

HASH = "ABCD"


class ScriptedLink:
    """A link to a box that plays a script of steps, and the host's clock, which it moves on.

    A step is a list of items that arrive, an item, a number of seconds in which nothing does, the
    name of a method of the link (such as "walk" and "stand": 100 ms of the box), or a function of
    the link. At the script's end the recording is stopped.
    """

    def __init__(self, script) -> None:
        self.path = "/dev/fake"
        self.identity = identity(boots=1)
        self.reader = Reader()
        self.commands: list[str] = []
        self.answers = True
        self.raw_on = False
        self.boots = 1
        self.settings_hash = HASH
        self.values = declared.defaults()
        self.at_s = 1000.0
        self.ended = False
        self._t_ms = 0
        self._mm = 0
        self._clock_us = 0
        self._count = 0
        self._lost = 0
        self.queue: list[Sentence | LinkEvent] = []
        self._script = iter(script)

    def now_s(self) -> float:
        return self.at_s

    def command(self, verb: str, *arguments: object, tries: int = 0) -> str:
        self.commands.append(",".join([verb, *map(str, arguments)]))
        if not self.answers:
            raise LinkError(f"no answer to {verb}")
        if verb == "raw":
            self.raw_on = arguments[0] == 1
        if verb == "begin":
            self.begin()
        if verb == "totals":
            self.box_step(0)
        return ""

    def drop_waiting(self, types) -> None:
        self.queue = [item for item in self.queue if item.type not in types]

    def ask(self, verb: str, *, types) -> tuple[str, list[Sentence]]:
        if not self.answers:
            raise LinkError("no settings")
        assert (verb, types) == ("settings", ("SET",))
        values = [Sentence("SET", 0, [key, str(value)]) for key, value in self.values.items()]
        return str(len(values)), values

    def listen(self):
        while True:
            while self.queue:
                yield self.queue.pop(0)
            step = next(self._script, None)
            if step is None:
                self.ended = True
                self.at_s += 10
                yield None
            elif isinstance(step, (int, float)):
                self.at_s += step
                yield None
            elif isinstance(step, str):
                getattr(self, step)()
            elif callable(step):
                step(self)
            else:
                self.arrive(*(step if isinstance(step, list) else [step]))

    def arrive(self, *items: Sentence | LinkEvent) -> None:
        """These arrive next."""
        self.queue += items

    def walk(self) -> None:
        """100 ms of walking backward, 40 mm."""
        self.box_step(40)

    def stand(self) -> None:
        """100 ms of standing."""
        self.box_step(0)

    def begin(self) -> None:
        """What the box does on `begin`."""
        self._zero()
        self.queue.append(Sentence("BEG", 0, [self.boots, self.settings_hash]))

    def reset(self, *, said: str) -> None:
        """The box starts anew; of what it says then, "all", only its "BEG" or "nothing" comes."""
        self.boots += 1
        self.raw_on = False
        self._clock_us = self._count = 0
        if said == "all":
            self.identity = identity(self.boots)
            self.queue.append(LinkEvent("reset", "The box was reset (hard)."))
        if said == "nothing":
            self._zero()
            self._lost = 1  # the next sentence's number shows that some are missing before it
        else:
            self.begin()

    def box_step(self, mm: int) -> None:
        """100 ms of walking so far backward."""
        self.at_s += 0.1
        self._clock_us += 100_000
        self._count -= 10 * mm
        self._mm += mm
        if self.raw_on:
            self.queue.append(Sentence("RAW", 0, [self._clock_us, self._count, None, None]))
        first = len(self.queue)
        t_ms = self._t_ms
        speed = [-10 * mm, -10 * mm]
        self.queue += [
            Sentence("ZON", 0, [t_ms, None, None, None, None]),
            Sentence("DST", 0, [t_ms, 0, self._mm, *[None] * 8]),
            Sentence("NOW", 0, [t_ms, *speed, None, None, None, None, 0, 0]),
        ]
        self.queue[first] = self.queue[first]._replace(lost_before=self._lost)
        self._lost = 0
        self._t_ms += 100

    def _zero(self) -> None:
        self._t_ms = self._mm = 0


def identity(boots: int) -> Identity:
    return Identity(1, "1", "board", "fake", boots, "power", HASH, "1.28.0")


@pytest.fixture
def scripted_link():
    """scripted_link(script): a link to a box that plays it, and its clock."""
    return ScriptedLink


@pytest.fixture
def play(tmp_path: Path, noted_view):
    """play(script, look, **options): what is left after the script was recorded.

    recorder, link, the sessions in the store, a view's `lines` and what it noted of states by
    `look`.
    """

    def run(script, look=lambda _state: None, **options):
        link = ScriptedLink(script)
        view = noted_view(look)
        with open_store(tmp_path / "walks.sqlite") as store:
            recorder = Recorder(
                link,
                store,
                views=[view, *options.pop("views", ())],
                stop=lambda: link.ended,
                now_s=link.now_s,
                **options,
            )
            recorder.run()
            sessions = [store.load(number) for number in recorder.sessions]
        return SimpleNamespace(
            recorder=recorder, link=link, lines=view.lines, looks=view.looks, sessions=sessions
        )

    return run
