"""The READMEs repeat what the bench printed, and nothing else."""

from pathlib import Path

import pytest

from beltbox.bench.readme import (
    BENCH_README,
    HEADLINES,
    ReadmeError,
    bench_text,
    between_marks,
    headline_table,
    rows_of,
    write_between_marks,
)
from beltbox.bench.table import GridLine, Line, grid_markdown, markdown

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def printed():
    return between_marks(BENCH_README)


def test_the_projects_readme_has_the_figures_of_the_bench(printed):
    assert between_marks(ROOT / "README.md") == headline_table(rows_of(printed))


def test_the_benchs_readme_has_the_tables_that_are_printed(printed):
    lines = printed.splitlines()
    for table in (grid_markdown([]), markdown([])):
        header = table.splitlines()
        at = lines.index(header[0])
        assert lines[at : at + 2] == header


def test_its_last_line_counts_its_own_rows(printed):
    met = [met for _, met in rows_of(printed).values()]
    missed = met.count("**no**")
    reached = sum(word.startswith("yes") for word in met)
    assert printed.splitlines()[-1] == f"{reached} of {reached + missed} goals met."


def made_up_lines():
    grid = [
        GridLine(headline.key, "1 / 2.5 / 3; shown 9 % of the time", "4", True, False, "5", "6")
        for headline in HEADLINES
        if "/" in headline.key or "error" in headline.key or "SD" in headline.key
    ]
    rest = {headline.key for headline in HEADLINES} - {line.what for line in grid}
    return grid, [Line(key, "7 mm", "1 mm", False, "–") for key in sorted(rest)]


def test_rows_are_read_back_from_what_is_printed():
    grid, lines = made_up_lines()
    rows = rows_of(bench_text(grid, lines))
    assert rows["distance after 10 000 km"] == ("7 mm", "**no**")
    table = headline_table(rows).splitlines()
    assert len(table) == 2 + 10
    assert "| distance | 7 mm after 10 000 km, beside the calibration | 1 mm | **no** |" in table
    assert "| force on a rail | within 2.5 N | 1 N | yes |" in table


def test_a_row_that_the_bench_lost_is_named():
    grid, lines = made_up_lines()
    with pytest.raises(ReadmeError, match="no row “distance after 10 000 km”"):
        headline_table(
            rows_of(bench_text(grid, [line for line in lines if "10 000" not in line.what]))
        )


def test_only_what_is_between_the_marks_is_written(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n")
    write_between_marks(path, "new\nlines")
    assert path.read_text() == "before\n<!-- bench -->\nnew\nlines\n<!-- /bench -->\nafter\n"
    assert between_marks(path) == "new\nlines"


def test_a_readme_without_marks_is_left_alone(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("before\n<!-- bench -->\nafter\n")
    with pytest.raises(ReadmeError, match="put the two lines back"):
        write_between_marks(path, "new")
    assert path.read_text() == "before\n<!-- bench -->\nafter\n"
