"""Where a belt sets off, dips and stops: each rule at its limit, beside stand-in partners."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import pytest

from beltcore.dips import Dips
from beltcore.rhythm import FADED, FOUND, NOTHING

PLACES = 2**29
CLOCK = 2**30
FINE_NM = 100_000
COARSE_NM = 12_000_000


class Counted:
    """Stands for a Gait: notes what it is given."""

    def __init__(self):
        self.trusted = False
        self.slowing = False
        self.losing = False
        self.last_x256 = 0
        self.begun = []
        self.dips_x256 = []
        self.asked = []
        self.finished = []
        self.distrusted = 0

    def begin(self, dip_x256, place_um, lag, steps):
        self.begun.append((dip_x256, place_um, lag, steps))
        self.last_x256 = dip_x256

    def step(self, dip_x256, lag, sign, sample):
        self.dips_x256.append(dip_x256)
        self.last_x256 = dip_x256

    def slows_down(self, lag, sign, sample):
        return self.slowing

    def lost(self, since_x256, set_off, lag, sign, sample):
        self.asked.append((since_x256, set_off, lag, sign, sample))
        return self.losing

    def finish(self, sample, lag):
        self.finished.append((sample, lag))

    def distrust(self):
        self.distrusted += 1
        self.trusted = False


class Told:
    """Stands for a Rhythm that says what it was told to; notes what it is given."""

    def __init__(self):
        self.lag = 15
        self.floor = 0
        self.depth = 60
        self.row_us = 12_500
        self.answer = NOTHING
        self.starts = []
        self.takes = []
        self.searches = []

    def start(self, since):
        self.starts.append(since)

    def take(self, sample, sign, walked):
        self.takes.append((sample, sign, walked))

    def search(self, sample, sign, walking):
        self.searches.append((sample, sign, walking))
        return self.answer


class Belt:
    """Gives Dips a place each 40 ms, in um from the start, as far as `move` says."""

    def __init__(self, nm=FINE_NM, sign=1):
        self.dips = Dips(nm, False)
        self.dips.gait = self.gait = Counted()
        self.dips._rhythm = self.rhythm = Told()
        self.sign = sign
        self.samples_um = []
        self._um = 0.0
        self._start_um = PLACES - 300_000 if sign > 0 else 300_000

    def place_um(self, _t_us):
        return (self._start_um + self.sign * math.floor(self._um)) % PLACES

    def move(self, samples, um):
        """Go on at `um` a sample: a number, or a function of the sample's number."""
        for _ in range(samples):
            if self.samples_um:
                self._um += um(len(self.samples_um) + 1) if callable(um) else um
            self.samples_um.append(self._um)
            assert self.dips.take(self, None, 0, 0, 12_500) == 40_000
        return self

    def walk(self, answer=FOUND):
        """Stand, set off and walk evenly until sample 96, when the rhythm has that answer."""
        self.move(20, 0).move(75, 20_000)
        self.rhythm.answer = answer
        self.move(1, 20_000)
        self.rhythm.answer = NOTHING
        return self


class Clock:
    def __init__(self):
        self.asked = []

    def place_um(self, t_us):
        self.asked.append(t_us)
        return 0


@pytest.mark.parametrize(("nm", "lag_us"), [(2_000_000, 60_000), (2_000_001, 400_000)])
def test_the_place_is_taken_every_40_ms_as_it_was_before(nm, lag_us):
    dips = Dips(nm, False)
    clock = Clock()
    assert dips.lag_us == lag_us
    t_us = CLOCK - 100_000
    due_us = 5_000
    for dt_us in (12_500, 12_500, 50_000, 130_000, 1_000):
        t_us = (t_us + dt_us) % CLOCK
        due_us -= dt_us
        if due_us <= 0:
            due_us = dips.take(clock, None, t_us, due_us, dt_us)
    assert due_us == 5_000 + 6 * 40_000 - 206_000
    first_us = CLOCK - 100_000 + 5_000 - lag_us
    assert clock.asked == [(first_us + 40_000 * n) % CLOCK for n in range(6)]


def test_the_time_between_rows_is_a_mean():
    dips = Dips(FINE_NM, False)
    for _ in range(80):
        dips.take(Clock(), None, 0, 0, 20_000)
    assert dips._rhythm.row_us == pytest.approx(20_000, abs=10)
    dips.take(Clock(), None, 0, 0, 28_000)
    assert dips._rhythm.row_us == pytest.approx(21_000, abs=10)


@pytest.mark.parametrize("rails", [True, False])
def test_the_sway_is_taken_with_each_sample(rails):
    dips = Dips(FINE_NM, rails)
    sides = [SimpleNamespace(force_mn=mn) for mn in (7_000, 3_000)]
    for _ in range(30):
        dips.take(Clock(), SimpleNamespace(left=sides[0], right=sides[1]), 0, 0, 12_500)
    if rails:
        assert dips._sway.mean_mn(5, 25) == 4_000
        assert dips.gait._sway is dips._rhythm._sway is dips._sway
    else:
        assert dips.gait._sway is dips._rhythm._sway is dips._sway is None


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("um", "moves"), [(3199, False), (3200, True)])
def test_a_belt_moves_from_80_mm_in_a_second_on(um, moves, sign):
    belt = Belt(sign=sign).move(20, 0).move(25, um)
    assert len(belt.rhythm.starts) == (1 if moves else 0)
    assert belt.move(1, 3225).rhythm.starts  # it is that far now


@pytest.mark.parametrize(("sign", "um"), [(1, 4_000), (1, 4_100), (-1, 4_100)])
def test_a_walk_begins_where_the_belt_stood_last(sign, um):
    """12 mm in ten samples is no standing any more: three samples of 4 mm are."""
    belt = Belt(sign=sign).move(20, 0).move(30, um)
    # It stands until sample 22, and is known to move at the 20th sample of 4 mm.
    assert belt.rhythm.starts == [22]
    assert belt.rhythm.takes[0] == (40, sign, 18)
    assert belt.rhythm.takes[-1] == (50, sign, 28)
    assert [search[0] for search in belt.rhythm.searches] == [40, 48]
    assert belt.rhythm.searches[0] == (40, sign, False)


@pytest.mark.parametrize(
    ("sign", "um", "since"), [(1, 11_999, 21), (1, 12_000, 20), (-1, 12_000, 21), (-1, 12_001, 20)]
)
def test_less_than_12_mm_in_ten_samples_is_standing(sign, um, since):
    belt = Belt(sign=sign).move(20, 0).move(1, um).move(10, 20_000)
    assert belt.rhythm.starts == [since]


@pytest.mark.parametrize(("creeps", "set_off"), [(107, True), (108, False)])
def test_who_creeps_before_was_not_set_off_by_a_step(creeps, set_off):
    """Neither standing nor moving for four seconds: the walk begins a second ago then."""
    belt = Belt().move(20, 0).move(creeps, 1_300)
    belt.rhythm.answer = FOUND
    belt.move(20, 20_000)
    (dip_x256, _place_um, _lag, steps) = belt.gait.begun[0]
    # At 1.3 mm a sample the belt stands until 11.7 mm: nine samples after it set off.
    assert dip_x256 >> 8 == (29 if set_off else 130 - 25)
    assert steps == (1 if set_off else 0)


def test_a_rhythm_that_is_found_begins_the_walk():
    belt = Belt().walk()
    assert belt.rhythm.searches[-1] == (96, 1, False)
    # It stood at sample 20 last.
    assert belt.gait.begun == [(20 * 256, PLACES - 300_000, 15, 1)]
    belt.move(8, 20_000)
    assert belt.rhythm.searches[-1] == (104, 1, True)


@pytest.mark.parametrize(("samples", "far"), [(224, False), (232, True)])
def test_a_walk_is_looked_back_at_for_nine_seconds(samples, far):
    belt = Belt().move(24, 0).move(samples - 1, 20_000)
    belt.rhythm.answer = FOUND
    belt.move(1, 20_000)
    begun = 24 + samples - 225
    if far:
        place_um = (PLACES - 300_000 + 20_000 * (begun - 24)) % PLACES
        assert belt.gait.begun == [((begun - 15) * 256, place_um, 15, 0)]
    else:
        assert belt.gait.begun == [(24 * 256, PLACES - 300_000, 15, 1)]


def test_the_looking_back_is_225_samples():
    for at, far in ((23, False), (22, True)):
        belt = Belt().move(at, 0).move(248 - at - 1, 20_000)
        belt.rhythm.answer = FOUND
        belt.move(1, 20_000)
        assert (belt.gait.begun[0][3] == 0) is far


def rippling(lag, um, peaks, slowest=3.3):
    """How far a belt goes in a sample: a sine's ripple, slowest each `lag` samples."""

    def distance_um(sample):
        middle = 2 * math.pi * (sample - 0.5 - slowest) / lag
        return um * (1 - peaks / 2 * math.cos(middle))

    return distance_um


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("lag", [9, 14, 15, 26, 41])
def test_each_dip_of_a_sine_is_found_where_it_is(lag, sign):
    belt = Belt(sign=sign).move(20, 0)
    belt.rhythm.lag = lag
    belt.rhythm.answer = FOUND
    belt.move(400, rippling(lag, 20_000, 0.2))
    found = [dip_x256 / 256 for dip_x256 in belt.gait.dips_x256]
    assert len(found) > 380 / lag - 2
    for dip in found[1:]:
        off = (dip - 3.3) % lag
        assert min(off, lag - off) < 0.06
    gaps = [after - before for before, after in itertools.pairwise(found[1:])]
    assert all(gap == pytest.approx(lag, abs=0.1) for gap in gaps)


def dips_of(peaks, depth, floor=0, nm=FINE_NM):
    """How many of ten dips of a sine are found; of 100 % a dip's depth is 1024 * 2 / pi or so."""
    belt = Belt(nm).move(20, 0)
    belt.rhythm.lag = 16
    belt.rhythm.depth = depth
    belt.rhythm.floor = floor
    belt.rhythm.answer = FOUND
    belt.move(80, 20_000)  # evenly
    belt.move(10 * 16, rippling(16, 20_000, peaks))
    return len(belt.gait.dips_x256)


def excess_of_a_sine(peaks):
    """The lowest excess of it, in 1/1024: the mean of its middle half, the whole being 0."""
    return 1024 * peaks / 2 * math.sin(math.pi / 2) / (math.pi / 2)


def test_a_dip_is_a_third_of_the_usual_one():
    lowest = excess_of_a_sine(0.2)  # 65
    assert dips_of(0.2, depth=round(lowest / 0.35 * 1.1)) == 0
    assert dips_of(0.2, depth=round(lowest / 0.35 * 0.9)) >= 8


@pytest.mark.parametrize(("nm", "part"), [(1_000_000, 0.4), (1_000_001, 0.1)])
def test_a_dip_is_deeper_than_edges_make(nm, part):
    lowest = excess_of_a_sine(0.2)
    if nm > 1_000_000:
        lowest *= 0.9  # of a mean of four places
    assert dips_of(0.2, depth=60, floor=round(lowest / part * 1.15), nm=nm) == 0
    assert dips_of(0.2, depth=60, floor=round(lowest / part * 0.85), nm=nm) >= 8


def test_the_usual_depth_is_a_mean_of_four_and_half_a_percent_at_least():
    belt = Belt().move(20, 0)
    belt.rhythm.lag = 16
    belt.rhythm.depth = 40
    belt.rhythm.answer = FOUND
    belt.move(600, rippling(16, 20_000, 0.2))
    assert belt.dips._depth == pytest.approx(excess_of_a_sine(0.2), abs=4)
    before = belt.dips._depth
    belt.gait.dips_x256.clear()
    while len(belt.gait.dips_x256) < 3:
        belt.move(1, rippling(16, 20_000, 0.4))
    later = belt.dips._depth
    # Two dips at the double depth at least: a quarter of the rest each.
    assert before * 1.3 < later < before * 1.75
    belt = Belt().move(20, 0)
    belt.rhythm.lag = 16
    belt.rhythm.depth = 5
    belt.rhythm.answer = FOUND
    belt.move(600, rippling(16, 60_000, 0.012))
    assert belt.dips._depth == 5


def test_a_double_dip_is_one_until_it_rises_by_a_third_of_its_depth():
    def twice(rise):
        """Two dips of a step each, between which the speed rises by that part of the dip."""

        def distance_um(sample):
            phase = (sample % 24) / 24
            if 0.1 <= phase < 0.4 or 0.6 <= phase < 0.9:
                return 16_000
            return 20_000 + 4_000 * rise if 0.4 <= phase < 0.6 else 21_200

        belt = Belt().move(20, 0)
        belt.rhythm.lag = 12
        belt.rhythm.depth = 100
        belt.rhythm.answer = FOUND
        belt.move(240, distance_um)
        return len(belt.gait.dips_x256)

    assert twice(0.5) >= 2 * twice(-0.95) - 2 >= 14


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("um", "stands"), [(1199, True), (1200, False)])
def test_a_belt_stands_below_12_mm_in_ten_samples(um, stands, sign):
    belt = Belt(sign=sign).walk()
    belt.gait.trusted = True
    belt.move(10, um)
    assert belt.gait.finished == ([(106, 15)] if stands else [])
    assert (belt.dips._state == 0) is stands
    belt.move(1, um - 40)
    assert len(belt.gait.finished) == 1
    assert belt.gait.trusted is False


def test_a_belt_that_turns_stops():
    belt = Belt().walk()
    belt.gait.trusted = True
    belt.move(1, -300_000)
    assert belt.gait.finished == [(97, 15)]


def test_an_untrusted_stop_finishes_nothing():
    belt = Belt().walk().move(12, 0)
    assert belt.gait.finished == []
    assert belt.dips._state == 0


def test_what_is_left_at_a_stop_is_gone_through_first():
    """All that has half a step behind it, and a dip there counts."""
    belt = Belt().move(20, 0)
    belt.rhythm.answer = FOUND
    belt.move(100, rippling(15, 20_000, 0.3))
    belt.gait.trusted = True
    belt.dips._examined -= 12
    belt.move(10, 0)
    assert belt.gait.finished == [(130, 15)]
    assert belt.dips._examined == 130 - 8


@pytest.mark.parametrize("slowing", [True, False])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_rhythm_that_fades_is_lost_unless_the_walk_slows_down(trusted, slowing):
    belt = Belt().walk()
    belt.gait.trusted = trusted
    belt.gait.slowing = slowing
    belt.gait.last_x256 = 84 * 256 + 200
    belt.gait.begun.clear()
    belt.rhythm.answer = FADED
    belt.move(8, 20_000)
    assert belt.rhythm.starts[1:] == ([] if slowing else [104 - 25])
    if slowing:
        return
    assert belt.gait.trusted is False
    # The next one goes through the walk from the last step on, or from where it began.
    belt.rhythm.answer = FOUND
    belt.move(8, 20_000)
    assert belt.rhythm.searches[-1] == (112, 1, False)
    begun = belt.gait.begun[-1]
    assert begun[0] == (84 if trusted else 20) * 256
    assert begun[3] == (0 if trusted else 1)


@pytest.mark.parametrize(
    ("lag", "other"), [(10, True), (11, False), (15, False), (24, False), (25, True)]
)
@pytest.mark.parametrize("trusted", [True, False])
def test_untrusted_dips_of_another_rhythm_are_looked_for_anew(trusted, lag, other):
    belt = Belt().walk()
    belt.gait.trusted = trusted
    belt.rhythm.lag = lag
    belt.rhythm.depth = 77
    belt.rhythm.answer = FOUND
    belt.move(8, 20_000)
    assert len(belt.gait.begun) == (2 if other and not trusted else 1)
    assert belt.dips._lag == lag
    assert belt.dips._depth == (77 if other and not trusted else 60)


def test_gait_is_asked_after_two_steps_without_a_dip():
    belt = Belt(sign=-1).walk().move(40, 20_000)
    # It is gone through 8 samples at a time: 24 since the walk began are less than two steps.
    assert belt.gait.asked[0][0] == 32 * 256
    assert belt.gait.asked[0][1:4] == (True, 15, -1)
    belt.gait.last_x256 = belt.dips._examined * 256
    belt.gait.asked.clear()
    belt.move(30, 20_000)
    assert belt.gait.asked == []
    belt.gait.losing = True
    belt.move(1, 20_000)
    assert len(belt.gait.asked) == 1
    assert belt.rhythm.starts[-1] == 167 - 25
    assert belt.dips._state == 1


def test_a_walk_is_gone_through_eight_samples_at_a_time():
    belt = Belt().walk()
    assert belt.dips._examined == 28
    belt.move(1, 20_000)
    assert belt.dips._examined == 36
    belt.move(20, 20_000)
    # Half a step, 8 samples, must be behind.
    assert belt.dips._examined == 117 - 8


@pytest.mark.parametrize("sign", [1, -1])
def test_a_coarse_encoders_places_are_means_of_four(sign):
    belt = Belt(COARSE_NM, sign).move(3, 0).move(40, lambda sample: 10_000 + 997 * (sample % 7))
    places_um = [math.floor(um) * sign for um in belt.samples_um]
    for sample in range(4, 44):
        mean_um = sum(places_um[sample - 4 : sample]) / 4
        off_um = belt.dips._places[sample] - belt._start_um - mean_um
        assert (off_um + PLACES / 2) % PLACES - PLACES / 2 == pytest.approx(0, abs=1)
    # At the start the belt has always been where it is.
    assert belt.dips._places[1] == belt._start_um
    assert belt.dips._places[0] == belt._start_um


@pytest.mark.parametrize(("um", "dips"), [(1000, False), (1010, True), (540_000, False)])
def test_a_step_of_15_mm_is_the_least(um, dips):
    belt = Belt().walk()
    belt.gait.dips_x256.clear()
    belt.dips._excess = 0
    for sample in range(256):
        belt.dips._places[sample] = sample * um - (um if sample > 100 else 0)
    for at in range(90, 112):
        belt.dips._examine(at, 8, 4)
    assert (belt.dips._excess != 0 or bool(belt.gait.dips_x256)) is dips


def test_a_middle_that_is_longer_than_the_whole_is_a_fault():
    belt = Belt().walk()
    for sample in range(256):
        belt.dips._places[sample] = sample * 10_000
    belt.dips._excess = 5
    belt.dips._places[104] += 100_000
    belt.dips._examine(100, 8, 4)
    assert belt.dips._excess == 5
    # All of a step's distance in its middle half: twice its share.
    for sample in range(256):
        belt.dips._places[sample] = 10_000 * min(104, max(96, sample))
    belt.dips._examine(100, 8, 4)
    assert belt.dips._excess == 1024


def test_a_new_track_begins_with_sample_one():
    belt = Belt().walk()
    belt.gait.trusted = True
    belt.dips.start()
    assert belt.gait.trusted is False
    belt.samples_um.clear()
    belt.move(1, 0)
    assert belt.dips._sample == 1
    assert len(set(belt.dips._places)) == 1


def test_after_a_day_samples_are_numbered_anew():
    belt = Belt().move(20, 0)
    belt.dips._sample = 2**21 - 40
    belt.move(30, 20_000)
    belt.rhythm.answer = FOUND
    belt.move(10, 20_000)
    assert belt.dips._sample == 2**21
    assert len(belt.gait.begun) == 1
    places_um = list(belt.dips._places)
    belt.move(1, 20_000)
    assert belt.dips._sample == 2**20 + 1
    # No place moved; the walk goes on from there, set off by no step.
    changed = [at for at in range(256) if belt.dips._places[at] != places_um[at]]
    assert changed == [1]
    assert belt.rhythm.starts[-1] == 2**20 + 1
    belt.move(7, 20_000)
    assert belt.gait.begun[-1][0] == (2**20 + 1) * 256
    assert belt.gait.begun[-1][3] == 0
