"""`beltbox calibrate belt` on a box by a script: with --yes, and with a person."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from beltbox.calibrate.cards.card_store import CardStore
from beltbox.errors import StoreError
from beltbox.link.box_settings import read_settings
from beltbox.link.finding import find_box
from beltbox.store.store import open_store
from beltbox.virtualbox import VirtualBox, load

# Wrong on purpose: what is found must differ.
WRONG = {"belt_nm_per_count": 777_777, "belt_direction": 1}


@pytest.fixture
def belt(workshop):
    """belt(**options): a box whose belt only a hand moves, and whose scale is wrong."""
    return lambda **options: workshop(settings=WRONG, **options)


def push_laps(at, total: int, count: int | None = None) -> None:
    """Push `count` of `total` laps, to rest with the mark at the pointer each time."""
    at.person.sees("Mark the belt.")
    for lap in range(1, (count or total) + 1):
        at.person.sees(f"lap {lap} of {total}: push the belt").does(at.rig.push, -1500.0)
        at.person.sees(f"    lap {lap} of {total}: ")


@pytest.fixture
def virtual(box, tmp_path: Path) -> VirtualBox:
    file = tmp_path / "made.toml"
    lines = ['title = "A maker"', "duration_s = 1", "[belt]", "mm_per_count = 0.25"]
    file.write_text("\n".join(lines))
    return box(load(file), settings=WRONG)


def test_a_virtual_box_by_a_script(virtual, start, tmp_path):
    words = ("--port", tmp_path / "box", "--store", tmp_path / "store.sqlite")
    program = start("calibrate", "belt", "--belt-mm", 1500, "--laps", 3, "--yes", *words)
    program.says("Mark the belt.")
    program.says("lap 1 of")
    for lap in range(1, 4):
        virtual.command({"do": "move_mm", "value": -1500.0, "speed_m_s": 0.5})
        program.says(f"    lap {lap} of 3: ")
    assert program.end() == 0, program.said
    with find_box(virtual.port) as link:
        values = read_settings(link)
    assert values["belt_nm_per_count"] == pytest.approx(250_000, rel=1e-3)
    with open_store(tmp_path / "store.sqlite") as store:
        (card,) = CardStore(store.database).newest()
    assert [abs(lap) for lap in card.laps] == [6000, 6000, 6000]


@pytest.mark.parametrize(
    ("direction", "pushed", "expected"),
    [(1, "backward", 1), (-1, "backward", -1), (1, "forward", -1)],
)
def test_a_script_counts_laps(belt, direction, pushed, expected):
    at = belt(mm_per_count=0.25, direction=direction)
    push_laps(at, 3)
    ran = at.calibrate(
        *("belt", "--belt-mm", 1500, "--laps", 3, "--yes", "--pushed", pushed),
        *("--roller-mm", 50, "--counts-per-rev", 157),
    )
    assert ran.status == 0, ran.said
    values = at.box.settings
    assert values["belt_nm_per_count"] == pytest.approx(250_000, rel=1e-3)
    # The belt went backward; a belt of which the person says that it went forward is turned round.
    assert values["belt_direction"] == expected
    (card,) = at.cards()
    assert [abs(lap) for lap in card.laps] == [6000, 6000, 6000]
    # A tape of 2 mm and marks of 5 mm, rectangular, over three laps.
    assert 0.0015 < card.u_share < 0.006
    assert "warning" not in ran.said
    # pi 50 mm / 0.25 mm
    assert "628 counts in a turn, four times its label's lines" in ran.said


def test_a_wheel_that_slips_is_told(belt):
    at = belt(mm_per_count=0.25)
    push_laps(at, 3, 2)
    at.person.sees("lap 3 of 3: push the belt").does(at.rig.push, -1500, slips_mm=60)
    ran = at.calibrate("belt", "--belt-mm", 1500, "--laps", 3, "--yes")
    # --yes takes what is sound.
    assert ran.status == 1
    assert "With these warnings only a person" in ran.said
    assert at.box.settings["belt_nm_per_count"] == 777_777
    # 60 of 1500 mm, which the other two laps agree on.
    assert re.search(r"warning: lap 3 has [34]\.\d % fewer counts than the median", ran.said)
    assert "warning: lap 1" not in ran.said


@pytest.mark.parametrize("wire", ["a", "b"])
def test_a_missing_channel_is_told(belt, wire):
    at = belt(mm_per_count=2)
    at.rig.lost_channel = wire
    at.person.sees("lap 1 of").does(at.rig.push, -1500)
    ran = at.calibrate("belt", "--belt-mm", 1500, "--laps", 1, "--yes")
    assert ran.status == 1
    assert "one of the encoder's channels is missing. Check wires A and B" in ran.said
    assert "Nothing was stored" in ran.said
    assert at.box.settings["belt_nm_per_count"] == 777_777


def test_a_belt_that_nobody_pushes(belt):
    ran = belt().calibrate("belt", "--belt-mm", 1500, "--yes", "--wait", 10)
    assert ran.status == 1
    assert "The belt hasn't moved for 10 s, after 0 of 3 laps" in ran.said


def test_by_a_rollers_size(belt, run):
    at = belt()
    ran = at.calibrate("belt", "--roller-mm", 50, "--counts-per-rev", 2400, "--yes")
    assert ran.status == 0, ran.said
    assert "give its thickness too" in ran.said
    assert at.box.settings["belt_nm_per_count"] == round(math.pi * 50e6 / 2400)
    assert at.box.settings["belt_direction"] == 1
    assert "by roller" in run("calibrate", "show", *at.words[2:]).said


def test_with_a_key_press_at_each_passing(belt):
    at = belt(mm_per_count=0.05)
    person = at.person
    person.sees("How long is the belt").types("2 m")
    person.sees("'2 m' isn't a number").types("1500")
    person.sees("press Enter with the mark at the pointer").types("")
    person.sees("lap 1 of 2: push the belt").types("")  # once too often
    person.sees("That isn't a lap: ").does(at.rig.push, -1500)
    person.sees("lap 1 of 2: over 30000 counts").types("")
    person.sees("    lap 1 of 2: 30000 counts")
    person.sees("lap 2 of 2: push the belt").does(at.rig.push, -1500)
    person.sees("lap 2 of 2: over 30000 counts").types("")
    person.sees("    lap 2 of 2: 30000 counts")
    person.sees("The diameter of the encoder's roller").types("50")
    # pi 50 mm / 0.05 mm
    person.sees("On a roller of 50 mm: 3142 counts in a turn")
    person.sees("Accept, repeat or leave?").types("accept")
    assert at.calibrate("belt", "--laps", 2).status == 0
    assert at.box.settings["belt_nm_per_count"] == pytest.approx(50_000, rel=2e-3)


def test_between_two_marks_by_a_script(belt):
    """On round the belt from the second mark to the first, which nobody measures."""
    at = belt(mm_per_count=0.25)
    person = at.person
    person.sees("Make two marks on the belt. Push it by hand 2 times from the first mark")
    person.sees("way 1 of 2: push the belt; let it rest at the second mark").does(
        at.rig.push, -1000
    )
    person.sees("    way 1 of 2: 4000 counts")
    person.sees("way 2 of 2: push the belt; let it rest at the first mark").does(at.rig.push, -2345)
    person.sees("way 2 of 2: push the belt; let it rest at the second mark").does(
        at.rig.push, -1000
    )
    ran = at.calibrate("belt", "--marks-mm", 1000, "--laps", 2, "--yes", "--pushed", "forward")
    assert ran.status == 0, ran.said
    assert at.box.settings["belt_nm_per_count"] == pytest.approx(250_000, rel=1e-3)
    assert at.box.settings["belt_direction"] == -1
    (card,) = at.cards()
    assert (card.method, [abs(way) for way in card.laps]) == ("marks", [4000, 4000])


def test_a_length_that_cant_be_is_refused(belt):
    ran = belt().calibrate("belt", "--laps", 2, "--roller-mm", 50, "--belt-mm", 1)
    assert ran.status == 2
    assert "1 mm isn't a length from 100 to 20000 mm" in ran.said


def test_between_two_marks_by_a_person_and_back_each_time(belt):
    at = belt(mm_per_count=0.05)
    person = at.person
    person.sees("or `marks`: two marks instead").types("marks")
    person.sees("How far is the second mark behind the first").types("800")
    person.sees("press Enter with the first mark at the pointer").types("")
    for way in (1, 2):
        person.sees("let it rest at the second mark, then Enter").does(at.rig.push, -800)
        person.sees(f"way {way} of 2: over 16000 counts").types("")
        person.sees(f"    way {way} of 2: 16000 counts")
        if way == 1:
            person.sees("let it rest at the first mark, then Enter").does(at.rig.push, 800)
            person.sees("way 2 of 2: over 16000 counts").types("")
    person.sees("The diameter of the encoder's roller").types("")
    person.sees("Accept, repeat or leave?").types("accept")
    assert at.calibrate("belt", "--laps", 2).status == 0
    assert at.box.settings["belt_nm_per_count"] == pytest.approx(50_000, rel=2e-3)


def test_q_leaves_also_where_the_belt_is_let_rest(belt):
    at = belt()
    at.person.sees("lap 1 of 3: push the belt; let it rest at the mark").types("q")
    at.person.sees("Nothing was stored; the box is as it was.")
    ran = at.calibrate("belt", "--belt-mm", 1500, "--stops")
    assert ran.status == 1
    assert "hasn't moved" not in ran.said  # it left at once
    assert at.box.settings["belt_nm_per_count"] == 777_777


def test_a_way_too_short_for_the_encoder(belt):
    at = belt(mm_per_count=12)
    at.person.sees("way 1 of 1: push the belt").does(at.rig.push, -200)
    ran = at.calibrate("belt", "--marks-mm", 200, "--laps", 1, "--yes", "--wait", 8)
    assert ran.status == 1
    assert "hasn't moved for 8 s, after 0 of 1 ways and 1" in ran.said
    assert "too coarse for so short a distance" in ran.said


def test_a_label_that_doesnt_fit_is_a_warning(belt):
    at = belt(mm_per_count=0.25)
    at.person.sees("Push it by hand 1 lap, ")
    at.person.sees("lap 1 of 1: push the belt").does(at.rig.push, -1500)
    ran = at.calibrate(
        *("belt", "--belt-mm", 1500, "--laps", 1, "--yes"),
        *("--roller-mm", 50, "--counts-per-rev", 24),
    )
    assert ran.status == 1
    # pi 50 mm / 0.25 mm
    assert "warning: on a roller of 50 mm: 628 counts in a turn, 26.18 times the 24" in ran.said
    assert "One lap can't show whether the wheel slips" in ran.said


def test_a_direction_that_was_turned_since_is_told(belt, run):
    at = belt(mm_per_count=0.25)
    push_laps(at, 2)
    ran = at.calibrate("belt", "--belt-mm", 1500, "--laps", 2, "--yes")
    assert ran.status == 0, ran.said
    shown = run("calibrate", "show", *at.words)
    assert "counts fall when walking backward" in shown.said
    assert "NOT IN USE" not in shown.said
    assert run("settings", "belt_direction=-1", *at.words[:2]).status == 0
    assert "NOT IN USE: the box has belt_direction=-1" in run("calibrate", "show", *at.words).said


@pytest.mark.parametrize(
    "arguments",
    [
        ("--belt-mm", 3000, "--tape-mm", 400),
        ("--roller-mm", 50, "--roller-error-mm", 6),
        ("--belt-mm", 3000, "--temperature", -400),
        ("--roller-mm", 50, "--counts-per-rev", 2400, "--stops"),
    ],
)
def test_what_cant_be_is_refused(run, arguments):
    ran = run("calibrate", "belt", *arguments, "--port", "/dev/none")
    assert ran.status == 2, ran.said


def test_a_lap_or_two_marks(run):
    ran = run("calibrate", "belt", "--belt-mm", 3000, "--marks-mm", 1000, "--port", "/dev/none")
    assert ran.status == 2
    assert "--belt-mm is for one mark" in ran.said


def test_a_missing_channel_is_told_after_the_first_lap(belt):
    at = belt(mm_per_count=2)
    at.rig.lost_channel = "b"
    person = at.person
    person.sees("press Enter with the mark at the pointer").types("")
    person.sees("lap 1 of 3: push the belt").does(at.rig.push, -804, mm_s=100)
    person.sees("lap 1 of 3: over 200 counts").types("")
    person.sees("one of the encoder's channels is missing")
    person.sees("Repeat, or leave?").types("leave")
    person.sees("Nothing was stored")
    assert at.calibrate("belt", "--belt-mm", 1500, "--laps", 3).status == 1


def test_q_while_the_belt_is_pushed_leaves(belt):
    at = belt()
    at.person.sees("Leave at any moment: q and Enter")
    at.person.sees("press Enter with the mark at the pointer").types("q")
    at.person.sees("Nothing was stored; the box is as it was.")
    assert at.calibrate("belt", "--belt-mm", 1500).status == 1
    assert at.box.settings["belt_nm_per_count"] == 777_777


def test_an_enter_while_the_belt_moves_is_none(belt):
    at = belt(mm_per_count=0.05)
    at.rig.push(-2000)
    person = at.person
    person.sees("press Enter with the mark at the pointer").types("")
    person.sees("The belt still moves: let it rest").does(at.rig.push, 0).types("")
    person.sees("The belt still moves").types("")
    person.sees("lap 1 of 1: push the belt").does(at.rig.push, -1500)
    person.sees("lap 1 of 1: over 6800 counts").types("")
    person.sees("The belt still moves")
    person.sees("lap 1 of 1: over 30000 counts").types("")
    person.sees("    lap 1 of 1: 30000 counts")
    person.sees("The diameter of").types("")
    person.sees("Accept, repeat or leave?").types("accept")
    assert at.calibrate("belt", "--belt-mm", 1500, "--laps", 1).status == 0


def test_a_lap_that_is_grossly_off_is_asked_for(belt):
    """An Enter before the mark was there, and a mark that passed unseen."""
    at = belt(mm_per_count=0.05)
    person = at.person
    person.sees("press Enter with the mark at the pointer").types("")
    person.sees("lap 1 of 3: push the belt").does(at.rig.push, -1500)
    person.sees("lap 1 of 3: over 30000 counts").types("")
    for pushed, off, cause in (
        (-300, "80 % fewer", "Was Enter pressed before the mark was there?"),
        (-3000, "100 % more", "Did the mark pass unseen?"),
    ):
        person.sees("lap 2 of 3: push the belt").does(at.rig.push, pushed)
        person.sees(f"lap 2 of 3: over {abs(pushed) * 20} counts").types("")
        person.sees(f"lap 2: {abs(pushed) * 20} counts, {off} than 30000, as the laps before have")
        person.sees(cause).types("again")
        person.sees("lap 2 begins anew; the 1 before stands. Bring the mark to the pointer")
        person.sees("press Enter with the mark at the pointer").types("")
    person.sees("lap 2 of 3: push the belt").does(at.rig.push, -1500)
    person.sees("lap 2 of 3: over 30000 counts").types("")
    person.sees("lap 3 of 3: push the belt").does(at.rig.push, -700)
    person.sees("lap 3 of 3: over 14000 counts").types("")
    person.sees("Was Enter pressed").types("keep")
    person.sees("The diameter of").types("")
    person.sees("lap 3 has 53.3 % fewer counts")
    person.sees("Accept, repeat or leave?").types("leave")
    at.calibrate("belt", "--belt-mm", 1500, "--laps", 3)


def test_the_first_lap_is_held_against_the_calibration_before(workshop):
    at = workshop(settings={"belt_nm_per_count": 50_000, "belt_u_ppm": 2000}, mm_per_count=0.05)
    person = at.person
    person.sees("press Enter with the mark at the pointer").types("")
    person.sees("lap 1 of 1: push the belt").does(at.rig.push, -300)
    person.sees("lap 1 of 1: over 6000 counts").types("")
    person.sees("lap 1: 6000 counts, 80 % fewer than 30000, by the calibration before").types("q")
    assert at.calibrate("belt", "--belt-mm", 1500, "--laps", 1).status == 1


@pytest.mark.parametrize("blip", ["unplugged", "reset"])
@pytest.mark.parametrize("marks", [False, True])
def test_a_blip_of_the_cable_costs_the_lap_under_way(belt, blip, marks):
    at = belt(mm_per_count=0.25)
    person = at.person
    what, length = ("way", 1000.0) if marks else ("lap", 1500.0)

    def happens() -> None:
        at.rig.push(-400)
        if blip == "reset":
            at.box.reset()
        else:
            at.port.unplug(back_in_s=5)

    person.sees(f"{what} 1 of 2: push the belt").does(at.rig.push, -length)
    person.sees(f"    {what} 1 of 2: ")
    if marks:
        person.sees("way 2 of 2: push the belt; let it rest at the first mark").does(
            at.rig.push, -500
        )
    person.sees(f"{what} 2 of 2: push the belt").does(happens)
    person.sees("The box is back.")
    person.sees(f"{what} 2 begins anew; the 1 before stands. Bring ")
    person.sees(f"{what} 2 of 2: push the belt").does(at.rig.push, -length)
    person.sees(f"    {what} 2 of 2: ")
    at_words = ("--marks-mm", 1000) if marks else ("--belt-mm", 1500)
    ran = at.calibrate("belt", *at_words, "--laps", 2, "--yes")
    assert ran.status == 0, ran.said
    (card,) = at.cards()
    assert [abs(lap) for lap in card.laps] == [length * 4] * 2


def test_a_store_that_is_locked_for_a_while_keeps_the_card(belt, monkeypatch):
    """What was measured isn't lost to a backup: the card is tried again each second."""
    add, tries = CardStore.add, []

    def locked(store: CardStore, card) -> None:
        tries.append(card)
        if len(tries) < 4:
            raise StoreError("locked", brief="the store is locked by another program")
        add(store, card)

    monkeypatch.setattr(CardStore, "add", locked)
    at = belt(mm_per_count=0.25, direction=1)
    push_laps(at, 3)
    ran = at.calibrate("belt", "--belt-mm", 1500, "--laps", 3, "--yes")
    assert ran.status == 0, ran.said
    assert "Waiting: the store is locked by another program." in ran.said
    assert len(tries) == 4
    assert at.cards() == [tries[0]]
