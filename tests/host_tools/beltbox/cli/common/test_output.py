"""What commands print."""

import json

from beltbox.cli.common.output import print_json, say, sound_name


def test_json_holds_all_and_no_order_to_a_terminal(capsys):
    value = {"name": "\x1b]0;x\x07\x9b31m\u202e\u2028\ud800é\U000e0041", "list": ["\x7f"]}
    print_json(value)
    printed = capsys.readouterr().out
    assert all(char == "\n" or char.isprintable() for char in printed)
    assert json.loads(printed) == value
    assert "é" in printed


def test_a_line_holds_no_order_to_a_terminal(capsys):
    say("walk\x1b[2J\x9b.csv")
    assert capsys.readouterr().out == "walk\\x1b[2J\\x9b.csv\n"


def test_a_name_that_was_typed_is_clean():
    assert sound_name(" Anna\x1b[31m\udc9b ") == "Anna\\x1b[31m\\udc9b"
    assert len(sound_name("x" * 5000)) == 100
