"""The sessions' files: numbers that never come again, what is dropped when there is no room."""

from __future__ import annotations

import pytest

from beltcore import blocks

PREPARE = f"""
import os
from box import session_store
from box.session_reader import SessionReader
session_store.FOLDER = "sessions"
HEAD = bytes({blocks.HEAD_BYTES})
BLOCK = bytes({blocks.BLOCK_BYTES})

class Os:
    # Of 64 blocks of 4096 bytes, a session's file takes one each.
    def __getattr__(self, name):
        return getattr(os, name)

    def statvfs(self, _path):
        try:
            used = len(os.listdir("sessions"))
        except OSError:
            used = 0
        return (4096, 4096, 64, 64 - used - full, 0, 0, 0, 0, 0, 255)

full = 0
session_store.os = Os()
store = session_store.SessionStore()

def keep(*numbers):
    for number in numbers:
        store._room_bytes = 0
        store.append(number, HEAD, BLOCK)

def attempt(work):
    try:
        print(work())
    except (ValueError, OSError) as error:
        print(error)
"""


@pytest.fixture
def store(on_box):
    """store(*expressions): what each gives, or the error's text."""

    def run(*expressions):
        return on_box(PREPARE + "".join(f"attempt(lambda: {text})\n" for text in expressions))

    return run


def test_sessions_are_found_again(store):
    told = store(
        "keep(2, 1, 10)",
        "SessionReader(store).acknowledge(2, 1)",
        "open('sessions/notes.txt', 'w').close()",
        "open('sessions/00000003.xyz', 'w').close()",
        "open('sessions/0000000x.log', 'w').close()",
        "globals().update(store=session_store.SessionStore())",
        "store.numbers()",
        "[SessionReader(store).acknowledged(number) for number in store.numbers()]",
        "SessionReader(store).blocks(10)",
        "(SessionReader(store).head(10) == HEAD, SessionReader(store).block(10, 0) == BLOCK)",
    )
    assert told[-4:] == ["[1, 2, 10]", "[False, True, False]", "1", "(True, True)"]


def test_a_number_never_comes_again(store):
    told = store(
        "store.new_number()",
        "store.new_number()",
        "keep(7)",
        "store.new_number()",
        "os.remove('sessions/00000007.log')",
        "session_store.SessionStore().new_number()",
    )
    assert [told[0], told[1], told[3], told[5]] == ["1", "2", "8", "9"]


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        ("SessionReader(store).block(5, 0)", "there is no session 5"),
        ("SessionReader(store).blocks(5)", "there is no session 5"),
        ("SessionReader(store).head(5)", "there is no session 5"),
        ("SessionReader(store).acknowledge(5, 1)", "there is no session 5"),
        ("SessionReader(store).block(1, 1)", "session 1 has no block 1"),
        ("SessionReader(store).acknowledge(1, 2)", "session 1 has 1 blocks and not 2"),
    ],
)
def test_what_isnt_there_is_told(store, work, reason):
    assert store("keep(1)", work)[-1] == reason


def test_the_oldest_goes_when_a_sixth_is_left(store):
    told = store("keep(*range(1, 55))", "store.numbers()[0]", "keep(55)", "store.numbers()[0]")
    assert [told[1], told[3]] == ["1", "2"]


def test_acknowledged_ones_go_first(store):
    told = store(
        "keep(*range(1, 55))",
        "SessionReader(store).acknowledge(30, 1)",
        "SessionReader(store).acknowledge(20, 1)",
        *("keep(55)", "20 in store.numbers()"),
        *("keep(56)", "30 in store.numbers()"),
        *("keep(57)", "store.numbers()[0]"),
    )
    assert [told[4], told[6], told[8]] == ["False", "False", "2"]


def test_the_current_one_never_goes_and_is_told_when_it_fills_the_flash(store):
    told = store(
        "keep(1)",
        "globals().update(full=58)",
        "keep(1)",
        "globals().update(full=59)",
        "keep(1)",
        "store.numbers()",
        "SessionReader(store).blocks(1)",
    )
    assert told[2:] == ["None", "None", "28", "[1]", "2"]


def test_an_acknowledged_session_is_acknowledged_again_alike(store):
    told = store(
        "keep(1)",
        "SessionReader(store).acknowledge(1, 1)",
        "SessionReader(store).acknowledge(1, 1)",
    )
    assert told == ["None"] * 3
