"""`beltbox store check`."""

from __future__ import annotations

import sys

from beltbox.cli.common.options import JsonOption, StoreOption
from beltbox.cli.common.output import print_json, say
from beltbox.cli.sessions.stored import opened_store
from beltbox.store.check import check
from beltbox.words import counted


def check_command(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Check the store: read all of it, and list what is damaged.

    Nothing is changed. The exit status is 0 for a sound store and 1 for a damaged one. Sessions,
    settings and events carry checksums; what an older BeltBox wrote has none until it is written
    again, and counts as unchecked.

    Example: beltbox store check --store beltbox.sqlite
    """
    with opened_store(store) as opened:
        condition = check(opened)
        where = opened.where
    if as_json:
        print_json(
            {
                "store": where,
                "counts": condition.counts,
                "unchecked": condition.unchecked,
                "damage": condition.damage,
            }
        )
    else:
        counts = ", ".join(counted(count, words) for words, count in condition.counts.items())
        say(f"{where}: {counts}.")
        if condition.unchecked:
            say(
                f"{condition.unchecked} of these have no checksum, because an older BeltBox wrote "
                "them."
            )
        for text in condition.damage:
            say(f"DAMAGED: {text}.")
        say(
            "Save what is sound into a new store: beltbox store repair NEWFILE"
            if condition.damage
            else "No damage found."
        )
    if condition.damage:
        sys.exit(1)
