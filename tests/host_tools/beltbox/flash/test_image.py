"""MicroPython's images: checked, kept, and downloaded from a site on this computer."""

from __future__ import annotations

import hashlib
import struct
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from beltbox.flash import image
from beltbox.flash.chips import CHIPS, Chip
from beltbox.flash.image import ImageError

ESP32, S3, C6, C3 = CHIPS


def part(chip_id: int, size_bytes: int) -> bytes:
    """A bootloader or a program as ESP-IDF's documentation ("App Image Format") lays it out."""
    header = struct.pack("<BBBBI", 0xE9, 1, 2, 0x20, 0x40081000)
    header += struct.pack("<BBBBHBHH4sB", 0xEE, 0, 0, 0, chip_id, 0, 0, 0xFFFF, bytes(4), 1)
    assert len(header) == 24
    content = header + struct.pack("<II", 0x3F400020, size_bytes) + bytes(size_bytes)
    content += bytes(15 - len(content) % 16) + b"\xef"
    return content + hashlib.sha256(content).digest()


def whole(chip: Chip) -> bytes:
    """An image as MicroPython's makeimg.py joins it."""
    bootloader = part(chip.header_id, 1000)
    program = part(chip.header_id, 5000)
    return bootloader.ljust(0x10000 - chip.offset, b"\xff") + program


@pytest.fixture
def kept(apart: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of kept images, the test's own."""
    folder = apart / "cache"
    monkeypatch.setattr(image, "kept_images", lambda: folder)
    return folder


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder behind a server that stands for micropython.org."""
    folder = tmp_path / "site"
    (folder / "resources" / "firmware").mkdir(parents=True)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(image, "SITE", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def offer(site: Path, chip: Chip, names: list[str], content: bytes) -> None:
    """A board's page that links to files of these names, all alike."""
    page = site / "download" / chip.image
    page.mkdir(parents=True)
    links = [f'<a href="/resources/firmware/{name}">{name}</a>' for name in names]
    (page / "index.html").write_text("<html>" + "\n".join(links))
    for name in names:
        (site / "resources" / "firmware" / name).write_bytes(content)


@pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: chip.name)
def test_a_chips_image_is_taken_and_every_others_refused_by_name(chip, tmp_path):
    for other in CHIPS:
        file = tmp_path / "image.bin"
        file.write_bytes(whole(other))
        if other == chip:
            image.check(file, chip)
            continue
        with pytest.raises(ImageError) as caught:
            image.check(file, chip)
        assert f"is an image for the {other.name}, and this is an {chip.name}" in str(caught.value)
        assert f"begins with {chip.image}-" in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda good: good[:-1], "is cut off"),
        (lambda good: good[:0x9000], "is cut off"),
        (lambda good: good[: 0xF000 + 100], "is cut off"),
        (lambda good: good[: 0xF000 + 26], "is cut off"),
        (lambda good: b"", "is cut off"),
        (lambda good: good[:-200] + b"x" + good[-199:], "the checksum of its program is wrong"),
        (lambda good: good[:90] + b"x" + good[91:], "the checksum of its bootloader is wrong"),
        (lambda good: b"PK" + good[2:], "isn't an image of MicroPython for the ESP32"),
        (lambda good: good[:0xF000] + bytes(9000), "its program doesn't begin as one"),
    ],
)
def test_a_spoilt_image_is_refused(spoil, words, tmp_path):
    file = tmp_path / "image.bin"
    file.write_bytes(spoil(whole(ESP32)))
    with pytest.raises(ImageError) as caught:
        image.check(file, ESP32)
    assert words in str(caught.value)
    assert "Nothing was written" in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ImageError, match=r"Can't read .*nope\.bin: No such file"):
        image.find(ESP32, tmp_path / "nope.bin")


def test_the_newest_release_of_the_series_is_downloaded_and_kept(site, kept):
    newest = "ESP32_GENERIC_S3-20260601-v1.28.1.bin"
    names = [
        *("ESP32_GENERIC_S3-20260824-v1.29.0.bin", "ESP32_GENERIC_S3-20260406-v1.28.0.bin"),
        *(newest, "ESP32_GENERIC_S3-SPIRAM_OCT-20260701-v1.28.2.bin"),
        *("ESP32_GENERIC_S3-20260801-v1.28.0-preview.1.bin", "ESP32_GENERIC-20260901-v1.28.9.bin"),
    ]
    offer(site, S3, names, whole(S3))
    shown: list[tuple[int, int]] = []
    found = image.find(S3, None, lambda done, of: shown.append((done, of)))
    assert found == kept / newest
    assert found.read_bytes() == whole(S3)
    assert shown[-1] == (len(whole(S3)), len(whole(S3)))
    assert list(kept.iterdir()) == [found]
    # From now on without the network.
    (site / "download" / S3.image / "index.html").unlink()
    assert image.find(S3, None) == found
    assert image.is_kept(S3) == newest
    assert image.is_kept(C6) is None


def test_a_file_put_there_by_hand_is_found(kept):
    kept.mkdir()
    (kept / "ESP32_GENERIC-20260406-v1.28.0.bin").write_bytes(whole(ESP32))
    assert image.find(ESP32, None).parent == kept


def test_what_is_downloaded_is_checked_before_it_is_kept(site, kept):
    offer(site, C3, ["ESP32_GENERIC_C3-20260406-v1.28.0.bin"], whole(C3)[:-1])
    with pytest.raises(ImageError, match="is cut off"):
        image.find(C3, None)
    assert list(kept.iterdir()) == []


@pytest.mark.parametrize("names", [None, ["ESP32_GENERIC_C6-20270101-v1.30.0.bin"]])
def test_without_a_download_it_says_where_to_get_it_and_what_to_name_it(site, kept, names):
    if names is not None:
        offer(site, C6, names, whole(C6))
    with pytest.raises(ImageError) as caught:
        image.find(C6, None)
    words = str(caught.value)
    assert "can't be downloaded" in words if names is None else "lists no release 1.28.x" in words
    assert f"get ESP32_GENERIC_C6-DATE-v1.28.0.bin from {image.SITE}/download" in words
    assert "--image" in words
    assert str(kept) in words


def test_no_network_at_all(kept, monkeypatch):
    monkeypatch.setattr(image, "SITE", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(ImageError, match=r"can't be downloaded from .*: .*refused"):
        image.find(C6, None)
