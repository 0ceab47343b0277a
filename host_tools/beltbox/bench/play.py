"""Plays a scenario on a virtual box as fast as it goes, and keeps the raw rows beside the truth."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beltbox.errors import BeltBoxError
from beltbox.link.box_settings import read_settings
from beltbox.link.link import BoxLink, LinkEvent
from beltbox.link.wire import raw_row
from beltbox.replay.replay import computed_again
from beltbox.sim.truth import Truth, unwrapped_us
from beltbox.virtualbox import VirtualBox
from beltbox.walk.rows import MetricRow, RawRow


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario's raw rows, the metric rows that they give, when each was, and the truth."""

    raw: list[RawRow]
    rows: list[MetricRow]
    clock_us: list[int]
    settings: dict[str, int | str]
    truth: Truth


def play(scenario: str | Path, *, by_hand: Sequence[dict[str, Any]] = ()) -> Played:
    """Play a built-in scenario or a file to its end. Raises BeltBoxError, VirtualBoxError.

    by_hand: what is done to the virtual treadmill as soon as the measurement has begun.
    """
    with tempfile.TemporaryDirectory() as folder:
        truth_file = Path(folder) / "truth.csv"
        raw: list[RawRow] = []
        with VirtualBox(scenario, speed=0, truth=truth_file, wait_for_host=True) as box:
            with BoxLink(box.port) as link:
                settings = read_settings(link)
                link.command("stream", 0)
                link.command("raw", 1)
                link.command("begin")
                for action in by_hand:
                    box.command(action)
                for item in link.listen():
                    if item is None and not box.running():
                        break
                    if isinstance(item, LinkEvent):
                        raise BeltBoxError(f"{scenario}: {item.text}")
                    if item is not None and item.type == "BEG":
                        raw.clear()
                    elif item is not None and item.type == "RAW":
                        row = raw_row(item)
                        if row is not None:
                            raw.append(row)
            box.wait(30)
        truth = Truth(truth_file)
    return Played(
        raw, computed_again(raw, settings), unwrapped_us([r.t_us for r in raw]), settings, truth
    )
