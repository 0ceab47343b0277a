"""The doctor's judgement: each thing that can be wrong is named, and nothing that isn't."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from beltbox.doctor.examination import Examination
from beltbox.doctor.findings import Finding, judge
from beltbox.doctor.sensors import Belt, Cell
from beltbox.link.health import Health
from beltbox.link.meeting import Identity
from beltcore import settings as declared
from beltcore.version import FIRMWARE_VERSION

WHO = Identity(1, FIRMWARE_VERSION, "esp32_devkit", "box", 3, "power", "ABCD", "1.28.0")
RESETS = dict.fromkeys(("powers", "hards", "watchdogs", "sleeps", "softs", "unknowns"), 0)
HEALTHY = Health(
    machine="Generic ESP32 module with ESP32",
    serial="00",
    power=3,
    uptime_s=60,
    ram_free=90_000,
    ram_used=60_000,
    flash_free_kb=1500,
    flash_kb=2048,
    tick_mean_us=1200,
    tick_worst_us=60_000,
    resets=RESETS | {"powers": 3},
    crashes=0,
)
SOUND = Cell(800, 80.0, 400, 0.0, 0.0, 1, 900, 0.5, 0.2, 0.5, 0.1, 0.2)
WELL = Examination(
    identity=WHO,
    health=HEALTHY,
    settings=declared.defaults(),
    seconds=10,
    rows=[],
    cells={"left": SOUND, "right": SOUND},
    belt=Belt(500, 400, 500, 50, 40),
    good=900,
    damaged=0,
    repeated=0,
    missing=0,
    flags=0,
    box_flags=0,
    crash_count=0,
    crash_lines=[],
    console=[],
    events=[],
)


def found(level: str, **changes: Any) -> list[Finding]:
    return [one for one in judge(dataclasses.replace(WELL, **changes)) if one.level == level]


def test_a_sound_box_is_all_good():
    assert {finding.level for finding in judge(WELL)} == {"good"}


def left(**changes: Any) -> dict[str, Any]:
    return {"cells": {"left": dataclasses.replace(SOUND, **changes), "right": SOUND}}


def health(**changes: Any) -> dict[str, Any]:
    return {"health": dataclasses.replace(HEALTHY, **changes)}


BAD = [
    ({"identity": dataclasses.replace(WHO, micropython="1.25.0")}, "MicroPython", "1.25", "1.26"),
    (health(ram_free=9_000), "memory", "9 kB free", "reset"),
    (health(tick_mean_us=7_000), "loop", "7.0 ms of 12.5 ms", "keeps up"),
    (left(samples=0, samples_a_second=0), "left cell", "no samples", "DOUT"),
    (left(samples=100, samples_a_second=10), "left cell", "10 samples a second", "RATE"),
    (left(samples=400, samples_a_second=40), "left cell", "40 samples a second", "80 are due"),
    (left(saturated_share=1, highest=0x7FFFFF), "left cell", "8388607", "E+"),
    (left(saturated_share=0.1, lowest=-0x800000), "left cell", "-8388608 in 10 %", "E+"),
    (left(unique_values=2), "left cell", "2 different values in 800", "wires"),
    (left(noise_n=4.0), "left cell", "noisy: 4.00 N", "shield"),
    (left(drift_n_a_minute=-4.0), "left cell", "drift -4.0 ± 0.2 N a minute", "warm"),
    (left(noise_n=None), "left cell", "too few", ""),
    ({"belt": Belt(300, 299, 1, 30, 29.9)}, "belt", "599 counts to and fro", "A and B"),
    ({"missing": 3}, "sentences", "3 missing", "cable"),
    ({"damaged": 1}, "sentences", "1 damaged", "cable"),
    ({"crash_count": 2, "crash_lines": ["Trace", "E: x"]}, "crashes", "the last: E: x", "bundle"),
    ({"flags": 4}, "the box says", "the left cell is saturated", ""),
    ({"box_flags": 16}, "the box says", "the serial port held", ""),
    (left(samples=0) | {"flags": 1, "box_flags": 1}, "left cell", "DOUT stays low", "at ground"),
    (
        left(samples=0) | {"flags": 1, "box_flags": 4},
        "left cell",
        "stuck: it repeats",
        "four wires",
    ),
    (left(samples=300) | {"flags": 1}, "left cell", "gave 300 samples only", "DOUT"),
    (left(samples_a_second=120), "left cell", "120 samples a second", "80 are due"),
    ({"flags": 256}, "left cell", "noisy: 0.20 N RMS from sample to sample now", "shield"),
    ({"flags": 512}, "right cell", "noisy", "shield"),
    ({"flags": 1024}, "left cell", "slow: 80 samples a second", "80 are due"),
    (left(mean_n=-40.0) | {"flags": 4096}, "left cell", "a pull of 40.0 N", "Swap A+ and A-"),
    (left(mean_n=40.0) | {"flags": 4096}, "left cell", "read a pull for seconds", "calibrate"),
    (left(mean_n=20.0) | {"flags": 64}, "left cell", "zero jumped, and isn't", "--tare"),
    ({"flags": 16384}, "belt", "one-sided: its count only went to and fro", "A and B"),
    ({"box_flags": 64}, "belt", "too fast for its input, at 0.1 mm a count", "coarser"),
]
# By the names of their flags, for scripts.
FAULTS = [
    (left(samples=0), "left_silent"),
    (left(unique_values=2), "left_stuck"),
    (left(saturated_share=1, unique_values=1, highest=0x7FFFFF), "left_saturated"),
    (left(samples_a_second=10), "left_slow"),
    (left(noise_n=4.0), "left_noisy"),
    ({"belt": Belt(300, 299, 1, 30, 29.9)}, "encoder_one_sided"),
    ({"box_flags": 8}, "right_stuck"),
    ({"flags": 32}, "belt_jump"),
    ({"missing": 3}, ""),
]


@pytest.mark.parametrize(("changes", "name"), FAULTS)
def test_a_fault_has_the_name_of_its_flag(changes, name):
    (finding,) = found("bad", **changes)
    assert finding.fault == name
    assert not any(
        one.fault for one in judge(dataclasses.replace(WELL, **changes)) if one != finding
    )


@pytest.mark.parametrize(("changes", "subject", "text", "advice"), BAD)
def test_what_is_bad_is_named_alone_and_with_advice(changes, subject, text, advice):
    (finding,) = found("bad", **changes)
    assert finding.subject == subject
    assert text in finding.text
    assert advice in finding.advice


NOTES = [
    ({"identity": dataclasses.replace(WHO, firmware="0.0.1")}, "firmware", "0.0.1", "flash"),
    ({"health": None}, "health", "doesn't tell", "flash"),
    (health(flash_free_kb=50), "flash", "50 of 2048 kB", "pull"),
    (health(tick_worst_us=900_000), "loop", "900.0 ms at worst", "held it up"),
    (health(resets=RESETS | {"watchdogs": 2}), "starts", "2 by the watchdog", "bundle"),
    ({"cells": {"left": None, "right": SOUND}}, "left cell", "none", "calibrate rail"),
    (left(spike_share=0.004), "left cell", "0.4 % of samples are spikes", "removed"),
    (left(wander_n=9.0), "left cell", "moved by 9.0 N", "hand"),
    (left(mean_n=-12.0), "left cell", "-12.0 N from its zero", "--tare"),
    ({"belt": Belt(3, 2, 5, 0.3, 0.2)}, "belt", "stood still", "both ways"),
    ({"belt": Belt(500, 0, 500, 50, 0)}, "belt", "50 mm forward, 0 mm backward", "one direction"),
    ({"events": ["The box was reset (hard)."]}, "link", "was reset", ""),
    ({"box_flags": 2}, "the box says", "the right amplifier lost step", "shorter wires"),
]


@pytest.mark.parametrize(("changes", "subject", "text", "advice"), NOTES)
def test_what_is_worth_knowing_isnt_bad(changes, subject, text, advice):
    assert not found("bad", **changes)
    (finding,) = found("note", **changes)
    assert finding.subject == subject
    assert text in finding.text
    assert advice in finding.advice


def test_a_drift_within_its_uncertainty_isnt_one():
    assert not found("bad", **left(drift_n_a_minute=4.0, drift_u_n_a_minute=1.5))
