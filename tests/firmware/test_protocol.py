"""PROTOCOL.md says what the code does: sentences, flags, commands, figures."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from beltcore import blocks, version, writer
from beltcore.belt import lag_us
from beltcore.host import block_fields, flags, sentence

FIRMWARE = Path(__file__).parents[2] / "firmware"
TEXT = (FIRMWARE / "PROTOCOL.md").read_text()
WORDS = " ".join(TEXT.split())  # wherever its lines break


def table(head):
    """The rows of the table whose first column is headed `head`, as lists of cells."""
    lines = TEXT[TEXT.index(f"| {head} |") :].splitlines()
    rows = []
    for line in lines[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    assert rows
    return rows


def test_sentences():
    declared = {}
    texts = set()
    for name, _when, fields in table("type"):
        names = []
        for field in fields.split(", "):
            names.append(field.removesuffix(" *text*"))
            if field.endswith(" *text*"):
                texts.add(names[-1])
        declared[name.strip("`")] = tuple(names)
    assert declared == sentence.TYPES
    assert list(declared) == list(sentence.TYPES)
    assert texts == set(sentence.TEXT_FIELDS)


def test_flags():
    rows = table("flags")
    assert [(int(bit), name) for bit, name, _, _ in rows] == [row[:2] for row in flags.CORE]
    assert [(int(bit), name) for _, _, bit, name in rows if bit] == [row[:2] for row in flags.BOX]


def test_commands():
    listed = {
        command.split(",")[0]
        for cell, _does, _answer in table("command")
        for command in re.findall("`([^`]*)`", cell)
    }
    # Those that session_verbs takes are named in the console, too.
    sources = [(FIRMWARE / "box" / name).read_text() for name in ("console.py", "verbs.py")]
    compared = set()
    for node in ast.walk(ast.parse("\n".join(sources))):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name):
            if node.left.id != "verb":
                continue
            for constant in ast.walk(node.comparators[0]):
                if isinstance(constant, ast.Constant):
                    compared.add(constant.value)
    assert listed == compared


def test_figures():
    assert f"Protocol version **{version.PROTOCOL_VERSION}**" in WORDS
    assert f"0 to {writer.SEQUENCE_PERIOD - 1}" in WORDS
    assert f"at most {writer.SENTENCE_MAX} bytes" in WORDS
    fine_ms, coarse_ms = lag_us(100_000) // 1000, lag_us(12_000_000) // 1000
    assert f"the speed {fine_ms} ms ago ({coarse_ms} ms ago" in WORDS


def test_the_blocks_of_a_session():
    rows = table("block")
    assert tuple(name.strip("`") for name, _code, _ in rows[:-2]) == block_fields.BLOCK_FIELDS
    assert "<" + "".join(code for _, code, _ in rows[:-2]) == blocks.BLOCK_CODES
    rows = table("record")
    assert tuple(name.strip("`") for name, _code, _ in rows) == block_fields.RECORD_FIELDS
    assert "<" + "".join(code for _, code, _ in rows) == blocks.RECORD_CODES
    for figure in (
        f"Format version **{blocks.VERSION}**",
        f"a head of {blocks.HEAD_BYTES} bytes",
        f"blocks of {blocks.BLOCK_BYTES} bytes",
        f"{blocks.PART_BYTES} bytes of a block",
        f"{blocks.BLOCK_BYTES % blocks.PART_BYTES} in the last",
        f"records of {blocks.RECORD_BYTES} bytes",
        f"{blocks.CRC_AT} bytes before it",
        f"0 under way, {blocks.KEPT} ended, {blocks.ACKNOWLEDGED} acknowledged",
    ):
        assert figure in WORDS, figure
