"""The ports that were asked in vain are listed with the reason of each."""

from __future__ import annotations

import pytest

from beltbox.link import finding
from beltbox.link.finding import find_box
from beltbox.link.link import LinkError, NoProgramError, ProtocolError
from beltbox.link.ports import Candidate, PortError, PortTrouble


def refused(monkeypatch, *errors: Exception) -> PortError:
    """What find_box raises when these ports refuse in this way."""
    errors_of_ports = {f"/dev/p{number}": error for number, error in enumerate(errors, 1)}

    def refuse(path, *, patience_s):
        raise errors_of_ports[path]

    monkeypatch.setattr(finding, "BoxLink", refuse)
    with pytest.raises(PortError) as caught:
        find_box(None, among=[Candidate(path, "a port") for path in errors_of_ports])
    return caught.value


def test_the_reason_of_each_port_is_named_whatever_its_message_says(monkeypatch):
    error = refused(
        monkeypatch,
        PortError("a", PortTrouble.BUSY),
        PortError("b", PortTrouble.FORBIDDEN),
        PortError("c", PortTrouble.SILENT),
        PortError("d", PortTrouble.FOREIGN),
        NoProgramError("e", "/dev/p5"),
        NoProgramError("f", "/dev/p6"),
        ProtocolError("g"),
        PortError("it is busy, is silent"),
        LinkError("the port may not be opened"),
    )
    assert str(error).endswith(
        "Asked: /dev/p1 (busy: another program has it open); "
        "/dev/p2 (may not be opened by this user); /dev/p3 (silent); /dev/p4 (something else); "
        "/dev/p5 (MicroPython without the box's program); "
        "/dev/p6 (MicroPython without the box's program); "
        "/dev/p7 (a box of a newer protocol: update this program); "
        "/dev/p8 (no answer); /dev/p9 (no answer)."
    )


def test_the_only_board_without_the_program_is_told_of_in_full(monkeypatch):
    only = NoProgramError("MicroPython answers on /dev/p2.", "/dev/p2")
    assert refused(monkeypatch, PortError("a", PortTrouble.SILENT), only) is only
