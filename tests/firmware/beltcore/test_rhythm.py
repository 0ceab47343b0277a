"""The ripple against exact fractions; and when its rhythm is believed, each limit at its value."""

from __future__ import annotations

import math
from array import array
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltcore.rhythm import FADED, FOUND, NOTHING, Rhythm

PLACES = 2**29
LONG = 25


class Sway:
    """Alternates with one lag, or with none."""

    def __init__(self, lag):
        self._lag = lag

    def alternates(self, lag):
        return lag == self._lag


def on_a_belt(um_of_samples, *, sign=1, nm=100_000, fine=True, walked=None):
    """The Rhythm after samples 1, 2, 3 … of a belt that went so far in each; its ring."""
    places = array("i", [0] * 256)
    rhythm = Rhythm(nm, fine, places, None)
    rhythm.start(0)
    place_um = PLACES - 1000
    for index in range(256):
        places[index] = place_um
    for sample, um in enumerate(um_of_samples, 1):
        place_um = (place_um + sign * um) % PLACES
        places[sample % 256] = place_um
        rhythm.take(sample, sign, sample if walked is None else walked)
    return rhythm


def ripples(um_of_samples):
    """What each sample's ripple is, in 1/1280; the first one is sample 1's."""
    found = []
    for end in range(1, len(um_of_samples) + 1):
        long = um_of_samples[max(0, end - LONG) : end]
        short = um_of_samples[max(0, end - 14) : max(0, end - 11)]
        ripple = 0
        if end > LONG + 1 and 30_000 < sum(long) < 8_000_000:
            ripple = 1280 * (Fraction(sum(short) * LONG, sum(long) * 3) - 1)
        found.append(max(-800, min(800, ripple)))
    return found


@pytest.mark.parametrize("sign", [1, -1])
@given(st.lists(st.integers(0, 100_000), min_size=64, max_size=64))
def test_a_ripple_is_a_short_mean_over_a_long_one(sign, um_of_samples):
    rhythm = on_a_belt(um_of_samples, sign=sign)
    for sample, ripple in list(enumerate(ripples(um_of_samples), 1)):
        # A long distance of 100 mm is known to 0.04 %.
        assert rhythm._ripples[sample % 64] == pytest.approx(float(ripple), abs=3)


@pytest.mark.parametrize(
    ("um", "rippling"), [(1200, False), (1201, True), (319_999, True), (320_000, False)]
)
def test_a_belt_that_hardly_moves_or_goes_back_has_no_ripple(um, rippling):
    um_of_samples = [um] * 50
    um_of_samples[-13] += um // 2
    um_of_samples[-5] -= um // 2
    rhythm = on_a_belt(um_of_samples)
    assert (rhythm._ripples[50] != 0) is rippling


def test_a_short_step_back_in_a_long_way_has_no_ripple():
    um_of_samples = [20_000] * 40 + [-20_000] * 3 + [20_000] * 11
    rhythm = on_a_belt(um_of_samples)
    assert rhythm._ripples[len(um_of_samples) % 64] == 0


@pytest.mark.parametrize(("walked", "rippling"), [(26, False), (27, True)])
def test_a_ripple_needs_a_second_of_walking(walked, rippling):
    rhythm = on_a_belt([20_000] * 40 + [10_000] * 3 + [20_000] * 11, walked=walked)
    assert any(rhythm._ripples) is rippling


def test_sums_are_those_of_the_ripple_with_itself():
    um_of_samples = [20_000 + round(3_000 * math.sin(at * math.pi / 8)) for at in range(64)]
    rhythm = on_a_belt(um_of_samples)
    sums = [0] * 43
    found = [0] * 64 + [rhythm._ripples[sample % 64] for sample in range(1, 65)]
    for at in range(64, 128):
        for lag in range(43):
            sums[lag] += found[at] * found[at - lag] - (sums[lag] >> 6)
    assert list(rhythm._sums) == sums
    assert rhythm.search(64, 1, False) == NOTHING  # three steps and 0.8 s aren't over
    rhythm.start(30)
    assert not any(rhythm._sums)
    assert not any(rhythm._ripples)


LAG = 16
# As many samples as fill all sums: a square is then what repeats, halved, over 64.
KNOWN = 1000


def judged(
    square,
    repeats,
    *,
    floor=0,
    fine=True,
    sway=None,
    walking=False,
    known=KNOWN,
    agrees=None,
    peaks=200,
    lag=LAG,
    more=0,
):
    """What search gives for a ripple of that mean square, which repeats to `repeats` percent."""
    places = array("i", [0] * 256)
    rhythm = Rhythm(10**9, fine, places, None if sway is None else Sway(sway))
    rhythm.start(500 - known)
    # A belt that stands for a second: edges are as far apart as rows are.
    rhythm.row_us = -(-floor * lag * 40_000 // 1810)
    window = 64 if known >= 89 else known - 25
    ripple = 2 * square * window
    # Rounded as the sums' last six bits are left out.
    whole_and_trough = ((ripple >> 6) * 100 // repeats - 1 + more) << 6
    best = 2 * ripple if agrees is None else agrees
    trough = best - ripple
    sums = rhythm._sums
    sums[lag] = best
    sums[lag >> 1] = sums[lag + 1 >> 1] = trough
    sums[0] = whole_and_trough + trough
    rhythm._ripples[3] = peaks // 2
    rhythm._ripples[4] = peaks // 2 - peaks
    return rhythm, rhythm.search(500, 1, walking)


def found(*arguments, **options):
    return judged(*arguments, **options)[1]


@pytest.mark.parametrize("lag", [10, 16, 27, 41])
def test_a_clear_rhythm_is_found(lag):
    rhythm, result = judged(10_000, 80, floor=40, lag=lag)
    assert result == FOUND
    assert rhythm.lag == lag
    assert rhythm.depth == 50  # half of the root of the square
    assert rhythm.floor == 40


@pytest.mark.parametrize(("known", "result"), [(59, NOTHING), (60, FOUND)])
def test_it_takes_sixty_samples(known, result):
    assert found(10_000, 80, known=known, lag=10) == result
    # Of a square the part that is known is the mean.
    assert judged(10_000, 80, known=max(known, 60), lag=10)[0].depth == 50


@pytest.mark.parametrize("known", [88, 89, 90])
def test_from_89_samples_on_a_square_is_of_64(known):
    assert judged(10_000, 80, known=known)[0].depth == 50


@pytest.mark.parametrize(("known", "result"), [(3 * 27 + 19, NOTHING), (3 * 27 + 20, FOUND)])
def test_it_takes_three_steps_and_more(known, result):
    assert found(10_000, 80, known=known, lag=27) == result
    assert found(10_000, 80, known=known, lag=27, walking=True) == FOUND


def test_a_ripple_of_half_a_percent_is_none():
    assert found(36, 80) == NOTHING
    assert found(37, 80) == FOUND
    assert found(36, 80, walking=True) == FOUND


@pytest.mark.parametrize(("peaks", "result"), [(700, FOUND), (701, NOTHING)])
def test_more_than_a_walkers_ripple_is_pushing(peaks, result):
    assert found(10_000, 80, peaks=peaks) == result
    assert found(10_000, 80, peaks=peaks, walking=True) == FOUND


@pytest.mark.parametrize(
    ("agrees", "whole", "result"),
    [(60_000, 240_000, FOUND), (60_000, 240_001, NOTHING), (60_000, 59_999, NOTHING)],
)
def test_a_ripple_agrees_with_itself(agrees, whole, result):
    """A step later, to a quarter and to the whole at most."""
    rhythm, _result = judged(10_000, 80, agrees=agrees)
    rhythm._sums[0] = whole
    assert rhythm.search(500, 1, False) == result
    rhythm._sums[0] = agrees
    assert rhythm.search(500, 1, False) == FOUND


def test_no_lag_no_rhythm():
    rhythm, _result = judged(10_000, 80)
    for index in range(43):
        rhythm._sums[index] = 0
    assert rhythm.search(500, 1, False) == NOTHING
    assert rhythm.search(500, 1, True) == NOTHING


# A square of 10 000 is a ripple of 100; what edges make is given beside it.
@pytest.mark.parametrize(
    ("options", "floor", "needed"),
    [
        ({}, 0, 45),
        ({}, 99, 45),
        ({}, 100, 62),
        ({}, 223, 62),
        ({}, 224, None),  # edges make 224 / 100, more than the root of 5
        ({"fine": False}, 0, 62),
        ({"fine": False}, 99, 62),
        ({"fine": False}, 100, 76),
        ({"fine": False}, 223, 76),
        ({"fine": False}, 224, None),
        ({"fine": False, "sway": 17}, 0, 62),  # it sways, but otherwise
        ({"fine": False, "sway": LAG}, 0, 45),
        ({"fine": False, "sway": LAG}, 400, 45),
        ({"sway": LAG}, 224, None),  # a fine encoder needs no witness
    ],
)
def test_how_well_a_ripple_must_repeat(options, floor, needed):
    if needed is None:
        assert found(10_000, 99, floor=floor, **options) == NOTHING
    else:
        assert found(10_000, needed, floor=floor, **options) == FOUND
        assert found(10_000, needed, floor=floor, more=1, **options) == NOTHING


@pytest.mark.parametrize(
    ("options", "floor", "kept", "faded"),
    [
        ({}, 0, 45, 25),
        ({}, 223, 45, 25),
        ({}, 224, None, 25),
        ({}, 283, None, None),  # less than edges make over the root of 8
        ({"fine": False}, 0, 70, 45),
        ({"fine": False}, 224, None, 45),
        ({"fine": False}, 283, None, None),
        ({"fine": False, "sway": LAG}, 0, 45, 25),
        ({"fine": False, "sway": LAG}, 400, 45, 25),
    ],
)
def test_when_a_rhythm_is_kept_and_when_it_fades(options, floor, kept, faded):
    """kept, faded: percent, or None: not even from 99, or in any case."""
    for repeats in (99, 76, 70, 69, 62, 45, 44, 26, 25, 24):
        if kept is not None and repeats >= kept:
            expected = FOUND
        elif faded is not None and repeats >= faded:
            expected = NOTHING
        else:
            expected = FADED
        result = found(10_000, repeats, floor=floor, walking=True, **options)
        assert result == expected, repeats


@pytest.mark.parametrize(
    ("square", "floor", "walking", "result"),
    [
        (500, 50, False, NOTHING),  # 5 * 500 is the square of 50: edges may have made all of it
        (501, 50, False, FOUND),
        (800, 80, True, NOTHING),  # 8 * 800 is the square of 80
        (799, 80, True, FADED),
    ],
)
def test_what_edges_may_have_made_to_the_last(square, floor, walking, result):
    assert found(square, 99, floor=floor, walking=walking) == result


@pytest.mark.parametrize(("um", "ripple"), [(666_667, 0), (666_666, 800)])
def test_a_short_distance_is_below_two_metres(um, ripple):
    um_of_samples = [20_000] * 37 + [666_666, um, 666_667] + [20_000] * 11
    rhythm = on_a_belt(um_of_samples)
    assert rhythm._ripples[51] == ripple


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("row_us", "mm_s", "nm", "apart_us"),
    [
        (12_500, 1000, 100_000, 100),  # an edge each 0.1 ms
        (12_500, 100, 12_000_000, 12_500),  # each 120 ms: rows are closer
        (300_000, 39, 12_000_000, 300_000),
        (500_000, 19, 12_000_000, 400_000),
        (400_001, 0, 12_000_000, 400_000),
        (12_500, 1000, 12_000_000, 11_988),
    ],
)
def test_what_edges_make(row_us, mm_s, nm, apart_us, sign):
    """A saw as high as the time of an edge isn't known, over a step's: its RMS is sqrt(2) * d."""
    rhythm = on_a_belt([mm_s * 40] * 50, sign=sign, nm=nm)
    rhythm.row_us = row_us
    for lag in (9, 20, 41):
        exact = 1280 * math.sqrt(2) * apart_us / (lag * 40_000)
        assert rhythm._made_by_edges(50, lag, sign) == pytest.approx(exact - 0.5, abs=0.7)
