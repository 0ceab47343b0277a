"""One rule for all commands that write a file, and no way to destroy a store by any of them."""

from __future__ import annotations

import ast
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import beltbox
from beltbox.cli.commands import COMMANDS, GROUPS
from beltbox.cli.lazy import LazyCommand

PACKAGE = Path(beltbox.__file__).parent
# Each option that names a file to be written: a command line that would write it. None of them
# finds a box: the refusal comes before anything is asked of one.
WRITERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("record", "capture"): ("record", "--port", "/dev/nope", "--store", "{store}", "--capture"),
    ("report", "out"): ("report", "--store", "{store}", "--out"),
    ("export", "out"): ("export", "--store", "{store}", "--out"),
    ("settings", "save"): ("settings", "--port", "/dev/nope", "--save"),
    ("sim", "truth"): ("sim", "--truth"),
    ("replay", "out"): ("replay", "{raw}", "--settings", "{settings}", "--out"),
    ("repair", "newfile"): ("store", "repair", "--store", "{store}"),
    ("bundle", "out"): ("bundle", "--port", "/dev/nope", "--store", "{store}", "--out"),
}
# The other options that name files: these are read, or are no ordinary files.
READ = {
    *(("settings", "load"), ("replay", "recording"), ("replay", "settings"), ("flash", "image")),
    *(("flash", "firmware"), ("belt", "answers"), ("rail", "answers"), ("check", "answers")),
    ("add", "file"),
}
LINKS = {("sim", "link")}  # a symbolic link, which replaces symbolic links only
FOLDERS = {("sim", "state")}  # a folder of its own, in which a box's flash is kept
# Where a file is opened to be written without `files.py`: each has a reason.
OWN_FILES = {
    "cli/box/record.py": "the capture grows while it is recorded; it asks `refuse_target`",
    "flash/image.py": "the download's own folder",
    "replay/engines/__init__.py": "a temporary folder",
    "replay/replay.py": "a temporary folder; its files are moved after `refuse_target`",
    "virtualbox/flash_image.py": "a box's flash, in a folder of its own",
    "virtualbox/box.py": "the virtual box's folder, and its truth, after `refuse_target`",
}


@pytest.fixture
def arguments(store: Path, tmp_path: Path) -> Callable[[tuple[str, str]], tuple[str, ...]]:
    """arguments(writer): its command line up to the file's name."""
    raw, settings = tmp_path / "raw.csv", tmp_path / "settings.json"
    raw.write_text("t_us,count,rail_left,rail_right\n0,0,,\n12500,5,,\n")
    settings.write_text("{}")
    names = {"store": store, "raw": raw, "settings": settings}
    return lambda writer: tuple(part.format(**names) for part in WRITERS[writer])


def test_every_option_that_names_a_file_is_known_here():
    named: set[tuple[str, str]] = set()
    for command in (*COMMANDS, *(one for group in GROUPS for one in group.commands.values())):
        if isinstance(command, LazyCommand):
            function = getattr(import_module(command.module), f"{command.name}_command")
            named |= {
                (str(command.name), name)
                for name, kind in get_type_hints(function).items()
                if Path in (kind, *get_args(kind))
            }
    assert named == {*WRITERS, *READ, *LINKS, *FOLDERS}


def test_files_are_written_by_one_module():
    """Nothing else opens a file to be written, beside those that are listed with their reason."""
    writers: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        if "/device/" in name or name.startswith("bench/") or "node_modules" in name:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                modes = (
                    [value.value for value in node.args if isinstance(value, ast.Constant)]
                    if node.func.attr == "open"
                    else []
                )
                writes = any(isinstance(mode, str) and mode[:1] in set("wax") for mode in modes)
                if writes or node.func.attr in ("write_text", "write_bytes"):
                    writers.add(name)
    assert writers == {*OWN_FILES, "files.py"}


@pytest.mark.parametrize("writer", WRITERS, ids=" ".join)
def test_a_file_is_replaced_only_with_overwrite(run, arguments, tmp_path: Path, writer):
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    ran = run(*arguments(writer), notes)
    assert (ran.status, notes.read_text()) == (1, "mine")
    assert "notes.txt exists already" in ran.said
    assert "--overwrite" in ran.said


@pytest.mark.parametrize("command", ["report", "export", "bundle"])
def test_a_file_by_the_default_name_is_replaced_only_with_overwrite(
    run, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
):
    monkeypatch.chdir(tmp_path)
    name = {"report": "session-1.html", "export": "session-1-metrics.csv"}.get(command)
    if name is None:
        pytest.skip("its name has the time in it")
    Path(name).write_text("mine")
    ran = run(command, "--store", store)
    assert (ran.status, Path(name).read_text()) == (1, "mine")
    assert run(command, "--store", store, "--overwrite").status == 0
    assert Path(name).read_text() != "mine"


def names_of_a_store(store: Path, folder: Path) -> dict[str, Path]:
    """Every way to name a file of the store; its log and index are there, as in a recording."""
    wal, shm = (store.with_name(store.name + suffix) for suffix in ("-wal", "-shm"))
    places = {
        "the store": store,
        "its log": wal,
        "its index": shm,
        "its journal, which isn't there": store.with_name(store.name + "-journal"),
        "its log, another way": store.parent / ".." / store.parent.name / wal.name,
    }
    for name, target in (("store", store), ("log", wal), ("index", shm)):
        places[f"a symbolic link to the {name}"] = folder / f"symbolic-{name}"
        places[f"a symbolic link to the {name}"].symlink_to(target)
        places[f"a hard link to the {name}"] = folder / f"hard-{name}"
        os.link(target, places[f"a hard link to the {name}"])
    return places


@pytest.mark.parametrize("writer", [*WRITERS, *LINKS], ids=" ".join)
@pytest.mark.parametrize("whose", ["of --store", "default", "somebody's"])
def test_no_file_of_a_store_is_ever_written_onto(
    run, arguments, store: Path, tmp_path: Path, apart: Path, writer, whose: str
):
    walks = store
    if whose == "default":
        walks = apart / "data" / "beltbox" / "beltbox.sqlite"
        walks.parent.mkdir()
    elif whose == "somebody's":
        walks = tmp_path / "elsewhere.db"
    if walks != store:
        shutil.copy(store, walks)
    recording = sqlite3.connect(walks)
    recording.execute("UPDATE beltbox_session SET title = 'as in a recording'")
    recording.commit()
    try:
        before = {path: path.read_bytes() for path in walks.parent.glob(f"{walks.name}*")}
        assert len(before) == 3
        for what, path in names_of_a_store(walks, tmp_path).items():
            if writer == ("sim", "link"):
                ran = run("sim", "--link", path)
            else:
                ran = run(*arguments(writer), path, "--overwrite")
            assert ran.status == 1, what
            assert any(
                words in ran.said
                for words in (
                    *("is the store itself", "belongs to the store", "never overwritten"),
                    "isn't a symbolic link",
                )
            ), (what, ran.said)
            for kept, data in before.items():
                # Whoever reads a store notes it in the index.
                is_index = kept.name.endswith("-shm")
                assert (kept.stat().st_size if is_index else kept.read_bytes()) == (
                    len(data) if is_index else data
                ), what
            assert not walks.with_name(f"{walks.name}-journal").exists(), what
    finally:
        recording.close()


def test_a_store_is_not_made_where_another_keeps_its_log(run, store: Path):
    for suffix in ("-wal", "-shm", "-journal"):
        beside = store.with_name(store.name + suffix)
        ran = run("record", "--port", "/dev/nope", "--store", beside)
        assert ran.status == 1
        assert "belongs to the store" in ran.said
        assert not beside.exists()
    assert len(json.loads(run("sessions", "--store", store, "--json").out)) == 1


def test_a_capture_stays_where_no_box_is_found(run, store: Path, tmp_path: Path):
    capture = tmp_path / "monday.cap"
    capture.write_bytes(b"$NOW of a walk that was")
    options = ("--store", store, "--capture", capture, "--overwrite")
    assert run("record", "--port", "/dev/nope", *options).status == 1
    assert capture.read_bytes() == b"$NOW of a walk that was"
