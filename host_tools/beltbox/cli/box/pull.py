"""`beltbox pull`."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from beltbox import units
from beltbox.cli.common.options import JsonOption, PortOption, StoreOption
from beltbox.cli.common.output import print_json
from beltbox.errors import BeltBoxError
from beltbox.link.finding import find_box
from beltbox.link.link import LinkError
from beltbox.record.pull import Brought, Pulled, Puller, PullError
from beltbox.signals import Stopper
from beltbox.store.store import Store, open_store
from beltbox.walk.session import SessionSummary, summary_json
from beltbox.words import printable


def pull_command(
    port: PortOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Bring the sessions that the box kept by itself into the store.

    What is here already isn't brought again, and fills the gaps of what was recorded live. The box
    keeps a session until it is in the store. Ctrl-C loses nothing: the next pull goes on.

    Example: beltbox pull
    """
    # With --json the only thing on the standard output is the JSON.
    console = Console(stderr=as_json)

    def tell(text: str) -> None:
        console.print(printable(text), style="dim", markup=False, highlight=False)

    with ExitStack() as stack:
        opened = stack.enter_context(open_store(store))
        link = stack.enter_context(find_box(port, tell=tell))
        stopper = Stopper()
        stopper.listen()
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        task = bar.add_task("Blocks of ten seconds", total=None)
        puller = Puller(
            link,
            opened,
            tell=tell,
            progress=lambda done, of: bar.update(task, completed=done, total=of),
            stop=stopper,
        )
        try:
            with bar:
                puller.run()
        except LinkError as error:
            with suppress(BeltBoxError):
                _show(opened, puller.pulled, as_json, console)
            raise PullError(
                f"{error} What was brought is kept; `beltbox pull` goes on with the rest."
            ) from error
        except BaseException:
            with suppress(BeltBoxError):  # what went wrong first is to be told
                _show(opened, puller.pulled, as_json, console)
            raise
        _show(opened, puller.pulled, as_json, console)
        if puller.pulled.left:
            raise PullError(
                f"Stopped: sessions that are still only on the box: {puller.pulled.left}. "
                "`beltbox pull` goes on with them."
            )
        if puller.pulled.newer:
            raise PullError(" ".join(puller.pulled.why_newer()))


def _show(store: Store, pulled: Pulled, as_json: bool, console: Console) -> None:
    summaries = {one.id: one for one in store.sessions()}
    if as_json:
        print_json(
            {
                "brought": [
                    summary_json(summaries[one.session_id])
                    | {
                        "box_session": one.number,
                        "filled_s": one.filled_s,
                        "damaged_blocks": one.damaged_blocks,
                    }
                    for one in pulled.brought
                ],
                "here": pulled.here,
                "under_way": pulled.under_way,
                "dropped": pulled.dropped,
                "left": pulled.left,
                "newer": [
                    {"box_session": one.number, "version": one.version} for one in pulled.newer
                ],
            }
        )
        return
    if pulled.brought:
        console.print(_table(summaries, pulled.brought))
    console.print(_in_words(pulled), highlight=False, soft_wrap=True)


def _table(summaries: dict[int, SessionSummary], brought: list[Brought]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("session", "when", "time", "distance", ""):
        table.add_column(heading, justify="left" if heading in ("when", "") else "right")
    for one in brought:
        summary = summaries[one.session_id]
        remarks: list[str] = []
        if one.filled_s is not None:
            remarks.append(
                f"recorded live, {one.filled_s} s filled" if one.filled_s else "recorded live"
            )
        if one.damaged_blocks:
            remarks.append(f"{one.damaged_blocks} damaged")
        table.add_row(
            str(one.session_id),
            units.format_start(summary.started_at, dated=summary.dated),
            units.format_duration(summary.totals.duration_s),
            units.distance(summary.totals.distance_mm).si,
            ", ".join(remarks),
        )
    return table


def _in_words(pulled: Pulled) -> str:
    count = len(pulled.brought)
    said = f"{count} session{'s' * (count != 1)} brought, {pulled.here} here already."
    if pulled.under_way is not None:
        said += " One is under way: pull again when it has ended, after a minute of rest."
    if pulled.dropped:
        said += f" The box dropped {len(pulled.dropped)} meanwhile, to make room."
    return said
