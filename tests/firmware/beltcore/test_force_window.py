"""The window of a rail's force, against everything kept in lists, and at each of its limits."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from types import SimpleNamespace

import pytest

from beltcore import force_window
from beltcore.force_window import ForceWindow
from beltcore.host import flags
from beltcore.rails import Rail, Rails

WEIGHT_MN = 700_000
NOISY, SLOW, FLIPPED = flags.LEFT_NOISY, flags.LEFT_SLOW, flags.LEFT_FLIPPED


class Played:
    """A window that takes blocks of eight readings, by the settings' zero, in mN."""

    def __init__(self, weight_mn=WEIGHT_MN):
        self.rail = SimpleNamespace(force_mn=None, zero_mn=0, lasting=0, taken=0)
        self.window = ForceWindow(self.rail, weight_mn)
        self.blocks = 0
        self.first = True

    def block(self, readings, full=None):
        assert len(readings) == 8
        for reading_mn in readings:
            self.rail.force_mn = reading_mn - self.rail.zero_mn
            self.window.read(self.first)
            self.first = False
        self.window.end_block(self.blocks % 12, self.blocks >= 11 if full is None else full)
        self.blocks += 1
        return self.window

    def start(self):
        self.window.start()
        self.blocks = 0
        self.first = True


class Expected:
    """The same by its definition, from all readings since the start."""

    def __init__(self):
        self.floor = None
        self.readings = []

    def curves(self, readings):
        """Second differences of all readings, cut at 10 N; before the first, nothing changes."""
        cut = [max(-80_000_000, min(80_000_000, reading)) for reading in readings]
        changes = [0, 0] + [after - before for before, after in pairwise(cut)]
        return cut, [min(10_000, abs(after - before)) for before, after in pairwise(changes)]

    def block(self, readings):
        self.readings += readings
        cut, curves = self.curves(self.readings[-98:])
        if len(cut) < 96:
            return False, None, None
        means = [sum(cut[at : at + 8]) // 8 for at in range(len(cut) - 96, len(cut), 8)]
        tremor = sum(curves[-96:]) // 96
        level = sum(means) // 12
        if tremor > 5000:
            return False, tremor, level
        if self.floor is None:
            self.floor = tremor * 256
        elif tremor * 256 < self.floor:
            self.floor -= (self.floor - tremor * 256) // 8
        else:
            self.floor += self.floor // 8192 + 1
        trembles = tremor > 20 and tremor * 256 > (
            self.floor + self.floor // 2 + self.floor // 8  # each rounded down
        )
        far = max(means) - min(means) > 8000
        sways = sum((mean - level) ** 2 for mean in means) > 480_000 + 18 * tremor**2
        return not trembles and not far and not sways, tremor, level


@pytest.mark.parametrize("seed", range(4))
def test_still_is_what_noise_alone_explains(seed):
    chance = random.Random(seed)
    played, expected = Played(), Expected()
    seen = set()
    noise_mn = sway_mn = 0
    for number in range(700):
        if number % 20 == 0:
            noise_mn = chance.choice([1, 1, 1, 1.3, 2]) * (4, 30, 300, 2500)[seed]
            sway_mn = chance.choice([0, 0, 0, 100, 250, 400, 1000, 12_000])
            played.rail.zero_mn = chance.randrange(-9000, 9000)  # followed: no reading changes
        if number in (300, 500):
            played.start()
            expected.readings = []
        at = 20_000 + sway_mn * math.sin(number / 3)
        readings = [round(at + chance.gauss(0, noise_mn)) for _ in range(8)]
        window = played.block(readings)
        still, tremor_mn, level_mn = expected.block(readings)
        assert window.still == still
        if tremor_mn is not None:
            assert window.tremor_mn == tremor_mn
            assert window.mean_mn() == level_mn
        if still:
            assert window.level_mn == level_mn
        seen.add(still)
    assert seen == {True, False}


def trembling(tremor_mn, at_mn=0):
    """A block of readings whose second differences are all so much (even)."""
    return [at_mn, at_mn + tremor_mn // 2] * 4


@pytest.mark.parametrize(("tremor_mn", "still"), [(20, True), (22, False)])
def test_twenty_millinewtons_of_tremor_are_always_allowed(tremor_mn, still):
    played = Played()
    for _ in range(12):
        played.block([0] * 8)
    for _ in range(13):
        played.block(trembling(tremor_mn))
    assert played.window.still == still


@pytest.mark.parametrize(
    ("floor_mn", "tremor_mn", "still"),
    [(32, 52, True), (32, 54, False), (64, 104, True), (64, 106, False), (3000, 4874, True)],
)
def test_tremor_may_be_five_eighths_more_than_at_the_stillest(floor_mn, tremor_mn, still):
    played = Played()
    for _ in range(12):
        played.block(trembling(tremor_mn))
    # The floor as it is before it rises by 1/8192 of itself and a 256th of a mN.
    floor = floor_mn * 256
    played.window._floor = next(at for at in range(floor) if at + at // 8192 + 1 == floor)
    assert played.block(trembling(tremor_mn)).still == still
    assert played.window._floor == floor_mn * 256


def test_the_floor_falls_by_an_eighth_of_the_way_and_rises_by_e_in_forty_minutes():
    played = Played()
    for _ in range(13):
        played.block(trembling(1000))
    floor = played.window._floor
    tremor_mn = 1000
    for _ in range(40):
        tremor_mn = played.block(trembling(0)).tremor_mn
        fallen = played.window._floor
        assert fallen == floor - (floor - tremor_mn * 256) // 8
        floor = fallen
    assert tremor_mn == 0
    played.window._loudness_sum_mn = 96 * 1000
    played.window._floor = 256_000
    played.window.end_block(0, True)
    assert played.window._floor == 256_000 + 31 + 1
    played.window._floor = 100_000
    played.window._loudness_sum_mn = 96 * 4000
    for _ in range(8000):
        played.window.end_block(0, True)
    assert played.window._floor == pytest.approx(100_000 * math.e, rel=0.07)


def judged(means_mn, tremor_mn):
    """Whether a window of these means is still, whose tremor is that of the stillest."""
    window = Played().window
    for at in range(12):
        window._means_mn[at] = means_mn[at] if at < len(means_mn) else 0
    window._loudness_sum_mn = 96 * tremor_mn
    return window._is_still()


@pytest.mark.parametrize(
    ("means_mn", "tremor_mn", "still"),
    [
        ([200, -200] * 6, 0, True),
        ([201, -201] + [200, -200] * 5, 0, False),
        ([230, -230] * 6, 0, False),
        ([400, -400, 200, -200, 200, -200], 0, True),
        ([400, -400, 200, -200, 200, -201, 1], 0, False),
        ([400, -400, 200, -200, 200, -200, 300, -300], 100, True),
        ([400, -400, 200, -200, 200, -200, 301, -301], 100, False),
        ([3000] * 12, 0, True),
    ],
)
def test_sway_may_be_a_fifth_of_a_newton_and_what_noise_explains(means_mn, tremor_mn, still):
    """Twelve squares of 200 mN, and eighteen of the tremor."""
    assert judged(means_mn, tremor_mn) == still


@pytest.mark.parametrize("tremor_mn", [4999, 5000])
def test_means_that_differ_by_more_than_eight_newtons_are_never_still(tremor_mn):
    for base_mn in (0, -8000):
        assert judged([base_mn] * 11 + [base_mn + 8000], tremor_mn)
        assert not judged([base_mn] * 11 + [base_mn + 8001], tremor_mn)


def test_more_than_five_newtons_of_tremor_are_never_still():
    assert judged([0], 5000)
    assert not judged([0], 5001)


def test_the_first_block_has_nothing_before_it():
    played = Played()
    for _ in range(2):
        for last_mn in (800, 807):  # a mean of 800, or of seven eighths more, rounded down
            window = played.block([800] * 7 + [last_mn])
            assert (window._means_mn[0], window._loudnesses_mn[0]) == (800, last_mn - 800)
            played.rail.force_mn = 5000
            window.read(False)
            played.start()


def test_the_steepest_is_the_most_that_changed_in_two_readings():
    played = Played()
    played.block([500, 500, 510, 540, 540, 520, 520, 520])
    assert played.window.steepest_mn == 40
    played.block([520, 500, 460, 460, 460, 460, 460, 460])
    assert played.window.steepest_mn == 60
    played.window.steepest_mn = 0
    played.block([460] * 8)
    assert played.window.steepest_mn == 0
    # After a start what was before is no change.
    played.start()
    played.block([9000] * 8)
    assert played.window.steepest_mn == 0


def test_forces_beyond_eighty_kilonewtons_are_cut():
    played = Played()
    for sign in (1, -1):
        for _ in range(12):
            played.block([sign * 80_000_001] * 8)
        assert played.window.mean_mn() == sign * 80_000_000
        for _ in range(12):
            played.block([sign * 79_999_999] * 8)
        assert played.window.mean_mn() == sign * 79_999_999


def faults(played, *loudnesses_mn, force_mn=0):
    """What lasts after blocks of this loudness and mean force."""
    found = []
    for loudness_mn in loudnesses_mn:
        played.window._sum_mn = 8 * (force_mn + played.rail.zero_mn)
        played.window._loudness_mn = loudness_mn
        played.window.end_block(played.blocks % 12, False)
        played.blocks += 1
        found.append(played.rail.lasting)
    return found


def test_noisy_comes_after_twenty_four_loud_blocks_and_leaves_when_most_were_not():
    played = Played()
    # The window must be loud throughout: the first eleven find an empty place in it.
    assert faults(played, *[9001] * 35) == [0] * 34 + [NOISY]
    assert faults(played, *[9001] * 100)[-1] == NOISY
    assert faults(played, *[9000] * 40) == [NOISY] * 39 + [0]
    assert faults(played, *[9001] * 16) == [0] * 15 + [NOISY]
    played.start()
    assert faults(played, *[9000] * 16) == [NOISY] * 15 + [0]
    assert faults(played, *[9000] * 30)[-1] == 0
    assert faults(played, *[9001] * 24) == [0] * 23 + [NOISY]


def test_one_block_that_is_not_loud_keeps_the_window_from_being_noise():
    for least_mn, noisy in ((6000, False), (6001, True)):
        played = Played()
        for _ in range(10):
            faults(played, *[20_000] * 11, least_mn)
        assert (played.rail.lasting == NOISY) == noisy


@pytest.mark.parametrize("force_mn", [8000, -8000])
def test_an_eighth_of_the_force_is_a_hands_tremor(force_mn):
    played = Played(2_900_000)
    played.rail.zero_mn = 3000
    assert faults(played, *[10_000] * 60, force_mn=force_mn)[-1] == 0
    assert faults(played, *[10_001] * 60, force_mn=force_mn)[-1] == NOISY


@pytest.mark.parametrize(
    ("weight_mn", "pull_mn"), [(200_000, 15_000), (300_019, 15_000), (700_000, 35_000)]
)
def test_flipped_is_a_pull_of_a_twentieth_of_the_weight_for_six_seconds(weight_mn, pull_mn):
    played = Played(weight_mn)
    played.rail.zero_mn = -2000
    assert faults(played, *[0] * 40, force_mn=-pull_mn)[-1] == 0
    assert faults(played, *[0] * 30, force_mn=-pull_mn - 1) == [0] * 19 + [FLIPPED] * 11
    assert faults(played, *[0] * 30, force_mn=pull_mn)[-1] == FLIPPED
    assert faults(played, 0, force_mn=pull_mn + 1) == [0]
    assert faults(played, *[0] * 19, force_mn=-pull_mn - 1)[-1] == 0
    assert faults(played, 0, force_mn=pull_mn + 1) == [0]
    assert faults(played, *[0] * 20, force_mn=-pull_mn - 1) == [0] * 19 + [FLIPPED]


def test_flipped_may_be_seen_from_the_first_row():
    assert faults(Played(), *[0] * 20, force_mn=-50_000) == [0] * 19 + [FLIPPED]


def test_a_pull_that_is_still_or_is_broken_off_is_not_flipped():
    played = Played()
    for _ in range(60):
        played.block([-50_000] * 8)
    # The 11 blocks before the window was full, and none since.
    assert played.rail.lasting == 0
    assert faults(played, *[0] * 19, force_mn=-50_000)[-1] == 0
    assert faults(played, 0, *[0] * 19, force_mn=0)[-1] == 0
    assert faults(played, *[0] * 19, force_mn=-50_000)[-1] == 0
    played.start()
    assert faults(played, *[0] * 19, force_mn=-50_000)[-1] == 0
    assert faults(played, 0, force_mn=-50_000)[-1] == FLIPPED


def test_slow_is_fewer_than_forty_samples_a_second():
    played = Played()
    rail, window = played.rail, played.window
    for taken, slow in ((143, SLOW), (144, 0), (143, SLOW), (500, 0)):
        rail.taken = taken
        window.end_window(3_600_000)
        assert (rail.lasting, rail.taken) == (slow, 0)
    rail.taken = 7
    window.start()
    assert rail.taken == 0


def test_a_start_forgets_the_window():
    played = Played()
    for _ in range(20):
        played.block([-50_000] * 8)
    assert played.window.still
    for reading_mn in (1000, 2000, 5000):
        played.rail.force_mn = reading_mn
        played.window.read(False)
    played.start()
    assert not played.window.still
    for _ in range(12):
        played.block(trembling(30))
    assert played.window.tremor_mn == 29  # the first of the 96 is no change, the second half of one
    assert played.window.mean_mn() == 7


@pytest.mark.parametrize(("rate_hz", "slow"), [(10, True), (38, True), (42, False), (80, False)])
def test_slow(rate_hz, slow):
    rail = Rail(0, 230_000)
    both = Rails(rail, Rail(0, 0), 70_000, 0)
    due = 0.0
    for _ in range(800):
        due += rate_hz / 80
        sample = None
        if due >= 1:
            due -= 1
            sample = 5
        both.step(12_500, sample, None)
    assert rail.fault == (SLOW if slow else 0)


def test_a_silent_cell_is_not_slow():
    rail = Rail(0, 230_000)
    both = Rails(rail, Rail(0, 0), 70_000, 0)
    for row in range(1600):
        both.step(12_500, 5 if row < 100 else None, None)
    assert rail.fault == flags.LEFT_SILENT


def test_the_faults_are_the_left_flags_and_the_right_ones_beside_them():
    for name in ("NOISY", "SLOW", "FLIPPED"):
        bit = getattr(force_window, f"_{name}")
        assert bit == getattr(flags, f"LEFT_{name}")
        assert bit << 1 == getattr(flags, f"RIGHT_{name}")
