"""Which zero rows belong to: sentences and events in, decisions out, the time made up."""

from __future__ import annotations

import pytest

from beltbox.link.wire import Sentence
from beltbox.record.measurement import (
    AskForRows,
    AskToBegin,
    Disbelieve,
    LearnSettings,
    Measurement,
    NewZero,
    Note,
)
from beltbox.walk.rows import MetricRow, RawRow

HASH = "ABCD"
RAW_ROW = RawRow(12_500, -7, 100, None)


def beg(boots: int | None = 1, settings_hash: str = HASH) -> Sentence:
    return Sentence("BEG", 0, [boots, settings_hash])


def raw() -> Sentence:
    return Sentence("RAW", 0, [12_500, -7, 100, None])


def now(t_ms: int) -> Sentence:
    return Sentence("NOW", 0, [t_ms, -700, -710, None, None, None, None, 0, 0])


def distance(t_ms: int, backward_mm: int) -> Sentence:
    return Sentence("DST", 0, [t_ms, 0, backward_mm, *[None] * 8])


def metric(t_ms: int, **columns: int) -> MetricRow:
    return MetricRow(t_ms=t_ms, belt_mm_s=-700, speed_mm_s=-710, flags=0, box_flags=0, **columns)


@pytest.fixture
def asked() -> Measurement:
    """Its first zero was asked for at 100 s."""
    measurement = Measurement(wants_raw=True)
    measurement.take_identity(1, HASH)
    measurement.begin_asked(100.0)
    return measurement


@pytest.fixture
def begun(asked: Measurement) -> Measurement:
    """Its first zero has begun."""
    assert asked.take(beg(), in_session=False) == [NewZero("begin")]
    return asked


# Zeros and rows.


def test_rows_before_the_zero_asked_for_are_dropped_unless_a_session_goes_on(asked):
    assert asked.take(raw(), in_session=False) == []
    assert asked.take(now(900), in_session=False) == []
    # In a session they are kept, but for raw rows, which would be without their beginning.
    assert asked.take(raw(), in_session=True) == []
    assert asked.take(now(900), in_session=True) == [metric(900)]


def test_rows_after_it_are_kept(begun):
    assert begun.take(raw(), in_session=False) == [RAW_ROW]
    assert begun.take(now(100), in_session=False) == [metric(100)]


def test_sums_come_before_the_row_that_has_them_and_are_of_its_zero(begun):
    assert begun.take(distance(100, 40), in_session=True) == []
    expected = metric(100, distance_mm=40, forward_mm=0, backward_mm=40)
    assert begun.take(now(100), in_session=True) == [expected]
    begun.take(beg(), in_session=True)
    assert begun.take(now(0), in_session=True) == [metric(0)]


def test_what_no_box_can_send_is_dropped(begun):
    assert begun.take(Sentence("RAW", 0, [1 << 30, 0, 0, 0]), in_session=True) == []
    assert begun.take(now(-1), in_session=True) == []
    assert begun.take(Sentence("XYZ", 0, []), in_session=True) == []


def test_other_settings_are_learnt_before_their_zero_and_once(begun):
    news = [LearnSettings("NEWX"), NewZero("begin")]
    assert begun.take(beg(settings_hash="NEWX"), in_session=True) == news
    begun.settings_learnt("NEWX")
    assert begun.take(beg(settings_hash="NEWX"), in_session=True) == [NewZero("begin")]


def test_settings_that_werent_learnt_are_asked_again_by_a_new_zero(begun):
    begun.take(beg(settings_hash="NEWX"), in_session=True)
    begun.settings_learnt(None)
    assert begun.each_second(101.0) == [AskForRows(begin=True)]
    news = [LearnSettings("NEWX"), NewZero("begin")]
    assert begun.take(beg(settings_hash="NEWX"), in_session=True) == news


# Resets.


def test_a_reset_begins_a_zero_of_its_own_and_then_one_with_raw_rows(begun):
    assert begun.take_event("reset", boots=2, in_session=True) == [AskForRows(begin=True)]
    begun.begin_asked(110.0)
    begun.rows_asked_for(answered=True)
    assert begun.boots == 2
    assert begun.take(beg(boots=2), in_session=True) == [NewZero("reset")]
    assert begun.take(raw(), in_session=True) == []  # not from this zero on
    assert begun.take(now(100), in_session=False) == []  # nor of the zero asked for
    assert begun.each_second(110.5) == []  # which is on its way
    assert begun.take(beg(boots=2), in_session=True) == [NewZero("begin")]
    assert begun.take(raw(), in_session=True) == [RAW_ROW]
    assert begun.each_second(111.0) == []


def test_a_reset_that_only_its_beg_reports_is_noted_and_rows_are_asked_again(begun):
    assert begun.take(beg(boots=2), in_session=True) == [
        Note("reset", "The box was reset."),
        NewZero("reset"),
    ]
    assert begun.boots == 2
    assert begun.take(raw(), in_session=True) == []
    assert begun.each_second(101.0) == [AskForRows(begin=True)]


def test_a_beg_of_another_start_that_answers_begin_has_raw_rows(asked):
    """The reset came between the question who it is and `begin`, which the box answered anew."""
    assert asked.take(beg(boots=2), in_session=False)[-1] == NewZero("reset")
    assert asked.take(raw(), in_session=False) == [RAW_ROW]
    assert asked.each_second(101.0) == []


def test_a_beg_without_a_number_of_starts_is_of_this_one(begun):
    assert begun.take(beg(boots=None), in_session=True) == [NewZero("begin")]
    assert begun.boots == 1


def test_time_that_goes_back_behind_a_gap_is_a_zero_whose_beg_was_damaged(begun):
    begun.take(distance(5000, 900), in_session=True)
    begun.take(now(5000), in_session=True)
    assert begun.take(now(5000), in_session=True)[:-1] == []
    # Where a BEG is damaged, a number is missing.
    zero, row = begun.take(now(100)._replace(lost_before=1), in_session=True)
    assert zero == NewZero("begin")
    assert row.t_ms == 100
    # From where on its raw rows came isn't known, and sums are unknown until they come again.
    assert begun.take(raw(), in_session=True) == []
    assert begun.take(now(200), in_session=True) == [metric(200)]
    assert begun.each_second(101.0) == [AskForRows(begin=True)]


def believed(measurement: Measurement, *sentences: Sentence) -> tuple[list, int]:
    """The rows that are kept of these sentences, and how many sentences weren't believed."""
    rows, disbelieved = [], 0
    for sentence in sentences:
        for decision in measurement.take(sentence, in_session=True):
            if isinstance(decision, Disbelieve):
                disbelieved += decision.count
            elif isinstance(decision, RawRow | MetricRow):
                rows.append(decision)
    return rows, disbelieved


def times(rows: list) -> list[int]:
    return [row.t_ms for row in rows]


@pytest.mark.parametrize("absurd_ms", [0, 4900, 16_000, 2**39])
def test_one_moment_that_leaps_is_damage(begun, absurd_ms: int):
    """Sound by its checksum, but nothing is missing, and the next row goes on from before."""
    sentences = [now(t_ms) for t_ms in (5000, 5100, absurd_ms, 5200, 5300)]
    rows, disbelieved = believed(begun, *sentences)
    assert times(rows) == [5000, 5100, 5200, 5300]
    assert disbelieved == 1
    assert begun.each_second(101.0) == []


def test_time_that_leaps_and_goes_on_from_there_is_believed(begun):
    """Somebody turned the stream off for an hour, and on again."""
    rows, disbelieved = believed(begun, *map(now, (5000, 3_605_000, 3_605_100)))
    assert (times(rows), disbelieved) == ([5000, 3_605_000, 3_605_100], 0)


def test_a_clock_that_was_set_back_ends_what_is_credited_until_the_next_zero(begun):
    """Else the walk until then was credited once more, as 46 m in no time."""
    sentences = [now(5000), distance(200, 46_000), now(200), distance(300, 46_040), now(300)]
    sentences += [now(400), now(500)]
    rows, disbelieved = believed(begun, *sentences)
    assert (times(rows), disbelieved) == ([5000], 2)
    assert begun.each_second(101.0) == [AskForRows(begin=True)]
    begun.rows_asked_for(answered=True)
    assert begun.take(beg(), in_session=True) == [NewZero("begin")]
    assert times(believed(begun, now(0), now(100))[0]) == [0, 100]


def test_moments_alone_show_a_clock_that_was_set_back(begun):
    rows, disbelieved = believed(begun, *map(now, (5000, 5100, 200, 300, 400)))
    assert (times(rows), disbelieved) == ([5000, 5100], 2)
    assert begun.each_second(101.0) == [AskForRows(begin=True)]


@pytest.mark.parametrize("lost", [0, 1, -1])
def test_sums_that_are_too_high_for_a_zero_are_of_another_one(begun, lost: int):
    """46 m in a tenth of a second: whatever was lost, they don't begin where the time does."""
    first = distance(100, 46_000)._replace(lost_before=lost)
    rows, disbelieved = believed(begun, first, now(100), distance(200, 46_050), now(200))
    assert (rows, disbelieved) == ([], 2)
    assert begun.each_second(101.0) == [AskForRows(begin=True)]


@pytest.mark.parametrize("absurd_mm", [0, 8_900, 10**9])
def test_one_sum_that_leaps_is_damage(begun, absurd_mm: int):
    walked = [(t_ms, 9000 + t_ms // 2) for t_ms in range(10_000, 10_500, 100)]
    walked[2] = (10_200, absurd_mm)
    sentences = [one for t_ms, mm in walked for one in (distance(t_ms, mm), now(t_ms))]
    rows, disbelieved = believed(begun, *sentences)
    assert [row.distance_mm for row in rows] == [14_000, 14_050, 14_050, 14_150, 14_200]
    assert disbelieved == 1


def test_sums_that_leap_and_go_on_from_there_are_the_boxs_own(begun):
    """Its encoder jumped, which its flags say, too."""
    walked = [(10_000, 9000), (10_100, 10**9), (10_200, 10**9 + 50)]
    sentences = [one for t_ms, mm in walked for one in (distance(t_ms, mm), now(t_ms))]
    rows, disbelieved = believed(begun, *sentences)
    assert [row.distance_mm for row in rows] == [9000, 9000, 10**9 + 50]
    assert disbelieved == 0


def raw_at(t_us: int) -> Sentence:
    return Sentence("RAW", 0, [t_us % 2**30, 0, None, None])


@pytest.mark.parametrize("start_us", [0, 2**30 - 20_000])
@pytest.mark.parametrize("absurd_us", [-20_000, 2**29, 2_000_000])
def test_one_raw_row_whose_clock_leaps_is_damage(begun, start_us: int, absurd_us: int):
    at = [0, 12_500, 25_000 + absurd_us, 37_500, 50_000]
    rows, disbelieved = believed(begun, *[raw_at(start_us + us) for us in at])
    assert [row.t_us for row in rows] == [(start_us + at[k]) % 2**30 for k in (0, 1, 3, 4)]
    assert disbelieved == 1
    assert begun.each_second(101.0) == []


def test_raw_rows_of_a_clock_that_was_set_back_are_dropped_until_the_next_zero(begun):
    rows, disbelieved = believed(begun, *map(raw_at, (900_000, 912_500, 100, 12_600, 25_100)))
    assert ([row.t_us for row in rows], disbelieved) == ([900_000, 912_500], 1)
    assert begun.each_second(101.0) == [AskToBegin()]


def test_raw_rows_go_on_over_a_gap(begun):
    """Of which the sequence tells, or after which the box was back."""
    gap = raw_at(700_000_000)._replace(lost_before=99)
    rows, disbelieved = believed(begun, raw_at(0), gap, raw_at(700_012_500))
    assert (len(rows), disbelieved) == (3, 0)


# Floods.


def test_raw_rows_without_live_ones_are_kept_for_twelve_seconds_at_most(begun):
    rows, _ = believed(begun, *(raw_at(12_500 * tick) for tick in range(5000)))
    assert len(rows) == 1000
    assert begun.each_second(101.0) == [AskToBegin()]


def test_live_rows_that_stay_away_while_raw_rows_arrive_were_turned_off(begun):
    """Asked for again, and the zero stays, as nothing is missing of the raw rows."""
    believed(begun, now(0), *(raw_at(12_500 * tick) for tick in range(80)))
    assert begun.each_second(101.0) == []
    believed(begun, *(raw_at(12_500 * tick) for tick in range(80, 160)))
    assert begun.each_second(102.0) == [AskForRows(begin=False)]
    begun.rows_asked_for(answered=True)
    rows, _ = believed(begun, raw_at(12_500 * 160), now(2000))
    assert len(rows) == 2
    assert begun.each_second(103.0) == []


def test_rows_that_all_stay_away_are_asked_for_once(begun):
    """A live view's stream that somebody turned off; a silent box is reported by itself."""
    believed(begun, now(0))
    asked = [begun.each_second(101.0 + second) for second in range(5)]
    assert asked == [[], [], [AskForRows(begin=False)], [], []]


def test_the_same_moment_over_and_over_is_not_kept(begun):
    rows, disbelieved = believed(begun, *[now(100)] * 1000)
    assert (len(rows), disbelieved) == (3, 997)


# Gone and back.


def test_after_the_port_was_gone_sums_are_unknown_until_they_come_again(begun):
    begun.take(distance(100, 40), in_session=True)
    assert begun.take_event("unplugged", boots=1, in_session=True) == []
    assert begun.take_event("returned", boots=1, in_session=True) == [AskForRows(begin=False)]
    begun.rows_asked_for(answered=True)
    assert begun.take(now(9000), in_session=True) == [metric(9000)]
    assert begun.take(raw(), in_session=True) == [RAW_ROW]  # the zero is still the same
    assert begun.each_second(101.0) == []


def test_a_box_that_was_silent_goes_on_by_itself(begun):
    assert begun.take_event("silent", boots=1, in_session=True) == []
    assert begun.take_event("heard", boots=1, in_session=True) == []
    assert begun.each_second(101.0) == []


@pytest.mark.parametrize("kind", ["returned", "heard"])
def test_back_after_its_session_ended_it_begins_anew(begun, kind: str):
    assert begun.take_event(kind, boots=1, in_session=False) == [AskForRows(begin=True)]


# Asked again, by a clock that is made up.


def test_begin_is_asked_again_three_seconds_after_it_wasnt_answered(asked):
    assert asked.each_second(101.0) == []
    assert asked.each_second(103.0) == []
    assert asked.each_second(103.1) == [AskToBegin()]
    asked.begin_asked(103.1)
    assert asked.each_second(104.1) == []
    asked.take(beg(), in_session=False)
    assert asked.each_second(200.0) == []


def test_rows_are_asked_again_every_second_until_there_is_an_answer(begun):
    begun.take_event("returned", boots=1, in_session=True)
    begun.rows_asked_for(answered=False)
    assert begun.each_second(101.0) == [AskForRows(begin=True)]
    begun.rows_asked_for(answered=False)
    assert begun.each_second(102.0) == [AskForRows(begin=True)]
    begun.rows_asked_for(answered=True)
    assert begun.each_second(103.0) == []


def test_raw_rows_that_stay_away_while_live_rows_arrive_were_turned_off(begun):
    for t_ms in range(0, 500, 100):
        begun.take(now(t_ms), in_session=True)
    assert begun.each_second(101.0) == []  # five may be chance
    for t_ms in range(500, 1100, 100):
        begun.take(now(t_ms), in_session=True)
    assert begun.each_second(102.0) == [AskForRows(begin=True)]
    begun.rows_asked_for(answered=True)
    assert begun.take(raw(), in_session=True) == []  # some are missing before it


def test_one_raw_row_in_a_second_says_that_they_are_on(begun):
    for t_ms in range(0, 1000, 100):
        begun.take(now(t_ms), in_session=True)
    begun.take(raw(), in_session=True)
    assert begun.each_second(101.0) == []
    for t_ms in range(1000, 2000, 100):
        begun.take(now(t_ms), in_session=True)
    assert begun.each_second(102.0) == [AskForRows(begin=True)]  # not in the next one


def test_a_live_view_misses_no_raw_rows():
    measurement = Measurement(wants_raw=False)
    measurement.take_identity(1, HASH)
    measurement.begin_asked(100.0)
    measurement.take(beg(), in_session=False)
    for t_ms in range(0, 1000, 100):
        measurement.take(now(t_ms), in_session=False)
    assert measurement.each_second(101.0) == []


def test_a_zero_without_raw_rows_is_followed_by_one_with_them(begun):
    """A reset whose second BEG was damaged: nothing is due, but raw rows lack their beginning."""
    begun.take_event("reset", boots=2, in_session=True)
    begun.rows_asked_for(answered=True)
    begun.take(beg(boots=2), in_session=True)
    assert begun.each_second(101.0) == [AskToBegin()]


# Reset, or set by somebody else, while it was away: its BEG wasn't heard.


@pytest.mark.parametrize("t_ms", [100, 90_000])
def test_rows_after_a_reset_while_it_was_away_count_from_another_zero(begun, t_ms: int):
    """Also where the box has been on for longer than the segment is long by now."""
    begun.take(distance(5000, 40), in_session=True)
    begun.take(now(5000), in_session=True)
    begun.take_event("returned", boots=2, in_session=True)
    assert begun.take_event("reset", boots=2, in_session=True) == [AskForRows(begin=True)]
    begun.rows_asked_for(answered=True)
    assert begun.take(raw(), in_session=True) == []
    assert begun.take(now(t_ms), in_session=True) == [NewZero("reset"), metric(t_ms)]
    assert begun.take(raw(), in_session=True) == []  # some are missing before it


def test_settings_that_changed_while_it_was_away_are_learnt_before_its_rows(begun):
    begun.take(now(5000), in_session=True)
    decisions = begun.take_event("returned", boots=1, settings_hash="1234", in_session=True)
    assert decisions == [LearnSettings("1234"), AskForRows(begin=True)]
    begun.settings_learnt("1234")
    begun.rows_asked_for(answered=True)
    assert begun.take(now(9000), in_session=True) == [NewZero("begin"), metric(9000)]
    same = begun.take_event("returned", boots=1, settings_hash="1234", in_session=True)
    assert same == [AskForRows(begin=False)]
