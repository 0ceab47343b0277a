"""The real esptool against a stand-in for a chip's loader, on a pseudo-terminal."""

from __future__ import annotations

import hashlib
import os
import pty
import select
import struct
import threading
import tty
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beltbox.flash import board, image, rom
from beltbox.flash.chips import CHIPS
from beltbox.flash.rom import RomError

pytestmark = pytest.mark.slow

# Opcodes: docs.espressif.com/projects/esptool/en/latest/esp32/advanced-topics/serial-protocol.html
FLASH_BEGIN, FLASH_DATA, MEM_END, SYNC = 0x02, 0x03, 0x06, 0x08
READ_REG, SECURITY_INFO, MD5, ERASE_FLASH = 0x0A, 0x14, 0x13, 0xD0
DEFLATED_BEGIN, DEFLATED_DATA = 0x10, 0x11
CHIP_REGISTER = 0x40001000
ESP32_MAGIC = 0x00F01D83


class Loader:
    """A chip's ROM loader, and the stub that esptool puts into its place. `flash` is what it wrote.

    chip_id: as the security information has it; None is an ESP32, which has none.
    """

    def __init__(self, chip_id: int | None) -> None:
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self._slave = slave
        self.path = os.ttyname(slave)
        self.flash = bytearray(b"\xee" * (4 << 20))
        self.erased = False
        self._chip_id = chip_id
        self.deaf_to: set[int] = set()
        self._is_stub = False
        self._at = 0
        self._inflate = zlib.decompressobj()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)

    def _run(self) -> None:
        packet = None
        while not self._ended.is_set():
            if not select.select([self._master], [], [], 0.05)[0]:
                continue
            for byte in os.read(self._master, 65536):
                if byte != 0xC0:
                    if packet is not None:
                        packet.append(byte)
                elif packet:
                    self._take(bytes(packet).replace(b"\xdb\xdc", b"\xc0"))
                    packet = None
                else:
                    packet = bytearray()

    def _take(self, packet: bytes) -> None:
        packet = packet.replace(b"\xdb\xdd", b"\xdb")
        _direction, opcode, _size, _checksum = struct.unpack_from("<BBHI", packet)
        body = packet[8:]
        value, data, status = 0, b"", 0
        if opcode in self.deaf_to:
            return
        if opcode == SYNC:
            self._is_stub = False  # a reset came before it
            value = 0x20120707  # by a 0 esptool knows its own stub
            for _ in range(7):
                self._answer(opcode, value, b"", 0)
        elif opcode == READ_REG:
            if struct.unpack("<I", body)[0] == CHIP_REGISTER:
                value = ESP32_MAGIC if self._chip_id is None else 0
        elif opcode == SECURITY_INFO:
            if self._chip_id is None:
                status = 1
            else:
                data = struct.pack("<IB7BII", 0, 0, *bytes(7), self._chip_id, 0)
        elif opcode == ERASE_FLASH:
            self.erased = True
            self.flash[:] = b"\xff" * len(self.flash)
        elif opcode in (FLASH_BEGIN, DEFLATED_BEGIN):
            self._at = struct.unpack_from("<IIII", body)[3]
            self._inflate = zlib.decompressobj()
        elif opcode in (FLASH_DATA, DEFLATED_DATA):
            piece = body[16:]
            if opcode == DEFLATED_DATA:
                piece = self._inflate.decompress(piece)
            self.flash[self._at : self._at + len(piece)] = piece
            self._at += len(piece)
        elif opcode == MD5:
            start, size = struct.unpack_from("<II", body)
            digest = hashlib.md5(self.flash[start : start + size])
            data = digest.digest() if self._is_stub else digest.hexdigest().encode()
        self._answer(opcode, value, data, status)
        if opcode == MEM_END and struct.unpack_from("<I", body)[0] == 0:
            self._is_stub = True
            self._write(b"OHAI")

    def _answer(self, opcode: int, value: int, data: bytes, status: int) -> None:
        # The ESP32's ROM ends with four bytes, of which two are status; so do the others'.
        data += bytes((status, 5 if status else 0)) + (b"" if self._is_stub else b"\0\0")
        self._write(struct.pack("<BBHI", 1, opcode, len(data), value) + data)

    def _write(self, packet: bytes) -> None:
        packet = packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
        os.write(self._master, b"\xc0" + packet + b"\xc0")


@pytest.fixture
def loaders() -> Iterator[Callable[[int | None], Loader]]:
    """loaders(chip_id): a loader that listens at its `path`."""
    made: list[Loader] = []

    def make(chip_id: int | None) -> Loader:
        made.append(Loader(chip_id))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: chip.name)
def test_the_chip_is_recognised_and_the_image_written_where_it_belongs(
    loaders, tmp_path: Path, chip
):
    loader = loaders(None if chip.name == "ESP32" else chip.header_id)
    assert rom.recognise(loader.path) == chip
    image = tmp_path / "image.bin"
    content = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(1000))
    image.write_bytes(content)
    shown: list[float] = []
    rom.write(loader.path, chip, image, shown.append, erase=False)
    end = chip.offset + len(content)
    assert loader.flash[chip.offset : end] == content
    assert loader.flash[: chip.offset] == b"\xee" * chip.offset
    assert not loader.erased
    assert shown == sorted(shown)
    assert shown[-1] == 100


def test_only_when_asked_is_the_whole_flash_erased(loaders, tmp_path: Path):
    loader = loaders(9)
    file = tmp_path / "image.bin"
    file.write_bytes(bytes(1000))
    rom.write(loader.path, CHIPS[1], file, lambda _percent: None, erase=True)
    assert loader.erased
    assert loader.flash[1000:1100] == b"\xff" * 100


def test_a_chip_without_a_pin_map_is_refused_by_name(loaders):
    loader = loaders(16)
    with pytest.raises(RomError, match=r"is an ESP32-H2\. There is no pin map for it"):
        rom.recognise(loader.path)


def test_a_loader_that_dies_is_told(loaders, tmp_path: Path):
    loader = loaders(9)
    loader.deaf_to.add(DEFLATED_DATA)
    file = tmp_path / "image.bin"
    file.write_bytes(bytes(1000))
    with pytest.raises(RomError, match=r"couldn't write image\.bin at .* try.* again"):
        rom.write(loader.path, CHIPS[1], file, lambda _percent: None, erase=False)


def test_something_else_at_the_port_is_told(speaker):
    other = speaker(every=b"temperature 21.5\r\n")
    with pytest.raises(RomError, match="Neither MicroPython nor the loader of a chip answers"):
        rom.recognise(other.path)


def test_from_an_empty_chip_to_the_running_firmware(
    loaders, box, run, apart, tmp_path: Path, monkeypatch
):
    """An ESP32's loader first; once the image is written, a board fresh from its first start."""
    loader = loaders(None)
    port = tmp_path / "box"
    port.symlink_to(loader.path)
    file = tmp_path / "image.bin"
    file.write_bytes(b"an image" * 1000)
    monkeypatch.setattr(image, "check", lambda *_: None)
    monkeypatch.setattr(board, "_ENTER_S", 0.2)
    write = rom.write

    def write_and_start(*arguments, **options):
        write(*arguments, **options)
        box(blank=True)

    monkeypatch.setattr(rom, "write", write_and_start)
    ran = run("flash", "--port", port, "--image", file)
    assert ran.status == 0, ran.said
    assert "ESP32; no MicroPython answers on it: writing MicroPython (ESP32_GENERIC)" in ran.said
    assert "runs firmware" in ran.said
    assert loader.flash[0x1000 : 0x1000 + 8000] == file.read_bytes()


def test_an_image_that_is_none_is_refused_before_the_chip_is_touched(
    loaders, run, tmp_path: Path, monkeypatch
):
    loader = loaders(13)
    monkeypatch.setattr(board, "_ENTER_S", 0.2)
    before = bytes(loader.flash)
    file = tmp_path / "image.bin"
    file.write_bytes(b"\xe9" + bytes(100_000))
    for arguments in ((), ("--erase",), ("--dry-run",)):
        ran = run("flash", "--port", loader.path, "--image", file, *arguments)
        assert ran.status == 1
        assert "is an image for the ESP32, and this is an ESP32-C6" in ran.said
    assert bytes(loader.flash) == before


def test_the_steps_for_an_empty_chip_write_nothing(loaders, run, tmp_path: Path, monkeypatch):
    loader = loaders(13)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(board, "_ENTER_S", 0.2)
    before = bytes(loader.flash)
    ran = run("flash", "--port", loader.path, "--dry-run")
    assert ran.status == 0, ran.said
    assert "ESP32-C6; no MicroPython answers on it. The steps:" in ran.said
    assert "download ESP32_GENERIC_C6-DATE-v1.28.x.bin" in ran.said
    assert bytes(loader.flash) == before
