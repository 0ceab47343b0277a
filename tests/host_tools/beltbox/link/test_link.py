"""The link to a box, whatever happens to it."""

import dataclasses

import pytest

from beltbox.errors import LinkError
from beltbox.link.box_settings import read_settings
from beltbox.link.link import BoxLink, CommandRefusedError
from beltbox.link.meeting import LinkEvent
from beltbox.link.wire import Sentence
from beltbox.virtualbox import VirtualBox, load
from beltcore import settings as declared

PATIENCE = 2000
"""So often something may be listened for in vain: a hundred seconds of the clock that stands."""


def take(link: BoxLink, wanted) -> list:
    """Listen until `wanted(item)`; all that came."""
    came = []
    for _, item in zip(range(PATIENCE), link.listen(), strict=False):
        if item is not None:
            came.append(item)
            if wanted(item):
                return came
    raise AssertionError(f"waited in vain for {wanted}, after {came[-3:]}")


def is_event(kind):
    return lambda item: isinstance(item, LinkEvent) and item.kind == kind


def is_now(item) -> bool:
    return isinstance(item, Sentence) and item.type == "NOW"


def events(items) -> list[LinkEvent]:
    return [item for item in items if isinstance(item, LinkEvent)]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory):
    """One virtual box for all that only talk with it, and the link to its port."""
    scenario = dataclasses.replace(load("steady-1mph"), duration_s=100_000)
    path = tmp_path_factory.mktemp("link") / "box"
    with VirtualBox(scenario, link=path, speed=1) as box:
        yield box, str(path)


def test_a_box_says_who_it_is_and_answers(real):
    running, path = real
    with BoxLink(path) as link:
        assert link.identity is not None
        assert (link.identity.box_name, link.identity.boots) == ("virtual", 1)
        assert link.identity.protocol == 1
        assert link.command("get", "body_mass_g") == "body_mass_g=70000"
        values = read_settings(link)
        assert values == running.scenario.settings
        assert link.identity.settings_hash == f"{declared.fingerprint(values):04X}"


BAD = {
    "range": ("body_mass_g", 19_999),
    "direction": ("belt_direction", 0),
    "unknown": ("colour", 1),
    "newer": ("schema", 2),
    "text": ("body_mass_g", "heavy"),
    "name": ("box_name", "x" * 21),
}


def test_the_box_refuses_settings_in_the_words_of_the_host(real):
    _, path = real
    with BoxLink(path) as link:
        before = read_settings(link)
        for key, value in BAD.values():
            with pytest.raises(declared.SettingsError) as here:
                declared.parse(key, str(value))
            with pytest.raises(CommandRefusedError) as there:
                link.command("set", key, value)
            # A sentence holds 68 letters, and no comma.
            words = str(here.value).replace(",", ";")
            assert len(words) <= 62 or key == "box_name"
            if key == "box_name":
                words = words[:60] + ".."
            assert str(there.value) == f"The box refused set: {words}."
            assert there.value.kind == here.value.kind
        assert read_settings(link) == before


def test_what_is_lost_on_the_way_is_repeated(real, monkeypatch):
    _, path = real
    sent: list[bytes] = []
    with BoxLink(path) as link:
        send = link._send

        def lose_the_first(line: bytes) -> None:
            sent.append(line)
            send(line if len(sent) == 2 else line[:9] + b"\n" if len(sent) == 1 else line)

        monkeypatch.setattr(link, "_send", lose_the_first)
        # As it is: the others talk with this box, too.
        assert link.command("set", "body_mass_g", 70_000) == "body_mass_g=70000"
        assert sent[0] == sent[1]


def test_a_box_that_noise_has_stopped_is_started_again_at_once(real):
    """The byte of Ctrl-C: what the host sends meanwhile must not leave the box at its prompt."""
    _, path = real
    with BoxLink(path) as link:
        boots = link.identity.boots
        link._send(b"\x03")
        assert link.command("get", "schema") == "schema=1"
        assert [event.text for event in events(take(link, is_now))] == ["The box was reset (soft)."]
        assert link.identity.boots == boots + 1


def test_a_box_that_noise_has_just_stopped_is_met(real):
    _, path = real
    with BoxLink(path) as link:
        boots = link.identity.boots
        link._send(b"\x03")  # the next one asks who is there while the box waits for a key
    with BoxLink(path) as link:
        assert link.command("get", "schema") == "schema=1"
        assert link.identity.boots == boots + 1


def test_the_wire_itself_may_vanish_and_come_back(real):
    """A real pseudo-terminal: what pyserial raises, and what it finds again."""
    running, path = real
    with BoxLink(path) as link:
        take(link, is_now)
        running.unplug()
        take(link, is_event("unplugged"))
        running.plug()
        assert [event.kind for event in events(take(link, is_now))] == ["returned"]
        assert link.command("get", "schema") == "schema=1"


def test_a_box_that_does_not_answer_is_said(port, scripted_box, clock):
    box = scripted_box()
    with BoxLink(port(box).path, clock=clock) as link:
        before_s = clock.now_s()
        box.before = lambda _command: b""
        with pytest.raises(LinkError, match=r"doesn't answer get. Press its reset button"):
            link.command("get", "schema", tries=1)
        assert clock.now_s() - before_s == pytest.approx(0.75, abs=0.1)


def test_a_command_is_repeated_by_the_same_id_until_it_is_answered(port, scripted_box, clock):
    box = scripted_box()
    with BoxLink(port(box).path, clock=clock) as link:
        deaf = [b""] * 7
        box.before = lambda _command: deaf.pop() if deaf else None
        assert link.command("set", "body_mass_g", 71_000) == "body_mass_g=71000"
        assert box.heard.count("set,body_mass_g,71000") == 8
        assert len(box.acknowledged) == 2  # the meeting's question, and this one


def test_garbage_and_cut_lines_are_counted_and_stay_console_text(port, scripted_box, clock):
    at = port(scripted_box())
    with BoxLink(at.path, clock=clock) as link:
        good = link.reader.good
        at.inject(b"\x00\xff garbage \r\n$NOW,1,2*0000\n$RAW,5,1,2\n$$$\nTraceback: x\n")
        came = take(link, lambda item: item == Sentence("", -1, ["Traceback: x"]))
        take(link, is_now)
        # One sentence of the box's may be cut in two by what was put in.
        assert link.reader.damaged in range(3, 6)
        assert link.reader.good > good
        assert all(item.type != "NOW" or len(item.values) == 9 for item in came)


def test_the_port_may_vanish_and_come_back_under_the_same_name(port, scripted_box, clock):
    at = port(scripted_box())
    captured = bytearray()

    class Sink:
        def write(self, data: bytes) -> None:
            captured.extend(data)

    with BoxLink(at.path, capture=Sink(), clock=clock) as link:
        take(link, is_now)
        at.unplug()
        (gone,) = events(take(link, is_event("unplugged")))
        assert "was unplugged. Waiting for it." in gone.text
        assert not link.connected
        with pytest.raises(LinkError, match="was unplugged before it answered"):
            link.command("identify")
        at.plug()
        came = take(link, is_now)
        assert [event.kind for event in events(came)] == ["returned"]
        assert link.command("get", "schema") == "schema=1"
        assert link.reader.damaged <= 1
        assert captured.count(b"$NOW") >= 2


def test_a_box_that_was_reset_while_it_was_away_is_told(port, scripted_box, clock):
    box = scripted_box()
    at = port(box)
    with BoxLink(at.path, clock=clock) as link:
        at.unplug()
        take(link, is_event("unplugged"))
        box.reset()
        at.plug()
        assert [event.kind for event in events(take(link, is_event("reset")))] == [
            "returned",
            "reset",
        ]
        assert link.identity.boots == 2


def test_a_reset_is_told_once_before_what_follows_it(port, scripted_box, clock):
    box = scripted_box()
    with BoxLink(port(box).path, clock=clock) as link:
        take(link, is_now)
        box.reset()
        came = take(link, is_event("reset"))
        came += take(link, is_now)
        link.command("identify")
        came += take(link, is_now)
        assert [event.text for event in events(came)] == ["The box was reset (power)."]
        after = came[came.index(events(came)[0]) :]
        types = [item.type for item in after if isinstance(item, Sentence) and item.type]
        assert types[:2] == ["ID", "BEG"]
        assert link.identity.boots == 2


def test_a_box_may_come_back_under_another_name_but_no_other_box_is_asked(
    port, scripted_box, clock
):
    at, other = port(scripted_box()), port(scripted_box())
    with BoxLink(at.path, clock=clock) as link:
        take(link, is_now)
        at.unplug()
        take(link, is_event("unplugged"))
        listening = link.listen()
        assert [next(listening) for _ in range(3)] == [None] * 3  # the other one has its name, too
        assert other.peer.heard == []
        at.plug("/dev/elsewhere")
        came = take(link, is_event("returned"))
        assert came[-1].text == "The box is back at /dev/elsewhere."
        assert link.path == "/dev/elsewhere"


def test_it_may_come_back_where_another_one_was_plugged_in_before(port, scripted_box, clock):
    at, other = port(scripted_box()), port(scripted_box(box_name="another"))
    with BoxLink(at.path, clock=clock) as link:
        at.unplug()
        take(link, is_event("unplugged"))
        other.unplug()
        assert next(link.listen()) is None
        at.plug(other.path)
        assert take(link, is_event("returned"))[-1].text == f"The box is back at {other.path}."


def test_what_appears_meanwhile_and_is_something_else_is_asked_once(port, scripted_box, clock):
    at = port(scripted_box())
    with BoxLink(at.path, clock=clock) as link:
        at.unplug()
        take(link, is_event("unplugged"))
        stranger = port.stranger(every=b"ok T:21.0\n")
        listening = link.listen()
        assert [next(listening) for _ in range(6)] == [None] * 6
        # One meeting of four seconds, in which it is asked every three quarters.
        assert stranger.peer.heard.count(b"identify") == 6
        at.plug()
        assert take(link, is_event("returned"))[-1].text == f"The box is back at {at.path}."


def test_another_box_that_comes_to_a_new_port_isnt_taken_for_this_one(port, scripted_box, clock):
    at = port(scripted_box())
    with BoxLink(at.path, clock=clock) as link:
        at.unplug()
        take(link, is_event("unplugged"))
        other = port(scripted_box(box_name="another"))
        listening = link.listen()
        came = [next(listening) for _ in range(4)]
        assert events(came) == [came[0]]
        assert came[0].text == (
            f"Another box was plugged in at {other.path}: another (serial 30aea4b0c0df). Nothing "
            "that it measures is taken; this command waits for virtual (serial 30aea4b0c0de). To "
            "use the other box, end this command and start it again."
        )
        assert other.peer.heard == ["identify"]
        assert not other.is_open
        assert link.identity.box_name == "virtual"


def test_a_stalled_port_is_said_and_so_is_its_end(port, scripted_box, clock):
    box = scripted_box()
    with BoxLink(port(box).path, clock=clock) as link:
        take(link, is_now)
        box.silent = True
        silent_from_s = clock.now_s()
        silent = take(link, is_event("silent"))[-1]
        assert "has said nothing for 3 s" in silent.text
        assert clock.now_s() - silent_from_s == pytest.approx(3, abs=0.2)
        for _ in zip(range(100), link.listen(), strict=False):  # it is said once
            pass
        box.silent = False
        came = take(link, is_event("heard"))
        assert events(came) == [LinkEvent("heard", "The box speaks again after 8 s.")]
        take(link, is_now)


def test_an_older_box_has_the_later_settings_at_their_defaults(port, scripted_box, clock):
    box = scripted_box(box_name=declared.defaults()["box_name"])
    for key in [key for key in box.settings if "_u_ppm" in key]:
        del box.settings[key]
    with BoxLink(port(box).path, clock=clock) as link:
        assert read_settings(link) == declared.defaults()
        assert link.unknown_settings == set(declared.LATER_KEYS)
        with pytest.raises(CommandRefusedError) as refused:
            link.command("fly")
        assert refused.value.kind == ""
        assert refused.value.is_kind("unknown_verb")
