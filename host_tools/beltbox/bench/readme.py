"""What was measured, written where people read it: bench/README.md and the table of README.md.

`make bench` writes both in a checkout; a test holds the second to the first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from beltbox.bench.table import GridLine, Line, grid_markdown, markdown, tally
from beltbox.errors import BeltBoxError

BENCH_README = Path(__file__).with_name("README.md")
_MARKS = ("<!-- bench -->", "<!-- /bench -->")


class ReadmeError(BeltBoxError):
    """A README without the marks between which the figures are written."""


@dataclass(frozen=True, slots=True)
class Headline:
    """One row for people. key: the bench's row. shown: its figure in words.

    `shown` may name {median}, {most} (95 % of walks keep below), {worst}, or {value}, the cell.
    """

    measures: str
    key: str
    shown: str
    goal: str


HEADLINES = (
    Headline(
        "speed, the mean of a second",
        "speed_mm_s, RMS error in % of the mean speed, 0.1 mm a count",
        "within {most} % with a fine encoder",
        "0.1 % or 0.3 mm/s, the larger",
    ),
    Headline(
        "… with a coarse encoder (12 mm a count)",
        "speed_mm_s, RMS error in % of the mean speed, 12 mm",
        "within {most} %",
        "1 %",
    ),
    Headline(
        "distance",
        "distance after 10 000 km",
        "{value} after 10 000 km, beside the calibration",
        "1 mm",
    ),
    Headline(
        "force on a rail",
        "rail force, steady, worse cell, RMS error in N",
        "within {most} N",
        "1 N",
    ),
    Headline(
        "reliance: the part of body weight on the rails",
        "reliance while walking, RMS error in % of body weight",
        "within {most} % of body weight",
        "1 %",
    ),
    Headline(
        "… after 20 minutes of drifting cells",
        "reliance, worst 5 s of 20 min, both zeros drifting by 2 N/min, hands off 15 s in 90",
        "{value}",
        "1 %",
    ),
    Headline(
        "cadence",
        "cadence after 6 s, SD in steps/min, 0.1 mm a count",
        "scatters by at most {most} steps a minute",
        "1.5",
    ),
    Headline(
        "steps of a minute",
        "steps of a minute's walk, error in %, 0.1 mm a count",
        "within {most} %; one step of a minute is 0.7 to 2.4 %",
        "one step or 1.5 %, the larger",
    ),
    Headline(
        "grabs: sudden catches of the rail",
        "grabs: of 160 catches, and as many brisk leans",
        "{value}",
        "0, 0",
    ),
    Headline(
        "asymmetry: how much longer one side's steps take",
        "true asymmetry within the stated ± (95 %), both encoders",
        "its ± holds for {value}",
        "95 %",
    ),
)
"""The ten rows of the project's README."""


def bench_text(grid: Sequence[GridLine], lines: Sequence[Line]) -> str:
    """Both tables and how many goals are met, as `make bench` prints them."""
    return f"{grid_markdown(grid)}\n\n{markdown(lines)}\n\n{tally([*grid, *lines])}"


def rows_of(text: str) -> dict[str, tuple[str, str]]:
    """Of each row of the tables in `text`, by its first cell: the figure, and whether it is met."""
    rows: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) > 3:
            rows[cells[0]] = (cells[1], cells[3])
    return rows


def headline_table(rows: Mapping[str, tuple[str, str]]) -> str:
    """The table for the project's README. Raises ReadmeError where a row is missing."""
    written = ["| what it measures | how well | goal | met |", "|---|---|---|---|"]
    for headline in HEADLINES:
        if headline.key not in rows:
            raise ReadmeError(f"The bench has no row “{headline.key}” (bench/readme.py).")
        value, met = rows[headline.key]
        median, _, rest = value.partition(" / ")
        most, _, worst = rest.partition(" / ")
        shown = headline.shown.format(
            value=value, median=median, most=most, worst=worst.partition(";")[0]
        )
        word = "yes" if met.startswith("yes") else met
        written.append(f"| {headline.measures} | {shown} | {headline.goal} | {word} |")
    return "\n".join(written)


def between_marks(path: Path) -> str:
    """What stands between the marks of a README. Raises ReadmeError."""
    return _split(path)[1].strip("\n")


def write_between_marks(path: Path, text: str) -> None:
    """Replace what stands between the marks. Raises ReadmeError."""
    before, _, after = _split(path)
    path.write_text(f"{before}{_MARKS[0]}\n{text}\n{_MARKS[1]}{after}", encoding="utf-8")


def project_readme() -> Path | None:
    """README.md of the checkout that this is run in; None in an installed package."""
    root = Path(__file__).parents[3]
    return root / "README.md" if (root / "pyproject.toml").is_file() else None


def _split(path: Path) -> tuple[str, str, str]:
    """The text before the marks, between them, and after them."""
    begin, end = map(re.escape, _MARKS)
    parts = re.fullmatch(f"(.*){begin}(.*){end}(.*)", path.read_text(encoding="utf-8"), re.DOTALL)
    if parts is None:
        raise ReadmeError(f"{path} has no {_MARKS[0]} … {_MARKS[1]}: put the two lines back.")
    return parts[1], parts[2], parts[3]
