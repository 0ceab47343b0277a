"""`beltbox report`."""

from pathlib import Path

import pytest


def test_a_report_is_written(run, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for options in ((), ("--overwrite",)):
        ran = run("report", "--store", store, *options)
        assert ran.out == "Report of session 1: session-1.html\n"
    assert "<html" in (tmp_path / "session-1.html").read_text()
    ran = run("report", 1, "--store", store, "--out", tmp_path / "nope" / "r.html")
    assert ran.status == 1
    assert "Can't write" in ran.said
