"""Ports, opened or refused in words."""

import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from beltbox.link import ports
from beltbox.link.ports import (
    Candidate,
    PortError,
    PortTrouble,
    candidates,
    make_virtual_ports_folder,
    open_port,
    ports_in_words,
    virtual_ports_folder,
)


@pytest.mark.usefixtures("apart")
def test_what_is_no_port_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        (tmp_path / "nope", f"There is no port {tmp_path}/nope"),
        (tmp_path / "file" / "x", "There is no port"),
        ("", "There is no port"),
        (tmp_path / "file", "file isn't a serial port"),
        (tmp_path, "isn't a serial port"),
        (tmp_path / "pipe", "pipe isn't a serial port"),
        ("/dev/null", "/dev/null isn't a serial port"),
        ("a\0b", "can't be opened"),
    ):
        with pytest.raises(PortError, match=words) as caught:
            open_port(str(path))
        assert "No serial port is here: plug the box in" in str(caught.value)


def test_a_port_that_is_open_elsewhere_is_busy(speaker):
    path = speaker().path
    first = open_port(path)
    with pytest.raises(
        PortError, match=f"Port {path} is busy: another program has it open"
    ) as caught:
        open_port(path)
    assert caught.value.trouble is PortTrouble.BUSY
    first.close()
    open_port(path).close()


def test_who_has_a_port_open_is_named(tmp_path):
    port = tmp_path / "port"
    port.touch()
    for number, (name, opens) in enumerate((("bash", "other"), ("minicom\x1b[1m", "port")), 100):
        folder = tmp_path / str(number) / "fd"
        folder.mkdir(parents=True)
        (folder / "3").symlink_to(tmp_path / opens)
        (folder.parent / "comm").write_text(f"{name}\n")
    (tmp_path / "port link").symlink_to(port)
    named = ports.holder(str(tmp_path / "port link"), tmp_path)
    assert named.startswith("minicom")
    assert named.endswith("(process 101)")
    assert "\x1b" not in named
    assert ports.holder(str(tmp_path / "free"), tmp_path) == ""


def test_a_port_that_may_not_be_opened_is_said():
    forbidden = ports._not_opened("/dev/x", PermissionError(13, "no"))
    assert "add yourself to the group `dialout`" in str(forbidden)
    assert forbidden.trouble is PortTrouble.FORBIDDEN
    for number in (5, 6):
        gone = ports._not_opened("/dev/x", OSError(number, "no"))
        assert str(gone).startswith("There is no port /dev/x.")
        assert gone.trouble is PortTrouble.NO_ANSWER
    other = ports._not_opened("/dev/x", OSError(24, "no"))
    assert "can't be opened: Too many open files." in str(other)


def test_virtual_boxes_come_first_then_usb_then_the_rest(
    apart: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = make_virtual_ports_folder()
    assert folder == apart / "run" / "beltbox"
    own = folder / str(os.getpid())
    own.symlink_to("/dev/null")
    soldered = SimpleNamespace(device="/dev/ttyS0", description="n/a", vid=None)
    usb = SimpleNamespace(device="/dev/ttyUSB0", description="CP2102", vid=0x10C4)
    monkeypatch.setattr(ports.list_ports, "comports", lambda: [soldered, usb])
    assert candidates() == [
        Candidate(str(own), "virtual box"),
        Candidate("/dev/ttyUSB0", "CP2102"),
        Candidate("/dev/ttyS0", "serial port", 1.5, soldered=True),
    ]
    assert "/dev/ttyUSB0 (CP2102), /dev/ttyS0 (serial port)." in ports_in_words()


@pytest.mark.usefixtures("apart")
def test_links_of_processes_that_were_killed_are_cleared_away():
    folder = make_virtual_ports_folder()
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)
    for name in (str(os.getpid()), "99999999999999999999"):
        (folder / name).symlink_to(folder / "gone")
    # What had been its port may be another program's by now.
    (folder / str(process)).symlink_to("/dev/null")
    assert candidates() == []
    # The port of a box that lives may be away for a moment.
    assert [link.name for link in folder.iterdir()] == [str(os.getpid())]


def test_without_a_runtime_folder_a_private_one_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
):
    monkeypatch.setattr(ports.tempfile, "gettempdir", lambda: str(tmp_path))
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o755)
    for given in ("", str(tmp_path / "nope"), str(open_to_all)):
        monkeypatch.setenv("XDG_RUNTIME_DIR", given)
        folder = make_virtual_ports_folder()
        assert folder == tmp_path / f"beltbox-{os.getuid()}" == virtual_ports_folder()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_others_may_write_to_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(ports.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(ports.list_ports, "comports", lambda: [])
    folder = tmp_path / f"beltbox-{os.getuid()}"
    folder.mkdir()
    (folder / "1").symlink_to("/dev/null")
    folder.chmod(0o777)
    assert candidates() == []
    with pytest.raises(PortError, match=f"chmod 700 {folder}"):
        make_virtual_ports_folder()
    folder.chmod(0o700)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert candidates() == []
    with pytest.raises(PortError, match="isn't a folder of this user alone"):
        make_virtual_ports_folder()


@pytest.mark.usefixtures("apart")
def test_the_terminal_one_types_at_is_no_port():
    with pytest.raises(ports.PortError, match="/dev/tty is the terminal that you type at"):
        ports.open_port("/dev/tty")


def test_what_a_usb_device_calls_itself_is_clean_and_short(monkeypatch: pytest.MonkeyPatch):
    evil = SimpleNamespace(device="/dev/ttyUSB0", description="\x1b[31mCP\x9b\n" * 40, vid=1)
    monkeypatch.setattr(ports.list_ports, "comports", lambda: [evil])
    monkeypatch.setattr(ports, "virtual_candidates", lambda _folder: [])
    (port,) = ports.candidates()
    assert port.description.isprintable()
    assert len(port.description) == 80
    assert port.description.startswith("\\x1b[31mCP\\x9b ")
