"""`beltbox export`."""

import csv
from pathlib import Path

import pytest


@pytest.mark.parametrize(("rows", "count"), [("metrics", 80), ("live", 10), ("raw", 80)])
def test_a_session_is_exported(run, store: Path, tmp_path: Path, rows: str, count: int):
    out = tmp_path / "walk.csv"
    ran = run("export", 1, "--format", "csv", "--rows", rows, "--out", out, "--store", store)
    assert ran.status == 0
    with out.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == count
    ran = run("export", 1, "--rows", rows, "--out", out, "--store", store)
    assert ran.status == 1
    assert "exists already" in ran.said
    assert run("export", "--rows", rows, "-o", out, "--overwrite", "--store", store).status == 0
