"""Settings read and written all at once, and one by one where the firmware is older."""

from __future__ import annotations

import pytest

from beltbox.link.box_settings import read_settings, write_settings
from beltbox.link.link import BoxLink, CommandRefusedError, LinkError
from beltbox.link.wire import Sentence
from beltcore import settings as declared

SEVERAL = {"body_mass_g": 81_000, "box_name": "clinic 2", "rail_right_nn_per_count": -59_999_999}


class FakeBox:
    """A box's console by the protocol; the older one knows only `get` and `set`."""

    def __init__(self, is_old: bool = False) -> None:
        self.path = "/dev/fake"
        self.unknown_settings: set[str] = set()
        self.values = {key: str(value) for key, value in declared.defaults().items()}
        self.is_old = is_old
        self.busy_with = ""
        self.damaged = 0  # in so many answers the first SET arrives damaged
        self.resets = 0  # so many before `apply`
        self.others = 0  # so often another program prepares a setting before `apply`
        self.sent: list[str] = []
        self.writes = 0
        self._prepared: dict[str, str] = {}

    def command(self, verb: str, *arguments: object) -> str:
        return self._do(verb, *map(str, arguments))

    def ask(self, verb: str, *, types: tuple[str, ...]) -> tuple[str, list[Sentence]]:
        assert types == ("SET",)
        count = self._do(verb)
        keys = list(self.values)
        if self.damaged:
            self.damaged -= 1
            del keys[0]
        return count, [Sentence("SET", 0, [key, self.values[key]]) for key in keys]

    def _do(self, verb: str, *arguments: str) -> str:
        self.sent.append(",".join((verb, *arguments)))
        if verb == "get":
            if arguments[0] not in self.values:
                raise self._refused("unknown_key", f"{arguments[0]!r} is not a setting")
            return f"{arguments[0]}={self.values[arguments[0]]}"
        if verb == "set":
            self._keep({arguments[0]: arguments[1]})
            return ""
        if self.is_old:
            raise self._refused("unknown_verb", f"no verb {verb}")
        if verb == "settings":
            if self.busy_with:
                raise self._refused("busy", f"{self.busy_with} is under way")
            return str(len(self.values))
        if verb == "prepare":
            if arguments:
                self._check(*arguments)
                self._prepared[arguments[0]] = arguments[1]
            else:
                self._prepared = {}
            return ""
        assert verb == "apply"
        if self.resets:
            self.resets -= 1
            self._prepared = {}
        if self.others:
            self.others -= 1
            self._prepared["belt_u_ppm"] = "5"
        if arguments != (str(len(self._prepared)),):
            raise self._refused("not_now", "0 settings are prepared")
        self._keep(self._prepared)
        return ""

    def _keep(self, changes: dict[str, str]) -> None:
        for key, value in changes.items():
            self._check(key, value)
        self.values |= changes
        self.writes += 1

    def _check(self, key: str, value: str) -> None:
        if key not in self.values or value == "refused":
            raise self._refused("range", "not allowed")

    def _refused(self, kind: str, words: str) -> CommandRefusedError:
        return CommandRefusedError(f"The box refused it: {words}.", "" if self.is_old else kind)


def texts(values: dict[str, int | str]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items()}


def test_a_box_tells_and_takes_all_at_once(box, tmp_path):
    running = box()
    with BoxLink(str(tmp_path / "box")) as link:
        before = read_settings(link)
        assert before == running.scenario.settings
        began = count_of(link, "BEG")
        write_settings(link, SEVERAL)
        assert read_settings(link) == before | SEVERAL
        assert count_of(link, "BEG") == began + 1
        # All or none, and nothing was measured anew.
        with pytest.raises(CommandRefusedError, match="allowed: 1 or -1") as refused:
            write_settings(link, {"body_mass_g": 70_000, "belt_direction": 0})
        assert refused.value.kind == "range"
        assert read_settings(link) == before | SEVERAL
        assert count_of(link, "BEG") == began + 1
        # What was prepared before the refusal isn't among the next ones.
        write_settings(link, {"belt_u_ppm": 7, "rail_noise_mn": 8})
        assert read_settings(link) == before | SEVERAL | {"belt_u_ppm": 7, "rail_noise_mn": 8}


def count_of(link: BoxLink, kind: str) -> int:
    return sum(isinstance(item, Sentence) and item.type == kind for item in link._waiting)


def test_all_are_read_with_one_command():
    fake = FakeBox()
    assert read_settings(fake) == declared.defaults()
    assert fake.sent == ["settings"]
    assert fake.unknown_settings == set()


def test_a_damaged_setting_is_asked_for_again():
    fake = FakeBox()
    fake.damaged = 2
    assert read_settings(fake) == declared.defaults()
    assert fake.sent == ["settings"] * 3


def test_what_a_bad_cable_never_lets_through_is_asked_for_by_itself():
    fake = FakeBox()
    fake.damaged = 3
    assert read_settings(fake) == declared.defaults()
    assert fake.sent == ["settings"] * 3 + [f"get,{declared.KEYS[0]}"]
    assert fake.unknown_settings == set()


@pytest.mark.parametrize("reason", ["old", "busy"])
def test_a_box_that_cant_tell_all_at_once_is_asked_one_by_one(reason):
    fake = FakeBox(is_old=reason == "old")
    fake.busy_with = "read"
    assert read_settings(fake) == declared.defaults()
    assert fake.sent == ["settings", *(f"get,{key}" for key in declared.KEYS)]


@pytest.mark.parametrize("is_old", [False, True])
def test_settings_that_the_box_lacks_are_at_their_defaults(is_old):
    fake = FakeBox(is_old)
    del fake.values["belt_u_ppm"]
    assert read_settings(fake) == declared.defaults()
    assert fake.unknown_settings == {"belt_u_ppm"}
    del fake.values["body_mass_g"]
    with pytest.raises(LinkError, match="body_mass_g"):
        read_settings(fake)


def test_settings_of_a_newer_box_that_arent_known_here_are_left_out():
    fake = FakeBox()
    fake.values["colour"] = "red"
    assert read_settings(fake) == declared.defaults()


def test_a_value_that_isnt_allowed_is_named():
    fake = FakeBox()
    fake.values["body_mass_g"] = "5"
    with pytest.raises(LinkError, match="bad setting: body_mass_g is 5; allowed: 20000"):
        read_settings(fake)


def test_several_are_set_with_one_write():
    fake = FakeBox()
    write_settings(fake, SEVERAL)
    assert fake.values == texts(declared.defaults() | SEVERAL)
    assert fake.writes == 1
    assert fake.sent == [
        "prepare",
        *(f"prepare,{key},{value}" for key, value in SEVERAL.items()),
        "apply,3",
    ]


def test_one_is_set_by_one_command_and_none_by_none():
    fake = FakeBox()
    write_settings(fake, {})
    write_settings(fake, {"body_mass_g": 81_000})
    assert fake.sent == ["set,body_mass_g,81000"]


def test_older_firmware_takes_them_one_by_one():
    fake = FakeBox(is_old=True)
    write_settings(fake, SEVERAL)
    assert fake.values == texts(declared.defaults() | SEVERAL)
    assert fake.writes == 3


def test_a_refused_one_leaves_all_as_they_were():
    fake = FakeBox()
    with pytest.raises(CommandRefusedError, match="not allowed"):
        write_settings(fake, {"body_mass_g": 81_000, "box_name": "refused"})
    assert fake.values == texts(declared.defaults())
    assert fake.writes == 0


@pytest.mark.parametrize(("resets", "writes"), [(2, 1), (3, 0)])
def test_a_box_that_was_reset_meanwhile_is_told_again(resets, writes):
    fake = FakeBox()
    fake.resets = resets
    if writes:
        write_settings(fake, SEVERAL)
    else:
        with pytest.raises(CommandRefusedError, match="0 settings are prepared"):
            write_settings(fake, SEVERAL)
    assert fake.writes == writes


def test_what_another_program_prepared_is_forgotten():
    fake = FakeBox()
    fake.others = 1
    write_settings(fake, SEVERAL)
    assert fake.values == texts(declared.defaults() | SEVERAL)
    assert fake.writes == 1


def test_every_setting_fits_the_commands():
    """Of 100 bytes, with the longest id."""
    for key in declared.KEYS:
        longest = declared.NAME_MAX_LENGTH if key == declared.NAME_KEY else 11
        assert len(f"!999999999,prepare,{key},*FFFF\n") + longest <= 100
