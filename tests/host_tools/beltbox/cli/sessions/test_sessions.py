"""`beltbox sessions N`: one walk with how sure its numbers are. (The table: cli/test_main.py.)"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from beltbox.cli.main import app
from beltbox.store.store import open_store
from beltbox.walk.rows import MetricRow

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CALIBRATED = {
    "belt_nm_per_count": 100_000,
    "belt_u_ppm": 3000,
    "rail_left_nn_per_count": 230_000,
    "rail_left_u_ppm": 5000,
    "body_mass_g": 70_000,
}
BY_HAND = {**CALIBRATED, "belt_u_ppm": 0, "rail_left_u_ppm": 0}


@pytest.fixture
def run(tmp_path):
    """Session 1 was walked on a calibrated box, session 2 wasn't."""
    path = tmp_path / "walks.sqlite"
    with open_store(path) as store:
        for settings in (CALIBRATED, BY_HAND):
            writer = store.start_session(
                started_at=NOON, box_name="b", board="b", firmware="f", protocol=1, person="Anna"
            )
            writer.start_segment(settings=settings, boot_count=1, reason="start", first_t_us=None)
            for n in range(601):
                place = 50 * n
                rail = MetricRow(100 * n, -500, -500, place, 0, place, 14_000, None, 20, 1)
                writer.add_metric(
                    rail._replace(
                        hands_off_mm=0,
                        light_mm=place,
                        supported_mm=0,
                        heavy_mm=0,
                        steps=n // 6,
                        grabs=0,
                        step_asymmetry_permille=42 if n > 400 else None,
                        step_asymmetry_u_permille=14 if n > 400 else None,
                    )
                )
            writer.close(NOON + timedelta(minutes=1), "done")

    def runs(*arguments):
        return CliRunner().invoke(app, ["sessions", *arguments, "--store", str(path)])

    return runs


def test_one_session_says_all_its_figures_with_plus_minus(run):
    ran = run("1")
    assert ran.exit_code == 0
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("Session 1, 2026-03-01 ")
    assert lines[0].endswith(", Anna")
    assert lines[1:] == [
        "  time         1:00, 1:00 in motion",
        "  distance     30.0 ± 0.2 m (0.02 mi)",
        "    backward   30.0 ± 0.2 m (0.02 mi)",
        "    forward    0.0 m (0.00 mi)",
        "  speed        0.50 ± 0.01 m/s (1.1 mph)",
        "  rail         2.0 ± 0.5 % of body weight, 14.0 ± 3.1 N",
        "    hands off  0.0 m, 0 ± 1 % of the distance",
        "    light      30.0 ± 0.2 m",
        "    supported  0.0 m",
        "    heavy      0.0 m",
        "  steps        100 ± 2, 100 ± 2 a minute, 0.30 ± 0.01 m each, uneven by 4 ± 3 %",
        "  grabs        0",
        "± covers the truth in 95 of 100 cases.",
    ]


def test_a_box_that_nobody_calibrated_says_so(run):
    lines = run("2").stdout.splitlines()
    assert "  distance     30.0 m (0.02 mi)" in lines
    assert "  rail         2.0 % of body weight, 14.0 N" in lines
    # The asymmetry's own comes from the box, and needs no calibration.
    assert [line for line in lines if "±" in line] == [
        "  steps        100, 100 a minute, 0.30 m each, uneven by 4 ± 3 %",
        "± covers the truth in 95 of 100 cases.",
        "No ±: the box isn't calibrated (beltbox calibrate).",
    ]


def test_the_json_has_a_u_for_each_number(run):
    listed = {one["id"]: one for one in json.loads(run("--json").stdout)}
    assert listed[1]["distance_mm_u"] == pytest.approx(90, abs=0.1)
    assert listed[1]["mean_speed_mm_s_u"] == pytest.approx(500 * math.hypot(0.003, 0.0025))
    assert listed[1]["mean_reliance_permille_u"] > 2
    assert listed[2]["distance_mm_u"] is None
    assert "steps_u" not in listed[1]
    (one,) = json.loads(run("1", "--json").stdout)
    assert one.items() >= listed[1].items()
    (segment,) = one["segments"]
    assert segment["settings"] == CALIBRATED
    assert (segment["number"], segment["reason"], segment["boot_count"]) == (1, "start", 1)
    assert segment["settings_hash"] is None  # not all of its settings are known
    assert one["steps_u"] == pytest.approx((0.9**2 + 0.4**2) ** 0.5)
    assert (one["cadence_spm"], one["step_asymmetry_permille"]) == (100, 42)


def test_a_session_that_isnt_there_is_said(run):
    ran = run("9")
    assert ran.exit_code == 1
    assert "There is no session 9" in str(ran.exception)
