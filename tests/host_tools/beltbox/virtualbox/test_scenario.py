"""Scenario files: what is refused and in which words, and what the built-in ones promise."""

from __future__ import annotations

import pytest

from beltbox.virtualbox import ScenarioError, builtin_names, load
from beltbox.virtualbox.scenario import EVENT_KINDS
from beltcore import settings

HEAD = 'title = "t"\nduration_s = 10\n'


@pytest.fixture
def loaded(tmp_path):
    """loaded(text): the scenario in a file with this text after the required keys."""

    def load_text(text, head=HEAD):
        path = tmp_path / "mine.toml"
        path.write_text(head + text)
        return load(path)

    return load_text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("speed = 3", "speed is not known. Allowed: title, seed, duration_s, body_mass_kg,"),
        ("seed = -1", "seed = -1 is not allowed: a whole number from 0 to 4294967295."),
        ("seed = 1.5", "seed = 1.5 is not allowed: a whole number"),
        ("seed = true", "seed = True is not allowed: a whole number"),
        ("body_mass_kg = 10", "body_mass_kg = 10 is not allowed: a number from 20 to 300."),
        ("body_mass_kg = nan", "body_mass_kg = nan is not allowed: a number from 20 to 300."),
        ("[belt]\nmm_per_count = 0", "belt.mm_per_count = 0 is not allowed: a number from 0.001"),
        ("[belt]\ndirection = 0", "belt.direction = 0 is not allowed: one of 1, -1."),
        ("[belt]\nlength = 3", "belt.length is not known. Allowed: mm_per_count, direction,"),
        ("belt = 3", "belt = 3 is not allowed: a table."),
        ("[cells.left]\nrate = 50", "cells.left.rate = 50 is not allowed: one of 80, 10."),
        ("[cells.left]\npresent = 1", "cells.left.present = 1 is not allowed: one of true, false."),
        ("[cells.middle]\nrate = 80", "cells = {'middle': {'rate': 80}} is not allowed: left, ri"),
        ("[cells]\nleft = 3", "cells.left = 3 is not allowed: a table."),
        ("cells = 3", "cells = 3 is not allowed: left, right."),
        ("[walk]\nat_s = 1", "walk must be written as [[walk]]."),
        ("[[walk]]\nmph = 1", "[[walk]] number 1: at_s is missing."),
        ("[[walk]]\nat_s = 1", "[[walk]] number 1 needs exactly one of mph and m_s."),
        ("[[walk]]\nat_s = 1\nmph = 1\nm_s = 1", "[[walk]] number 1 needs exactly one of"),
        (
            "[[walk]]\nat_s = 11\nmph = 1",
            "[[walk]] number 1: at_s = 11 is not allowed: the scenario ends at duration_s = 10.",
        ),
        (
            '[[walk]]\nat_s = 1\nmph = 1\ndirection = "left"',
            "[[walk]] number 1: direction = 'left' is not allowed: one of backward, forward.",
        ),
        ('[[walk]]\nat_s = 1\nmph = 1\nstride_file = "no.txt"', "no.txt: can't be read as stride"),
        ("[[grab]]\nat_s = 1", "[[grab]] number 1: percent is missing."),
        ('[[event]]\nat_s = 1\nkind = "fire"', "kind = 'fire' is not allowed: one of reset, stum"),
        ("[box.settings]\nbody_mass_g = 1", "box.settings: body_mass_g is 1; allowed: 20000 to"),
        ("[box.settings]\ncolour = 1", "box.settings: "),
        ("[box]\nsettings = 3", "box.settings = 3 is not allowed: a table."),
        ("a = b", "isn't TOML: "),
    ],
)
def test_what_is_not_allowed_is_named(loaded, text, words):
    with pytest.raises(ScenarioError) as error:
        loaded(text)
    assert "mine.toml" in str(error.value) or "no.txt" in str(error.value)
    assert words in str(error.value)


@pytest.mark.parametrize("missing", ["title", "duration_s"])
def test_what_is_missing_is_named(loaded, missing):
    head = "\n".join(line for line in HEAD.splitlines() if not line.startswith(missing))
    with pytest.raises(ScenarioError, match=f"{missing} is missing"):
        loaded("", head)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ScenarioError, match=r"no scenario 'walkies'.*demo.*steady-1mph"):
        load("walkies")


def test_a_file_that_is_not_there_or_no_text_is_said_so(tmp_path):
    with pytest.raises(ScenarioError, match="can't be read: No such file"):
        load(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError, match="isn't UTF-8 text"):
        load(tmp_path / "binary.toml")


def test_the_box_is_calibrated_for_its_world_unless_told_otherwise(loaded):
    scenario = loaded(
        "body_mass_kg = 81.5\n[belt]\nmm_per_count = 12\ndirection = -1\n"
        "[cells.left]\nnn_per_count = -250000\n[cells.right]\npresent = false\n"
        '[box.settings]\nbox_name = "Clinic 2"\nrail_left_zero = 5\n'
    )
    assert settings.complete(scenario.settings) == scenario.settings
    assert scenario.left.zero_counts == 84_210
    wanted = {
        "box_name": "Clinic 2",
        "belt_nm_per_count": 12_000_000,
        "belt_direction": -1,
        "rail_left_zero": 5,
        "rail_left_nn_per_count": -250_000,
        "rail_right_nn_per_count": 0,
        "body_mass_g": 81_500,
    }
    assert {key: scenario.settings[key] for key in wanted} == wanted


def test_the_timeline_is_in_order_of_time(loaded):
    scenario = loaded(
        "[[grab]]\nat_s = 3\npercent = 20\n"
        '[[walk]]\nat_s = 5\nm_s = 0.5\ndirection = "forward"\n[[walk]]\nat_s = 1\nmph = 2\n'
        '[[event]]\nat_s = 2\nkind = "reset"\n[[hands]]\nat_s = 4\nleft_percent = 1.5\n'
    )
    actions = [(action["at_us"], action["do"]) for action in scenario.timeline()]
    assert actions == [
        (1_000_000, "walk"),
        (2_000_000, "reset"),
        (3_000_000, "grab"),
        (4_000_000, "hands"),
        (5_000_000, "walk"),
    ]
    walks = [action["speed_m_s"] for action in scenario.timeline() if action["do"] == "walk"]
    assert walks == pytest.approx([-0.89408, 0.5])


def test_stride_times_come_from_the_last_column(loaded, tmp_path):
    (tmp_path / "strides.txt").write_text("# time, stride\n4.0\t0.85\n5.15\t1.11\n\n")
    scenario = loaded('[[walk]]\nat_s = 1\nmph = 1\nstride_file = "strides.txt"')
    assert scenario.timeline()[0]["strides_s"] == [0.85, 1.11]


@pytest.mark.parametrize("text", ["1.0 x", "1.0 0.1", "1.0 nan"])
def test_bad_stride_times_are_named_with_their_line(loaded, tmp_path, text):
    (tmp_path / "strides.txt").write_text(f"1.0 1.0\n{text}\n")
    with pytest.raises(ScenarioError, match=r"strides\.txt, line 2: .* is not a stride time"):
        loaded('[[walk]]\nat_s = 1\nmph = 1\nstride_file = "strides.txt"')


@pytest.mark.parametrize("name", builtin_names())
def test_built_in_scenarios_begin_with_two_quiet_seconds(name):
    scenario = load(name)
    assert scenario.name == name
    timeline = scenario.timeline()
    assert timeline[0]["at_us"] >= 2_000_000
    assert timeline[-1]["at_us"] < scenario.duration_s * 1e6


def test_the_scenarios_that_are_promised_are_there():
    promised = {
        *("steady-0.5mph", "steady-1mph", "steady-2mph", "steady-3mph", "demo", "stop-and-go"),
        *("intervals", "hands", "single-cell", "noisy-cell", "unplugged-cell", "reset"),
        *("coarse-belt", "clock-wrap"),
    }
    assert promised <= set(builtin_names())


def test_the_demo_is_the_walk_that_the_project_shows():
    demo = load("demo")
    assert demo.duration_s == 180
    assert len(demo.grabs) == 2
    speeds = [walk.mph for walk in demo.walks]
    assert (speeds[0], max(speeds), speeds[-1]) == (0.8, 1.6, 0)
    last = demo.hands[-1]
    assert last.left_percent == last.right_percent == 0
    assert demo.walks[-1].at_s + demo.walks[-1].ramp_s < demo.duration_s - 3


def test_every_event_can_be_carried_out(loaded, play):
    events = "".join(
        f'[[event]]\nat_s = {number * 0.01}\nkind = "{kind}"\n'
        for number, kind in enumerate(kind for kind in EVENT_KINDS if kind != "reset")
    )
    assert play("import time; time.sleep(1)\nprint('fine')", loaded(events)) == ["fine"]
