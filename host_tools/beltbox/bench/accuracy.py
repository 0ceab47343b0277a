"""What the grid doesn't measure: distance for ever, and zeros that drift on the virtual box."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from beltbox.bench.play import Played, play
from beltbox.bench.table import Line
from beltbox.errors import BeltBoxError
from beltcore.core import Core
from beltcore.host.metrics import metric_row
from beltcore.settings import complete

_DRIFT = "drift-2n-min"
_MEAN_ROWS = 400


def drift(report: Callable[[str], None]) -> list[Line]:
    """Reliance over 20 minutes in which both zeros drift: the worst mean of five seconds."""
    report(f"{_DRIFT} …")
    played = play(_DRIFT)
    error = _reliance_error_percent(played, played.rows)
    rival = _reliance_error_percent(played, _float_rows(played))
    return [
        Line(
            "reliance, worst 5 s of 20 min, both zeros drifting by 2 N/min, hands off 15 s in 90",
            f"{error:.2f} % of body weight",
            "1 %",
            error <= 1,
            f"{rival / error:.1f}",
        )
    ]


def distance() -> list[Line]:
    """10 000 km, in steps that leave a remainder each, against exact arithmetic."""
    size = 467_557
    core = Core(complete({"belt_nm_per_count": size}))
    core.step(0, 0, None, None)
    count = row = 0
    while count * size < 10**16:
        row += 1
        count += 400_000_003
        wrapped = (count + (1 << 30)) % (1 << 31) - (1 << 30)
        core.step(row * 12_500 % (1 << 30), wrapped, None, None)
    measured = metric_row(core)[4] or 0
    error = abs(measured - count * size / 10**6)
    return [Line("distance after 10 000 km", f"{error:.3f} mm off", "1 mm", error <= 1, "–")]


def _reliance_error_percent(played: Played, rows: Sequence[Any]) -> float:
    """The largest error of the forces' sum over five seconds, in percent of body weight."""
    errors = [
        row.rail_left_mn
        + row.rail_right_mn
        - played.truth.at("rail_left_mn", t_us)
        - played.truth.at("rail_right_mn", t_us)
        for row, t_us in zip(rows, played.clock_us, strict=True)
        if row.rail_left_mn is not None and row.rail_right_mn is not None
    ]
    means = [
        sum(errors[at : at + _MEAN_ROWS]) / _MEAN_ROWS
        for at in range(0, len(errors) - _MEAN_ROWS, _MEAN_ROWS)
    ]
    if not means:
        raise BeltBoxError(f"{_DRIFT}: too few rows.")
    weight_mn = int(played.settings["body_mass_g"]) * 9.80665
    return 100 * max(map(abs, means)) / weight_mn


class _FloatRow:
    """A rival's row, with the names that the comparisons ask for."""

    def __init__(self, core: Any) -> None:
        self.rail_left_mn: float = core.force_n[0] * 1000
        self.rail_right_mn: float = core.force_n[1] * 1000


def _float_rows(played: Played) -> list[Any]:
    core = float_core(played.settings)
    rows: list[Any] = []
    for row in played.raw:
        core.step(*row)
        rows.append(_FloatRow(core))
    return rows


def float_core(settings: dict[str, int | str]) -> Any:
    """The rival, the very file that also runs on MicroPython."""
    folder = str(Path(__file__).parent / "device")
    if folder not in sys.path:
        sys.path.append(folder)
    from float_core import FloatCore  # pyright: ignore  # noqa: PLC0415

    return FloatCore(settings)  # pyright: ignore
