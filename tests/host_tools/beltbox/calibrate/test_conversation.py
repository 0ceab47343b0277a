"""Questions and answers: what may be typed, and what a script gives."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from beltbox.calibrate.conversation import (
    Answers,
    Keyboard,
    LeaveError,
    Talk,
    kilograms,
    number,
    one_of,
    positive,
    yes_or_no,
)
from beltbox.errors import CalibrationError


class Typed(io.StringIO):
    """What a person types."""

    def isatty(self):
        return True


def talk_with(text: str, **options) -> tuple[Talk, io.StringIO]:
    out = io.StringIO()
    talk = Talk(Console(file=out, width=200), keyboard=Keyboard(Typed(text)), **options)
    return talk, out


def shown_at_a_terminal(text: str, clock) -> tuple[Talk, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, width=60, force_terminal=True, color_system=None)
    return Talk(console, keyboard=Keyboard(Typed(text)), clock=clock), out


def nothing() -> None:
    """While the person thinks."""


@pytest.mark.parametrize(
    "text", ["5,10,20", "5 10 20", "5;10;20", "5kg, 10 KG,20.0", " 5 , 10 , 20 , "]
)
def test_weights_however_they_are_written(text):
    assert kilograms(text) == [5, 10, 20]


def test_what_isnt_a_number():
    assert number("2,5") == 2.5
    assert positive("0.1") == 0.1
    for parse, text, words in (
        (kilograms, "5,x", "'x' isn't a number"),
        (number, "3 m", "'3 m' isn't a number; write it without its unit"),
        (number, "", "type a number"),
        (positive, "0", "isn't a number above 0"),
        (positive, "-1", "isn't a number above 0"),
        (positive, "nan", "isn't a number above 0"),
        (positive, "inf", "isn't a number above 0"),
        (yes_or_no, "maybe", "neither yes nor no"),
        (one_of("left", "right"), "", "type one of: left, right"),
        (one_of("left", "right"), "x", "'x' isn't one of: left, right"),
        (one_of("left", "leave"), "le", "'le' isn't one of: left, leave"),
    ):
        with pytest.raises(ValueError, match=words):
            parse(text)


def test_a_question_is_asked_until_it_is_answered():
    talk, out = talk_with("x\n\nright\n")
    assert talk.ask("side", "Which side?", one_of("left", "right"), idle=nothing) == "right"
    assert out.getvalue().count("Which side?") == 3
    assert "'x' isn't one of" in out.getvalue()


@pytest.mark.parametrize("word", ["q", "Q", "quit", "leave", "exit"])
def test_leaving_at_a_question_and_while_waiting(word):
    talk, _ = talk_with(f"{word}\n")
    with pytest.raises(LeaveError):
        talk.ask("side", "Which side?", one_of("left", "right"), idle=nothing)
    talk, _ = talk_with(f"\n{word}\n")
    pressed: list[None] = []

    def waiting():
        while True:
            pressed.extend([None] * talk.pressed())

    with pytest.raises(LeaveError):
        waiting()
    assert len(pressed) == 1


def test_what_is_typed_while_nothing_is_asked_answers_nothing():
    talk, _ = talk_with("\nyes\n")

    def waiting():
        while True:
            talk.heed()

    # Which has an end only when the two lines are gone.
    with pytest.raises(CalibrationError, match="The input has ended"):
        waiting()


def test_a_pipe_is_read_by_questions_alone():
    talk = Talk(Console(file=io.StringIO()), keyboard=Keyboard(io.StringIO("left\n")))
    for _ in range(100):
        talk.heed()
    assert talk.ask("side", "Which side?", one_of("left", "right"), idle=nothing) == "left"


def test_a_script_is_never_asked():
    talk = Talk(Console(file=io.StringIO()), yes=True)
    talk.heed()
    assert talk.ask("a", "A?", one_of("yes", "no"), default="no", idle=nothing) == "no"
    assert talk.ask("a", "A?", one_of("yes", "no"), by_yes="yes", idle=nothing) == "yes"
    with pytest.raises(CalibrationError, match=r"Nobody answers 'A\?'"):
        talk.ask("a", "A?", one_of("yes", "no"), idle=nothing)


def test_answers_come_in_their_order(tmp_path):
    file = tmp_path / "answers.txt"
    file.write_text("\ufeff# mine\naccept = repeat\n\naccept=accept\n", encoding="utf-8")
    answers = Answers(file, {"accept": "", "side": ""})
    assert [answers.take("accept") for _ in range(3)] == ["repeat", "accept", None]
    talk = Talk(Console(file=io.StringIO()), answers=Answers(file, {"accept": ""}))
    with pytest.raises(CalibrationError, match=r"Give it in the answers file \(side = …\)"):
        talk.ask("side", "Which side?", one_of("left"), by_yes="left", idle=nothing)
    # What Enter alone would mean needs no answer; what nobody else can accept is missed at once.
    assert talk.ask("a", "A?", one_of("yes", "no"), default="no", idle=nothing) == "no"
    with pytest.raises(CalibrationError, match=r"has no answer to 'B\?'"):
        talk.must_have("b", "B?")
    talk.must_have("accept", "Accept?")
    assert talk.unused == ["accept"]
    with pytest.raises(CalibrationError, match="The answer 'repeat' to 'Accept\\?' won't do"):
        talk.ask("accept", "Accept?", one_of("accept"), idle=nothing)
    file.write_text("sides = left\n")
    with pytest.raises(CalibrationError, match="line 1: 'sides = left' isn't an answer"):
        Answers(file, {"side": ""})
    with pytest.raises(CalibrationError, match="Can't read the answers"):
        Answers(tmp_path / "none", {})


@pytest.mark.parametrize(
    ("typed", "line"), [("\x1b[D5", "5"), ("\x1bOA\x1b[1;5C 10\x07", "10"), ("  left ", "left")]
)
def test_keys_that_are_no_text_are_left_out(typed, line):
    talk, _ = talk_with(f"{typed}\n")
    assert talk.ask("a", "A?", str, idle=nothing) == line


def test_a_log_has_a_status_a_second(clock):
    out = io.StringIO()
    talk = Talk(Console(file=out, width=200), yes=True, clock=clock)
    for tenth in range(25):
        talk.status(f"waiting, {tenth}")
        clock.sleep(0.1)
    assert out.getvalue().splitlines() == [f"  … waiting, {tenth}" for tenth in (0, 10, 20)]
    talk.quiet()
    talk.status("something else")  # at once
    assert out.getvalue().endswith("  … something else\n")


def test_a_terminal_shows_the_status_in_one_line_that_is_written_over(clock):
    talk, out = shown_at_a_terminal("\n", clock)
    talk.status("hang 5 kg: reading")
    talk.status("hang 5 kg: steady")
    while not talk.pressed():  # Enter moves the screen on by a line, which is taken back
        pass
    assert out.getvalue().endswith("\x1b[1A")
    talk.quiet()
    shown = out.getvalue()
    assert shown.index("… hang 5 kg: reading") < shown.index("… hang 5 kg: steady")
    between = shown[shown.index("reading") : shown.index("steady")]
    assert "\x1b[2K" in between  # the line is cleared
