"""The time, which the box has no clock for: the host gives it on connecting."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from beltbox.link.link import BoxLink, CommandRefusedError

# As the box sees it (firmware/PROTOCOL.md, `clock`).
_EARLIEST_S = 1_577_836_800
_TRIES = 3


def give_time(link: BoxLink) -> str | None:
    """Tell the box what time it is: by that its sessions since power-up are dated.

    What is wrong, in words, if this computer's own clock can't be right; else None. Boxes with
    older firmware, which keep no sessions, are left alone. Raises LinkError without an answer.
    """
    epoch_s = int(time.time())
    if epoch_s < _EARLIEST_S:
        said = datetime.fromtimestamp(epoch_s, UTC)
        return (
            f"This computer's clock says {said:%Y-%m-%d}, which can't be: the box dates its "
            "sessions by it. Set the computer's clock."
        )
    try:
        link.command("clock", epoch_s, tries=_TRIES)
    except CommandRefusedError:
        return None  # it doesn't know the verb, or can't write it down: then it knows until reset
    return None
