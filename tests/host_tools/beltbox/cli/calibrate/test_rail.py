"""`beltbox calibrate rail` and `check` on a box by a script: with --yes, and with a person."""

from __future__ import annotations

import pytest

UNKNOWN_CELL = {"rail_left_nn_per_count": 0, "rail_left_zero": 0}
NO_RIGHT = {"rail_right_nn_per_count": 0}


def loads(at, *hung: tuple[float, float]) -> None:
    """Hang at each `Now hang … kg` what hangs really: (asked for, hung); then everything off."""
    for kg, really in hung:
        at.person.sees(f"Now hang {kg:g} kg").does(at.rig.hang, really)
    at.person.sees("Now take everything off").does(at.rig.hang, 0)


@pytest.mark.parametrize(("off", "status"), [(1.0, 0), (1.05, 1)])
def test_a_check_passes_or_fails(workshop, off, status):
    at = workshop(settings={"rail_left_nn_per_count": round(230_000 * off)})
    at.person.sees("Now hang 10 kg on the left rail").does(at.rig.hang, 10)
    ran = at.calibrate("check", "--side", "left", "--weight", 10, "--yes")
    assert ran.status == status
    assert ("PASS" if status == 0 else "FAIL") in ran.said
    assert "98.1 N" in ran.said


def test_by_a_person_with_every_mistake(workshop):
    """A wrong order, a weight typed wrong, a pass along the rail, a repetition, and acceptance."""
    at = workshop(settings=UNKNOWN_CELL | NO_RIGHT, left_nn_per_count=-230_000)
    at.rig.position_share = 0.04
    person = at.person
    person.sees("Which side: left or right or both?").types("middle")
    person.sees("isn't one of: left, right, both").types("left")
    person.sees("Which weights").types("10,5")
    person.sees("5 kg comes after 10 kg").types("2,10,20")
    loads(at, (2, 5), (10, 10), (20, 20))
    person.sees("The weights disagree: 2 kg (up) reads like 5.0 kg by the others")
    person.sees("What really hung there for 2 kg?").types("5")
    person.sees("at three places? (yes or no)").types("y")
    for place, name in ((-1, "front end"), (0, "middle"), (1, "rear end")):
        person.sees(f"Now hang 20 kg at the {name}").does(at.rig.hang, 20, place=place)
        person.sees("Now take everything off").does(at.rig.hang, 0)
    person.sees("place on the rail ± 4.00 %")
    person.sees("mounted the other way round")
    person.sees("Accept, repeat or leave?").types("r")
    person.sees("Which weights").types("10")
    loads(at, (10, 10))
    person.sees("at three places? (yes or no)").types("")
    person.sees("one weight can't show whether the cell is straight").types("accept")
    person.sees("Stored: ")
    assert at.calibrate("rail", "--no-unload").status == 0
    assert at.box.settings["rail_left_nn_per_count"] == pytest.approx(-230_000, rel=1e-4)
    assert at.box.settings["rail_right_nn_per_count"] == 0
    (card,) = at.cards()
    assert card.position_share is None


def test_two_weights_that_were_swapped(workshop):
    at = workshop(settings=NO_RIGHT)
    person = at.person
    for kg, really in ((5, 10), (10, 5)):
        person.sees(f"Now hang {kg} kg").does(at.rig.hang, really)
    person.sees("Taken all the same, though it reads like 2.5 kg")
    loads(at, (20, 20))
    person.sees("10.0 kg by the others; 10 kg (up) reads like 5.0 kg by the others.")
    person.sees("What really hung there for 5 kg?").types("900")
    person.sees("900 kg isn't a weight from above 0 to 500 kg").types("10")
    person.sees("What really hung there for 10 kg?").types("5")
    person.sees("at three places? (yes or no)").types("n")
    person.sees("Accept, repeat or leave?").types("accept")
    ran = at.calibrate("rail", "--side", "left", "--weights", "5,10,20", "--no-unload")
    assert ran.status == 0
    (card,) = at.cards()
    assert at.box.settings["rail_left_nn_per_count"] == pytest.approx(230_000, rel=1e-4)
    assert [point.kg for point in card.points] == [0, 5, 10, 20, 0]


def test_weights_of_which_each_is_said_to_be_right(workshop):
    at = workshop(settings=UNKNOWN_CELL)
    person = at.person
    loads(at, (5, 5), (10, 9))
    person.sees("One that was right is answered with its own kg.")
    for kg in (5, 10):
        person.sees(f"What really hung there for {kg} kg?").types(str(kg))
    person.sees("each is said to have been right")
    person.sees("Repeat, or leave?").types("leave")
    person.sees("Nothing was stored")
    ran = at.calibrate("rail", "--side", "left", "--weights", "5,10", "--no-unload")
    assert ran.status == 1


def test_leaving_changes_nothing(workshop):
    at = workshop(settings=UNKNOWN_CELL)
    before = dict(at.box.settings)
    person = at.person
    person.sees("Which weights").types("10")
    loads(at, (10, 10))
    person.sees("at three places").types("no")
    person.sees("Accept, repeat or leave?").types("leave")
    person.sees("Nothing was stored; the box is as it was.")
    assert at.calibrate("rail", "--side", "left", "--no-unload").status == 1
    assert at.box.settings == before
    assert at.cards() == []


def test_what_is_typed_while_a_weight_is_awaited(workshop):
    """Enter answers no later question; q leaves."""
    at = workshop()
    person = at.person
    person.sees("Now hang 10 kg").types("no").does(at.rig.hang, 10)
    person.sees("Now take everything off").types("hello").does(at.rig.hang, 0)
    person.sees("at three places? (yes or no) [no]").types("y")
    person.sees("Now hang 10 kg at the front end").types("q")
    person.sees("Nothing was stored; the box is as it was.")
    assert at.calibrate("rail", "--side", "left", "--weights", 10, "--no-unload").status == 1


def test_leaving_a_check(workshop):
    at = workshop()
    at.person.sees("How many kg will hang there?").types("q")
    at.person.sees("Nothing was stored")
    assert at.calibrate("check", "--side", "left").status == 1


def test_a_weight_beyond_the_label_is_refused_before_it_hangs(workshop):
    ran = workshop().calibrate(
        *("rail", "--side", "left", "--weights", "5,60", "--label-kg", 50, "--yes")
    )
    assert ran.status == 1
    assert "60 kg is more than the 50 kg of the cell's label" in ran.said
    assert "Now hang" not in ran.said


def test_the_pass_along_the_rail_is_held_against_the_label_too(workshop):
    given = ("--weights", 10, "--label-kg", 50, "--position", 100, "--yes")
    ran = workshop().calibrate("rail", "--side", "left", *given)
    assert ran.status == 1
    assert "100 kg is more than the 50 kg of the cell's label" in ran.said


def test_what_is_stored_when_the_second_side_fails(workshop):
    at = workshop()
    at.person.sees("Now hang 10 kg on the left rail").does(at.rig.hang, 10)
    at.person.sees("Now take everything off the left rail").does(at.rig.hang, 0)
    at.person.sees("Now hang 10 kg on the right rail")
    ran = at.calibrate("rail", "--side", "both", "--weights", "10", "--yes", "--wait", 20)
    assert ran.status == 1
    assert "Only the left rail was stored." in ran.said
    assert [card.part for card in at.cards()] == ["left"]


def test_an_answers_file_without_accept_is_refused_before_anything_hangs(workshop, tmp_path):
    answers = tmp_path / "answers.txt"
    answers.write_text("weights = 10\nside = left\n")
    ran = workshop().calibrate("rail", "--answers", answers)
    assert ran.status == 1
    assert "no answer to 'accept, repeat or leave?'" in ran.said
    assert "Now hang" not in ran.said


def test_the_other_side_is_never_calibrated_unasked(workshop):
    """The left is known already; the maker means the right."""
    at = workshop(settings=NO_RIGHT | {"rail_right_zero": 0})
    at.person.sees("Which side: left or right or both?").types("right")
    at.person.sees("right cell: ").types("q")
    assert at.calibrate("rail").status == 1


@pytest.mark.parametrize("blip", ["unplugged", "reset", "unplugged and reset", "silent"])
def test_a_blip_of_the_cable_costs_no_reading(workshop, blip):
    """In the middle of a weight, and while a person thinks."""
    at = workshop(settings=UNKNOWN_CELL)
    person = at.person

    def happens() -> None:
        if "reset" in blip:
            at.box.reset()
        if "unplugged" in blip:
            at.port.unplug(back_in_s=5)
        at.box.silent = blip == "silent"

    loads(at, (5, 5))
    person._steps.pop()
    person.sees("Now hang 10 kg").does(happens)
    if blip == "silent":
        person.sees("has said nothing for 3 s").does(setattr, at.box, "silent", False)
    person.sees("Waiting for it for 60 s.").sees("The box is back.")
    person.sees("The readings so far stand. Go on: hang 10 kg").does(at.rig.hang, 10)
    person.sees("Now take everything off").does(at.rig.hang, 0)
    person.sees("at three places? (yes or no)").does(happens).types("no")
    if blip == "silent":
        at.box.silent = False
    person.sees("Accept, repeat or leave?").does(setattr, at.box, "silent", False).types("accept")
    ran = at.calibrate("rail", "--side", "left", "--weights", "5,10", "--no-unload")
    assert ran.status == 0, ran.said
    assert at.box.settings["rail_left_nn_per_count"] == pytest.approx(230_000, rel=1e-3)
    (card,) = at.cards()
    assert [point.kg for point in card.points] == [0, 5, 10, 0]


def test_a_box_that_stays_away_changes_nothing(workshop):
    at = workshop(settings=UNKNOWN_CELL)
    before = dict(at.box.settings)
    at.person.sees("Now hang 5 kg").does(at.port.unplug, back_in_s=70)
    ran = at.calibrate("rail", "--side", "left", "--weights", "5", "--yes")
    assert ran.status == 1
    assert "didn't come back within 60 s. Nothing was stored." in ran.said
    assert at.box.settings == before
    assert at.cards() == []


def test_a_blip_in_the_diagnosis_and_in_the_last_step(workshop):
    at = workshop(settings=UNKNOWN_CELL)
    at.person.sees("Ten seconds of diagnosis").does(at.port.unplug, back_in_s=5)
    loads(at, (5, 5))
    at.person.sees("at three places?").types("no")
    at.person.sees("Accept, repeat or leave?").does(at.port.unplug, back_in_s=5).types("accept")
    ran = at.calibrate("rail", "--side", "left", "--weights", "5", "--no-unload")
    assert ran.status == 0, ran.said
    assert len(at.cards()) == 1


def test_a_weight_that_was_left_hanging_is_asked_for(workshop):
    """It looks like a bad cell; `beltbox doctor` can't know what hangs there."""
    at = workshop()
    at.rig.noise_counts["left"] = 40_000
    person = at.person
    person.sees("The left cell looks bad. Does something still hang on the rail").types("yes")
    person.sees("Take everything off, then press Enter.")
    person.does(at.rig.noise_counts.update, left=40).types("")
    person.sees("once more").sees("left cell: ").sees("Now hang 5 kg").types("q")
    ran = at.calibrate("rail", "--side", "left", "--weights", "5", "--no-unload")
    assert "Calibrate it all the same" not in ran.said


def test_a_check_waits_for_the_box_too(workshop):
    at = workshop()
    person = at.person
    person.sees("Hands off the rails").does(at.port.unplug, back_in_s=3)
    person.sees("Now hang 10 kg on the left rail").does(at.box.reset)
    person.sees("Go on: hang 10 kg").does(at.rig.hang, 10)
    ran = at.calibrate("check", "--side", "left", "--weight", 10, "--yes")
    assert ran.status == 0, ran.said
    assert "PASS" in ran.said


def test_a_weight_on_the_wrong_rail(workshop):
    at = workshop()
    at.person.sees("Now hang 5 kg").does(at.rig.hang, 5, "right")
    ran = at.calibrate("rail", "--side", "left", "--weights", "5", "--yes", "--wait", 20)
    assert ran.status == 1
    assert "no change seen; but the right rail moved" in ran.said
    assert "Nothing was stored" in ran.said


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ((0x7FFFFF, 0x7FFFFF), "The left cell reads 8388607, the end of its range"),
        ((), "The left cell gives no samples"),
    ],
)
def test_a_cell_that_fails_in_the_middle(workshop, last, said):
    """The box drops the samples of an amplifier that repeats itself."""
    at = workshop()
    at.person.sees("Now hang 5 kg").does(at.rig.fail, "left", *last)
    ran = at.calibrate("rail", "--side", "left", "--weights", "5", "--yes", "--wait", 20)
    assert ran.status == 1
    assert said in ran.said


def test_a_restless_rail_says_why_it_waits(workshop):
    at = workshop()
    at.person.sees("Now hang 5 kg").does(setattr, at.rig, "shaking_n", 40.0)
    ran = at.calibrate("rail", "--side", "left", "--weights", "5", "--yes", "--wait", 20)
    assert ran.status == 1
    assert "shaking by " in ran.said or "a second" in ran.said


@pytest.mark.parametrize(
    ("weights", "hung", "said"),
    [
        ("5,10,20", (5, 10, 30), "20 kg (up) reads like 30.0 kg by the others"),
        ("5,10", (5, 8), "The weights disagree: "),
        ("0.5,20", (5, None), "20 kg is more than the 20 kg at which the amplifier's range ends"),
    ],
)
def test_weights_that_disagree_are_refused(workshop, weights, hung, said):
    at = workshop(settings=UNKNOWN_CELL)
    for kg, really in zip(weights.split(","), hung, strict=True):
        if really is not None:
            at.person.sees(f"Now hang {kg} kg").does(at.rig.hang, really)
    if hung[-1] is not None:
        at.person.sees("Now take everything off").does(at.rig.hang, 0)
    ran = at.calibrate("rail", "--side", "left", "--weights", weights, "--yes", "--no-unload")
    assert ran.status == 1
    assert said in ran.said
    assert at.box.settings["rail_left_nn_per_count"] == 0


def test_a_bad_cell_is_found_before_any_weight(workshop):
    at = workshop()
    at.rig.noise_counts["left"] = 40_000
    ran = at.calibrate("rail", "--side", "left", "--weights", "5", "--yes")
    assert ran.status == 1
    assert "A bad cell can't be calibrated" in ran.said
    assert "its shield" in ran.said


def test_answers_from_a_file(workshop, tmp_path):
    answers = tmp_path / "answers.txt"
    answers.write_text("# mine\nside = left\nweights = 10\n\nweight = 3\naccept = accept\n")
    at = workshop()
    loads(at, (10, 10))
    ran = at.calibrate("rail", "--answers", answers, "--json")
    assert ran.status == 0, ran.said
    assert '"card": 1' in ran.said
    assert "Answers that weren't used, because no question asked for them: weight." in ran.said

    answers.write_text("sides = left\n")
    ran = at.calibrate("rail", "--answers", answers)
    assert ran.status == 1
    assert "answers.txt, line 1: 'sides = left' isn't an answer" in ran.said
