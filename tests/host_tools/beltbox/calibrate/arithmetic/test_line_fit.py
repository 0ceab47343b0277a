"""A straight line and its uncertainty: against exact fractions, known tables, and many throws."""

from __future__ import annotations

import math
import random
import statistics
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltbox.calibrate.arithmetic.line_fit import (
    Mean,
    Part,
    coverage,
    expanded,
    fit_line,
    rectangular,
    weighted_mean,
)

values = st.integers(-1_000_000, 1_000_000)
points = st.lists(
    st.tuples(st.integers(-1000, 1000), values), min_size=2, max_size=12, unique_by=lambda p: p[0]
)


def exact_line(x: list[int], y: list[int]) -> tuple[Fraction, Fraction]:
    """Slope and start by the normal equations, in fractions."""
    n = len(x)
    sx, sy = sum(x), sum(y)
    sxx = sum(a * a for a in x)
    sxy = sum(a * b for a, b in zip(x, y, strict=True))
    slope = Fraction(n * sxy - sx * sy, n * sxx - sx * sx)
    return slope, (sy - slope * sx) / n


@given(points)
def test_equal_weights_give_the_line_of_the_normal_equations(pairs):
    x, y = [a for a, _ in pairs], [b for _, b in pairs]
    slope, start = exact_line(x, y)
    line = fit_line(x, y, [2.5] * len(x))
    size = max(map(abs, y)) + 1
    assert line.slope == pytest.approx(float(slope), rel=1e-9, abs=1e-9 * size)
    assert line.start == pytest.approx(float(start), rel=1e-9, abs=1e-7 * size)
    for a, b, residual in zip(x, y, line.residuals, strict=True):
        assert residual == pytest.approx(float(b - start - slope * a), rel=1e-6, abs=1e-6 * size)


def test_a_point_of_large_uncertainty_weighs_little():
    line = fit_line([0, 1, 2, 3], [0.0, 10.0, 20.0, 1000.0], [1e-3, 1e-3, 1e-3, 1e6])
    assert line.slope == pytest.approx(10, rel=1e-6)


def test_two_points_have_the_uncertainty_of_a_difference():
    line = fit_line([0, 50], [100.0, 1100.0], [3.0, 4.0])
    assert (line.slope, line.freedom, line.excess) == (pytest.approx(20), 1, 0)
    assert line.u_slope == pytest.approx(5 / 50)


def test_scatter_beyond_what_is_known_is_found_again():
    # By hand: residuals +-1 about 0 with x symmetric; s^2 = 4 / 2, and u(slope) = s / sqrt(20).
    line = fit_line([-3, -1, 1, 3], [1.0, -1.0, -1.0, 1.0], [1e-6] * 4)
    assert line.slope == pytest.approx(0, abs=1e-12)
    assert line.excess == pytest.approx(math.sqrt(2), rel=1e-6)
    assert line.u_slope == pytest.approx(math.sqrt(2 / 20), rel=1e-6)
    quiet = fit_line([-3, -1, 1, 3], [1.0, -1.0, -1.0, 1.0], [5.0] * 4)
    assert (quiet.excess, quiet.u_excess) == (0, 0)


@pytest.mark.parametrize("x", [[], [1], [2, 2, 2]])
def test_too_few_points_are_refused(x):
    with pytest.raises(ValueError, match="two places"):
        fit_line(x, [1.0] * len(x), [1.0] * len(x))


@pytest.mark.parametrize(
    ("freedom", "k"), [(1, 13.97), (2, 4.53), (2.9, 4.53), (10, 2.28), (12, 2.28), (math.inf, 2)]
)
def test_coverage_is_the_gums_table(freedom, k):
    assert coverage(freedom) == k


def test_an_expanded_uncertainty_by_hand():
    # GUM G.4.1: nu_eff = u^4 / sum(u_i^4 / nu_i). 5^4 / (3^4 / 4) = 30.9: k = 2.09.
    found, k = expanded([Part("a", 3.0, 4), Part("b", 4.0)])
    assert (found, k) == (pytest.approx(5 * 2.09), 2.09)
    assert expanded([Part("a", 0.0)]) == (0, 2)
    assert expanded([Part("tiny", 1e-120, 1)])[1] == 13.97
    assert rectangular(3) == pytest.approx(math.sqrt(3))


@pytest.mark.slow
def test_the_stated_uncertainty_covers_95_of_100():
    chance = random.Random(7)
    x = [0, 50, 100, 200, 100, 50, 0]
    share: list[float] = []
    covered = 0
    for _ in range(2000):
        # Noise that is known, and as much again that isn't.
        y = [4.0 * a + chance.gauss(0, 3) + chance.gauss(0, 3) for a in x]
        line = fit_line(x, y, [3.0] * len(x))
        whole, _ = expanded(
            [Part("known", line.u_known), Part("scatter", line.u_excess, line.freedom)]
        )
        covered += abs(line.slope - 4) <= whole
        share.append((line.slope - 4) / line.u_slope)
    assert 0.93 <= covered / 2000 <= 0.995
    assert statistics.stdev(share) == pytest.approx(1, abs=0.25)


def test_a_weighted_mean_by_hand():
    # Weights 1 and 1/4: (10 + 20 / 4) / 1.25, and 1 / sqrt(1.25).
    mean = weighted_mean([10.0, 20.0], [1.0, 2.0])
    assert weighted_mean([10.0], [1.0]) == Mean(10.0, 1.0, 0.0, 1)
    # They scatter by more than that allows, so both weigh more alike: 10 < 12 < mean < 15.
    assert 12 < mean.value < 15
    assert mean.u_known == pytest.approx(1 / 1.25**0.5)
    same = weighted_mean([10.0, 11.0], [1.0, 2.0])
    assert same.value == pytest.approx(10.2)
    assert (same.u_excess, same.freedom) == (0.0, 2)


def test_the_excess_of_a_mean_is_the_scatter_of_its_values():
    values = [10.0, 12.0, 14.0, 16.0, 18.0]
    mean = weighted_mean(values, [1e-6] * 5)
    assert mean.value == pytest.approx(14)
    assert math.hypot(mean.u_known, mean.u_excess) == pytest.approx(
        statistics.stdev(values) / 5**0.5, rel=1e-6
    )
