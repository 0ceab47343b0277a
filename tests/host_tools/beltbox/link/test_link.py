"""The link to a box, whatever happens to it."""

import io
import os
from pathlib import Path

import pytest

from beltbox.link import link as module
from beltbox.link.finding import find_box
from beltbox.link.link import (
    BoxLink,
    CommandRefusedError,
    LinkError,
    LinkEvent,
    ProtocolError,
)
from beltbox.link.ports import (
    Candidate,
    PortError,
    PortTrouble,
    make_virtual_ports_folder,
)
from beltbox.link.wire import Sentence
from beltcore import settings as declared


def take(link: BoxLink, wanted, until) -> list:
    """Listen until `wanted(item)`; all that came."""
    came = []
    listening = link.listen()

    def go_on():
        item = next(listening)
        if item is not None:
            came.append(item)
        return item is not None and wanted(item)

    until(go_on, f"{wanted} in {came[-3:]}")
    return came


def is_event(kind):
    return lambda item: isinstance(item, LinkEvent) and item.kind == kind


def is_now(item) -> bool:
    return isinstance(item, Sentence) and item.type == "NOW"


def test_a_box_says_who_it_is_and_answers(box, tmp_path: Path):
    running = box()
    with BoxLink(str(tmp_path / "box")) as link:
        assert link.identity is not None
        assert (link.identity.box_name, link.identity.boots) == ("virtual", 1)
        assert link.identity.protocol == 1
        assert link.command("get", "body_mass_g") == "body_mass_g=70000"
        values = link.settings()
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


def test_the_box_refuses_settings_in_the_words_of_the_host(box, tmp_path: Path):
    box()
    with BoxLink(str(tmp_path / "box")) as link:
        before = link.settings()
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
        assert link.settings() == before


def test_what_is_lost_on_the_way_is_repeated(box, tmp_path: Path, monkeypatch):
    box()
    sent: list[bytes] = []
    with BoxLink(str(tmp_path / "box")) as link:
        send = link._send

        def lose_the_first(line: bytes) -> None:
            sent.append(line)
            send(line if len(sent) == 2 else line[:9] + b"\n" if len(sent) == 1 else line)

        monkeypatch.setattr(link, "_send", lose_the_first)
        assert link.command("set", "body_mass_g", 71_000) == "body_mass_g=71000"
        assert sent[0] == sent[1]


def test_a_box_that_does_not_answer_is_said(box, tmp_path: Path, monkeypatch):
    box()
    with BoxLink(str(tmp_path / "box")) as link:
        monkeypatch.setattr(link, "_send", lambda _line: None)
        with pytest.raises(LinkError, match=r"doesn't answer get. Press its reset button"):
            link.command("get", "schema", tries=1)


def test_garbage_and_cut_lines_are_counted_and_stay_console_text(box, tmp_path: Path, until):
    running = box(speed=1)
    with BoxLink(str(tmp_path / "box")) as link:
        good = link.reader.good
        running.inject(b"\x00\xff garbage \r\n$NOW,1,2*0000\n$RAW,5,1,2\n$$$\nTraceback: x\n")
        came = take(link, lambda item: item == Sentence("", -1, ["Traceback: x"]), until)
        take(link, is_now, until)
        # One sentence of the box's may be cut in two by what was put in.
        assert link.reader.damaged in range(3, 6)
        assert link.reader.good > good
        assert all(item.type != "NOW" or len(item.values) == 9 for item in came)


def test_the_port_may_vanish_and_come_back_under_the_same_name(box, tmp_path: Path, until):
    running = box(speed=1)
    captured = bytearray()

    class Sink:
        def write(self, data: bytes) -> None:
            captured.extend(data)

    with BoxLink(str(tmp_path / "box"), capture=Sink()) as link:
        take(link, is_now, until)
        running.unplug()
        (gone,) = [
            item for item in take(link, is_event("unplugged"), until) if is_event("unplugged")(item)
        ]
        assert "was unplugged. Waiting for it." in gone.text
        with pytest.raises(LinkError, match="was unplugged before it answered"):
            link.command("identify")
        running.plug()
        came = take(link, is_now, until)
        assert [item.kind for item in came if isinstance(item, LinkEvent)] == ["returned"]
        assert link.command("get", "schema") == "schema=1"
        assert link.reader.damaged <= 1
        assert captured.count(b"$NOW") >= 2


def test_a_box_that_was_reset_while_it_was_away_is_told(box, tmp_path: Path, until):
    running = box(speed=0)
    with BoxLink(str(tmp_path / "box")) as link:
        running.unplug()
        take(link, is_event("unplugged"), until)
        running.reset()
        running.plug()
        came = take(link, is_event("reset"), until)
        kinds = [item.kind for item in came if isinstance(item, LinkEvent)]
        assert kinds == ["returned", "reset"]
        assert link.identity.boots == 2


def test_a_reset_is_told_once_before_what_follows_it(box, tmp_path: Path, until):
    running = box(speed=1)
    with BoxLink(str(tmp_path / "box")) as link:
        take(link, is_now, until)
        running.reset()
        came = take(link, is_event("reset"), until)
        came += take(link, is_now, until)
        link.command("identify")
        came += take(link, is_now, until)
        events = [item for item in came if isinstance(item, LinkEvent)]
        assert [event.text for event in events] == ["The box was reset (power)."]
        after = came[came.index(events[0]) :]
        types = [item.type for item in after if isinstance(item, Sentence) and item.type]
        assert types[:2] == ["ID", "BEG"]
        assert link.identity.boots == 2


def test_a_box_may_come_back_under_another_name_but_no_other_box_is_asked(
    box, tmp_path: Path, until
):
    folder = make_virtual_ports_folder()
    running, other = box(speed=1), box(speed=1, name="other")
    (folder / "1").symlink_to(running.port)
    (folder / "2").symlink_to(other.port)
    with BoxLink(str(folder / "1")) as link:
        take(link, is_now, until)
        running.unplug()
        take(link, is_event("unplugged"), until)
        (folder / "1").unlink()
        listening = link.listen()
        assert [next(listening) for _ in range(3)] == [None] * 3  # the other one has its name, too
        running.plug()
        (folder / "3").symlink_to(running.port)
        came = take(link, is_event("returned"), until)
        assert came[-1].text == f"The box is back at {folder}/3."
        assert link.path == str(folder / "3")


def test_what_appears_meanwhile_and_is_something_else_is_asked_once(
    box, speaker, tmp_path: Path, until, monkeypatch
):
    monkeypatch.setattr(module, "PATIENCE_S", 0.5)
    folder = make_virtual_ports_folder()
    running = box(speed=1)
    with BoxLink(str(tmp_path / "box")) as link:
        running.unplug()
        take(link, is_event("unplugged"), until)
        stranger = speaker(b"ok T:21.0\n")
        (folder / "7").symlink_to(stranger.path)
        listening = link.listen()
        until(lambda: next(listening) is None and b"identify" in stranger.heard)
        for _ in range(4):
            assert next(listening) is None
        assert stranger.heard.count(b"identify") == 1
        running.plug()
        assert take(link, is_event("returned"), until)[-1].text.endswith("/box.")


def test_a_stalled_port_is_said_and_so_is_its_end(box, tmp_path: Path, until, monkeypatch):
    monkeypatch.setattr(module, "_SILENT_S", 0.3)
    running = box(speed=1)
    with BoxLink(str(tmp_path / "box")) as link:
        take(link, is_now, until)
        running.stall(1.0)
        silent = take(link, is_event("silent"), until)[-1]
        assert "has said nothing for" in silent.text
        heard = take(link, is_event("heard"), until)[-1]
        assert "speaks again after" in heard.text
        take(link, is_now, until)


@pytest.mark.parametrize(
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
def test_what_is_no_box_is_refused_in_words(speaker, every, answer, words, trouble, sentence):
    if every.startswith(b"$LOG"):
        every = sentence("LOG", 1, "x")
    path = speaker(every, answer).path
    with pytest.raises(PortError, match=words) as caught:
        BoxLink(path, patience_s=0.5)
    assert caught.value.trouble is PortTrouble[trouble]
    assert path in str(caught.value)
    assert "\n" not in str(caught.value)
    os.close(os.open(path, os.O_RDWR | os.O_NOCTTY))  # it was let go of


def test_a_newer_box_is_refused_by_name_and_a_newer_field_is_not(speaker, sentence):
    def identity(protocol):
        fields = ("9.0", "esp32", "my box", 4, "power", "ABCD", "1.30.0", "new")
        return lambda heard: sentence("ID", 5, protocol, *fields) if b"identify" in heard else b""

    with pytest.raises(
        ProtocolError, match=r"speaks protocol 2; this program knows up to 1. Update it"
    ):
        BoxLink(speaker(b"", identity(2)).path)
    with BoxLink(speaker(b"", identity(1)).path) as link:
        assert link.identity.box_name == "my box"


def test_the_only_box_is_found_among_other_ports(box, speaker, until):
    folder = make_virtual_ports_folder()
    (folder / "1").symlink_to(speaker(b"ok T:21.0\n").path)
    (folder / "2").symlink_to(box(speed=1).port)
    told: list[str] = []
    with find_box(None, tell=told.append) as link:
        assert link.path == str(folder / "2")
        take(link, is_now, until)
    assert told == [f"Asking {folder}/{n} (virtual box) …" for n in (1, 2)]


def test_two_boxes_are_named_and_let_go_of(box):
    folder = make_virtual_ports_folder()
    for name in ("1", "2"):
        settings = {"box_name": f"box {name}"}
        (folder / name).symlink_to(box(name=name, settings=settings).port)
    with pytest.raises(PortError) as caught:
        find_box(None)
    assert str(caught.value) == (
        f"2 boxes are here: {folder}/1 (box 1), {folder}/2 (box 2). Name one: --port {folder}/1"
    )
    with find_box(str(folder / "2")) as link:
        assert link.identity.box_name == "box 2"
        # The only one that isn't taken.
        with find_box(None) as other:
            assert other.identity.box_name == "box 1"


@pytest.mark.usefixtures("apart")
def test_no_box_at_all_is_said_with_what_was_asked(speaker, monkeypatch):
    with pytest.raises(PortError, match=r"No BeltBox was found. Plug it in .* beltbox sim.$"):
        find_box(None)
    folder = make_virtual_ports_folder()
    stranger, taken = speaker(b"ok T:21.0\n").path, speaker().path
    (folder / "1").symlink_to(stranger)
    (folder / "2").symlink_to(taken)
    with module.open_port(taken), pytest.raises(PortError) as caught:
        find_box(None)
    assert str(caught.value).endswith(
        f"Asked: {folder}/1 (something else); {folder}/2 (busy: another program has it open)."
    )


def test_a_capture_begins_with_what_the_box_that_was_found_said_first(box):
    running = box()
    capture = io.BytesIO()
    here = [Candidate(running.port, "virtual box")]
    with find_box(None, among=here, capture=capture) as link:
        assert b"$ID," in capture.getvalue()
        before = len(capture.getvalue())
        link.command("get", "body_mass_g")
    assert len(capture.getvalue()) > before


def test_an_older_box_has_the_later_settings_at_their_defaults(sentence, speaker):
    old = {key: value for key, value in declared.defaults().items() if "_u_ppm" not in key}

    def answer(heard: bytes) -> bytes:
        said = b""
        for line in heard.split(b"\n"):
            number, _, command = line[1:].decode().partition(",")
            verb, _, key = command.partition("*")[0].partition(",")
            if verb == "identify":
                said += sentence("ID", 0, 1, "0.1.0", "b", "n", 1, "power", "ABCD", "1.28.0")
            elif verb == "get" and key in old:
                said += sentence("ANS", 1, number, "ok", f"{key}={old[key]}")
            elif verb == "get":
                said += sentence("ANS", 1, number, "error", f"{key} is not a setting")
            elif verb:
                said += sentence("ANS", 1, number, "error", f"no verb {verb}")
        return said

    with BoxLink(speaker(b"", answer).path) as link:
        assert link.settings() == declared.defaults()
        assert link.unknown_settings == set(declared.LATER_KEYS)
        with pytest.raises(CommandRefusedError) as refused:
            link.command("fly")
        assert refused.value.kind == ""
        assert refused.value.is_kind("unknown_verb")
