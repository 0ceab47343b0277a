"""The report as a file: what is in it, and that it is safe to open."""

import html
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from beltbox.bench.store_size import made_up_walk
from beltbox.errors import ReportError
from beltbox.report.page import script_json, write_report
from beltbox.store.store import open_store
from beltbox.walk.comparison import Comparison
from beltbox.walk.rows import MetricRow
from beltbox.walk.session import Session

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>&amp;\""


def session(
    tmp_path: Path,
    rows: list[MetricRow],
    *,
    events: list[tuple[str, str, int]] | None = None,
    close: bool = True,
    **about: Any,
) -> Session:
    about = {"box_name": "Lab", "board": "esp32", "firmware": "0.1.0", "protocol": 1} | about
    with open_store(tmp_path / "walks.sqlite") as store:
        writer = store.start_session(started_at=NOON, **about)
        writer.start_segment(
            settings={"box_name": about["box_name"], "body_mass_g": 70_000},
            boot_count=1,
            reason="start",
            first_t_us=0,
        )
        for row in rows:
            writer.add_metric(row)
        for kind, text, count in events or []:
            writer.add_event(kind, text, count=count)
        if close:
            writer.close(NOON + timedelta(minutes=3), "the walker stopped")
        else:
            writer.commit()
        return store.load(writer.session_id)


def walk(seconds: int) -> list[MetricRow]:
    return [metric for _, metric in made_up_walk(seconds) if metric]


def written(tmp_path: Path, of: Session, **more: Any) -> str:
    path = tmp_path / "report.html"
    write_report(of, path, **more)
    return path.read_text(encoding="utf-8")


def words(page: str) -> str:
    """The page's text, without its markup, styles and scripts."""
    body = page[page.index("<body>") :]
    body = re.sub(r"<script.*?</script>", " ", body, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_the_walk_is_told_in_numbers_and_words(tmp_path: Path):
    rows = [
        MetricRow(
            t_ms=t_ms,
            belt_mm_s=-500,
            speed_mm_s=-500,
            distance_mm=t_ms // 2,
            forward_mm=0,
            backward_mm=t_ms // 2,
            rail_left_mn=20_000,
            rail_right_mn=14_300,
            reliance_permille=50,
            zone=2,
            hands_off_mm=t_ms // 8,
            supported_mm=3 * t_ms // 8,
        )
        for t_ms in range(0, 185_001, 100)
    ]
    text = words(written(tmp_path, session(tmp_path, rows, person="Ana", title="First walk")))
    for said in (
        "First walk Ana · Sunday, 01 March 2026",
        "Time 3:05 3:05 in motion",
        "Distance 92.5 m 0.06 mi",
        "Mean speed 0.50 m/s 1.1 mph, backward",
        "On the rails 5.0 % of body weight, 34.3 N",
        "Hands off 25 % of the distance",
        "the box never restarted, and nothing it sent was lost or damaged",
        "Supported 5 to 15 % 69.4 m 75 %",
        "Box Lab Board esp32 Firmware 0.1.0, protocol 1",
        "body_mass_g 70000",
        ": the walker stopped",
    ):
        assert said in text
    assert "interrupted" not in text
    assert "Measured beside the truth" not in text


def test_directions_are_words(tmp_path: Path):
    rows = [
        MetricRow(1000, -500, -500, 500, 0, 500),
        MetricRow(3000, 500, 500, 1500, 1000, 500),
    ]
    assert "1.1 mph, 0.5 m backward and 1.0 m forward" in words(
        written(tmp_path, session(tmp_path, rows))
    )


def test_the_unknown_is_a_dash_and_never_0(tmp_path: Path):
    rows = [MetricRow(100 * n, -500, -500, 50 * n, 0, 50 * n) for n in range(100)]
    text = words(written(tmp_path, session(tmp_path, rows)))
    assert "On the rails – % of body weight Hands off – %" in text
    assert "Heavy 15 % and more – –" in text


def test_what_went_wrong_is_counted_and_listed(tmp_path: Path):
    events = [
        ("gap", "lost 7 to 9", 3),
        ("gap", "lost 20", 1),
        ("damaged", "$R,\x01\udcff", 1),
        ("reset", "watchdog", 1),
        ("console", "ets Jul 29 2019", 1),
    ]
    text = words(written(tmp_path, session(tmp_path, walk(3), events=events)))
    assert "1 restart of the box, 4 sentences missing, 1 damaged sentence." in text
    assert "0:03 Sentences missing (3) lost 7 to 9" in text
    assert r"Damaged sentence $R,\x01\udcff" in text
    assert "The box said ets Jul 29 2019" in text


def test_a_flood_of_events_is_cut_and_said(tmp_path: Path):
    events = [("damaged", f"number {n}", 1) for n in range(600)]
    text = words(written(tmp_path, session(tmp_path, walk(1), events=events)))
    assert "600 damaged sentences." in text
    assert "number 499" in text
    assert "number 500" not in text
    assert "100 more are in the store" in text


def test_an_interrupted_recording_is_marked(tmp_path: Path):
    text = words(written(tmp_path, session(tmp_path, walk(3), close=False)))
    assert "This recording was interrupted." in text
    assert "Ended not ended" in text


def test_comparisons_are_a_table(tmp_path: Path):
    comparisons = [
        Comparison("Distance", "m", 163.2, 163.2014, 0.0014, 0.01),
        Comparison("Reliance", "%", 4.2, 6.0, 1.8, 1),
        Comparison("Catches", "", 2, 1, -1, "every one"),
        Comparison("Steps", "", None, None, None),
    ]
    text = words(written(tmp_path, session(tmp_path, walk(3)), comparisons=comparisons))
    assert "Distance m 163.200 163.201 +0.001 ± 0.010 Met" in text
    assert "Reliance % 4.200 6.000 +1.800 ± 1.000 Not met" in text
    assert "Catches 2.000 1.000 -1.000 every one –" in text
    assert "Steps – – – – –" in text


def test_names_from_people_and_boxes_are_only_text(tmp_path: Path):
    of = session(
        tmp_path,
        walk(3),
        box_name=HOSTILE,
        person=HOSTILE,
        title=HOSTILE,
        board=HOSTILE,
        events=[("console", HOSTILE, 1), (HOSTILE, HOSTILE, 1)],
    )
    page = written(tmp_path, of, comparisons=[Comparison(HOSTILE, HOSTILE, 1, 1, 0, HOSTILE)])
    assert "<script>document" not in page
    assert "<img" not in page
    assert page.count("</script>") == 3
    assert words(page).count(HOSTILE) >= 8


def test_the_data_is_json_with_no_way_out_of_its_element(tmp_path: Path):
    page = written(tmp_path, session(tmp_path, walk(10)))
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert match
    assert "<" not in match[1]
    data = json.loads(match[1])
    assert data["duration_s"] == 10
    assert len(data["lines"]["t_s"]) == 100
    assert [span[:2] for span in data["spans"]] == [[0, 5], [5, 10]]
    assert sum(end - start for start, end, _ in data["stretches"]) == pytest.approx(9.9)


def test_text_in_the_data_cant_end_its_element():
    written_as = script_json({"text": HOSTILE + "<!--"})
    assert not set("<>&") & set(written_as)
    assert json.loads(written_as) == {"text": HOSTILE + "<!--"}


def test_nothing_is_fetched_from_anywhere(tmp_path: Path):
    page = written(tmp_path, session(tmp_path, walk(3)))
    assert "default-src 'none'" in page
    assert not re.search(
        r"""(src|href)\s*=\s*["']?(?!data:)[a-z/]""", page[: page.index("<script")]
    )
    assert "@import" not in page
    assert "url(" not in page


@pytest.mark.slow
def test_an_hour_stays_small(tmp_path: Path):
    minute = walk(60)
    rows = [row._replace(t_ms=row.t_ms + 60_000 * n) for n in range(60) for row in minute]
    assert len(written(tmp_path, session(tmp_path, rows))) < 3_000_000


def test_a_session_without_rows_has_a_report_too(tmp_path: Path):
    text = words(written(tmp_path, session(tmp_path, [])))
    assert "Time 0:00" in text
    assert "Mean speed – m/s never moved" in text
    assert "The walk in numbers" not in text


def test_a_title_given_here_stands_in_for_the_sessions_own(tmp_path: Path):
    of = session(tmp_path, walk(1), title="own")
    assert "<title>given</title>" in written(tmp_path, of, title="given")
    assert "<title>own</title>" in written(tmp_path, of)
    untitled = session(tmp_path, walk(1))
    assert "<title>Session 2</title>" in written(tmp_path, untitled)


def test_a_report_that_cant_be_written_leaves_nothing_behind(tmp_path: Path):
    of = session(tmp_path, walk(1))
    with pytest.raises(ReportError, match=r"Can't write .*nowhere.*report\.html.*No such file"):
        write_report(of, tmp_path / "nowhere" / "report.html")
    (tmp_path / "report.html").mkdir()
    with pytest.raises(ReportError, match=r"Can't write .*report\.html"):
        write_report(of, tmp_path / "report.html")
    assert not list(tmp_path.glob(".*.part"))


def test_a_calibrated_walk_says_how_sure_it_is_and_what_changed(tmp_path: Path):
    rows = [MetricRow(100 * n, -500, -500, 50 * n, 0, 50 * n, steps=n // 6) for n in range(100)]
    walked = session(tmp_path, rows)
    settings = {"belt_nm_per_count": 100_000, "belt_u_ppm": 5000}
    walked = replace(walked, segments=[replace(walked.segments[0], settings=settings)])
    slower = replace(
        walked.summary,
        totals=replace(
            walked.summary.totals, moving_ms=16_000, steps=3, paced_steps=3, paced_ms=16_000
        ),
    )
    write_report(walked, tmp_path / "sure.html", before=slower)
    text = words((tmp_path / "sure.html").read_text())
    assert "Mean speed 0.50 m/s ± 0.02 m/s, \N{UPWARDS ARROW}, 1.1 mph, backward" in text
    assert "Distance 5.0 m ± 0.1 m, " in text
    assert (
        "Steps 16 ± 2 steps, 100 ± 12 a minute \N{UPWARDS ARROW}, "
        "0.31 ± 0.04 m each \N{DOWNWARDS ARROW}" in text
    )


def test_rails_and_zones_say_how_sure_they_are(tmp_path: Path):
    # 0.9 % of body weight: hands off, but a zero as far off as it may be would make it light.
    rows = [
        MetricRow(100 * n, -500, -500, 50 * n, 0, 50 * n, 6000, None, 9, 0, 50 * n, 0, 0, 0)
        for n in range(101)
    ]
    walked = session(tmp_path, rows)
    settings = {
        "belt_nm_per_count": 100_000,
        "belt_u_ppm": 5000,
        "rail_left_nn_per_count": 230_000,
        "rail_left_u_ppm": 5000,
        "body_mass_g": 70_000,
    }
    walked = replace(walked, segments=[replace(walked.segments[0], settings=settings)])
    write_report(walked, tmp_path / "sure.html")
    text = words((tmp_path / "sure.html").read_text())
    assert "On the rails 0.9 % ± 0.5 % of body weight, 6.0 ± 3.1 N" in text
    assert "Hands off 100 % ± 100 % of the distance" in text
    assert "Hands off below 1 % 5.0 ± 5.0 m 100 %" in text
    assert "Light 1 to 5 % 0.0 ± 5.0 m 0 %" in text
    assert "± covers the truth in 95 of 100 cases" in text


def test_noise_of_the_rails_raises_the_first_limit_in_table_and_chart(tmp_path: Path):
    walked = session(tmp_path, walk(10))
    # 13.7293 N are 2 % of the weight of 70 kg.
    settings = {"body_mass_g": 70_000, "rail_noise_mn": 13_729}
    walked = replace(walked, segments=[replace(walked.segments[0], settings=settings)])
    page = written(tmp_path, walked)
    assert "Hands off below 2 %" in words(page)
    assert "Light 2 to 5 %" in words(page)
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert match
    zones = json.loads(match[1])["zones"]
    assert [zone["from_percent"] for zone in zones] == [0, pytest.approx(2, abs=0.001), 5, 15]
    assert [zone["name"] for zone in zones] == ["Hands off", "Light", "Supported", "Heavy"]
