"""Every fault by its name: its scenario, its flag in NOW, its words in `live` and in `doctor`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from beltbox.virtualbox import VirtualBox
from beltcore.host import flags


@dataclass(frozen=True)
class Fault:
    """A fault: its flag, the scenario in which it lasts to the end, what `doctor` says of it."""

    name: str
    scenario: str
    seconds: int
    """To play until it has been told."""
    subject: str
    said: str
    advice: str
    follows: tuple[str, ...] = ()
    """Flags that come with it."""


FAULTS = [
    Fault(
        "right_saturated",
        "saturated-cell",
        18,
        "right cell",
        "saturated: reads 8388607 in 100 % of its samples",
        "Check that E+ and E-, A+ and A- aren't swapped or broken (hardware/README.md, step 4).",
    ),
    Fault(
        "right_silent",
        "silent-cell",
        18,
        "right cell",
        "silent: it gives no samples",
        "Check its supply and its two wires, DOUT and SCK (hardware/README.md, step 3).",
    ),
    Fault(
        "left_silent",
        "shorted-cell",
        18,
        "left cell",
        "silent: it gives no samples; its data wire DOUT stays low",
        "DOUT lies at ground, or SCK doesn't reach the amplifier: check both wires, and its supply "
        "(hardware/README.md, step 3).",
        ("left_out_of_step",),
    ),
    Fault(
        "left_stuck",
        "stuck-cell",
        18,
        "left cell",
        "stuck: it repeats one value, also after a restart",
        "No cell is that quiet. Check its four wires to the amplifier "
        "(hardware/README.md, step 4).",
        ("left_silent",),
    ),
    Fault(
        "right_noisy",
        "loud-cell",
        20,
        "right cell",
        "N RMS from sample to sample",
        "Check its plugs, its shield, its ground, and that its screws are tight "
        "(hardware/README.md, step 4).",
    ),
    Fault(
        "right_slow",
        "slow-cell",
        14,
        "right cell",
        "slow: 10 samples a second",
        "The amplifier's RATE pin is low: tie it high for 80 (hardware/README.md, step 3).",
    ),
    Fault(
        "left_flipped",
        "flipped-cell",
        20,
        "left cell",
        "its sign is flipped: it reads a pull of 5",
        "Swap A+ and A- (hardware/README.md, step 4), or: beltbox calibrate rail",
    ),
    Fault(
        "encoder_one_sided",
        "one-sided-encoder",
        28,
        "belt",
        "counts to and fro, and the belt is where it was",
        "One of the encoder's channels is missing: check wires A and B "
        "(hardware/README.md, step 2).",
    ),
    Fault(
        "encoder_too_fast",
        "too-fast-encoder",
        28,
        "belt",
        "the encoder counted too fast for its input, at 0.001 mm a count: counts were lost",
        "Take a coarser encoder, or a larger wheel for it (hardware/README.md, step 2).",
    ),
    Fault(
        "left_zero_jumped",
        "zero-jump",
        36,
        "left cell",
        "its zero jumped, and isn't followed: +20.0 N from the settings' zero",
        "Let go of the rails: beltbox settings --tare. Again? A loose mount "
        "(hardware/README.md, step 5).",
    ),
]
# A conversion that ends while the one before is read may put an amplifier out of step at any time.
OUT_OF_STEP = {"left_out_of_step", "right_out_of_step"}
WORDS = {name: words for _, name, words in (*flags.CORE, *flags.BOX)}

each = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.scenario)


@each
def test_its_flag_comes_in_the_sentences_and_no_other(record, fault: Fault):
    rows = record(fault.scenario, fault.seconds).session.segments[-1].metrics
    out_of_step = flags.LEFT_OUT_OF_STEP | flags.RIGHT_OUT_OF_STEP
    assert rows[20].flags == 0 or fault.name == "right_slow"
    assert (rows[20].box_flags or 0) & ~out_of_step == 0
    names = set()
    for row in rows:
        names |= {name for bit, name, _ in flags.CORE if (row.flags or 0) & bit}
        names |= {name for bit, name, _ in flags.BOX if (row.box_flags or 0) & bit}
    assert names - OUT_OF_STEP == {fault.name, *fault.follows} - OUT_OF_STEP
    assert names >= {fault.name, *fault.follows}
    # It lasts: the last rows have it, too.
    last = flags.told(rows[-1].flags or 0, rows[-1].box_flags or 0)
    assert (fault.name, WORDS[fault.name]) in last


@each
def test_live_and_the_doctor_say_so_and_nothing_else(box, start, run, tmp_path: Path, fault: Fault):
    # Full speed would take the processor from the programs that start.
    running: VirtualBox = box(fault.scenario, wait_for_host=True, speed=10)
    port = ("--port", tmp_path / "box")
    live = start("live", *port, "--seconds", fault.seconds + 6)
    assert live.end() == 0, live.said
    said = {name for name, words in WORDS.items() if words in live.said}
    assert said - OUT_OF_STEP - set(fault.follows) == {fault.name}

    doctor = run("doctor", *port, "--seconds", 4)
    assert doctor.status == 1
    text = doctor.said
    assert text.count(" BAD ") == 1
    assert f"BAD {fault.subject}" in text
    assert fault.said in text
    assert fault.advice in text
    assert text.endswith("1 thing is bad.")

    ran = run("doctor", *port, "--seconds", 4, "--json")
    assert ran.status == 1
    (bad,) = (finding for finding in json.loads(ran.out)["findings"] if finding["level"] == "bad")
    assert (bad["subject"], bad["fault"]) == (fault.subject, fault.name)
    assert fault.said in bad["text"]
    assert fault.advice == bad["advice"]
    assert running.running()
