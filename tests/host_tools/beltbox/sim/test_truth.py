"""What really happened, read from a file, and numbers beside it."""

from pathlib import Path

import pytest

from beltbox.sim import truth as module
from beltbox.sim.truth import Truth, TruthError, compare, live_equal_to_computed, rms, unwrapped_us


def write(path: Path, rows: str) -> Path:
    path.write_text("t_us,position_mm,speed_mm_s\n" + rows)
    return path


def test_values_lie_on_the_line_between_two_rows(tmp_path: Path):
    truth = Truth(write(tmp_path / "t.csv", "0,0,0\n10000,4,400\n20000,8,400\n"))
    assert truth.at("position_mm", 5000) == 2
    assert truth.at("speed_mm_s", 2500) == 100
    assert truth.at("position_mm", 20_000) == 8
    assert truth.mean_speed_mm_s(20_000, over_us=20_000) == 400
    assert list(truth.between(0, 20_000)) == [1, 2]
    assert truth.column("position_mm") == [0, 4, 8]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "isn't a whole truth file"),
        ("t_us,position_mm\n", "isn't a whole truth file|has no rows"),
        ("t_us,position_mm\n0,0\n", "has no rows"),
        ("t_us,position_mm\n0,0\n1,x\n", "isn't a whole truth file"),
        ("t_us,position_mm\n0,0\n1\n", "isn't a whole truth file"),
        ("time,position_mm\n0,0\n1,0\n", "isn't a whole truth file"),
    ],
)
def test_a_file_that_is_not_whole_is_said(tmp_path: Path, text: str, words: str):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(TruthError, match=words):
        Truth(path)
    with pytest.raises(TruthError, match=r"nope.csv isn't a whole truth file"):
        Truth(tmp_path / "nope.csv")


def test_a_clock_without_its_wraps():
    assert unwrapped_us([5, 2**30 - 1, 3, 9, 2]) == [5, 2**30 - 1, 2**30 + 3, 2**30 + 9, 2**31 + 2]
    assert unwrapped_us([]) == []


def test_the_root_of_the_mean_square():
    assert rms([3, -3, 3, -3]) == 3
    assert rms([0, 10]) == pytest.approx(50**0.5)
    assert rms([]) == 0


def test_a_sound_walk_meets_its_goals(walk):
    found = {one.name: one for one in compare(walk.session, walk.truth)}
    for name in ("distance", "forward", "backward", "mean speed", "rail left, mean"):
        assert found[name].met, found[name]
        assert found[name].difference == pytest.approx(
            found[name].measured - found[name].truth, abs=1e-3
        )
    assert found["distance"].truth > 4
    assert found["distance heavy"].measured > 1
    assert live_equal_to_computed(walk.session)[1] > 100


def test_a_wrong_number_misses_its_goal(walk, monkeypatch: pytest.MonkeyPatch):
    real = module.computed_again

    def wrong(raw, settings):
        return [row._replace(speed_mm_s=row.speed_mm_s + 5) for row in real(raw, settings)]

    monkeypatch.setattr(module, "computed_again", wrong)
    found = {one.name: one for one in compare(walk.session, walk.truth)}
    assert found["speed, RMS error of all seconds"].met is False
    equal, total = live_equal_to_computed(walk.session)
    assert equal == 0 < total
