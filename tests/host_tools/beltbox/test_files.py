"""Files that are never half-written."""

import os
from pathlib import Path

import pytest

from beltbox.errors import ExportError
from beltbox.files import refuse_target, written_whole


def test_a_file_appears_whole_in_place_of_the_old_one(tmp_path: Path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with written_whole(path, error=ExportError) as file:
        file.write("new\n\u2713\udcff")
        assert path.read_text() == "old"
    assert path.read_bytes() == "new\n\u2713\\udcff".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_stays_when_something_goes_wrong(tmp_path: Path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), written_whole(path, error=ExportError) as file:
        file.write(f"half{1 / 0}")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cant_be_written_is_named_with_the_reason(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(ExportError, match=r"Can't write .*folder: Is a directory\. Nothing was"),
        written_whole(tmp_path / "folder", error=ExportError),
    ):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_link_to_an_empty_part_of_a_store_is_known_by_the_file_itself(
    tmp_path: Path, suffix: str
):
    """As it is left by a program that only read: nothing in it says what it is."""
    store, part, link = (tmp_path / name for name in ("s.db", f"s.db{suffix}", "notes.csv"))
    store.touch()
    part.touch()
    os.link(part, link)
    for path in (part, link):
        with pytest.raises(ExportError, match=r"belongs to the store .*s\.db"):
            refuse_target(path, error=ExportError, not_onto=[(store, "it")], overwrite=True)
    part.unlink()
    refuse_target(link, error=ExportError, not_onto=[(store, "it")], overwrite=True)
