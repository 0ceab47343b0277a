"""The reader: all that was sent comes back, and nothing that wasn't, whatever happens between."""

from __future__ import annotations

import binascii

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from beltcore import rare_writer, settings
from beltcore.command import Damaged, decode_command
from beltcore.core import Core
from beltcore.host import reader
from beltcore.host.reader import Reader, decode, encode_command
from beltcore.host.sentence import (
    LATER_FIELDS,
    NEVER_EMPTY,
    NUMBER_FIELDS,
    TEXT_FIELDS,
    TYPES,
)
from beltcore.writer import SEQUENCE_PERIOD, Writer

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=",*$!"))
CONSOLE = st.binary(max_size=60).filter(lambda data: b"$" not in data and b"\n" not in data)


def framed(body, mark=b"$"):
    return mark + body + b"*%04X\n" % binascii.crc_hqx(body, 0xFFFF)


def written(name, seq, values):
    """The bytes of a sentence, made without the writer."""
    fields = ["" if value is None else str(value) for value in values]
    return framed(",".join([name, str(seq), *fields]).encode())


@st.composite
def sentences(draw):
    name = draw(st.sampled_from(list(TYPES)))
    values = [draw(allowed(name, field)) for field in TYPES[name]]
    return name, draw(st.integers(0, SEQUENCE_PERIOD - 1)), values


def allowed(name, field):
    """What a field may hold, its limits often."""
    if field in TEXT_FIELDS:
        return TEXT.map(lambda text: text[: TEXT_FIELDS[field]])
    lowest, highest, _unit = NUMBER_FIELDS[field]
    numbers = st.sampled_from([lowest, highest]) | st.integers(lowest, highest)
    return numbers if field in NEVER_EMPTY.get(name, ()) else st.none() | numbers


def real_sentences():
    """One of every type, from the writer."""
    core = Core(settings.complete({"rail_left_nn_per_count": 230_000}))
    for row in range(100):
        core.step(row * 12_500, row * 40, row * 1000, None)
    writer = Writer()
    for write in (
        lambda: rare_writer.identity(
            writer, 1, 7, ("0.1.0", "esp32", "box", "power", "1A2B", "1.28.0", "30aea4b0c0de")
        ),
        lambda: writer.begin(7, "1A2B"),
        lambda: writer.raw(1, -2, 3, None),
        lambda: writer.now(core, 0),
        lambda: writer.distance(core),
        lambda: writer.zones(core),
        lambda: writer.answer(5, "ok", "box_name=a b"),
        lambda: writer.log("the left cell gives no samples"),
        lambda: rare_writer.setting(writer, "box_name", "a b"),
        lambda: rare_writer.session(writer, (12, 120, 1), 3, 7, 1_760_000_000, "ABCD", 2, 77),
        lambda: rare_writer.block(writer, 12, 119, 3, "AAAA+/=="),
        lambda: rare_writer.health(writer, "30aea4b0c0de", range(8)),
        lambda: rare_writer.resets(writer, range(7)),
    ):
        write()
        yield bytes(writer.buffer[: writer.length])


REAL = list(real_sentences())


def test_real_sentences_are_one_of_each_type():
    assert [decode(line[:-1])[0] for line in REAL] == list(TYPES)


@given(sentences())
def test_round_trip_of_every_type(sentence):
    name, seq, values = sentence
    assert decode(written(name, seq, values)[:-1]) == (name, seq, values)


@given(sentences(), st.lists(st.sampled_from(["", "0", "-5", "text"]), min_size=1, max_size=3))
def test_unknown_trailing_fields_are_dropped(sentence, more):
    name, seq, values = sentence
    assert decode(written(name, seq, [*values, *more])[:-1]) == (name, seq, values)


@given(sentences(), st.data())
def test_a_field_too_few_is_damage(sentence, data):
    name, seq, values = sentence
    # Some fields at the end came later, and an older box doesn't send them.
    least = len(values) - LATER_FIELDS.get(name, 0)
    kept = data.draw(st.integers(0, least - 1))
    with pytest.raises(Damaged, match=f"{name} has {kept} fields of {len(values)}"):
        decode(written(name, seq, values[:kept])[:-1])


@given(st.integers(0, 9999), st.lists(st.sampled_from(["", "1", "x"]), max_size=9))
def test_unknown_types_are_skipped_with_their_name(seq, values):
    assert decode(written("NEW", seq, values)[:-1]) == ("NEW", seq, [])


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"RAW",
            b"RAW,",
            b"RAW,x,1,2,3,4",
            b"RAW,1,1,2,3,x",
            b"RAW,1,1,2,3.5,4",
            b"NEW",
            b"NEW,a",
        ),
        *(
            b"ID,0,x,a,b,c,1,d,e,f",
            b"LOG,,text",
            b"LOG",
            b"LOG,1,\xff",
            b"\xff,1",
            b"",
            b",",
            b"RAW,,",
        ),
    ],
)
def test_a_right_crc_alone_makes_no_sentence(body):
    with pytest.raises(Damaged):
        decode(framed(body)[:-1])


@pytest.mark.parametrize(
    "line", [b"", b"$", b"$*", b"$*0000", b"$RAW,1", b"$A*12", b"$RAW,1,2,3,4,5*xyzw", b"$A,1*123"]
)
def test_lines_that_are_no_frame(line):
    with pytest.raises(Damaged):
        decode(line)


def test_the_shortest_frame():
    """`$X*CRC` is long enough to be looked at; one letter less isn't a sentence."""
    with pytest.raises(Damaged, match="a field isn't what"):
        decode(framed(b"X")[:-1])
    with pytest.raises(Damaged, match="no CRC"):
        decode(framed(b"")[:-1])


def sent_without_seq(found):
    return [tuple(item[:3]) for item in found]


@pytest.mark.parametrize("number", range(len(REAL)))
def test_no_flipped_bit_makes_another_sentence(number):
    line = REAL[number]
    right = decode(line[:-1])
    follower = REAL[2]
    for place in range(len(line)):
        for bit in range(8):
            flipped = bytearray(line)
            flipped[place] ^= 1 << bit
            reader = Reader()
            found = reader.feed(bytes(flipped) + b"\n" + follower)
            real = [item for item in sent_without_seq(found) if item[0]]
            # The one that follows is always whole; the hurt one is right or isn't there.
            assert real.pop() == decode(follower[:-1])
            assert real in ([], [right])
            if not real and place and flipped[place] != 0x0A and place < len(line) - 1:
                assert reader.damaged >= 1
            assert reader.good == len(real) + 1


@pytest.mark.parametrize("number", range(len(REAL)))
@pytest.mark.parametrize("end", [b"\n", b"", b"\r\n", b"boot:\n"])
def test_no_sentence_cut_short_is_used(number, end):
    line = REAL[number]
    for kept in range(1, len(line) - 1):
        reader = Reader()
        found = reader.feed(line[:kept] + end + REAL[3])
        assert sent_without_seq(found)[-1] == decode(REAL[3][:-1])
        assert [item for item in found[:-1] if item[0]] == []
        assert (reader.good, reader.damaged) == (1, 1)


@pytest.mark.parametrize("number", range(len(REAL)))
def test_no_sentence_without_its_beginning_is_used(number):
    line = REAL[number]
    for cut in range(1, len(line) - 1):
        reader = Reader()
        found = reader.feed(line[cut:] + REAL[3])
        assert sent_without_seq(found)[-1] == decode(REAL[3][:-1])
        assert [item for item in found[:-1] if item[0]] == []
        assert (reader.good, reader.damaged) == (1, 0)


@given(
    st.lists(sentences(), max_size=8, unique_by=lambda sentence: sentence[1]),
    st.lists(CONSOLE, min_size=9, max_size=9),
    st.data(),
)
def test_all_comes_back_however_it_is_cut_into_reads(several, consoles, data):
    stream = b""
    expected = []
    for console, (name, seq, values) in zip(consoles, several, strict=False):
        text = console.strip()
        if text:
            # Console text may share a sentence's line, or stand on its own.
            stream += console + data.draw(st.sampled_from([b"", b"\n"]))
            expected.append(("", -1, ["".join(chr(b) if 32 <= b < 127 else "?" for b in text)]))
        stream += written(name, seq, values)
        expected.append((name, seq, values))
    whole = Reader()
    assert sent_without_seq(whole.feed(stream)) == expected
    assert (whole.good, whole.damaged) == (len(several), 0)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    pieces = Reader()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += pieces.feed(stream[start:end])
    assert sent_without_seq(found) == expected
    assert pieces.missing == whole.missing


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=10))
@example(b"$" * 50, [])
@example(b"$*\n$,*\n!\n", [1, 1, 1])
def test_garbage_never_makes_a_sentence_nor_stops_one(garbage, sizes):
    reader = Reader()
    found = []
    rest = garbage
    for size in sizes:
        found += reader.feed(rest[:size])
        rest = rest[size:]
    found += reader.feed(rest + b"\n" + REAL[0])
    assert sent_without_seq(found)[-1] == decode(REAL[0][:-1])
    assert reader.good == 1
    assert all(item[0] == "" for item in found[:-1])


def test_damage_leaves_what_stands_before_it():
    reader = Reader()
    found = reader.feed(b"rst:0x1 $RAW,1,2$RAW,3" + REAL[2] + b"ready $LOG,broken*0000\n")
    assert sent_without_seq(found) == [
        ("", -1, ["rst:0x1"]),
        decode(REAL[2][:-1]),
        ("", -1, ["ready"]),
    ]
    assert (reader.good, reader.damaged) == (1, 2)


def test_a_line_that_damage_cut_in_pieces_is_one_damaged_sentence():
    """A comma that became a $: the sentence is in two pieces, and gone once."""
    reader = Reader()
    broken = raw(8).replace(b",", b"$", 2)
    reader.feed(raw(7) + broken + raw(9))
    assert (reader.good, reader.damaged, reader.missing) == (2, 1, 0)


@pytest.mark.parametrize("back", [2, 3, 4999])
def test_a_sequence_that_goes_backward_is_no_loss(back):
    """Two captures in one file: the second begins its own numbers."""
    reader = Reader()
    found = reader.feed(raw(5000) + raw(5000 - back) + raw(5001 - back))
    assert [lost for _, _, _, lost in found] == [0, -1, 0]
    assert (reader.good, reader.missing, reader.repeated) == (3, 0, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"ZON,7,1,+2,3,4,5",
        b"ZON,7,1, 2,3,4,5",
        b"ZON,7,1,1_0,3,4,5",
        b"ZON,7,1,--2,3,4,5",
        b"ZON,10000,1,2,3,4,5",
        b"ZON,-1,1,2,3,4,5",
        b"ZON, 1,1,2,3,4,5",
        b"ZON,,1,2,3,4,5",
    ],
)
def test_numbers_that_no_box_writes_are_damage(body):
    with pytest.raises(Damaged):
        decode(framed(body)[:-1])


def places_of(kind):
    """(type, place) of every field of this kind."""
    return [
        (name, at)
        for name, fields in TYPES.items()
        for at, field in enumerate(fields)
        if field in kind
    ]


def lowest_values(name):
    return ["" if field in TEXT_FIELDS else NUMBER_FIELDS[field][0] for field in TYPES[name]]


@pytest.mark.parametrize(("name", "at"), places_of(NUMBER_FIELDS))
def test_a_number_beyond_its_field_is_damage(name, at):
    """However right its CRC: no box sends it."""
    values = lowest_values(name)
    lowest, highest, _unit = NUMBER_FIELDS[TYPES[name][at]]
    for sound in (lowest, highest):
        values[at] = sound
        assert decode(written(name, 5, values)[:-1])[2] == values
    for absurd in (lowest - 1, highest + 1, 10**25, -(10**30), int("9" * 5000, 16)):
        values[at] = absurd if absurd < 10**4000 else "9" * 5000
        with pytest.raises(Damaged):
            decode(written(name, 5, values)[:-1])


@pytest.mark.parametrize(("name", "at"), places_of(TEXT_FIELDS))
def test_a_text_that_no_box_writes_is_damage(name, at):
    values = lowest_values(name)
    longest = TEXT_FIELDS[TYPES[name][at]]
    values[at] = "x" * longest
    assert decode(written(name, 5, values)[:-1])[2] == values
    for absurd in ["x" * (longest + 1), *"\x00\x07\x1b\x7f\r*!"]:
        values[at] = absurd
        with pytest.raises(Damaged):
            decode(written(name, 5, values)[:-1])
    for absurd in (b"\x9b31m", "\u202e".encode(), b"\xed\xa0\x80"):
        values[at] = ""
        fields = [str(value).encode() for value in values]
        fields[at] = absurd
        with pytest.raises(Damaged):
            decode(framed(b",".join([name.encode(), b"5", *fields]))[:-1])


@pytest.mark.parametrize(
    "name", ["", "A", "ABCDE", "a1", "now", "NO W", "NÖ", "N\x1b", "\x00\x00", "A1"]
)
def test_a_type_is_two_to_four_capital_letters(name):
    with pytest.raises(Damaged):
        decode(framed(f"{name},1,2".encode())[:-1])
    assert decode(framed(b"QXYZ,1,2")[:-1]) == ("QXYZ", 1, [])


@pytest.mark.parametrize("sentence", [(n, f) for n, fs in NEVER_EMPTY.items() for f in fs])
def test_what_a_sentence_is_about_is_never_empty(sentence):
    name, field = sentence
    values = lowest_values(name)
    values[TYPES[name].index(field)] = ""
    with pytest.raises(Damaged, match="never is"):
        decode(written(name, 5, values)[:-1])


def test_every_field_has_its_limits():
    fields = {field for names in TYPES.values() for field in names}
    assert fields == NUMBER_FIELDS.keys() | TEXT_FIELDS.keys()
    assert not NUMBER_FIELDS.keys() & TEXT_FIELDS.keys()
    for name, never in NEVER_EMPTY.items():
        assert set(never) <= set(TYPES[name]) & NUMBER_FIELDS.keys()


def test_what_is_beyond_is_counted():
    reader = Reader()
    reader.feed(raw(1) + written("BEG", 2, [10**30, "1A2B"]) + framed(b",1") + raw(3))
    assert (reader.good, reader.damaged, reader.missing) == (2, 2, 0)


def test_a_sentence_that_is_not_believed_counts_as_damaged():
    reader = Reader()
    reader.feed(raw(1) + raw(2))
    reader.disbelieve()
    assert (reader.good, reader.damaged, reader.missing) == (1, 1, 0)


def walk():
    """A second of a box's sentences as one stream, with their numbers over the wrap."""
    core = Core(settings.complete({"rail_left_nn_per_count": 230_000}))
    writer = Writer()
    writer._sequence = SEQUENCE_PERIOD - 40
    stream = b""
    for row in range(80):
        core.step(row * 12_500, row * 40, row * 1000, None)
        writes = [lambda row=row: writer.raw(row * 12_500, row * 40, row * 1000, None)]
        if row % 8 == 0:
            writes += [lambda: writer.zones(core), lambda: writer.distance(core)]
            writes += [lambda: writer.now(core, 0)]
        for write in writes:
            write()
            stream += bytes(writer.buffer[: writer.length])
    return stream


WALK = walk()


@pytest.mark.parametrize("packet", range(0, len(WALK) // 64, 3))
@pytest.mark.parametrize("times", [1, 2])
def test_a_packet_that_came_twice_changes_nothing(packet, times):
    """A fault of a USB port: 64 bytes once more, from wherever in a sentence they begin."""
    clean = Reader()
    right = clean.feed(WALK)
    at = packet * 64
    reader = Reader()
    # What the first packet repeats has no sentence before it by which it could be known.
    stream = WALK[: at + 64] + WALK[at : at + 64] * times + WALK[at + 64 :]
    assert reader.feed(stream) == right
    assert (reader.good, reader.missing) == (clean.good, 0)
    if packet:
        assert reader.damaged == 0
        assert reader.repeated >= times


@given(st.integers(0, len(WALK) - 64), st.integers(64, 512))
def test_a_sentence_that_came_twice_is_given_once(at, length):
    """Whatever length came twice, no sentence of it is taken twice."""
    right = Reader().feed(WALK)
    reader = Reader()
    found = reader.feed(WALK[: at + length] + WALK[at : at + length] + WALK[at + length :])
    assert [item for item in found if item[0]] == right or length % 64
    sequences = [item[1] for item in found if item[0]]
    assert len(sequences) == len(set(sequences))
    assert reader.missing == 0


def test_damage_beside_a_repetition_is_still_damage():
    reader = Reader()
    reader.feed(raw(1) + raw(2) + raw(2) + raw(3)[:9] + b"\n" + raw(4))
    assert (reader.good, reader.repeated, reader.damaged, reader.missing) == (3, 1, 1, 0)


def test_a_line_that_only_looks_like_a_tail_stays_the_consoles():
    reader = Reader()
    found = reader.feed(raw(1) + b"4*\nready\n" + raw(2))
    assert [item[2] for item in found if not item[0]] == [["4*"], ["ready"]]
    assert reader.repeated == 0


def test_a_crc_is_four_upper_case_digits():
    line = raw(7)
    crc = int(line[-5:-1], 16)
    for text in (b"%04x" % crc, b"0x%02x" % (crc & 0xFF), b"+%03x" % (crc & 0xFFF)):
        if text != line[-5:-1]:
            with pytest.raises(Damaged):
                decode(line[:-5] + text)


def test_lines_without_end_are_cut():
    reader = Reader()
    assert reader.feed(b"x" * 1000) == []
    assert reader.feed(b"y") == [("", -1, ["x" * 1000], 0), ("", -1, ["y"], 0)]
    assert reader.feed(b"z\n") == [("", -1, ["z"], 0)]


def test_finish_gives_the_last_line():
    reader = Reader()
    assert reader.feed(REAL[2][:-1]) == []
    assert sent_without_seq(reader.finish()) == [decode(REAL[2][:-1])]
    assert reader.finish() == []
    assert reader.good == 1


def raw(seq):
    return written("RAW", seq, [1, 2, 3, 4])


@given(st.integers(0, SEQUENCE_PERIOD - 1), st.lists(st.integers(0, 3000), max_size=20))
def test_missing_sentences_are_counted_over_the_wrap(first, gaps):
    reader = Reader()
    seq = first
    assert reader.feed(raw(seq))[0][3] == 0
    for gap in gaps:
        seq = (seq + 1 + gap) % SEQUENCE_PERIOD
        assert reader.feed(raw(seq))[0][3] == gap
    assert reader.missing == sum(gaps)
    assert (reader.good, reader.damaged) == (1 + len(gaps), 0)


@given(st.lists(st.sampled_from(["good", "damaged", "missing"]), max_size=40))
def test_each_sentence_is_counted_once(fates):
    reader = Reader()
    reader.feed(raw(0))
    for number, fate in enumerate([*fates, "good"], 1):
        if fate == "good":
            reader.feed(raw(number))
        elif fate == "damaged":
            reader.feed(raw(number).replace(b"*", b"9*"))
    assert reader.good == 2 + fates.count("good")
    assert reader.damaged == fates.count("damaged")
    assert reader.missing == fates.count("missing")


def test_damage_without_a_gap_is_not_missing_less():
    reader = Reader()
    found = reader.feed(raw(0) + b"ready $noise\n$noise\n" + raw(1) + raw(3))
    assert found[1] == ("", -1, ["ready"], 0)
    assert (reader.good, reader.damaged, reader.missing) == (3, 2, 1)


def identity(seq):
    return written("ID", seq, [1, "0.1.0", "esp32", "box", 3, "power", "1A2B", "1.28.0"])


@given(st.integers(0, SEQUENCE_PERIOD - 1))
def test_a_restart_is_no_gap(seq):
    reader = Reader()
    reader.feed(raw(seq))
    assert reader.feed(identity(0) + raw(1))[0][3] == 0
    assert reader.missing == 0


@given(st.integers(0, SEQUENCE_PERIOD - 1), st.integers(1, SEQUENCE_PERIOD // 2 - 1))
def test_an_identity_on_request_hides_no_gap(seq, gap):
    following = (seq + 1 + gap) % SEQUENCE_PERIOD
    assume(following != 0)
    reader = Reader()
    reader.feed(raw(seq))
    reader.feed(identity(following))
    assert reader.missing == gap


ON_MICROPYTHON = """
from beltcore.command import *
from beltcore.host.reader import *
import binascii
for line in open("lines.txt"):
    line = binascii.unhexlify(line.strip())
    for take in (decode, decode_command):
        try:
            print(take(line))
        except Damaged as error:
            print("Damaged", error)
reader = Reader()
for start in range(0, 4000, 37):
    print(reader.feed(open("stream.bin", "rb").read()[start:start + 37]))
print(reader.good, reader.damaged, reader.missing, reader.repeated)
"""


def test_the_same_on_micropython(on_micropython):
    bodies = [
        b"1,get,\xff",
        b"1,get,\xc3\xa9",
        b"LOG,1,\xff",
        b"\xff,1",
        b"RAW,1,1,2,x,4",
        b"5",
        b"NEW,1",
    ]
    lines = [line[:-1] for line in REAL]
    lines += [framed(body, mark)[:-1] for body in bodies for mark in (b"$", b"!")]
    lines += [encode_command(77, "set", "box_name", "a b")[:-1], b"!", b"!1*", b"$x"]
    stream = b"boot\r\n" + b"".join(REAL) + b"$RAW,1" + b"".join(REAL[2:]) + b"last"
    files = {
        "lines.txt": "\n".join(line.hex() for line in lines),
        "stream.bin": stream.decode("ascii"),
    }
    printed = on_micropython(ON_MICROPYTHON, files)
    expected = []
    for line in lines:
        for take in (decode, decode_command):
            try:
                expected.append(str(take(line)))
            except Damaged as error:
                expected.append(f"Damaged {error}")
    reader = Reader()
    for start in range(0, 4000, 37):
        expected.append(str(reader.feed(stream[start : start + 37])))
    expected.append(f"{reader.good} {reader.damaged} {reader.missing} {reader.repeated}")
    assert printed.splitlines() == expected


def test_console_text_shows_what_can_be_shown():
    found = Reader().feed(b"boot: a b\x1f\x7e\x7f\xff!\n")
    assert found == [("", -1, ["boot: a b?~??!"], 0)]


def test_an_older_boxs_answer_has_no_kind():
    def sent(*fields):
        body = ",".join(fields).encode()
        return b"$%s*%04X" % (body, binascii.crc_hqx(body, 0xFFFF))

    assert decode(sent("ANS", "7", "3", "error", "no")) == ("ANS", 7, [3, "error", "no", ""])
    assert decode(sent("ANS", "7", "3", "ok", "", "ok")) == ("ANS", 7, [3, "ok", "", "ok"])


def test_an_older_reader_takes_a_newer_boxs_answer(monkeypatch):
    """One that knows no kind: what an ANS was declared as before."""
    monkeypatch.setitem(reader._DECLARED, b"ANS", ("ANS", reader._DECLARED[b"ANS"][1][:3]))
    writer = Writer()
    writer.answer(3, "busy", "tare is under way")
    line = bytes(writer.buffer[: writer.length - 1])
    assert decode(line) == ("ANS", 0, [3, "error", "tare is under way"])


def test_an_older_boxs_sentence_lacks_only_what_came_later():
    def sent(count):
        body = ",".join(["DST", "7", *map(str, values[:count])]).encode()
        return b"$%s*%04X" % (body, binascii.crc_hqx(body, 0xFFFF))

    values = [*range(11, 21), 2]
    assert decode(sent(11)) == ("DST", 7, values)
    assert decode(sent(10)) == ("DST", 7, [*values[:10], None])
    assert decode(sent(7)) == ("DST", 7, [*values[:7], None, None, None, None])
    with pytest.raises(Damaged, match="DST has 6 fields of 11"):
        decode(sent(6))
