"""The live view, with and without a terminal."""

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from beltbox.record.live_state import LiveState
from beltbox.show.terminal import BigView, PlainView, view_for
from beltbox.walk.rows import MetricRow
from beltbox.walk.totals import Totals
from beltbox.walk.uncertainty import Uncertainty
from beltbox.walk.zone_uncertainty import ZoneUncertainty

ROW = MetricRow(
    t_ms=754_000,
    belt_mm_s=-700,
    speed_mm_s=-710,
    reliance_permille=83,
    zone=2,
    flags=0,
    box_flags=0,
)
STATE = LiveState(
    row=ROW,
    totals=Totals(duration_ms=754_000, distance_mm=512_345),
    session_id=3,
    box_name="clinic 2",
    path="/dev/ttyUSB0",
    good=1000,
)
CALIBRATED = Uncertainty(
    {
        "belt_nm_per_count": 100_000,
        "belt_u_ppm": 3000,
        "rail_left_nn_per_count": 230_000,
        "rail_left_u_ppm": 5000,
        "body_mass_g": 70_000,
    }
)
STEPPED_STATE = replace(
    STATE,
    row=ROW._replace(
        steps=900,
        cadence_spm_x10=961,
        step_length_mm=443,
        step_time_sd_ms=24,
        step_asymmetry_permille=42,
        step_asymmetry_u_permille=14,
    ),
    totals=Totals(duration_ms=754_000, distance_mm=512_345, steps=1156, grabs=1),
)
CALIBRATED_STATE = replace(STEPPED_STATE, uncertainty=CALIBRATED)
WORST_STATE = replace(
    CALIBRATED_STATE,
    row=CALIBRATED_STATE.row._replace(
        flags=63, box_flags=63, reliance_permille=1034, zone=3, speed_mm_s=-12_345
    ),
    totals=Totals(duration_ms=40_000_000, distance_mm=123_456_789, steps=400_000, grabs=1234),
    damaged=3,
    missing=20,
    path="/run/user/1000/beltbox/" + "9" * 80,
)


def terminal(width: int = 80, height: int = 24) -> Console:
    return Console(
        force_terminal=True,
        width=width,
        height=height,
        color_system=None,
        legacy_windows=False,
        file=io.StringIO(),
    )


def drawn(state: LiveState, width: int = 80, height: int = 24, message: str = "") -> list[str]:
    console = terminal(width, height)
    view = BigView(console)
    view.show(state)
    view._message = message
    console.print(view.draw())
    return console.file.getvalue().splitlines()


def test_the_figures_are_big_and_the_words_beside_them():
    lines = drawn(STATE, 120, 40)
    text = "\n".join(lines)
    for words in (
        "m/s backward, 1.6 mph",
        "time",
        "distance, m",
        "% on the rail: supported",
        "recording: clinic 2 at /dev/ttyUSB0",
    ):
        assert words in text
    # 0.71 in letters five lines high, to the left of 12:34.
    speed = [line[: len(line) // 2] for line in lines[1:6]]
    assert all("██" in line for line in speed)
    assert speed[1].strip("│ ").split() == ["██", "████", "██", "███"]


def test_the_bar_grows_with_reliance_and_keeps_its_marks():
    def bar(permille):
        return drawn(replace(STATE, row=ROW._replace(reliance_permille=permille)), 102)[14][1:]

    assert bar(None).count("█") == bar(0).count("█") == 0
    assert bar(125).count("█") == 50 - 2  # half of a quarter of the weight, less two marks
    assert bar(250).count("█") == bar(900).count("█") == 100 - 3
    assert all(bar(permille).count("│") == 3 for permille in (0, 125, 900))


def test_the_bars_marks_are_where_the_boxs_zones_begin():
    """A noise of 4 % raises the limit of hands off, and its mark with it."""
    bar = drawn(replace(STATE, zone_limits_permille=(40.0, 50, 150)), 102)[14][1:]
    places = [place for place, sign in enumerate(bar) if sign == "│"]
    assert places == [16, 20, 60]  # of 100, which are 25 %
    usual = [place for place, sign in enumerate(drawn(STATE, 102)[14][1:]) if sign == "│"]
    assert usual == [4, 20, 60]


@pytest.mark.parametrize(
    ("width", "height"), [(80, 24), (120, 40), (60, 20), (60, 15), (40, 12), (200, 60)]
)
@pytest.mark.parametrize(
    "state",
    [LiveState(), STATE, CALIBRATED_STATE, WORST_STATE],
    ids=["nothing", "usual", "calibrated", "worst"],
)
def test_it_fits_any_terminal_without_wrapping(state: LiveState, width: int, height: int):
    for trouble in ({}, {"connected": False}, {"silent": True}):
        lines = drawn(replace(state, **trouble), width, height, message="long " * 60)
        assert len(lines) < height
        assert max(map(len, lines)) <= width
        corners = [line for line in lines if "╮" in line]
        assert len(corners) == 2
        assert all(line.count("╮") == 2 for line in corners)


def test_warnings_unplugged_and_silent_are_said():
    assert " the left cell gives no samples: check its wires" in drawn(
        replace(STATE, row=ROW._replace(flags=1))
    )
    assert any("serial port held the box up" in line for line in drawn(WORST_STATE, 120, 40))
    assert " UNPLUGGED: waiting for the box to come back" in drawn(replace(STATE, connected=False))
    waiting = replace(STATE, waiting="the store is locked; 90 rows of 0:40 wait in memory")
    assert " WAITING: the store is locked; 90 rows of 0:40 wait in memory" in drawn(waiting)
    assert " SILENT: nothing comes from the box" in drawn(replace(STATE, silent=True))
    assert any("23 of 1023 sentences lost" in line for line in drawn(WORST_STATE, 120, 40))


def test_what_is_unknown_is_a_dash_and_never_a_zero():
    text = "\n".join(drawn(LiveState(), 40, 12))
    assert "m/s –" in text
    assert "0.00" not in text
    unknown = "\n".join(drawn(replace(STATE, row=ROW._replace(reliance_permille=None, zone=None))))
    assert "% on the rail: –" in unknown


def test_it_draws_what_it_was_shown_even_if_that_goes_on():
    console = terminal()
    state = replace(STATE)
    view = BigView(console)
    view.show(state)
    state.row = None
    console.print(view.draw())
    assert "backward" in console.file.getvalue()


def test_what_is_told_stays_above_the_figures_and_the_cursor_comes_back():
    console = terminal()
    with BigView(console) as view:
        view.show(STATE)
        view.notify("Recording session 3. [not markup]")
    said = console.file.getvalue()
    assert said.count("Recording session 3. [not markup]") >= 2
    assert said.rstrip().endswith("\x1b[?25h")


def test_plain_lines_come_every_five_seconds_of_the_box():
    console = Console(file=io.StringIO(), width=40)
    with view_for(console) as view:
        assert isinstance(view, PlainView)
        view.show(LiveState())
        for t_ms in range(0, 12_000, 100):
            view.show(replace(STATE, totals=Totals(duration_ms=t_ms, distance_mm=t_ms)))
        view.show(replace(WORST_STATE, totals=Totals(duration_ms=15_000, distance_mm=1)))
        view.show(replace(STATE, totals=Totals(duration_ms=0)))  # begun anew
        view.notify("[bold]")
    lines = console.file.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["0:00", "0:05", "0:10", "0:15", "0:00", "[bold]"]
    assert lines[1] == "   0:05  0.71 m/s (1.6 mph) backward  5.0 m (0.00 mi)  rail 8.3 % supported"
    assert "the right cell is saturated: check E+ and E-, A+ and A-" in lines[3]


class ClosedPipe(io.StringIO):
    """An output whose reader is gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("view_class", [PlainView, BigView])
def test_an_output_whose_reader_is_gone_is_an_error_and_not_the_programs_end(
    view_class, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with (tmp_path / "out").open("w") as output:
        monkeypatch.setattr(sys, "stdout", output)  # Rich leads it to nowhere
        view = view_class(Console(file=ClosedPipe()))
        with pytest.raises(BrokenPipeError, match="Broken pipe"):
            view.notify("hello")


def test_a_terminal_gets_the_big_figures():
    assert isinstance(view_for(terminal()), BigView)


PM = "\N{PLUS-MINUS SIGN}"


def test_plus_minus_stands_small_in_the_frames():
    lines = drawn(CALIBRATED_STATE, 80, 24)
    assert len(lines) == 17  # as without: no line of the figures was given for it
    speed, distance = lines[6], lines[13]
    assert speed.count(PM) == 1
    assert f"╰─────────────── {PM} 0.01 ───────────────╯╰─" in speed
    assert f"{PM} 4 ─" in distance
    assert f" {PM} 0.5 ─" in distance
    assert f" {PM} 0.01 ─" in "\n".join(drawn(CALIBRATED_STATE, 60, 15))
    assert f" {PM} 0.5 ─" in "\n".join(drawn(CALIBRATED_STATE, 40, 12))


def test_what_is_uncalibrated_or_unknown_has_no_plus_minus():
    assert PM not in "\n".join(drawn(STATE))
    assert PM not in "\n".join(drawn(LiveState(uncertainty=CALIBRATED))).replace(f"{PM} 0.1", "")
    only_belt = Uncertainty({"belt_nm_per_count": 100_000, "belt_u_ppm": 3000})
    lines = drawn(replace(STEPPED_STATE, uncertainty=only_belt))
    assert lines[6].count(PM) == lines[13].count(PM) == 1


def test_a_line_tells_of_steps_as_far_as_it_fits():
    short = f" 1156 {PM} 10 steps, 96 {PM} 3 a minute, 0.44 {PM} 0.02 m each, 1 grab"
    assert f"{short}, uneven by 4 {PM} 3 %" in drawn(CALIBRATED_STATE, 100, 24)
    assert short in drawn(CALIBRATED_STATE, 66, 24)
    assert f" 1156 {PM} 10 steps, 1 grab" in drawn(CALIBRATED_STATE, 30, 24)
    first = replace(STEPPED_STATE, row=ROW, totals=Totals(steps=1))
    assert " 1 step" in drawn(first)
    assert not any("step" in line for line in drawn(STATE))


def test_steps_of_several_starts_are_less_sure():
    many_starts = ZoneUncertainty()
    many_starts.starts = 20
    lines = drawn(replace(CALIBRATED_STATE, zone_uncertainty=many_starts), 100)
    assert any(f" 1156 {PM} 38 steps" in line for line in lines)


def test_asymmetry_is_only_said_with_its_uncertainty():
    row = CALIBRATED_STATE.row._replace(step_asymmetry_u_permille=None)
    assert not any("uneven" in line for line in drawn(replace(CALIBRATED_STATE, row=row), 100))


def test_plain_lines_say_how_sure_they_are():
    console = Console(file=io.StringIO(), width=40)
    with view_for(console) as view:
        view.show(CALIBRATED_STATE)
    assert console.file.getvalue() == (
        f"  12:34  0.71 {PM} 0.01 m/s (1.6 mph) backward  512 {PM} 4 m (0.32 mi)  "
        f"rail 8.3 {PM} 0.5 % supported  1156 {PM} 10 steps  96 {PM} 3 a minute  "
        f"0.44 {PM} 0.02 m each  1 grab  uneven by 4 {PM} 3 %\n"
    )
