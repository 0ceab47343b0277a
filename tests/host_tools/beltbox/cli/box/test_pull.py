"""`beltbox pull` with the virtual box: alone from a power bank, seen live in part, cut, killed."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from beltbox.link.finding import find_box
from beltbox.link.wire import named
from beltbox.store.store import open_store
from beltbox.walk.session import Session


def rows_of(truth: Path) -> list[dict[str, str]]:
    """The whole lines of a truth file that may be growing."""
    lines = truth.read_text().rpartition("\n")[0].splitlines() if truth.exists() else []
    return list(csv.DictReader(lines))


def played_s(truth: Path) -> float:
    """How much has been played, by the file's last whole line; cheap, as it is asked often."""
    with truth.open("rb") as file:
        file.seek(max(0, truth.stat().st_size - 2000))
        line = file.read().rpartition(b"\n")[0].rpartition(b"\n")[2]
    return int(line.split(b",")[0]) / 1e6


def walked_mm(rows: list[dict[str, str]], start_s: float = 0, end_s: float = 1e9) -> float:
    inside = [
        float(row["position_mm"])
        for row in rows
        if 1e6 * start_s <= int(row["t_us"]) <= 1e6 * end_s
    ]
    return abs(inside[-1] - inside[0])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "walks.sqlite"


@pytest.fixture
def played(until) -> Callable[..., list[dict[str, str]]]:
    """played(truth, seconds): wait until so many have been played; what was true by then."""

    def wait(truth: Path, seconds: float) -> list[dict[str, str]]:
        def enough() -> list[dict[str, str]] | None:
            if not truth.exists() or truth.stat().st_size < 40 * 100 * seconds:
                return None
            return rows_of(truth) if played_s(truth) >= seconds else None

        return until(enough, f"{seconds} s of {truth}")

    return wait


def loaded(path: Path) -> list[Session]:
    with open_store(path) as store:
        return [store.load(one.id) for one in reversed(store.sessions())]


def test_a_box_alone_keeps_its_walks_until_they_are_pulled(
    box, start, run, played, until, tmp_path: Path, path: Path
):
    """From a power bank: a walk that a power cut ended, and one that ended by itself."""
    truth = tmp_path / "truth.csv"
    running = box("hands", truth=truth)
    cut = played(truth, 35)
    running.power_cut()
    cut = rows_of(truth)
    running.power_on()
    played(truth, 60)
    running.command({"do": "walk", "speed_m_s": 0, "ramp_s": 1})
    at_s = played_s(truth)
    whole = played(truth, at_s + 70)
    running.command({"do": "pace", "value": 10})

    pulled = start("pull", "--port", tmp_path / "box", "--store", path, "--json")
    assert pulled.end() == 0, pulled.said
    came = json.loads(pulled.said[pulled.said.index("{") :])
    assert [one["box_session"] for one in came["brought"]] == [1, 2]
    assert [one["dated"] for one in came["brought"]] == [False, True]
    first, second = loaded(path)
    cut_s = int(cut[-1]["t_us"]) / 1e6
    # At most the last ten seconds are lost, and what came before the belt had its speed.
    kept_mm = first.summary.totals.distance_mm
    assert walked_mm(cut, 0, cut_s - 11.5) - 50 < kept_mm <= walked_mm(cut) + 1
    assert second.summary.totals.distance_mm == pytest.approx(walked_mm(whole), abs=60)
    assert second.summary.totals.forward_mm == 0
    assert 50 < second.summary.totals.duration_s - second.summary.totals.moving_s < 63
    # Reliance and zones as they were, by the truth's rows weighted with the way.
    parts = [
        (abs(float(b["position_mm"]) - float(a["position_mm"])), float(b["reliance_permille"]))
        for a, b in pairwise(whole)
    ]
    way = sum(mm for mm, _ in parts)
    reliance = sum(mm * permille for mm, permille in parts) / way
    assert second.summary.totals.mean_reliance_permille == pytest.approx(reliance, abs=10)
    hands_off = sum(mm for mm, permille in parts if permille < 10) / way
    assert second.summary.totals.hands_off_share == pytest.approx(hands_off, abs=0.04)
    # Where it stands at the end.
    assert second.segments[0].metrics[-1].t_ms == 1000 * second.summary.totals.duration_s

    again = run("pull", "--port", tmp_path / "box", "--store", path)
    assert (again.status, "0 sessions copied, 2 already in the store" in again.said) == (0, True)
    listed = run("sessions", "--store", path)
    assert "before 20" in listed.out
    page = tmp_path / "first.html"
    assert run("report", first.summary.id, "--store", path, "--out", page).status == 0
    assert "Nobody recorded this session live" in page.read_text()
    assert "Before " in page.read_text()
    refused = run("export", second.summary.id, "--rows", "raw", "--store", path)
    assert (refused.status, "--rows live writes those" in refused.said) == (1, True)
    out = tmp_path / "rows.csv"
    assert run("export", second.summary.id, "--store", path, "--out", out).status == 0
    exported = list(csv.DictReader(out.read_text().splitlines()))
    assert int(exported[-1]["distance_mm"]) == second.summary.totals.distance_mm
    assert exported[5]["rail_left_mn"] == ""


def seen_live(path: Path) -> Session:
    """The recorded session. What was walked before the recorder began is one of its own."""
    return next(one for one in loaded(path) if one.summary.source == "live")


def all_mm(path: Path) -> int:
    return sum(one.summary.totals.distance_mm for one in loaded(path))


def rest(running, link_path: Path, until) -> None:
    """Stand until the box has ended its session."""
    running.command({"do": "walk", "speed_m_s": 0, "ramp_s": 1})
    with find_box(str(link_path)) as link:

        def ended() -> bool:
            _, came = link.ask("sessions", types=("SES",))
            return bool(came) and all(named(one)["state"] != 0 for one in came)

        until(ended, "the session's end")


def test_the_gap_of_a_live_recording_is_filled_from_the_box(
    box, start, run, until, played, tmp_path: Path, path: Path
):
    """Unplugged in mid-walk for longer than the recorder waits for a row, then plugged in."""
    truth = tmp_path / "truth.csv"
    running = box("hands", truth=truth, wait_for_host=True, speed=10)
    recorder = start("record", "--port", tmp_path / "box", "--store", path, "--once")
    recorder.says("Recording session 1")
    at_s = played_s(truth)
    played(truth, at_s + 15)
    running.unplug()
    recorder.says("was unplugged")
    at_s = played_s(truth)
    played(truth, at_s + 12)
    running.plug()
    recorder.says("is back at")
    played(truth, at_s + 30)
    running.command({"do": "walk", "speed_m_s": 0, "ramp_s": 1})
    running.command({"do": "pace", "value": 0})
    assert recorder.end() == 0
    running.command({"do": "pace", "value": 10})
    before = seen_live(path)
    times = [row.t_ms for row in before.segments[0].metrics]
    gap_ms = max(b - a for a, b in pairwise(times))
    assert gap_ms > 10_000
    rest(running, tmp_path / "box", until)

    pulled = run("pull", "--port", tmp_path / "box", "--store", path)
    assert pulled.status == 0, pulled.said
    assert "copied, 0 already in the store" in pulled.said
    after = seen_live(path)
    (event,) = [one for one in after.events if one.kind == "filled"]
    assert abs(event.count - gap_ms / 1000) <= 2
    assert f"recorded live, {event.count} s filled" in pulled.said
    (segment,) = after.segments
    assert len(segment.box) == event.count
    times = [row.t_ms for row in segment.metrics]
    assert times == sorted(times)
    assert max(b - a for a, b in pairwise(times)) <= 1100
    sums = [row.distance_mm for row in segment.metrics if row.distance_mm is not None]
    assert sums == sorted(sums)
    # Nothing is counted twice: what the box counted through the gap is the distance, as before.
    summary = after.summary
    assert summary.totals.distance_mm == before.summary.totals.distance_mm
    assert summary.totals.duration_s == before.summary.totals.duration_s
    assert (
        summary.totals.hands_off_mm
        + summary.totals.light_mm
        + summary.totals.supported_mm
        + summary.totals.heavy_mm
        <= (summary.totals.distance_mm + 2)
    )
    assert all_mm(path) == pytest.approx(walked_mm(rows_of(truth)), abs=150)
    assert (summary.serial, summary.source) == (running.serial_number, "live")
    assert summary.dated
    assert summary.complete
    metrics = tmp_path / "metrics.csv"
    assert run("export", 1, "--store", path, "--out", metrics).status == 0
    exported = [int(row["t_ms"]) for row in csv.DictReader(metrics.read_text().splitlines())]
    assert exported == sorted(exported)
    assert max(b - a for a, b in pairwise(exported)) <= 1100

    again = run("pull", "--port", tmp_path / "box", "--store", path, "--json")
    assert json.loads(again.out)["brought"] == []
    assert seen_live(path) == after


def test_a_recorder_that_was_killed_is_completed_from_the_box(
    box, start, run, until, played, tmp_path: Path, path: Path
):
    truth = tmp_path / "truth.csv"
    running = box("hands", truth=truth, wait_for_host=True, speed=10)
    recorder = start("record", "--port", tmp_path / "box", "--store", path)
    recorder.says("Recording session 1")
    at_s = played_s(truth)
    played(truth, at_s + 15)
    recorder.signal(signal.SIGKILL)
    before = seen_live(path)
    assert not before.summary.complete
    at_s = played_s(truth)
    played(truth, at_s + 15)
    running.command({"do": "pace", "value": 0})
    rest(running, tmp_path / "box", until)
    running.command({"do": "pace", "value": 10})

    pulled = run("pull", "--port", tmp_path / "box", "--store", path, "--json")
    (one,) = (one for one in json.loads(pulled.out)["brought"] if one["source"] == "live")
    assert one["filled_s"] > 12
    after = seen_live(path)
    assert after.summary.complete
    assert all_mm(path) == pytest.approx(walked_mm(rows_of(truth)), abs=150)
    # Up to the last step: the minute of standing isn't the walk's.
    assert after.summary.totals.duration_s < before.summary.totals.duration_s + one["filled_s"] + 2
    assert after.segments[0].raw == before.segments[0].raw


def test_a_recording_without_a_gap_stays_as_it_is(
    box, start, run, until, tmp_path: Path, path: Path
):
    running = box("steady-1mph", wait_for_host=True, speed=10)
    recorder = start("record", "--port", tmp_path / "box", "--store", path, "--once")
    recorder.says("Recording session 1")
    running.command({"do": "walk", "speed_m_s": 0, "ramp_s": 1})
    running.command({"do": "pace", "value": 0})
    assert recorder.end() == 0
    before = seen_live(path)
    rest(running, tmp_path / "box", until)
    running.command({"do": "pace", "value": 10})
    pulled = run("pull", "--port", tmp_path / "box", "--store", path)
    assert "recorded live" in pulled.said
    assert "filled" not in pulled.said
    assert seen_live(path) == before
