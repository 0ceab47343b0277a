"""A board's flash and its serial number, kept from run to run or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from beltbox.virtualbox import ScenarioError, VirtualBox, VirtualBoxError
from beltbox.virtualbox.flash_image import FlashImage

SIZE = 65_536


def taken(state: Path | None, folder: Path, serial: str | None = None) -> FlashImage:
    image = FlashImage(state, SIZE, serial)
    image.take(folder)
    return image


def test_each_board_has_a_number_of_its_own_unless_told(scenario, tmp_path):
    numbers = {VirtualBox(scenario()).serial_number for _ in range(5)}
    assert len(numbers) == 5
    assert all(len(number) == 12 and number.startswith("30aea4") for number in numbers)
    assert VirtualBox(scenario(), serial_number="AABBCCDDEEFF").serial_number == "aabbccddeeff"
    told = scenario(serial_number="0102030405AA")
    assert VirtualBox(told).serial_number == "0102030405aa"
    assert VirtualBox(told, serial_number="0102030405bb").serial_number == "0102030405bb"


@pytest.mark.parametrize("serial", ["", "30aea4b0c0d", "30aea4b0c0dez", "30:ae:a4:b0:c0:de"])
def test_what_can_be_no_number_is_refused(scenario, serial):
    with pytest.raises(VirtualBoxError, match="12 hexadecimal digits"):
        VirtualBox(scenario(), serial_number=serial)
    with pytest.raises(ScenarioError, match=r"serial_number = .* 12 hexadecimal digits"):
        scenario(serial_number=serial)


def test_the_number_is_kept_with_the_flash(tmp_path):
    state = tmp_path / "flash.img"
    first = taken(state, tmp_path)
    assert first.make()
    first.release()
    again = taken(state, tmp_path)
    assert again.serial_number == first.serial_number
    assert not again.make()
    again.release()
    told = taken(state, tmp_path, "aabbccddeeff")
    told.release()
    assert taken(state, tmp_path).serial_number == "aabbccddeeff"
    assert taken(None, tmp_path).serial_number != "aabbccddeeff"


def test_two_boxes_on_one_flash_are_refused(tmp_path):
    state = tmp_path / "flash.img"
    first = taken(state, tmp_path)
    with pytest.raises(VirtualBoxError, match="another virtual box runs with this flash"):
        taken(state, tmp_path)
    first.release()
    taken(state, tmp_path)


def test_a_kept_number_that_is_none_is_said(tmp_path):
    (tmp_path / "flash.img.serial").write_text("the best box")
    with pytest.raises(VirtualBoxError, match=r"flash\.img\.serial: .* Remove it, or give"):
        taken(tmp_path / "flash.img", tmp_path)
    with pytest.raises(VirtualBoxError, match="can't be written"):
        taken(tmp_path / "nope" / "flash.img", tmp_path)
