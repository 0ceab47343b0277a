"""`beltbox store repair`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beltbox.cli.common.options import JsonOption, OverwriteOption, StoreOption
from beltbox.cli.common.output import print_json, say
from beltbox.cli.sessions.stored import opened_store
from beltbox.errors import StoreError
from beltbox.files import refuse_target
from beltbox.store.check import repair
from beltbox.words import counted


def repair_command(
    newfile: Annotated[Path, typer.Argument(help="The file of the new store.")],
    store: StoreOption = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Save what is sound of a damaged store into a new store.

    The damaged store isn't changed. Sessions keep their numbers; sums that are damaged are computed
    again from the measured rows. What is missing of a session is listed here and in its report.

    Example: beltbox store repair saved.sqlite --store beltbox.sqlite
    """
    with opened_store(store) as opened:
        where = opened.where
        refuse_target(
            newfile, error=StoreError, not_onto=[(where, "the store")], overwrite=overwrite
        )
        count, damage = repair(opened, newfile)
    if as_json:
        print_json({"store": str(newfile), "sessions": count, "damage": damage})
        return
    for text in damage:
        say(f"Left out: {text}.")
    what = counted(count, "sessions")
    say(f"Saved {what} of {where} in {newfile}. Use it with --store {newfile}")
