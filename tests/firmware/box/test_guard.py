"""Safe mode and the watchdog: when the app may start, and what the chip remembers."""

from __future__ import annotations

import pytest

# reset causes of the stand-in: 1 power, 2 hard, 3 watchdog, 5 soft
PREPARE = """
import machine
from box import crash, guard, safe_mode
crash.PATH = "c.json"

class Board:
    FREE_PIN = 4
    def __init__(self, button):
        self.BOOT_BUTTON = button

def why_safe(cause, board=Board(0)):
    global box
    machine.cause = cause
    box = guard.Guard()
    return safe_mode.why(box, board)

def crashed():
    return box.crashed(ValueError("planted"))

def feed(times):
    box.watch()
    for _ in range(times):
        box.feed()
"""
TOO_MANY = "3 crashes in a row, the last: ValueError: planted"
WATCHDOG = "the watchdog had to reset the box. Reset it to start"
BUTTON = "the BOOT button is held. Let go and reset the box"


@pytest.fixture
def guard(on_box):
    """guard(*expressions): what each gives."""

    def run(*expressions):
        return on_box(PREPARE + "".join(f"print({text})\n" for text in expressions))

    return run


@pytest.mark.parametrize("fed", [1, 300])
@pytest.mark.parametrize(
    ("cause", "reason"), [(1, None), (2, None), (3, WATCHDOG), (4, None), (5, None)]
)
def test_only_a_watchdog_reset_is_a_cause_for_safe_mode(guard, cause, reason, fed):
    assert guard("why_safe(1)", f"feed({fed})", f"why_safe({cause})")[-1] == str(reason)


def test_a_watchdog_that_isnt_the_apps_is_none(guard):
    """A tool that flashes, an emulator, an hour at the REPL."""
    assert guard("why_safe(3)") == ["None"]
    assert guard("why_safe(1)", "feed(300)", "box.rest()", "why_safe(3)")[-1] == "None"


def test_a_watchdog_between_two_runs_of_an_app_that_crashes_is(guard):
    assert guard("why_safe(1)", "crashed()", "why_safe(3)")[-1] == WATCHDOG


def test_a_held_button_is(guard):
    assert guard(
        "machine.pin_levels.update({9: 0})",
        "why_safe(1, Board(0))",
        "why_safe(1, Board(9))",
        "why_safe(1, None)",
    ) == ["None", "None", BUTTON, "None"]


def test_a_chip_of_which_every_input_reads_low_has_no_held_button(guard):
    assert guard("machine.pin_levels.update({0: 0, 4: 0})", "why_safe(1)") == ["None", "None"]


def test_the_third_crash_in_a_row_is(guard):
    told = guard("why_safe(1)", "crashed()", "crashed()", "crashed()", "crash.load()[0]")
    assert told == ["None", "None", "None", TOO_MANY, "3"]


def test_after_that_it_may_start_again(guard):
    told = guard("why_safe(1)", "crashed()", "crashed()", "crashed()", "why_safe(2)", "crashed()")
    assert told[-3:] == [TOO_MANY, "None", "None"]


def test_crashes_count_over_resets_but_not_over_the_power(guard):
    told = guard("why_safe(1)", "crashed()", "why_safe(5)", "crashed()", "why_safe(2)", "crashed()")
    assert told[-1] == TOO_MANY
    told = guard("why_safe(1)", "crashed()", "why_safe(5)", "crashed()", "why_safe(1)", "crashed()")
    assert told[-1] == "None"


def test_half_a_minute_of_ticks_ends_the_row(guard):
    two = ("why_safe(1)", "crashed()", "crashed()")
    assert guard(*two, "feed(299)", "crashed()")[-1] == TOO_MANY
    assert guard(*two, "feed(300)", "crashed()")[-1] == "None"


def test_a_chip_that_fell_over_has_crashed(guard):
    """A hard reset in the first half minute, without Ctrl-C before it."""
    panic = ("feed(5)", "why_safe(2)")
    assert guard("why_safe(1)", *panic * 3)[-1] == "3 crashes in a row, the last: the chip itself"
    assert guard("why_safe(1)", *panic * 2)[-1] == "None"
    assert guard("why_safe(1)", *("feed(300)", "why_safe(2)") * 3)[-1] == "None"
    # mpremote's reset: Ctrl-C, then machine.reset().
    assert guard("why_safe(1)", *("feed(5)", "box.rest()", "why_safe(2)") * 3)[-1] == "None"


def test_foreign_memory_is_no_crash(guard):
    assert guard("setattr(machine, 'rtc_memory', b'\\xff' * 4)", "why_safe(2)")[-1] == "None"
    assert guard("setattr(machine, 'rtc_memory', b'BB')", "why_safe(2)")[-1] == "None"


def test_the_watchdog_is_given_an_hour_before_the_repl(guard):
    assert guard("why_safe(1)", "feed(1)", "box.rest()", "machine.watchdog")[-1] == (
        "[10000, 'fed', 3600000]"
    )


def test_without_a_watchdog_none_is_started_for_the_repl(guard):
    assert guard("why_safe(3)", "box.rest()", "machine.watchdog")[-1] == "[]"


def test_a_second_ctrl_c_doesnt_leave_the_watchdog_short(on_box):
    lines = on_box(
        PREPARE
        + """
why_safe(1)
feed(0)
real = guard.WDT
def interrupted(timeout):
    guard.WDT = real
    raise KeyboardInterrupt
guard.WDT = interrupted
box.rest()
print(machine.watchdog)
"""
    )
    assert lines == ["[10000, 3600000]"]


def test_news_tell_of_the_crash_even_if_it_cant_be_kept(guard):
    told = guard("why_safe(1)", "crashed()", "box.news")
    assert told[-1] == "crash 1, started again: ValueError: planted"
    told = guard("setattr(crash, 'PATH', 'nowhere/c.json')", "why_safe(1)", "crashed()", "box.news")
    assert told[-1] == "a crash, not kept, started again: ValueError: planted"
