"""`beltbox sessions` without a number: the list."""

import io
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from beltbox.cli.sessions.sessions import sessions_table
from beltbox.store.store import open_store


def test_sessions_are_listed(run, store: Path):
    ran = run("sessions", "--store", store)
    assert ran.status == 0
    assert "Anna" in ran.out
    assert "0.3 m" in ran.out
    assert len(ran.out.rstrip().splitlines()) == 2  # nothing wraps
    (session,) = json.loads(run("sessions", "--store", store, "--json").out)
    assert (session["id"], session["distance_mm"], session["person"]) == (1, 316, "Anna")
    assert session["started_at"] == "2026-03-01T12:00:00+00:00"


def test_sessions_fit_into_80_columns_and_files_have_a_line_each(store: Path):
    with open_store(store) as opened:
        (one,) = opened.sessions()
    long = replace(
        one,
        id=1234,
        totals=replace(
            one.totals, duration_ms=36_000_000, moving_ms=30_000_000, distance_mm=12_345_678
        ),
        person="Anna-Katharina von Hohenstein-Ohlsdorf",
        complete=False,
    )
    out = io.StringIO()
    Console(file=out, width=80, force_terminal=True, color_system=None).print(
        sessions_table([long, one])
    )
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert max(map(len, lines)) <= 80
    assert "…" not in out.getvalue()
    for words in ("1234*", "10:00:00", "12.35 km", "m/s", "hands off"):
        assert words in out.getvalue()


def test_a_mistyped_store_is_not_made(run, tmp_path: Path):
    ran = run("sessions", "--store", tmp_path / "nope.sqlite")
    assert ran.status == 1
    assert "There is no store at" in ran.said
    assert list(tmp_path.glob("nope*")) == []
    for store in (":memory:", "sqlite:///:memory:"):
        ran = run("sessions", "--store", store)
        assert ran.status == 1
        assert "names no file" in ran.said


def test_an_empty_store_and_an_unknown_session_are_said(run, apart, store: Path, tmp_path: Path):
    ran = run("sessions")
    assert ran.status == 0
    assert "No sessions in" in ran.out
    assert json.loads(run("sessions", "--json").out) == []
    for command in ("report", "export"):
        ran = run(command)
        assert ran.status == 1
        assert "No sessions in" in ran.said
        ran = run(command, 7, "--store", store)
        assert ran.status == 1
        assert "There is no session 7" in ran.said
        ran = run(command, "--store", tmp_path / "nope.sqlite")
        assert ran.status == 1
        assert "There is no store at" in ran.said
    assert not (tmp_path / "nope.sqlite").exists()
    assert list((apart / "data").iterdir()) == []
