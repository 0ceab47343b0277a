"""Sessions that a box kept by itself, as they come over the wire (firmware/PROTOCOL.md)."""

# The host's checker knows no type of MicroPython's const(), which makes beltcore's numbers.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import struct
from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from beltbox.link.wire import Sentence, named
from beltbox.walk.rows import MetricRow
from beltcore import blocks as layout

BLOCK_BYTES: int = layout.BLOCK_BYTES
PART_BYTES: int = layout.PART_BYTES
"""A block comes in parts of so many bytes, the last one shorter."""
VERSION: int = layout.VERSION
"""The newest version of a session's blocks that can be read here."""
UNDER_WAY: int = layout.UNDER_WAY
KEPT: int = layout.KEPT
"""States of a session; any other is: acknowledged."""

_CRC_AT: int = layout.CRC_AT
_RECORDS: int = layout.RECORDS
_RECORDS_AT: int = layout.RECORDS_AT
_RECORD_BYTES: int = layout.RECORD_BYTES
_UNKNOWN: int = layout.UNKNOWN
_CRC_START = 0xFFFF
_ZONES = 4
# From 2020 to 2100: what is outside no clock has said.
_EARLIEST_S, _LATEST_S = 1_577_836_800, 4_102_444_800


class BlockError(ValueError):
    """A block isn't what a box writes: its bytes are damaged."""


@dataclass(frozen=True, slots=True)
class BoxSession:
    """What SES tells of a session. What is None stands in a head that is damaged."""

    number: int
    blocks: int
    state: int
    """UNDER_WAY, KEPT, or else acknowledged."""
    power: int | None
    boots: int | None
    started_s: int | None
    """Since 1970 UTC; None too where no host told that power-up the time."""
    settings_hash: str
    version: int | None = None
    """Of its blocks; None too from a firmware that doesn't tell: then it is the first."""
    random: int | None = None
    """Made with the session's file; None too from older firmware and of older files."""

    @property
    def is_newer(self) -> bool:
        """Whether a newer firmware wrote it than can be read here."""
        return self.version is not None and self.version > VERSION


class Record(NamedTuple):
    """A second. Lengths are sums since the measurement's first row, as is `t_s`."""

    t_s: int
    zone: int | None
    forward_mm: int
    backward_mm: int
    speed_mm_s: int
    reliance_permille: int | None
    cadence_spm_x10: int | None
    flags: int
    box_flags: int


@dataclass(frozen=True, slots=True)
class Block:
    """Up to ten records, and what had been walked before the first."""

    forward_mm: int
    backward_mm: int
    records: tuple[Record, ...]
    crc: int


def box_session(sentence: Sentence) -> BoxSession | None:
    """What a SES says; None when it lacks what every session has, and of another sentence."""
    if sentence.type != "SES":
        return None
    values = named(sentence)
    number, count, state = values["session"], values["blocks"], values["state"]
    if not (isinstance(number, int) and isinstance(count, int) and isinstance(state, int)):
        return None
    power, boots, started_s = values["power"], values["boots"], values["started_s"]
    version, random = values["version"], values["random"]
    return BoxSession(
        number=number,
        blocks=count,
        state=state,
        power=power if isinstance(power, int) else None,
        boots=boots if isinstance(boots, int) else None,
        started_s=started_s
        if isinstance(started_s, int) and _EARLIEST_S <= started_s < _LATEST_S
        else None,
        settings_hash=str(values["settings_hash"] or ""),
        version=version if isinstance(version, int) else None,
        random=random if isinstance(random, int) else None,
    )


def decode_block(data: bytes) -> Block:
    """The records of a block of 180 bytes. Raises BlockError, which says what is wrong."""
    if len(data) != BLOCK_BYTES:
        raise BlockError(f"it has {len(data)} bytes and not {BLOCK_BYTES}")
    crc = stated_crc(data)
    if crc != crc_hqx(data[:_CRC_AT], _CRC_START):
        raise BlockError("its checksum doesn't match")
    count, _, t_s, forward_m, forward_mm, backward_m, backward_mm = struct.unpack_from(
        layout.BLOCK_CODES, data
    )
    if not 1 <= count <= _RECORDS:
        raise BlockError(f"it says that it has {count} records")
    before_mm = 1000 * forward_m + forward_mm, 1000 * backward_m + backward_mm
    records: list[Record] = []
    forward, backward = before_mm
    for index in range(count):
        after_s, zone, forward_mm, backward_mm, speed, reliance, cadence, flags, box_flags = (
            struct.unpack_from(layout.RECORD_CODES, data, _RECORDS_AT + index * _RECORD_BYTES)
        )
        forward += forward_mm
        backward += backward_mm
        records.append(
            Record(
                t_s=t_s + after_s,
                zone=zone if zone < _ZONES else None,
                forward_mm=forward,
                backward_mm=backward,
                speed_mm_s=speed,
                reliance_permille=None if reliance == _UNKNOWN else reliance,
                cadence_spm_x10=None if cadence == _UNKNOWN else cadence,
                flags=flags,
                box_flags=box_flags,
            )
        )
    if any(after.t_s <= before.t_s for before, after in pairwise(records)):
        raise BlockError("its times don't rise")
    return Block(*before_mm, tuple(records), crc)


def stated_crc(data: bytes) -> int:
    """The checksum that a block carries, be it right or not."""
    return int.from_bytes(data[_CRC_AT:BLOCK_BYTES], "little")


def follows(before: Block | None, block: Block) -> bool:
    """Whether the block can come after that one: neither time nor lengths go back."""
    if before is None:
        return True
    last = before.records[-1]
    return (
        block.records[0].t_s > last.t_s
        and block.forward_mm >= last.forward_mm
        and block.backward_mm >= last.backward_mm
    )


def metric_rows(blocks: Sequence[Block], *, from_start: bool = False) -> list[MetricRow]:
    """A row for each record of blocks that follow each other; some between them may be missing.

    Times and lengths are the measurement's, or, `from_start`, the session's own: its first record
    then is at 1000 ms. The metres by zone are the session's own in either case: what was walked in
    a second counts for the zone at its end. Force, steps and grabs aren't kept by a box: unknown.
    """
    zero_ms = forward_zero_mm = backward_zero_mm = 0
    if from_start and blocks:
        zero_ms = 1000 * blocks[0].records[0].t_s - 1000
        forward_zero_mm, backward_zero_mm = blocks[0].forward_mm, blocks[0].backward_mm
    zones_mm = [0] * _ZONES
    zones_known = False
    rows: list[MetricRow] = []
    for block in blocks:
        walked_mm = block.forward_mm + block.backward_mm
        for record in block.records:
            now_mm = record.forward_mm + record.backward_mm
            if record.zone is not None:
                zones_known = True
                zones_mm[record.zone] += now_mm - walked_mm
            walked_mm = now_mm
            zones = zones_mm if zones_known else [None] * _ZONES
            forward_mm = record.forward_mm - forward_zero_mm
            backward_mm = record.backward_mm - backward_zero_mm
            rows.append(
                MetricRow(
                    t_ms=1000 * record.t_s - zero_ms,
                    speed_mm_s=record.speed_mm_s,
                    distance_mm=forward_mm + backward_mm,
                    forward_mm=forward_mm,
                    backward_mm=backward_mm,
                    reliance_permille=record.reliance_permille,
                    zone=record.zone,
                    hands_off_mm=zones[0],
                    light_mm=zones[1],
                    supported_mm=zones[2],
                    heavy_mm=zones[3],
                    cadence_spm_x10=record.cadence_spm_x10,
                    flags=record.flags,
                    box_flags=record.box_flags,
                )
            )
    return rows
