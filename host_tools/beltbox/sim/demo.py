"""`make demo`: the main job without hardware, its numbers beside the truth.

A virtual box appears as a serial port and plays a walk, the host finds it, shows the walk live,
records it and reports. What is printed as truth comes from the scenario's own record, never from
the box.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from beltbox.errors import BeltBoxError
from beltbox.files import written_whole
from beltbox.link.finding import find_box
from beltbox.link.ports import virtual_candidates
from beltbox.record.recorder import Recorder
from beltbox.replay.replay import replay
from beltbox.replay.settings_file import load_settings
from beltbox.report.page import write_report
from beltbox.show.terminal import view_for
from beltbox.sim import truth
from beltbox.sim.running_box import announced, why_it_ended
from beltbox.store.store import open_store
from beltbox.virtualbox import VirtualBox, load
from beltbox.virtualbox.errors import VirtualBoxError
from beltbox.walk.comparison import Comparison

SCENARIO = "demo"
# What a maker's calibration states; the virtual box's own scales are exact.
_CALIBRATED = {"belt_u_ppm": 1500, "rail_left_u_ppm": 5000, "rail_right_u_ppm": 5000}
# Three minutes in about twenty seconds, still slow enough to read along.
_SPEED = 8.0
_FOLDER = Path("build/demo")
_WRITTEN = (
    *("store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "truth.csv", "report.html"),
    *("wheel_pushes-metrics.csv", "summary.json"),
)
_RECORDINGS = Path("../shared/recordings")
_FINISH_S = 60.0
_MARGIN_S = 5.0


def run(folder: Path, recordings: Path, console: Console) -> list[Comparison]:
    """Play, record and report the demo into `folder`. Raises BeltBoxError, VirtualBoxError."""
    _make_room(folder)
    store_file = folder / "store.sqlite"
    truth_file = folder / "truth.csv"

    def tell(text: str) -> None:
        console.print(text, style="dim", markup=False, highlight=False)

    scenario = load(SCENARIO)
    # The box goes on a little, so that it is still there when it is asked for its last sums.
    played = replace(
        scenario,
        duration_s=scenario.duration_s + _MARGIN_S,
        settings={**scenario.settings, **_CALIBRATED},
    )
    box = VirtualBox(played, speed=_SPEED, truth=truth_file, wait_for_host=True)
    with (
        TemporaryDirectory(prefix="beltbox-demo-") as ports,
        box,
        announced(box, Path(ports)),
        open_store(store_file) as store,
    ):
        # Among the ports of this folder only: no other box that is here now is to be disturbed.
        here = virtual_candidates(Path(ports))
        tell(f"A virtual box runs the real firmware at {box.port}, {_SPEED:g} times as fast.")
        with find_box(None, tell=tell, among=here) as link, view_for(console) as view:
            recorder = Recorder(
                link,
                store,
                once=True,
                views=[view],
                stop=lambda: recorder.box_s >= scenario.duration_s - 1 or not box.running(),
            )
            recorder.run()
        try:
            status = box.wait(_FINISH_S)
        except TimeoutError as error:
            raise BeltBoxError(str(error)) from error
        if status != 0 or not recorder.sessions:
            raise BeltBoxError(f"The virtual box broke down: {why_it_ended(box)}")
        session = store.load(recorder.sessions[0])

    comparisons = truth.compare(session, truth_file)
    write_report(session, folder / "report.html", comparisons=comparisons, title="Demo walk")
    _print_summary(console, "The walk, beside what really happened", comparisons)
    console.print(f"Report: {folder / 'report.html'}", highlight=False)
    comparisons += _real_recording(console, folder, recordings)
    with written_whole(folder / "summary.json", error=BeltBoxError) as file:
        json.dump([comparison.to_json() for comparison in comparisons], file, indent=2)
        file.write("\n")
    return comparisons


def _make_room(folder: Path) -> None:
    """Remove what an earlier demo wrote, and nothing else that somebody put there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _WRITTEN:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise BeltBoxError(
            f"Can't write to {error.filename}: {error.strerror}. Remove it, or change its "
            "permissions."
        ) from error


def _print_summary(console: Console, title: str, rows: Sequence[Comparison]) -> None:
    table = Table(title=title, box=None, header_style="bold", title_justify="left", pad_edge=False)
    table.add_column("")
    for heading in ("truth", "measured", "difference", "goal"):
        table.add_column(heading, justify="right")
    table.add_column("unit")
    for row in rows:
        goal = f"{row.goal:g}" if isinstance(row.goal, (int, float)) else row.goal or ""
        verdict = "" if row.met is None else " ✓" if row.met else " missed"
        table.add_row(
            row.name,
            _shown(row.truth),
            _shown(row.measured),
            _shown(row.difference, sign=True),
            goal + verdict,
            row.unit,
        )
    console.print()
    console.print(table)


def _shown(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "–"
    return f"{value:+.3f}" if sign else f"{value:.3f}"


def _real_recording(console: Console, folder: Path, recordings: Path) -> list[Comparison]:
    """Real input through the main job: a pushed wheel, its totals beside the published ones."""
    raw = recordings / "wheel_pushes.csv"
    if not raw.is_file():
        console.print(f"(The real recordings aren't here: {recordings}.)", highlight=False)
        return []
    settings = load_settings(recordings / "wheel_settings.json")
    done = replay(raw, settings, folder / "wheel_pushes-metrics.csv")
    totals = done.totals[0]
    # Counted by those who keep the recordings: counts forward and backward times 467 557 nm.
    stated = {"forward_mm": 39_488, "backward_mm": 116}
    rows = [
        Comparison(
            name=f"wheel_pushes, {name.removesuffix('_mm')}",
            unit="mm",
            truth=float(value),
            measured=float(totals[name] or 0),
            difference=float((totals[name] or 0) - value),
            goal=1.0,
        )
        for name, value in stated.items()
    ]
    _print_summary(console, "A real recording (an instrumented wheel, pushed by hand)", rows)
    return rows


def main() -> None:
    """Run it in the project's folder."""
    console = Console()
    try:
        comparisons = run(_FOLDER, _RECORDINGS, console)
    except (BeltBoxError, VirtualBoxError) as error:
        sys.exit(f"beltbox: {error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
    missed = [comparison.name for comparison in comparisons if comparison.met is False]
    if missed:
        sys.exit(f"beltbox: missed its goal: {', '.join(missed)}")


if __name__ == "__main__":
    main()
