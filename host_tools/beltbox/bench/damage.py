"""How many damaged sentences are believed: a million of them, damaged in seven ways.

A checksum of 16 bits lets one of 65 536 through where more than 16 bits are damaged. The limits of
the fields stop most of those.
"""

from __future__ import annotations

import math
import random
from binascii import crc_hqx
from collections.abc import Callable
from contextlib import suppress

from beltbox.bench.table import Line
from beltcore.command import Damaged
from beltcore.core import Core
from beltcore.host.reader import decode
from beltcore.settings import complete
from beltcore.writer import Writer

COUNT = 1_000_000
_SHARE = 2**-16
_SIGMAS = 4  # of chance: once in 30 000 runs, and the seed is always the same
_SEED = 1


def damage(report: Callable[[str], None], count: int = COUNT) -> list[Line]:
    """Sentences of a walk, each damaged, decoded as the reader does it."""
    report(f"{count:,} damaged sentences …")
    passed, believed = believed_of(count)
    expected = count * _SHARE
    most = math.ceil(expected + _SIGMAS * math.sqrt(expected))
    return [
        Line(
            f"believed of {count:,} damaged sentences",
            f"{believed} ({passed} by the checksum alone)",
            f"{most} (2⁻¹⁶ and chance)",
            believed <= most,
            "–",
        )
    ]


def believed_of(count: int, seed: int = _SEED) -> tuple[int, int]:
    """(how many have a right checksum, how many are believed) of so many damaged sentences."""
    chance = random.Random(seed)
    lines = _sentences()
    sent = set(lines)
    passed = believed = 0
    for _ in range(count):
        sound = chance.choice(lines)
        line = _DAMAGES[chance.randrange(len(_DAMAGES))](sound, chance)
        if line in sent:
            continue  # what a box did send, by chance or by two pieces of one sentence
        passed += _checksum_is_right(line)
        with suppress(Damaged):
            decode(line)
            believed += 1
    return passed, believed


def _checksum_is_right(line: bytes) -> bool:
    return line[-5:-4] == b"*" and line[-4:] == b"%04X" % crc_hqx(line[1:-5], 0xFFFF)


def _sentences() -> list[bytes]:
    """Those of ten seconds of walking, without their newlines."""
    core = Core(complete({"rail_left_nn_per_count": 230_000, "rail_right_nn_per_count": 230_000}))
    writer = Writer()
    lines: list[bytes] = []

    def keep() -> None:
        lines.append(bytes(writer.buffer[: writer.length - 1]))

    for tick in range(800):
        t_us, count = tick * 12_500, -tick * 140
        left, right = 40_000 + tick % 37 * 100, None if tick % 9 else -39_000
        core.step(t_us, count, left, right)
        writer.raw(t_us, count, left, right)  # pyright: ignore[reportUnknownMemberType]
        keep()
        if tick % 8 == 0:
            writer.zones(core)  # pyright: ignore[reportUnknownMemberType]
            keep()
            writer.distance(core)  # pyright: ignore[reportUnknownMemberType]
            keep()
            writer.now(core, 0)  # pyright: ignore[reportUnknownMemberType]
            keep()
    return lines


def _flipped(line: bytes, chance: random.Random) -> bytes:
    """One to eight bits are others."""
    damaged = bytearray(line)
    for _ in range(chance.randint(1, 8)):
        damaged[chance.randrange(1, len(line))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def _burst(line: bytes, chance: random.Random) -> bytes:
    """Three to thirty bytes are noise."""
    at = chance.randrange(1, len(line))
    noise = chance.randbytes(chance.randint(3, 30))[: len(line) - at]
    return line[:at] + noise + line[at + len(noise) :]


def _digits(line: bytes, chance: random.Random) -> bytes:
    """Some bytes are other digits: the hardest to see."""
    damaged = bytearray(line)
    for _ in range(chance.randint(3, 12)):
        damaged[chance.randrange(1, len(line))] = chance.choice(b"0123456789ABCDEF,-")
    return bytes(damaged)


def _without(line: bytes, chance: random.Random) -> bytes:
    """Some bytes are missing."""
    at = chance.randrange(1, len(line))
    return line[:at] + line[at + chance.randint(1, 20) :]


def _twice(line: bytes, chance: random.Random) -> bytes:
    """Some bytes are there twice."""
    at = chance.randrange(1, len(line))
    return line[:at] + line[max(1, at - chance.randint(1, 20)) :]


def _joined(line: bytes, chance: random.Random) -> bytes:
    """The beginning of one and the end of another."""
    other = chance.choice(_OTHERS)
    return line[: chance.randrange(1, len(line))] + other[chance.randrange(1, len(other)) :]


def _swapped(line: bytes, chance: random.Random) -> bytes:
    """Two pieces have changed places."""
    first, middle, last = sorted(chance.sample(range(1, len(line) + 1), 3))
    return line[:first] + line[middle:last] + line[first:middle] + line[last:]


_OTHERS = _sentences()
_DAMAGES = (_flipped, _burst, _digits, _without, _twice, _joined, _swapped)
