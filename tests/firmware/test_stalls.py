"""A port whose host is gone costs sentences: never belt counts, never a reset."""

from __future__ import annotations

import pytest

PORT_STALLED = 16


# A native port's is longer than the watchdog's patience. A write to a UART lasts as long as all of
# its stall.
@pytest.mark.parametrize(("kind", "for_s"), [("uart", 3), ("jtag", 30), ("usb", 30)])
def test_a_stall_loses_sentences_only(boxes, kind, for_s):
    box, host = boxes()
    host.sentence("NOW")
    assert host.ask(1, "raw", 1)[1] == "ok"
    box.command({"do": "move_mm", "value": -40_000, "speed_m_s": 1.0})
    host.until(lambda name, values: name == "DST" and values[2] > 100)
    before = len(host.heard)
    box.command({"do": "port_gone", "value": kind, "for_s": for_s})
    host.until(lambda name, values: name == "NOW" and values[8] & PORT_STALLED)
    assert any(lost for _name, _seq, _values, lost in host.heard[before:])
    # What was walked is all there, to the count: 0.1 mm.
    host.until(lambda name, values: name == "NOW" and values[2] == 0 and values[1] == 0)
    assert host.ask(2, "totals")[1] == "ok"
    t_ms = host.sentence("ZON")[0]
    assert host.sentence("DST")[:3] == [t_ms, 0, 40_000]
    assert host.ask(3, "identify")[1] == "ok"
    starts = [values for name, _seq, values, _lost in host.heard if name == "ID"]
    assert [values[4] for values in starts] == [1] * len(starts)
