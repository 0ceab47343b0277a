"""main.py on the virtual box: crashes, hangs, a held button, Ctrl-C; always a way to the REPL."""

from __future__ import annotations

import pytest


def test_three_crashes_lead_to_the_repl(boxes):
    box, host = boxes("raise ValueError('planted')")
    for crash in (1, 2):
        host.text("ValueError: planted")
        assert host.sentence("ID")[4] == crash + 1  # a start each
        assert host.log("crash") == f"crash {crash}; started again: ValueError: planted"
    assert host.log("safe mode") == ("safe mode: 3 crashes in a row; the last: ValueError: planted")
    host.text("MicroPython v")
    # The button: another try.
    box.reset()
    host.log("crash 4")


def test_a_crash_is_kept_and_the_loop_goes_on(boxes):
    _box, host = boxes("if not guard.news: 1 // 0")
    host.log("crash 1")
    host.sentence("NOW")
    assert host.ask(1, "crash")[1:] == ["ok", "1 4", "ok"]
    assert host.ask(2, "crash", 3)[1:] == ["ok", "ZeroDivisionError: divide by zero", "ok"]


def test_a_file_that_doesnt_compile_is_a_crash_too(boxes):
    _box, host = boxes("this is no Python")
    assert host.log("safe mode") == (
        "safe mode: 3 crashes in a row; the last: SyntaxError: invalid syntax"
    )


def test_a_loop_that_doesnt_tick_is_reset_and_ends_in_safe_mode(boxes):
    box, host = boxes("while self._ticks >= 0: sleep_ms(1)")
    host.text("E (0) task_wdt")
    assert host.sentence("ID")[5] == "watchdog"
    assert (
        host.log("safe mode") == "safe mode: the watchdog had to reset the box. Reset it to start"
    )
    host.text("MicroPython v")
    box.reset()
    assert host.sentence("ID")[5] == "power"


def test_a_held_button_leads_to_the_repl_and_settings_stay(boxes):
    box, host = boxes()
    assert host.ask(1, "set", "box_name", "kept")[1] == "ok"
    box.command({"do": "pin", "id": 0, "value": 0})
    box.reset()
    host.until(lambda name, values: name == "ID" and values[3] == "kept")
    assert host.log("safe mode").startswith("safe mode: the BOOT button is held")
    box.command({"do": "pin", "id": 0, "value": None})
    host.text("MicroPython v")
    host.send(b"\x04")
    assert host.sentence("NOW")
    assert host.ask(2, "get", "box_name")[2] == "box_name=kept"


def test_ctrl_c_and_a_key_give_the_board_away_for_longer_than_the_watchdog(boxes):
    box, host = boxes(duration_s=140)
    host.sentence("NOW")
    host.send(b"\x03")
    host.text("Ctrl-C: BeltBox is stopped. Press Enter within 10 s")
    host.send(b"\r")
    host.text("MicroPython v")
    host.listen_while(box.running)
    # A reset would have been told by the ROM. The key itself reached the prompt.
    shown = [values for name, _seq, values, _lost in host.seen if name == ""]
    assert shown[-2:] == [[">>>"], [">>>"]]


def started_again(host):
    """After a Ctrl-C that nothing followed."""
    host.text("Nothing came: BeltBox starts again.")
    identity = host.sentence("ID")
    host.sentence("NOW")
    return identity


def test_the_app_goes_on_after_a_ctrl_c_that_nothing_follows(boxes):
    _box, host = boxes()
    host.sentence("NOW")
    for start in (2, 3, 4, 5):
        host.send(b"\x03")
        host.text("Ctrl-C: BeltBox is stopped.")
        assert started_again(host)[4:6] == [start, "soft"]
    # None of them was a crash, and the time at the prompt is no longer the watchdog's.
    assert host.ask(1, "crash")[2] == "0 0"


@pytest.mark.parametrize("heard", ["the ROM", "ID", "BEG", "NOW"])
def test_the_app_starts_after_ctrl_cs_at_any_moment(boxes, heard):
    """Noise comes in bursts, and doesn't wait for the app to loop."""
    box, host = boxes()
    host.sentence("NOW")
    box.reset()
    host.text("entry 0x")
    if heard != "the ROM":
        host.sentence(heard)
    host.send(b"\x03" * 40)
    host.text("Ctrl-C: BeltBox is stopped.")
    host.send(b"\x03" * 3)
    started_again(host)
    assert host.ask(1, "crash")[2] == "0 0"
    assert not [values for name, _, values, _ in host.heard if "safe mode" in str(values)]


def test_a_watchdog_that_bites_in_the_app_after_a_ctrl_c_still_leads_to_safe_mode(boxes):
    """The app's own time is set again after the time at the prompt."""
    _box, host = boxes("if self._boots > 1:\n            while self._ticks >= 0: sleep_ms(1)")
    host.sentence("NOW")
    host.send(b"\x03")
    host.text("Nothing came: BeltBox starts again.")
    host.text("E (0) task_wdt")
    assert host.log("safe mode").startswith("safe mode: the watchdog had to reset the box")
