"""How results and errors are printed: at a terminal no word is broken at its edge."""

from __future__ import annotations

import io

import pytest

from beltbox.cli.common.output import wrapped

TEXT = (
    "beltbox: Port /dev/serial/by-id/usb-Silicon_Labs_CP2102_USB_to_UART_Bridge_Controller-if00 is "
    "busy: minicom (process 812) has it open. Close that program, then try again."
)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [1, 40, 80, 200])
def test_words_stay_whole_at_a_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = wrapped(f"{TEXT}\nAnother line.", Screen()).split("\n")
    assert " ".join(lines).split() == f"{TEXT} Another line.".split()
    assert lines[-1].endswith("line.")
    assert all(len(line) <= max(columns, 20) or " " not in line for line in lines)


def test_into_a_file_a_message_is_one_line():
    assert wrapped(TEXT, io.StringIO()) == TEXT
