"""A rail's readings while they are taken: what is awaited, and what doesn't fit."""

from __future__ import annotations

import pytest

from beltbox.calibrate.arithmetic.rail_line import LoadPoint
from beltbox.calibrate.arithmetic.rail_loads import RailLoads

ZERO = 84_210.0
PER_KG = 42_637.6  # counts, of 230 000 nN each


def loads(*points: tuple[float, str, float], noise: float = 1.0) -> RailLoads:
    """kg, way, and the kg that really hung there."""
    made = RailLoads(230_000e-9)
    made.points = [LoadPoint(kg, ZERO + PER_KG * really, noise, way) for kg, way, really in points]
    return made


EMPTY = (0.0, "up", 0.0)


def missing(made: RailLoads, kg: float, really: float, looks: int = 1) -> str:
    """What is said at the last of so many looks at a cell with so much on it."""
    awaited = made.awaits(kg)
    return [awaited(ZERO + PER_KG * really) for _ in range(looks)][-1]


def test_a_first_weight_is_a_clear_change():
    made = loads(EMPTY)
    assert made.n_per_count == pytest.approx(230_000e-9)
    assert missing(made, 10, 0.1) == "no change seen"
    # A cell may be 20 times less sensitive, and mounted the other way round.
    assert missing(made, 10, 0.6) == ""
    assert missing(made, 10, -0.6) == ""


def test_a_first_weight_too_light_for_the_noise_is_told():
    made = loads(EMPTY, noise=1000.0)
    assert "0.1 kg may be too light for a cell as noisy as this one" in missing(made, 0.1, 0.1)
    assert missing(made, 5, 0.1) == "no change seen"
    assert missing(made, 5, 5) == ""


@pytest.mark.parametrize(
    ("kg", "really", "words"),
    [
        (10, 10, ""),
        (10, 11, ""),
        (10, 5, "no change seen"),
        (10, 0, "nothing hangs there"),
        (10, 12, "reads like 12.0 kg, not 10"),
        (0, 0, ""),
        (0, 0.2, ""),
        (0, 3, "reads like 3.0 kg still"),
    ],
)
def test_the_next_weight_is_known_by_the_ones_before(kg, really, words):
    assert missing(loads(EMPTY, (5, "up", 5)), kg, really) == words


def test_who_insists_is_believed_for_now():
    made = loads(EMPTY, (5, "up", 5))
    assert missing(made, 10, 12, looks=20) != ""
    assert missing(made, 10, 12, looks=21) == ""
    assert missing(made, 10, 5, looks=100) == "no change seen"
    assert made.reads_otherwise(10, ZERO + PER_KG * 12) == "reads like 12.0 kg"
    assert made.reads_otherwise(10, ZERO + PER_KG * 11) == ""


def test_where_the_range_ends():
    assert loads(EMPTY).range_ends_kg() is None
    # 2**23 counts of 230 000 nN.
    assert loads(EMPTY, (5, "up", 5)).range_ends_kg() == pytest.approx(196.7, rel=1e-3)


def test_a_weight_that_was_wrong_one_way_is_put_right_there_alone():
    made = loads(
        *(EMPTY, (5, "up", 5), (10, "up", 12), (20, "up", 20)),
        *((10, "down", 10), (5, "down", 5), (0, "down", 0)),
    )
    (misfit,) = made.misfits(0.01)
    assert [(point.kg, point.way) for point in misfit.odd] == [(10, "up")]
    assert misfit.words == "10 kg (up) reads like 12.0 kg by the others"
    made.hung_instead([(misfit, 12.0)])
    assert made.misfits(0.01) == []
    assert [point.kg for point in made.points] == [0, 5, 12, 20, 10, 5, 0]


def test_two_weights_that_were_swapped_are_put_right_together():
    made = loads(
        *(EMPTY, (5, "up", 10), (10, "up", 5), (20, "up", 20), (40, "up", 40)),
        *((20, "down", 20), (10, "down", 5), (5, "down", 10), (0, "down", 0)),
    )
    light, heavy = made.misfits(0.01)
    assert light.words == "5 kg (up and down) reads like 10.0 and 10.0 kg by the others"
    assert heavy.kg == 10
    made.hung_instead([(light, 10.0), (heavy, 5.0)])
    assert made.misfits(0.01) == []
    assert [point.kg for point in made.points] == [0, 10, 5, 20, 40, 20, 5, 10, 0]


def test_a_weight_that_is_hung_again_takes_the_place_of_all_its_readings():
    made = loads(EMPTY, (5, "up", 5), (10, "up", 12), (10, "down", 12), (0, "down", 0))
    again, empty = LoadPoint(10, ZERO + 10 * PER_KG, 1, "up"), LoadPoint(0, ZERO + 3, 1, "down")
    _, misfit = made.misfits(0.01)
    made.hung_again(misfit, again, empty)
    assert [(p.kg, p.way) for p in made.in_order()] == [
        *((0, "up"), (5, "up"), (10, "up")),
        (0, "down"),
    ]
    assert made.in_order()[-1] == empty
    assert made.misfits(0.01) == []


def test_a_weight_that_another_was_corrected_to_is_left_when_it_is_hung_again():
    made = loads(
        *(EMPTY, (5, "up", 10), (10, "up", 7), (20, "up", 20), (40, "up", 40), (0, "down", 0))
    )
    light, heavy = made.misfits(0.01)
    made.hung_instead([(light, 10.0)])
    made.hung_again(
        heavy, LoadPoint(10, ZERO + 10 * PER_KG, 1, "up"), LoadPoint(0, ZERO, 1, "down")
    )
    assert [point.kg for point in made.points] == [0, 10, 20, 40, 10, 0]
    assert made.misfits(0.01) == []


def test_the_order_is_that_of_a_calibration_without_mistakes():
    made = loads(
        *(EMPTY, (20, "up", 20), (5, "down", 5), (0, "down", 0), (10, "up", 10), (10, "down", 10))
    )
    assert [(p.kg, p.way) for p in made.in_order()] == [
        *((0, "up"), (10, "up"), (20, "up")),
        *((10, "down"), (5, "down"), (0, "down")),
    ]
