"""PROTOCOL.md says what the code does: sentences, flags, commands, figures."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from beltcore import blocks, command_forms, version, writer
from beltcore.belt import lag_us
from beltcore.host import block_fields, commands, flags, sentence

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


def limit(text):
    """A limit as the table states it, `1000 * 2^30 - 1` and the like, worked out."""
    value = 0
    for sign, term in re.findall(r"([-+]?)\s*((?:\d+(?:\^\d+)?)(?:\s*\*\s*\d+(?:\^\d+)?)*)", text):
        product = 1
        for factor in term.split("*"):
            base, _, power = factor.strip().partition("^")
            product *= int(base) ** int(power or 1)
        value += -product if sign == "-" else product
    return value


def test_the_limits_of_fields():
    numbers = {
        field: (limit(lowest), limit(highest), unit)
        for fields, lowest, highest, unit in table("number")
        for field in fields.split(", ")
    }
    assert numbers == sentence.NUMBER_FIELDS
    texts = {field: int(most) for fields, most in table("text") for field in fields.split(", ")}
    assert texts == sentence.TEXT_FIELDS
    never = {name.strip("`"): tuple(fields.split(", ")) for name, fields in table("in")}
    assert never == sentence.NEVER_EMPTY


def test_flags():
    rows = table("flags")
    assert [(int(bit), name) for bit, name, _, _ in rows] == [row[:2] for row in flags.CORE]
    assert [(int(bit), name) for _, _, bit, name in rows if bit] == [row[:2] for row in flags.BOX]


def test_commands():
    declared = []
    for _verb, forms, does, answer in commands.command_table():
        declared.append([" ".join(f"`{form}`" for form in forms), does, answer])
    assert table("command") == declared


def test_the_words_of_commands_are_of_declared_ones():
    assert list(commands._WORDS) == list(command_forms.FORMS)


def verbs_in_source():
    """The verbs that the box's sources compare with, wherever a command is carried out."""
    verbs = set()
    for path in [FIRMWARE / "box" / "console.py", *(FIRMWARE / "box").glob("*verbs.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and getattr(node.left, "id", "") == "verb":
                constants = ast.walk(node.comparators[0])
                verbs |= {at.value for at in constants if isinstance(at, ast.Constant)}
    return verbs


def test_the_box_carries_out_the_declared_commands_and_no_others():
    assert verbs_in_source() == set(command_forms.FORMS)


def test_kinds_of_answers():
    rows = table("kind")
    assert [(kind.strip("`"), meaning) for kind, meaning in rows] == [
        *sentence.ANSWER_KINDS.items()
    ]


def kinds_in_source():
    """The kinds that the box's sources name where they answer or refuse."""
    # How many arguments come before the kind.
    before = {"Refused": 0, "_finish": 1, "getattr": 2, "SettingsError": 1}
    kinds = set()
    for path in [*(FIRMWARE / "box").glob("*.py"), *(FIRMWARE / "beltcore").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            place = before.get(name, len(node.args))
            if place < len(node.args) and isinstance(node.args[place], ast.Constant):
                kinds.add(node.args[place].value)
    return kinds - {None}


def test_the_box_answers_with_the_declared_kinds():
    """`range` is what a SettingsError is where it doesn't say otherwise, too."""
    assert kinds_in_source() == set(sentence.ANSWER_KINDS)


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
