"""What the metal of a virtual cell does wrong, by hand."""

import math

import pytest

from beltbox.virtualbox.device.treadmill.cell_body import CellBody

SOUND = dict.fromkeys(CellBody.FAULTS, 0)


def body(**faults):
    return CellBody(SOUND | faults)


def test_a_sound_one_changes_nothing():
    cell = body()
    assert [cell.felt_mn(mn, t) for t, mn in enumerate((0, 5e5, -3e4, 0))] == [0, 5e5, -3e4, 0]


def test_it_bows_most_at_half_load():
    cell = body(nonlinearity_percent=1)
    felt = [cell.felt_mn(mn, 0) for mn in (0, 250_000, 500_000)]
    assert felt == [0, pytest.approx(255_000), pytest.approx(500_000)]


def test_it_has_play_between_loading_and_unloading():
    cell = body(hysteresis_percent=0.4)  # 2 N of 500
    assert [cell.felt_mn(mn, 0) for mn in (0, 100_000, 200_000, 100_000, 0)] == [
        *(0, 99_000, 199_000, 101_000, 1_000)
    ]


def test_it_creeps_with_a_time_constant_of_a_minute():
    cell = body(creep_percent=2)
    cell.felt_mn(100_000, 0)
    assert cell.felt_mn(100_000, 60_000_000) == pytest.approx(100_000 + 2000 * (1 - math.exp(-1)))


def test_the_place_of_a_weight_changes_what_it_feels():
    cell = body(position_percent=5)
    cell.hang(100, -1)
    assert cell.felt_mn(100_000, 0) == 95_000
    cell.hang(100, 0.5)
    assert cell.felt_mn(100_000, 0) == 102_500
