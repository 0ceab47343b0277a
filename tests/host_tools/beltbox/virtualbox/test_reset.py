"""Resets: what the board forgets, what flash keeps, what goes on meanwhile."""

from __future__ import annotations

import itertools

import pytest

# Runs `first` on the first boot and `then` on later ones; the boot count is kept in the NVS.
BOOTS = """
import time, machine
from esp32 import NVS
nvs = NVS("test")
try:
    boot = nvs.get_i32("boot") + 1
except OSError as error:
    print(error.args[1])
    boot = 1
nvs.set_i32("boot", boot)
nvs.commit()
"""


def test_reset_keeps_flash_and_world_and_restarts_the_rest(play, scenario, read_truth, tmp_path):
    truth = tmp_path / "truth.csv"
    program = BOOTS + (
        "from machine import Encoder, Pin\n"
        "encoder = Encoder(0, Pin(34), Pin(35))\n"
        "print(boot, machine.reset_cause(), time.ticks_ms() < 400, abs(encoder.value()) < 10)\n"
        "time.sleep_ms(700)\n"
        "if boot == 1:\n"
        "    with open('kept.txt', 'w') as file:\n        file.write('from before')\n"
        "    nvs.set_i32('lost', 5)\n"
        "    machine.reset()\n"
        "    print('never')\n"
        "print(open('kept.txt').read())\n"
        "try:\n"
        "    nvs.get_i32('lost')\n"
        "except OSError as error:\n"
        "    print(error.args)\n"
    )
    walk = [{"at_s": 0, "m_s": 1, "ramp_s": 0.2}]
    lines = play(program, scenario(walk=walk, duration_s=4), truth=truth)
    assert lines == [
        "ESP_ERR_NVS_NOT_FOUND",
        "1 1 True True",
        "2 2 True True",
        "from before",
        "(-4354, 'ESP_ERR_NVS_NOT_FOUND')",
    ]
    rows = read_truth(truth)
    restarts = [
        (before, after)
        for before, after in itertools.pairwise(rows)
        if after["ticks_us"] < before["ticks_us"]
    ]
    ((before, after),) = restarts
    assert (before["boots"], after["boots"]) == (1, 2)
    assert after["t_us"] - before["t_us"] == 10_000
    assert after["ticks_us"] < 10_000
    # The belt went on while the box booted.
    booting = [row for row in rows if 0 <= row["t_us"] - after["t_us"] < 300_000]
    assert booting[0]["position_mm"] - booting[-1]["position_mm"] > 200


@pytest.mark.parametrize(
    ("trigger", "cause"),
    [
        ("machine.reset()", 2),
        ("machine.WDT(timeout=1000); time.sleep_ms(1500); print('starved')", 3),
        ("time.sleep_ms(2000); print('not reset')", 1),  # by the script's button
        ("machine.soft_reset()", 5),
        ("raise SystemExit", 5),
    ],
)
def test_every_reset_tells_its_cause(play, scenario, trigger, cause):
    program = BOOTS + f"if boot == 1:\n    {trigger}\nprint(machine.reset_cause(), boot)\n"
    button = [{"at_s": 1.9, "kind": "reset"}] if "not reset" in trigger else []
    lines = play(program, scenario(event=button))
    assert lines[-1] == f"{cause} 2"
    assert not {"starved", "not reset"} & set(lines)


def test_a_fed_watchdog_is_quiet(play, scenario):
    program = BOOTS + (
        "wdt = machine.WDT(timeout=1000)\n"
        "for _ in range(30):\n"
        "    time.sleep_ms(90)\n    wdt.feed()\n"
        "print('alive', boot)\nwdt = machine.WDT(timeout=60000)\n"
    )
    assert play(program, scenario())[-1] == "alive 1"


def test_no_except_clause_stops_a_reset(play, scenario):
    program = BOOTS + (
        "if boot == 1:\n"
        "    try:\n        machine.reset()\n"
        "    except BaseException:\n        pass\n"
        "    time.sleep_ms(1)\n    print('survived')\n"
        "print('boot', boot)\n"
    )
    lines = play(program, scenario())
    assert lines[-1] == "boot 2"
    assert "survived" not in lines


def test_modules_are_loaded_anew_after_a_reset(play, scenario):
    program = BOOTS + (
        "if boot == 1:\n"
        "    with open('counter.py', 'w') as file:\n        file.write('value = 1')\n"
        "import counter\n"
        "print(counter.value)\n"
        "counter.value = 7\n"
        "if boot == 1:\n    machine.reset()\n"
    )
    lines = play(program, scenario())
    assert lines[-2:] == ["1", "1"]


def test_flash_and_settings_outlast_the_power_in_a_state_file(play, scenario, tmp_path):
    program = BOOTS + "print(boot)\n"
    state = tmp_path / "flash.img"
    assert play(program, scenario(), state=state)[-1] == "1"
    assert play(program, scenario(), state=state)[-1] == "2"
    assert play(program, scenario())[-1] == "1"


def test_nvs_refuses_what_the_chip_refuses(play, scenario):
    program = BOOTS + (
        "def attempt(work):\n"
        "    try:\n        print(work())\n"
        "    except Exception as error:\n        print(type(error).__name__, error.args[-1])\n"
        "nvs.set_blob('blob', b'\\x00\\xff')\n"
        "nvs.commit()\n"
        "buffer = bytearray(4)\n"
        "print(nvs.get_blob('blob', buffer), bytes(buffer))\n"
        "attempt(lambda: nvs.set_i32('a' * 16, 1))\n"
        "attempt(lambda: nvs.set_i32('big', 1 << 31))\n"
        "attempt(lambda: nvs.get_i32('blob'))\n"
        "attempt(lambda: nvs.get_blob('blob', bytearray(1)))\n"
        "nvs.erase_key('blob')\n"
        "attempt(lambda: nvs.erase_key('blob'))\n"
    )
    assert play(program, scenario())[-6:] == [
        "2 b'\\x00\\xff\\x00\\x00'",
        "OSError ESP_ERR_NVS_KEY_TOO_LONG",
        "OverflowError overflow converting int to i32",
        "OSError ESP_ERR_NVS_NOT_FOUND",
        "OSError ESP_ERR_NVS_INVALID_LENGTH",
        "OSError ESP_ERR_NVS_NOT_FOUND",
    ]
