"""PROTOCOL.md says what the code does: sentences, flags, commands, figures."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from beltcore import flags, sentence, version
from beltcore.belt import lag_us

FIRMWARE = Path(__file__).parents[2] / "firmware"
TEXT = (FIRMWARE / "PROTOCOL.md").read_text()


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
    assert [(int(bit), name) for _, _, bit, name in rows] == [row[:2] for row in flags.BOX]


def test_commands():
    told = {
        command.split(",")[0]
        for cell, _does, _answer in table("command")
        for command in re.findall("`([^`]*)`", cell)
    }
    console = ast.parse((FIRMWARE / "box" / "console.py").read_text())
    compared = set()
    for node in ast.walk(console):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name):
            if node.left.id != "verb":
                continue
            for constant in ast.walk(node.comparators[0]):
                if isinstance(constant, ast.Constant):
                    compared.add(constant.value)
    listed = re.search('_VERBS = "([^"]*)"', (FIRMWARE / "box" / "console.py").read_text())
    assert listed
    assert told == compared == set(listed[1].split())


def test_figures():
    assert f"Protocol version **{version.PROTOCOL_VERSION}**" in TEXT
    assert f"0 to {sentence.SEQUENCE_PERIOD - 1}" in TEXT
    assert f"at most {sentence.SENTENCE_MAX} bytes" in TEXT
    fine_ms, coarse_ms = lag_us(100_000) // 1000, lag_us(12_000_000) // 1000
    assert f"the speed {fine_ms} ms ago ({coarse_ms} ms ago" in TEXT
