"""Which dips are steps: each rule of Gait at its very limit, on belts whose places are exact."""

from __future__ import annotations

from array import array
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beltcore.gait import Gait

PLACES = 2**29
FINE_NM = 100_000
COARSE_NM = 12_000_000
STEPS = 2**26


class Calls:
    """Stands for an Evenness; notes what is asked of it."""

    def __init__(self):
        self.made = []

    def start(self):
        self.made.append("start")

    def step(self, *arguments):
        self.made.append(arguments)


class Walk:
    """Dips given to a Gait, on a belt that goes `um` a sample; its places wrap in between.

    `um` may be changed between two dips.
    """

    def __init__(self, *, lag=15, um=20_000, sign=1, nm=FINE_NM, fine=True, first=1):
        self.lag = lag
        self.step_x256 = 256 * lag
        self.um = um
        self.sign = sign
        self.places = array("i", [0] * 256)
        self.gait = Gait(nm, fine, self.places, "the sway")
        self.gait.evenness = self.evenness = Calls()
        self.sample = 1000
        self._place_um = 400_000 if sign < 0 else PLACES - 400_000
        for sample in range(self.sample - 255, self.sample + 1):
            self.places[sample % 256] = (self._place_um + sign * um * sample) % PLACES
        self._place_um += sign * um * self.sample
        self.at_x256 = 256 * self.sample
        self.gait.begin(self.at_x256, self.places[self.sample % 256], lag, first)

    def move(self, samples, um):
        for _ in range(samples):
            self.sample += 1
            self._place_um += self.sign * um
            self.places[self.sample % 256] = self._place_um % PLACES

    def dip(self, *intervals_x256):
        for interval_x256 in intervals_x256:
            self.at_x256 += interval_x256
            self.move(self.at_x256 // 256 - self.sample, self.um)
            self.gait.step(self.at_x256, self.lag, self.sign, self.sample)

    def even(self, dips):
        self.dip(*[self.step_x256] * dips)
        return self


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("first", [0, 1])
def test_the_third_even_interval_counts_all_before(first, sign):
    walk = Walk(first=first, sign=sign).even(2)
    assert (walk.gait.steps, walk.gait.waiting, walk.gait.trusted) == (0, 2 + first, False)
    assert walk.gait.cadence_spm_x10 is None
    walk.even(1)
    assert (walk.gait.steps, walk.gait.waiting, walk.gait.trusted) == (3 + first, 0, True)
    assert walk.gait.cadence_spm_x10 == 1000
    assert walk.gait.step_length_mm == 300
    walk.even(1)
    assert walk.gait.steps == 4 + first


@pytest.mark.parametrize(("fine", "limit"), [(True, 26), (False, 38)])
@pytest.mark.parametrize("way", [1, -1])
def test_an_interval_is_even_up_to_its_limit(fine, limit, way):
    for beyond in (0, 1):
        walk = Walk(fine=fine)
        off_x256 = way * (limit * walk.lag + beyond)
        walk.dip(walk.step_x256 + off_x256, walk.step_x256, walk.step_x256 + off_x256)
        assert walk.gait.trusted is not bool(beyond)
        # Beyond the limit it starts over: three even ones from the second dip on.
        walk.dip(walk.step_x256)
        assert walk.gait.trusted
        assert walk.gait.steps == 5


@pytest.mark.parametrize("way", [1, -1])
def test_trusted_dips_may_be_less_even(way):
    walk = Walk().even(3)
    for _ in range(3):
        off_x256 = way * 77 * walk.lag
        walk.dip(walk.step_x256 + off_x256, walk.step_x256 + off_x256)
        walk.even(2)
    assert walk.gait.trusted
    assert walk.gait.steps == 16


def test_four_uneven_intervals_in_a_row_end_the_trust():
    walk = Walk().even(3)
    off_x256 = walk.step_x256 + 77 * walk.lag + 1
    walk.dip(off_x256, off_x256)
    walk.even(1)
    assert walk.gait.trusted
    assert walk.gait.waiting == 3
    walk.even(1)
    assert not walk.gait.trusted
    assert walk.gait.cadence_spm_x10 is None
    assert walk.gait.step_length_mm is None
    # What waits is counted with the next three even ones; the mean knows nothing from before.
    walk.even(3)
    assert walk.gait.steps == 4 + 4 + 3
    assert walk.gait.cadence_spm_x10 == 1000


def test_an_even_interval_makes_up_for_uneven_ones():
    walk = Walk().even(3)
    off_x256 = walk.step_x256 + 78 * walk.lag
    for _ in range(3):
        walk.dip(off_x256, off_x256)
        walk.even(1)
        walk.dip(off_x256)
        assert walk.gait.trusted
        walk.dip(walk.step_x256, off_x256)


def test_a_dip_within_half_a_step_is_the_same_one():
    walk = Walk().even(1)
    before_x256 = walk.gait.last_x256
    walk.dip(128 * walk.lag - 1)
    assert walk.gait.last_x256 == before_x256
    assert walk.gait.waiting == 2
    walk.dip(1)
    assert walk.gait.last_x256 == before_x256 + 128 * walk.lag
    assert walk.gait.waiting == 3


@pytest.mark.parametrize(
    ("part_x256", "steps"), [(420, 1), (421, 2), (512, 2), (639, 2), (640, 3), (768, 3)]
)
def test_a_dip_that_did_not_show_counts(part_x256, steps):
    walk = Walk().even(3)
    walk.evenness.made.clear()
    walk.dip(part_x256 * walk.lag)
    assert walk.gait.steps + walk.gait.waiting == 4 + steps
    assert walk.evenness.made == ["start"]
    walk.even(1)
    # The mean is of an even number of steps, in equal parts where dips didn't show.
    steps_x256 = [256] * 3 + [part_x256 / steps] * steps + [256]
    steps_x256 = steps_x256[len(steps_x256) % 2 :]
    mean_x256 = sum(steps_x256) / len(steps_x256)
    assert walk.gait.cadence_spm_x10 == pytest.approx(1000 * 256 / mean_x256, abs=0.6)
    assert walk.gait.step_length_mm == pytest.approx(300 * mean_x256 / 256, abs=6)


def test_evenness_is_given_even_single_steps():
    walk = Walk(sign=-1)
    calls = walk.evenness
    walk.even(2)
    given_to = (walk.places, walk.at_x256, walk.lag, -1, "the sway")
    assert calls.made[1:] == [given_to]
    walk.dip(walk.step_x256 + 30 * walk.lag)  # untrusted: all begins anew
    assert calls.made[2:] == ["start", "start"]


def test_an_even_long_interval_begins_the_evenness_anew():
    walk = Walk().even(4)
    calls = walk.evenness
    calls.made.clear()
    walk.dip(2 * walk.step_x256)
    assert walk.gait.steps == 4 + 1 + 2
    assert calls.made == ["start"]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("um", "counts"), [(100_000, False), (99_999, True)])
def test_no_step_is_a_metre_and_a_half(um, counts, sign):
    walk = Walk(um=um, sign=sign).even(9)
    assert walk.gait.trusted is counts
    # So is none of two of which one didn't show.
    walk = Walk(sign=sign).even(3)
    walk.um = um
    for _ in range(4):
        walk.dip(2 * walk.step_x256)
    assert walk.gait.trusted is counts


def test_going_back_has_no_length():
    walk = Walk().even(6)
    walk.um = -10_000
    walk.even(1)
    walk.um = 20_000
    walk.even(3)
    # Of the last ten steps one has none; the place of the first one after it is behind.
    assert walk.gait.step_length_mm == 9 * 300 // 10
    assert walk.gait.steps == 11


@pytest.mark.parametrize(("um", "long"), [(399_999, True), (400_000, False)])
def test_a_length_counts_up_to_six_metres(um, long):
    walk = Walk().even(3)
    walk.um = um
    walk.even(1)
    walk.um = 20_000
    walk.even(2)
    mean_mm = (300 * 5 + (15 * um / 1000 if long else 0)) / 6
    assert walk.gait.step_length_mm == pytest.approx(mean_mm, abs=1)


@given(st.integers(9, 41), st.data())
def test_cadence_and_length_are_means_of_up_to_twelve_steps_of_six_seconds(lag, data):
    off = st.integers(-13 * lag, 13 * lag)
    intervals_x256 = [256 * lag + data.draw(off) for _ in range(data.draw(st.integers(3, 40)))]
    um = data.draw(st.integers(1_000, 1_400_000 // lag))
    walk = Walk(lag=lag, um=um)
    walk.dip(*intervals_x256)
    used = []
    while len(used) + 2 <= min(12, len(intervals_x256)):
        longer = intervals_x256[len(intervals_x256) - len(used) - 2 :]
        if sum(longer) > 150 * 256:  # samples of 40 ms
            break
        used = longer
    seconds = Fraction(sum(used), 256) / 25
    assert abs(walk.gait.cadence_spm_x10 - 600 * len(used) / seconds) <= Fraction(1, 2)
    # Places are read at whole samples.
    length_mm = Fraction(um * sum(used), 256_000 * len(used))
    assert abs(walk.gait.step_length_mm - length_mm) <= Fraction(um, 1000 * len(used)) + 2


@pytest.mark.parametrize(
    ("lag", "interval_x256", "shown"),
    [
        (12, 3351, True),  # off by 279, just less than a twelfth
        (12, 3352, False),
        (12, 2836, True),
        (12, 2835, False),
        (11, 3072, False),  # off by a twelfth, 256
        (13, 3072, False),
    ],
)
def test_a_coarse_cadence_keeps_the_rhythm_within_a_twelfth(lag, interval_x256, shown):
    for fine in (True, False):
        walk = Walk(lag=lag, fine=fine)
        walk.dip(*[interval_x256] * 8)
        assert walk.gait.trusted
        assert (walk.gait.cadence_spm_x10 is not None) is (shown or fine)
        assert (walk.gait.step_length_mm is not None) is (shown or fine)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("nm", "um", "waits"),
    [
        (2_500_001, 30_999, True),
        (2_500_001, 31_000, False),  # 3 % less, no more
        (2_500_000, 10_000, False),
    ],
)
def test_a_coarse_encoder_holds_steps_back_while_the_belt_slows_down(nm, um, waits, sign):
    walk = Walk(um=32_000, sign=sign, nm=nm, fine=False).even(4)
    assert walk.gait.steps == 5
    walk.um = um
    walk.even(1)  # half of the last stride was as fast as before
    assert walk.gait.steps == 6
    walk.even(1)
    assert walk.gait.steps == (6 if waits else 7)
    assert walk.gait.waiting == (1 if waits else 0)
    walk.even(3)
    assert walk.gait.steps == 10


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("um", "slows"), [(23_999, True), (24_000, False)])
def test_a_trusted_walk_slows_down_by_a_quarter(um, slows, sign):
    for dips in (2, 3):
        walk = Walk(um=32_000, sign=sign).even(dips)
        walk.move(walk.lag, um)
        found = walk.gait.slows_down(walk.lag, sign, walk.sample)
        assert found is (slows and dips == 3)


@pytest.mark.parametrize(
    ("dips", "set_off", "um", "part_x256"),
    [
        (0, True, 20_000, 1152),
        (0, False, 20_000, 640),
        (1, True, 20_000, 640),
        (4, True, 20_000, 640),
        (4, True, 10_000, 900),
        (2, True, 10_000, 640),
    ],
)
def test_a_rhythm_is_lost_when_no_dip_comes(dips, set_off, um, part_x256):
    walk = Walk().even(dips)
    walk.move(walk.lag, um)
    walk.gait.cadence_spm_x10 = walk.gait.step_length_mm = 999
    for beyond in (0, 1):
        late_x256 = part_x256 * walk.lag + beyond
        lost = walk.gait.lost(late_x256, set_off, walk.lag, 1, walk.sample)
        assert lost is bool(beyond)
    assert walk.gait.cadence_spm_x10 is None
    assert walk.gait.step_length_mm is None


@pytest.mark.parametrize(
    ("since_x256", "added"),
    [(128 * 15 - 1, 0), (128 * 15, 1), (256 * 15 + 7679, 1), (256 * 15 + 7680, 0)],
)
def test_a_stop_adds_the_step_that_is_due(since_x256, added):
    for dips, held_back in ((3, 0), (1, 2), (2, 3)):
        walk = Walk().even(dips)
        steps = walk.gait.steps
        assert walk.gait.waiting == held_back
        # It stands since ten samples before.
        walk.gait.last_x256 = 2000 * 256 - since_x256
        walk.gait.finish(2010, walk.lag)
        assert walk.gait.steps == steps + added + (held_back if held_back <= 2 else 0)


def test_steps_wrap_so_that_they_fit_a_sentence():
    walk = Walk()
    walk.gait.steps = STEPS - 4
    walk.even(3)
    assert walk.gait.steps == 0
    walk = Walk().even(1)
    walk.gait.steps = STEPS - 1
    walk.gait.finish(walk.sample, walk.lag)
    assert walk.gait.steps == 1
    walk = Walk().even(3)
    walk.gait.steps = STEPS - 1
    walk.gait.finish(walk.sample + 10 + walk.lag, walk.lag)
    assert walk.gait.steps == 0
