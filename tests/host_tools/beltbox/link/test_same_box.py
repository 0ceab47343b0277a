"""A link stays with its box: another box of the same name is never taken for it."""

from __future__ import annotations

import pytest

from beltbox.link.link import BoxLink
from beltbox.link.meeting import LinkEvent
from beltbox.link.wire import Sentence

OURS, OTHER = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


@pytest.fixture(params=["in its ID", "on health only"])
def two_boxes(request, scripted_box):
    """Two boxes of one name: of today's firmware, and of an older one."""
    tells = request.param == "in its ID"
    ours = scripted_box(serial=OURS, tells_serial=tells)
    return ours, scripted_box(serial=OTHER, tells_serial=tells)


class Sink(bytearray):
    def write(self, data: bytes) -> None:
        self.extend(data)


def listen(link: BoxLink, clock, seconds: float) -> list[Sentence | LinkEvent]:
    """What comes within so many seconds."""
    until_s = clock.now_s() + seconds
    came = []
    for item in link.listen():
        if item is not None:
            came.append(item)
        if clock.now_s() > until_s:
            return came
    raise AssertionError


def kinds(items) -> list[str]:
    return [item.kind for item in items if isinstance(item, LinkEvent)]


def sentences(items) -> list[Sentence]:
    return [item for item in items if isinstance(item, Sentence)]


def test_another_box_at_its_port_is_told_once_and_never_heard(port, clock, two_boxes):
    ours, other = two_boxes
    at = port(ours)
    captured = Sink()
    with BoxLink(at.path, capture=captured, clock=clock) as link:
        listen(link, clock, 1)
        at.unplug()
        listen(link, clock, 1)
        good, kept = link.reader.good, bytes(captured)
        at.peer = other
        at.plug()
        came = listen(link, clock, 60)
        assert kinds(came) == ["another"]
        assert f"{at.path}: virtual (serial {OTHER})" in came[0].text
        assert f"this command waits for virtual (serial {OURS})" in came[0].text
        assert sentences(came) == []
        assert (link.reader.good, bytes(captured)) == (good, kept)
        assert link.identity.serial == OURS
        assert not link.connected
        # It is asked every few seconds, as what it answers may be for somebody else.
        assert 5 <= other.heard.count("identify") <= 25


def test_it_is_found_at_another_port_while_another_box_is_at_its_own(port, clock, two_boxes):
    ours, other = two_boxes
    at = port(ours)
    with BoxLink(at.path, clock=clock) as link:
        at.unplug()
        listen(link, clock, 1)
        at.peer = other
        at.plug()
        listen(link, clock, 5)
        elsewhere = port(ours)
        came = listen(link, clock, 2)
        assert kinds(came) == ["returned"]
        assert came[0].text == f"The box is back at {elsewhere.path}."
        assert link.identity.serial == OURS
        assert sentences(came)


def test_it_is_found_at_once_when_the_other_one_goes(port, clock, two_boxes):
    ours, other = two_boxes
    at = port(ours)
    with BoxLink(at.path, clock=clock) as link:
        at.unplug()
        listen(link, clock, 1)
        at.peer = other
        at.plug()
        came = listen(link, clock, 0.1)
        assert kinds(came) == ["another"]
        at.unplug()
        listen(link, clock, 0.4)
        at.peer = ours
        at.plug()
        assert kinds(listen(link, clock, 1)) == ["returned"]


@pytest.mark.parametrize("lost", ["nothing", "its ID", "all, after silence"])
def test_a_board_changed_behind_a_cable_that_stays_is_noticed(port, clock, two_boxes, lost):
    """No port vanishes: the other box starts, and says so, or its first words are damaged."""
    ours, other = two_boxes
    at = port(ours)
    with BoxLink(at.path, clock=clock) as link:
        listen(link, clock, 1)
        if lost == "all, after silence":
            ours.silent = True
            assert kinds(listen(link, clock, 4)) == ["silent"]
            other.boots = ours.boots
            other.say(clock.now_s())
        else:
            other.boots = 7
            other.reset()
            if lost == "its ID":
                other._pending = other._pending.replace(b"$ID,", b"$IX,")
        at.peer = other
        at._waiting = b""
        came = listen(link, clock, 30)
        assert sentences(came) == []
        assert kinds(came) == ["unplugged", "another"]
        assert link.identity.serial == OURS
        at.peer = ours
        ours.silent = False
        assert kinds(listen(link, clock, 10))[0] == "returned"


def test_a_reset_whose_id_was_damaged_is_still_a_reset(port, clock, two_boxes):
    ours, _ = two_boxes
    at = port(ours)
    with BoxLink(at.path, clock=clock) as link:
        listen(link, clock, 1)
        ours.reset("watchdog")
        ours._pending = ours._pending.replace(b"$ID,", b"$IX,")
        came = listen(link, clock, 2)
        assert kinds(came) == ["reset"]
        types = [item.type for item in sentences(came[came.index(_event(came)) :])]
        assert types[0] == "BEG"
        assert (link.identity.serial, link.identity.boots) == (OURS, 2)


def _event(items) -> LinkEvent:
    return next(item for item in items if isinstance(item, LinkEvent))


def test_an_older_box_keeps_its_number_over_a_reset(port, scripted_box, clock):
    box = scripted_box(serial=OURS, tells_serial=False)
    with BoxLink(port(box).path, clock=clock) as link:
        assert link.identity.serial == OURS
        link.command("identify")
        listen(link, clock, 1)
        assert box.heard.count("health") == 1
        box.reset()
        assert kinds(listen(link, clock, 2)) == ["reset"]
        assert (link.identity.serial, link.identity.boots) == (OURS, 2)
        assert box.heard.count("health") == 2


@pytest.mark.parametrize(("name", "is_back"), [("virtual", True), ("another", False)])
def test_a_box_that_never_told_a_number_is_known_by_its_name(
    port, scripted_box, clock, sentence, name, is_back
):
    ours, other = (
        scripted_box(tells_serial=False, box_name=box_name) for box_name in ("virtual", name)
    )
    for box in (ours, other):
        box.before = lambda command: (
            sentence("ANS", 0, 0, "error", "no verb health") if command == "health" else None
        )
    at = port(ours)
    with BoxLink(at.path, clock=clock) as link:
        assert link.identity.serial == ""
        assert ours.heard == ["identify", "health"]
        at.unplug()
        listen(link, clock, 1)
        at.peer = other
        at.plug()
        came = listen(link, clock, 2)
        assert kinds(came) == (["returned"] if is_back else ["another"])
        words = "It is known by its name virtual only" if is_back else "another (serial unknown)"
        assert words in came[0].text


def test_a_box_whose_number_is_known_doesnt_come_back_without_one(port, scripted_box, clock):
    ours, other = scripted_box(serial=OURS), scripted_box(tells_serial=False)
    other.before = lambda command: b"" if command == "health" else None
    at = port(ours)
    with BoxLink(at.path, clock=clock) as link:
        at.unplug()
        listen(link, clock, 1)
        at.peer = other
        at.plug()
        assert kinds(listen(link, clock, 10)) == ["another"]


def test_older_firmware_in_safe_mode_isnt_waited_for(port, clock, sentence):
    def answer(heard: bytes) -> bytes:
        if b"identify" not in heard:
            return b""
        identity = sentence("ID", 0, 1, "0.1.0", "esp32", "Lab", 2, "power", "ABCD", "1.28.0")
        return identity + sentence("LOG", 1, "safe mode: the BOOT button is held")

    began_s = clock.now_s()
    with BoxLink(port.stranger(answer).path, clock=clock) as link:
        assert link.identity.serial == ""
    assert clock.now_s() - began_s < 0.5
