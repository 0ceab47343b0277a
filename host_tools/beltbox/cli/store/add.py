"""`beltbox store add`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beltbox.cli.common.options import JsonOption, StoreOption
from beltbox.cli.common.output import print_json, say
from beltbox.store.store import open_store
from beltbox.store.waiting_file import Added, add_file
from beltbox.words import counted


def add_command(
    file: Annotated[Path, typer.Argument(help="The file to add: a store, such as one that waits.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add the sessions in another file to the store.

    When a store can't be written until a recording ends, what it didn't take waits in a file beside
    it, named STORE-waiting-DATE-TIME.sqlite. This command brings it in: a session of which the
    store has a part is continued. Any other store can be added, too, such as one of another
    computer. What is in the store already isn't added again.

    Example: beltbox store add beltbox-waiting-20260301-120000.sqlite
    """
    with open_store(store) as opened:
        added = add_file(opened.database, file)
        where = opened.where
    if as_json:
        print_json(
            [{"session": one.session_id, "is_new": one.is_new, "rows": one.rows} for one in added]
        )
        return
    for one in added:
        say(_in_words(one))
    count = sum(one.is_new or one.rows > 0 for one in added)
    say(f"{file}: {count} of {len(added)} sessions added to {where}.")


def _in_words(added: Added) -> str:
    if added.is_new:
        return f"Session {added.session_id}: new, {counted(added.rows, 'rows')}."
    if added.rows:
        return f"Session {added.session_id}: continued by {counted(added.rows, 'rows')}."
    return f"Session {added.session_id}: all of it was in the store already."
