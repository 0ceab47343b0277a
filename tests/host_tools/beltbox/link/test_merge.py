"""Sentences into metric rows."""

from beltbox.link.merge import Merger
from beltbox.link.wire import Sentence
from beltbox.walk.rows import MetricRow


def now(t_ms, *, permille=None):
    return Sentence("NOW", 0, [t_ms, -7, -8, 1, 2, permille, 3, 4, 5])


def test_now_completes_a_row_with_the_sums_last_heard_of():
    merger = Merger()
    assert merger.take(Sentence("ZON", 0, [100, 1, 2, 3, 4])) is None
    assert merger.take(Sentence("DST", 0, [100, 30, 12, *[None] * 8])) is None
    row = merger.take(now(100, permille=50))
    assert row == MetricRow(
        t_ms=100,
        belt_mm_s=-7,
        speed_mm_s=-8,
        distance_mm=42,
        forward_mm=30,
        backward_mm=12,
        rail_left_mn=1,
        rail_right_mn=2,
        reliance_permille=50,
        zone=3,
        hands_off_mm=1,
        light_mm=2,
        supported_mm=3,
        heavy_mm=4,
        flags=4,
        box_flags=5,
    )
    # The zones come once a second only; the distance is the new one.
    merger.take(Sentence("DST", 0, [200, 31, 12, *[None] * 8]))
    after = merger.take(now(200))
    assert after is not None
    assert (after.distance_mm, after.heavy_mm, after.reliance_permille) == (43, 4, None)


def test_the_distance_is_unknown_before_its_sentence():
    row = Merger().take(now(0))
    assert row is not None
    assert row.distance_mm is None
    assert row.forward_mm is None


def test_what_cannot_be_true_is_unknown_and_a_moment_without_time_is_none():
    merger = Merger()
    assert merger.take(now(-1)) is None
    assert merger.take(now(None)) is None
    assert merger.take(now(1 << 50)) is None
    assert merger.take(Sentence("DST", 0, [100, 1 << 50, 3, *[None] * 8])) is None
    row = merger.take(now(100))
    assert row is not None
    assert (row.forward_mm, row.backward_mm, row.distance_mm) == (None, 3, None)
