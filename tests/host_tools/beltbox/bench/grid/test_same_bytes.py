"""Lines of several results that differ are counted; real engines agree."""

from __future__ import annotations

import pytest

from beltbox.bench.grid.same_bytes import compare, differing
from beltbox.walk.rows import RawRow
from beltcore.settings import complete


@pytest.mark.parametrize(
    ("results", "differ"),
    [
        ([[b"a", b"b"], [b"a", b"b"], [b"a", b"b"]], 0),
        ([[b"a", b"b"], [b"a", b"c"], [b"a", b"b"]], 1),
        ([[b"a", b"b"], [b"c", b"b"], [b"a", b"d"]], 2),
        ([[b"a", b"b"], [b"a"], [b"a", b"b"]], 1),
        ([[], [], [b"a"]], 1),
    ],
)
def test_lines_that_differ(results, differ):
    assert differing(results) == differ


def test_the_engines_agree_on_a_belt():
    raw = [RawRow(at * 12_500, 7 * at, 20 * at, None) for at in range(50)]
    found = compare(raw, complete({"rail_left_nn_per_count": 230_000}))
    assert (found.rows, found.differ) == (50, 0)
