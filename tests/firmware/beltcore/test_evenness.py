"""Scatter and asymmetry against plain statistics; where a belt was slowest; the longer side."""

from __future__ import annotations

import math
import statistics
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltcore.evenness import LEFT, RIGHT, Evenness, _slowest, root

PLACES = 2**29
# A belt of an even speed, 0 here, is nowhere slowest: dips are where they are said to be.
STANDING = array("i", [0] * 256)


class Sway:
    """Leans to the left by the next of `leans_mn`; notes the times that it is asked for."""

    def __init__(self, leans_mn):
        self._leans_mn = iter(leans_mn)
        self.spans = []

    def mean_mn(self, start, end):
        self.spans.append((start, end))
        return next(self._leans_mn)


def walked(intervals_x256, lag, sway=None, start_x256=0):
    """Evenness after those steps, and the fields as they were after each."""
    evenness = Evenness(True)
    at_x256 = start_x256
    found = []
    for interval_x256 in [0, *intervals_x256]:
        at_x256 += interval_x256
        evenness.step(STANDING, at_x256, lag, 1, sway)
        found.append((evenness.step_time_sd_ms, evenness.asymmetry_permille))
    return evenness, found


@pytest.mark.slow
@given(st.integers(9, 41), st.integers(60, 200), st.data())
def test_scatter_and_asymmetry_are_those_of_the_last_64(lag, count, data):
    limp = data.draw(st.integers(-9 * lag, 9 * lag))
    scatter = data.draw(st.integers(0, 12 * lag))
    intervals_x256 = [
        256 * lag + (limp if step % 2 else -limp) + data.draw(st.integers(-scatter, scatter))
        for step in range(count)
    ]
    evenness, found = walked(intervals_x256, lag, start_x256=data.draw(st.integers(0, 2**28)))
    assert {each for each in found[:60]} == {(None, None)}
    assert None not in found[60]
    last_ms = [interval_x256 * 40 / 256 for interval_x256 in intervals_x256[-64:]]
    sides = last_ms[::2], last_ms[1::2]
    means_ms = [statistics.fmean(side) for side in sides]
    squares = sum(
        (ms - mean_ms) ** 2 for side, mean_ms in zip(sides, means_ms, strict=True) for ms in side
    )
    sd_ms = math.sqrt(squares / (len(last_ms) - 2))
    assert evenness.step_time_sd_ms == pytest.approx(sd_ms, abs=1.6)
    wide = (lag + 3) // 6
    made_up_for = lag / (lag - wide)
    asymmetry = 2000 * abs(means_ms[0] - means_ms[1]) / sum(means_ms) * made_up_for
    # A mean of whole milliseconds is known to one; one a millisecond is up to 3 permille.
    near = 2 + 1500 / sum(means_ms) * made_up_for
    assert evenness.asymmetry_permille == pytest.approx(asymmetry, abs=near)
    u = 2000 / sum(means_ms) * (evenness.step_time_sd_ms + 1) * math.sqrt(1 / 30 + 1 / 30)
    assert evenness.asymmetry_u_permille == pytest.approx(
        u * made_up_for + evenness.asymmetry_permille / 10, rel=0.02, abs=3
    )
    assert evenness.longer_side is None


def test_nothing_is_known_of_a_coarse_encoder():
    evenness = Evenness(False)
    for step in range(100):
        evenness.step(STANDING, 256 * 15 * step, 15, 1, None)
    assert evenness.step_time_sd_ms is None


# 40 ms a sample: half a step of 16 samples is 320 ms, half as long again 960 ms.
@pytest.mark.parametrize(
    ("lag", "first_ms", "ms", "goes_on"),
    [
        (16, 640, 320, False),
        (16, 640, 325, True),
        (16, 640, 955, True),
        (16, 640, 960, False),
        (41, 900, 1800, False),
        (41, 900, 1795, True),
        (41, 1900, 1000, False),
        (41, 1900, 1005, True),
    ],
)
def test_a_step_of_another_length_begins_anew(lag, first_ms, ms, goes_on):
    steps_ms = [first_ms] + [(first_ms + ms) // 10 * 5] * 50 + [ms]
    steps_ms += [40 * lag] * 8
    _evenness, found = walked([step_ms * 32 // 5 for step_ms in steps_ms], lag)
    assert (found[60][0] is not None) is goes_on


def test_a_start_forgets_everything():
    intervals_x256 = [256 * 15 + (300 if step % 2 else -300) for step in range(70)]
    evenness, _found = walked(intervals_x256, 15, Sway([5000, -5000] * 36))
    assert evenness.longer_side is not None
    evenness.start()
    assert evenness.step_time_sd_ms is evenness.asymmetry_permille is None
    assert evenness.asymmetry_u_permille is evenness.longer_side is None
    for step in range(66):
        evenness.step(STANDING, 256 * 15 * step, 15, 1, None)
    assert (evenness.step_time_sd_ms, evenness.asymmetry_permille) == (0, 0)
    assert evenness.longer_side is None


@pytest.mark.parametrize("steps", [69, 70])
@pytest.mark.parametrize("odd_longer", [True, False])
@pytest.mark.parametrize("odd_left", [True, False])
def test_a_step_is_of_the_side_that_the_weight_goes_to(odd_longer, odd_left, steps):
    """The first step's time is the odd one's, and the sway after it belongs to it."""
    off = 300 if odd_longer else -300
    left = 5000 if odd_left else -5000
    intervals_x256 = [256 * 15 + (-off if step % 2 else off) for step in range(steps)]
    leans_mn = [-left if step % 2 else left for step in range(steps)]
    sway = Sway([20_000 + lean_mn for lean_mn in leans_mn])
    evenness, _found = walked(intervals_x256, 15, sway)
    assert evenness.longer_side == (LEFT if odd_longer == odd_left else RIGHT)
    # From a quarter of a step before the dip to three quarters after it.
    at = round(sum(intervals_x256) / 256)
    assert sway.spans[-1] == (at - 3, at + 12)


@pytest.mark.parametrize(
    ("right_mn", "left_mn", "named"),
    [
        ((257,), (258,), True),  # apart by half a newton, rounded down
        ((257,), (257,), False),
        ((600, 600, 600, -200), (600,), True),  # nearly always the same way
        ((600, -600), (600, -600), False),  # either way
        ((2500, -1500), (2500, -1500), False),  # 1 N on the mean, of 2.5 N that steps differ
        ((None,), (None,), False),
        ((600, None), (600,), True),  # what isn't known is left out
    ],
)
def test_the_sway_must_be_clear(right_mn, left_mn, named):
    steps = 128
    leans_mn = []
    for step in range(steps):
        side = right_mn if step % 2 else left_mn
        lean_mn = side[step // 2 % len(side)]
        leans_mn.append(lean_mn if lean_mn is None or step % 2 == 0 else -lean_mn)
    intervals_x256 = [256 * 15 + (-300 if step % 2 else 300) for step in range(steps)]
    evenness, _found = walked(intervals_x256, 15, Sway(leans_mn))
    assert (evenness.longer_side is not None) is named


def test_three_quarters_of_what_steps_differ_are_clear():
    evenness = Evenness(True)
    evenness._differ_mn = 4000
    for odd_left_mn, side in ((3000, LEFT), (2999, None), (-3000, RIGHT), (-2999, None)):
        evenness._odd_left_mn = odd_left_mn
        assert evenness._longer(1) == side


def test_twice_its_uncertainty_is_no_asymmetry_yet():
    """A mean of 1.5 ms more with each second step, and a scatter of 2 ms."""
    steps_ms = [(600, 597, 603, 603)[step % 4] for step in range(64)]
    evenness, _found = walked([-(-ms * 32 // 5) for ms in steps_ms], 15, Sway([5000, -5000] * 32))
    assert (evenness.asymmetry_permille, evenness.asymmetry_u_permille) == (2, 1)
    assert evenness.longer_side is None


def test_no_side_is_named_of_even_steps():
    """7 ms more with each second step, and a scatter of 30 ms: no limp."""
    steps = [256 * 15 + (45 if step % 2 else 0) + 200 * (step // 2 % 2) for step in range(70)]
    evenness, _found = walked(steps, 15, Sway([5000, -5000] * 35))
    assert 0 < evenness.asymmetry_permille <= 2 * evenness.asymmetry_u_permille
    assert evenness.longer_side is None


def rippling(lag, slowest, *, sign=1, um=20_000, off_um=0):
    """A ring of places of a belt that is slowest at a sample, and each `lag` samples from there."""
    places = array("i", [0] * 256)
    for sample in range(500, 700):
        turn = 2 * math.pi * (sample - slowest) / lag
        place_um = sign * (um * sample - 0.15 * um * lag / (2 * math.pi) * math.sin(turn))
        places[sample % 256] = (round(place_um) + off_um) % PLACES
    return places


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("lag", [9, 15, 28, 41])
@pytest.mark.parametrize("slowest", [600, 600.3, 600.5, 600.8])
def test_a_dip_is_where_the_belt_was_slowest(lag, slowest, sign):
    wide = (lag + 3) // 6
    off_um = -sign * 20_000 * 600  # the places wrap there
    places = rippling(lag, slowest, sign=sign, off_um=off_um)
    for off in (-2.2, -1, -0.4, 0, 0.4, 1, 2.2):
        found = _slowest(places, round(256 * (slowest + off)), wide, sign)
        # The curve is taken to go evenly between two samples.
        assert found == pytest.approx(256 * slowest, abs=6 if lag > 9 else 12)


def test_what_was_slowest_further_away_is_another_dip():
    for off in (2.6, -2.6, 3.4, -3.4):
        dip_x256 = round(256 * (600 + off))
        assert _slowest(rippling(28, 600), dip_x256, 5, 1) == dip_x256
    assert _slowest(rippling(28, 600), 602 * 256 + 120, 5, 1) == pytest.approx(600 * 256, abs=6)


def test_of_two_the_nearer_one_is_taken():
    """Slowest at 600 and 603, as nearly as a ring of samples can."""
    places = rippling(3, 600)
    for dip, slowest in ((600.4, 600), (602.6, 603), (601.4, 600), (601.6, 603)):
        found = _slowest(places, round(256 * dip), 1, 1)
        assert abs(found - 256 * slowest) < 128


@pytest.mark.parametrize("jump_um", [999_999, 1_000_000, -999_999, -1_000_000])
def test_a_jump_of_the_place_is_no_dip(jump_um):
    """It curves by as much at once; a dip beside it counts as long as that is less than a metre."""
    places = array("i", [0] * 256)
    for sample in range(604, 700):
        places[sample % 256] = jump_um % PLACES
    dip_x256 = 603 * 256 + 40
    found = _slowest(places, dip_x256, 2, -1 if jump_um > 0 else 1)
    assert found == (603 * 256 + 128 if abs(jump_um) < 1_000_000 else dip_x256)
    assert _slowest(places, dip_x256, 2, 1 if jump_um > 0 else -1) == dip_x256


def behind_at_600(um):
    """A belt that stands, but for one sample, `um` behind: curves of -um, 2 um and -um."""
    places = array("i", [1_000_000] * 256)
    places[600 % 256] -= um
    return places


@pytest.mark.parametrize(
    ("um", "sign", "found"),
    [
        (1, 1, 600 * 256 - 170),  # two thirds of a sample before
        (499_999, 1, 600 * 256 - 170),
        (500_000, 1, None),  # a curve of a metre
        (1, -1, 601 * 256 - 85),
        (499_999, -1, 601 * 256 - 85),
        (500_000, -1, None),
    ],
)
def test_a_curve_is_less_than_a_metre(um, sign, found):
    assert _slowest(behind_at_600(um), 600 * 256, 1, sign) == (found or 600 * 256)


@pytest.mark.parametrize(("off_x256", "near"), [(639, True), (640, False)])
def test_two_and_a_half_samples_are_near(off_x256, near):
    places = behind_at_600(1000)
    for sample in range(602, 620):
        places[sample % 256] -= (sample - 601) ** 2  # it slows down and down: no other dip
    slowest = 600 * 256 - 170
    dip = slowest + off_x256
    assert _slowest(places, dip, 1, 1) == (slowest if near else dip)


@given(st.integers(0, 2**30 - 1))
def test_a_root_is_the_whole_part(square):
    assert root(square) == math.isqrt(square)


@pytest.mark.parametrize("square", [0, 1, 2, 3, 4, 65_535, 65_536, 32_767**2, 2**30 - 1])
def test_roots_at_the_ends(square):
    assert root(square) == math.isqrt(square)
