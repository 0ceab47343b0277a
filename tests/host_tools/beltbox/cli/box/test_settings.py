"""`beltbox settings`."""

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from beltbox.calibrate.cards.card import Card
from beltbox.calibrate.cards.card_store import CardStore
from beltbox.store.store import open_store
from beltbox.virtualbox import load
from beltcore import settings as declared


def test_settings_are_shown_changed_saved_and_loaded(box, run, tmp_path: Path):
    running = box("steady-1mph")
    port = ("--port", tmp_path / "box")
    ran = run("settings", *port)
    assert ran.status == 0
    assert "virtual at" in ran.out
    assert "MicroPython" in ran.out
    assert "(20000 to 300000)" in ran.out
    assert json.loads(run("settings", *port, "--json").out) == running.scenario.settings

    saved = tmp_path / "box.json"
    ran = run("settings", *port, "body_mass_g=81000", "box_name=clinic 2", "--save", saved)
    assert ran.status == 0
    expected = running.scenario.settings | {"body_mass_g": 81_000, "box_name": "clinic 2"}
    assert json.loads(saved.read_text()) == expected

    assert run("settings", *port, "body_mass_g=60000", "rail_left_zero=-5").status == 0
    ran = run("settings", *port, "--load", saved, "body_mass_g=61000", "--json")
    assert json.loads(ran.out) == expected | {"body_mass_g": 61_000}


def test_a_scale_set_by_hand_is_no_longer_as_sure_as_its_calibration(box, run, tmp_path: Path):
    box("steady-1mph", settings={"belt_u_ppm": 3000, "rail_left_u_ppm": 5000})

    def set_to(*changes: str) -> dict[str, int]:
        return json.loads(run("settings", "--port", tmp_path / "box", *changes, "--json").out)

    nm = set_to("body_mass_g=72000")["belt_nm_per_count"]
    kept = set_to(f"belt_nm_per_count={nm}")
    assert (kept["belt_u_ppm"], kept["rail_left_u_ppm"]) == (3000, 5000)
    cleared = set_to(f"belt_nm_per_count={nm + 1}")
    assert (cleared["belt_u_ppm"], cleared["rail_left_u_ppm"]) == (0, 5000)
    assert set_to(f"belt_nm_per_count={nm}", "belt_u_ppm=2000")["belt_u_ppm"] == 2000


def test_what_the_box_has_already_is_not_written_again(box, run, tmp_path: Path, monkeypatch):
    running = box("steady-1mph")
    sent: list[str] = []
    from beltbox.link.link import BoxLink  # noqa: PLC0415

    command = BoxLink.command

    def note(self, verb, *arguments, **options):
        sent.append(",".join([verb, *map(str, arguments)]))
        return command(self, verb, *arguments, **options)

    monkeypatch.setattr(BoxLink, "command", note)
    file = tmp_path / "box.json"
    file.write_text(json.dumps(running.scenario.settings | {"body_mass_g": 75_000}))
    assert run("settings", "--port", tmp_path / "box", "--load", file).status == 0
    changing = ("set,", "prepare", "apply")
    assert [one for one in sent if one.startswith(changing)] == ["set,body_mass_g,75000"]


def test_a_tare_takes_what_the_rails_read_for_zero(box, run, tmp_path: Path):
    quiet = tmp_path / "quiet.toml"
    quiet.write_text('title = "Nobody there"\nduration_s = 1\n')
    box(load(quiet), settings={"rail_left_zero": 84_000})
    # With a change before it, after which the box measures anew; and at once after a start.
    for change in ([], ["body_mass_g=72000"], ["body_mass_g=73000"]):
        ran = run("settings", "--port", tmp_path / "box", *change, "--tare", "--json")
        assert ran.status == 0, ran.said
        assert json.loads(ran.out)["rail_left_zero"] == pytest.approx(84_210, abs=100)


def unboxed(said: str) -> str:
    """Without the frame that wrong use is shown in."""
    return " ".join(re.sub("[│╭╮╰╯─]", " ", said).split())


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("body_mass_g=19999", "body_mass_g is 19999; allowed: 20000 to 300000"),
        ("body_mass_g=72", "It is in grams, without a unit: 72 kg are body_mass_g=72000"),
        ("body_mass_g=72,5kg", "It is in grams, without a unit: 72.5 kg are body_mass_g=72500"),
        ("body_mass_g=72000 g", "It is in grams, without a unit: body_mass_g=72000"),
        ("body_mass_g=7", "It is in grams."),
        ("belt_direction=0", "belt_direction is 0; allowed: 1 or -1"),
        ("colour=1", "'colour' is not a setting. The keys: schema, box_name"),
        ("schema=2", "schema is 2; this version reads up to 1: update it"),
        ("body_mass_g=heavy", "body_mass_g is 'heavy'; allowed"),
        ("body_mass_g=" + "9" * 5000, "body_mass_g is '999"),
        ("box_name=a,b", "box_name is 'a,b'; allowed: 1 to 20 letters"),
        ("body_mass_g", "'body_mass_g' isn't KEY=VALUE"),
    ],
)
def test_a_bad_setting_is_refused_before_any_port_is_asked(run, argument: str, words: str):
    """An unknown key and a bad value are the same to a script: it was used wrongly."""
    ran = run("settings", "--port", "/dev/nope", "body_mass_g=70000", argument)
    assert ran.status == 2
    assert words in unboxed(ran.said)
    assert "/dev/nope" not in ran.said


def test_a_bad_file_is_refused_before_any_port_is_asked(run, tmp_path: Path):
    file = tmp_path / "box.json"
    for text, words in (
        ('{"body_mass_g": 1}', "box.json: body_mass_g is 1; allowed"),
        ("[]", "settings must be a table"),
        ("{", "not JSON"),
        ('{"body_mass_g": 70000, "body_mass_g": 80000}', "box.json: 'body_mass_g' is there twice"),
    ):
        file.write_text(text)
        ran = run("settings", "--port", "/dev/nope", "--load", file)
        assert ran.status == 1
        assert words in ran.said


def test_where_it_cannot_save_is_said(box, run, tmp_path: Path):
    box("steady-1mph")
    ran = run("settings", "--port", tmp_path / "box", "--save", tmp_path / "nope" / "box.json")
    assert ran.status == 1
    assert "Can't write" in ran.said
    assert declared.NAME_KEY in ran.out  # they were shown all the same


def test_what_is_there_is_not_saved_over_unasked(box, run, tmp_path: Path):
    box("steady-1mph")
    saved = tmp_path / "box.json"
    saved.write_text("mine")
    arguments = ("settings", "--port", tmp_path / "box", "--save", saved)
    ran = run(*arguments, "body_mass_g=81000")
    assert ran.status == 1
    assert "box.json exists already" in ran.said
    assert saved.read_text() == "mine"
    assert run(*arguments, "--overwrite").status == 0
    assert json.loads(saved.read_text())["body_mass_g"] == 70_000  # nothing was sent before


class Typed(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def leaned_on(standing_clock, port, scripted_box, run, monkeypatch):
    """leaned_on(newtons, *options): `beltbox settings --tare` with so much on the left rail.

    It gives how the command ended, and how often the box was asked to tare. answer: what a person
    types; None for a script. The settings' zero is at 0 N unless `zero` says otherwise.
    """

    def tare(newtons: float, *options: object, answer: str | None = None, zero: int = 5000):
        box = scripted_box(rail_left_nn_per_count=1_000_000, rail_left_zero=zero)
        box.left = lambda _t_s: 5000 + round(1000 * newtons)
        stdin = io.StringIO() if answer is None else Typed(answer + "\n")
        monkeypatch.setattr("sys.stdin", stdin)
        ran = run("settings", "--port", port(box).path, "--tare", *options)
        return ran, box.heard.count("tare")

    return tare


@pytest.mark.parametrize(
    ("newtons", "options", "answer", "tared"),
    [
        (9.0, (), None, True),
        (100.0, (), None, False),
        (-100.0, (), None, False),
        (100.0, ("--yes",), "y", False),
        (100.0, ("--yes", "--anyway"), None, True),
        (100.0, ("--anyway",), None, True),
        (100.0, (), "n", False),
        (100.0, (), "y", True),
    ],
)
def test_a_rail_that_somebody_leans_on_is_tared_only_when_asked_for(
    leaned_on, newtons, options, answer, tared
):
    ran, times = leaned_on(newtons, *options, answer=answer)
    assert (ran.status, times) == ((0, 1) if tared else (1, 0)), ran.said
    if not tared:
        said = " ".join(ran.said.split())
        assert f"The left rail reads {newtons:+.0f} N from the zero that the box has" in said
        assert "Is somebody leaning there, or does something hang on the rail?" in said


def test_a_box_that_never_had_a_zero_is_tared_unasked(leaned_on):
    assert leaned_on(19.0, zero=0)[1] == 1


def test_the_zero_of_the_card_counts_and_not_that_of_a_bad_tare(leaned_on, tmp_path, apart):
    """After a tare with 100 N on the rail, the next one finds nobody there, and is right."""
    card = Card(
        part="left",
        made_at=datetime(2026, 1, 1, tzinfo=UTC),
        serial="",
        box_name="virtual",
        firmware="0.1.0",
        method="weights",
        settings={"rail_left_zero": 5000, "rail_left_nn_per_count": 1_000_000},
        fixed=(),
        relative=(),
        body_mass_kg=70,
    )
    store = tmp_path / "store.sqlite"
    with open_store(str(store)) as opened:
        CardStore(opened.database).add(card)
    ran, times = leaned_on(0.0, "--store", store, zero=105_000)
    assert (ran.status, times) == (0, 1), ran.said
    ran, times = leaned_on(100.0, "--store", store, zero=105_000)
    assert times == 0
    assert "from the zero of its card" in " ".join(ran.said.split())


def test_settings_wait_for_a_box_that_is_unplugged(standing_clock, port, scripted_box, run):
    box = scripted_box(rail_left_nn_per_count=1_000_000, rail_left_zero=5000)
    box.left = lambda _t_s: 5000
    at = port(box)
    blips = ["get,body_mass_g", "set,body_mass_g,80000", "tare"]

    def happens(command: str) -> bytes | None:
        if command not in blips:
            return None
        blips.remove(command)
        at.unplug(back_in_s=5)
        return b""

    box.before = happens
    ran = run("settings", "--port", at.path, "body_mass_g=80000", "--tare", "--json")
    assert ran.status == 0, ran.said
    assert blips == []
    assert json.loads(ran.out)["body_mass_g"] == 80_000
    assert " ".join(ran.err.split()).count("Waiting for it for 60 s.") == 3
