"""After a Ctrl-C: how long is waited, for what, and what the watchdog is set to."""

from __future__ import annotations

import pytest

# A port at which things happen at certain times, in ms: "c" is a Ctrl-C, "k" a key.
PREPARE = """
import machine
from box import ctrl_c

now_ms = 0
class Select:
    POLLIN = 1
    def __init__(self, happens):
        self.happens = happens
    def register(self, *_):
        pass
    def poll(self, for_ms=None):
        global now_ms
        if for_ms is None:
            return self
        if self.happens and self.happens[0][0] <= now_ms + for_ms:
            now_ms, what = self.happens.pop(0)
            if what == "c":
                raise KeyboardInterrupt
            return [what]
        now_ms += for_ms
        return []

def wait(*happens):
    ctrl_c.select = Select(list(happens))
    ctrl_c.ticks_ms = lambda: now_ms
    machine.rtc_memory = b"BB\\x02\\x01"
    try:
        ctrl_c.wait()
        end = "prompt"
    except SystemExit:
        end = "start"
    print(end, now_ms, machine.watchdog, machine.rtc_memory)
"""
SHORT, LONG = 60_000, 3_600_000


@pytest.mark.parametrize(
    ("happens", "end", "at_ms"),
    [
        ("", "start", 10_000),
        ("(9_999, 'k'),", "prompt", 9_999),
        ("(0, 'k'),", "prompt", 0),
        # Another Ctrl-C is no key, and begins the ten seconds anew.
        ("(9_000, 'c'),", "start", 19_000),
        ("(9_000, 'c'), (18_500, 'k'),", "prompt", 18_500),
        # Noise that doesn't end.
        ("*[(ms, 'c') for ms in range(0, 90_000, 500)],", "start", 30_000),
        # mpremote, which begins at the very end.
        ("(9_999, 'c'), (10_300, 'k'),", "prompt", 10_300),
    ],
)
def test_ten_seconds_without_anything_start_the_app(on_box, happens, end, at_ms):
    last = on_box(PREPARE + f"wait({happens})")[-1]
    watchdog = [SHORT, LONG] if end == "prompt" else [SHORT]
    assert last == f"{end} {at_ms} {watchdog} b''"


def test_an_interrupt_elsewhere_leaves_a_watchdog_that_starts_the_app(on_box):
    """The box isn't lost at the REPL then: no watchdog of an hour, and none of the app's."""
    lines = on_box(
        PREPARE
        + """
def interrupted(*_):
    raise KeyboardInterrupt
ctrl_c.print = interrupted
try:
    wait()
except KeyboardInterrupt:
    print(machine.watchdog, machine.rtc_memory)
"""
    )
    assert lines[-1] == f"[{SHORT}] b''"
