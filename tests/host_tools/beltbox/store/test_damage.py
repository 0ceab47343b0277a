"""Damaged stores: flipped bytes, lost sectors and truncations under every command that reads.

Whatever is damaged: no traceback, no change of the file, and no number that differs from the sound
store's without a word and exit status 1.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from beltbox.bench.store_size import made_up_walk
from beltbox.calibrate.cards.card import Card
from beltbox.calibrate.cards.card_store import CardStore
from beltbox.store.store import Store, open_store
from beltcore import settings as declared

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = declared.complete({"belt_nm_per_count": 100_000, "rail_left_nn_per_count": 230_000})
# With a number in BELTBOX_TEST_DAMAGE, so many seeds, each under all commands, as fits a night.
NIGHTLY = os.environ.get("BELTBOX_TEST_DAMAGE")
SEEDS = int(NIGHTLY or 500)
CHUNKS = 10
# Each seed runs a third of the commands, and the list of sessions.
THIRDS = 1 if NIGHTLY else 3
OUT = "out"
LOG = "walks.sqlite-wal"

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("sessions", "--json"),
    ("sessions",),
    ("sessions", "1"),
    ("sessions", "2", "--json"),
    ("export", "2", "--rows", "live", "--out", OUT),
    ("export", "1", "--rows", "raw", "--out", OUT),
    ("report", "2", "--out", OUT),
    ("calibrate", "show"),
    ("store", "check"),
)


def walk(store: Store, number: int, seconds: int) -> None:
    """A session with two segments, events, and rows that were filled in."""
    writer = store.start_session(
        started_at=NOON + timedelta(days=number),
        box_name="Lab",
        board="esp32",
        firmware="1",
        protocol=1,
        person="Anna",
        serial="30ae",
    )
    for boot_count in (1, 2):
        writer.start_segment(
            settings=SETTINGS, boot_count=boot_count, reason="start", first_t_us=None
        )
        for raw, metric in made_up_walk(seconds):
            writer.add_raw(raw)
            if metric:
                writer.add_metric(metric)
        writer.add_event("gap", "Of the box's sentences 3 are missing.", count=3)
        writer.add_box_session("30ae", 4 + boot_count, boot_count)
        writer.commit()
    writer.close(NOON + timedelta(days=number, minutes=1), "stopped")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """The files of a store: after it was closed, and in the middle of a recording."""
    folder = tmp_path_factory.mktemp("sound")
    path = folder / "walks.sqlite"
    with open_store(path) as store:
        walk(store, 1, 3)
        CardStore(store.database).add(
            Card("belt", NOON, "30ae", "Lab", "1", "laps", {"belt_nm_per_count": 100_000}, (), ())
        )
    files = {"closed": {"walks.sqlite": path.read_bytes()}}
    with open_store(path) as store:
        walk(store, 2, 2)
        files["recording"] = {
            file.name: file.read_bytes() for file in folder.iterdir() if "-shm" not in file.name
        }
        assert set(files["recording"]) == {"walks.sqlite", "walks.sqlite-wal"}
    files["closed"] = {"walks.sqlite": path.read_bytes()}
    return files


# What is in the rows of tables: a place near one of these is seldom hit, but holds every number.
WORDS = (b"Lab", b"stopped", b"body_mass_g", b"are missing", b"laps", b"30ae", b"metric")


def damaged(files: dict[str, bytes], seed: int) -> dict[str, bytes]:
    """The files with some damage, another one for each seed."""
    choose = random.Random(seed)
    name = choose.choice(sorted(files))
    data = bytearray(files[name])
    kind = choose.choice(("bit", "byte", "bytes", "sector", "end"))
    if kind == "end":
        del data[choose.randrange(len(data)) :]
    elif kind == "sector":
        start = choose.randrange(len(data)) // 512 * 512
        data[start : start + 512] = bytes(len(data[start : start + 512]))
    else:
        for _ in range(choose.randint(2, 8) if kind == "bytes" else 1):
            place = choose.randrange(len(data))
            near = data.find(choose.choice(WORDS), place)
            if choose.random() < 0.5 and near >= 0:
                place = min(len(data) - 1, max(0, near + choose.randint(-80, 120)))
            change = 1 << choose.randrange(8) if kind == "bit" else choose.randint(1, 255)
            data[place] ^= change
    return files | {name: bytes(data)}


class Outcome(NamedTuple):
    status: int
    out: str
    err: str
    file: bytes


@pytest.fixture
def read_all(run, tmp_path: Path) -> Callable[[dict[str, bytes]], dict[tuple[str, ...], Outcome]]:
    """read_all(files): what every command makes of a store with these files; it stays as it is."""

    def call(
        files: dict[str, bytes], commands: tuple[tuple[str, ...], ...] = COMMANDS
    ) -> dict[tuple[str, ...], Outcome]:
        folder = tmp_path / "store"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        outcomes: dict[tuple[str, ...], Outcome] = {}
        written = tmp_path / OUT
        for command in commands:
            for earlier in tmp_path.glob(f"{OUT}*"):
                earlier.unlink()
            arguments = [written if word == OUT else word for word in command]
            ran = run(*arguments, "--store", folder / "walks.sqlite")
            # The rows, and the settings beside them.
            file = b"".join(path.read_bytes() for path in sorted(tmp_path.glob(f"{OUT}*")))
            outcomes[command] = Outcome(ran.status, ran.out, ran.err, file)
            for name, data in files.items():
                assert (folder / name).read_bytes() == data, f"{command} changed {name}"
            # SQLite's index may be there, and an empty log.
            others = {file.name for file in folder.iterdir()} - set(files)
            assert others <= {"walks.sqlite-shm", "walks.sqlite-wal"}
        return outcomes

    return call


@pytest.mark.parametrize("state", ["closed", "recording"])
def test_a_sound_store_is_read_without_a_word(read_all, sound, state: str):
    for command, outcome in read_all(sound[state]).items():
        assert (outcome.status, outcome.err) == (0, ""), command
        assert "--out" not in command or outcome.file


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("state", ["closed", "recording"])
def test_damage_is_never_silent(read_all, sound, state: str, chunk: int):
    expected = read_all(sound[state])
    by_id = {row["id"]: row for row in json.loads(expected["sessions", "--json"].out)}
    per_chunk = SEEDS // CHUNKS // 2
    for seed in range(chunk * per_chunk, (chunk + 1) * per_chunk):
        commands = {COMMANDS[0], *COMMANDS[seed % THIRDS :: THIRDS]}
        files = damaged(sound[state], seed)
        for command, outcome in read_all(files, tuple(commands)).items():
            about = (seed, command, outcome)
            if outcome.status == 0:
                # The end of the log cut off is what a recorder that was killed leaves, too.
                if state == "recording" and len(files[LOG]) < len(sound[state][LOG]):
                    assert outcome.err == "", about
                    continue
                assert outcome == expected[command], about
                continue
            assert outcome.status == 1, about
            assert outcome.err.startswith("beltbox: ") or "DAMAGED: " in outcome.out, about
            if command == ("sessions", "--json") and outcome.out:
                # What is given without a mark is right.
                for row in json.loads(outcome.out):
                    assert row["damage"] or row == by_id[row["id"]], about
