"""The three interpreters give the same bytes."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beltbox.replay import engines
from beltbox.replay.engines import ENGINES, EngineError
from beltcore import settings as declared

pytestmark = pytest.mark.slow

MILLION = 1_000_000


def write_rows(path: Path, rows) -> None:
    path.write_text(
        "".join(",".join("" if v is None else str(v) for v in row) + "\n" for row in rows)
    )


SAMPLE = st.none() | st.integers(-(2**23), 2**23 - 1) | st.integers(-2000, 2000)
STEP_US = st.integers(2000, 50_000) | st.integers(0, 3 * MILLION) | st.just(2**29 - 1)
COUNTS = st.integers(-200, 200) | st.integers(-(2**29) + 1, 2**29 - 1)
ROWS = st.lists(st.tuples(STEP_US, COUNTS, SAMPLE, SAMPLE), min_size=300, max_size=600)
SETTINGS = st.fixed_dictionaries(
    {
        key: st.integers(lowest, highest) | st.just(default)
        for key, default, lowest, highest in declared.INTEGERS
        if key != "belt_direction"
    }
    | {"belt_direction": st.sampled_from((1, -1))}
)


@settings(
    max_examples=4,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
@given(steps=ROWS, chosen=SETTINGS, t_us=st.integers(0, 2**30 - 1))
def test_whatever_the_rows_all_engines_write_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, steps, chosen, t_us
):
    folder = tmp_path_factory.mktemp("engines")
    rows = []
    count = 0
    for step_us, counts, left, right in steps:
        t_us = (t_us + step_us) % 2**30
        count = (count + counts + 2**30) % 2**31 - 2**30
        rows.append((t_us, max(-(2**30), min(count, 2**30 - 1)), left, right))
    write_rows(folder / "rows", rows)
    written = {}
    for name, engine in ENGINES.items():
        engine(declared.complete(chosen), folder / "rows", folder / name)
        written[name] = (folder / name).read_bytes()
    assert written["cpython"].count(b"\n") == len(rows) + 1
    assert written["micropython"] == written["cpython"]
    assert written["micropython32"] == written["cpython"]


def test_an_engine_that_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engines, "_beside_python", lambda _name: None)
    monkeypatch.setattr(engines.shutil, "which", lambda _name: None)
    for name, words in (("micropython", "pip install"), ("micropython32", "needs Node.js 18")):
        with pytest.raises(EngineError, match=words):
            ENGINES[name](declared.defaults(), tmp_path / "rows", tmp_path / "metrics")
    monkeypatch.setattr(engines, "_beside_python", lambda name: name)
    monkeypatch.setattr(engines, "_WASM", tmp_path / "nowhere")
    with pytest.raises(EngineError, match="make setup"):
        ENGINES["micropython32"](declared.defaults(), tmp_path / "rows", tmp_path / "metrics")


@pytest.mark.parametrize("name", ["micropython", "micropython32"])
def test_an_interpreter_that_fails_is_said_in_a_line(tmp_path: Path, name: str):
    (tmp_path / "rows").write_text("not,a,row\n")
    with pytest.raises(EngineError) as caught:
        ENGINES[name](declared.defaults(), tmp_path / "rows", tmp_path / "metrics")
    assert "failed with status" in str(caught.value)
    assert "ValueError" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_script_runs_by_itself(tmp_path: Path):
    write_rows(tmp_path / "rows", [(0, 0, None, None), (12_500, 3, 7, None)])
    (tmp_path / "settings").write_text(json.dumps(declared.defaults()))
    folder = Path(engines.__file__).parent
    subprocess.run(
        [*engines.find_micropython(), str(folder / "compute.py"), str(engines._BELTCORE.parent)]
        + [str(tmp_path / name) for name in ("settings", "rows", "metrics")],
        check=True,
    )
    lines = (tmp_path / "metrics").read_text().splitlines()
    assert lines[0].startswith("t_ms,belt_mm_s,speed_mm_s,distance_mm,")
    assert lines[2].startswith("12,")
    assert len(lines) == 3
