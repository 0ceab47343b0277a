"""What the dialogues of `beltbox calibrate` have in common: how they begin, keep and end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from beltbox.calibrate.box import SIDES, CalibrateBox
from beltbox.calibrate.cards.card import Card
from beltbox.calibrate.cards.card_store import CardStore
from beltbox.calibrate.conversation import Answers, LeaveError, Talk, one_of
from beltbox.cli.calibrate.options import (
    QUESTIONS,
)
from beltbox.cli.common.output import print_json
from beltbox.errors import CalibrationError
from beltbox.link.finding import find_box
from beltbox.record.store_queue import when_taken
from beltbox.signals import end_signals
from beltbox.store.store import Store, open_store

NOTHING = "Nothing was stored; the box is as it was."
_HOW_TO_LEAVE = "Leave at any moment: q and Enter, or Ctrl-C."


@contextmanager
def conversation(console: Console, answers: Path | None, yes: bool) -> Generator[Talk]:
    """The conversation. A signal that ends it leaves everything as it was: KeyboardInterrupt."""
    given = None if answers is None else Answers(answers, QUESTIONS)
    talk = Talk(console, answers=given, yes=yes)
    before = {number: signal.getsignal(number) for number in end_signals()}
    try:
        for number in before:
            signal.signal(number, signal.default_int_handler)
        if not talk.scripted:
            talk.say(_HOW_TO_LEAVE)
        yield talk
    except LeaveError:
        talk.say(NOTHING)
        sys.exit(1)
    except KeyboardInterrupt as stop:
        left = "The rest is as it was." if talk.kept else NOTHING
        raise KeyboardInterrupt(f"Stopped. {left}") from stop
    finally:
        talk.quiet()
        for number, handler in before.items():
            signal.signal(number, handler)


def sides_meant(box: CalibrateBox, talk: Talk, side: str | None, *, both: bool) -> list[str]:
    """The sides that are meant: the given one, or the answer to a question.

    both: whether both sides may be meant. If not, only a known cell can be meant, so where the
    settings have a single cell there is no question.
    """
    if side is None:
        known = [name for name in SIDES if box.settings[f"rail_{name}_nn_per_count"]]
        if len(known) == 1 and not both:
            return known
        choices = (*SIDES, "both") if both else SIDES
        # With --yes the known cell. A person is asked: the other cell may be new, and meant.
        side = talk.ask(
            "side",
            f"Which side: {' or '.join(choices)}?",
            one_of(*choices),
            by_yes=known[0] if len(known) == 1 else None,
            idle=box.idle,
        )
    return list(SIDES) if side == "both" else [side]


def keep(box: CalibrateBox, talk: Talk, opened: Store, card: Card) -> None:
    """Settings on the box and the card in the store: both, or neither."""
    box.change(card.settings)
    when_taken(lambda: CardStore(opened.database).add(card), tell=talk.say)
    box.keep(card.settings)
    talk.kept.append(card)
    talk.say(f"Stored: {' '.join(card.settings)} on the box, the card in {opened.where}.", "green")


def run_dialogue(
    work: Callable[[CalibrateBox, Talk, Store], None],
    *,
    port: str | None,
    store: str | None,
    answers: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Run a dialogue, and print what was stored."""
    console = Console(stderr=as_json)
    # The store first: what can't be kept in the end isn't begun.
    with (
        conversation(console, answers, yes) as talk,
        open_store(store) as opened,
        find_box(port) as link,
        CalibrateBox(link, talk.say) as box,
    ):
        left = False
        try:
            talk.must_have("accept", "accept, repeat or leave?")
            work(box, talk, opened)
        except CalibrationError as error:
            raise CalibrationError(f"{error} {_stored(talk)}") from error
        except LeaveError:
            left = True
        finally:
            if as_json:
                print_json([card.as_json() for card in talk.kept])
    if talk.unused:
        words = "Answers that weren't used, because no question asked for them"
        talk.say(f"{words}: {', '.join(talk.unused)}.", "yellow")
    if left or not talk.kept:
        talk.say(_stored(talk) if talk.kept else NOTHING)
        sys.exit(1)


def _stored(talk: Talk) -> str:
    """What was stored, for a dialogue that ended early."""
    if not talk.kept:
        return "Nothing was stored."
    kept = " and ".join(f"the {card.title}" for card in talk.kept)
    return f"Only {kept} was stored."
