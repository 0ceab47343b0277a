"""The prompt, byte for byte: the raw REPL as mpremote relies on it, the friendly one for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

# Longer than any test: a box must not end before its host.
LONG_S = 100_000
RAW = b"raw REPL; CTRL-B to exit\r\n>"
PASTE = b"\x05A\x01"
WINDOW = 128


@pytest.fixture
def prompt(boxes: Callable[..., Any], scenario: Callable[..., Any]) -> Any:
    """The host of a box whose main.py has ended, at the friendly prompt."""
    _, host = boxes("", scenario(duration_s=LONG_S), speed=10, stop_when_idle=True)
    host.read_until(b">>> ")
    return host


@pytest.fixture
def raw(prompt: Any) -> Any:
    """The host of a box at the raw prompt."""
    prompt.send(b"\r\x03\x01")
    prompt.read_until(RAW)
    return prompt


def exchange(host: Any, sent: bytes, awaited: bytes) -> None:
    """Send, and get exactly what is awaited."""
    host.send(sent)
    assert host.read_until(awaited[-1:] if len(awaited) == 1 else awaited) == awaited


def test_raw_programs_output_and_exception_stand_between_marks(raw):
    exchange(raw, b"print('one')\nprint('two')\x04", b"OKone\r\ntwo\r\n\x04\x04>")
    trace = b'Traceback (most recent call last):\r\n  File "<stdin>", line 2, in <module>\r\n'
    raw.send(b"print(1)\nnothing\x04")
    answer = raw.read_until(b"\x04>")
    assert answer.startswith(b"OK1\r\n\x04" + trace + b"NameError: ")
    assert answer.endswith(b"\r\n\x04>")


def test_names_are_those_of_main(raw):
    exchange(raw, b"x = 1\x04", b"OK\x04\x04>")
    exchange(raw, b"import __main__; print(__main__.x, __name__)\x04", b"OK1 __main__\r\n\x04\x04>")


def test_raw_control_keys(raw):
    exchange(raw, b"\x01", RAW)
    # Ctrl-C forgets what was typed.
    exchange(raw, b"1/0\x03print(1)\x04", b"OK1\r\n\x04\x04>")
    # Only raw paste is known of what Ctrl-E may begin.
    exchange(raw, b"\x05X\x01", b"R\x00>")
    exchange(raw, b"\x04", b"OK\r\nMPY: soft reboot\r\n" + RAW)
    raw.send(b"\x02")
    banner = raw.read_until(b">>> ")
    assert banner.startswith(b"\r\nMicroPython v1.28.0 ")
    assert banner.endswith(b'\r\nType "help()" for more information.\r\n>>> ')


def test_sys_exit_is_a_soft_reset(raw):
    raw.send(b"import sys; sys.exit()\x04")
    assert raw.read_until(RAW) == b"OK\x04\x04MPY: soft reboot\r\n" + RAW


def test_raw_paste_tells_when_a_window_is_free(raw):
    raw.send(PASTE)
    assert raw.read_until(b"\x80\x00\x01") == b"R\x01\x80\x00\x01"
    program = b"print(len('" + b"x" * 2 * WINDOW + b"'))"
    raw.send(program[:WINDOW])
    assert raw.read_until(b"\x01") == b"\x01"
    raw.send(program[WINDOW : 2 * WINDOW])
    assert raw.read_until(b"\x01") == b"\x01"
    exchange(raw, program[2 * WINDOW :] + b"\x04", b"\x04256\r\n\x04\x04>")


def test_ctrl_c_in_a_raw_paste_gives_it_up(raw):
    raw.send(PASTE)
    raw.read_until(b"\x80\x00\x01")
    exchange(raw, b"print('never')\x03", b"\x04\x04KeyboardInterrupt: \r\n\x04>")
    exchange(raw, b"print(1)\x04", b"OK1\r\n\x04\x04>")


def test_ctrl_c_stops_a_raw_program(raw):
    raw.send(b"import time\nprint('begun')\nwhile True: time.sleep_ms(1)\x04")
    raw.read_until(b"begun\r\n")
    raw.send(b"\x03")
    answer = raw.read_until(b"\x04>")
    assert answer.startswith(b"\x04Traceback (most recent call last):\r\n")
    assert answer.endswith(b'File "<stdin>", line 3, in <module>\r\nKeyboardInterrupt: \r\n\x04>')


def test_a_program_can_take_ctrl_c_as_a_byte(raw):
    raw.send(
        b"import micropython, sys\nmicropython.kbd_intr(-1)\nprint('begun')\n"
        b"print(sys.stdin.buffer.read(2))\nmicropython.kbd_intr(3)\x04"
    )
    raw.read_until(b"begun\r\n")
    exchange(raw, b"\x03\x01", b"b'\\x03\\x01'\r\n\x04\x04>")


def test_what_the_receiver_has_no_room_for_is_lost(raw):
    raw.send(
        b"import select, sys, time\np = select.poll()\np.register(sys.stdin, select.POLLIN)\n"
        b"count = 0\nprint('begun')\n"
        b"try:\n  time.sleep(1000)\nexcept KeyboardInterrupt:\n  pass\n"
        b"while p.poll(0):\n  sys.stdin.read(1)\n  count += 1\nprint(count)\x04"
    )
    raw.read_until(b"begun\r\n")
    raw.send(b"x" * 2000 + b"\x03")
    count = int(raw.read_until(b"\x04\x04>").split()[0])
    # The buffer's 260, and no more than what came between two looks: 10 ms at this speed.
    assert 260 <= count < 260 + 120


def test_a_hard_reset_forgets_what_came_before_it(raw):
    raw.send(
        b"import machine, time\nprint('begun')\n"
        b"try:\n  time.sleep(1000)\nexcept KeyboardInterrupt:\n  machine.reset()\x04"
    )
    raw.read_until(b"begun\r\n")
    raw.send(b"half a command\x03")
    raw.read_until(b">>> ")
    exchange(raw, b"6 * 7\r", b"6 * 7\r\n42\r\n>>> ")


def test_ctrl_c_during_a_write_to_flash_waits_for_its_end(raw):
    raw.send(
        b"file = open('big', 'w')\nprint('begun')\n"
        b"try:\n  file.write('x' * 400_000)\nfinally:\n  file.close()\x04"
    )
    raw.read_until(b"begun\r\n")
    raw.send(b"\x03")
    exchange(raw, b"", b"\x04KeyboardInterrupt: \r\n\x04>")
    exchange(raw, b"import os; print(os.stat('big')[6])\x04", b"OK400000\r\n\x04\x04>")


def test_a_soft_reset_closes_files_that_were_left_open(raw):
    program = (
        b"files = [open('%d' % n, 'w') for n in range(9)]\nfor f in files: f.write('kept')\x04"
    )
    raw.send(program)
    assert raw.read_until(b"\x04\x04>") == b"OK\x04\x04>"
    exchange(raw, b"\x04", b"OK\r\nMPY: soft reboot\r\n" + RAW)
    sizes = b"import os; print(sum([os.stat('%d' % n)[6] for n in range(9)]) > 20)\x04"
    exchange(raw, sizes, b"OKTrue\r\n\x04\x04>")


def test_a_soft_reset_undoes_paths_and_mounts(raw):
    raw.send(
        b"import sys, vfs\nsys.path.append('/more')\n"
        b"class Empty:\n  def mount(self, *_): pass\n  def umount(self): pass\n"
        b"vfs.mount(Empty(), '/extra')\nprint(len(sys.path), len(vfs.mount()))\x04"
    )
    assert raw.read_until(b"\x04\x04>") == b"OK4 2\r\n\x04\x04>"
    raw.send(b"\x04")
    raw.read_until(RAW)
    exchange(
        raw,
        b"import sys, vfs; print(len(sys.path), len(vfs.mount()))\x04",
        b"OK3 1\r\n\x04\x04>",
    )


def test_people_type_statements(prompt):
    exchange(prompt, b"6 * 7\r", b"6 * 7\r\n42\r\n>>> ")
    exchange(prompt, b"_ + 1\r", b"_ + 1\r\n43\r\n>>> ")
    exchange(prompt, b"None\r", b"None\r\n>>> ")
    exchange(prompt, b"\r", b"\r\n>>> ")
    prompt.send(b"1/0\r")
    assert prompt.read_until(b">>> ").endswith(b"ZeroDivisionError: divide by zero\r\n>>> ")


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        (b"for n in range(2):\r  print(n)\r\r", b"0\r\n1\r\n"),
        (b"print((1,\r2))\r", b"(1, 2)\r\n"),
        (b"print('''a\rb''')\r", b"a\r\nb\r\n"),
        (b"print(1 + \\\r2)\r", b"3\r\n"),
        (b"@print\rdef f():\r  pass\r\r", b"<function f at "),
        (b"print('(', \"it's\")\r", b"( it's\r\n"),
    ],
)
def test_people_type_statements_of_several_lines(prompt, typed, printed):
    prompt.send(typed)
    shown = prompt.read_until(b">>> ")
    lines = typed.count(b"\r")
    assert shown.count(b"... ") == lines - 1
    assert printed in shown


def test_words_that_only_begin_like_a_compound_statement(prompt):
    exchange(prompt, b"format = 1\r", b"format = 1\r\n>>> ")
    exchange(prompt, b"if_ = 1\r", b"if_ = 1\r\n>>> ")


def test_people_correct_and_give_up_lines(prompt):
    erase = b"\b \b"
    exchange(prompt, b"1x\x7f+\x082\r", b"1x" + erase + b"+" + erase + b"2\r\n12\r\n>>> ")
    prompt.send("print('ä\x7fö')\r".encode())
    shown = "print('ä\b \bö')\r\nö\r\n>>> ".encode()
    assert prompt.read_until(b">>> ") == shown
    exchange(prompt, b"\x7f7\x1b[A\x1bOB\r", b"7\r\n7\r\n>>> ")
    exchange(prompt, b"nonsense\x03", b"nonsense\r\n>>> ")
    exchange(prompt, b"def f(\r\x03", b"def f(\r\n... \r\n>>> ")


def test_people_paste(prompt):
    prompt.send(b"\x05for n in range(2):\r  print(n)\r\rprint('end')\r\x04")
    shown = prompt.read_until(b">>> ")
    assert b"paste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== for n" in shown
    assert shown.endswith(b"0\r\n1\r\nend\r\n>>> ")
    prompt.send(b"\x05print('never')\r\x03")
    assert prompt.read_until(b">>> ").count(b"never") == 1


def test_people_are_asked_by_input(prompt):
    prompt.send(b"input('Name? ')\rBea\r")
    assert prompt.read_until(b"'Bea'\r\n>>> ").endswith(b"Name? Bea\r\n'Bea'\r\n>>> ")


def test_an_interrupt_shows_the_line_and_no_file_of_the_virtual_box(prompt):
    prompt.send(b"import time\rprint('begun'); time.sleep(1000)\r")
    prompt.read_until(b"begun\r\n")
    prompt.send(b"\x03")
    assert prompt.read_until(b">>> ") == (
        b'Traceback (most recent call last):\r\n  File "<stdin>", line 1, in <module>\r\n'
        b"KeyboardInterrupt: \r\n>>> "
    )


def test_ctrl_c_during_the_boot_stops_main_py(boxes, scenario):
    _, host = boxes("while True: time.sleep_ms(1)", scenario(duration_s=LONG_S), speed=1)
    # The boot takes 0.3 s from here on; mpremote doesn't ask twice.
    host.send(b"\r\x03\r\x01")
    assert b"KeyboardInterrupt" in host.read_until(RAW)


def test_main_py_s_names_are_there_at_the_prompt(boxes, scenario):
    _, host = boxes("speed_mm_s = 450", scenario(duration_s=LONG_S), speed=10)
    host.read_until(b">>> ")
    exchange(host, b"speed_mm_s\r", b"speed_mm_s\r\n450\r\n>>> ")
    host.send(b"\x04")
    host.read_until(b"MPY: soft reboot\r\n")
