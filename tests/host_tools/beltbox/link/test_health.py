"""What a box says of its health."""

from __future__ import annotations

from pathlib import Path

import pytest

from beltbox.errors import LinkError
from beltbox.link.health import ask_health
from beltbox.link.link import BoxLink


def test_a_box_tells_of_its_health(box, tmp_path: Path):
    box(serial_number="0123456789ab", filesystem_bytes=1 << 20)
    with BoxLink(str(tmp_path / "box")) as link:
        first = ask_health(link)
        again = ask_health(link)
    assert first is not None
    assert again is not None
    assert first.serial == "0123456789ab"
    assert "ESP32" in first.machine
    assert first.flash_kb == 1024
    assert 0 < first.flash_free_kb < 1024
    assert first.ram_free > 0
    assert first.ram_used > 0
    assert first.resets["powers"] == first.power == 1
    assert sum(first.resets.values()) == 1
    assert first.crashes == 0
    assert 0 <= first.tick_mean_us <= first.tick_worst_us
    assert again.uptime_s >= first.uptime_s


def answering(sentence, health: bytes):
    def answer(heard: bytes) -> bytes:
        said = b""
        for line in heard.split(b"\n"):
            number = line[1:].split(b",")[0].decode()
            if b",identify" in line:
                said += sentence("ID", 0, 1, "0.1.0", "b", "n", 1, "power", "ABCD", "1.28.0")
            if b",health" in line:
                said += health
                said += sentence("ANS", 3, number, *ANSWER[health])
        return said

    return answer


DAMAGED = b"$HLT,1,2,3*0000\n"
ANSWER = {b"": ("error", "no verb health"), DAMAGED: ("ok", "words")}


def test_an_older_box_doesnt_know_of_health(sentence, speaker):
    with BoxLink(speaker(b"", answering(sentence, b"")).path) as link:
        assert ask_health(link) is None


def test_damaged_sentences_are_asked_for_again_and_then_named(sentence, speaker):
    with (
        BoxLink(speaker(b"", answering(sentence, DAMAGED)).path) as link,
        pytest.raises(LinkError, match="comes damaged"),
    ):
        ask_health(link)
