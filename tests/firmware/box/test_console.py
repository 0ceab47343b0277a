"""Commands: carried out once, answered by their id, refused with a reason."""

from __future__ import annotations

import binascii
import struct

import pytest

from beltcore import settings
from beltcore.command_forms import FORMS
from beltcore.host.reader import encode_command

READ_USAGE = "write it as: read,session,block or read,session,block,count"

# An app that keeps what the console asks of it.
APP = """
from box import settings_file
settings_file.PATH = "s.json"
from box import crash
crash.PATH = "crash.json"
from box import session_reader
session_reader.SessionReader = lambda store: store
from box import clock
clock.PATH = "clock.json"
from beltcore import settings
from beltcore.arguments import Refused
from beltcore.core import Core
from beltcore.writer import Writer
from box.console import Console

class Sessions:
    def __init__(self):
        self.kept = {1: 3, 2: 1}  # how many blocks

    def numbers(self):
        return [1, 2]

    def blocks(self, number):
        if number not in self.kept:
            raise Refused("no_session", "there is no session %d" % number)
        return self.kept[number]

    def block(self, number, index):
        if index >= self.blocks(number):
            raise Refused("range", "session %d has no block %d" % (number, index))
        return bytes((number * 16 + index,)) * 180

    def head(self, number):
        return b""

    def acknowledged(self, number):
        return False

    def acknowledge(self, number, count):
        if count != self.blocks(number):
            raise Refused("range", "session 1 has 3 blocks and not 2")
        print("acknowledged", number)

class Log:
    session = 2
    head = b""

class App:
    def __init__(self):
        self.sessions = Sessions()
        self.session_log = Log()
        self.power = 3
        self.writer = Writer()
        self.settings = settings.defaults()
        self.raw_on = False
        self.stream_on = True
        self.totals_due = False
        self.begun = 0

    def identify(self):
        print("identity")

    def begin(self):
        self.begun += 1
        print("begin")

    def answer(self, identifier, kind, text):
        print("answer %d %s %s" % (identifier, kind, text))

    def log(self, text):
        print("log " + text)

    def tell_health(self, crashes):
        print("health after crashes:", crashes)

    def send(self):
        fields = bytes(self.writer.buffer[1 : self.writer.length - 6]).decode().split(",")
        print(" ".join(fields[:1] + fields[2:]))

app = App()
console = Console(app)

def ticks(left, right, rows=80, count=lambda row: 0):
    # left, right, count: what the sensors read, as functions of the row
    core = Core(app.settings)
    for row in range(10):
        core.step(row * 12500, count(row - 10), left(0), right(0))
    for row in range(rows):
        core.step((row + 10) * 12500, count(row), left(row), right(row))
        if console.busy:
            console.step(core)
"""


# How often the settings were written: `writes`.
COUNT_WRITES = """
writes = []
save = settings_file.save
def counted(values):
    writes.append(1)
    save(values)
settings_file.save = counted
"""


@pytest.fixture
def console(on_box):
    """console(lines or scripts): commands are bytes, scripts text; what the app was told."""

    def run(*steps):
        script = APP
        for step in steps:
            script += f"console.take({step[:-1]!r})\n" if isinstance(step, bytes) else step + "\n"
        return on_box(script)

    return run


# A box whose modules can't be loaded any more.
NOTHING_TO_LOAD = """
import box.console

class NothingToLoad:
    def __enter__(self):
        raise ValueError("a module was loaded")

    def __exit__(self, *error):
        pass

box.console.Rare = NothingToLoad
"""


def test_what_comes_in_every_session_loads_no_module(console):
    commands = [("identify",), ("stream", 1), ("raw", 1), ("begin",), ("totals",), ("health",)]
    lines = [encode_command(number, *command) for number, command in enumerate(commands, 1)]
    assert console(NOTHING_TO_LOAD, *lines) == [
        *("identity", "answer 1 ok beltbox", "answer 2 ok 1", "answer 3 ok 1"),
        *("begin", "answer 4 ok ", "answer 5 ok ", "answer 6 failed a module was loaded"),
    ]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("identify",), ["identity", "answer 1 ok beltbox"]),
        (("get", "body_mass_g"), ["answer 1 ok body_mass_g=70000"]),
        (("get", "box_name"), ["answer 1 ok box_name=beltbox"]),
        (("get", "schema"), ["answer 1 ok schema=1"]),
        (("set", "body_mass_g", 80_000), ["begin", "answer 1 ok body_mass_g=80000"]),
        (("set", "box_name", "a b"), ["begin", "answer 1 ok box_name=a b"]),
        (("begin",), ["begin", "answer 1 ok "]),
        (("totals",), ["answer 1 ok "]),
        (("crash",), ["answer 1 ok 0 0"]),
        (("raw", 1), ["answer 1 ok 1"]),
        (("stream", 0), ["answer 1 ok 0"]),
    ],
)
def test_answers(console, command, told):
    assert console(encode_command(1, *command)) == told


def test_health_is_told_and_the_board_in_words(console):
    told = console(encode_command(1, "health"), "import sys\nprint(sys.implementation._machine)")
    assert told[0] == "health after crashes: 0"
    assert told[1] == "answer 1 ok " + told[2]


@pytest.mark.parametrize(
    ("command", "kind", "reason"),
    [
        (("fly",), "unknown_verb", "no verb fly; firmware/PROTOCOL.md has them all"),
        (("",), "unknown_verb", "no verb ; firmware/PROTOCOL.md has them all"),
        (("x" * 30,), "unknown_verb", "no verb xxxxxxxx; firmware/PROTOCOL.md has them all"),
        (("raw", 2), "usage", "write it as: raw,0 or raw,1"),
        (("stream", ""), "usage", "write it as: stream,0 or stream,1"),
        (("read", 1, "x"), "usage", READ_USAGE),
        (("read", 1, -1), "usage", READ_USAGE),
        (("read", 1, "1" * 11), "usage", READ_USAGE),
        (("read", 1, 0, 0), "range", "read takes 1 to 60 blocks"),
        (("read", 1, 0, 61), "range", "read takes 1 to 60 blocks"),
        (("ack", 9, 1), "no_session", "there is no session 9"),
        (("ack", 2, 1), "not_now", "session 2 is under way"),
        (("ack", 1, 2), "range", "session 1 has 3 blocks and not 2"),
        (("clock", "-5"), "usage", "write it as: clock,epoch_s"),
        (("clock", 5), "range", "clock takes seconds since 1970 (UTC)"),
        (("crash", 0), "range", "line 0 of 0 isn't there"),
        (("crash", "x"), "range", "line x of 0 isn't there"),
        (("get", "mass"), "unknown_key", "'mass' is not a setting"),
        (("set", "body_mass_g", 5), "range", "body_mass_g is 5; allowed: 20000 to 300000"),
        (("set", "body_mass_g", "x"), "range", "body_mass_g is 'x'; allowed: 20000 to 300000"),
        (("set", "belt_direction", 0), "range", "belt_direction is 0; allowed: 1 or -1"),
        (("set", "schema", 2), "range", "schema is 2; this version reads up to 1: update it"),
        (("set", "mass", 5), "unknown_key", "'mass' is not a setting"),
        (("prepare", "body_mass_g", 5), "range", "body_mass_g is 5; allowed: 20000 to 300000"),
        (("prepare", "mass", 5), "unknown_key", "'mass' is not a setting"),
        (("apply", 1), "not_now", "0 settings are prepared and not 1"),
        (("apply", 0), "not_now", "0 settings are prepared and not 0"),
        (("apply", "x"), "usage", "write it as: apply,count"),
    ],
)
def test_refusals_give_a_reason_and_change_nothing(console, command, kind, reason):
    told = console(encode_command(1, *command), "print(app.settings == settings.defaults())")
    assert told == [f"answer 1 {kind} {reason}", "True"]


NO_CELLS = "ticks(lambda row: None, lambda row: None)"
VALUES = {"key": "body_mass_g", "value": 80_000, "session": 1, "block": 0, "line": 0}


@pytest.mark.parametrize("verb", FORMS)
def test_every_command_takes_its_forms_and_no_other(console, verb):
    """What is declared is what the box does: no form of a known command is refused as unknown."""
    counts = {len(form.split(",")) if form else 0 for form in FORMS[verb]}
    taken = [
        [VALUES.get(word, word if word.isdigit() else 3) for word in form.split(",")]
        if form
        else []
        for form in FORMS[verb]
    ]
    wrong = [[1] * count for count in range(max(counts) + 2) if count not in counts]
    steps = []
    for identifier, arguments in enumerate(taken + wrong, 1):
        steps += [encode_command(identifier, verb, *arguments), NO_CELLS]
    answers = {}
    for line in console(*steps):
        if line.startswith("answer "):
            _, identifier, answer = line.split(" ", 2)
            answers[int(identifier)] = answer
    forms = " or ".join(f"{verb},{form}" if form else verb for form in FORMS[verb])
    for identifier in range(1, len(taken) + 1):
        assert answers[identifier].split(" ")[0] not in ("usage", "unknown_verb", "failed")
    for identifier in range(len(taken) + 1, len(taken + wrong) + 1):
        assert answers[identifier] == f"usage write it as: {forms}"


def test_the_last_crash_is_read_line_by_line(console):
    told = console(
        """
for planted in (KeyError("a"), ValueError("b")):
    try:
        raise planted
    except Exception as error:
        crash.keep(error)
""",
        encode_command(1, "crash"),
        encode_command(2, "crash", 0),
        encode_command(3, "crash", 2),
    )
    assert told == [
        "answer 1 ok 2 3",
        "answer 2 ok Traceback (most recent call last):",
        "answer 3 ok ValueError: b",
    ]


def test_switches(console):
    told = console(
        encode_command(1, "raw", 1),
        encode_command(2, "stream", 0),
        encode_command(3, "totals"),
        "print(app.raw_on, app.stream_on, app.totals_due)",
        encode_command(4, "raw", 0),
        encode_command(5, "stream", 1),
        "print(app.raw_on, app.stream_on)",
    )
    assert told[3] == "True False True"
    assert told[6] == "False True"


def test_a_setting_is_kept_on_the_flash(console):
    told = console(
        encode_command(1, "set", "rail_left_zero", -7),
        "print(settings_file.load()[0]['rail_left_zero'], app.settings['rail_left_zero'])",
    )
    assert told[-1] == "-7 -7"


def test_a_flash_that_fails_is_told_and_changes_nothing(console):
    told = console(
        "settings_file.PATH = 'nowhere/s.json'",
        encode_command(1, "set", "rail_left_zero", -7),
        "print(app.settings['rail_left_zero'])",
    )
    assert told[0].startswith("answer 1 failed the flash failed: ")
    assert told[1:] == ["0"]


def test_all_settings_come_one_a_tick_as_they_were_at_first(console):
    told = console(
        encode_command(1, "settings"),
        "console.step(None)",
        encode_command(2, "set", "belt_u_ppm", 9),
        *["console.step(None)"] * 13,
        "print(len(settings.KEYS))",
    )
    kept = {line.split(" ", 2)[1]: line.split(" ", 2)[2] for line in told if line[:3] == "SET"}
    assert kept == {key: str(value) for key, value in settings.defaults().items()}
    assert told[0] == "SET schema 1"
    assert told[1:3] == ["begin", "answer 2 ok belt_u_ppm=9"]
    assert told[-2:] == ["answer 1 ok 13", "13"]


def test_prepared_settings_are_applied_with_one_write_and_one_begin(console):
    told = console(
        COUNT_WRITES,
        encode_command(1, "prepare", "body_mass_g", 90_000),
        encode_command(2, "prepare"),  # forgets
        encode_command(3, "prepare", "body_mass_g", 80_000),
        encode_command(4, "prepare", "box_name", "a b"),
        encode_command(5, "prepare", "body_mass_g", 81_000),  # again: the last one counts
        "print(app.settings == settings.defaults(), writes)",
        encode_command(6, "apply", 2),
        encode_command(6, "apply", 2),  # a repeat
        "print(app.settings['body_mass_g'], settings_file.load()[0] == app.settings, writes)",
        encode_command(7, "apply", 2),
    )
    assert told == [
        *("answer 1 ok 1", "answer 2 ok 0", "answer 3 ok 1", "answer 4 ok 2", "answer 5 ok 2"),
        "True []",
        *("begin", "answer 6 ok 2", "answer 6 ok 2"),
        "81000 True [1]",
        "answer 7 not_now 0 settings are prepared and not 2",
    ]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_prepared_settings_are_applied_all_or_none(console, count):
    """One more or less than the host has sent means that a reset was in between."""
    told = console(
        COUNT_WRITES,
        encode_command(1, "prepare", "body_mass_g", 80_000),
        encode_command(2, "prepare", "belt_direction", 0),  # refused: not prepared
        encode_command(3, "prepare", "belt_direction", -1),
        encode_command(4, "apply", count),
        "print(app.settings == settings.defaults(), writes, app.begun)",
    )
    assert told[1] == "answer 2 range belt_direction is 0; allowed: 1 or -1"
    assert told[3:] == [
        f"answer 4 not_now 2 settings are prepared and not {count}",
        "True [] 0",
    ]


def test_a_flash_that_fails_applies_none_and_they_stay_prepared(console):
    told = console(
        encode_command(1, "prepare", "body_mass_g", 80_000),
        "settings_file.PATH = 'nowhere/s.json'",
        encode_command(2, "apply", 1),
        "settings_file.PATH = 's.json'\nprint(app.settings == settings.defaults(), app.begun)",
        encode_command(3, "apply", 1),
    )
    assert told[1].startswith("answer 2 failed the flash failed: ")
    assert told[2:] == ["True 0", "begin", "answer 3 ok 1"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"!1,raw,1*0000\n", "the CRC is wrong"),
        (b"!1,raw,1\n", "no CRC at the end"),
        (b"!\n", "no CRC at the end"),
        (b"!1,raw,1*00\xff0\n", "the CRC is wrong"),
        (encode_command("abc", "raw", 1), "the id isn't a number of up to 9 digits"),
        (encode_command("-1", "raw", 1), "the id isn't a number of up to 9 digits"),
        (encode_command(1234567890, "raw", 1), "the id isn't a number of up to 9 digits"),
        (encode_command("", "raw", 1), "the id isn't a number of up to 9 digits"),
    ],
)
def test_damaged_commands_are_logged_not_answered(console, line, reason):
    assert console(line, "print(app.raw_on)") == [
        f"log a command was damaged: {reason}",
        "False",
    ]


def test_a_command_of_foreign_bytes_is_damage(console):
    body = b"1,set,box_name,\xff\xfe"
    line = b"!" + body + b"*%04X\n" % binascii.crc_hqx(body, 0xFFFF)
    assert console(line) == ["log a command was damaged: the command isn't ASCII"]


def test_what_is_no_command_is_left_alone(console):
    assert console(b"help\n", b"\x00\n", b"$RAW,1*0000\n") == []


def test_a_repeat_is_answered_alike_and_not_done_again(console):
    told = console(
        encode_command(8, "begin"),
        encode_command(8, "begin"),
        encode_command(9, "set", "body_mass_g", 1),
        encode_command(9, "set", "body_mass_g", 1),
        encode_command(8, "begin"),
        "print(app.begun)",
    )
    refused = "answer 9 range body_mass_g is 1; allowed: 20000 to 300000"
    assert told == [
        *("begin", "answer 8 ok ", "answer 8 ok "),
        *(refused, refused),
        *("begin", "answer 8 ok ", "2"),
    ]


TWO_CELLS = """
app.settings["rail_left_nn_per_count"] = 1000000
app.settings["rail_right_nn_per_count"] = -500000
app.settings["rail_left_zero"] = 100
"""


def test_tare_finds_zeros_and_noise(console):
    told = console(
        TWO_CELLS,
        encode_command(3, "tare"),
        encode_command(3, "tare"),  # a repeat while it is under way: its answer is on the way
        "ticks(lambda row: 1100, lambda row: 600)",
        "print(console.busy)",
        encode_command(3, "tare"),
    )
    answer = "answer 3 ok rail_left_zero=1100 rail_right_zero=600 rail_noise_mn=0"
    parts = sorted(answer.split())
    assert told[0] == "begin"
    assert sorted(told[1].split()) == parts
    assert told[2] == "False"
    assert sorted(told[3].split()) == parts


def test_tare_takes_a_second_of_ticks(console):
    told = console(
        TWO_CELLS,
        encode_command(3, "tare"),
        "ticks(lambda row: 1100, lambda row: 600, 79)",
        "print(console.busy)",
        "ticks(lambda row: 1100, lambda row: 600, 1)",
        "print(console.busy)",
    )
    assert told[0] == "True"
    assert told[-1] == "False"


def test_only_one_tare_at_a_time(console):
    told = console(TWO_CELLS, encode_command(3, "tare"), encode_command(4, "tare"))
    assert told == ["answer 4 busy tare is under way: wait for its answer"]


@pytest.mark.parametrize(
    "command", [("begin",), ("set", "rail_left_nn_per_count", 0), ("apply", 1)]
)
def test_a_tare_is_of_one_calibration(console, command):
    told = console(
        TWO_CELLS,
        encode_command(2, "prepare", "rail_left_nn_per_count", 0),
        encode_command(3, "tare"),
        "ticks(lambda row: 1000, lambda row: 500, 20)",
        encode_command(4, *command),
    )
    assert told[1:] == ["answer 4 busy tare is under way: wait for its answer"]


def test_other_commands_are_carried_out_during_a_tare(console):
    told = console(
        TWO_CELLS,
        encode_command(3, "tare"),
        encode_command(4, "get", "body_mass_g"),
        "ticks(lambda row: 1100, lambda row: 600)",
    )
    assert told[0] == "answer 4 ok body_mass_g=70000"
    assert told[-1].startswith("answer 3 ok ")


def test_tare_is_refused_while_a_rail_moves(console):
    told = console(
        TWO_CELLS,
        encode_command(3, "tare"),
        "ticks(lambda row: 1100 + row * 200, lambda row: 600)",
        "print(app.settings['rail_left_zero'])",
    )
    assert told[0].startswith("answer 3 not_now the left rail moves by ")
    assert told[0].endswith(" mN; let go and try again")
    assert told[1:] == ["100"]


def test_tare_is_refused_without_a_cell(console):
    told = console(encode_command(3, "tare"), "ticks(lambda row: None, lambda row: None)")
    assert told == ["answer 3 not_now no cell is set up: set rail_left_nn_per_count first"]


def test_tare_is_refused_while_a_cell_is_silent(console):
    told = console(
        TWO_CELLS,
        encode_command(3, "tare"),
        "ticks(lambda row: 1100, lambda row: None)",
    )
    assert told == ["answer 3 not_now no force from the right cell: is it wired and calibrated?"]


def trembling(at, most):
    """A rail without sway that trembles by `most` either way, up and down in four rows each."""
    return f"lambda row: {at} + ({most} if row // 4 % 2 else -{most})"


def test_tare_notes_the_noise_of_both_rails(console):
    """What is left of a tremor once the median and the mean have smoothed it."""
    noise = []
    for left, right in ((400, 0), (0, 120), (400, 120)):
        told = console(
            TWO_CELLS,
            encode_command(3, "tare"),
            f"ticks({trembling(1100, left)}, {trembling(600, right)})",
            "print(app.settings['rail_noise_mn'])",
        )
        noise.append(int(told[-1]))
    assert 200 < noise[0] < 800
    assert 30 < noise[1] < 120
    assert noise[2] == noise[0] + noise[1]


@pytest.mark.parametrize(("most_mn", "kind"), [(3000, "ok"), (5000, "not_now")], ids=["3 N", "5 N"])
def test_a_rail_may_tremble_by_5_n(console, most_mn, kind):
    told = console(
        TWO_CELLS,
        encode_command(3, "tare"),
        f"ticks({trembling(100, most_mn)}, lambda row: 600)",
    )
    assert told[-1].startswith(f"answer 3 {kind}")


# Of a walker with a hand on the rail: 15 % of 15 N, once a stride. Newtons are 1000 counts left.
SWAY = "lambda row: 15_100 + [0, 6, 11, 14, 15, 14, 11, 6, 0, -6, -11, -14, -15, -14, -11, -6]"
WALKER = SWAY + "[row * 16 // 88 % 16] * {most_mn} // 15"


@pytest.mark.parametrize(
    ("most_mn", "noise_mn", "kind"),
    [
        (2250, 0, "not_now"),
        (2250, 300, "not_now"),
        (400, 0, "not_now"),
        (100, 0, "ok"),
        (0, 300, "ok"),
        (0, 1000, "ok"),
    ],
)
def test_a_hand_that_sways_is_no_noise(console, most_mn, noise_mn, kind):
    told = console(
        TWO_CELLS,
        # A crude normal noise: the sum of four bytes of a generator.
        "from random import seed, randrange\nseed(7)",
        f"most = {noise_mn * 866 // 1000}",
        "noise = lambda: sum(randrange(-most, most + 1) for _ in range(4))",
        encode_command(3, "tare"),
        f"ticks(lambda row: ({WALKER.format(most_mn=most_mn)})(row) + noise(), lambda row: 600)",
    )
    assert told[-1].startswith(f"answer 3 {kind}"), told[-1]


def test_tare_is_refused_while_the_belt_moves(console):
    told = console(
        TWO_CELLS,
        encode_command(3, "tare"),
        "ticks(lambda row: 1100, lambda row: 600, count=lambda row: 5 * row)",
        "print(app.settings['rail_left_zero'])",
    )
    assert told == [
        "answer 3 not_now the belt moves: step off, let it rest and try again",
        "100",
    ]


@pytest.mark.parametrize("identifier", [0, 1, 2])
def test_after_a_tare_every_id_is_answered(console, identifier):
    told = console(
        TWO_CELLS,
        encode_command(3, "tare"),
        "ticks(lambda row: 1100, lambda row: 600)",
        encode_command(identifier, "get", "schema"),
    )
    assert told[-1] == f"answer {identifier} ok schema=1"


STEP = "console.step(None)"


def test_sessions_come_one_a_tick_and_then_their_number(console):
    told = console(
        encode_command(1, "sessions"), "print('tick')", STEP, "print('tick')", STEP, STEP
    )
    assert told == ["tick", "SES 1 3 1      ", "tick", "SES 2 1 0      ", "answer 1 ok 2"]


def test_a_session_tells_its_version_also_a_newer_one(console):
    """After a downgrade; of a head that is damaged nothing is believed."""
    head = struct.pack("<3sBIIIIH", b"\1\2\3", 7, 1, 3, 5, 0, 0xABCD)
    sound = head + struct.pack("<H", binascii.crc_hqx(head, 0xFFFF))
    damaged = bytes([*sound[:3], 6, *sound[4:]])
    for kept, told in ((sound, "SES 1 3 1 3 5  ABCD 7 197121"), (damaged, "SES 1 3 1      ")):
        steps = (f"app.sessions.head = lambda number: {kept!r}", encode_command(1, "sessions"))
        assert console(*steps, STEP)[0] == told


def test_a_block_comes_in_parts_that_make_it_up(console):
    told = console(encode_command(1, "read", 1, 2), *[STEP] * 5)
    assert told[-1] == "answer 1 ok 1"
    parts = [line.split() for line in told[:-1]]
    assert [part[:4] for part in parts] == [["BLK", "1", "2", str(n)] for n in range(4)]
    assert b"".join(binascii.a2b_base64(part[4]) for part in parts) == b"\x12" * 180


def test_several_blocks_in_one_command(console):
    told = console(encode_command(1, "read", 1, 0, 3), *[STEP] * 13)
    assert [line.split()[2:4] for line in told[:-1]] == [
        [str(block), str(part)] for block in range(3) for part in range(4)
    ]
    assert told[-1] == "answer 1 ok 3"


def test_a_block_that_isnt_there_is_told_after_those_that_are(console):
    told = console(encode_command(1, "read", 1, 2, 2), *[STEP] * 5)
    assert told[-1] == "answer 1 range session 1 has no block 3"
    assert len(told) == 5
    assert console(encode_command(1, "read", 7, 0), STEP) == [
        "answer 1 no_session there is no session 7"
    ]


def test_while_blocks_come_other_commands_are_carried_out_but_no_second_long_one(console):
    told = console(
        encode_command(1, "read", 1, 0),
        STEP,
        encode_command(2, "get", "schema"),
        encode_command(3, "sessions"),
        *[STEP] * 4,
        encode_command(4, "sessions"),
        *[STEP] * 3,
    )
    assert told[1:3] == [
        "answer 2 ok schema=1",
        "answer 3 busy read is under way: wait for its answer",
    ]
    assert told[-1] == "answer 4 ok 2"


def test_acknowledged(console):
    assert console(encode_command(1, "ack", 1, 3)) == ["acknowledged 1", "answer 1 ok "]


def test_the_time(console):
    told = console(
        encode_command(1, "clock", 1_760_000_000),
        "from time import time",
        "print(time())",
        "print(clock.Clock(3).date(3, time()), clock.Clock(4).date(4, time()))",
    )
    assert told[0] == "answer 1 ok 1760000000"
    dated, undated = told[2].split()
    assert 0 <= float(dated) - 1_760_000_000 < 10
    assert undated == "None"
