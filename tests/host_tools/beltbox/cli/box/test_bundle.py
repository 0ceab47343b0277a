"""`beltbox bundle`."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from beltbox.store.store import open_store
from beltbox.walk.rows import RawRow
from beltcore import settings as declared


def walked(store: Path) -> None:
    """A session of a person with a name, in a store."""
    with open_store(store) as opened:
        writer = opened.start_session(
            started_at=datetime(2026, 1, 2, tzinfo=UTC),
            box_name="Anna's box",
            board="esp32_devkit",
            firmware="0.1.0",
            protocol=1,
            person="Anna Virtanen",
            title="After the operation",
        )
        writer.start_segment(
            settings=declared.defaults(), boot_count=1, reason="start", first_t_us=0
        )
        for at in range(20_000):
            writer.add_raw(RawRow(at * 12_500, at, 5, None))
        writer.add_event("console", "hello Anna Virtanen, from the console")
        writer.add_event("note", "Anna's knee hurts")
        writer.close(datetime(2026, 1, 2, 1, tzinfo=UTC), "a test")


def members(path: Path) -> dict[str, str]:
    """Its files, all of which its README lists, and no others."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name).decode() for name in archive.namelist()}
    listed = re.findall(r"^(\w+\.\w+) ", held["README.txt"], re.MULTILINE)
    assert listed == [name for name in held if name != "README.txt"]
    return held


@pytest.mark.usefixtures("standing_clock")
def test_a_bundle_holds_all_and_no_names(port, scripted_box, run, tmp_path: Path):
    store = tmp_path / "store.sqlite"
    walked(store)
    out = tmp_path / "bundle.zip"
    at = port(scripted_box(box_name="Li"))
    words = ("--port", at.path, "--store", store, "--out", out)
    ran = run("bundle", *words)
    assert ran.status == 0, ran.said
    held = members(out)
    assert {"doctor.json", "raw.csv", "session.json", "versions.json"} <= held.keys()
    everything = "".join(held.values())
    for name in ("Anna", "Virtanen", "operation", "Li:", '"Li"', "knee"):
        assert name not in everything
    assert "hello (removed)" in held["session.json"]
    assert "from the console" in held["session.json"]
    rows = list(csv.DictReader(held["raw.csv"].splitlines()))
    assert len(rows) == pytest.approx(800, abs=10)
    recorded = list(csv.DictReader(held["session_raw.csv"].splitlines()))
    assert recorded[-1]["count"] == "19999"
    assert len(recorded) == 180 * 80 + 1
    assert json.loads(held["doctor.json"])["settings"]["box_name"] == "(removed)"

    before = out.read_bytes()
    ran = run("bundle", *words)
    assert ran.status == 1
    assert "exists already" in ran.said
    assert out.read_bytes() == before


def test_a_bundle_without_a_box_and_a_store_says_so(run, tmp_path: Path):
    out = tmp_path / "bundle.zip"
    ran = run("bundle", "--out", out)
    assert ran.status == 0
    assert "No BeltBox was found" in ran.err
    held = members(out)
    assert "The box: No BeltBox was found" in held["problems.txt"]
    assert "The store: " in held["problems.txt"]
    assert held["README.txt"].startswith("BeltBox bundle")
    assert '"beltbox"' in held["versions.json"]
    assert run("bundle", "--out", tmp_path / "nowhere" / "b.zip").status == 1
