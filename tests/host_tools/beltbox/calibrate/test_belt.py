"""`beltbox calibrate belt` on the virtual box: by a script and at a terminal."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from beltbox.calibrate.cards.card_store import CardStore
from beltbox.link.finding import find_box
from beltbox.store.store import open_store
from beltbox.virtualbox import VirtualBox, load


@pytest.fixture
def belt(box, tmp_path: Path):
    """belt(lines…, options): a box whose belt only a hand moves, and whose scale is wrong."""

    def make(*lines: str, **options) -> VirtualBox:
        file = tmp_path / "made.toml"
        file.write_text("\n".join(['title = "A maker"', "duration_s = 1", "[belt]", *lines]))
        wrong = {"belt_nm_per_count": 777_777, "belt_direction": 1}
        return box(load(file), settings=wrong, **options)

    return make


@pytest.fixture
def words(tmp_path: Path) -> list[object]:
    return ["--port", tmp_path / "box", "--store", tmp_path / "store.sqlite"]


def push(box: VirtualBox, mm: float) -> None:
    box.command({"do": "move_mm", "value": mm, "speed_m_s": 0.5})


def settings_of(box: VirtualBox) -> dict[str, int | str]:
    with find_box(box.port) as link:
        return link.settings()


def push_laps(program, box: VirtualBox, total: int, count: int | None = None) -> None:
    """Push `count` of `total` laps, to rest with the mark at the pointer each time."""
    program.says("Mark the belt.")
    program.says("lap 1 of")
    for lap in range(1, (count or total) + 1):
        push(box, -1500.0)
        program.says(f"    lap {lap} of {total}: ")


@pytest.mark.parametrize(
    ("direction", "pushed", "expected"),
    [(1, "backward", 1), (-1, "backward", -1), (1, "forward", -1)],
)
def test_a_script_counts_laps(belt, start, words, tmp_path, direction, pushed, expected):
    running = belt("mm_per_count = 0.25", f"direction = {direction}")
    program = start(
        *("calibrate", "belt", "--belt-mm", 1500, "--laps", 3, "--yes", "--pushed", pushed),
        *("--roller-mm", 50, "--counts-per-rev", 157, *words),
    )
    push_laps(program, running, 3)
    assert program.end() == 0, program.said
    values = settings_of(running)
    assert values["belt_nm_per_count"] == pytest.approx(250_000, rel=1e-3)
    # The belt went backward; a belt of which the person says that it went forward is turned round.
    assert values["belt_direction"] == expected
    with open_store(tmp_path / "store.sqlite") as store:
        (card,) = CardStore(store.database).newest()
    assert [abs(lap) for lap in card.laps] == [6000, 6000, 6000]
    # A tape of 2 mm and marks of 5 mm, rectangular, over three laps.
    assert 0.0015 < card.u_share < 0.006
    assert "warning" not in program.said
    # pi 50 mm / 0.25 mm
    assert "628 counts in a turn, four times its label's lines" in program.said


def test_a_wheel_that_slips_is_told(belt, start, words):
    running = belt("mm_per_count = 0.25")
    program = start("calibrate", "belt", "--belt-mm", 1500, "--laps", 3, "--yes", *words)
    push_laps(program, running, 3, 2)
    running.command({"do": "encoder_slip_mm", "value": -60})
    push(running, -1500)
    # --yes takes what is sound.
    assert program.end() == 1
    assert "With these warnings only a person" in program.said
    assert settings_of(running)["belt_nm_per_count"] == 777_777
    # 60 of 1500 mm, which the other two laps agree on.
    assert re.search(r"warning: lap 3 has [34]\.\d % fewer counts than the median", program.said)
    assert "warning: lap 1" not in program.said


@pytest.mark.parametrize("wire", ["a", "b"])
def test_a_missing_channel_is_told(belt, start, words, wire):
    running = belt("mm_per_count = 2")
    running.command({"do": f"encoder_lost_{wire}"})
    program = start("calibrate", "belt", "--belt-mm", 1500, "--laps", 1, "--yes", *words)
    program.says("lap 1 of")
    push(running, -1500)
    assert program.end() == 1
    assert "one of the encoder's channels is missing. Check wires A and B" in program.said
    assert "Nothing was stored" in program.said
    assert settings_of(running)["belt_nm_per_count"] == 777_777


def test_a_belt_that_nobody_pushes(belt, run, words):
    belt()
    ran = run("calibrate", "belt", "--belt-mm", 1500, "--yes", "--wait", 10, *words)
    assert ran.status == 1
    assert "The belt hasn't moved for 10 s, after 0 of 3 laps" in ran.said


def test_by_a_rollers_size(belt, run, words):
    running = belt()
    ran = run(*("calibrate", "belt", "--roller-mm", 50, "--counts-per-rev", 2400, "--yes"), *words)
    assert ran.status == 0, ran.said
    assert "give its thickness too" in ran.said
    values = settings_of(running)
    assert values["belt_nm_per_count"] == round(math.pi * 50e6 / 2400)
    assert values["belt_direction"] == 1
    assert "by roller" in run("calibrate", "show", *words[2:]).said


def test_with_a_key_press_at_each_passing(belt, terminal, words):
    running = belt("mm_per_count = 0.05", speed=20)
    maker = terminal("calibrate", "belt", "--laps", 2, *words)
    maker.shows("How long is the belt")
    maker.type("2 m")
    maker.shows("'2 m' isn't a number")
    maker.type("1500")
    maker.shows("press Enter with the mark at the pointer")
    maker.type("")
    maker.shows("lap 1 of 2: push the belt")
    maker.type("")  # once too often
    maker.shows("That isn't a lap: ")
    for lap in (1, 2):
        maker.shows(f"lap {lap} of 2: push the belt")
        push(running, -1500)
        maker.shows(f"lap {lap} of 2: over 30000 counts")
        maker.type("")
        maker.shows(f"    lap {lap} of 2: 30000 counts")
    maker.shows("The diameter of the encoder's roller")
    maker.type("50")
    # pi 50 mm / 0.05 mm
    maker.shows("On a roller of 50 mm: 3142 counts in a turn")
    maker.shows("Accept, repeat or leave?")
    maker.type("accept")
    assert maker.end() == 0
    assert settings_of(running)["belt_nm_per_count"] == pytest.approx(50_000, rel=2e-3)


def test_between_two_marks_by_a_script(belt, start, words, tmp_path):
    """On round the belt from the second mark to the first, which nobody measures."""
    running = belt("mm_per_count = 0.25")
    program = start(
        *("calibrate", "belt", "--marks-mm", 1000, "--laps", 2, "--yes", "--pushed", "forward"),
        *words,
    )
    program.says("Make two marks on the belt. Push it by hand 2 times from the first mark")
    program.says("way 1 of 2: push the belt; let it rest at the second mark")
    push(running, -1000)
    program.says("    way 1 of 2: 4000 counts")
    program.says("way 2 of 2: push the belt; let it rest at the first mark")
    push(running, -2345)
    program.says("way 2 of 2: push the belt; let it rest at the second mark")
    push(running, -1000)
    assert program.end() == 0, program.said
    values = settings_of(running)
    assert values["belt_nm_per_count"] == pytest.approx(250_000, rel=1e-3)
    assert values["belt_direction"] == -1
    with open_store(tmp_path / "store.sqlite") as store:
        (card,) = CardStore(store.database).newest()
    assert (card.method, [abs(way) for way in card.laps]) == ("marks", [4000, 4000])


def test_between_two_marks_at_a_terminal_and_back_each_time(belt, terminal, words):
    running = belt("mm_per_count = 0.05", speed=20)
    maker = terminal("calibrate", "belt", "--laps", 2, "--roller-mm", 50, "--belt-mm", 1, *words)
    maker.shows("1 mm isn't a length from 100 to 20000 mm")
    assert maker.end() == 2
    maker = terminal("calibrate", "belt", "--laps", 2, *words)
    maker.shows("or `marks`: two marks instead")
    maker.type("marks")
    maker.shows("How far is the second mark behind the first")
    maker.type("800")
    maker.shows("press Enter with the first mark at the pointer")
    maker.type("")
    for way in (1, 2):
        maker.shows("Enter when the second mark passes")
        push(running, -800)
        maker.shows(f"way {way} of 2: over 16000 counts")
        maker.type("")
        maker.shows(f"    way {way} of 2: 16000 counts")
        if way == 1:
            maker.shows("Enter when the first mark passes")
            push(running, 800)
            maker.shows("way 2 of 2: over 16000 counts")
            maker.type("")
    maker.shows("The diameter of the encoder's roller")
    maker.type("")
    maker.shows("Accept, repeat or leave?")
    maker.type("accept")
    assert maker.end() == 0
    assert settings_of(running)["belt_nm_per_count"] == pytest.approx(50_000, rel=2e-3)


def test_q_leaves_also_where_the_belt_is_let_rest(belt, terminal, words):
    running = belt(speed=20)
    maker = terminal("calibrate", "belt", "--belt-mm", 1500, "--stops", *words)
    maker.shows("lap 1 of 3: push the belt; let it rest at the mark")
    maker.type("q")
    maker.shows("Nothing was stored; the box is as it was.")
    assert maker.end() == 1
    assert settings_of(running)["belt_nm_per_count"] == 777_777


def test_a_way_too_short_for_the_encoder(belt, start, words):
    running = belt("mm_per_count = 12")
    program = start(
        *("calibrate", "belt", "--marks-mm", 200, "--laps", 1, "--yes", "--wait", 8), *words
    )
    program.says("way 1 of 1: push the belt")
    push(running, -200)
    assert program.end() == 1
    assert "hasn't moved for 8 s, after 0 of 1 ways and 1" in program.said
    assert "too coarse for so short a way" in program.said


def test_a_label_that_doesnt_fit_is_a_warning(belt, start, words, tmp_path):
    running = belt("mm_per_count = 0.25")
    program = start(
        *("calibrate", "belt", "--belt-mm", 1500, "--laps", 1, "--yes"),
        *("--roller-mm", 50, "--counts-per-rev", 24, *words),
    )
    program.says("Push it by hand 1 lap, ")
    push_laps(program, running, 1)
    assert program.end() == 1
    # pi 50 mm / 0.25 mm
    assert "warning: on a roller of 50 mm: 628 counts in a turn, 26.18 times the 24" in program.said
    assert "One lap can't show whether the wheel slips" in program.said


def test_a_direction_that_was_turned_since_is_told(belt, start, run, words):
    running = belt("mm_per_count = 0.25")
    program = start("calibrate", "belt", "--belt-mm", 1500, "--laps", 2, "--yes", *words)
    push_laps(program, running, 2)
    assert program.end() == 0, program.said
    shown = run("calibrate", "show", *words)
    assert "counts fall when walking backward" in shown.said
    assert "NOT IN USE" not in shown.said
    assert run("settings", "belt_direction=-1", *words[:2]).status == 0
    assert "NOT IN USE: the box has belt_direction=-1" in run("calibrate", "show", *words).said


@pytest.mark.parametrize(
    "arguments",
    [
        ("--belt-mm", 3000, "--tape-mm", 400),
        ("--roller-mm", 50, "--roller-error-mm", 6),
        ("--belt-mm", 3000, "--temperature", -400),
        ("--roller-mm", 50, "--counts-per-rev", 2400, "--stops"),
    ],
)
def test_what_cant_be_is_refused(run, words, arguments):
    ran = run("calibrate", "belt", *arguments, *words)
    assert ran.status == 2, ran.said


def test_a_lap_or_two_marks(run, words):
    ran = run("calibrate", "belt", "--belt-mm", 3000, "--marks-mm", 1000, *words)
    assert ran.status == 2
    assert "--belt-mm is for one mark" in ran.said


def test_a_missing_channel_is_told_after_the_first_lap(belt, terminal, words):
    running = belt("mm_per_count = 2", speed=20)
    running.command({"do": "encoder_lost_b"})
    maker = terminal("calibrate", "belt", "--belt-mm", 1500, "--laps", 3, *words)
    maker.shows("press Enter with the mark at the pointer")
    maker.type("")
    maker.shows("lap 1 of 3: push the belt")
    push(running, -1500)
    maker.shows("lap 1 of 3: over ")
    maker.type("")
    maker.shows("one of the encoder's channels is missing")
    maker.shows("Repeat, or leave?")
    maker.type("leave")
    maker.shows("Nothing was stored")
    assert maker.end() == 1


def test_q_while_the_belt_is_pushed_leaves(belt, terminal, words):
    running = belt(speed=20)
    maker = terminal("calibrate", "belt", "--belt-mm", 1500, *words)
    maker.shows("Leave at any moment: q and Enter")
    maker.shows("press Enter with the mark at the pointer")
    maker.type("q")
    maker.shows("Nothing was stored; the box is as it was.")
    assert maker.end() == 1
    assert settings_of(running)["belt_nm_per_count"] == 777_777
