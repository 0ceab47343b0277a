"""What a view is shown of a recording."""

from __future__ import annotations

import pytest

from beltbox.link.link import LinkEvent


def walked(seconds: int) -> list:
    return ["walk"] * (10 * seconds)


def calibrate(link) -> None:
    link.values["belt_u_ppm"] = 3000
    link.settings_hash = "CALI"
    link.begin()


def test_the_view_learns_the_uncertainty_of_the_boxs_numbers(play):
    done = play(
        [*walked(4), calibrate, *walked(4)], look=lambda state: state.uncertainty.distance(1000)
    )
    assert done.looks[5] is None
    assert done.looks[-1] == pytest.approx(3, abs=0.1)


def test_the_view_learns_where_the_zones_begin(play):
    """Noise above 1 % of body weight (70 kg: 6.86 N) raises the first limit."""

    def make_noisy(link) -> None:
        link.values["rail_noise_mn"] = 13_729
        link.settings_hash = "LOUD"
        link.begin()

    limits = play(
        [*walked(4), make_noisy, *walked(4)], look=lambda state: state.zone_limits_permille
    ).looks
    assert limits[5] == (10, 50, 150)
    assert limits[-1] == (pytest.approx(20, abs=0.01), 50, 150)


def test_the_row_before_a_zero_isnt_shown_after_it(play):
    def number_of_row(state) -> int | None:
        return None if state.row is None else state.row.t_ms

    silent = LinkEvent("silent", "nothing comes")
    assert play([*walked(3), silent], look=number_of_row).looks[-1] == 2900
    assert play([*walked(3), "begin", silent], look=number_of_row).looks[-1] is None


def test_it_says_which_session_is_recorded_and_when_none_is(play):
    done = play([*walked(1), *["stand"] * 650], look=lambda state: state.session_id)
    first, last = done.looks.index(1), len(done.looks) - done.looks[::-1].index(1)
    assert set(done.looks[:first]) == set(done.looks[last:]) == {None}
    assert set(done.looks[first:last]) == {1}


def test_a_box_that_is_gone_or_silent_isnt_heard(play):
    for kind in ("unplugged", "silent"):
        gone = play([*walked(1), LinkEvent(kind, "gone")], look=lambda state: state.is_heard)
        assert gone.looks[-1] is False
        assert gone.looks[0] is True
