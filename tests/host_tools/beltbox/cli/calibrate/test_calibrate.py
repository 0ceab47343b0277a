"""`beltbox calibrate` on the virtual box, as a process: measured whole, at a terminal, killed."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from beltbox.calibrate.cards.card_store import CardStore
from beltbox.link.box_settings import read_settings
from beltbox.link.finding import find_box
from beltbox.link.link import BoxLink
from beltbox.store.store import open_store
from beltbox.virtualbox import VirtualBox, load

G = 9.80665


@pytest.fixture
def scenario(tmp_path: Path):
    """scenario(lines…): nobody there, and what the lines say."""

    def make(*lines: str):
        file = tmp_path / "made.toml"
        file.write_text("\n".join(['title = "A maker"', "duration_s = 1", *lines]))
        return load(file)

    return make


@pytest.fixture
def words(tmp_path: Path) -> list[object]:
    """Which box and which store."""
    return ["--port", tmp_path / "box", "--store", tmp_path / "store.sqlite"]


def hang(box: VirtualBox, kg: float, side: str = "left", **more: float) -> None:
    box.command({"do": f"rail_{side}_n", "value": kg * G} | more)


def settings_of(box: VirtualBox) -> dict[str, int | str]:
    with find_box(box.port) as link:
        return read_settings(link)


def cards_in(tmp_path: Path):
    with open_store(tmp_path / "store.sqlite") as store:
        return CardStore(store.database).newest()


UNKNOWN_CELL = {"rail_left_nn_per_count": 0, "rail_left_zero": 0}


def up_and_down(program, box: VirtualBox, kgs: list[float], side: str = "left") -> None:
    """Hang what the program asks for, and take it off again."""
    for kg in kgs:
        program.says(f"Now hang {kg:g} kg on the {side} rail")
        hang(box, kg, side)
    for kg in kgs[-2::-1]:
        program.says(f"until {kg:g} kg hang on the {side} rail")
        hang(box, kg, side)
    program.says(f"Now take everything off the {side} rail")
    hang(box, 0, side)


def test_a_script_calibrates_an_unknown_cell(box, start, run, scenario, words, tmp_path):
    running = box(scenario("[cells.left]", "nn_per_count = 187_000"), settings=UNKNOWN_CELL)
    program = start("calibrate", "rail", "--side", "left", "--weights", "5,10,20", "--yes", *words)
    up_and_down(program, running, [5, 10, 20])
    assert program.end() == 0, program.said
    values = settings_of(running)
    (card,) = cards_in(tmp_path)
    assert values["rail_left_nn_per_count"] == pytest.approx(187_000, rel=1e-4)
    assert values["rail_left_zero"] == pytest.approx(84_210, abs=30)
    # The box's own filter leaves about 0.4 of the noise of 40 counts, so some 16 * 5 counts.
    assert 10 <= values["rail_noise_mn"] <= 80
    assert card.settings == {key: values[key] for key in card.settings}
    assert card.serial == running.serial_number
    assert [(point.kg, point.way) for point in card.points] == [
        *((0, "up"), (5, "up"), (10, "up"), (20, "up")),
        *((10, "down"), (5, "down"), (0, "down")),
    ]
    # 1 % of tolerance, rectangular, k = 2, of 34.3 N.
    assert card.u_light_n() == pytest.approx(34.3 * 0.01 * 2 / 3**0.5, rel=0.05)

    assert "newtons by a guess" in program.said

    # Both cells are set, but only this one has a card.
    checking = start("calibrate", "check", "--weight", 10, "--yes", *words)
    checking.says("The left rail: only this one is calibrated.")
    checking.says("Now hang 10 kg on the left rail")
    hang(running, 10)
    assert checking.end() == 0, checking.said
    hang(running, 0)

    ran = run("calibrate", "show", *words[2:])
    assert ran.status == 0
    assert f"left rail of virtual ({running.serial_number})" in ran.said
    assert "holds (made today)" in ran.said
    (told,) = json.loads(run("calibrate", "show", "--json", *words).out)
    assert (told["card"], told["part"], told["old"]) == (1, "left", [])

    ran = run("calibrate", "show", "--port", tmp_path / "box", "--store", tmp_path / "no.sqlite")
    assert ran.status == 1
    assert "There is no store" in ran.said


def test_a_bad_cell_is_measured_as_bad_as_it_is(box, start, scenario, words, tmp_path):
    """Two newtons of play, and three of bow in the middle of 500 N."""
    running = box(
        scenario("[cells.left]", "hysteresis_percent = 0.4", "nonlinearity_percent = 0.6")
    )
    program = start(
        *("calibrate", "rail", "--side", "left", "--weights", "10,20,30,40", "--yes"),
        *("--label-kg", 200, "--temperature", 21.5, *words),
    )
    up_and_down(program, running, [10, 20, 30, 40])
    assert program.end() == 0, program.said
    (card,) = cards_in(tmp_path)
    # 2 N of 392; the cell keeps a newton when it is empty again, which no zero had before.
    assert card.hysteresis_share == pytest.approx(2 / (40 * G), rel=0.1)
    # A chord of that parabola from 0 to 392 N is 1.9 N off in its middle; a line through it less.
    assert 1.0 < card.nonlinearity_share * 40 * G < 2.5
    assert card.temperature_c == 21.5
    assert "the label says 200 kg, and the sensitivity implies 50 kg at 1 mV/V" in program.said


def test_leaving_a_check_at_a_terminal(box, terminal, scenario, words):
    box(scenario())
    maker = terminal("calibrate", "check", "--side", "left", *words[:2])
    maker.shows("How many kg will hang there?")
    maker.type("q")
    maker.shows("Nothing was stored")
    assert maker.end() == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_changes_nothing(box, start, scenario, words, tmp_path, number):
    running = box(scenario(), settings=UNKNOWN_CELL)
    before = settings_of(running)
    program = start("calibrate", "rail", "--side", "left", "--weights", "5", "--yes", *words)
    program.says("Now hang 5 kg")
    assert program.signal(number) == 130
    assert "Stopped. Nothing was stored; the box is as it was." in program.said
    assert settings_of(running) == before
    assert cards_in(tmp_path) == []


def test_what_a_killed_calibration_left_is_put_back(box, start, run, scenario, words, tmp_path):
    running = box(scenario(), settings=UNKNOWN_CELL)
    program = start("calibrate", "rail", "--side", "left", "--weights", "5", "--yes", *words)
    program.says("Now hang 5 kg")
    assert program.signal(signal.SIGKILL) == -signal.SIGKILL
    with BoxLink(running.port) as link:
        assert read_settings(link)["rail_left_nn_per_count"] == 230_000
    ran = run("settings", "--json", *words[:2])
    assert ran.status == 0
    assert "put back as before: rail_left_nn_per_count=0 (it was 230000)" in " ".join(
        ran.err.split()
    )
    assert json.loads(ran.out)["rail_left_nn_per_count"] == 0
    assert run("settings", "--json", *words[:2]).err == ""


def test_nobody_to_ask(box, start, run, scenario, words):
    box(scenario())
    program = start("calibrate", "rail", *words)
    assert program.end() == 1
    assert "The input has ended, and there is a question left" in program.said
    ran = run("calibrate", "rail", "--yes", *words)
    assert ran.status == 1
    assert "Nobody answers 'Which side" in ran.said


@pytest.mark.parametrize(
    "arguments",
    [
        ("rail", "--weights", "10,5"),
        ("rail", "--weights", "5,x"),
        ("rail", "--weights", "nan"),
        ("rail", "--weights", "1,2,3,4,5,6,7,8,9"),
        ("rail", "--side", "middle"),
        ("rail", "--tolerance", "nan"),
        ("rail", "--position", "-1"),
        ("check", "--weight", "0"),
        ("check", "--side", "both"),
        ("belt", "--belt-mm", "nan"),
        ("belt", "--belt-mm", "3"),
        ("belt", "--pushed", "up"),
        ("belt", "--laps", "0"),
        ("show", "--sides"),
    ],
)
def test_wrong_use_is_status_2(run, arguments):
    ran = run("calibrate", *arguments)
    assert ran.status == 2
    assert "Usage: " in ran.err


@pytest.mark.parametrize("command", ["belt", "rail", "check", "show"])
def test_every_help_shows_an_example(run, command):
    assert f"Example: beltbox calibrate {command}" in run("calibrate", command, "--help").said
