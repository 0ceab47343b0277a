"""The only box found among ports, whatever they are called."""

from __future__ import annotations

import io

import pytest

from beltbox.errors import LinkError
from beltbox.link import finding, ports
from beltbox.link.finding import find_box
from beltbox.link.meeting import NoProgramError, ProtocolError
from beltbox.link.ports import (
    Candidate,
    PortError,
    PortTrouble,
    make_virtual_ports_folder,
    open_port,
)
from beltbox.link.wire import Sentence


def heard_from(link) -> Sentence:
    """The next sentence."""
    return next(item for item in link.listen() if isinstance(item, Sentence))


def test_the_only_box_is_found_among_other_ports(port, scripted_box, clock):
    stranger, at = port.stranger(every=b"ok T:21.0\n"), port(scripted_box())
    told: list[str] = []
    with find_box(None, tell=told.append, clock=clock) as link:
        assert link.path == at.path
        assert heard_from(link).type
    assert told == [f"Asking {path} (scripted) …" for path in (stranger.path, at.path)]


def test_virtual_boxes_are_found_by_their_links(box, until):
    folder = make_virtual_ports_folder()
    (folder / "2").symlink_to(box(speed=1).port)
    told: list[str] = []
    with find_box(None, tell=told.append) as link:
        assert link.path == str(folder / "2")
        until(lambda: heard_from(link).type == "NOW")
    assert told == [f"Asking {folder}/2 (virtual box) …"]


def test_two_boxes_are_named_and_let_go_of(port, scripted_box, clock):
    first, second = (port(scripted_box(box_name=f"box {number}")) for number in (1, 2))
    with pytest.raises(PortError) as caught:
        find_box(None, clock=clock)
    assert str(caught.value) == (
        f"2 boxes are here: {first.path} (box 1, serial {first.peer.serial}), {second.path} "
        f"(box 2, serial {second.peer.serial}). Name one: --port {first.path}"
    )
    with find_box(second.path, clock=clock) as link:
        assert link.identity.box_name == "box 2"
        # The only one that isn't taken.
        with find_box(None, clock=clock) as other:
            assert other.identity.box_name == "box 1"


@pytest.mark.usefixtures("apart")
def test_no_box_at_all_is_said_with_what_was_asked(speaker, monkeypatch):
    with pytest.raises(PortError, match=r"No BeltBox was found. Plug it in .* beltbox sim.$"):
        find_box(None)
    folder = make_virtual_ports_folder()
    stranger, taken = speaker(b"ok T:21.0\n").path, speaker().path
    (folder / "1").symlink_to(stranger)
    (folder / "2").symlink_to(taken)
    hurried = [
        Candidate(candidate.path, candidate.description, patience_s=0.2)
        for candidate in ports.candidates()
    ]
    with open_port(taken), pytest.raises(PortError) as caught:
        find_box(None, among=hurried)
    assert str(caught.value).endswith(
        f"Asked: {folder}/1 (something else); {folder}/2 (busy: another program has it open)."
    )


def test_a_capture_begins_with_what_the_box_that_was_found_said_first(port, scripted_box, clock):
    at = port(scripted_box())
    capture = io.BytesIO()
    here = [Candidate(at.path, "virtual box")]
    with find_box(None, among=here, capture=capture, clock=clock) as link:
        assert b"$ID," in capture.getvalue()
        before = len(capture.getvalue())
        link.command("get", "body_mass_g")
    assert len(capture.getvalue()) > before


def refused(monkeypatch, *errors: Exception) -> PortError:
    """What find_box raises when these ports refuse in this way."""
    errors_of_ports = {f"/dev/p{number}": error for number, error in enumerate(errors, 1)}

    def refuse(path, **_options):
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


def test_a_single_port_that_is_busy_is_what_is_wrong(monkeypatch):
    """No box was looked for there: to plug one in is no help."""
    error = refused(
        monkeypatch, PortError("Port /dev/p1 is busy: x has it open.", PortTrouble.BUSY)
    )
    assert str(error) == "Port /dev/p1 is busy: x has it open."
    assert error.trouble is PortTrouble.BUSY


def test_a_busy_port_among_others_is_told_first(monkeypatch):
    busy = PortError("Port /dev/p2 is busy: x has it open.", PortTrouble.BUSY)
    error = refused(monkeypatch, PortError("a", PortTrouble.SILENT), busy)
    assert str(error).startswith(
        "No BeltBox was found at a port that can be asked. Port /dev/p2 is busy: x has it open."
    )
