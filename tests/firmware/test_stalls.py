"""A port whose host is gone costs sentences: never belt counts, never a reset."""

from __future__ import annotations

import pytest

PORT_STALLED = 16


def stall(box, kind):
    """Longer than the watchdog's patience, but for the one that takes real time: enough for it to
    fill what lies between the box and the host."""
    if kind == "uart":
        box.command({"do": "pace", "value": 1})
        box.stall(3)
    else:
        box.command({"do": "port_gone", "value": kind, "for_s": 30})


@pytest.mark.parametrize("kind", ["uart", "jtag", "usb"])
def test_a_stall_loses_sentences_only(boxes, kind):
    box, host = boxes()
    host.sentence("NOW")
    assert host.ask(1, "raw", 1)[1] == "ok"
    box.command({"do": "move_mm", "value": -40_000, "speed_m_s": 1.0})
    host.until(lambda name, values: name == "DST" and values[2] > 100)
    before = len(host.heard)
    stall(box, kind)
    host.until(lambda name, values: name == "NOW" and values[8] & PORT_STALLED)
    assert any(lost for _name, _seq, _values, lost in host.heard[before:])
    box.command({"do": "pace", "value": 20})
    # What was walked is all there, to the count: 0.1 mm.
    host.until(lambda name, values: name == "NOW" and values[2] == 0 and values[1] == 0)
    assert host.ask(2, "totals")[1] == "ok"
    t_ms = host.sentence("ZON")[0]
    assert host.sentence("DST")[:3] == [t_ms, 0, 40_000]
    assert host.ask(3, "identify")[1] == "ok"
    starts = [values for name, _seq, values, _lost in host.heard if name == "ID"]
    assert [values[4] for values in starts] == [1] * len(starts)
