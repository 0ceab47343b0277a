"""Every fault by its name: a scenario in which it happens, its flag in NOW, its words in `live`."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from beltbox.live import PlainView
from beltbox.now import Now
from beltcore import flags

# How long to play until it is told, in the box's seconds.
FAULTS = [
    ("unplugged-cell", 26, "left_silent"),
    ("faulty-cells", 29, "left_stuck"),
    ("faulty-cells", 44, "right_saturated"),
    ("zero-jump", 36, "left_zero_jumped"),
    ("loud-cell", 20, "right_noisy"),
    ("slow-cell", 14, "right_slow"),
    ("flipped-cell", 20, "left_flipped"),
    ("one-sided-encoder", 28, "encoder_one_sided"),
    ("too-fast-encoder", 28, "encoder_too_fast"),
]
# What comes before the fault in its scenario, or with it. A conversion that ends while the one
# before is read may put an amplifier out of step at any time.
BESIDE = {
    "left_stuck": {"left_silent"},
    "right_saturated": {"left_silent", "left_stuck", "right_silent", "right_stuck"},
}
OUT_OF_STEP = {"left_out_of_step", "right_out_of_step"}


@pytest.mark.parametrize(("scenario", "seconds", "name"), FAULTS)
def test_a_fault_has_a_flag_and_words(record, scenario: str, seconds: int, name: str):
    rows = record(scenario, seconds).session.segments[-1].metrics
    assert rows[20].flags == 0 or name == "right_slow"
    out_of_step = flags.LEFT_OUT_OF_STEP | flags.RIGHT_OUT_OF_STEP
    assert (rows[20].box_flags or 0) & ~out_of_step == 0
    told = set()
    for row in rows:
        told |= {one for bit, one, _ in flags.CORE if (row.flags or 0) & bit}
        told |= {one for bit, one, _ in flags.BOX if (row.box_flags or 0) & bit}
    assert told - OUT_OF_STEP - BESIDE.get(name, set()) == {name}

    text = next(words for _, one, words in (*flags.CORE, *flags.BOX) if one == name)
    flagged = next(
        row
        for row in rows
        if text in flags.words(flags.CORE, row.flags or 0)
        or text in flags.words(flags.BOX, row.box_flags or 0)
    )
    out = io.StringIO()
    now = Now()
    now.row = flagged
    PlainView(Console(file=out, width=400)).show(now)
    assert text in out.getvalue()
