"""A session's summary as JSON, which scripts read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from beltbox.walk.session import SessionSummary, summary_json
from beltbox.walk.totals import Totals


def test_the_keys_of_the_json_and_their_order_are_fixed():
    summary = SessionSummary(
        id=3,
        started_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        ended_at=None,
        totals=Totals(
            duration_ms=60_500,
            distance_mm=30_000,
            forward_mm=1000,
            backward_mm=29_000,
            hands_off_mm=15_000,
            light_mm=2000,
            supported_mm=9000,
            heavy_mm=3000,
            steps=80,
            grabs=None,
            moving_ms=50_000,
            reliance_permille_mm=600_000,
            reliance_mm=30_000,
            rail_mn_mm=319_000_000,
            rail_mm=29_000,
            gap_ms=2000,
            gap_mm=1200,
            steps_mm=28_000,
            paced_steps=75,
            paced_ms=45_000,
        ),
        box_name="Lab",
        board="esp32",
        firmware="0.1.0",
        protocol=1,
        person="Ana",
        title=None,
        source="live",
        complete=False,
        end_reason=None,
        damaged_count=2,
        missing_count=7,
    )
    assert json.dumps(summary_json(summary)) == (
        '{"id": 3, "started_at": "2026-03-01T12:00:00+00:00", "ended_at": null, '
        '"duration_s": 60.5, "moving_s": 50.0, "distance_mm": 30000, "forward_mm": 1000, '
        '"backward_mm": 29000, "hands_off_mm": 15000, "light_mm": 2000, "supported_mm": 9000, '
        '"heavy_mm": 3000, "mean_speed_mm_s": 576.0, "mean_reliance_permille": 20.0, '
        '"mean_rail_mn": 11000.0, "hands_off_share": 0.5172413793103449, "steps": 80, '
        '"grabs": null, '
        '"cadence_spm": 100.0, "step_length_mm": 350.0, "zone_unknown_mm": 1000, '
        '"motion_unknown_s": 2.0, "mean_speed_over_mm": 28800, "mean_reliance_over_mm": 30000, '
        '"mean_rail_over_mm": 29000, "hands_off_share_over_mm": 29000, "steps_over_mm": 28000, '
        '"cadence_over_s": 45.0, '
        '"box_name": "Lab", "board": "esp32", "firmware": "0.1.0", "protocol": 1, '
        '"person": "Ana", "title": null, "source": "live", "complete": false, '
        '"end_reason": null, "damaged_count": 2, "missing_count": 7, "serial": null, '
        '"dated": true}'
    )
