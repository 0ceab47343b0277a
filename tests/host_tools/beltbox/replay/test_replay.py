"""Recordings computed again."""

import json
from pathlib import Path

import pytest

from beltbox.errors import BeltBoxError
from beltbox.replay import replay as module
from beltbox.replay.engines import ENGINES
from beltbox.replay.raw_csv import raw_line, read_raw_csv
from beltbox.replay.replay import OtherSettings, ReplayError, computed_again, replay
from beltbox.replay.settings_file import load_settings
from beltbox.walk.rows import RawRow
from beltcore import settings as declared

pytestmark = pytest.mark.slow

RECORDINGS = Path(__file__).parents[5] / "shared" / "recordings"
HEADER = "t_us,count,rail_left,rail_right\n"
with_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"the real recordings aren't here: {RECORDINGS}"
)


def totals(done):
    return {name: done.totals[0][name] for name in ("forward_mm", "backward_mm")}


def test_the_columns_are_those_that_people_rely_on(tmp_path: Path):
    (tmp_path / "raw.csv").write_text(HEADER + "500,0,,\n13000,10,,\n")
    out = tmp_path / "metrics.csv"
    done = replay(tmp_path / "raw.csv", declared.defaults(), out)
    lines = out.read_text().splitlines()
    assert lines[0] == (
        "t_ms,belt_mm_s,speed_mm_s,distance_mm,forward_mm,backward_mm,rail_left_mn,rail_right_mn,"
        "reliance_permille,zone,hands_off_mm,light_mm,supported_mm,heavy_mm,steps,cadence_spm_x10,"
        "step_length_mm,grabs,flags,step_time_sd_ms,step_asymmetry_permille,"
        "step_asymmetry_u_permille,longer_step_side,belt_mm_s_u,speed_mm_s_u,distance_mm_u,"
        "forward_mm_u,backward_mm_u,rail_left_mn_u,rail_right_mn_u,reliance_permille_u,"
        "cadence_spm_x10_u,step_length_mm_u,hands_off_mm_u,light_mm_u,supported_mm_u,heavy_mm_u,"
        "steps_u"
    )
    assert lines[2].startswith("12,")
    assert lines[2].endswith(",1,1,0,,,,,,,,,0,,,,0" + 19 * ",")
    assert (done.rows, done.files, done.capture) == (2, [out], None)
    assert done.totals == [{"t_ms": 12, "distance_mm": 1, "forward_mm": 1, "backward_mm": 0}]
    assert (
        list(tmp_path.iterdir()) == [tmp_path / "raw.csv", out]
        or len(list(tmp_path.iterdir())) == 2
    )


@with_recordings
@pytest.mark.parametrize(
    ("name", "expected", "rows"),
    [
        ("wheel_pushes", {"forward_mm": 39_488, "backward_mm": 116}, 15_741),
        ("wheel_coasting", {"forward_mm": 25_743, "backward_mm": 0}, 6562),
    ],
)
def test_real_recordings_give_what_their_readme_states_on_every_engine(
    tmp_path: Path, name: str, expected: dict[str, int], rows: int
):
    settings = load_settings(RECORDINGS / "wheel_settings.json")
    written = set()
    for engine in ENGINES:
        out = tmp_path / f"{engine}.csv"
        done = replay(RECORDINGS / f"{name}.csv", settings, out, engine)
        written.add(out.read_bytes())
        assert done.rows == rows
        assert totals(done) == pytest.approx(expected, abs=1)
    assert len(written) == 1


@with_recordings
def test_the_forces_of_a_real_recording_span_what_its_readme_states():
    settings = load_settings(RECORDINGS / "wheel_settings.json")
    ((raw, _),) = read_raw_csv(RECORDINGS / "wheel_pushes.csv")
    rows = computed_again(raw, settings)
    for name, side, lowest, highest in (
        ("rail_left_mn", 2, -68_390, 75_440),
        ("rail_right_mn", 3, -205_980, 48_630),
    ):
        samples = [row[side] for row in raw]
        assert min(samples) * 0.5 == pytest.approx(lowest, abs=10)
        assert max(samples) * 0.5 == pytest.approx(highest, abs=10)
        forces = [getattr(row, name) for row in rows if getattr(row, name) is not None]
        # Peaks of one sample are taken for spikes, so the highest ones lose a little.
        assert min(forces) == pytest.approx(lowest, rel=0.03)
        assert max(forces) == pytest.approx(highest, rel=0.03)
        # A steady stretch comes back as its own mean.
        mean_mn = sum(samples[400:800]) / 400 * 0.5
        assert sum(getattr(row, name) for row in rows[400:800]) / 400 == pytest.approx(
            mean_mn, abs=1000
        )


def test_a_capture_says_that_live_was_what_replay_computes(tmp_path: Path, walk):
    path = tmp_path / "port.capture"
    path.write_bytes(walk.capture)
    done = replay(path, walk.session.segments[-1].settings, tmp_path / "metrics.csv")
    assert done.capture is not None
    assert (done.capture.damaged, done.capture.missing) == (0, 0)
    assert done.compared > 250
    assert done.unequal == []


def test_a_capture_with_other_settings_is_computed_and_both_are_named(tmp_path: Path, walk):
    path = tmp_path / "port.capture"
    path.write_bytes(walk.capture)
    settings = walk.session.segments[-1].settings
    other = settings | {"body_mass_g": 50_000}
    hashes = [f"{declared.fingerprint(one):04X}" for one in (settings, other)]
    assert hashes[0].encode() in walk.capture
    done = replay(path, other, tmp_path / "metrics.csv")
    assert done.other_settings == [OtherSettings(1, *hashes, {})]
    # What it then gives must differ from what the box sent, which says nothing of the box.
    assert (done.compared, done.unequal) == (0, [])
    again = replay(path, settings, tmp_path / "metrics.csv", overwrite=True)
    assert again.other_settings == []


@pytest.mark.parametrize("has_hash", [True, False])
def test_rows_of_other_settings_are_named_with_what_differs(tmp_path: Path, has_hash: bool):
    """By the hash in the file, by the settings that an export has put beside it, or by both."""
    then = declared.defaults() | {"body_mass_g": 81_000}
    now = declared.defaults() | {"box_name": "Hall"}
    hashes = [f"{declared.fingerprint(settings):04X}" for settings in (then, now)]
    raw, out = tmp_path / "raw.csv", tmp_path / "m.csv"
    if has_hash:
        raw.write_text(f"{HEADER[:-1]},settings_hash\n1,2,3,4,0x{hashes[0].lower()}\n")
        assert replay(raw, now, out, overwrite=True).other_settings == [
            OtherSettings(1, *hashes, {})
        ]
    else:
        raw.write_text(HEADER + "1,2,3,4\n")
        assert replay(raw, now, out, overwrite=True).other_settings == []
    beside = tmp_path / "raw.settings.json"
    beside.write_text(json.dumps(then))
    differing = {"body_mass_g": (81_000, 70_000), "box_name": ("beltbox", "Hall")}
    assert replay(raw, now, out, overwrite=True).other_settings == [
        OtherSettings(1, *hashes, differing)
    ]
    assert replay(raw, then, out, overwrite=True).other_settings == []
    # Settings that belong to another recording say nothing of this one.
    beside.write_text(json.dumps(now if has_hash else "rubbish"))
    expected = [OtherSettings(1, *hashes, {})] if has_hash else []
    assert replay(raw, now, out, overwrite=True).other_settings == expected


def test_files_put_one_behind_the_other_are_computed_one_by_one(tmp_path: Path):
    raw = tmp_path / "raw.csv"
    walk = "0,0,,\n12500,50,,\n"
    raw.write_text(HEADER + walk + HEADER + "500,900000,,\n13000,900050,,\n")
    done = replay(raw, declared.defaults(), tmp_path / "m.csv")
    assert [file.name for file in done.files] == ["m.csv", "m-2.csv"]
    assert [part["distance_mm"] for part in done.totals] == [5, 5]


@pytest.fixture
def two_measurements(tmp_path: Path, sentence) -> Path:
    """A capture of two measurements with the default settings, each of 100 ms."""
    settings_hash = f"{declared.fingerprint(declared.defaults()):04X}"

    def measurement(seq, counts):
        return sentence("BEG", seq, 1, settings_hash) + b"".join(
            sentence("RAW", seq + 1 + tick, tick * 12_500, tick * counts, None, None)
            for tick in range(9)
        )

    path = tmp_path / "port.capture"
    path.write_bytes(measurement(0, 100) + measurement(10, -200))
    return path


def test_each_measurement_of_a_capture_has_its_own_file(tmp_path: Path, two_measurements: Path):
    for overwrite in (False, True):  # its own files, too, are replaced only where it is allowed
        out = tmp_path / "m.csv"
        done = replay(two_measurements, declared.defaults(), out, overwrite=overwrite)
        assert [file.name for file in done.files] == ["m.csv", "m-2.csv"]
        assert [one["distance_mm"] for one in done.totals] == [80, 160]
        assert done.rows == 18


def test_no_file_of_a_capture_destroys_another(tmp_path: Path, two_measurements: Path):
    names = {"m-2.csv": "notes", "settings-2.csv": "{}"}
    for name, text in names.items():
        (tmp_path / name).write_text(text)
    two_measurements.rename(tmp_path / "rec-2.csv")
    settings = [(tmp_path / "settings-2.csv", "the settings file")]
    for out, words in (
        ("m.csv", "m-2.csv exists already"),
        ("m-2.csv", "m-2.csv exists already"),
        ("rec.csv", "rec-2.csv is the recording itself"),
        ("settings.csv", "settings-2.csv is the settings file itself"),
        ("settings-2.csv", "settings-2.csv is the settings file itself"),
    ):
        with pytest.raises(ReplayError, match=words):
            replay(tmp_path / "rec-2.csv", declared.defaults(), tmp_path / out, not_onto=settings)
    assert {path.name for path in tmp_path.iterdir()} == {"rec-2.csv", *names}
    assert {name: (tmp_path / name).read_text() for name in names} == names


def test_a_later_measurement_that_fails_leaves_nothing(
    tmp_path: Path, two_measurements: Path, monkeypatch: pytest.MonkeyPatch
):
    compute = ENGINES["cpython"]
    calls: list[Path] = []

    def fail_the_second_time(settings, rows, metrics: Path):
        calls.append(metrics)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        compute(settings, rows, metrics)

    monkeypatch.setitem(ENGINES, "cpython", fail_the_second_time)
    with pytest.raises(ReplayError, match="No space left"):
        replay(two_measurements, declared.defaults(), tmp_path / "m.csv")
    assert len(calls) == 2
    assert list(tmp_path.iterdir()) == [two_measurements]


@pytest.mark.parametrize("before", [None, "as it was"])
@pytest.mark.parametrize(
    "text", ["", HEADER, HEADER + "1,2,3,4\n0,2,3,4\n", HEADER + "1,2,3,4\n2,2,3,4\n3,2", "rubbish"]
)
def test_bad_input_leaves_the_output_as_it_was(tmp_path: Path, before: str | None, text: str):
    raw, out = tmp_path / "raw.csv", tmp_path / "metrics.csv"
    raw.write_text(text)
    if before is not None:
        out.write_text(before)
    with pytest.raises(BeltBoxError):
        replay(raw, declared.defaults(), out, overwrite=True)
    assert (out.read_text() if out.exists() else None) == before
    assert {path.name for path in tmp_path.iterdir()} <= {"raw.csv", "metrics.csv"}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_failing_engine_leaves_the_output_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
):
    raw, out = tmp_path / "raw.csv", tmp_path / "metrics.csv"
    raw.write_text(HEADER + "1,2,3,4\n")
    out.write_text("as it was")

    def fail(_settings, _rows, metrics: Path):
        metrics.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(ENGINES, engine, fail)
    with pytest.raises(ReplayError, match="No space left on device"):
        replay(raw, declared.defaults(), out, engine, overwrite=True)
    assert out.read_text() == "as it was"
    assert len(list(tmp_path.iterdir())) == 2


def test_where_the_output_cannot_be_is_said(tmp_path: Path):
    raw = tmp_path / "raw.csv"
    raw.write_text(HEADER + "1,2,3,4\n")
    (tmp_path / "folder").mkdir()
    for out, words in (
        (tmp_path / "nope" / "m.csv", "Can't write .*m.csv: No such file or directory"),
        (raw / "m.csv", "Can't write .*m.csv: Not a directory"),
        (tmp_path / "folder", "folder isn't an ordinary file"),
        (Path("/dev/null"), "/dev/null isn't an ordinary file"),
        (raw, "raw.csv is the recording itself"),
    ):
        with pytest.raises(ReplayError, match=words):
            replay(raw, declared.defaults(), out)
    assert raw.read_text() == HEADER + "1,2,3,4\n"
    assert Path("/dev/null").is_char_device()


def test_a_recording_that_cannot_be_read_is_said(tmp_path: Path):
    for path, words in ((tmp_path / "nope", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(BeltBoxError, match=f"Can't read {path}: {words}"):
            replay(path, declared.defaults(), tmp_path / "m.csv")


def test_a_long_recording_goes_through_the_same_code_everywhere(tmp_path: Path, walk):
    """The walk over and over in one file, its clock and counter going on."""
    raw = walk.session.segments[-1].raw
    span_us = raw[-1].t_us - raw[0].t_us + 12_500
    span = raw[-1].count - raw[0].count
    rows = [
        RawRow((row.t_us + turn * span_us) % 2**30, row.count + turn * span, *row[2:])
        for turn in range(6)
        for row in raw
    ]
    path = tmp_path / "raw.csv"
    path.write_text(HEADER + "".join(map(raw_line, rows)))
    settings = walk.session.segments[-1].settings
    done = {name: replay(path, settings, tmp_path / name, name) for name in ENGINES}
    assert done["cpython"].rows == len(rows) > 5_000
    expected_mm = abs(rows[-1].count - rows[0].count) * settings["belt_nm_per_count"] / 1e6
    assert done["cpython"].totals[0]["distance_mm"] == pytest.approx(expected_mm, rel=0.001)
    written = {(tmp_path / name).read_bytes() for name in ENGINES}
    assert len(written) == 1


def test_settings_with_another_sign_turn_the_walk_round(tmp_path: Path):
    raw = tmp_path / "raw.csv"
    raw.write_text(HEADER + "0,0,,\n12500,50,,\n")
    for direction, name in ((1, "forward_mm"), (-1, "backward_mm")):
        settings = declared.complete(json.loads(f'{{"belt_direction": {direction}}}'))
        assert replay(raw, settings, tmp_path / f"{name}.csv").totals[0][name] == 5
    assert module.ENGINES is ENGINES
