"""MicroPython's image for a chip: the file that was given, one kept from before, or downloaded."""

from __future__ import annotations

import hashlib
import os
import re
import struct
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from platformdirs import user_cache_path

from beltbox.errors import BeltBoxError
from beltbox.flash.chips import CHIPS, Chip

SITE = "https://micropython.org"
SERIES = "1.28"
"""The MicroPython that is downloaded: the one that everything here is tested with."""
OLDEST = (1, 26, 0)
"""machine.Encoder, which the box counts with, came with it."""

_PATIENCE_S = 20.0
_PIECE_BYTES = 1 << 16
_MOST_BYTES = 16 << 20

# ESP-IDF's esp_app_format.h: magic, segments, 2 bytes, entry, 4 bytes of pins, chip, revisions,
# reserved, and whether a SHA-256 of all before it ends the image.
_HEADER = struct.Struct("<BBBBIIHBHH4xB")
_MAGIC = 0xE9
_SEGMENT = struct.Struct("<II")
_PADDING_BYTES = 16  # the checksum fills up to that
_DIGEST_BYTES = 32
# Where MicroPython's partition table puts the program (ports/esp32/partitions-4MiB.csv).
_PROGRAM_OFFSET = 0x10000


class ImageError(BeltBoxError):
    """There is no image to write, or it isn't one for this chip."""


def kept_images() -> Path:
    """The folder of images that were downloaded, or put there by hand."""
    return user_cache_path("beltbox", appauthor=False) / "micropython"


def find(
    chip: Chip, given: Path | None, progress: Callable[[int, int], object] = lambda _d, _a: None
) -> Path:
    """A checked image for the chip: `given`, the newest that is kept, or downloaded and kept.

    progress(bytes so far, bytes in all) while it comes. Raises ImageError.
    """
    if given is not None:
        check(given, chip)
        return given
    kept = _newest([path.name for path in kept_images().glob("*.bin")], chip)
    if kept is not None:
        check(kept_images() / kept, chip)
        return kept_images() / kept
    return _download(chip, progress)


def is_kept(chip: Chip) -> str | None:
    """The name of the image that is kept for the chip, None if there is none."""
    return _newest([path.name for path in kept_images().glob("*.bin")], chip)


def check(path: Path, chip: Chip) -> None:
    """Raises ImageError for a file that isn't a whole image for this chip."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImageError(f"Can't read {path}: {error.strerror}.") from error
    _check_part(path, content, 0, chip, "bootloader")
    _check_part(path, content, _PROGRAM_OFFSET - chip.offset, chip, "program")


def _check_part(path: Path, content: bytes, start: int, chip: Chip, what: str) -> None:
    """Check the bootloader or the program, which are images of one format."""
    if len(content) < start + _HEADER.size:
        raise ImageError(_cut_off(path, len(content), chip))
    fields = _HEADER.unpack_from(content, start)
    magic, segments, chip_id, hashed = fields[0], fields[1], fields[6], fields[-1]
    if start == 0 and magic == _MAGIC and chip_id != chip.header_id:
        other = next(
            (known.name for known in CHIPS if known.header_id == chip_id), f"chip {chip_id}"
        )
        raise ImageError(
            f"{path} is an image for the {other}, and this is an {chip.name}. Give one whose name "
            f"begins with {chip.image}-. Nothing was written."
        )
    if magic != _MAGIC or chip_id != chip.header_id:
        raise ImageError(
            f"{path} isn't an image of MicroPython for the {chip.name}: its {what} doesn't begin "
            f"as one. Get the .bin (not the .app-bin) from {_page(chip)}. Nothing was written."
        )
    end = start + _HEADER.size
    for _ in range(segments):
        if len(content) < end + _SEGMENT.size:
            raise ImageError(_cut_off(path, len(content), chip))
        end += _SEGMENT.size + _SEGMENT.unpack_from(content, end)[1]
    end += _PADDING_BYTES - (end - start) % _PADDING_BYTES
    if len(content) < end + _DIGEST_BYTES * hashed:
        raise ImageError(_cut_off(path, len(content), chip))
    if hashed and hashlib.sha256(content[start:end]).digest() != content[end:][:_DIGEST_BYTES]:
        raise ImageError(
            f"{path} is damaged: the checksum of its {what} is wrong. Download it again from "
            f"{_page(chip)}. Nothing was written."
        )


def _cut_off(path: Path, size_bytes: int, chip: Chip) -> str:
    return (
        f"{path} is cut off: {size_bytes} bytes are less than it says it has. Download it again "
        f"from {_page(chip)}. Nothing was written."
    )


def _page(chip: Chip) -> str:
    return f"{SITE}/download/{chip.image}/"


def _newest(names: list[str], chip: Chip) -> str | None:
    """The newest release of the series among names such as ESP32_GENERIC-20260406-v1.28.0.bin.

    Not the variants: they have another word before the date.
    """
    pattern = re.compile(rf"{chip.image}-(\d{{8}})-v{re.escape(SERIES)}\.(\d+)\.bin")
    releases = [(int(m[2]), m[1], m[0]) for name in names if (m := pattern.fullmatch(name))]
    return max(releases)[2] if releases else None


def _download(chip: Chip, progress: Callable[[int, int], object]) -> Path:
    try:
        listing = _fetch(_page(chip), lambda _done, _all: None).decode(errors="replace")
        links = re.findall(r'href="([^"]*/resources/firmware/[^"/]+\.bin)"', listing)
        name = _newest([link.rsplit("/", 1)[1] for link in links], chip)
        if name is None:
            raise ImageError(
                f"{_page(chip)} lists no release {SERIES}.x any more. {_by_hand(chip)}"
            )
        content = _fetch(f"{SITE}/resources/firmware/{name}", progress)
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise ImageError(
            f"MicroPython for the {chip.name} can't be downloaded from {SITE}: {reason}. "
            f"{_by_hand(chip)}"
        ) from error
    path = kept_images() / name
    part = path.with_name(f".{name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(content)
            check(part, chip)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ImageError(f"Can't write {path}: {error.strerror}.") from error
    return path


def _fetch(url: str, progress: Callable[[int, int], object]) -> bytes:
    """What is there. Raises OSError, HTTPException, ValueError."""
    with urllib.request.urlopen(url, timeout=_PATIENCE_S) as answer:
        total = int(answer.headers.get("Content-Length") or 0)
        content = bytearray()
        while piece := answer.read(_PIECE_BYTES):
            content += piece
            if len(content) > _MOST_BYTES:
                raise ValueError(f"{url} is too big")
            progress(len(content), max(total, len(content)))
    if len(content) < total:
        raise ValueError(f"{url} broke off after {len(content)} of {total} bytes")
    return bytes(content)


def _by_hand(chip: Chip) -> str:
    return (
        f"On a computer that can, get {chip.image}-DATE-v{SERIES}.0.bin from {_page(chip)}, then "
        f"name it with --image, or put it under that name into {kept_images()}, where it is found "
        "by itself."
    )
