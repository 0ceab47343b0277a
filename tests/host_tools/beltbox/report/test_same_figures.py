"""One set of figures: the list, a session, its JSON, its report and its exports agree."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from beltbox.cli.main import app
from beltbox.link.box_sessions import Block, BoxSession, Record
from beltbox.record.box_store import Arrival, BoxStore
from beltbox.report.export_rows import metric_tables
from beltbox.report.numbers import spans
from beltbox.store.store import open_store
from beltbox.walk.moments import breaks, segment_zeros_ms
from beltbox.walk.rows import MetricRow, RawRow
from beltbox.walk.session import Segment, Session, SessionSummary, summary_json
from beltbox.walk.totals import as_one_walk, totals_of
from beltcore import settings as declared

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SERIAL = "30aea4b0c0de"
SETTINGS = declared.defaults() | {"belt_nm_per_count": 1_000_000, "body_mass_g": 70_000}
ZONES = ("hands_off_mm", "light_mm", "supported_mm", "heavy_mm")
SUMS = ("distance_mm", "forward_mm", "backward_mm", *ZONES, "steps", "grabs")


def live(t_ms: int) -> MetricRow:
    """Half a metre a second backward with 2 % on the left rail; zones are sent once a second."""
    zoned_mm = (t_ms - t_ms % 1000) // 2
    return MetricRow(
        t_ms,
        belt_mm_s=-500,
        speed_mm_s=-500,
        distance_mm=t_ms // 2,
        forward_mm=0,
        backward_mm=t_ms // 2,
        rail_left_mn=13_729,
        reliance_permille=20,
        zone=1 if t_ms > 20_000 else 0,
        hands_off_mm=min(zoned_mm, 10_000),
        light_mm=max(0, zoned_mm - 10_000),
        supported_mm=0,
        heavy_mm=0,
        steps=t_ms // 500,
        grabs=0,
    )


def box_kept(first_s: int, last_s: int) -> Arrival:
    """The same walk as the box kept it."""
    blocks = [
        Block(
            0,
            500 * (start - 1),
            tuple(
                Record(t_s, 1 if t_s > 20 else 0, 0, 500 * t_s, -500, 20, None, 0, 0)
                for t_s in range(start, min(start + 10, last_s + 1))
            ),
            1,
        )
        for start in range(first_s, last_s + 1, 10)
    ]
    return Arrival(BoxSession(7, len(blocks), 1, 3, 4, None, "ABCD"), blocks, 0, 1)


@pytest.fixture
def figures(tmp_path: Path):
    """figures(segments, filled_to_s): all that the commands show of a session of live rows.

    segments: spans of seconds with rows, and the break before each segment. filled_to_s: a pull
    laid the box's session over the last segment.
    """
    store_file = tmp_path / "walks.sqlite"

    def call(*arguments: object) -> str:
        ran = CliRunner().invoke(app, [*map(str, arguments), "--store", str(store_file)])
        assert ran.exit_code == 0, ran.output
        return ran.stdout

    def make(*segments: Any, filled_to_s: int | None = None, raw: bool = False) -> Any:
        with open_store(store_file) as store:
            writer = store.start_session(
                started_at=NOON, box_name="b", board="b", firmware="f", protocol=1, serial=SERIAL
            )
            for number, (break_ms, spans) in enumerate(segments, 1):
                writer.start_segment(
                    settings=SETTINGS, boot_count=number, reason="reset", first_t_us=None
                )
                if number > 1:
                    writer.set_break(break_ms)
                for start_s, end_s in spans:
                    for tick in range(80 * start_s, 80 * end_s + 1):
                        if raw:
                            place = -(tick * 500 // 80)
                            writer.add_raw(RawRow(12_500 * tick, place, None, None))
                        if tick % 8 == 0:
                            writer.add_metric(live(tick * 25 // 2))
            if filled_to_s is not None:
                writer.add_box_session(SERIAL, 7, len(segments))
            writer.close(NOON + timedelta(minutes=5), "stopped")
            if filled_to_s is not None:
                (known,) = BoxStore(store.database).known(SERIAL)
                BoxStore(store.database).lay_over(known, box_kept(3, filled_to_s))
        report = tmp_path / "report.html"
        call("report", 1, "--out", report)
        page = report.read_text(encoding="utf-8")
        data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
        assert data
        shown = {
            "listed": json.loads(call("sessions", "--json"))[0],
            "one": json.loads(call("sessions", 1, "--json"))[0],
            "lines": call("sessions", 1),
            "page": page,
            "data": json.loads(data[1]),
        }
        for rows in ("live", "metrics"):
            out = tmp_path / f"{rows}.csv"
            call("export", 1, "--rows", rows, "--out", out, "--overwrite")
            with out.open(newline="") as file:
                shown[rows] = list(csv.DictReader(file))
        return shown

    return make


def last_known(rows: list[dict[str, str]]) -> dict[str, int | None]:
    """The last value of each sum."""
    known: dict[str, int | None] = dict.fromkeys(SUMS)
    for row in rows:
        known |= {name: int(row[name]) for name in SUMS if row[name]}
    return known


def agree(shown: Any) -> None:
    one = shown["one"]
    assert one.items() >= shown["listed"].items()
    sums = {name: one[name] for name in SUMS}
    assert last_known(shown["live"]) == last_known(shown["metrics"]) == sums
    assert one["forward_mm"] + one["backward_mm"] == one["distance_mm"]
    zones_mm = [one[name] for name in ZONES]
    assert sum(zones_mm) + one["zone_unknown_mm"] == one["distance_mm"]
    for rows in (shown["live"], shown["metrics"]):
        assert int(rows[-1]["t_ms"]) == round(1000 * one["duration_s"])
        places = [(row["t_ms"], row["segment"]) for row in rows]
        assert len(set(places)) == len(places)
        moments = [row["utc"] for row in rows]
        assert moments == sorted(moments)
    spans = shown["data"]["spans"]
    for place, mm in enumerate((*zones_mm, one["zone_unknown_mm"]), 2):
        assert sum(span[place] for span in spans) == pytest.approx(mm / 1000, abs=0.3)
    text = " ".join(re.sub(r"<[^>]*>", " ", shown["page"]).split())
    for words in (f"{mm / 1000:.1f} m" for mm in zones_mm if mm < 99_000):
        assert words in text
        assert words in shown["lines"]


def test_a_walk_without_a_break(figures):
    shown = figures((0, [(0, 40)]))
    agree(shown)
    assert shown["one"]["breaks"] == shown["data"]["breaks"] == []
    assert "break" not in shown["lines"]


def test_a_gap_that_was_filled_behind_the_last_row(figures):
    shown = figures((0, [(0, 32)]), filled_to_s=80)
    agree(shown)
    assert shown["one"]["distance_mm"] == 40_000
    assert (shown["one"]["step_length_mm"], shown["one"]["cadence_spm"]) == (250, 120)
    assert "steps        64 over 16.0 m, 120 a minute, 0.25 m each" in shown["lines"]
    assert "2.0 % of body weight, 13.7 N over 16.0 m" in shown["lines"]
    assert "over 16.0 m, 120 a minute, 0.25 m each" in shown["page"]


def test_a_gap_in_the_middle_filled_and_not(figures):
    filled = figures((0, [(0, 15), (50, 80)]), filled_to_s=80, raw=True)
    assert filled["one"]["breaks"] == []
    assert (filled["one"]["step_length_mm"], filled["one"]["cadence_spm"]) == (250, 120)
    assert filled["one"]["motion_unknown_s"] == 0
    # No cells: the raw rows have no zones. All else that is computed again ends as it was kept.
    again, one = last_known(filled["metrics"]), filled["one"]
    for name in ("distance_mm", "forward_mm", "backward_mm", "steps"):
        assert again[name] == one[name]
    assert len(filled["metrics"]) > 80 * 45


def test_a_gap_that_wasnt_filled(figures):
    shown = figures((0, [(0, 15), (50, 80)]))
    agree(shown)
    assert shown["one"]["breaks"] == [
        {
            "segment": 1,
            "begins_s": 15.0,
            "began_at": "2026-03-01T12:00:15+00:00",
            "lasted_s": 35.0,
            "measured": True,
        }
    ]
    assert shown["data"]["breaks"] == [[15, 50]]
    assert "  time         1:20, 0:45 in motion, 0:35 unknown" in shown["lines"]
    assert "  break        0:35 at 0:15: nothing arrived, the box counted on" in shown["lines"]
    assert "0.50 m/s (1.1 mph), over 22.5 m" in shown["lines"]
    assert "0:45 in motion, 0:35 unknown, a break of 0:35" in shown["page"]


def test_a_break_between_segments(figures):
    shown = figures((0, [(0, 30)]), (34_000, [(0, 20)]), (50, [(0, 10)]))
    agree(shown)
    (pause,) = shown["one"]["breaks"]
    assert (pause["begins_s"], pause["lasted_s"], pause["measured"]) == (30, 34, False)
    assert shown["one"]["duration_s"] == 60
    assert shown["data"]["breaks"] == [[30, 64]]
    assert shown["data"]["duration_s"] == 94.05
    times = shown["data"]["lines"]["t_s"]
    assert not [t_s for t_s in times if 30 < t_s < 64]
    assert "Measured without a break" not in shown["page"]
    assert "break of 0:34 at 0:30" in shown["page"]
    utc = {(row["segment"], row["t_ms"]): row["utc"] for row in shown["live"]}
    assert utc["1", "30000"] == "2026-03-01T12:00:30.000Z"
    assert utc["2", "30000"] == "2026-03-01T12:01:04.000Z"


def test_a_gap_filled_before_a_break(figures):
    shown = figures((0, [(0, 30)]), (34_000, [(0, 20)]), filled_to_s=60)
    agree(shown)
    (pause,) = shown["one"]["breaks"]
    assert (pause["begins_s"], pause["lasted_s"]) == (30, 34)
    assert shown["one"]["duration_s"] == 90


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """Several segments, each with gaps, breaks before them, and rows without some columns."""
    segments: list[Segment] = []
    for _ in range(draw(st.integers(1, 3))):
        rows: list[MetricRow] = []
        at_ms = 0
        for count, gap_ms in draw(
            st.lists(st.tuples(st.integers(1, 30), st.integers(0, 90_000)), min_size=1, max_size=4)
        ):
            gone = draw(st.sets(st.sampled_from(("steps", "reliance_permille", "rail_left_mn"))))
            gone |= set(ZONES) if draw(st.booleans()) else set()
            at_ms += gap_ms
            for _ in range(count):
                at_ms += 100
                rows.append(live(at_ms)._replace(**dict.fromkeys(gone)))
        # The end of a recording has all sums.
        rows.append(live(at_ms + 100))
        break_ms = draw(st.none() | st.integers(0, 90_000))
        segments.append(Segment(SETTINGS, 1, "reset", None, [], rows, [], break_ms))
    summary = SessionSummary(
        id=1,
        started_at=NOON,
        ended_at=None,
        totals=totals_of([segment.metrics for segment in segments]),
        box_name="b",
        board="b",
        firmware="f",
        protocol=1,
        person=None,
        title=None,
        source="live",
        complete=True,
        end_reason=None,
        damaged_count=0,
        missing_count=0,
    )
    return Session(summary, segments, [])


@given(sessions())
def test_json_export_and_charts_have_the_same_sums(session: Session):
    totals = summary_json(session.summary)
    (table,) = metric_tables(session, again=False)
    rows = [dict(zip(table.header, row, strict=True)) for row in table.rows]
    assert {name: rows[-1][name] for name in SUMS} == {name: totals[name] for name in SUMS}
    parts = [totals[name] for name in (*ZONES, "zone_unknown_mm")]
    assert sum(parts) == totals["distance_mm"]
    assert sorted({(row["t_ms"], row["segment"]) for row in rows}) == [
        (row["t_ms"], row["segment"]) for row in rows
    ]
    zeros_ms = segment_zeros_ms(session)
    walk = list(as_one_walk([segment.metrics for segment in session.segments]))
    at_ms = [
        zero_ms + row.t_ms
        for zero_ms, segment in zip(zeros_ms, session.segments, strict=True)
        for row in segment.metrics
    ]
    assert at_ms == sorted(at_ms)
    listed = spans(walk, at_ms)
    assert sum(span.totals.distance_mm for span in listed) == totals["distance_mm"]
    assert (listed[0].start_ms, listed[-1].end_ms) == (0, at_ms[-1])
    assert all(before.end_ms == after.start_ms for before, after in pairwise(listed))
    lost_ms = sum(pause.lasted_ms for pause in breaks(session))
    assert lost_ms <= at_ms[-1]
