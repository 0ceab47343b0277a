"""The serial port: coming and going, Ctrl-C, what the box says there by itself."""

from __future__ import annotations

import os
import select
import threading
import time
from pathlib import Path

import pytest

from beltbox.virtualbox import VirtualBox, VirtualBoxError

# Longer than any test: a box must not end before its host.
LONG_S = 100_000
# Nothing rests on it: only a box that hangs takes so long.
HANGS_S = 180

ECHO = """
import sys, time, select
poll = select.poll()
poll.register(sys.stdin, select.POLLIN)
print("echo ready")
while True:
    time.sleep_ms(1)
    for _ in poll.ipoll(0):
        line = sys.stdin.readline().strip()
        if line:
            print("got", line, time.ticks_ms())
"""


def test_bytes_go_both_ways_and_nothing_is_added(boxes, scenario):
    _, host = boxes(
        "import sys\nsys.stdout.buffer.write(bytes(range(256)))\n" + ECHO,
        scenario(duration_s=LONG_S),
        speed=1,
    )
    host.read_until(bytes(range(256)))
    host.send(b"hello\n")
    assert b"got hello" in host.read_until(b"got hello")


def test_ctrl_c_stops_a_program_and_ctrl_d_starts_it_again(boxes, scenario):
    _, host = boxes(ECHO, scenario(duration_s=LONG_S), speed=1)
    host.read_until(b"echo ready")
    host.send(b"\x03")
    text = host.read_until(b">>> ")
    assert b"Traceback (most recent call last):\r\n" in text
    assert b"KeyboardInterrupt: \r\n" in text
    host.send(b"\x03")
    host.read_until(b"\r\n>>> ")
    host.send(b"\x04\n")
    assert b"MPY: soft reboot\r\n" in host.read_until(b"echo ready")


@pytest.mark.parametrize("busy", ["while True: pass", "while True: sys.stdin.read(1)"])
def test_ctrl_c_stops_a_program_that_never_looks_at_the_hardware(boxes, scenario, busy):
    box, host = boxes(f"print('busy')\n{busy}\n", scenario(duration_s=LONG_S), speed=1)
    host.read_until(b"busy")
    host.send(b"\x03\x03\x03")
    host.read_until(b"KeyboardInterrupt: \r\n")
    host.read_until(b">>> ")
    # The interrupts are used up: the prompt stays.
    host.send(b"\x04\n")
    host.read_until(b"busy")
    assert box.error_text() == ""


def test_an_exception_is_told_as_the_board_tells_it(boxes, scenario):
    _, host = boxes("1 / 0", scenario(duration_s=LONG_S), speed=1)
    text = host.read_until(b">>> ")
    assert b'  File "main.py", line 3, in <module>\r\nZeroDivisionError: ' in text


def test_without_a_reader_output_is_lost_and_the_box_goes_on(tmp_path, scenario):
    (tmp_path / "main.py").write_text("while True: print('x' * 100)")
    with VirtualBox(scenario(duration_s=20), speed=0, firmware=tmp_path) as box:
        assert box.wait(HANGS_S) == 0


def test_a_reader_may_come_and_go(boxes, scenario):
    box, host = boxes(ECHO, scenario(duration_s=LONG_S), speed=1)
    host.read_until(b"echo ready")
    host.close()
    again = type(host)(box.port)
    again.send(b"again\n")
    again.read_until(b"got again")
    again.close()


def test_a_slow_reader_slows_a_fast_box_and_loses_nothing(boxes, scenario):
    program = "for n in range(3000):\n    print('line %05d' % n)\n"
    box, host = boxes(program, scenario(duration_s=10), speed=50)
    lines = b""
    for _ in range(20):
        lines += host.read_until(b"0\r\n")
        time.sleep(0.01)
    assert box.running()
    lines += host.read_until(b"line 02999\r\n")
    numbers = [int(line[5:]) for line in lines.splitlines() if line.startswith(b"line ")]
    assert numbers == list(range(3000))


def test_unplug_and_plug_under_the_same_link(boxes, scenario, tmp_path):
    link = tmp_path / "box"
    box, host = boxes(ECHO, scenario(duration_s=LONG_S), speed=1, link=link)
    host.read_until(b"echo ready")
    assert os.readlink(link) == box.port
    box.unplug()
    host.read_all()  # hangs up
    assert not link.is_symlink()
    with pytest.raises(VirtualBoxError, match="unplugged"):
        _ = box.port
    box.plug()
    again = type(host)(str(link))
    again.send(b"back\n")
    again.read_until(b"got back")
    again.close()
    box.stop()
    assert not link.is_symlink()


def test_stop_takes_a_leftover_link_over_and_leaves_anothers(tmp_path, scenario):
    (tmp_path / "main.py").write_text("")
    link = tmp_path / "box"
    link.symlink_to("/dev/pts/no-such")
    first = VirtualBox(scenario(), firmware=tmp_path, link=link)
    second = VirtualBox(scenario(), firmware=tmp_path, link=link)
    with first, second:
        assert os.readlink(link) == second.port
        first.stop()
        assert os.readlink(link) == second.port
    assert not link.is_symlink()


def test_a_file_in_the_links_place_is_kept(tmp_path, scenario):
    (tmp_path / "main.py").write_text("")
    taken = tmp_path / "box"
    taken.write_text("mine")
    with pytest.raises(VirtualBoxError, match=r"box: can't be made: File exists"):
        VirtualBox(scenario(), firmware=tmp_path, link=taken).start()
    assert taken.read_text() == "mine"


def test_injected_garbage_arrives_among_the_rest(boxes, scenario):
    box, host = boxes(ECHO, scenario(duration_s=LONG_S), speed=1)
    host.read_until(b"echo ready")
    box.inject(b"\x00\xff$garbage")
    host.read_until(b"\x00\xff$garbage")
    host.send(b"x\n")
    host.read_until(b"got x")


def test_a_stalled_port_blocks_the_writing_box(boxes, scenario):
    program = (
        "import time\n"
        "print('start')\n"
        "longest = 0\n"
        "while longest < 100:\n"
        "    before = time.ticks_ms()\n"
        "    sys.stdout.write('.' * 100)\n"
        "    longest = max(longest, time.ticks_diff(time.ticks_ms(), before))\n"
        "    time.sleep_ms(1)\n"
        "print('noticed')\n"
    )
    box, host = boxes(program, scenario(duration_s=LONG_S), speed=1)
    host.read_until(b"start")
    # Until its write blocks, the box must have filled pipe and relay. On a busy computer that may
    # take longer than the port stalls: then it stalls once more.
    while b"noticed" not in host.received:
        box.stall(1.5)
        stalled = len(host.received)
        host.listen_until(lambda before=stalled: len(host.received) > before)


def test_the_process_ends_with_its_supervisor_and_leaves_nothing(boxes, scenario):
    box, host = boxes(ECHO, scenario(duration_s=LONG_S), speed=1)
    host.read_until(b"echo ready")
    process = box._process
    folder = Path(box._folder.name)
    before = threading.active_count()
    box.stop()
    assert process.poll() == 0
    assert threading.active_count() == before - 1
    assert not folder.exists()
    host.read_all()
    box.stop()  # a second time is fine


def test_all_output_reaches_a_listening_host_before_wait_returns(boxes, scenario):
    program = "import time\nwhile time.ticks_ms() < 4900: print('.' * 50)\nprint('last words')\n"
    box, host = boxes(program, scenario())
    reader = threading.Thread(target=host.read_all)
    reader.start()
    assert box.wait(HANGS_S) == 0
    box.unplug()
    reader.join()
    assert b"last words" in host.received


def test_two_boxes_do_not_disturb_each_other(boxes, scenario):
    program = "import machine\nprint(machine.unique_id())\n"
    _, first = boxes(program, scenario(duration_s=LONG_S), speed=1, serial_number="0102030405aa")
    _, second = boxes(program, scenario(duration_s=LONG_S), speed=1, serial_number="0102030405bb")
    first.read_until(rb"b'\x01\x02\x03\x04\x05\xaa'")
    second.read_until(rb"b'\x01\x02\x03\x04\x05\xbb'")


def test_using_a_box_that_is_not_running_is_an_error_in_words(tmp_path, scenario):
    (tmp_path / "main.py").write_text("")
    box = VirtualBox(scenario(), firmware=tmp_path)
    for use in (box.reset, box.wait, lambda: box.inject(b"x"), lambda: box.stall(1)):
        with pytest.raises(VirtualBoxError, match="isn't running"):
            use()
    with box, pytest.raises(VirtualBoxError, match=r"'fly' is not an action\. Allowed: walk"):
        box.command({"do": "fly"})


def test_a_folder_without_main_is_no_firmware(tmp_path, scenario):
    with pytest.raises(VirtualBoxError, match=r"holds no main\.py"):
        VirtualBox(scenario(), firmware=tmp_path).start()


def test_a_speed_out_of_range_is_refused(scenario):
    with pytest.raises(VirtualBoxError, match="speed is -1; allowed: 0"):
        VirtualBox(scenario(), speed=-1)


def test_a_busy_host_does_not_stop_select(boxes, scenario):
    # The port is readable for the host by select, as a real one is.
    _, host = boxes("print('hello')", scenario(duration_s=LONG_S), speed=1)
    host.read_until(b"hello")
    assert select.select([], [host._descriptor], [], 5)[1]
