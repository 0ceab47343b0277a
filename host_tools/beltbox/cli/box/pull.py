"""`beltbox pull`."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from beltbox import units
from beltbox.cli.common.options import JsonOption, PortOption, StoreOption
from beltbox.cli.common.output import print_json
from beltbox.cli.common.remarks import remarks_on
from beltbox.errors import BeltBoxError
from beltbox.link.finding import find_box
from beltbox.link.link import LinkError
from beltbox.pull.puller import Brought, Pulled, Puller, PullError
from beltbox.signals import Stopper
from beltbox.store.store import Store, open_store
from beltbox.walk.session import SessionSummary, summary_json
from beltbox.words import counted


def pull_command(
    port: PortOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Copy the sessions that the box recorded by itself into the store.

    Only sessions that the store doesn't have yet are copied. Where a session was recorded live,
    with gaps, the box's data fill them. The box keeps a session until it is in the store. Ctrl-C
    loses nothing: the next pull continues.

    Example: beltbox pull
    """
    # With --json the only thing on the standard output is the JSON.
    console = Console(stderr=as_json)
    remark = remarks_on(console)

    with ExitStack() as stack:
        opened = stack.enter_context(open_store(store))
        link = stack.enter_context(find_box(port, tell=remark))
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
            tell=remark,
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
                f"{error} What was copied is kept; `beltbox pull` continues with the rest."
            ) from error
        except BaseException:
            with suppress(BeltBoxError):  # the first error is the one to report
                _show(opened, puller.pulled, as_json, console)
            raise
        _show(opened, puller.pulled, as_json, console)
        if puller.pulled.left:
            left = (
                f"Stopped: sessions that are still only on the box: {puller.pulled.left}. "
                "`beltbox pull` continues with them."
            )
            raise KeyboardInterrupt(left) if stopper.by_ctrl_c else PullError(left)
        if puller.pulled.newer:
            raise PullError(" ".join(puller.pulled.why_newer()))


def _show(store: Store, pulled: Pulled, as_json: bool, console: Console) -> None:
    summaries = {summary.id: summary for summary in store.sessions()}
    if as_json:
        print_json(
            {
                "brought": [
                    summary_json(summaries[session.session_id])
                    | {
                        "box_session": session.number,
                        "filled_s": session.filled_s,
                        "damaged_blocks": session.damaged_blocks,
                    }
                    for session in pulled.brought
                ],
                "here": pulled.here,
                "under_way": pulled.under_way,
                "dropped": pulled.dropped,
                "left": pulled.left,
                "newer": [
                    {"box_session": session.number, "version": session.version}
                    for session in pulled.newer
                ],
            }
        )
        return
    if pulled.brought:
        console.print(_table(summaries, pulled.brought))
    console.print(_in_words(pulled), highlight=False, soft_wrap=not console.is_terminal)


def _table(summaries: dict[int, SessionSummary], brought: list[Brought]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("session", "when", "time", "distance", ""):
        table.add_column(heading, justify="left" if heading in ("when", "") else "right")
    for session in brought:
        summary = summaries[session.session_id]
        remarks: list[str] = []
        if session.filled_s is not None:
            remarks.append(
                f"recorded live, {session.filled_s} s filled"
                if session.filled_s
                else "recorded live"
            )
        if session.damaged_blocks:
            remarks.append(f"{session.damaged_blocks} damaged")
        table.add_row(
            str(session.session_id),
            units.format_start(summary.started_at, dated=summary.dated),
            units.format_duration(summary.totals.duration_s),
            units.distance(summary.totals.distance_mm).si,
            ", ".join(remarks),
        )
    return table


def _in_words(pulled: Pulled) -> str:
    count = len(pulled.brought)
    words = f"{counted(count, 'sessions')} copied, {pulled.here} already in the store."
    if pulled.under_way is not None:
        words += " One hasn't ended: pull again after a minute of standing still."
    if pulled.dropped:
        words += f" The box deleted {len(pulled.dropped)} meanwhile, to make room."
    return words
