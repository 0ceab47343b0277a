"""Power and flash: cuts, what lasts and what doesn't, blank boards, sizes."""

from __future__ import annotations

import pytest

from beltbox.virtualbox import VirtualBox, VirtualBoxError

# Longer than any test: a box must not end before its host.
LONG_S = 100_000
# Nothing rests on it: only a box that hangs takes so long.
HANGS_S = 180

COUNT_BOOTS = """
import os
try:
    with open("/boots") as file:
        boots = int(file.read()) + 1
except OSError:
    boots = 1
with open("/boots", "w") as file:
    file.write(str(boots))
print("boot", boots)
"""


def test_a_box_starts_again_after_a_power_cut(boxes, scenario):
    box, host = boxes(COUNT_BOOTS, scenario(duration_s=LONG_S), speed=10)
    host.read_until(b"boot 1\r\n")
    box.power_cut()
    host.read_all()  # hangs up
    assert not box.running()
    with pytest.raises(VirtualBoxError, match="unplugged"):
        _ = box.port
    with pytest.raises(VirtualBoxError, match="isn't running"):
        box.power_cut()
    box.plug()
    again = type(host)(box.port)
    box.power_on()
    again.read_until(b"boot 2\r\n")
    again.close()


def test_firmware_that_was_changed_on_the_box_stays_changed(boxes, scenario):
    program = "with open('/main.py', 'w') as file: file.write('print(\"changed\")')\nprint('done')"
    box, host = boxes(program, scenario(duration_s=LONG_S), speed=10)
    host.read_until(b"done")
    box.power_cut()
    box.plug()
    again = type(host)(box.port)
    box.power_on()
    again.read_until(b"changed\r\n")
    again.close()


def test_power_is_given_only_to_a_box_that_has_none(tmp_path, scenario):
    (tmp_path / "main.py").write_text("")
    box = VirtualBox(scenario(), firmware=tmp_path)
    with pytest.raises(VirtualBoxError, match="power isn't cut"):
        box.power_on()
    with box, pytest.raises(VirtualBoxError, match="power isn't cut"):
        box.power_on()
    box = VirtualBox(scenario(), firmware=tmp_path)
    with box:
        box.power_cut()
    with pytest.raises(VirtualBoxError, match="power isn't cut"):
        box.power_on()


@pytest.mark.parametrize("ending", ["machine.reset()", "while True: time.sleep_ms(1)"])
def test_what_an_open_file_still_held_is_lost_at_a_reset(play, scenario, ending):
    # On the chip memory is gone at once: neither `with` nor the collector closes a file.
    program = (
        "import gc, machine, os, time\n"
        "if 'begun' in os.listdir():\n"
        "    gc.collect()\n"
        "    print(sum([os.stat(name)[6] for name in os.listdir() if name.endswith('.txt')]))\n"
        "else:\n"
        "    with open('begun', 'w'): pass\n"
        "    files = [open('%d.txt' % number, 'w') for number in range(9)]\n"
        "    for file in files: file.write('lost' * 500)\n"
        "    with open('in_with.txt', 'w') as other:\n"
        "        other.write('lost')\n"
        f"        {ending}\n"
    )
    button = [{"at_s": 1.5, "kind": "reset"}] if "sleep" in ending else []
    assert play(program, scenario(event=button))[-1] == "0"


def test_a_blank_box_keeps_what_it_was_given(scenario, tmp_path):
    state = tmp_path / "flash.img"
    options = {"blank": True, "state": state, "speed": 10}
    with VirtualBox(scenario(duration_s=LONG_S), **options):
        pass
    assert state.stat().st_size == (2 << 20) + 24576
    firmware = tmp_path / "firmware"
    firmware.mkdir()
    (firmware / "main.py").write_text("print('hello')")
    with VirtualBox(scenario(duration_s=1), speed=0, firmware=firmware, state=state) as box:
        assert box.wait(HANGS_S) == 0
    before = state.read_bytes()
    assert b"hello" in before
    with VirtualBox(scenario(duration_s=1), blank=True, speed=0, state=state) as box:
        assert box.wait(HANGS_S) == 0
    assert state.read_bytes() == before


def test_firmware_that_does_not_fit_is_the_machinerys_complaint(scenario, tmp_path):
    (tmp_path / "main.py").write_text("# " + "long " * 10_000)
    with VirtualBox(scenario(), firmware=tmp_path, filesystem_bytes=32768) as box:
        assert box.wait(HANGS_S) == 1
        assert "OSError: 28" in box.error_text()


def test_wrong_sizes_and_contradictions_are_refused_in_words(scenario, tmp_path):
    for size in (0, 28_672, 100_000, 32 << 20):
        with pytest.raises(VirtualBoxError, match=f"is {size}; allowed: multiples of 4096 from 32"):
            VirtualBox(scenario(), filesystem_bytes=size)
    with pytest.raises(VirtualBoxError, match="blank or firmware, not both"):
        VirtualBox(scenario(), blank=True, firmware=tmp_path)
    state = tmp_path / "flash.img"
    state.write_bytes(bytes(5000))
    with pytest.raises(VirtualBoxError, match=r"flash\.img: is 5000 bytes long, not 90112"):
        VirtualBox(scenario(), blank=True, state=state, filesystem_bytes=65536).start()
