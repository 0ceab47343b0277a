"""When a belt sets off, is walked on, loses its rhythm and stops: each rule at its limit."""

from __future__ import annotations

import pytest

from beltcore.rhythm import FADED, FOUND

PLACES = 2**29


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("um", "moves"), [(3199, False), (3200, True)])
def test_a_belt_moves_from_80_mm_in_a_second_on(sampled, um, moves, sign):
    belt = sampled(sign=sign).move(20, 0).move(25, um)
    assert len(belt.rhythm.starts) == (1 if moves else 0)
    assert belt.move(1, 3225).rhythm.starts  # it is that far now


@pytest.mark.parametrize(("sign", "um"), [(1, 4_000), (1, 4_100), (-1, 4_100)])
def test_a_walk_begins_where_the_belt_stood_last(sampled, sign, um):
    """12 mm in ten samples is no standing any more: three samples of 4 mm are."""
    belt = sampled(sign=sign).move(20, 0).move(30, um)
    # It stands until sample 22, and is known to move at the 20th sample of 4 mm.
    assert belt.rhythm.starts == [22]
    assert belt.rhythm.takes[0] == (40, sign, 18)
    assert belt.rhythm.takes[-1] == (50, sign, 28)
    assert [search[0] for search in belt.rhythm.searches] == [40, 48]
    assert belt.rhythm.searches[0] == (40, sign, False)


@pytest.mark.parametrize(
    ("sign", "um", "since"), [(1, 11_999, 21), (1, 12_000, 20), (-1, 12_000, 21), (-1, 12_001, 20)]
)
def test_less_than_12_mm_in_ten_samples_is_standing(sampled, sign, um, since):
    belt = sampled(sign=sign).move(20, 0).move(1, um).move(10, 20_000)
    assert belt.rhythm.starts == [since]


@pytest.mark.parametrize(("creeps", "set_off"), [(107, True), (108, False)])
def test_who_creeps_before_was_not_set_off_by_a_step(sampled, creeps, set_off):
    """Neither standing nor moving for four seconds: the walk begins a second ago then."""
    belt = sampled().move(20, 0).move(creeps, 1_300)
    belt.rhythm.answer = FOUND
    belt.move(20, 20_000)
    (dip_x256, _place_um, _lag, steps) = belt.gait.begun[0]
    # At 1.3 mm a sample the belt stands until 11.7 mm: nine samples after it set off.
    assert dip_x256 >> 8 == (29 if set_off else 130 - 25)
    assert steps == (1 if set_off else 0)


def test_a_rhythm_that_is_found_begins_the_walk(sampled):
    belt = sampled().walk()
    assert belt.rhythm.searches[-1] == (96, 1, False)
    # It stood at sample 20 last.
    assert belt.gait.begun == [(20 * 256, PLACES - 300_000, 15, 1)]
    belt.move(8, 20_000)
    assert belt.rhythm.searches[-1] == (104, 1, True)


@pytest.mark.parametrize(("samples", "far"), [(224, False), (232, True)])
def test_a_walk_is_looked_back_at_for_nine_seconds(sampled, samples, far):
    belt = sampled().move(24, 0).move(samples - 1, 20_000)
    belt.rhythm.answer = FOUND
    belt.move(1, 20_000)
    begun = 24 + samples - 225
    if far:
        place_um = (PLACES - 300_000 + 20_000 * (begun - 24)) % PLACES
        assert belt.gait.begun == [((begun - 15) * 256, place_um, 15, 0)]
    else:
        assert belt.gait.begun == [(24 * 256, PLACES - 300_000, 15, 1)]


def test_the_looking_back_is_225_samples(sampled):
    for at, far in ((23, False), (22, True)):
        belt = sampled().move(at, 0).move(248 - at - 1, 20_000)
        belt.rhythm.answer = FOUND
        belt.move(1, 20_000)
        assert (belt.gait.begun[0][3] == 0) is far


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("um", "stands"), [(1199, True), (1200, False)])
def test_a_belt_stands_below_12_mm_in_ten_samples(sampled, um, stands, sign):
    belt = sampled(sign=sign).walk()
    belt.gait.trusted = True
    belt.move(10, um)
    assert belt.gait.finished == ([(106, 15)] if stands else [])
    assert (belt.dips._state == 0) is stands
    belt.move(1, um - 40)
    assert len(belt.gait.finished) == 1
    assert belt.gait.trusted is False


def test_a_belt_that_turns_stops(sampled):
    belt = sampled().walk()
    belt.gait.trusted = True
    belt.move(1, -300_000)
    assert belt.gait.finished == [(97, 15)]


def test_an_untrusted_stop_finishes_nothing(sampled):
    belt = sampled().walk().move(12, 0)
    assert belt.gait.finished == []
    assert belt.dips._state == 0


@pytest.mark.parametrize("slowing", [True, False])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_rhythm_that_fades_is_lost_unless_the_walk_slows_down(sampled, trusted, slowing):
    belt = sampled().walk()
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
def test_untrusted_dips_of_another_rhythm_are_looked_for_anew(sampled, trusted, lag, other):
    belt = sampled().walk()
    belt.gait.trusted = trusted
    belt.rhythm.lag = lag
    belt.rhythm.depth = 77
    belt.rhythm.answer = FOUND
    belt.move(8, 20_000)
    assert len(belt.gait.begun) == (2 if other and not trusted else 1)
    assert belt.dips._lag == lag
    assert belt.dips._depth == (77 if other and not trusted else 60)


def test_gait_is_asked_after_two_steps_without_a_dip(sampled):
    belt = sampled(sign=-1).walk().move(40, 20_000)
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


def test_a_new_track_begins_with_sample_one(sampled):
    belt = sampled().walk()
    belt.gait.trusted = True
    belt.dips.start()
    assert belt.gait.trusted is False
    belt.samples_um.clear()
    belt.move(1, 0)
    assert belt.dips._sample == 1
    assert len(set(belt.dips._places)) == 1


def test_after_a_day_samples_are_numbered_anew(sampled):
    belt = sampled().move(20, 0)
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
