"""`beltbox calibrate rail`, `check`, `show` on the virtual box: by a script and at a terminal."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from beltbox.calibrate.cards.card_store import CardStore
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
        return link.settings()


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
    assert card.serial == "30aea4b0c0de"
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
    assert "left rail of virtual (30aea4b0c0de)" in ran.said
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


@pytest.mark.parametrize(("off", "status"), [(1.0, 0), (1.05, 1)])
def test_a_check_passes_or_fails(box, start, scenario, words, off, status):
    nn = round(230_000 * off)
    running = box(scenario(), settings={"rail_left_nn_per_count": nn})
    program = start("calibrate", "check", "--side", "left", "--weight", 10, "--yes", *words[:2])
    program.says("Now hang 10 kg on the left rail")
    hang(running, 10)
    assert program.end() == status
    assert ("PASS" if status == 0 else "FAIL") in program.said
    assert "98.1 N" in program.said


def test_at_a_terminal_with_every_mistake(box, terminal, scenario, words, tmp_path):
    """A wrong order, a weight typed wrong, a pass along the rail, a repetition, and acceptance."""
    running = box(
        scenario("[cells.left]", "position_percent = 4", "nn_per_count = -230_000"),
        settings=UNKNOWN_CELL | {"rail_right_nn_per_count": 0},
        speed=20,
    )
    maker = terminal("calibrate", "rail", "--no-unload", *words)
    maker.shows("Which side: left or right or both?")
    maker.type("middle")
    maker.shows("isn't one of: left, right, both")
    maker.type("left")
    maker.shows("Which weights")
    maker.type("10,5")
    maker.shows("5 kg comes after 10 kg")
    maker.type("2,10,20")
    maker.shows("Now hang 2 kg")
    hang(running, 5)
    for kg in (10, 20):
        maker.shows(f"Now hang {kg} kg")
        hang(running, kg)
    maker.shows("Now take everything off")
    hang(running, 0)
    maker.shows("The weights disagree: 2 kg (up) reads like 5.0 kg by the others")
    maker.shows("What really hung there for 2 kg?")
    maker.type("5")
    maker.shows("at three places? (yes or no)")
    maker.type("y")
    for place, name in ((-1, "front end"), (0, "middle"), (1, "rear end")):
        maker.shows(f"Now hang 20 kg at the {name}")
        hang(running, 20, place=place)
        maker.shows("Now take everything off")
        hang(running, 0)
    maker.shows("place on the rail ± 4.00 %")
    maker.shows("mounted the other way round")
    maker.shows("Accept, repeat or leave?")
    maker.type("r")
    maker.shows("Which weights")
    maker.type("10")
    maker.shows("Now hang 10 kg")
    hang(running, 10)
    maker.shows("Now take everything off")
    hang(running, 0)
    maker.shows("at three places? (yes or no)")
    maker.type("")
    maker.shows("one weight can't show whether the cell is straight")
    maker.type("accept")
    maker.shows("Stored: ")
    assert maker.end() == 0
    values = settings_of(running)
    assert values["rail_left_nn_per_count"] == pytest.approx(-230_000, rel=1e-4)
    assert values["rail_right_nn_per_count"] == 0
    (card,) = cards_in(tmp_path)
    assert card.position_share is None


def test_two_weights_that_were_swapped(box, terminal, scenario, words, tmp_path):
    running = box(scenario(), settings={"rail_right_nn_per_count": 0}, speed=20)
    maker = terminal(
        *("calibrate", "rail", "--side", "left", "--weights", "5,10,20", "--no-unload"), *words
    )
    for kg, really in ((5, 10), (10, 5)):
        maker.shows(f"Now hang {kg} kg")
        hang(running, really)
    maker.shows("Taken all the same, though it reads like 2.5 kg")
    maker.shows("Now hang 20 kg")
    hang(running, 20)
    maker.shows("Now take everything off")
    hang(running, 0)
    maker.shows("10.0 kg by the others; 10 kg (up) reads like 5.0 kg by the others.")
    maker.shows("What really hung there for 5 kg?")
    maker.type("900")
    maker.shows("900 kg isn't a weight from above 0 to 500 kg")
    maker.type("10")
    maker.shows("What really hung there for 10 kg?")
    maker.type("\x1b[D5")
    maker.shows("at three places? (yes or no)")
    maker.type("n")
    maker.shows("Accept, repeat or leave?")
    maker.type("accept")
    assert maker.end() == 0
    (card,) = cards_in(tmp_path)
    assert settings_of(running)["rail_left_nn_per_count"] == pytest.approx(230_000, rel=1e-4)
    assert [point.kg for point in card.points] == [0, 5, 10, 20, 0]


def test_weights_of_which_each_is_said_to_be_right(box, terminal, scenario, words):
    running = box(scenario(), settings=UNKNOWN_CELL, speed=20)
    maker = terminal(
        *("calibrate", "rail", "--side", "left", "--weights", "5,10", "--no-unload"), *words
    )
    for kg, really in ((5, 5), (10, 9)):
        maker.shows(f"Now hang {kg} kg")
        hang(running, really)
    maker.shows("Now take everything off")
    hang(running, 0)
    maker.shows("One that was right is answered with its own kg.")
    for kg in (5, 10):
        maker.shows(f"What really hung there for {kg} kg?")
        maker.type(str(kg))
    maker.shows("each is said to have been right")
    maker.shows("Repeat, or leave?")
    maker.type("leave")
    maker.shows("Nothing was stored")
    assert maker.end() == 1


def test_leaving_changes_nothing(box, terminal, scenario, words, tmp_path):
    running = box(scenario(), settings=UNKNOWN_CELL, speed=20)
    before = settings_of(running)
    maker = terminal("calibrate", "rail", "--side", "left", "--no-unload", *words)
    maker.shows("Which weights")
    maker.type("10")
    maker.shows("Now hang 10 kg")
    hang(running, 10)
    maker.shows("Now take everything off")
    hang(running, 0)
    maker.shows("at three places")
    maker.type("no")
    maker.shows("Accept, repeat or leave?")
    maker.type("leave")
    maker.shows("Nothing was stored; the box is as it was.")
    assert maker.end() == 1
    assert settings_of(running) == before
    assert cards_in(tmp_path) == []


def test_what_is_typed_while_a_weight_is_awaited(box, terminal, scenario, words):
    """Enter answers no later question; q leaves."""
    running = box(scenario(), speed=20)
    maker = terminal("calibrate", "rail", "--side", "left", "--weights", 10, "--no-unload", *words)
    maker.shows("Now hang 10 kg")
    maker.type("no")
    hang(running, 10)
    maker.shows("Now take everything off")
    maker.type("hello")
    hang(running, 0)
    maker.shows("at three places? (yes or no) [no]")
    maker.type("y")
    maker.shows("Now hang 10 kg at the front end")
    maker.type("q")
    maker.shows("Nothing was stored; the box is as it was.")
    assert maker.end() == 1


def test_leaving_a_check(box, terminal, scenario, words):
    box(scenario())
    maker = terminal("calibrate", "check", "--side", "left", *words[:2])
    maker.shows("How many kg will hang there?")
    maker.type("q")
    maker.shows("Nothing was stored")
    assert maker.end() == 1


def test_a_weight_beyond_the_label_is_refused_before_it_hangs(box, run, scenario, words):
    box(scenario())
    ran = run(
        *("calibrate", "rail", "--side", "left", "--weights", "5,60", "--label-kg", 50, "--yes"),
        *words,
    )
    assert ran.status == 1
    assert "60 kg is more than the 50 kg of the cell's label" in ran.said
    assert "Now hang" not in ran.said


def test_the_pass_along_the_rail_is_held_against_the_label_too(box, run, scenario, words):
    box(scenario())
    given = ("--weights", 10, "--label-kg", 50, "--position", 100, "--yes")
    ran = run("calibrate", "rail", "--side", "left", *given, *words)
    assert ran.status == 1
    assert "100 kg is more than the 50 kg of the cell's label" in ran.said


def test_what_is_stored_when_the_second_side_fails(box, start, scenario, words, tmp_path):
    running = box(scenario())
    program = start(
        *("calibrate", "rail", "--side", "both", "--weights", "10", "--yes", "--wait", 20), *words
    )
    program.says("Now hang 10 kg on the left rail")
    hang(running, 10)
    program.says("Now take everything off the left rail")
    hang(running, 0)
    program.says("Now hang 10 kg on the right rail")
    assert program.end() == 1
    assert "Only the left rail was stored." in program.said
    assert [card.part for card in cards_in(tmp_path)] == ["left"]


def test_an_answers_file_without_accept_is_refused_before_anything_hangs(
    box, run, scenario, words, tmp_path
):
    box(scenario())
    answers = tmp_path / "answers.txt"
    answers.write_text("weights = 10\nside = left\n")
    ran = run("calibrate", "rail", "--answers", answers, *words)
    assert ran.status == 1
    assert "no answer to 'accept, repeat or leave?'" in ran.said
    assert "Now hang" not in ran.said


def test_the_other_side_is_never_calibrated_unasked(box, terminal, scenario, words):
    """The left is known already; the maker means the right."""
    box(scenario(), settings={"rail_right_nn_per_count": 0, "rail_right_zero": 0}, speed=20)
    maker = terminal("calibrate", "rail", *words)
    maker.shows("Which side: left or right or both?")
    maker.type("right")
    maker.shows("right cell: ")
    maker.type("q")
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
        assert link.settings()["rail_left_nn_per_count"] == 230_000
    ran = run("settings", "--json", *words[:2])
    assert ran.status == 0
    assert "put back as before: rail_left_nn_per_count=0 (it was 230000)" in " ".join(
        ran.err.split()
    )
    assert json.loads(ran.out)["rail_left_nn_per_count"] == 0
    assert run("settings", "--json", *words[:2]).err == ""


def test_unplugged_in_the_middle(box, start, scenario, words, tmp_path):
    running = box(scenario(), settings=UNKNOWN_CELL)
    before = settings_of(running)
    program = start("calibrate", "rail", "--side", "left", "--weights", "5", "--yes", *words)
    program.says("Now hang 5 kg")
    running.unplug()
    program.says("Plug it in again within 60 s")
    running.plug()
    assert program.end() == 1
    assert "The box was unplugged. Nothing was stored." in program.said
    assert settings_of(running) == before
    assert cards_in(tmp_path) == []


def test_a_weight_on_the_wrong_rail(box, start, scenario, words):
    running = box(scenario())
    program = start(
        *("calibrate", "rail", "--side", "left", "--weights", "5", "--yes", "--wait", 20), *words
    )
    program.says("Now hang 5 kg")
    hang(running, 5, "right")
    assert program.end() == 1
    assert "no change seen; but the right rail moved" in program.said
    assert "Nothing was stored" in program.said


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        ("saturated_left", "the end of its range"),
        ("unplug_left", "gives no samples"),
    ],
)
def test_a_cell_that_fails_in_the_middle(box, start, scenario, words, happens, said):
    running = box(scenario())
    program = start(
        *("calibrate", "rail", "--side", "left", "--weights", "5", "--yes", "--wait", 20), *words
    )
    program.says("Now hang 5 kg")
    running.command({"do": happens})
    assert program.end() == 1
    assert said in program.said


def test_a_restless_rail_says_why_it_waits(box, start, scenario, words):
    running = box(scenario())
    program = start(
        *("calibrate", "rail", "--side", "left", "--weights", "5", "--yes", "--wait", 20), *words
    )
    program.says("Now hang 5 kg")
    running.command({"do": "hands", "left_permille": 60, "right_permille": 0, "ramp_s": 1})
    assert program.end() == 1
    assert "shaking by " in program.said or "a second" in program.said


@pytest.mark.parametrize(
    ("weights", "hung", "said"),
    [
        ("5,10,20", (5, 10, 30), "20 kg (up) reads like 30.0 kg by the others"),
        ("5,10", (5, 8), "The weights disagree: "),
        ("0.5,20", (5, None), "20 kg is more than the 20 kg at which the amplifier's range ends"),
    ],
)
def test_weights_that_disagree_are_refused(box, start, scenario, words, weights, hung, said):
    running = box(scenario(), settings=UNKNOWN_CELL)
    program = start(
        *("calibrate", "rail", "--side", "left", "--weights", weights, "--yes", "--no-unload"),
        *words,
    )
    for kg, really in zip(weights.split(","), hung, strict=True):
        if really is not None:
            program.says(f"Now hang {kg} kg")
            hang(running, really)
    if hung[-1] is not None:
        program.says("Now take everything off")
        hang(running, 0)
    assert program.end() == 1
    assert said in program.said
    assert settings_of(running)["rail_left_nn_per_count"] == 0


def test_a_bad_cell_is_found_before_any_weight(box, run, scenario, words):
    box(scenario("[cells.left]", "noise_counts = 40_000"))
    ran = run("calibrate", "rail", "--side", "left", "--weights", "5", "--yes", *words)
    assert ran.status == 1
    assert "A cell that isn't sound can't be calibrated" in ran.said
    assert "its shield" in ran.said


def test_answers_from_a_file(box, start, scenario, words, tmp_path):
    answers = tmp_path / "answers.txt"
    answers.write_text("# mine\nside = left\nweights = 10\n\nweight = 3\naccept = accept\n")
    running = box(scenario())
    program = start("calibrate", "rail", "--answers", answers, "--json", *words)
    program.says("Now hang 10 kg")
    hang(running, 10)
    program.says("Now take everything off")
    hang(running, 0)
    assert program.end() == 0, program.said
    assert '"card": 1' in program.said
    assert "because no question asked for them: weight." in program.said

    answers.write_text("sides = left\n")
    program = start("calibrate", "rail", "--answers", answers, *words)
    assert program.end() == 1
    assert "answers.txt, line 1: 'sides = left' isn't an answer" in program.said


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
