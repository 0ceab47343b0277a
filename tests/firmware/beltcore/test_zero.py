"""The zero that is followed: when, how far and how fast, at each limit."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from beltcore import force_window, zero
from beltcore.host import flags
from beltcore.zero import ZeroFollower

WEIGHT_MN = 700_000
READING_US = 37_500
JUMPED, SLOW = flags.LEFT_ZERO_JUMPED, flags.LEFT_SLOW


def a_rail(present=True, zero_mn=0):
    return SimpleNamespace(present=present, force_mn=0, zero_mn=zero_mn, lasting=0, taken=0)


class Followed:
    """Rails whose cells read so many mN by the settings' zero; None: unknown, "absent": none."""

    def __init__(self, left_mn=0, right_mn=0):
        self.rails = [a_rail(read_mn != "absent") for read_mn in (left_mn, right_mn)]
        self.follower = ZeroFollower(*self.rails, WEIGHT_MN)
        self.read_mn = [left_mn, right_mn]

    def step(self, readings=1, dt_us=READING_US):
        for _ in range(readings):
            for rail, read_mn in zip(self.rails, self.read_mn, strict=True):
                if rail.present:
                    rail.force_mn = None if read_mn is None else read_mn - rail.zero_mn
                rail.taken += 3
            self.follower.step(dt_us)
        return self

    @property
    def zeros_mn(self):
        return [rail.zero_mn for rail in self.rails]


def test_it_begins_after_the_window_and_four_more_blocks():
    followed = Followed(1000, -1000).step(16 * 8 - 1)
    assert followed.zeros_mn == [0, 0]
    assert followed.step().zeros_mn == [300, -300]
    assert followed.step(7).zeros_mn == [300, -300]
    assert followed.step().zeros_mn == [600, -600]


def test_nothing_is_followed_before_the_window_is_full():
    # So small a level differs by no sway from what an empty place holds.
    followed = Followed(100, 100).step(16 * 8 - 1)
    assert followed.zeros_mn == [0, 0]
    assert followed.step().zeros_mn == [50, 50]


@pytest.mark.parametrize("sides", [(1000, "absent"), ("absent", 1000)])
def test_one_cell_is_followed_alone(sides):
    followed = Followed(*sides).step(16 * 8 - 1)
    assert followed.zeros_mn == [0, 0]
    assert followed.step().zeros_mn == [300 if side == 1000 else 0 for side in sides]


def test_without_a_cell_nothing_happens():
    assert Followed("absent", "absent").step(300).zeros_mn == [0, 0]


@pytest.mark.parametrize("gap", ["time", "left", "right"])
def test_a_gap_begins_the_window_anew(gap):
    for readings in [*range(30), *range(90, 140)]:
        followed = Followed(1000, 1000).step(readings)
        if gap == "time":
            followed.step(1, 500_001)
        else:
            side = ("left", "right").index(gap)
            followed.read_mn[side] = None
            followed.step()
            followed.read_mn[side] = 1000
        before_mn = followed.zeros_mn
        assert followed.step(16 * 8 - 1).zeros_mn == before_mn
        assert followed.step().zeros_mn != before_mn


def test_a_window_without_a_reading_is_not_begun_anew():
    followed = Followed(None, 0).step(5)
    assert [rail.taken for rail in followed.rails] == [15, 15]
    followed.read_mn = [0, 0]
    followed.step()
    followed.read_mn = [None, 0]
    followed.step(5)
    assert [rail.taken for rail in followed.rails] == [12, 12]


def test_half_a_second_is_no_gap():
    assert Followed(1000, 1000).step(16 * 8 - 1, 500_000).step().zeros_mn == [300, 300]


def test_a_step_right_after_a_gap_is_no_change_of_the_force():
    followed = Followed(0, 0).step(20).step(1, 600_000)
    followed.read_mn = [8000, 8000]
    followed.step()
    assert followed.follower._sides[0].steepest_mn == 0
    followed.read_mn = [9000, 9000]
    followed.step()
    assert followed.follower._sides[0].steepest_mn == 1000


def test_only_the_first_reading_has_none_before_it():
    followed = Followed(0, 0)
    for reading in range(96):
        followed.read_mn = [100 * reading, 100 * reading]
        followed.step()
    # A ramp's second differences: the one at its start.
    assert sum(followed.follower._sides[0]._loudnesses_mn) == 100


@pytest.mark.parametrize("side", [0, 1])
def test_both_must_be_still(side):
    followed = Followed(1000, 1000)
    for number in range(400):
        followed.read_mn[side] = 1000 + number // 8 % 2 * 1500  # sways
        assert followed.step().zeros_mn == [0, 0]
    # … for the window's length and four blocks more.
    followed.read_mn[side] = 1000
    readings = 0
    while followed.zeros_mn == [0, 0]:
        followed.step()
        readings += 1
    assert (11 + 4) * 8 <= readings <= 17 * 8


@pytest.mark.parametrize("side", [0, 1])
def test_both_must_be_near_zero_and_each_remembers_what_was_rejected(side):
    followed = Followed(1000, 1000)
    followed.read_mn[side] = 8000
    followed.step(400)
    assert followed.zeros_mn == [0, 0]
    rejected = [at._rejected_mn for at in followed.follower._sides]
    assert rejected == [8000 if at == side else None for at in (0, 1)]


def test_slow_is_judged_by_the_time_that_twelve_blocks_took():
    followed = Followed(0, 0)
    # Three samples a reading: 288 in 12 blocks, which are 7.2 s at 40 a second.
    for us, slow in ((75_000, 0), (75_300, SLOW), (75_000, 0)):
        assert [rail.lasting for rail in followed.step(96, us).rails] == [slow, slow]
    followed.step(50, 75_300).step(1, 600_000)
    assert [rail.lasting for rail in followed.step(95, 75_000).rails] == [0, 0]
    assert [rail.taken for rail in followed.rails] == [285, 285]
    assert [rail.lasting for rail in followed.step(1, 75_000).rails] == [0, 0]
    assert [rail.taken for rail in followed.rails] == [0, 0]


def a_side(level_mn, zero_mn=0, allowance_mn=1500, tremor_mn=0, means_mn=None):
    """One that is still: its window's means are those given, or the level."""
    side = zero._Side(a_rail(zero_mn=zero_mn), WEIGHT_MN)
    side.level_mn = level_mn
    side.tremor_mn = tremor_mn
    side._allowance_mn = allowance_mn
    for at in range(12):
        side._means_mn[at] = means_mn[at] if means_mn else level_mn
    return side


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("zero_mn", [0, 5000])
def test_drift_brings_a_zero_as_far_as_the_allowance_and_a_newton_and_a_half(sign, zero_mn):
    for allowance_mn in (0, 1500, 8500):
        for over_mn in (0, 1):
            level_mn = zero_mn + sign * (allowance_mn + 1500 + over_mn)
            side = a_side(level_mn, zero_mn, allowance_mn)
            assert side.has_drifted() == (over_mn == 0)
            assert side._rejected_mn == (None if over_mn == 0 else level_mn)


def remembered(level_mn, allowance_mn, rejected_mn=None, held_mn=None):
    side = a_side(level_mn, allowance_mn=allowance_mn)
    side._rejected_mn = rejected_mn
    side._held_mn = held_mn
    return side.has_drifted()


@pytest.mark.parametrize("what", ["rejected_mn", "held_mn"])
def test_a_level_that_was_rejected_or_held_is_no_drift(what):
    # The same is what differs by less than half of it, and by less than 1.5 N at least.
    for level_mn, same_mn in ((2000, 1500), (3000, 1500), (3002, 1501), (8000, 4000)):
        for sign in (1, -1):
            for way in (1, -1):
                for differs_mn, drifted in ((same_mn - 1, False), (same_mn, True), (0, False)):
                    was_mn = sign * level_mn + way * differs_mn
                    assert remembered(sign * level_mn, 8500, **{what: was_mn}) == drifted
    assert remembered(1500, 8500, **{what: 1500})  # so near it is always drift
    assert not remembered(1501, 8500, **{what: 1500})
    assert remembered(5000, 8500, **{what: 0})


def test_rejected_for_ten_seconds_it_is_a_jump():
    side = a_side(20_000)
    for _ in range(33):
        assert not side.has_drifted()
        assert side.rail.lasting == 0
    assert not side.has_drifted()
    assert side.rail.lasting == JUMPED
    side.rail.lasting = 0
    side.start()
    assert [side.has_drifted() or side.rail.lasting for _ in range(34)] == [0] * 33 + [JUMPED]
    side.follow()
    assert side.rail.lasting == 0
    assert side._rejected_blocks == 0


SWAYING = [700, -700] * 6  # about the level, far above 1/64 of it


def is_jump(away_mn, steepest_mn=0, tremor_mn=0, sway=None):
    means_mn = [20_000 + at for at in sway or [0] * 12]
    side = a_side(20_000, tremor_mn=tremor_mn, means_mn=means_mn)
    side.steepest_mn = steepest_mn
    return side._is_jump(away_mn)


@pytest.mark.parametrize(
    ("steepest_mn", "jump"),
    [(5000, False), (5001, True), (8000, True), (9999, True), (10_000, False), (0, False)],
)
def test_what_came_at_once_is_no_hand(steepest_mn, jump):
    assert is_jump(8000, steepest_mn, sway=SWAYING) == jump
    assert is_jump(8000, steepest_mn, tremor_mn=500, sway=SWAYING) == jump
    assert not is_jump(8000, steepest_mn, tremor_mn=501, sway=SWAYING)


@pytest.mark.parametrize(
    ("away_mn", "sway_mn", "jump"),
    [
        (6400, 100, True),
        (6400, 101, False),
        (6399, 100, False),
        (64 * 8000, 8000, True),
        (64 * 9000, 8001, False),
        (5000, 0, True),
        (4800, 75, True),
        (4800, 76, False),
    ],
)
def test_what_sways_by_less_than_a_64th_is_no_hand(away_mn, sway_mn, jump):
    sway = [sway_mn, -sway_mn] * 6
    assert is_jump(away_mn, sway=sway) == jump
    assert is_jump(away_mn, tremor_mn=away_mn // 48, sway=sway) == jump
    assert not is_jump(away_mn, tremor_mn=away_mn // 48 + 1, sway=sway)


def follow(away_mn, allowance_mn=1500, zero_mn=0):
    """How the zero and the allowance are after a block."""
    side = a_side(zero_mn + away_mn, zero_mn, allowance_mn)
    side.follow()
    return side.rail.zero_mn - zero_mn, side._allowance_mn


@pytest.mark.parametrize("zero_mn", [0, 7000, -7000])
def test_a_zero_moves_by_half_of_the_way_within_its_limits(zero_mn):
    assert follow(200, 1500, zero_mn) == (100, 100)  # the allowance is lost: 100 mN are left
    assert follow(-200, 1500, zero_mn) == (-100, 100)
    assert follow(5, 1500, zero_mn) == (2, 3)
    assert follow(-5, 1500, zero_mn) == (-3, 2)
    assert follow(0, 1500, zero_mn) == (0, 0)
    # 1 N/s at most,
    assert follow(600, 1500, zero_mn) == (300, 300)
    assert follow(602, 1500, zero_mn) == (300, 302)
    assert follow(-602, 1500, zero_mn) == (-300, 302)
    assert follow(3000, 1500, zero_mn) == (300, 1200)
    assert follow(-3000, 1500, zero_mn) == (-300, 1200)
    # and no further than it may have drifted.
    assert follow(200, 15, zero_mn) == (15, 0)
    assert follow(-200, 15, zero_mn) == (-15, 0)
    assert follow(1400, 299, zero_mn) == (299, 0)
    assert follow(1400, 301, zero_mn) == (300, 1)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_zero_is_followed_by_eighty_newtons(sign):
    assert follow(sign * 100, 1500, sign * 79_950) == (sign * 50, 50)
    assert follow(sign * 102, 1500, sign * 79_950) == (0, 102)
    assert follow(sign * 3000, 1500, sign * 79_950) == (0, 1200)


def test_following_forgets_what_was_rejected_and_held():
    side = a_side(1000)
    side._rejected_mn = side._held_mn = 1000
    side.steepest_mn = 500
    side.rail.lasting = JUMPED | SLOW
    side.follow()
    assert (side._rejected_mn, side._held_mn, side.steepest_mn) == (None, None, 0)
    assert side.rail.lasting == SLOW


def test_the_allowance_grows_by_three_newtons_a_minute_up_to_eight_and_a_half():
    side = a_side(0)
    for blocks in range(1, 600):
        side.end_block(0, False)
        assert side._allowance_mn == min(8505, 1500 + 15 * blocks)
    for before_mn, after_mn in ((8499, 8514), (8500, 8500)):
        side._allowance_mn = before_mn
        side.end_block(0, False)
        assert side._allowance_mn == after_mn


def test_held_is_what_was_there_two_windows_before_it_fell_still():
    side = a_side(0)

    def window(mean_mn, still_at=None):
        for at in range(12):
            side._sum_mn = 8 * mean_mn
            side.end_block(at, still_at == at)
        side.end_window(3_600_000)
        return side._held_mn

    assert window(1000) is None
    assert window(2000) == 0  # not known, so as untouched
    assert window(3000) == 2000
    assert window(4000) == 3000
    side._floor = force_window._FLOOR_UNKNOWN
    assert window(4000, still_at=0) == 3000
    assert not side.still
    assert window(6000) == 3000  # 23 blocks since
    assert window(7000) == 4000
    side._held_mn = None
    assert window(7000, still_at=11) is None
    assert side.still


def test_a_fault_is_the_left_flag_and_the_right_one_beside_it():
    assert zero._ZERO_JUMPED == flags.LEFT_ZERO_JUMPED
    assert zero._ZERO_JUMPED << 1 == flags.RIGHT_ZERO_JUMPED


def test_the_window_is_that_of_force_window():
    assert zero._WINDOW_BLOCKS == force_window._WINDOW_BLOCKS
    assert zero._BLOCK_READINGS == 1 << force_window._BLOCK_SHIFT
    assert zero._WINDOW_BLOCKS * zero._BLOCK_READINGS == force_window._WINDOW_READINGS
