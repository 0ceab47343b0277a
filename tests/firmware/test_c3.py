"""The ESP32-C3, which has no pulse counter: the whole box with its encoder by Pin.irq.

The virtual box runs handlers late, drops what its queue of 8 doesn't hold, and writes the flash
while the belt runs, as a board does.
"""

from __future__ import annotations

import pytest

UM_PER_COUNT = 2_000
# Around each session's start. LittleFS needs an erase (45 ms) more or not, by how the flash happens
# to be filled: from 0 to 12 mm were lost as files of other sizes lay beside.
START_MM = 14


@pytest.mark.parametrize(
    ("counts_s", "walked_m", "lost_permille", "way"),
    # The session's start alone is written in the first; its blocks in the last, too.
    [(500, 8, 0, 1), (1500, 20, 10, -1), (1000, 60, 10, -1), (250, 10, 6, 1)],
)
def test_counts_by_interrupts(boxes, counts_s, walked_m, lost_permille, way):
    box, host = boxes(board="esp32_c3", belt={"mm_per_count": UM_PER_COUNT / 1000})
    assert host.sentence("ID")[2] == "esp32_c3"
    host.sentence("NOW")
    speed_m_s = counts_s * UM_PER_COUNT / 1e6
    walked_mm = walked_m * 1000
    box.command({"do": "move_mm", "value": way * walked_mm, "speed_m_s": speed_m_s})
    host.until(lambda name, values: name == "NOW" and values[2] != 0)
    host.until(lambda name, values: name == "NOW" and values[1] == values[2] == 0)
    host.ask(1, "totals")
    host.sentence("ZON")
    _t_ms, forward_mm, backward_mm = host.sentence("DST")[:3]
    counted_mm, wrong_mm = (forward_mm, backward_mm)[::way]
    assert wrong_mm == 0
    assert 0 <= walked_mm - counted_mm <= START_MM + walked_mm * lost_permille // 1000
