"""Who is at a port: a box, or what else, in words."""

from __future__ import annotations

import os

import pytest

from beltbox.link.link import BoxLink
from beltbox.link.meeting import ProtocolError
from beltbox.link.ports import PortError, PortTrouble

STRANGERS = pytest.mark.parametrize(
    ("every", "answer", "words", "trouble"),
    [
        (b"", lambda _heard: b"", "is silent: no BeltBox answers there", "SILENT"),
        (
            b"ok T:21.0\r\n",
            lambda _heard: b"",
            "belongs to something else: it isn't a BeltBox that said",
            "FOREIGN",
        ),
        (b"", lambda heard: heard, "belongs to something else", "FOREIGN"),
        (bytes(range(256)), lambda _heard: b"", "belongs to something else", "FOREIGN"),
        (bytes(range(128, 256)), lambda _heard: b"", "that said what no text has", "FOREIGN"),
        (b"", lambda heard: b">>> " + heard, "the box's program doesn't run", "NO_PROGRAM"),
        (b"$LOG,1,x*94FE\n", lambda _heard: b"", "doesn't say who it is", "NO_ANSWER"),
    ],
    ids=["silent", "printer", "echo", "noise", "another speed", "micropython", "mute box"],
)


@STRANGERS
def test_what_is_no_box_is_refused_in_words(port, clock, every, answer, words, trouble, sentence):
    if every.startswith(b"$LOG"):
        every = sentence("LOG", 1, "x")
    at = port.stranger(answer, every=every)
    began_s = clock.now_s()
    with pytest.raises(PortError, match=words) as caught:
        BoxLink(at.path, clock=clock)
    assert caught.value.trouble is PortTrouble[trouble]
    assert at.path in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not at.is_open  # it was let go of
    assert clock.now_s() - began_s == pytest.approx(4, abs=0.1)


def test_a_real_port_is_let_go_of(speaker):
    path = speaker(b"ok T:21.0\r\n").path
    with pytest.raises(PortError, match="belongs to something else"):
        BoxLink(path, patience_s=0.1)
    os.close(os.open(path, os.O_RDWR | os.O_NOCTTY))


def test_a_port_that_vanishes_in_the_meeting_is_said(port, clock):
    at = port.stranger(lambda _heard: at.unplug() or b"")
    with pytest.raises(PortError, match=f"{at.path} vanished while it was opened. Plug the box in"):
        BoxLink(at.path, clock=clock)


def test_a_box_that_answers_late_is_asked_again(port, scripted_box, clock):
    box = scripted_box()
    deaf = [b""] * 3
    box.before = lambda _command: deaf.pop() if deaf else None
    with BoxLink(port(box).path, clock=clock) as link:
        assert link.identity.box_name == "virtual"
    assert box.heard == ["identify"] * 4


def test_a_newer_box_is_refused_by_name_and_a_newer_field_is_not(port, clock, sentence):
    def identity(protocol):
        fields = ("9.0", "esp32", "my box", 4, "power", "ABCD", "1.30.0", "new")
        return lambda heard: sentence("ID", 5, protocol, *fields) if b"identify" in heard else b""

    with pytest.raises(
        ProtocolError, match=r"speaks protocol 2; this program knows up to 1. Update it"
    ):
        BoxLink(port.stranger(identity(2)).path, clock=clock)
    with BoxLink(port.stranger(identity(1)).path, clock=clock) as link:
        assert link.identity.box_name == "my box"
