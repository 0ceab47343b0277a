"""Belt speed against the true motion, as fractions."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beltcore import settings
from beltcore.belt import BeltSpeed, lag_us
from beltcore.core import Core
from beltcore.host.sentence import NUMBER_FIELDS

CLOCK = 2**30
FINE_NM = 100_000
COARSE_NM = 12_000_000


class Motion:
    """A belt that moves by pieces of constant acceleration: (duration_us, speed at its end).

    Exact: the place is a Fraction of um for every us. The first speed holds before 0.
    """

    def __init__(self, start_um, speed_mm_s, pieces=()):
        self.pieces = []
        t_us, place, speed = 0, Fraction(start_um), Fraction(speed_mm_s, 1000)  # um a us
        for duration_us, end_mm_s in pieces:
            end = Fraction(end_mm_s, 1000)
            self.pieces.append((t_us, duration_us, place, speed, end))
            place += (speed + end) / 2 * duration_us
            t_us += duration_us
            speed = end
        self.pieces.append((t_us, None, place, speed, speed))

    def at(self, t_us):
        for start_us, duration_us, place, speed, end in self.pieces:
            if duration_us is None or t_us < start_us + duration_us:
                since = t_us - start_us
                bend = 0 if duration_us is None else (end - speed) / (2 * duration_us)
                return place + speed * since + bend * since * since
        raise AssertionError("the last piece has no end")

    def mean_mm_s(self, t_us, window_us):
        return (self.at(t_us) - self.at(t_us - window_us)) * 1000 / window_us


def rows_us(rate, jitter, seed, duration_us):
    """Times of rows, uneven by up to `jitter` of their period."""
    chance = random.Random(seed)
    t_us = 0
    while t_us < duration_us:
        yield t_us
        t_us += max(1, int(10**6 / rate * (1 + jitter * (2 * chance.random() - 1))))


def play(motion, times_us, nm, begin_us=0, direction=1):
    """(t_us, speed_mm_s, belt_mm_s) after each row."""
    core = Core(settings.complete({"belt_nm_per_count": nm, "belt_direction": direction}))
    seen = []
    for t_us in times_us:
        count = motion.at(t_us) * 1000 // nm
        core.step((begin_us + t_us) % CLOCK, int(count), None, None)
        assert core.flags == 0
        seen.append((t_us, core.belt.speed_mm_s, core.belt.belt_mm_s))
    return seen


def rms(errors):
    return (sum(float(error) ** 2 for error in errors) / len(errors)) ** 0.5


def window_us(nm):
    return 60_000 if nm <= 2_000_000 else 400_000


def test_lag_is_half_the_window():
    assert lag_us(1) == lag_us(2_000_000) == 30_000
    assert lag_us(2_000_001) == lag_us(10**9) == 200_000


motions = st.tuples(
    st.integers(0, 10**6),  # where, in um
    st.integers(200, 1600),
    st.sampled_from([1, -1]),
    st.sampled_from([20, 80, 500]) | st.integers(20, 500),  # rows a second
    st.floats(0, 0.9),
    st.integers(0, 2**32),
    st.integers(0, CLOCK - 1),
)


@given(motions, st.sampled_from([FINE_NM, 467_557, 2_000_000, 2_000_001, COARSE_NM]))
def test_steady_speed(motion, nm):
    start_um, speed, way, rate, jitter, seed, begin_us = motion
    belt = Motion(start_um, way * speed)
    seen = play(belt, rows_us(rate, jitter, seed, 2_200_000), nm, begin_us)
    count_mm = nm / 10**6
    for t_us, speed_mm_s, belt_mm_s in seen:
        if t_us > 1_200_000:
            assert abs(speed_mm_s - way * speed) <= 1 + count_mm
            near = 2 + count_mm * 10**6 / window_us(nm) + speed / 300
            assert abs(belt_mm_s - way * speed) <= near


@pytest.mark.slow
@given(motions, st.sampled_from([FINE_NM, 467_557, 2_000_000, COARSE_NM]), st.data())
def test_changing_speed_against_the_true_mean(motion, nm, data):
    start_um, speed, way, rate, jitter, seed, begin_us = motion
    pieces = data.draw(
        st.lists(
            st.tuples(st.integers(150_000, 700_000), st.integers(200, 1600)), min_size=3, max_size=8
        )
    )
    belt = Motion(start_um, way * speed, [(us, way * end) for us, end in pieces])
    seen = play(belt, rows_us(rate, jitter, seed, 3_000_000), nm, begin_us)
    count_mm = nm / 10**6
    steepest = max(abs(end - start) / us for _, us, _, start, end in belt.pieces[:-1])  # um/us2
    # Between two edges or two rows, at either end of the window, the belt may bend this far (mm).
    apart_us = max(2 * 10**6 / rate, nm / 0.2 / 1000)
    bend_mm = float(steepest) * apart_us**2 / 8 / 1000 * 2
    for t_us, speed_mm_s, belt_mm_s in seen:
        if t_us > 1_200_000:
            error = speed_mm_s - belt.mean_mm_s(t_us, 10**6)
            assert abs(error) <= 1.5 + count_mm + bend_mm
            error = belt_mm_s - belt.mean_mm_s(t_us, window_us(nm))
            near = 2 + (count_mm + bend_mm) * 10**6 / window_us(nm) + speed / 300
            assert abs(error) <= near


@pytest.mark.slow
@pytest.mark.parametrize("speed", [224, 447, 894, 1341])
@pytest.mark.parametrize("way", [1, -1])
def test_goals_of_the_design(speed, way):
    """A mean that dips at every step, 80 rows a second, fine and coarse."""
    dip = [(230_000, way * speed * 11 // 10), (317_000, way * speed * 9 // 10)] * 18
    for nm, part in ((FINE_NM, 0.001), (COARSE_NM, 0.01)):
        errors = []
        for start_um in range(0, 12_000, 1_700):
            belt = Motion(start_um, way * speed * 9 // 10, dip)
            for t_us, speed_mm_s, _ in play(belt, range(0, 10**7, 12_500), nm):
                if t_us > 1_200_000:
                    errors.append(speed_mm_s - belt.mean_mm_s(t_us, 10**6))
        goal = max(0.3, speed * part)
        if nm == COARSE_NM:
            goal = max(goal, 5.0)  # below 0.5 m/s one edge in a second is already 1 %
        assert rms(errors) <= goal


@pytest.mark.parametrize("nm", [FINE_NM, 467_557, COARSE_NM])
@pytest.mark.parametrize("speed", [224, 1600])
@pytest.mark.parametrize("rate", [20, 80, 500])
@pytest.mark.parametrize("way", [1, -1])
def test_standing_still_is_found_within_half_a_second(nm, speed, rate, way):
    for start_um in range(0, 12_000, 2_900):
        belt = Motion(start_um, way * speed, [(1_500_000, way * speed), (1, 0)])
        for t_us, speed_mm_s, belt_mm_s in play(belt, rows_us(rate, 0.3, 5, 3_200_000), nm):
            if t_us >= 2_000_000:
                assert belt_mm_s == 0
            if t_us >= 2_950_000:
                assert speed_mm_s == 0


def tremble(nm, rate, chance, rows=200, every=1):
    """A belt that walked, and stopped right at an edge, where the count goes to and fro."""
    core = Core(settings.complete({"belt_nm_per_count": nm}))
    t_us = count = 0
    period_us = 10**6 // rate
    per_row = max(1, 800_000 * 1000 // nm // rate)
    for _ in range(rate * 2):
        core.step(t_us, count, None, None)
        t_us += period_us
        count += per_row if per_row > 1 or t_us * 800 // nm > (t_us - period_us) * 800 // nm else 0
    stopped_us = t_us
    for row in range(rows):
        # The first row brings the edge; from then on only trembling.
        beyond = 1 if row == 0 else chance.randrange(2) if row % every == 0 else 0
        core.step(t_us, count + beyond, None, None)
        yield t_us - stopped_us, core.belt.belt_mm_s, core.belt.speed_mm_s
        t_us += period_us


@pytest.mark.parametrize("nm", [FINE_NM, COARSE_NM])
@pytest.mark.parametrize("rate", [20, 80, 250])
@pytest.mark.parametrize("every", [1, 3])
def test_a_trembling_edge_is_standing_still(nm, rate, every):
    for seed in range(20):
        for since_us, belt_mm_s, speed_mm_s in tremble(
            nm, rate, random.Random(seed), rate * 2, every
        ):
            if since_us >= 500_000:
                assert belt_mm_s == 0
            if since_us >= 1_500_000:
                assert abs(speed_mm_s) <= nm // 10**6


def test_an_edge_that_trembles_at_every_row_is_standing_still():
    for nm in (FINE_NM, COARSE_NM):
        belt = BeltSpeed(nm)
        belt.start(0)
        for row in range(1, 200):
            belt.step(row * 12_500, 12_500, 1 if row % 2 else -1)
            if row > 40:
                assert belt.belt_mm_s == 0
            assert abs(belt.speed_mm_s) <= nm // 500_000 + 2


@pytest.mark.parametrize("way", [1, -1])
def test_one_way_edges_are_never_taken_for_trembling(way):
    """12 mm counts at 40 mm/s: an edge every 0.3 s."""
    belt = BeltSpeed(COARSE_NM)
    belt.start(0)
    for row in range(1, 400):
        belt.step(row * 12_500, 12_500, way if row % 24 == 0 else 0)
        if row > 100:
            assert abs(belt.belt_mm_s - way * 40) <= 15
            assert abs(belt.speed_mm_s - way * 40) <= 6


def test_a_stop_keeps_the_belt_within_its_count():
    """After the last edge the belt may go on, but not past the next one."""
    belt = BeltSpeed(COARSE_NM)
    belt.start(0)
    for row in range(1, 161):
        belt.step(row * 12_500, 12_500, 1)  # 960 mm/s
    for row in range(161, 240):
        belt.step(row * 12_500, 12_500, 0)
        missing = min(row - 160, 80)
        # What the last second held: the edges still in it, and at most a count ahead.
        least = 960 - missing * 12 - 1
        assert least <= belt.speed_mm_s <= least + 12 + 14


@given(motions)
def test_speeds_do_not_depend_on_when_or_where(motion):
    start_um, speed, way, rate, jitter, seed, begin_us = motion
    belt = Motion(start_um, way * speed, [(400_000, way * 300), (500_000, way * speed)])
    times_us = list(rows_us(rate, jitter, seed, 1_500_000))
    here = play(belt, times_us, FINE_NM)
    assert play(belt, times_us, FINE_NM, begin_us) == here
    moved = Motion(
        start_um + 7 * 10**6, way * speed, [(400_000, way * 300), (500_000, way * speed)]
    )
    assert play(moved, times_us, FINE_NM) == here


def test_the_track_wraps_unseen():
    """537 m of place in micrometres, twice, at 25 m/s; forward, then all the way back."""
    for way in (1, -1):
        belt = Motion(0, way * 25_000)
        for t_us, speed_mm_s, belt_mm_s in play(belt, range(0, 50_000_000, 12_500), 467_557):
            if t_us > 1_000_000:
                assert abs(speed_mm_s - way * 25_000) <= 2
                assert abs(belt_mm_s - way * 25_000) <= 30


def test_the_first_second_is_the_mean_so_far():
    belt = Motion(50, 800)
    for t_us, speed_mm_s, belt_mm_s in play(belt, range(0, 1_000_000, 12_500), FINE_NM):
        if t_us < 250_000:
            # Not yet enough to tell a speed: as if the quarter second had begun at rest.
            assert abs(speed_mm_s - 800 * t_us / 250_000) <= 1.5
        else:
            assert abs(speed_mm_s - 800) <= 2
        if t_us < 60_000:
            assert belt_mm_s == speed_mm_s
        elif t_us > 70_000:
            assert abs(belt_mm_s - 800) <= 5


@pytest.mark.parametrize("counts", [600, -600, 2**29])
def test_a_jump_begins_the_track_anew(counts):
    """600 counts of 2 mm in 12.5 ms are 96 m/s."""
    belt = BeltSpeed(2_000_000)
    belt.start(0)
    t_us = 0
    for _ in range(100):
        t_us += 12_500
        belt.step(t_us, 12_500, 5)
        assert not belt.jumped
    assert belt.speed_mm_s == 800
    t_us += 12_500
    belt.step(t_us, 12_500, counts)
    assert belt.jumped
    assert belt.speed_mm_s == belt.belt_mm_s == 0
    for _ in range(100):
        t_us += 12_500
        belt.step(t_us, 12_500, -5)
        assert not belt.jumped
        assert -850 <= belt.speed_mm_s <= 0
    assert belt.speed_mm_s == -800


@pytest.mark.parametrize(
    ("nm", "dt_us", "counts", "jumped"),
    [
        (1000, 12_500, 1_000_000, False),  # 1 m within the least time of 20 ms
        (1000, 12_500, 1_000_001, True),
        (1000, 20_001, 1_000_050, False),
        (1000, 20_001, 1_000_051, True),
        (1000, 10**6, 50_000_000, False),
        (1000, 10**6, 50_000_001, True),
        (1000, 3 * 10**6, 50_000_001, True),  # over a second counts as one
        (10**9, 12_500, 1, False),
        (10**9, 12_500, 2, True),
        (10**9, 10**6, 51, True),
        (1, 12_500, 2**29, False),
        (10**6, 10**6, 1000, False),
        (50_000_000, 10**6, 1000, False),
        (50_000_001, 10**6, 1000, True),
        (49_950_049, 10**6, 1001, False),
        (49_950_051, 10**6, 1001, True),
    ],
)
@pytest.mark.parametrize("way", [1, -1])
def test_where_a_jump_begins(nm, dt_us, counts, jumped, way):
    belt = BeltSpeed(nm)
    belt.start(0)
    belt.step(dt_us, dt_us, way * counts)
    # A micrometre that has only begun counts backward as a whole one.
    begun = way < 0 and counts * nm % 1000 and counts * nm // 1000 == 50 * max(dt_us, 20_000)
    assert belt.jumped == bool(jumped or begun)


def test_a_gap_begins_the_track_anew():
    for dt_us, anew in ((10**6, False), (10**6 + 1, True)):
        belt = BeltSpeed(FINE_NM)
        belt.start(0)
        t_us = 0
        for _ in range(100):
            t_us += 12_500
            belt.step(t_us, 12_500, 100)
        belt.step((t_us + dt_us) % CLOCK, dt_us, 4000)
        assert not belt.jumped
        assert (belt.speed_mm_s == 0) == anew
        if not anew:
            assert abs(belt.speed_mm_s - 400) <= 2


def test_rows_at_one_moment():
    """Two rows within the same microsecond."""
    belt = BeltSpeed(FINE_NM)
    belt.start(0)
    for row in range(1, 200):
        belt.step(row * 12_500, 12_500, 50)
        belt.step(row * 12_500, 0, 50)
    assert abs(belt.speed_mm_s - 800) <= 8
    assert abs(belt.belt_mm_s - 800) <= 90


def uneven_counts(row):
    """Stands, walks, runs and turns; the same at each call."""
    return (3, 0, 0, 1, 0, 7, 2, 0, 5, -4, 0, 1)[row % 12] * (1 if row % 90 < 60 else -2)


def test_an_edge_at_clock_0_is_an_edge():
    """The moment of any edge may fall on the clock's wrap."""

    def speeds(begin_us):
        belt = BeltSpeed(COARSE_NM)
        belt.start(begin_us)
        seen = []
        for row in range(1, 200):
            belt.step((begin_us + row * 12_500) % CLOCK, 12_500, uneven_counts(row))
            seen.append((belt.speed_mm_s, belt.belt_mm_s))
        return seen

    expected = speeds(1000)
    for row in range(1, 120):
        n = abs(uneven_counts(row))
        if n:
            assert speeds((12_500 // n // 2 - row * 12_500) % CLOCK) == expected


@pytest.mark.parametrize("nm", [FINE_NM, COARSE_NM, 10**9])
@pytest.mark.parametrize("counts", [1, 25])
def test_backward_is_forward_mirrored(nm, counts):
    """Up to speeds far beyond a walk: rounding apart, nothing depends on the way."""
    there, back = BeltSpeed(nm), BeltSpeed(nm)
    there.start(0)
    back.start(0)
    for row in range(1, 300):
        n = counts * (abs(uneven_counts(row)) + 1) if row % 4 == 0 else 0
        there.step(row * 12_500, 12_500, n)
        back.step(row * 12_500, 12_500, -n)
        assert abs(there.speed_mm_s + back.speed_mm_s) <= 2
        assert abs(there.belt_mm_s + back.belt_mm_s) <= 2


@pytest.mark.parametrize("way", [1, -1])
def test_remainders_below_a_micrometre_are_carried(way):
    """1999 nm each 100 us: without the remainders it would be half."""
    belt = BeltSpeed(1999)
    belt.start(0)
    for row in range(1, 15_000):
        belt.step(row * 100, 100, way)
    assert abs(belt.speed_mm_s - way * 20) <= 1
    assert abs(belt.belt_mm_s - way * 20) <= 1


def test_belt_speed_has_its_own_window_from_the_moment_it_is_full():
    belt = BeltSpeed(FINE_NM)
    belt.start(0)
    for row in range(1, 6):
        belt.step(row * 20_000, 20_000, 160)
        if row < 3:
            assert belt.belt_mm_s == belt.speed_mm_s
        else:
            assert abs(belt.belt_mm_s - 800) <= 5


@given(
    st.integers(1, 1000),
    st.integers(1, 1000),
    st.sampled_from([1, -1]),
    st.sampled_from([12_500, 250_000, 251_000, 999_999]) | st.integers(1000, 999_999),
)
@example(125, 1, 1, 250_000)  # half a mm/s, and next to it
@example(124, 1, -1, 250_000)
@example(125, 1, -1, 250_000)
@example(126, 1, -1, 250_000)
@example(127, 1, -1, 250_000)
def test_the_first_edges_to_the_digit(half_count_um, n, way, dt_us):
    """From the middle of a count to an edge, in no less than a quarter of a second."""
    belt = BeltSpeed(2000 * half_count_um)
    belt.start(0)
    belt.step(dt_us, dt_us, way * n)
    moved_um = way * (2 * n - 1) * half_count_um
    span_ms = max(dt_us // 1000, 250)
    rounded = (moved_um + span_ms // 2) // span_ms
    assert belt.jumped == (2 * n * half_count_um > 50 * max(dt_us, 20_000))
    assert belt.speed_mm_s == (0 if belt.jumped else rounded)


def test_far_beyond_any_walk_backward_is_forward_mirrored():
    """25 m/s in counts of a metre: what is taken to be ahead of the edge is limited both ways."""
    there, back = BeltSpeed(10**9), BeltSpeed(10**9)
    there.start(0)
    back.start(0)
    for row in range(1, 100):
        n = 1 if row % 4 else 2
        there.step(row * 50_000, 50_000, n)
        back.step(row * 50_000, 50_000, -n)
        assert not there.jumped
        assert abs(there.speed_mm_s + back.speed_mm_s) <= 2
        assert abs(there.belt_mm_s + back.belt_mm_s) <= 2
    assert abs(there.speed_mm_s - 25_000) <= 1500


@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize("speed", [9_000, 20_000, 45_000])
def test_metres_between_two_rows(speed, way):
    """Rows so far apart that a second, and a window, begin between two of them."""
    belt = Motion(33, way * speed)
    for t_us, speed_mm_s, belt_mm_s in play(belt, range(0, 5_000_000, 87_000), FINE_NM):
        if t_us > 1_200_000:
            assert abs(speed_mm_s - way * speed) <= speed / 400
            assert abs(belt_mm_s - way * speed) <= speed / 100


@pytest.mark.parametrize("way", [1, -1])
def test_one_lurch_to_the_digit(way):
    """A belt stands, lurches by n counts in one row, and stands: exact then, and a second later.

    It stood in the middle of a count, and stands at the edge at which the lurch ended.
    """
    count_um = 500
    lurch_us, row_us, second_us = 1_262_500, 12_500, 10**6
    before_us = 1_200_000  # the last of the entries that a standing belt makes each 100 ms
    for n in range(40, 1200):
        belt = BeltSpeed(count_um * 1000)
        belt.start(0)
        moved_um = way * (n * count_um - count_um // 2)
        edge_us = lurch_us - row_us // n // 2

        def gone_um(t_us, moved_um=moved_um, edge_us=edge_us):
            return moved_um * ((t_us - before_us) * 512 // (edge_us - before_us)) // 512

        for t_us in range(row_us, lurch_us, row_us):
            belt.step(t_us, row_us, 0)
        belt.step(lurch_us, row_us, way * n)
        assert belt.speed_mm_s == (moved_um + 500) // 1000
        assert belt.belt_mm_s == (moved_um - gone_um(lurch_us - 60_000) + 30) // 60
        for t_us in range(lurch_us + row_us, lurch_us + second_us, row_us):
            belt.step(t_us, row_us, 0)
            if t_us >= before_us + second_us:
                left_um = moved_um - gone_um(t_us - second_us)
                assert belt.speed_mm_s == (left_um + 500) // 1000


def one_sided(counts, rows, dt_us=12_500, nm=100_000):
    """Whether it is flagged in each of so many rows; counts(row) are taken in turn."""
    belt = BeltSpeed(nm)
    belt.start(0)
    told = []
    for row in range(1, rows + 1):
        belt.step(row * dt_us % CLOCK, dt_us, counts(row))
        told.append(belt.one_sided)
    return told


def test_an_encoder_with_a_wire_off_is_told_after_three_seconds():
    told = one_sided(lambda row: 1 if row % 2 else -1, 400)
    assert told.index(True) * 12_500 == pytest.approx(3_000_000, abs=25_000)
    assert all(told[told.index(True) :])


def test_it_is_told_until_the_count_makes_way():
    told = one_sided(
        lambda row: (1 if row % 2 else -1) if row < 300 else 0 if row < 500 else 5, 600
    )
    assert told[298]
    assert told[498]
    assert not any(told[499:])


@pytest.mark.parametrize("between", [8, 9])
def test_how_often_a_second_it_must_go_to_and_fro(between):
    """At least ten times; a count every 100 ms is as slow as may be told."""
    told = one_sided(lambda row: 0 if row % between else 1 if row // between % 2 else -1, 800)
    assert any(told) == (between == 8)


def test_a_belt_that_swings_by_more_than_an_edge_is_none():
    assert not any(one_sided(lambda row: 1 if row % 4 < 2 else -1, 800))
    assert not any(one_sided(lambda _row: 1, 800))


def test_feet_that_tremble_now_and_then_are_none():
    """Two seconds of trembling, half a second of rest."""
    assert not any(one_sided(lambda row: 0 if row % 200 >= 160 else 1 if row % 2 else -1, 2000))


@given(
    st.sampled_from([1, 100_000, 12_000_000, 10**9]) | st.integers(1, 10**9),
    st.lists(
        st.tuples(
            st.sampled_from([2_000, 10_000, 12_500, 20_000]) | st.integers(2_000, 2**29),
            st.sampled_from([-1, 1]),
            st.integers(0, 1000),
        ),
        max_size=120,
    ),
)
@example(1_000_000, [(2_000, 1, 1000)] * 120)
@example(1_000_000, [(2_000, -1, 1000)] * 120)
@example(10**9, [(2_000, 1, 1000), (398_000, -1, 1000)] * 40)
def test_no_speed_is_beyond_what_a_sentence_holds(nm, rows):
    """Up to 500 rows a second, each with as many counts as are still believed, and more."""
    core = Core(settings.complete({"belt_nm_per_count": nm}))
    t_us = count = 0
    for dt_us, direction, permille in rows:
        t_us = (t_us + dt_us) % CLOCK
        most_um = 50 * max(dt_us, 20_000)
        counts = min(most_um * 1000 // nm * permille // 1000 + 1, 2**29 - 1)
        count = (count + direction * counts + 2**29) % 2**30 - 2**29
        core.step(t_us, count, None, None)
        for name in ("belt_mm_s", "speed_mm_s"):
            lowest, highest, _unit = NUMBER_FIELDS[name]
            assert lowest <= getattr(core.belt, name) <= highest
