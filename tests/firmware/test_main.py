"""main.py on the virtual box: crashes, hangs, a held button, Ctrl-C; always a way to the REPL."""

from __future__ import annotations


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


def test_ctrl_c_gives_the_board_away_for_longer_than_the_watchdog(boxes):
    box, host = boxes(duration_s=40)
    host.sentence("NOW")
    host.send(b"\x03")
    host.text("MicroPython v")
    host.listen_while(box.running)
    # A reset would have been told by the ROM.
    assert [values for name, _seq, values, _lost in host.seen if name == ""][-1] == [">>>"]
