"""A box that runs for a day, and a recorder that listens to it all the time.

BELTBOX_TEST_SOAK_H=1 makes it shorter. An hour of box time takes some four minutes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from beltbox.link.health import Health, ask_health
from beltbox.link.link import BoxLink
from beltbox.record.live_state import LiveState
from beltbox.record.recorder import Recorder
from beltbox.store.store import open_store
from beltbox.virtualbox import VirtualBox, load

HOURS = int(os.environ.get("BELTBOX_TEST_SOAK_H", "24"))
HOUR_S = 3600
WALK = 'title = "A day"\nduration_s = {duration_s}\n'
# Twenty minutes backward in each hour.
SPELL = """
[[walk]]
at_s = {start_s}
m_s = 0.6
ramp_s = 2
[[walk]]
at_s = {end_s}
m_s = 0
ramp_s = 2
"""
# More between two rows is flagged, and the speed starts anew.
ROW_GAP_MS = 1000
# What the recorder's memory and the box's may grow by after the first hour, which fills caches.
HOST_GROWTH_KB = 4096
BOX_GROWTH_BYTES = 1024


def resident_kb() -> int:
    """This process's memory, as Linux counts it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise LookupError("VmRSS")


class EachHour:
    """A view that notes how both ends fare, every hour of the box's time."""

    name = "the notes"

    def __init__(self, link: BoxLink) -> None:
        self.host_kb: list[int] = []
        self.box: list[Health] = []
        self.lines: list[str] = []
        self._link = link

    def show(self, state: LiveState) -> None:
        row = state.row
        if row is not None and row.t_ms >= 1000 * HOUR_S * (len(self.box) + 1):
            health = ask_health(self._link)
            assert health is not None
            self.box.append(health)
            self.host_kb.append(resident_kb())

    def notify(self, text: str) -> None:
        self.lines.append(text)

    def __enter__(self) -> EachHour:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read as on Linux")
def test_a_day_of_one_measurement(apart: Path, tmp_path: Path, figures: Callable[[str], None]):
    file = tmp_path / "day.toml"
    spells = (
        SPELL.format(start_s=hour * HOUR_S + 60, end_s=hour * HOUR_S + 1260)
        for hour in range(HOURS)
    )
    head = WALK.format(duration_s=(HOURS + 1) * HOUR_S)
    file.write_text(head + "".join(spells))
    path = tmp_path / "day.sqlite"
    with (
        VirtualBox(load(file), speed=0, wait_for_host=True) as box,
        BoxLink(box.port, patience_s=60) as link,
        open_store(path) as store,
    ):
        notes = EachHour(link)
        recorder = Recorder(link, store, seconds=HOURS * HOUR_S + 2, views=[notes])
        recorder.run()
        (session_id,) = recorder.sessions
        reader = link.reader
        lost = (reader.damaged, reader.missing)
        session = store.load(session_id)

    (segment,) = session.segments
    raw = segment.raw
    nm_per_count = int(segment.settings["belt_nm_per_count"])
    walked_mm = abs(raw[-1].count - raw[0].count) * nm_per_count / 1e6
    pause_ms = max((b.t_us - a.t_us) % (1 << 30) for a, b in pairwise(raw)) / 1000
    totals = session.summary.totals
    figures(
        f"{HOURS} h: {reader.good:,} sentences, {lost[0]} damaged, {lost[1]} missing; "
        f"{len(raw):,} raw rows, at most {pause_ms:.0f} ms apart; "
        f"{totals.distance_mm / 1000:.3f} m (by the counts {walked_mm / 1000:.3f} m); "
        f"recorder {notes.host_kb[0] // 1024} MB after an hour, {notes.host_kb[-1] // 1024} MB "
        f"at the end; box {notes.box[0].ram_used:,} bytes used after an hour, "
        f"{notes.box[-1].ram_used:,} at the end; worst tick {notes.box[-1].tick_worst_us} us; "
        f"store {path.stat().st_size / 1e6:.1f} MB"
    )
    assert lost == (0, 0)
    assert len(notes.box) == HOURS
    assert pause_ms < ROW_GAP_MS
    assert abs(totals.distance_mm - walked_mm) <= 1
    assert totals.duration_ms == session.segments[0].metrics[-1].t_ms
    assert max(notes.host_kb) - notes.host_kb[0] < HOST_GROWTH_KB
    used = [health.ram_used for health in notes.box]
    assert max(used) - used[0] < BOX_GROWTH_BYTES
    assert notes.box[-1].crashes == 0
    assert sum(notes.box[-1].resets.values()) == 1
    assert [event.kind for event in session.events if event.kind in ("damaged", "gap")] == []
