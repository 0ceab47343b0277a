"""The firmware as files: what goes on a box, and how big it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from beltbox.flash.chips import CHIPS
from beltbox.flash.firmware_files import FirmwareError, find_folder, prepare, read_version
from beltcore.version import FIRMWARE_VERSION

FIRMWARE = Path(__file__).parents[4] / "firmware"
# sys.implementation._mpy: version 6, sub-version 3, and the architecture's number from bit 10 on.
XTENSAWIN = 6 | 3 << 8 | 10 << 10
RV32IMC = 6 | 3 << 8 | 11 << 10
NONE = 6 | 3 << 8


@pytest.mark.parametrize(("mpy", "name"), [(XTENSAWIN, "xtensawin"), (RV32IMC, "rv32imc")])
def test_every_module_is_compiled_for_the_chip_and_all_are_small_enough(mpy, name):
    firmware = prepare(FIRMWARE, mpy)
    assert firmware.architecture == name
    assert firmware.compiled
    modules = [
        path
        for path in FIRMWARE.rglob("*.py")
        if path.parent not in (FIRMWARE, FIRMWARE / "beltcore" / "host")
    ]
    assert sorted(firmware.files) == sorted(
        path.relative_to(FIRMWARE).with_suffix(".mpy").as_posix() for path in modules
    )
    assert all(content[:2] == b"M\x06" for content in firmware.files.values())
    # At 115200 baud, in base64, that is 8 s; flash and answers take about as long again.
    assert firmware.size_bytes < 64 << 10
    assert b"box/app.py" in firmware.files["box/app.mpy"]  # for tracebacks


def test_without_an_architecture_only_native_code_stays_source():
    firmware = prepare(FIRMWARE, NONE)
    assert [path for path in firmware.files if path.endswith(".py")] == ["beltcore/viper.py"]


@pytest.mark.parametrize("mpy", [XTENSAWIN + 1, XTENSAWIN + (1 << 8), 0])
def test_another_format_gets_the_sources(mpy):
    firmware = prepare(FIRMWARE, mpy)
    assert not firmware.compiled
    assert firmware.files["box/app.py"] == (FIRMWARE / "box" / "app.py").read_bytes()


def test_the_version_is_read_without_running_anything(tmp_path):
    assert read_version(FIRMWARE) == FIRMWARE_VERSION
    (tmp_path / "beltcore").mkdir()
    (tmp_path / "beltcore" / "version.py").write_text("FIRMWARE_VERSION = input()\n")
    with pytest.raises(FirmwareError, match="doesn't say FIRMWARE_VERSION"):
        read_version(tmp_path)
    with pytest.raises(FirmwareError, match=r"has no main\.py"):
        find_folder(tmp_path)


def test_every_chip_has_a_pin_map_and_every_pin_map_a_chip():
    names = set()
    for path in (FIRMWARE / "box" / "boards").glob("esp32*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NAME":
                names.add(ast.literal_eval(node.value))
    assert names == {chip.board for chip in CHIPS}
