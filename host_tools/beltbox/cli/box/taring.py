"""`beltbox settings --tare`: the zero of the rails, unless somebody seems to lean on them."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import typer

from beltbox.calibrate.box import SIDES, CalibrateBox, LinkLostError, sample_of
from beltbox.calibrate.cards.card_store import CardStore
from beltbox.errors import BeltBoxError
from beltbox.files import default_store_file
from beltbox.link.finding import patiently
from beltbox.link.link import BoxLink
from beltbox.store.store import open_store

# No zero of a sound cell wanders so far; a hand or a weight is soon as heavy. The same makes a card
# old (calibrate/cards/card.py).
FAR_N = 10.0
_LOOK_S = 1.0
_LONGEST_S = 5.0


class TareError(BeltBoxError):
    """Something seems to press the rails."""


def tare(
    link: BoxLink,
    *,
    store: str | None,
    yes: bool,
    anyway: bool,
    tell: Callable[[str], None],
) -> None:
    """Take what the rails read now as their zero.

    Over 10 N from the zero of the card (without a card: from the box's own, if it has one) a person
    is asked. yes: nobody is there to be asked. anyway: take it all the same. Raises TareError,
    CommandRefusedError with the box's reason, LinkError.
    """
    with CalibrateBox(link, tell) as box:
        far = _far_from_zero(box, store)
    if far and not anyway:
        words = f"{'; '.join(far)}. Is somebody leaning there, or does something hang on the rail?"
        if yes or not sys.stdin.isatty():
            raise TareError(
                f"{words} Nothing was tared. Take it off and try again; if the rails are free, add "
                "--anyway."
            )
        if not typer.confirm(f"{words} Take that as zero all the same?", err=True):
            raise TareError("Nothing was tared.")
    patiently(link, lambda: link.command("tare"), tell)


def _far_from_zero(box: CalibrateBox, store: str | None) -> list[str]:
    """The sides that read far from where their zero was, in words."""
    zeros = _known_zeros(box, store)
    if not zeros:
        return []
    while True:
        try:
            means = _means(box, zeros)
            break
        except LinkLostError as error:
            box.wait_until_back(error)
    words: list[str] = []
    for side, mean in means.items():
        zero, whose = zeros[side]
        n_per_count = int(box.settings[f"rail_{side}_nn_per_count"]) * 1e-9
        force_n = (mean - zero) * n_per_count
        if abs(force_n) > FAR_N:
            words.append(f"The {side} rail reads {force_n:+.0f} N from the zero {whose}")
    return words


def _means(box: CalibrateBox, sides: Mapping[str, object]) -> dict[str, float]:
    """The median of a second of samples, by side; without a side that gives none."""
    samples: dict[str, list[int]] = {side: [] for side in sides}
    began_s = box.link.clock.now_s()
    for item in box.rows():
        if item is not None:
            for side, taken in samples.items():
                sample = sample_of(item[1], side)
                if sample is not None:
                    taken.append(sample)
        if item is not None and item[0] >= _LOOK_S:
            break
        if box.link.clock.now_s() - began_s > _LONGEST_S:
            break
    return {side: statistics.median(taken) for side, taken in samples.items() if taken}


def _known_zeros(box: CalibrateBox, store: str | None) -> dict[str, tuple[int, str]]:
    """By side the zero to compare with, in counts, and whose it is."""
    zeros: dict[str, tuple[int, str]] = {}
    for side in SIDES:
        zero = int(box.settings[f"rail_{side}_zero"])
        if zero and box.settings[f"rail_{side}_nn_per_count"]:
            zeros[side] = zero, "that the box has"
    if store is None and not default_store_file().exists():
        return zeros
    with open_store(store, create=False) as opened:
        cards = CardStore(opened.database).in_force(box.settings, datetime.now(UTC), box.serial)
    for card in cards:
        if card.part in SIDES:
            zeros[card.part] = int(card.settings[f"rail_{card.part}_zero"]), "of its card"
    return zeros
