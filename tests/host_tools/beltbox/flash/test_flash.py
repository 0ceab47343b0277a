"""`beltbox flash` whole, against virtual boxes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from beltbox.flash import board as board_module
from beltbox.flash import flash, installation
from beltbox.flash.board import Board
from beltbox.flash.firmware_files import find_folder, prepare, source_paths
from beltbox.flash.flash import FlashError
from beltbox.link.link import BoxLink
from beltbox.link.ports import Candidate
from beltbox.virtualbox import VirtualBox
from beltcore.version import FIRMWARE_VERSION

OLD = "0.0.9"
# MicroPython's _mpy of version 6.3 for native code of x86-64, which the virtual box runs.
MPY = 6 | 3 << 8 | 2 << 10


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy computer's virtual board may answer late, and is MicroPython all the same."""
    monkeypatch.setattr(board_module, "_ENTER_S", 20.0)
    monkeypatch.setattr(board_module, "_PATIENCE_S", 150.0)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An older firmware: one module more, one different, the rest the same."""
    folder = tmp_path / "old"
    shutil.copytree(find_folder(None), folder, ignore=shutil.ignore_patterns("__pycache__"))
    version = folder / "beltcore" / "version.py"
    version.write_text(version.read_text().replace(FIRMWARE_VERSION, OLD))
    (folder / "box" / "gone.py").write_text("gone = 1\n")
    return folder


def mpremote(box: VirtualBox, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", box.port, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copy_by_hand(box: VirtualBox, folder: Path) -> None:
    """As README.md says."""
    mpremote(box, "fs", "cp", "-r", folder / "beltcore", folder / "box", ":")
    mpremote(box, "fs", "cp", folder / "main.py", ":main.py", "+", "reset")


def files(box: VirtualBox) -> dict[str, str | None]:
    """Every file and folder on the box, with the files' hashes, but for what it writes itself."""
    with Board(box.port) as board:
        there = board.look([""])
        board.reset()
    return {path: entry.sha256 for path, entry in there.items()}


def version(box: VirtualBox) -> str:
    with BoxLink(box.port, patience_s=60) as link:
        assert link.identity is not None
        return link.identity.firmware


def fill(board: Board, *, leave_blocks: int) -> None:
    """Fill the filesystem by a file that the board writes itself, but for so many blocks."""
    block_bytes, _blocks, free = board.space()
    code = f"with open('/big.bin', 'wb') as _big:\n for _ in range({free - leave_blocks}): "
    assert board.value(code + f"_big.write(bytes({block_bytes}))", "True")


@pytest.fixture
def put(run, tmp_path: Path):
    """put(*arguments): what `beltbox flash --json` with them said."""

    def call(*arguments: object) -> dict[str, object]:
        ran = run("flash", "--port", tmp_path / "box", "--json", *arguments)
        assert ran.status == 0, ran.said
        return json.loads(ran.out)

    return call


def test_a_fresh_board(box, run, tmp_path: Path):
    fresh = box(blank=True)
    ran = run("flash", "--port", tmp_path / "box")
    assert ran.status == 0, ran.said
    assert f"firmware {FIRMWARE_VERSION} onto a board without" in ran.said
    assert f"runs firmware {FIRMWARE_VERSION} on esp32_devkit" in ran.said
    with Board(fresh.port) as board:
        assert board.serial_number() == fresh.serial_number
        board.reset()
    there = files(fresh)
    assert [path for path in there if path.count("/") == 1] == [
        *("/boot.py", "/firmware-a", "/main.py"),
    ]
    modules = [path for path in there if path.startswith("/firmware-a/") and there[path]]
    # Without main.py and the modules that only hosts read.
    ours = [path for path in find_folder(None).rglob("*.py") if path.parent.name != "host"]
    assert len(modules) == len(ours) - 1
    assert all(path.endswith(".mpy") for path in modules)


def test_another_box_that_answers_after_the_flash_isnt_taken_for_the_board(
    port, scripted_box, clock
):
    at = port(scripted_box(serial="bbbbbbbbbbbb"))
    firmware, chip = SimpleNamespace(version="0.1.0"), SimpleNamespace(board="esp32_devkit")
    with pytest.raises(FlashError, match=r"put on the board with serial a{12}, and another box"):
        installation._identify(at.path, firmware, chip, "aaaaaaaaaaaa", clock)
    for serial in ("bbbbbbbbbbbb", ""):
        assert installation._identify(at.path, firmware, chip, serial, clock).board == chip.board


def test_an_upgrade_and_a_downgrade_send_what_differs_and_touch_no_data(box, put, old, tmp_path):
    running = box(blank=True)
    first = put("--firmware", old)
    assert (first["firmware"], first["before"]) == (OLD, None)
    assert first["unchanged_files"] == 0

    # What a box has gathered, sound or not.
    mine = {
        "/settings.json": b'{"schema": 1, "box_name": "mine"}',
        "/settings.json.copy": b"x",
        "/crash.json": b"{}",
        "/clock.json": b"{}",
        "/sessions/00000001.log": bytes(24),
        "/notes.txt": b"my own",
    }
    with Board(running.port) as board:
        board.make_folder("/sessions")
        for path, content in mine.items():
            board.write(path, content, lambda _count: None)
        board.reset()

    up = put()
    assert (up["before"], up["firmware"]) == (OLD, FIRMWARE_VERSION)
    assert up["sent_files"] == 1
    assert up["unchanged_files"] == first["sent_files"] - 2
    assert version(running) == FIRMWARE_VERSION
    assert not [path for path in files(running) if "gone" in path]

    down = put("--firmware", old)
    assert (down["before"], down["firmware"], down["sent_files"]) == (FIRMWARE_VERSION, OLD, 2)
    with Board(running.port) as board:
        for path in ("/notes.txt", "/settings.json", "/sessions/00000001.log"):
            assert board.read(path) == mine[path]
        # The box may have walked meanwhile, and kept a session of its own.
        there = [path for path in board.look([""]) if "/sessions/" not in path or path in mine]
        assert len(there) == len([*mine, "/sessions", "/boot.py", "/main.py", *_tree(old)])
        board.reset()


def _tree(folder: Path) -> list[Path]:
    """Files and folders that a flash of `folder` makes beside main.py, its own folder first."""
    found = [folder / path for path in source_paths(folder)]
    return [folder, *{path.parent for path in found}, *found]


def test_a_downgrade_is_called_one_and_the_same_again_sends_nothing(box, run, put, old, tmp_path):
    running = box(blank=True)
    put()
    before = files(running)
    again = put()
    assert (again["sent_files"], again["sent_bytes"], again["removed_files"]) == (0, 0, 0)
    assert files(running) == before
    ran = run("flash", "--port", tmp_path / "box", "--firmware", old)
    assert f"firmware {FIRMWARE_VERSION} to {OLD}, a downgrade" in ran.said


def test_over_a_copy_by_hand_and_by_hand_over_it(box, put, old):
    running = box(blank=True)
    copy_by_hand(running, old)
    assert version(running) == OLD
    said = put()
    assert said["before"] == OLD
    assert version(running) == FIRMWARE_VERSION
    # A stale .py at the root would shadow nothing here, but a later copy by hand would start it.
    assert not [path for path in files(running) if path.startswith(("/beltcore", "/box"))]

    copy_by_hand(running, old)
    assert version(running) == OLD
    assert put()["before"] == OLD
    assert version(running) == FIRMWARE_VERSION
    assert not [path for path in files(running) if path.startswith(("/beltcore", "/box"))]


def test_somebody_elses_main_is_kept(box, run, tmp_path: Path):
    running = box(blank=True)
    (tmp_path / "main.py").write_text("print('mine')\n")
    mpremote(running, "fs", "cp", tmp_path / "main.py", ":")
    ran = run("flash", "--port", tmp_path / "box")
    assert ran.status == 0
    assert "kept as main.py.before" in ran.said
    with Board(running.port) as board:
        assert board.read("/main.py.before") == b"print('mine')\n"
        board.reset()


def test_a_dry_run_changes_nothing(box, run, put, old, tmp_path: Path):
    running = box(blank=True)
    put("--firmware", old)
    before = files(running)
    ran = run("flash", "--port", tmp_path / "box", "--dry-run")
    assert ran.status == 0
    steps = ran.out.splitlines()[2:]
    assert "send /firmware-b/beltcore/version.mpy, 87 bytes" in ran.out
    assert "switch: rename /main.py.new" in steps[-2 - sum("remove" in one for one in steps)]
    assert files(running) == before
    assert version(running) == OLD
    assert len(put("--dry-run")["steps"]) == len(steps)


@pytest.fixture
def copying(start, tmp_path):
    """copying(state, module, *arguments): a flash that has just written that module.

    state: the box's flash. mpy-cross notes a module's name in it, in clear.
    """

    def begin(state: Path, module: bytes, *arguments: object):
        before = state.read_bytes().count(module)
        program = start("flash", "--port", tmp_path / "box", *arguments)
        while state.read_bytes().count(module) == before:
            assert program.process.poll() is None, program.said
        return program

    return begin


def test_a_killed_copy_is_done_again_from_where_it_broke_off(box, copying, put, old, tmp_path):
    state = tmp_path / "flash.img"
    running = box(blank=True, speed=5, state=state)
    put("--firmware", old)
    for path in (old / "box").rglob("*.py"):
        path.write_text(path.read_text() + "\n_NEWER = 1\n")
    program = copying(state, b"box/tare.py", "--firmware", old)
    assert program.signal(signal.SIGKILL) == -signal.SIGKILL
    again = put("--firmware", old)
    assert 0 < again["sent_files"] < 10
    assert version(running) == OLD


def test_ctrl_c_starts_the_old_firmware_again(box, copying, old, tmp_path):
    state = tmp_path / "flash.img"
    running = box(speed=5, state=state)
    assert version(running) == FIRMWARE_VERSION
    program = copying(state, b"beltcore/rails.py", "--firmware", old)
    assert program.signal(signal.SIGINT) == 130
    assert version(running) == FIRMWARE_VERSION


def test_unplugged_in_mid_copy(box, copying, tmp_path):
    state = tmp_path / "flash.img"
    running = box(blank=True, speed=5, state=state)
    program = copying(state, b"beltcore/rails.py")
    running.unplug()
    assert program.end() == 1
    assert "was lost. Is its cable firm? Doing the same again is safe" in program.said


@pytest.mark.parametrize("mpy", [MPY, 0], ids=["compiled", "sources"])
def test_what_it_says_it_needs_is_enough(box, mpy):
    running = box(blank=True)
    with Board(running.port) as board:
        firmware = prepare(find_folder(None), mpy)
        plan = flash.make_plan(firmware, {}, None)
        block_bytes, blocks, free = board.space()
        left = [free]
        write = board.write

        def write_and_look(*arguments):
            write(*arguments)
            left.append(board.space()[2])

        board.write = write_and_look
        flash.carry_out(board, firmware, plan)
        board.reset()
    needed = flash.blocks_needed(firmware, plan, block_bytes)
    assert needed - 20 < free - min(left) <= needed
    if mpy == MPY:
        # What the box keeps free of sessions (session_store.py) is enough for a new firmware.
        assert needed <= blocks // 6


@pytest.mark.parametrize("kilobytes", [64, 192])
def test_a_full_filesystem_is_told_and_leaves_what_was_there(box, run, old, tmp_path, kilobytes):
    running = box(blank=True, filesystem_bytes=kilobytes << 10)
    with Board(running.port) as board:
        board.make_folder("/sessions")
        board.write("/sessions/00000001.log", bytes(20_000), lambda _count: None)
        board.reset()
    before = files(running)
    ran = run("flash", "--port", tmp_path / "box")
    assert ran.status == 1
    assert "The new firmware needs" in ran.said
    assert "kB free. The old firmware, if any, is still there" in ran.said
    assert "the box's sessions take 19 kB" in ran.said
    assert files(running) == before


def test_sessions_that_a_host_has_make_room(box, put, old):
    running = box(blank=True, filesystem_bytes=1 << 20)
    put("--firmware", old)
    with Board(running.port) as board:
        board.make_folder("/sessions")
        board.write("/sessions/00000001.log", bytes(8000), lambda _count: None)
        for number in range(2, 32):
            board.write(f"/sessions/{number:08}.ack", bytes(8000), lambda _count: None)
        fill(board, leave_blocks=20)
        board.reset()
    assert put()["firmware"] == FIRMWARE_VERSION
    with Board(running.port) as board:
        kept = sorted(path for path in board.look(["/sessions"]) if path.endswith(".ack"))
        assert board.look([], ["/sessions/00000001.log"])
        board.reset()
    # As many as it took, the oldest first.
    assert 0 < len(kept) < 30
    assert kept == [f"/sessions/{number:08}.ack" for number in range(32 - len(kept), 32)]


def test_a_filesystem_that_fills_up_all_the_same(box, run, put, old, tmp_path, monkeypatch):
    running = box(blank=True, filesystem_bytes=1 << 20)
    put("--firmware", old)
    with Board(running.port) as board:
        fill(board, leave_blocks=30)
        board.reset()
    before = files(running)
    for path in (old / "box").rglob("*.py"):
        path.write_text(path.read_text() + "\n_NEWER = 1\n")
    monkeypatch.setattr(flash, "_require_space", lambda *_: None)
    ran = run("flash", "--port", tmp_path / "box", "--firmware", old)
    assert ran.status == 1
    assert "is full. The old firmware, if any, is still there" in ran.said
    assert files(running) == before
    assert version(running) == OLD


def facts(machine: str, release: tuple[int, ...] = (1, 28, 0), mpy: int = MPY, on: str = "esp32"):
    """What a board says about itself, as a program for the virtual one."""
    return f"print(repr({(on, release, machine, mpy)!r}))"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (facts("Generic ESP32S2 module with ESP32S2"), "There is no pin map for it"),
        (facts("Raspberry Pi Pico with RP2040", on="rp2"), "is a Raspberry Pi Pico with RP2040"),
    ],
)
def test_other_boards_are_refused_and_left_running(box, run, tmp_path, monkeypatch, said, words):
    running = box()
    before = files(running)
    monkeypatch.setattr(board_module, "_FACTS", said)
    ran = run("flash", "--port", tmp_path / "box")
    assert ran.status == 1
    assert words in ran.said
    assert "BeltBox runs on the ESP32, ESP32-S3, ESP32-C6, ESP32-C3" in ran.said
    monkeypatch.undo()
    assert version(running) == FIRMWARE_VERSION
    assert files(running) == before


def test_a_micropython_of_another_format_gets_the_sources(box, run, tmp_path, monkeypatch):
    running = box(blank=True)
    ours = facts("Generic ESP32 module with ESP32", mpy=7)
    monkeypatch.setattr(board_module, "_FACTS", ours)
    ran = run("flash", "--port", tmp_path / "box")
    assert ran.status == 0, ran.said
    assert "Sent as sources" in ran.said
    assert "/firmware-a/box/app.py" in files(running)


def test_an_image_for_another_chip_leaves_the_box_running(box, run, tmp_path: Path):
    running = box()
    file = tmp_path / "image.bin"
    file.write_bytes(b"\xe9" + bytes(11) + b"\x09" + bytes(100_000))
    ran = run("flash", "--port", tmp_path / "box", "--image", file)
    assert ran.status == 1
    assert "is an image for the ESP32-S3, and this is an ESP32." in ran.said
    assert version(running) == FIRMWARE_VERSION


def test_a_flash_that_keeps_something_else_is_told(box, run, old, tmp_path: Path, monkeypatch):
    running = box()
    write = Board.write

    def spoil(self, path, content, wrote):
        write(self, path, content[:-1] + b"?" if path.endswith("tare.mpy") else content, wrote)

    monkeypatch.setattr(Board, "write", spoil)
    ran = run("flash", "--port", tmp_path / "box", "--firmware", old)
    assert ran.status == 1
    assert "/firmware-a/box/tare.mpy reads back different" in ran.said
    assert version(running) == FIRMWARE_VERSION
    monkeypatch.undo()


def test_an_old_micropython_needs_an_image_and_a_named_port(box, run, tmp_path, monkeypatch):
    running = box(blank=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    old_one = facts("Generic ESP32 module with ESP32", (1, 25, 0))
    monkeypatch.setattr(board_module, "_FACTS", old_one)
    ran = run("flash", "--port", tmp_path / "box", "--dry-run")
    assert ran.status == 0, ran.said
    assert "its MicroPython 1.25.0 is older than 1.26.0. The steps:" in ran.said
    assert "download ESP32_GENERIC-DATE-v1.28.x.bin (https://micropython.org)" in ran.said
    monkeypatch.setattr(
        "beltbox.flash.installation.candidates_unasked", lambda: [_asked(running.port)]
    )
    ran = run("flash")
    assert ran.status == 1
    assert f"allow it by naming its port: --port {running.port}" in ran.said


def test_an_unreadable_filesystem_is_told(box, run, tmp_path: Path):
    running = box(blank=True)
    (tmp_path / "boot.py").write_text("import vfs\nvfs.umount('/')\n")
    mpremote(running, "fs", "cp", tmp_path / "boot.py", ":")
    ran = run("flash", "--port", tmp_path / "box")
    assert ran.status == 1
    assert "can't read its filesystem" in ran.said
    assert "--erase" in ran.said


def test_a_new_firmware_that_does_not_start_is_told(box, run, old, tmp_path: Path):
    box(blank=True)
    (old / "box" / "start.py").write_text("def run():\n    pass\n")
    ran = run("flash", "--port", tmp_path / "box", "--firmware", old)
    assert ran.status == 1
    assert f"Firmware {OLD} is on the board, but it doesn't start" in ran.said


def test_another_version_than_was_put_there_is_told(box, run, tmp_path: Path, monkeypatch):
    box(blank=True)
    monkeypatch.setattr("beltbox.flash.firmware_files.read_version", lambda _folder: "9.9.9")
    ran = run("flash", "--port", tmp_path / "box")
    assert ran.status == 1
    assert "Firmware 9.9.9 for esp32_devkit was put on the board" in ran.said
    assert f"and firmware {FIRMWARE_VERSION} for esp32_devkit answers" in ran.said


def test_a_firmware_that_does_not_compile_is_refused_before_it_is_sent(box, run, old, tmp_path):
    running = box()
    (old / "box" / "tare.py").write_text("def :\n")
    ran = run("flash", "--port", tmp_path / "box", "--firmware", old)
    assert ran.status == 1
    assert "tare.py doesn't compile" in ran.said
    assert version(running) == FIRMWARE_VERSION


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--port", "/dev/nope"), "There is no port /dev/nope"),
        (("--port", "/dev/null"), "/dev/null isn't a serial port"),
        ((), "No box was found: nothing is plugged in at USB"),
        (("--firmware", "/"), "isn't a folder of firmware: it has no main.py"),
    ],
)
def test_what_cannot_be_asked_for(run, arguments, words):
    ran = run("flash", *arguments)
    assert ran.status == 1
    assert words in ran.said


def test_a_port_that_is_busy(box, run, tmp_path: Path):
    running = box(blank=True)
    with Board(running.port):
        ran = run("flash", "--port", tmp_path / "box")
    assert ran.status == 1
    assert "is busy: another program has it open" in ran.said


def test_the_only_box_among_several_ports_is_found(box, run, speaker, monkeypatch, tmp_path):
    running = box()
    silent = speaker()
    both = [_asked(silent.path), _asked(running.port)]
    monkeypatch.setattr("beltbox.flash.installation.candidates_unasked", lambda: both)
    monkeypatch.setattr("beltbox.link.finding.candidates_unasked", lambda: both)
    ran = run("flash", "--json")
    assert ran.status == 0, ran.said
    assert json.loads(ran.out)["port"] == running.port


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)])
def test_a_port_soldered_in_is_never_tried_unasked(run, speaker, monkeypatch, arguments):
    """What esptool sends to a machine's own serial line is for nobody there."""
    line = speaker()
    own = SimpleNamespace(device=line.path, description="n/a", vid=None)
    monkeypatch.setattr("beltbox.link.ports.list_ports.comports", lambda: [own])
    ran = run("flash", *arguments)
    assert ran.status == 1
    assert "No box was found: nothing is plugged in at USB" in ran.said
    assert f"The ports here: {line.path}" in " ".join(ran.said.split())
    for command in ("doctor", "settings", "live", "pull"):
        ran = run(command)
        assert ran.status == 1
        said = " ".join(ran.said.split())
        assert f"Not asked, because they are part of the computer: {line.path}." in said
    assert line.heard == b""


def _asked(path: str) -> Candidate:
    return Candidate(path, "a port", patience_s=1.0)


def test_a_terminal_sees_how_far_it_is(box, start, tmp_path: Path):
    box(blank=True, speed=5)
    shown, terminal = os.openpty()
    program = start("flash", "--port", tmp_path / "box", stderr=terminal)
    os.close(terminal)
    seen = b""
    with contextlib.suppress(OSError):  # the program has ended, and its terminal with it
        while piece := os.read(shown, 65536):
            seen += piece
    os.close(shown)
    assert program.end() == 0
    assert b"Copying the firmware" in seen
    assert b"kB" in seen


def test_a_board_in_the_middle_of_a_program_is_had_all_the_same(box, put, monkeypatch):
    monkeypatch.setattr(board_module, "_ENTER_S", 2.0)  # the first try waits in vain
    running = box(blank=True)
    with Board(running.port) as board:
        # Half a program in a raw paste, of which nothing more comes.
        board._transport.exec_raw_no_follow("while True: pass")
    assert put()["firmware"] == FIRMWARE_VERSION
