"""The chart: where a value stands, and that all lines and labels are there."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from beltbox.bench.grid import chart
from beltbox.bench.grid.figures import ESTIMATORS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def drawn():
    found = {
        name: {size: [size / 10] * len(chart.SPEEDS_M_S) for size in chart.SIZES_MM}
        for name in ESTIMATORS
    }
    return ET.fromstring(chart.svg(found))


def test_axes_are_logarithmic():
    assert chart.x_of(0.2) == 0
    assert chart.x_of(0.4) - chart.x_of(0.2) == pytest.approx(chart.x_of(0.8) - chart.x_of(0.4))
    assert chart.y_of(0.01) - chart.y_of(0.1) == pytest.approx(
        chart.y_of(0.1) - chart.y_of(1), abs=0.2
    )
    assert chart.y_of(1) < chart.y_of(0.1)  # up is worse


def test_a_line_for_each_size_of_ours_and_a_rival_and_the_goals_in_each_panel(drawn):
    panels = drawn.findall(f"{SVG}g")
    assert len(panels) == 2
    for panel in panels:
        lines = panel.findall(f"{SVG}polyline")
        curves = [one for one in lines if one.get("stroke-width") == "2"]
        assert len(lines) == 2 + 10
        assert len(curves) == 10
        assert sum(one.get("stroke-dasharray") is None for one in curves) == 5
        labels = [one.text for one in panel.findall(f"{SVG}text")]
        for size in ("0.1 mm", "1 mm", "2 mm", "5 mm", "12 mm"):
            assert labels.count(size) == 2
        assert "speed of the belt, m/s" in labels


def test_it_has_a_ground_of_its_own(drawn):
    ground = drawn.find(f"{SVG}rect")
    assert ground is not None
    assert ground.get("fill") == "#ffffff"


def test_labels_keep_apart_and_in_order():
    places = chart.labels_y([0.5, 0.5, 0.02, 0.51])
    assert places[2] == chart.y_of(0.02)
    for one, other in ((0, 1), (0, 3), (1, 3)):
        assert abs(places[one] - places[other]) >= 12
    assert places[3] == min(places)


@pytest.mark.parametrize("arguments", [[], ["a.svg", "b.svg"], ["--help"]])
def test_used_wrongly(monkeypatch, capsys, arguments):
    monkeypatch.setattr("sys.argv", ["chart", *arguments])
    with pytest.raises(SystemExit) as ended:
        chart.main()
    assert ended.value.code == 2
    assert "Usage" in capsys.readouterr().err
