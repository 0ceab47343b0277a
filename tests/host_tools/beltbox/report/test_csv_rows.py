"""Sessions as CSV files."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from beltbox.errors import ExportError
from beltbox.replay.settings_file import load_settings
from beltbox.report.csv_rows import export_csv
from beltbox.store.store import open_store
from beltbox.walk.rows import MetricRow, RawRow
from beltbox.walk.session import Event, Session
from beltcore import settings as declared

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
METRICS_HEADER = (
    "t_ms,belt_mm_s,speed_mm_s,distance_mm,forward_mm,backward_mm,rail_left_mn,rail_right_mn,"
    "reliance_permille,zone,hands_off_mm,light_mm,supported_mm,heavy_mm,steps,cadence_spm_x10,"
    "step_length_mm,grabs,flags,box_flags,step_time_sd_ms,step_asymmetry_permille,"
    "step_asymmetry_u_permille,longer_step_side,belt_mm_s_u,speed_mm_s_u,distance_mm_u,"
    "forward_mm_u,backward_mm_u,"
    "rail_left_mn_u,rail_right_mn_u,reliance_permille_u,cadence_spm_x10_u,step_length_mm_u,"
    "hands_off_mm_u,light_mm_u,supported_mm_u,heavy_mm_u,steps_u,segment,utc\n"
)


def session(
    tmp_path: Path,
    *segments: tuple[list[RawRow], list[MetricRow]],
    settings: dict[str, int | str] | None = None,
) -> Session:
    with open_store(tmp_path / "walks.sqlite") as store:
        writer = store.start_session(
            started_at=NOON, box_name="b", board="b", firmware="f", protocol=1
        )
        for number, (raws, metrics) in enumerate(segments, 1):
            writer.start_segment(
                settings=settings or {}, boot_count=number, reason="start", first_t_us=None
            )
            for raw in raws:
                writer.add_raw(raw)
            for metric in metrics:
                writer.add_metric(metric)
        writer.close(NOON, "done")
        return store.load(writer.session_id)


FIRST = ([RawRow(5, -3, 7, None), RawRow(12_505, -9, None, -8)], [MetricRow(0), MetricRow(100, -7)])
SECOND = ([RawRow(1, 0, None, None)], [MetricRow(50, 8, distance_mm=4)])


def test_metrics_have_the_fixed_columns_and_empty_fields_for_the_unknown(tmp_path: Path):
    path = tmp_path / "walk.csv"
    assert export_csv(session(tmp_path, FIRST), path, rows="live") == [path]
    assert path.read_bytes().decode() == (
        METRICS_HEADER
        + f"0{39 * ','}1,2026-03-01T12:00:00.000Z\n"
        + f"100,-7{38 * ','}1,2026-03-01T12:00:00.100Z\n"
    )


def test_several_segments_read_as_one_walk(tmp_path: Path):
    path = tmp_path / "walk.csv"
    export_csv(session(tmp_path, FIRST, SECOND, SECOND), path, rows="live")
    lines = path.read_text().splitlines()[1:]
    assert [line.split(",")[:4] for line in lines] == [
        ["0", "", "", ""],
        ["100", "-7", "", ""],
        ["150", "8", "", "4"],
        ["200", "8", "", "8"],
    ]


def test_raw_rows_are_one_file_a_segment(tmp_path: Path):
    path = tmp_path / "walk.csv"
    files = export_csv(session(tmp_path, FIRST, ([], []), SECOND), path, rows="raw")
    assert files == [path, tmp_path / "walk-3.csv"]
    header = "t_us,count,rail_left,rail_right,segment,utc,settings_hash\n"
    assert path.read_bytes().decode() == (
        header
        + "5,-3,7,,1,2026-03-01T12:00:00.000Z,\n"
        + "12505,-9,,-8,1,2026-03-01T12:00:00.012Z,\n"
    )
    assert files[1].read_bytes().decode() == header + "1,0,,,3,2026-03-01T12:00:00.100Z,\n"
    # Nothing is known of these segments' settings.
    assert {file.name for file in tmp_path.iterdir()} == {"walks.sqlite", "walk.csv", "walk-3.csv"}


@pytest.mark.parametrize("rows", ["metrics", "live", "raw"])
def test_the_settings_of_each_segment_are_beside_its_rows(tmp_path: Path, rows: str):
    """As a file that is read as the box's settings; raw rows have the hash of them, too."""
    settings = declared.defaults() | {"body_mass_g": 81_000}
    walked = session(tmp_path, FIRST, SECOND, settings=settings)
    other = replace(walked.segments[1], settings=settings | {"box_name": "other"})
    walked = replace(walked, segments=[walked.segments[0], other])
    path = tmp_path / "walk.csv"
    files = export_csv(walked, path, rows=rows)
    for name, segment in (("walk", walked.segments[0]), ("walk-2", other)):
        assert load_settings(tmp_path / f"{name}.settings.json") == segment.settings
    assert files == [path, tmp_path / "walk-2.csv"][: 2 if rows == "raw" else 1]
    if rows == "raw":
        for file, segment in zip(files, walked.segments, strict=True):
            with file.open(newline="") as lines:
                hashes = {row["settings_hash"] for row in csv.DictReader(lines)}
            # In a spreadsheet 0x12E4 stays a text.
            assert hashes == {f"0x{declared.fingerprint(segment.settings):04X}"}


def test_settings_that_are_there_are_not_written_over(tmp_path: Path):
    (tmp_path / "walk.settings.json").write_text("mine")
    walked = session(tmp_path, FIRST, settings=declared.defaults())
    with pytest.raises(ExportError, match=r"walk\.settings\.json exists already"):
        export_csv(walked, tmp_path / "walk.csv", rows="raw")
    assert not (tmp_path / "walk.csv").exists()
    assert (tmp_path / "walk.settings.json").read_text() == "mine"


def test_no_cell_is_a_formula(tmp_path: Path):
    """The only texts are a moment and a hash, whatever a box or a person is called."""
    walked = session(tmp_path, FIRST, settings=declared.defaults())
    named = replace(walked.summary, person="=1+1", box_name="@SUM(1)", title="+1")
    for rows in ("metrics", "live", "raw"):
        (path,) = export_csv(replace(walked, summary=named), tmp_path / f"{rows}.csv", rows=rows)
        with path.open(newline="") as file:
            cells = {(k, v) for row in csv.DictReader(file) for k, v in row.items()}
        for name, text in cells:
            assert text == "" or text[0].isdigit() or (text[0] == "-" and text[1:].isdigit()), name


def test_a_moment_that_stands_twice_has_its_segment_beside_it(tmp_path: Path):
    path = tmp_path / "walk.csv"
    export_csv(session(tmp_path, FIRST, ([], [MetricRow(0), MetricRow(70)])), path, rows="live")
    with path.open(newline="") as file:
        rows = [(row["t_ms"], row["segment"], row["utc"]) for row in csv.DictReader(file)]
    assert rows == [
        ("0", "1", "2026-03-01T12:00:00.000Z"),
        ("100", "1", "2026-03-01T12:00:00.100Z"),
        ("100", "2", "2026-03-01T12:00:00.100Z"),
        ("170", "2", "2026-03-01T12:00:00.170Z"),
    ]


@pytest.mark.parametrize("rows", ["metrics", "live", "raw"])
def test_the_moment_of_a_later_segment_is_when_the_box_was_back(tmp_path: Path, rows: str):
    walked = session(tmp_path, FIRST, SECOND, settings=declared.defaults())
    back = Event("reset", "", 1, 100, NOON + timedelta(seconds=42.5), 1)
    pulled = Event("filled", "", 1, 100, NOON + timedelta(days=3), 1)
    files = export_csv(replace(walked, events=[back, pulled]), tmp_path / "walk.csv", rows=rows)
    with files[-1].open(newline="") as file:
        *_, last = csv.DictReader(file)
    assert last["segment"] == "2"
    assert (
        last["utc"]
        == {
            "metrics": "2026-03-01T12:00:42.500Z",
            "live": "2026-03-01T12:00:42.550Z",
            "raw": "2026-03-01T12:00:42.500Z",
        }[rows]
    )


@pytest.mark.parametrize("rows", ["metrics", "live", "raw"])
def test_a_session_without_a_date_has_no_moments(tmp_path: Path, rows: str):
    walked = session(tmp_path, FIRST, settings=declared.defaults())
    walked = replace(walked, summary=replace(walked.summary, dated=False))
    (path,) = export_csv(walked, tmp_path / "walk.csv", rows=rows)
    with path.open(newline="") as file:
        assert [(row["segment"], row["utc"]) for row in csv.DictReader(file)] == [("1", "")] * 2


@pytest.mark.parametrize("taken", ["walk.csv", "walk-2.csv"])
def test_a_file_that_exists_is_only_overwritten_when_asked_for(tmp_path: Path, taken: str):
    path = tmp_path / "walk.csv"
    (tmp_path / taken).write_text("mine")
    both = session(tmp_path, FIRST, SECOND)
    with pytest.raises(ExportError, match=rf"{taken} exists already"):
        export_csv(both, path, rows="raw")
    assert (tmp_path / taken).read_text() == "mine"
    assert len(list(tmp_path.glob("walk*.csv"))) == 1
    export_csv(both, path, rows="raw", overwrite=True)
    assert (tmp_path / taken).read_text() != "mine"


@pytest.mark.parametrize("rows", ["metrics", "raw"])
def test_a_session_without_rows_is_refused(tmp_path: Path, rows: Any):
    with pytest.raises(ExportError, match=rf"Session 1 has no {rows} rows"):
        export_csv(session(tmp_path, ([], [])), tmp_path / "walk.csv", rows=rows)
    assert not (tmp_path / "walk.csv").exists()


def test_a_folder_that_isnt_there_is_said(tmp_path: Path):
    path = tmp_path / "nowhere" / "walk.csv"
    with pytest.raises(ExportError, match=r"Can't write .*nowhere.*No such file.*Check that"):
        export_csv(session(tmp_path, FIRST), path, rows="live")


def test_a_file_is_never_half_written(tmp_path: Path):
    class BrokenRows(list[RawRow]):
        def __iter__(self):
            yield RawRow(1, 2, 3, 4)
            raise OSError(28, "No space left on device")

    path = tmp_path / "walk.csv"
    path.write_text("as it was")
    broken = session(tmp_path, FIRST)
    object.__setattr__(broken.segments[0], "raw", BrokenRows(FIRST[0]))
    with pytest.raises(ExportError, match=r"Can't write .*No space left"):
        export_csv(broken, path, rows="raw", overwrite=True)
    assert path.read_text() == "as it was"
    assert not list(tmp_path.glob("*.part"))
    assert not list(tmp_path.glob(".*.part"))
